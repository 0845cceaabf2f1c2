// SPDX-License-Identifier: Apache-2.0
// A card's output without a card: a thread that plays the scan-out, shows each frame at its due
// time, and looks at what it shows as a person with a very good eye would.
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "raster.hpp"
#include "rtvbox/histogram.hpp"
#include "rtvbox/late_wakes.hpp"
#include "rtvbox/pool.hpp"
#include "stamp.hpp"

namespace rtv {

struct SinkOptions {
  bool check_stamps = true;
  bool line_clock = true;  // scans row by row when started with slices
  uint32_t steps = 16;     // looks at lines_ready so often in a frame
  bool realtime = true;
};

struct SinkStats {
  using Count = std::atomic<uint64_t>;
  Count submitted{0}, overflow{0}, shown{0}, late{0};
  Count live{0};        // shown, not slates: these are checked
  Count slates{0}, concealed{0}, flagged_repeated{0}, flagged_late{0}, no_metadata{0},
      no_patient{0};
  Count lost{0}, repeated{0}, out_of_order{0}, torn{0}, unreadable{0};
  Count stamp_concealed{0};    // stamps of the frame before in a concealed one
  Count strips_unreadable{0};  // of six in a frame: an overlay may cover some
  Count metadata_mismatch{0}, origin_unknown{0}, underruns{0}, underrun_rows{0};
  Count kept{0}, keep_dropped{0}, audio_samples{0};
  std::atomic<int64_t> late_max_ns{0}, realtime{0}, last_sequence{-1};
};

class CardSink {
 public:
  explicit CardSink(const SinkOptions &options);
  const rtv_sink *table() const { return &table_; }
  void retain() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  int start(const rtv_format &format, bool slices);
  int submit(rtv_frame *frame, int64_t due_tai);
  void stop();

  // For Python: a new reference to what was shown last, or nullptr.
  rtv_frame *latest();
  // Copies of shown frames, oldest first. Keeps at most `frames` in memory of its own; one that
  // finds no room is dropped and counted. Applies from the next start.
  void keep(size_t frames) { keep_ = frames; }
  rtv_frame *take();  // nullptr: none yet
  bool running() const { return running_; }

  SinkStats stats;
  Histogram latency;     // capture to shown
  LateWakes late_wakes;  // of the card's thread

 private:
  struct Entry {
    rtv_frame *frame;
    int64_t due, submitted;
  };
  static constexpr uint32_t kQueue = 8;

  ~CardSink();
  void run();
  void show(const Entry &e);
  void scan(const Entry &e);
  bool wait_until(int64_t tai);  // false: stopped, and tai is too far away
  void look_at(const Entry &e, int64_t shown);
  void check_order(const Stamp &stamp);
  void copy_aside(const rtv_frame *f);

  const SinkOptions options_;
  rtv_sink table_;
  std::atomic<uint32_t> refs_{1};
  std::string error_;
  std::atomic<bool> stop_{false}, running_{false};
  std::atomic<int64_t> give_up_{0};  // at a stop, what is due until then is still shown
  std::atomic<size_t> keep_{0};
  std::atomic<rtv_frame *> latest_{nullptr};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<Entry, kQueue> queue_{};
  uint32_t head_ = 0, count_ = 0;

  std::thread thread_;
  rtv_format format_{};
  bool slices_ = false, seen_ = false;
  uint64_t last_ = 0;
  std::unique_ptr<FramePool> aside_;
  std::vector<std::atomic<rtv_frame *>> aside_ring_;
  std::atomic<size_t> aside_in_{0}, aside_out_{0};
};

}  // namespace rtv
