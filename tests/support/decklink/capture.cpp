// SPDX-License-Identifier: Apache-2.0
#include "capture.hpp"

#include <sys/prctl.h>

namespace standin {

namespace {

std::chrono::steady_clock::time_point instant(int64_t mono) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(mono));
}

constexpr int64_t kFramesToDetect = 2;  // after a start; they come marked as without input

// Line 10 carries what the wire says it carries (ST 352); line 12 the frame's number.
void attach_packets(CapturedFrame* frame, uint64_t sequence) {
  std::vector<uint8_t> number(8);
  for (size_t i = 0; i < 8; ++i) number[i] = static_cast<uint8_t>(sequence >> (56 - 8 * i));
  auto* payload = new PacketObject(0x41, 0x01, 10, {0x89, 0xca, 0x00, 0x01});
  auto* count = new PacketObject(0x50, 0x01, 12, std::move(number));
  frame->packets()->AttachPacket(payload);
  frame->packets()->AttachPacket(count);
  payload->Release();
  count->Release();
}

// Sound of frame k: the first sample and how many, so that none is lost over the frames.
std::pair<int64_t, uint32_t> sound_of(int64_t k, const Mode& mode) {
  auto until = [&](int64_t n) {
    return static_cast<int64_t>(static_cast<__int128>(n) * mode.duration * abi::audio::kRate48k /
                                mode.scale);
  };
  return {until(k), static_cast<uint32_t>(until(k + 1) - until(k))};
}

}  // namespace

// Calls the client without the lock; nobody stops the streams in the meantime.
template <class Call>
void Capture::call(std::unique_lock<std::mutex>& lock, Call&& what) {
  in_callback_ = true;
  lock.unlock();
  what();
  lock.lock();
  in_callback_ = false;
  wake_.notify_all();
}

// After this no callback runs and, when stopped, the thread holds no frame; unless it is the
// callback that asks.
void Capture::quiet(std::unique_lock<std::mutex>& lock) {
  if (std::this_thread::get_id() == thread_) return;
  wake_.wait(lock, [&] { return !in_callback_ && (running_ || !in_stretch_); });
}

void Capture::run() {
  prctl(PR_SET_TIMERSLACK, 1);
  std::unique_lock lock(mutex_);
  thread_ = std::this_thread::get_id();
  for (;;) {
    wake_.wait(lock, [&] { return running_ && !gone_; });
    in_stretch_ = true;
    stream(lock);
    in_stretch_ = false;
    wake_.notify_all();
  }
}

// True: the client was told of another format, and may have changed everything.
bool Capture::tell_change(std::unique_lock<std::mutex>& lock) {
  if (!(flags_ & abi::input_flag::kFormatDetection) || !source_.signal || !callback_) return false;
  const Mode* now = find_mode(source_.mode);
  const Mode* before = find_mode(told_mode_);
  Code events = 0;
  if (source_.mode != told_mode_) events |= abi::changed::kMode;
  if (now->field != before->field) events |= abi::changed::kFieldDominance;
  if (source_.kind != told_kind_ || source_.colour != told_colour_) events |= abi::changed::kColourSpace;
  if (!events) return false;
  told_mode_ = source_.mode;
  told_kind_ = source_.kind;
  told_colour_ = source_.colour;
  ++counts_.told;
  const Code kind = source_.kind;
  const auto callback = callback_;
  call(lock, [&] {
    auto* mode = new ModeObject(*now);
    callback->VideoInputFormatChanged(events, mode, kind);
    mode->Release();
  });
  return true;
}

// One stretch with one setting: returns when the streams stop or anything about them changes.
void Capture::stream(std::unique_lock<std::mutex>& lock) {
  const uint64_t generation = ++generation_;
  const Mode& mode = *find_mode(mode_);
  const Code pixels = pixels_;
  const int64_t ppb = source_.ppb;
  lock.unlock();
  const Camera camera(mode, pixels);
  lock.lock();
  const int64_t zero = rtv::mono_now();
  const int64_t tai = rtv::tai_now() - rtv::mono_now();
  auto begins = [&](int64_t k) {
    const auto ns = static_cast<__int128>(k) * mode.duration * kSecond * kSecond;
    return zero + static_cast<int64_t>(ns / mode.scale / (kSecond + ppb));
  };
  auto goes_on = [&] { return generation == generation_ && running_ && !gone_; };
  for (int64_t k = 0; goes_on(); ++k, ++sequence_) {
    if (k >= kFramesToDetect && tell_change(lock)) continue;
    const bool shown = source_.signal && source_.mode == mode.code;
    const int64_t due = begins(k + 1);
    const auto allocator = allocator_;
    const uint64_t sequence = sequence_;
    const uint32_t channels = channels_;
    const Code bits = bits_;
    CapturedFrame* frame = nullptr;
    if (rtv::mono_now() > due) {
      ++counts_.overrun;
    } else if (held_ >= kMostHeld) {
      ++counts_.starved;
    } else if (faults_.drop > 0) {
      --faults_.drop;
      ++counts_.dropped;
    } else {
      lock.unlock();
      frame = new CapturedFrame(mode, pixels, shown ? 0 : abi::frame_flag::kNoInputSource, k,
                                clock_.at(due), allocator, &held_);
      if (frame->bytes() && shown) {
        camera.write(frame->bytes(), sequence, begins(k) + tai);
        frame->set_timecode(digits_of(sequence, mode));
        attach_packets(frame, sequence);
      } else if (frame->bytes()) {
        camera.write_nothing(frame->bytes());
      }
      lock.lock();
    }
    while (goes_on() && rtv::mono_now() < due) wake_.wait_until(lock, instant(due));
    if (frame && frame->bytes() && goes_on() && faults_.late > 0) {
      --faults_.late;
      const int64_t until = due + faults_.late_ns;
      while (goes_on() && rtv::mono_now() < until) wake_.wait_until(lock, instant(until));
    }
    if (frame && goes_on() && callback_) {
      if (!frame->bytes()) {
        ++counts_.starved;
      } else {
        ++counts_.sent;
        const auto callback = callback_;
        const auto heard = sound_of(k, mode);
        const int64_t first = heard.first;
        const uint32_t samples = heard.second;
        call(lock, [&] {
          SoundPacket* sound = nullptr;
          if (channels) {
            std::vector<uint8_t> data(static_cast<size_t>(samples) * channels * bits / 8);
            write_sound(data.data(), first, samples, channels, bits);
            sound = new SoundPacket(std::move(data), samples, first);
          }
          callback->VideoInputFrameArrived(frame, sound);
          if (sound) sound->Release();
        });
      }
    }
    if (frame) {
      lock.unlock();
      frame->Release();
      lock.lock();
    }
  }
}

Result Capture::usable() const { return gone_ ? abi::kFail : abi::kOk; }

void Capture::set_source(const Source& source) {
  const std::lock_guard lock(mutex_);
  if (source.ppb != source_.ppb) ++generation_;
  source_ = source;
  wake_.notify_all();
}
Source Capture::source() const {
  const std::lock_guard lock(mutex_);
  return source_;
}
void Capture::set_faults(const CaptureFaults& faults) {
  const std::lock_guard lock(mutex_);
  faults_ = faults;
}
void Capture::set_gone(bool gone) {
  std::unique_lock lock(mutex_);
  gone_ = gone;
  if (gone) running_ = enabled_ = false;
  wake_.notify_all();
  quiet(lock);
}
bool Capture::streaming() const {
  const std::lock_guard lock(mutex_);
  return running_;
}
std::optional<Code> Capture::current_mode() const {
  const std::lock_guard lock(mutex_);
  return enabled_ ? std::optional(mode_) : std::nullopt;
}
std::string Capture::json() const {
  const std::lock_guard lock(mutex_);
  char text[256];
  std::snprintf(text, sizeof(text),
                "{\"sent\": %ld, \"dropped\": %ld, \"starved\": %ld, \"overrun\": %ld, "
                "\"told\": %ld, \"sequence\": %lu, \"held\": %ld, \"running\": %s}",
                counts_.sent, counts_.dropped, counts_.starved, counts_.overrun, counts_.told,
                sequence_, held_.load(), running_ ? "true" : "false");
  return text;
}

Result Capture::EnableVideoInput(Code mode, Code pixels, Code flags) {
  std::unique_lock lock(mutex_);
  if (usable() != abi::kOk) return usable();
  if (!can_capture_) return abi::kFail;
  if (!find_mode(mode) || !row_bytes(pixels, 48)) return abi::kInvalidArgument;
  if ((flags & abi::input_flag::kFormatDetection) && !can_detect_) return abi::kInvalidArgument;
  mode_ = told_mode_ = mode;
  pixels_ = pixels;
  flags_ = flags;
  told_kind_ = abi::detected::kYCbCr422 |
               (pixels == abi::pixels::kV210 ? abi::detected::k10Bit : abi::detected::k8Bit);
  told_colour_ = 709;
  enabled_ = true;
  ++generation_;
  wake_.notify_all();
  return abi::kOk;
}
Result Capture::DisableVideoInput() {
  std::unique_lock lock(mutex_);
  enabled_ = running_ = false;
  wake_.notify_all();
  quiet(lock);
  allocator_ = {};
  return abi::kOk;
}
Result Capture::SetVideoInputFrameMemoryAllocator(abi::MemoryAllocator* allocator) {
  const std::lock_guard lock(mutex_);
  if (running_) return abi::kAccessDenied;
  allocator_ = Held(allocator);
  return abi::kOk;
}
Result Capture::EnableAudioInput(Code rate, Code bits, uint32_t channels) {
  const std::lock_guard lock(mutex_);
  const bool known = channels == 2 || channels == 8 || channels == 16;
  if (rate != abi::audio::kRate48k || (bits != 16 && bits != 32) || !known)
    return abi::kInvalidArgument;
  bits_ = bits;
  channels_ = channels;
  return usable();
}
Result Capture::DisableAudioInput() {
  const std::lock_guard lock(mutex_);
  channels_ = 0;
  return abi::kOk;
}
Result Capture::StartStreams() {
  const std::lock_guard lock(mutex_);
  if (usable() != abi::kOk) return usable();
  if (!enabled_) return abi::kAccessDenied;
  if (running_) return abi::kOk;  // GStreamer's two threads may both ask, and take no for an error
  running_ = true;
  ++generation_;
  if (!thread_runs_) {
    thread_runs_ = true;
    std::thread([this] { run(); }).detach();
  }
  wake_.notify_all();
  return abi::kOk;
}
Result Capture::StopStreams() {
  std::unique_lock lock(mutex_);
  running_ = false;
  wake_.notify_all();
  quiet(lock);
  return usable();
}
Result Capture::PauseStreams() { return StopStreams(); }
Result Capture::FlushStreams() {
  const std::lock_guard lock(mutex_);
  return usable();
}
Result Capture::SetCallback(abi::InputCallback* callback) {
  Held<abi::InputCallback> before(callback);  // swapped out below, given back without the lock
  std::unique_lock lock(mutex_);
  std::swap(callback_, before);
  quiet(lock);
  lock.unlock();
  return abi::kOk;
}
Result Capture::GetHardwareReferenceClock(Scale scale, Time* time, Time* in_frame,
                                          Time* per_frame) {
  const std::lock_guard lock(mutex_);
  const int64_t now = clock_.at(rtv::mono_now());
  const int64_t period = enabled_ ? find_mode(mode_)->period() : 0;
  *time = in_scale(now, scale);
  if (in_frame) *in_frame = period ? in_scale(now % period, scale) : 0;
  if (per_frame) *per_frame = in_scale(period, scale);
  return usable();
}

}  // namespace standin
