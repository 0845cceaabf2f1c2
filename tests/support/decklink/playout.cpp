// SPDX-License-Identifier: Apache-2.0
// The output as its client sees it.
#include "playout.hpp"

namespace standin {

namespace {
int64_t in_ns(Time time, Scale scale) {
  return static_cast<int64_t>(static_cast<__int128>(time) * kSecond / scale);
}
}  // namespace

void Playout::quiet(std::unique_lock<std::mutex>& lock) {
  if (std::this_thread::get_id() == thread_) return;
  wake_.wait(lock, [&] { return !in_callback_; });
}

std::vector<Playout::Finished> Playout::flush() {
  std::vector<Finished> done;
  if (now_ && now_scheduled_)
    done.push_back({std::move(now_), now_late_ ? abi::completion::kDisplayedLate
                                               : abi::completion::kCompleted});
  now_ = {};
  for (Scheduled& waiting : queue_)
    done.push_back({std::move(waiting.frame), abi::completion::kFlushed});
  queue_.clear();
  return done;
}

void Playout::set_faults(const PlayoutFaults& faults) {
  const std::lock_guard lock(mutex_);
  faults_ = faults;
}
void Playout::set_gone(bool gone) {
  std::unique_lock lock(mutex_);
  gone_ = gone;
  wake_.notify_all();
  if (!gone) return;
  quiet(lock);
  enabled_ = playing_ = false;
  next_ = {};
  finish(lock, flush(), false);
}
void Playout::set_reference(Code reference) {
  const std::lock_guard lock(mutex_);
  reference_ = has_reference_ ? reference : abi::reference::kNotSupported;
}
void Playout::set_low_latency(bool on) {
  const std::lock_guard lock(mutex_);
  low_latency_ = on;
}
Code Playout::reference() const {
  const std::lock_guard lock(mutex_);
  return reference_;
}
std::optional<Code> Playout::current_mode() const {
  const std::lock_guard lock(mutex_);
  return enabled_ ? std::optional(mode_) : std::nullopt;
}
std::vector<uint8_t> Playout::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

std::string Playout::json() const {
  const std::lock_guard lock(mutex_);
  char text[768];
  std::snprintf(text, sizeof(text),
                "{\"completed\": %ld, \"late\": %ld, \"dropped\": %ld, \"flushed\": %ld, "
                "\"synchronous\": %ld, \"repeated\": %ld, \"missed\": %ld, \"queued\": %zu, "
                "\"enabled\": %s, \"playing\": %s, \"low_latency\": %s, \"ppb\": %ld, "
                "\"sound\": {\"left\": %ld, \"short\": %ld, \"waiting\": %zu, \"sum\": %lu, "
                "\"breaks\": %ld, \"wrong\": %ld, \"channels\": %u}, "
                "\"shown\": [",
                counts_.completed, counts_.late, counts_.dropped, counts_.flushed,
                counts_.synchronous, counts_.repeated, counts_.missed, queue_.size(),
                enabled_ ? "true" : "false", playing_ ? "true" : "false",
                low_latency_ ? "true" : "false", clock_.ppb(), sound_left_, sound_short_,
                channels_ ? sound_.size() * 8 / (channels_ * bits_) : 0, sound_sum_,
                sound_breaks_, sound_wrong_, channels_);
  std::string out = text;
  for (const Shown& s : log_) {
    std::snprintf(text, sizeof(text),
                  "%s{\"boundary\": %ld, \"mono\": %ld, \"clock\": %ld, \"first\": %lu, "
                  "\"second\": %lu, \"stamped\": %s, \"torn\": %s, \"sequence\": %lu, "
                  "\"tai\": %ld, \"packets\": \"%s\"}",
                  &s == &log_.front() ? "" : ", ", s.boundary, s.mono, s.clock, s.first, s.second,
                  s.stamped ? "true" : "false", s.torn ? "true" : "false", s.sequence, s.stamp_tai,
                  s.packets.c_str());
    out += text;
  }
  return out + "]}";
}

Result Playout::EnableVideoOutput(Code mode, Code) {
  const std::lock_guard lock(mutex_);
  if (usable() != abi::kOk) return usable();
  if (!can_play_) return abi::kFail;
  if (!find_mode(mode)) return abi::kInvalidArgument;
  if (enabled_) return abi::kAccessDenied;
  mode_ = mode;
  enabled_ = true;
  if (!thread_runs_) {
    thread_runs_ = true;
    std::thread([this] { run(); }).detach();
  }
  wake_.notify_all();
  return abi::kOk;
}

Result Playout::DisableVideoOutput() {
  std::unique_lock lock(mutex_);
  enabled_ = playing_ = false;
  ++generation_;
  wake_.notify_all();
  quiet(lock);
  next_ = {};
  finish(lock, flush(), false);
  allocator_ = {};
  return usable();
}

Result Playout::SetVideoOutputFrameMemoryAllocator(abi::MemoryAllocator* allocator) {
  const std::lock_guard lock(mutex_);
  allocator_ = Held(allocator);
  return abi::kOk;
}

Result Playout::CreateVideoFrame(int32_t width, int32_t height, int32_t row, Code pixels,
                                 Code flags, abi::MutableVideoFrame** out) {
  *out = nullptr;
  const std::lock_guard lock(mutex_);
  if (usable() != abi::kOk) return usable();
  if (!enabled_) return abi::kAccessDenied;
  const int32_t least = row_bytes(pixels, width);
  if (width <= 0 || height <= 0 || !least || row < least) return abi::kInvalidArgument;
  auto* frame = new PlayoutFrame(width, height, row, pixels, flags, allocator_);
  if (!frame->bytes()) {
    frame->Release();
    return abi::kOutOfMemory;
  }
  *out = frame;
  return abi::kOk;
}

// Returns when the first line of the frame leaves; without low latency one frame later.
Result Playout::DisplayVideoFrameSync(abi::VideoFrame* frame) {
  std::unique_lock lock(mutex_);
  if (usable() != abi::kOk) return usable();
  const Mode* mode = find_mode(mode_);
  if (!enabled_ || playing_) return abi::kAccessDenied;
  if (frame->GetWidth() != mode->width || frame->GetHeight() != mode->height)
    return abi::kInvalidArgument;
  auto stays = [&] { return enabled_ && !gone_; };
  wake_.wait(lock, [&] { return !next_ || !stays(); });
  if (!stays()) return abi::kFail;
  if (auto* known = dynamic_cast<PlayoutFrame*>(frame)) known->completed = -1;
  next_ = Held(frame);
  wake_.wait(lock, [&] { return next_.get() != frame || !stays(); });
  if (!stays()) return abi::kFail;
  if (!low_latency_) {
    const int64_t shown = boundary_;
    while (stays() && boundary_ == shown) wake_.wait_for(lock, std::chrono::milliseconds(1));
  }
  return abi::kOk;
}

Result Playout::ScheduleVideoFrame(abi::VideoFrame* frame, Time at, Time duration, Scale scale) {
  const std::lock_guard lock(mutex_);
  if (usable() != abi::kOk) return usable();
  if (!enabled_) return abi::kAccessDenied;
  const Mode* mode = find_mode(mode_);
  if (scale <= 0 || frame->GetWidth() != mode->width || frame->GetHeight() != mode->height)
    return abi::kInvalidArgument;
  if (auto* known = dynamic_cast<PlayoutFrame*>(frame)) known->completed = -1;
  Scheduled one{Held(frame), in_ns(at, scale), in_ns(duration, scale)};
  auto place = queue_.end();
  while (place != queue_.begin() && std::prev(place)->at > one.at) --place;
  queue_.insert(place, std::move(one));
  return abi::kOk;
}

Result Playout::SetScheduledFrameCompletionCallback(abi::VideoOutputCallback* callback) {
  Held<abi::VideoOutputCallback> before(callback);
  std::unique_lock lock(mutex_);
  std::swap(callback_, before);
  quiet(lock);
  lock.unlock();
  return abi::kOk;
}

Result Playout::GetBufferedVideoFrameCount(uint32_t* out) {
  const std::lock_guard lock(mutex_);
  *out = static_cast<uint32_t>(queue_.size());
  return usable();
}

Result Playout::EnableAudioOutput(Code rate, Code bits, uint32_t channels, Code) {
  const std::lock_guard lock(mutex_);
  const bool known = channels == 2 || channels == 8 || channels == 16;
  if (rate != abi::audio::kRate48k || (bits != 16 && bits != 32) || !known)
    return abi::kInvalidArgument;
  if (!can_play_) return abi::kFail;
  bits_ = bits;
  channels_ = channels;
  sound_boundary_ = sound_left_ = sound_short_ = 0;
  sound_sum_ = 0;
  heard_ = -1;
  sound_breaks_ = sound_wrong_ = 0;
  return usable();
}
Result Playout::DisableAudioOutput() {
  const std::lock_guard lock(mutex_);
  channels_ = 0;
  sound_.clear();
  return abi::kOk;
}
// Takes at most two seconds; what does not fit is for the caller to bring again.
uint32_t Playout::take_sound(const void* data, uint32_t frames) {
  const size_t size = channels_ * bits_ / 8;
  const size_t room = 2 * abi::audio::kRate48k - std::min<size_t>(sound_.size() / size, 96000);
  const auto taken = static_cast<uint32_t>(std::min<size_t>(frames, room));
  const auto* bytes = static_cast<const uint8_t*>(data);
  sound_.insert(sound_.end(), bytes, bytes + taken * size);
  return taken;
}
Result Playout::WriteAudioSamplesSync(void* data, uint32_t frames, uint32_t* written) {
  const std::lock_guard lock(mutex_);
  if (!channels_) return abi::kAccessDenied;
  const uint32_t taken = take_sound(data, frames);
  if (written) *written = taken;
  return usable();
}
Result Playout::GetBufferedAudioSampleFrameCount(uint32_t* out) {
  const std::lock_guard lock(mutex_);
  *out = channels_ ? static_cast<uint32_t>(sound_.size() * 8 / (channels_ * bits_)) : 0;
  return usable();
}
Result Playout::FlushBufferedAudioSamples() {
  const std::lock_guard lock(mutex_);
  sound_.clear();
  return usable();
}
Result Playout::SetAudioCallback(abi::AudioOutputCallback* callback) {
  Held<abi::AudioOutputCallback> before(callback);
  std::unique_lock lock(mutex_);
  std::swap(audio_callback_, before);
  quiet(lock);
  lock.unlock();
  return abi::kOk;
}

Result Playout::StartScheduledPlayback(Time start, Scale scale, double speed) {
  const std::lock_guard lock(mutex_);
  if (usable() != abi::kOk) return usable();
  if (!enabled_ || playing_) return abi::kAccessDenied;
  if (speed != 1.0 || scale <= 0) return abi::kInvalidArgument;
  playing_ = true;
  start_time_ = in_ns(start, scale);
  start_clock_ = -1;
  return abi::kOk;
}
// Stops at once, whatever the time: the only way that is used here and by our peers.
Result Playout::StopScheduledPlayback(Time, Time* actual, Scale scale) {
  std::unique_lock lock(mutex_);
  if (!playing_) return abi::kAccessDenied;
  if (actual && scale > 0)
    *actual = start_clock_ < 0 ? in_scale(start_time_, scale)
                               : in_scale(start_time_ + clock_.at(rtv::mono_now()) - start_clock_,
                                          scale);
  playing_ = false;
  quiet(lock);
  finish(lock, flush(), true);
  return usable();
}
Result Playout::IsScheduledPlaybackRunning(bool* out) {
  const std::lock_guard lock(mutex_);
  *out = playing_;
  return usable();
}
Result Playout::GetScheduledStreamTime(Scale scale, Time* time, double* speed) {
  const std::lock_guard lock(mutex_);
  const bool begun = playing_ && start_clock_ >= 0;
  *time = begun ? in_scale(start_time_ + clock_.at(rtv::mono_now()) - start_clock_, scale) : 0;
  if (speed) *speed = begun ? 1.0 : 0.0;
  return usable();
}

Result Playout::GetHardwareReferenceClock(Scale scale, Time* time, Time* in_frame,
                                          Time* per_frame) {
  const std::lock_guard lock(mutex_);
  const int64_t now = clock_.at(rtv::mono_now());
  const int64_t period = enabled_ ? find_mode(mode_)->period() : 0;
  *time = in_scale(now, scale);
  if (in_frame) *in_frame = period ? in_scale(now % period, scale) : 0;
  if (per_frame) *per_frame = in_scale(period, scale);
  return usable();
}
Result Playout::GetFrameCompletionReferenceTimestamp(abi::VideoFrame* frame, Scale scale,
                                                     Time* time) {
  const auto* known = dynamic_cast<PlayoutFrame*>(frame);
  if (!known) return abi::kInvalidArgument;
  const Time at = known->completed;
  if (at < 0) return abi::kFalse;
  *time = in_scale(at, scale);
  return abi::kOk;
}

}  // namespace standin
