// SPDX-License-Identifier: Apache-2.0
// A card's input. The card's own thread brings a frame; it takes a reference, stamps and hands on,
// and nothing else: no copy, no Python, no waiting.
//
// The configured format is a contract. The card follows whatever signal is there, so that the
// return of the right one is seen, but pictures of another are never handed on.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "card_memory.hpp"
#include "clock_map.hpp"
#include "display_mode.hpp"
#include "driver.hpp"
#include "input_frames.hpp"
#include "live_source.hpp"
#include "rtvbox/histogram.hpp"

namespace rtv::decklink {

struct CaptureOptions {
  std::string key;
  rtv_format format{};
  uint32_t buffers = 8;    // pictures that may be out at a time
  uint32_t queue = 3;      // frames kept for a slow consumer
  uint32_t channels = 2;   // of embedded sound: 0, 2, 8 or 16
  uint32_t connector = 0;  // 1 SDI, 2 HDMI ...; 0: as the card is set
  bool stamp_at_end = true;  // the card stamps a frame when it is whole, not when it begins
};

// Beside those of every live source.
struct CaptureStats {
  using Count = std::atomic<uint64_t>;
  Count no_signal{0};       // frames that the card marked as without input; not handed on
  Count colour_changes{0};  // of colour space alone; ignored
  Count removals{0};
  Count audio_samples{0}, timecodes{0}, anc_packets{0}, anc_timecodes{0}, anc_payload_ids{0};
  Count impossible_stamps{0};  // of the future, as `stamp_at_end` reads them
  std::atomic<uint32_t> timecode{0};  // RP 188, BCD hhmmssff
  std::atomic<int64_t> card_ppb{0};   // how much faster than TAI the card's clock runs
};

class Capture final : public LiveSource, Watcher {
 public:
  Capture(std::shared_ptr<Driver> driver, const CaptureOptions &options);
  // What the card detects now; width 0: nothing yet.
  rtv_format detected() const;
  uint32_t frames_out() const { return views_->out(); }
  uint64_t packets_left_out() const { return views_->packets_left_out(); }
  uint64_t buffers_refused() const { return memory_->refused(); }
  uint32_t buffers_out() const { return memory_->out(); }

  CaptureStats counts;
  Histogram arrival;   // from the end of a frame's raster to the card's call, ns
  Histogram callback;  // how long the card's thread was kept, ns

 private:
  class Arrivals;
  ~Capture();
  void removed() override;
  void arrived() override {}  // the next start finds it

  // On the card's thread.
  void frame_arrived(abi::VideoInputFrame *video, abi::AudioInputPacket *audio);
  void format_changed(uint32_t events, abi::DisplayMode *mode, uint32_t flags);
  void follow(const ModeFacts &mode, uint32_t pixels);
  void set_signal(uint32_t signal);
  void say_wrong(const rtv_format &seen);
  int64_t stamp(abi::VideoInputFrame *video, int64_t now);
  uint64_t number(abi::VideoInputFrame *video);
  void look_at_ancillary(abi::VideoInputFrame *video, const rtv_frame *frame);

  int open(bool slices) override;
  void shut() override;
  int refuse(int result, const std::string &why);

  const std::shared_ptr<Driver> driver_;
  const CaptureOptions options_;
  std::atomic<bool> stopping_{false};
  Ref<CardMemory> memory_;
  std::unique_ptr<InputFrames> views_;

  std::mutex control_;  // starting, stopping and following of streams
  Ref<abi::Input> input_;
  Arrivals *arrivals_ = nullptr;
  bool detects_ = false;
  uint32_t mode_ = 0, pixels_ = 0;  // what the input is enabled with
  ModeFacts enabled_;

  // The card's thread only, while streams run.
  ClockMap map_;
  uint32_t format_state_ = RTV_SIGNAL_LOCKED;  // LOCKED, MISMATCH or UNSUPPORTED
  int64_t number_base_ = 0;
  int64_t last_index_ = -1;  // -1: streams have just begun
  uint64_t last_number_ = 0;
  bool numbered_ = false;

  mutable std::mutex found_mutex_;  // a format, held for nanoseconds
  rtv_format found_{};
};

}  // namespace rtv::decklink
