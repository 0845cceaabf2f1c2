// SPDX-License-Identifier: Apache-2.0
// The stand-in's input: what the pretend camera sends (source_), what the client asked for
// (wish_), and a thread that hands frames over when their last line would be in.
#pragma once
#include <condition_variable>
#include <memory>
#include <optional>
#include <thread>

#include "frames.hpp"
#include "picture.hpp"

namespace standin {

struct Source {  // what is on the wire
  bool signal = true;
  Code mode = abi::code("Hp50");
  Code kind = abi::detected::kYCbCr422 | abi::detected::k10Bit;
  int colour = 709;
  int64_t ppb = 0;  // the camera's own oscillator against true time
};

struct CaptureFaults {
  int64_t drop = 0;  // frames yet to lose
  int64_t late = 0, late_ns = 0;  // frames yet to hand over late, and by how much
};

struct CaptureCounts {
  int64_t sent = 0, dropped = 0, starved = 0, overrun = 0, told = 0;
};

class Capture final : public Face<abi::Input> {
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::thread::id thread_;
  bool thread_runs_ = false, in_callback_ = false, in_stretch_ = false;
  const bool can_capture_, can_detect_;
  bool gone_ = false, enabled_ = false, running_ = false;
  Source source_;
  CaptureFaults faults_;
  CaptureCounts counts_;
  Code mode_ = 0, pixels_ = 0, flags_ = 0;
  Code told_mode_ = 0, told_kind_ = 0;
  int told_colour_ = 709;
  uint32_t channels_ = 0;  // zero: no sound
  Code bits_ = 16;
  uint64_t generation_ = 0;  // of what the thread works from
  Held<abi::InputCallback> callback_;
  Held<abi::MemoryAllocator> allocator_;
  std::atomic<long> held_{0};
  uint64_t sequence_ = 0;  // of the camera: goes on whatever the client does
  Oscillator& clock_;

  void run();
  void stream(std::unique_lock<std::mutex>& lock);
  bool tell_change(std::unique_lock<std::mutex>& lock);
  Result usable() const;
  template <class Call>
  void call(std::unique_lock<std::mutex>& lock, Call&& what);
  void quiet(std::unique_lock<std::mutex>& lock);

 public:
  static constexpr long kMostHeld = 32;
  Capture(abi::Unknown* whole, std::string name, bool can_capture, bool can_detect,
          Oscillator& clock)
      : Face(whole, std::move(name)), can_capture_(can_capture), can_detect_(can_detect),
        clock_(clock) {}

  // Controls of the test.
  void set_source(const Source& source);
  Source source() const;
  void set_faults(const CaptureFaults& faults);
  void set_gone(bool gone);
  std::string json() const;
  bool streaming() const;
  std::optional<Code> current_mode() const;

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
  Result EnableVideoInput(Code mode, Code pixels, Code flags) override;
  Result DisableVideoInput() override;
  Result GetAvailableVideoFrameCount(uint32_t* out) override {
    *out = 0;  // frames go to the callback at once
    return abi::kOk;
  }
  Result SetVideoInputFrameMemoryAllocator(abi::MemoryAllocator*) override;
  Result EnableAudioInput(Code rate, Code bits, uint32_t channels) override;
  Result DisableAudioInput() override;
  Result GetAvailableAudioSampleFrameCount(uint32_t* out) override {
    *out = 0;
    return abi::kOk;
  }
  Result StartStreams() override;
  Result StopStreams() override;
  Result PauseStreams() override;
  Result FlushStreams() override;
  Result SetCallback(abi::InputCallback*) override;
  Result GetHardwareReferenceClock(Scale, Time*, Time* in_frame, Time* per_frame) override;
};

}  // namespace standin
