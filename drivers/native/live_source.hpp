// SPDX-License-Identifier: Apache-2.0
// The input of a real card: frames and events that its driver's thread or callbacks push, handed
// to the one consumer in order. What a family adds is how its card is opened and shut.
//
// Pushing is safe from several threads. What comes before a start or after a stop, from a callback
// that was on its way, is given back at once. Only frames of a locked signal and of the announced
// format are handed on: what a card delivers without a signal (noise, bars, the last picture) is
// counted and withheld here, whatever a family forgets.
#pragma once
#include <atomic>
#include <mutex>
#include <string>

#include "handover.hpp"
#include "rtvbox/clock.hpp"
#include "rtvbox/video.h"

namespace rtv {

struct LiveStats {
  using Count = std::atomic<uint64_t>;
  Count frames{0}, taken{0}, dropped{0};    // handed over; fetched; lost to a slow consumer
  Count lost{0}, corrupt{0}, no_buffer{0};  // gaps in the card's count; marked bad; memory all out
  Count not_live{0};  // came while there was no signal: noise, withheld
  Count withheld{0};  // of another format than the announced one
  Count signal_changes{0}, format_changes{0}, starts{0}, restarts{0};
  std::atomic<uint64_t> sequence{0};  // of the last frame handed over
  std::atomic<uint32_t> signal{RTV_SIGNAL_ABSENT}, generation{0};
};

// A card's running count, unwrapped, over restarts of its stream: what is missing stays a gap.
class FrameCount {
  uint64_t count_ = 0;
  uint32_t last_ = 0;
  bool running_ = false;

 public:
  void restart() { running_ = false; }
  // Number of the frame, from 1; *lost: how many are missing before it.
  uint64_t add(uint32_t number, uint64_t *lost) {
    const uint32_t step = running_ ? number - last_ : 1;
    // A number that stands still or runs backwards is a driver that counts anew.
    const uint32_t moved = step == 0 || step > 1u << 24 ? 1 : step;
    *lost = moved - 1;
    last_ = number;
    running_ = true;
    return count_ += moved;
  }
};

class LiveSource {
 public:
  // queue: frames that wait for a slow consumer before the oldest is lost, 1 to 16.
  explicit LiveSource(uint32_t queue);
  LiveSource(const LiveSource &) = delete;
  LiveSource &operator=(const LiveSource &) = delete;

  const rtv_source *table() const { return &table_; }
  void retain() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  void stop();  // idempotent; frames handed out stay valid
  bool running() const { return running_; }
  bool gone() const { return gone_; }
  std::string last_error() {
    std::lock_guard hold(error_mutex_);
    return error_;
  }

  LiveStats stats;

 protected:
  virtual ~LiveSource() = default;
  // Starts the card; RTV_OK, or RTV_REFUSED, RTV_BROKEN or RTV_GONE after fail(). May push
  // before it returns. Called by the consumer's thread, never with the card open.
  virtual int open(bool slices) = 0;
  // Stops it and joins its threads; idempotent; also after an open that failed half-way. A family
  // calls it in its destructor too.
  virtual void shut() = 0;

  // For the card's thread. None allocates but fail() and say_gone().
  //
  // Takes over the reference; sets signal and generation. sequence, capture_tai, format and
  // lines_ready are the family's. False: not handed on (counted).
  bool deliver(rtv_frame *frame);
  // Rows of a frame already delivered in slices are there now. Whoever calls holds a reference.
  void grow(rtv_frame *frame, uint32_t lines);
  // seen: the format that goes with it, for MISMATCH and UNSUPPORTED above all.
  void say_signal(uint32_t signal, int64_t tai, const rtv_format *seen = nullptr);
  // Frames from here on are of this format, under a new generation.
  void say_format(const rtv_format &format, int64_t tai);
  // Stays true until a new start works.
  void say_gone(int64_t tai, const std::string &why);
  void fail(const std::string &why);
  // A break in the stream after which rates and phases start afresh, the format being the same.
  void next_generation() { stats.generation.fetch_add(1, std::memory_order_relaxed); }

 private:
  int start(bool slices);
  int next(int64_t timeout_ns, rtv_event *event);
  int wait_lines(rtv_frame *frame, uint32_t lines, int64_t timeout_ns);
  rtv_event event_now(int64_t tai) const;

  rtv_source table_;
  std::atomic<uint32_t> refs_{1};
  std::atomic<bool> running_{false}, gone_{false};
  std::mutex push_;        // never held while a consumer waits
  bool accepts_ = false;   // guarded by push_
  rtv_format format_{};    // guarded by push_; width 0: none announced yet
  Handover handover_;
  std::mutex error_mutex_;
  std::string error_, told_;  // told_: what error() gave out last
};

}  // namespace rtv
