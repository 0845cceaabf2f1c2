// SPDX-License-Identifier: Apache-2.0
// Embedded sound of an output: each frame's sound goes to the card with its picture. A picture that
// is left out takes its sound along; a picture that is shown again brings silence. A scheduled
// output is told when each piece is heard; any other hears them one after the other.
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>

#include "com.hpp"
#include "rtvbox/video.h"

namespace rtv::decklink {

struct SoundStats {
  using Count = std::atomic<uint64_t>;
  Count samples{0};  // of each channel, that the card took
  Count silence{0};  // of them, put in where it would have run dry
  Count dropped{0};  // too many waited: the source's clock is faster, or pictures were left out
};

class SoundOut {
 public:
  SoundStats stats;

  // After the picture is enabled. ahead: frames with the card of a scheduled output. False: the card has no such sound; play() then does nothing.
  bool open(abi::Output *output, uint32_t channels, const rtv_format &format, uint32_t ahead) {
    channels_ = 0;
    begun_ = false;
    most_ahead_ = kFramesAhead + ahead;
    frame_ = static_cast<uint32_t>(
        std::min<uint64_t>(kMost, uint64_t{abi::audio::kRate48k} * format.rate_den / format.rate_num));
    if (!channels || output->EnableAudioOutput(abi::audio::kRate48k, abi::audio::k32Bit, channels,
                                               ahead ? abi::audio::kTimestamped
                                                     : abi::audio::kContinuous) != abi::kOk)
      return channels == 0;
    channels_ = channels;
    return true;
  }
  void close(abi::Output *output) {
    if (channels_) output->DisableAudioOutput();
    channels_ = 0;
  }

  // Before the frame is shown. at, scale: when, in the stream of a scheduled output; scale 0: now.
  // frame nullptr: the picture before is shown again.
  void play(abi::Output *output, const rtv_frame *frame, int64_t at, int64_t scale) {
    if (!channels_) return;
    uint32_t waiting = 0;
    if (output->GetBufferedAudioSampleFrameCount(&waiting) != abi::kOk) return;
    const bool sounds = frame && frame->audio && frame->audio_samples && frame->audio_channels;
    if (!sounds) {
      // It runs dry before there is sound again; that costs no more than this.
      begun_ = begun_ && waiting >= frame_;
      return;
    }
    const uint32_t n = std::min(frame->audio_samples, kMost);
    if (waiting > most_ahead_ * frame_) {
      bump(stats.dropped, n);
      return;
    }
    // A frame's worth lies in front, so that a picture that comes late breaks nothing.
    if (!scale && (!begun_ || waiting == 0)) {
      std::fill_n(scratch_.begin(), static_cast<size_t>(frame_) * channels_, 0);
      bump(stats.silence, give(output, scratch_.data(), frame_, at, scale));
      begun_ = true;
    }
    const void *samples = frame->audio;
    if (frame->audio_channels != channels_) samples = mapped(frame, n);
    const uint32_t taken = give(output, samples, n, at, scale);
    bump(stats.dropped, n - taken);
  }

 private:
  static constexpr uint32_t kMost = 4096;  // samples of a frame; 24 frames/s have 2000
  static constexpr uint32_t kFramesAhead = 4;
  static constexpr uint32_t kChannels = 16;

  static void bump(SoundStats::Count &c, uint64_t n) { c.fetch_add(n, std::memory_order_relaxed); }

  uint32_t give(abi::Output *output, const void *samples, uint32_t n, int64_t at, int64_t scale) {
    uint32_t taken = 0;
    // Read only; the vendor's declaration does not say so.
    void *from = const_cast<void *>(samples);
    const abi::Result result = scale ? output->ScheduleAudioSamples(from, n, at, scale, &taken)
                                     : output->WriteAudioSamplesSync(from, n, &taken);
    if (result != abi::kOk) taken = 0;
    taken = std::min(taken, n);
    bump(stats.samples, taken);
    return taken;
  }
  const void *mapped(const rtv_frame *frame, uint32_t n) {
    const uint32_t from = frame->audio_channels, both = std::min(from, channels_);
    for (uint32_t i = 0; i < n; ++i) {
      int32_t *to = scratch_.data() + static_cast<size_t>(i) * channels_;
      std::memcpy(to, frame->audio + static_cast<size_t>(i) * from, both * sizeof(int32_t));
      std::memset(to + both, 0, (channels_ - both) * sizeof(int32_t));
    }
    return scratch_.data();
  }

  uint32_t channels_ = 0, frame_ = 0, most_ahead_ = kFramesAhead;
  bool begun_ = false;
  std::array<int32_t, static_cast<size_t>(kMost) * kChannels> scratch_{};
};

}  // namespace rtv::decklink
