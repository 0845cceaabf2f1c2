// SPDX-License-Identifier: Apache-2.0
// An SDI output of an AJA card as a sink: a thread that puts each frame into the card's ring when
// it is due, to be shown with the next raster, and learns from the driver when it was.
#pragma once
#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "board.hpp"
#include "clock_map.hpp"
#include "rtvbox/histogram.hpp"
#include "rtvbox/pool.hpp"

namespace rtv::ntv2 {

struct PlayoutOptions {
  std::string key;
  uint32_t connector = 1;
  Reference reference = Reference::as_set;
  uint32_t ring = 4;  // frames in the card's memory
  bool realtime = true;
};

struct PlayoutStats {
  using Count = std::atomic<uint64_t>;
  Count submitted{0}, put{0};   // into the card's ring
  Count shown{0};               // the driver told when
  Count late{0};                // put after their due time by more than 1 ms
  Count overflow{0};            // more than 8 waited: the oldest was let go of
  Count behind{0};              // the output was slower than the frames came: not put
  Count underruns{0};           // rasters that showed the frame before again
  Count unconfirmed{0};         // never told when
  Count black{0}, partial{0}, errors{0};
  std::atomic<int64_t> gone{0}, realtime{0}, reference{0};  // reference: 1 present
};

class Playout {
 public:
  Playout(std::shared_ptr<Boards> boards, const PlayoutOptions &options);
  const rtv_sink *table() const { return &table_; }
  void retain() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  int start(const rtv_format &format);
  int submit(rtv_frame *frame, int64_t due_tai);
  void stop();
  bool running() const { return running_; }
  std::string last_error() {
    std::lock_guard hold(mutex_);
    return error_;
  }

  PlayoutStats stats;
  Histogram after_due;  // start of the raster that showed a frame, less its due time
  Histogram latency;    // capture at the sender to that raster

 private:
  struct Entry {
    rtv_frame *frame;
    int64_t due;
  };
  struct Pending {  // put, and not told to be shown yet
    uint32_t slot;
    int64_t due, origin;  // TAI; origin 0: unknown
    int64_t put;          // card's clock
  };
  static constexpr uint32_t kQueue = 8, kPending = 8;

  ~Playout() { stop(); }
  int fail(int result, const std::string &why);
  void run();
  bool take(Entry *entry);
  bool give(const Entry &entry);
  bool give_black();
  void leave_black();  // before the end: waits until it is shown, for as long as the ring lasts
  bool watch(RingState *ring);  // false: the card is gone
  void confirm(const RingState &ring);
  bool put(const rtv_frame *frame, Transferred *done);

  const std::shared_ptr<Boards> boards_;
  const PlayoutOptions options_;
  rtv_sink table_;
  std::atomic<uint32_t> refs_{1};
  std::atomic<bool> stop_{false}, running_{false};
  std::unique_ptr<OutputPort> port_;
  rtv_format format_{};

  // The thread's own.
  std::unique_ptr<FramePool> black_pool_;
  rtv_frame *black_ = nullptr;
  ClockMap map_;
  std::array<Pending, kPending> pending_{};
  uint32_t first_ = 0, pending_count_ = 0;
  uint32_t dropped_ = 0;
  bool live_ = false;  // frames come
  int64_t referred_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<Entry, kQueue> queue_{};
  uint32_t head_ = 0, waiting_ = 0;
  std::string error_, told_;
  std::thread thread_;
};

}  // namespace rtv::ntv2
