// SPDX-License-Identifier: Apache-2.0
// The output's thread: what happens at each frame boundary.
#include <sys/prctl.h>

#include "../../../drivers/synthetic/stamp.hpp"
#include "picture.hpp"
#include "playout.hpp"

namespace standin {

namespace {

std::chrono::steady_clock::time_point instant(int64_t mono) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(mono));
}

std::string packets_of(abi::VideoFrame* frame) {
  void* found = nullptr;
  if (frame->QueryInterface(abi::VideoFrameAncillaryPackets::kIid, &found) != abi::kOk) return "";
  auto* packets = static_cast<abi::VideoFrameAncillaryPackets*>(found);
  abi::AncillaryPacketIterator* each = nullptr;
  std::string out;
  char text[32];
  if (packets->GetPacketIterator(&each) == abi::kOk) {
    abi::AncillaryPacket* packet = nullptr;
    while (each->Next(&packet) == abi::kOk) {
      const void* data = nullptr;
      uint32_t words = 0;
      packet->GetBytes(abi::ancillary::kUint8, &data, &words);
      std::snprintf(text, sizeof(text), "%s%02x.%02x@%u:", out.empty() ? "" : " ",
                    packet->GetDID(), packet->GetSDID(), packet->GetLineNumber());
      out += text;
      for (uint32_t i = 0; i < words; ++i) {
        std::snprintf(text, sizeof(text), "%02x", static_cast<const uint8_t*>(data)[i]);
        out += text;
      }
      packet->Release();
    }
    each->Release();
  }
  packets->Release();
  return out;
}

PlayoutFrame* ours(abi::VideoFrame* frame) { return dynamic_cast<PlayoutFrame*>(frame); }

}  // namespace

void Playout::run() {
  prctl(PR_SET_TIMERSLACK, 1);
  std::unique_lock lock(mutex_);
  thread_ = std::this_thread::get_id();
  for (;;) {
    wake_.wait(lock, [&] { return enabled_ && !gone_; });
    raster(lock);
  }
}

void Playout::finish(std::unique_lock<std::mutex>& lock, std::vector<Finished> done,
                     bool stopped) {
  for (const Finished& f : done) {
    if (f.result == abi::completion::kCompleted) ++counts_.completed;
    if (f.result == abi::completion::kDisplayedLate) ++counts_.late;
    if (f.result == abi::completion::kDropped) ++counts_.dropped;
    if (f.result == abi::completion::kFlushed) ++counts_.flushed;
  }
  if (done.empty() && !stopped) return;
  const auto callback = callback_;
  in_callback_ = true;
  lock.unlock();
  if (callback) {
    for (const Finished& f : done) callback->ScheduledFrameCompleted(f.frame.get(), f.result);
    if (stopped) callback->ScheduledPlaybackHasStopped();
  }
  done.clear();  // references go back before anybody is let go
  lock.lock();
  in_callback_ = false;
  wake_.notify_all();
}

// Takes what is due at `stream` to now_; gives what has ended or was overtaken.
std::vector<Playout::Finished> Playout::choose(int64_t stream, int64_t period) {
  std::vector<Finished> done;
  auto end_now = [&] {
    if (now_ && now_scheduled_)
      done.push_back({std::move(now_), now_late_ ? abi::completion::kDisplayedLate
                                                 : abi::completion::kCompleted});
    now_ = {};
  };
  if (now_ && now_scheduled_ && stream >= now_until_ && (queue_.empty() || !playing_)) {
    end_now();
    return done;
  }
  while (playing_ && !queue_.empty() && queue_.front().at <= stream) {
    const bool overtaken = queue_.size() > 1 && queue_[1].at <= stream;
    if (overtaken || faults_.drop > 0) {
      if (!overtaken) --faults_.drop;
      done.push_back({std::move(queue_.front().frame), abi::completion::kDropped});
      queue_.pop_front();
      continue;
    }
    if (faults_.late > 0 && stream - queue_.front().at < period) {
      --faults_.late;
      break;
    }
    end_now();
    Scheduled& taken = queue_.front();
    now_ = std::move(taken.frame);
    now_scheduled_ = true;
    now_late_ = stream - taken.at >= period;
    now_until_ = stream + taken.duration - period / 2;
    queue_.pop_front();
    break;
  }
  return done;
}

// Whether the sample that leaves now goes on from the one before, as the camera's sound does.
void Playout::hear() {
  auto value = [&](size_t channel) {
    const size_t at = channel * bits_ / 8 + (bits_ == 32 ? 2 : 0);
    return sound_[at] | sound_[at + 1] << 8;
  };
  const int32_t left = value(0), right = value(1);
  if (left == 0 && right == 0) {
    heard_ = -1;
    return;
  }
  if (right != (left + 1009) % 65536) ++sound_wrong_;
  if (heard_ >= 0 && left != (heard_ + 31) % 65536) ++sound_breaks_;
  heard_ = left;
}

void Playout::play_sound(const Mode& mode) {
  if (!channels_) return;
  auto until = [&](int64_t n) {
    return static_cast<int64_t>(static_cast<__int128>(n) * mode.duration * abi::audio::kRate48k /
                                mode.scale);
  };
  const int64_t wanted = until(sound_boundary_ + 1) - until(sound_boundary_);
  ++sound_boundary_;
  const size_t size = channels_ * bits_ / 8;
  for (int64_t i = 0; i < wanted; ++i) {
    if (sound_.size() < size) {
      sound_short_ += wanted - i;
      return;
    }
    hear();
    for (size_t b = 0; b < size; ++b) {
      sound_sum_ = sound_sum_ * 31 + sound_.front();
      sound_.pop_front();
    }
    ++sound_left_;
  }
}

// Copies the picture on the wire and writes its line of the log, without the lock.
void Playout::show(std::unique_lock<std::mutex>& lock, const Mode& mode, int64_t mono,
                   int64_t clock) {
  auto frame = now_;
  Shown shown;
  shown.boundary = boundary_;
  shown.mono = mono;
  shown.clock = clock;
  in_callback_ = true;  // whoever stops the output waits until we hold no frame
  lock.unlock();
  void* bytes = nullptr;
  frame->GetBytes(&bytes);
  const auto row = static_cast<size_t>(frame->GetRowBytes());
  const size_t size = row * static_cast<size_t>(frame->GetHeight());
  std::vector<uint8_t> copy(static_cast<uint8_t*>(bytes), static_cast<uint8_t*>(bytes) + size);
  const Code pixels = frame->GetPixelFormat();
  for (size_t i = 0; i < size / 8; ++i) {
    uint64_t word;
    std::memcpy(&word, copy.data() + 8 * i, 8);
    shown.first += word;
    shown.second += word * i;
  }
  const rtv_frame seen = Camera::frame_of(copy.data(), format_of(mode, pixels), row);
  const auto read = rtv::read_stamps(&seen);
  shown.stamped = read.readable > 0;
  shown.torn = read.torn;
  shown.sequence = read.stamp.sequence;
  shown.stamp_tai = read.stamp.tai;
  shown.packets = packets_of(frame.get());
  frame = {};
  lock.lock();
  in_callback_ = false;
  wake_.notify_all();
  last_ = std::move(copy);
  log_.push_back(std::move(shown));
  if (log_.size() > 300) log_.pop_front();
}

void Playout::raster(std::unique_lock<std::mutex>& lock) {
  const uint64_t generation = ++generation_;
  const Mode& mode = *find_mode(mode_);
  const int64_t period = mode.period();
  // Where GetHardwareReferenceClock says that a frame begins.
  const int64_t zero = clock_.at(rtv::mono_now()) / period * period;
  auto boundary = [&](int64_t n) {
    return zero + static_cast<int64_t>(static_cast<__int128>(n) * mode.duration * kSecond /
                                       mode.scale);
  };
  auto goes_on = [&] { return generation == generation_ && enabled_ && !gone_; };
  auto wait = [&](int64_t n) {  // the oscillator may be trimmed meanwhile
    for (int64_t due; goes_on() && (due = clock_.mono_of(boundary(n))) > rtv::mono_now();)
      wake_.wait_until(lock, instant(std::min(due, rtv::mono_now() + 100'000'000)));
  };
  Held<abi::VideoFrame> before;
  for (int64_t n = 1;; ++n) {
    wait(n);
    if (!goes_on()) break;
    const int64_t mono = rtv::mono_now();
    if (clock_.at(mono) >= boundary(n + 1)) {
      const int64_t skipped = (clock_.at(mono) - boundary(n)) / period;
      counts_.missed += skipped;
      n += skipped;
    }
    boundary_ = n;
    const int64_t clock = boundary(n);
    if (start_clock_ < 0 && playing_) start_clock_ = clock;
    const int64_t stream = playing_ ? start_time_ + (clock - start_clock_) + period / 4 : 0;
    // What has just left the output is complete now.
    if (auto* left = ours(now_.get()); left && left->completed < 0) left->completed = clock;
    before = now_;
    if (next_) {
      if (now_ && now_scheduled_) now_until_ = 0;
      now_ = std::move(next_);
      next_ = {};
      now_scheduled_ = false;
      ++counts_.synchronous;
      wake_.notify_all();
    }
    auto done = playing_ || now_scheduled_ ? choose(stream, period) : std::vector<Finished>{};
    play_sound(mode);
    const bool fresh = now_ && now_.get() != before.get();
    const auto audio = audio_callback_;
    before = {};
    finish(lock, std::move(done), false);
    if (!goes_on()) break;
    if (fresh)
      show(lock, mode, mono, clock);
    else if (now_ && playing_)
      ++counts_.repeated;
    if (audio && channels_) {
      in_callback_ = true;
      lock.unlock();
      audio->RenderAudioSamples(!playing_);
      lock.lock();
      in_callback_ = false;
      wake_.notify_all();
    }
  }
}

}  // namespace standin
