// SPDX-License-Identifier: Apache-2.0
// A card's output as an rtv_sink, in a thread of its own.
//
// Lowest latency: each frame is given to the card when it is due (DisplayVideoFrameSync), with the
// card's low-latency path on; the card holds the call until its raster takes the frame. Scheduled:
// some frames are always with the card, which reports each as shown, late or dropped; steadier on
// a loaded machine, later by so many frames.
#pragma once
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "display_mode.hpp"
#include "driver.hpp"
#include "out_frame.hpp"
#include "rtvbox/histogram.hpp"
#include "rtvbox/pool.hpp"
#include "sound_out.hpp"
#include "steering.hpp"

namespace rtv::decklink {

struct PlayoutOptions {
  std::string key;
  bool scheduled = false;
  uint32_t ahead = 0;            // frames with the card when scheduled; 0 = the least it allows
  int64_t margin_ns = 1'000'000;  // wanted from a frame's due time to its raster's start
  int64_t idle_ns = 500'000'000;  // without a new frame: black, or the slate
  bool trim = true;              // steer the card's clock where it allows that
  int64_t trim_tau_ms = 20'000;  // and how fast
  bool realtime = true;
  uint32_t channels = 0;   // of embedded sound: 0, 2, 8 or 16
  bool ancillary = false;  // packets that frames carry
};

struct PlayoutStats {
  using Count = std::atomic<uint64_t>;
  Count submitted{0}, overflow{0};
  Count shown{0};      // frames that the card took for its raster
  Count late{0};       // scheduled: shown after their raster
  Count dropped{0};    // by us: a newer one was due as well
  Count card_dropped{0}, flushed{0};
  Count repeated{0};   // rasters that showed the frame before again, as far as we decide it
  Count idle{0};       // times that black or the slate replaced the last picture
  Count refused{0};    // by the card
  Count resyncs{0};    // scheduled: fell behind and began anew further on
  Count anc_left_out{0};  // packets that one frame has no room for
  Count restarts{0}, losses{0};  // of the card
  std::atomic<int64_t> due_late_max_ns{0}, realtime{0};
};

// What a person should know beside the counts.
struct Said {
  int64_t tai;
  bool warning;
  std::string text;
};

class Playout final : Watcher {
 public:
  Playout(std::shared_ptr<Driver> driver, const PlayoutOptions &options);
  const rtv_sink *table() const { return &table_; }
  void retain() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  int start(const rtv_format &format, bool slices);
  int submit(rtv_frame *frame, int64_t due_tai);
  void stop();

  // What is shown when no frame comes; black until then. Takes its own reference.
  void set_slate(rtv_frame *slate);
  bool running() const { return running_; }
  bool open() const { return open_; }
  SteeringStatus steering() const;
  std::vector<Said> said();  // since the last call; a bounded number
  uint32_t with_card() const { return out_ ? out_->out() : 0; }

  PlayoutStats stats;
  const SoundStats &sound() const { return sound_.stats; }
  Histogram latency;  // capture at the sender to the start of the raster that shows it, ns

 private:
  class Completions;
  struct Entry {
    rtv_frame *frame;
    int64_t due;
  };
  static constexpr uint32_t kQueue = 8;

  ~Playout();
  void removed() override;
  void arrived() override;
  void completed(OutFrame *frame, uint32_t result);
  void say(bool warning, const std::string &text);

  void run();
  int open_card(std::string *why);
  void close_card();
  bool reopened();
  void run_sync();
  void run_scheduled();
  bool take_due(int64_t tai, Entry *out);
  bool wait_for(int64_t tai);
  bool done() const { return stop_ || gone_; }
  rtv_frame *idle_frame();
  bool show_now(rtv_frame *frame, bool fresh);
  uint32_t frames_ahead() const;
  bool schedule(rtv_frame *frame, bool fresh);
  void catch_up();
  void shown(int64_t origin, int64_t raster_tai);
  void note_late(int64_t due);
  static int64_t origin_of(const rtv_frame *f);

  const std::shared_ptr<Driver> driver_;
  const PlayoutOptions options_;
  rtv_sink table_;
  std::atomic<uint32_t> refs_{1};
  std::string error_;  // the submitting thread's
  std::atomic<bool> stop_{false}, running_{false}, gone_{false}, open_{false}, back_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<Entry, kQueue> queue_{};
  uint32_t head_ = 0, count_ = 0;
  uint32_t in_flight_ = 0;    // scheduled frames that the card has not reported
  bool behind_ = false;       // the card said late or dropped
  bool has_stopped_ = false;  // scheduled playback

  std::mutex said_mutex_;
  std::deque<Said> said_;

  std::thread thread_;
  rtv_format format_{};
  std::unique_ptr<FramePool> black_pool_;
  rtv_frame *black_ = nullptr;
  std::atomic<rtv_frame *> slate_{nullptr};
  std::shared_ptr<OutFrames> out_;

  // The thread's own, while it runs.
  CardFacts facts_;
  ModeFacts mode_;
  Ref<abi::Output> output_;
  Ref<abi::Configuration> configuration_;
  SoundOut sound_;
  std::unique_ptr<Steering> steering_;
  mutable std::mutex steering_mutex_;  // its making and unmaking against its reader
  rtv_frame *last_ = nullptr;
  uint64_t next_slot_ = 0;
};

}  // namespace rtv::decklink
