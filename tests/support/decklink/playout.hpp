// SPDX-License-Identifier: Apache-2.0
// The stand-in's output: a raster that its own oscillator drives. At each frame boundary it takes
// the frame that is due, tells what became of the others, and keeps a log of what was shown.
#pragma once
#include <condition_variable>
#include <deque>
#include <optional>
#include <thread>

#include "frames.hpp"

namespace standin {

struct Shown {
  int64_t boundary = 0;            // number of the raster's frame
  int64_t mono = 0, clock = 0;     // when its first line left: CLOCK_MONOTONIC, card; ns
  uint64_t first = 0, second = 0;  // sum of 64-bit words, sum of (index x word); modulo 2^64
  bool stamped = false, torn = false, repeated = false;
  uint64_t sequence = 0;
  int64_t stamp_tai = 0;
  std::string packets;  // ancillary ones: "DID.SDID@line:words", hexadecimal but the line
};

struct PlayoutFaults {
  int64_t late = 0;  // frames yet to be shown one boundary late
  int64_t drop = 0;  // frames yet to be dropped
};

struct PlayoutCounts {
  int64_t completed = 0, late = 0, dropped = 0, flushed = 0, synchronous = 0, repeated = 0;
  int64_t missed = 0;  // boundaries that this thread came too late for
};

class Playout final : public Face<abi::Output> {
  struct Scheduled {
    Held<abi::VideoFrame> frame;
    int64_t at, duration;  // ns of the stream
  };
  struct Finished {
    Held<abi::VideoFrame> frame;
    Code result;
  };
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::thread::id thread_;
  bool thread_runs_ = false, in_callback_ = false;
  const bool can_play_, has_reference_;
  Oscillator& clock_;
  bool gone_ = false, enabled_ = false, playing_ = false, low_latency_ = false;
  Code mode_ = 0;
  uint64_t generation_ = 0;
  int64_t boundary_ = 0;
  Code reference_;
  PlayoutFaults faults_;
  PlayoutCounts counts_;
  std::deque<Scheduled> queue_;
  std::deque<Shown> log_;
  std::vector<uint8_t> last_;
  Held<abi::VideoFrame> now_;     // on the wire
  bool now_scheduled_ = false, now_late_ = false;
  int64_t now_until_ = 0;
  Held<abi::VideoFrame> next_;    // of DisplayVideoFrameSync
  int64_t start_clock_ = -1, start_time_ = 0;  // of scheduled playback
  Held<abi::VideoOutputCallback> callback_;
  Held<abi::AudioOutputCallback> audio_callback_;
  Held<abi::MemoryAllocator> allocator_;
  // Sound: what waits, what has left.
  uint32_t channels_ = 0;
  Code bits_ = 16;
  std::deque<uint8_t> sound_;
  int64_t sound_left_ = 0, sound_short_ = 0, sound_boundary_ = 0;
  uint64_t sound_sum_ = 0;
  int32_t heard_ = -1;         // the sample before, of the first channel; -1: silence
  int64_t sound_breaks_ = 0;   // places where the camera's wave (picture.hpp) does not go on
  int64_t sound_wrong_ = 0;    // samples whose second channel does not belong to the first

  void hear();
  void run();
  void raster(std::unique_lock<std::mutex>& lock);
  std::vector<Finished> choose(int64_t stream, int64_t period);
  void show(std::unique_lock<std::mutex>& lock, const Mode& mode, int64_t mono, int64_t clock);
  void play_sound(const Mode& mode);
  void finish(std::unique_lock<std::mutex>& lock, std::vector<Finished> done, bool stopped);
  void quiet(std::unique_lock<std::mutex>& lock);
  std::vector<Finished> flush();
  uint32_t take_sound(const void* data, uint32_t frames);
  Result usable() const { return gone_ ? abi::kFail : abi::kOk; }

 public:
  Playout(abi::Unknown* whole, std::string name, bool can_play, bool has_reference,
          Oscillator& clock)
      : Face(whole, std::move(name)), can_play_(can_play), has_reference_(has_reference),
        clock_(clock),
        reference_(has_reference ? abi::reference::kUnlocked : abi::reference::kNotSupported) {}

  // Controls of the test, and what the device's other faces set.
  void set_faults(const PlayoutFaults& faults);
  void set_gone(bool gone);
  void set_reference(Code reference);
  void set_low_latency(bool on);
  std::optional<Code> current_mode() const;
  Code reference() const;
  std::string json() const;
  std::vector<uint8_t> last() const;

  Result DoesSupportVideoMode(Code, Code mode, Code pixels, Code, Code, Code* actual,
                              bool* supported) override {
    return supports(mode, pixels, actual, supported);
  }
  Result GetDisplayMode(Code mode, abi::DisplayMode** out) override {
    return give_mode(mode, out);
  }
  Result GetDisplayModeIterator(abi::DisplayModeIterator** out) override {
    *out = new ModeIterator;
    return abi::kOk;
  }
  Result SetScreenPreviewCallback(abi::Unknown*) override { return abi::kNotImplemented; }
  Result EnableVideoOutput(Code mode, Code flags) override;
  Result DisableVideoOutput() override;
  Result SetVideoOutputFrameMemoryAllocator(abi::MemoryAllocator*) override;
  Result CreateVideoFrame(int32_t width, int32_t height, int32_t row, Code pixels, Code flags,
                          abi::MutableVideoFrame** out) override;
  Result CreateAncillaryData(Code, abi::VideoFrameAncillary** out) override {
    *out = nullptr;
    return abi::kNotImplemented;
  }
  Result DisplayVideoFrameSync(abi::VideoFrame*) override;
  Result ScheduleVideoFrame(abi::VideoFrame*, Time at, Time duration, Scale) override;
  Result SetScheduledFrameCompletionCallback(abi::VideoOutputCallback*) override;
  Result GetBufferedVideoFrameCount(uint32_t* out) override;
  Result EnableAudioOutput(Code rate, Code bits, uint32_t channels, Code stream) override;
  Result DisableAudioOutput() override;
  Result WriteAudioSamplesSync(void* data, uint32_t frames, uint32_t* written) override;
  Result BeginAudioPreroll() override { return usable(); }
  Result EndAudioPreroll() override { return usable(); }
  Result ScheduleAudioSamples(void* data, uint32_t frames, Time, Scale,
                              uint32_t* written) override {
    return WriteAudioSamplesSync(data, frames, written);
  }
  Result GetBufferedAudioSampleFrameCount(uint32_t* out) override;
  Result FlushBufferedAudioSamples() override;
  Result SetAudioCallback(abi::AudioOutputCallback*) override;
  Result StartScheduledPlayback(Time start, Scale, double speed) override;
  Result StopScheduledPlayback(Time at, Time* actual, Scale) override;
  Result IsScheduledPlaybackRunning(bool* out) override;
  Result GetScheduledStreamTime(Scale, Time*, double* speed) override;
  Result GetReferenceStatus(Code* out) override {
    *out = reference();
    return abi::kOk;
  }
  Result GetHardwareReferenceClock(Scale, Time*, Time* in_frame, Time* per_frame) override;
  Result GetFrameCompletionReferenceTimestamp(abi::VideoFrame*, Scale, Time*) override;
};

}  // namespace standin
