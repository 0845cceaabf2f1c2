// SPDX-License-Identifier: Apache-2.0
// From the thread that assembles frames to the thread that presents them: a ring for one writer
// and one reader without a lock. Each entry owns one reference of its frame.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>

#include "rtvbox/video.h"

namespace rtv {

struct Outgoing {
  rtv_frame *frame = nullptr;
  int64_t due = 0;      // TAI
  int64_t capture = 0;  // TAI; 0 for a slate
  int64_t sending = 0;  // first to last packet of the frame, ns; 0 when handed on in slices
  bool news = false;    // a picture that was not there before: its way can be measured
};

class Outbox {
  static constexpr uint32_t kSize = 256;
  std::array<Outgoing, kSize> ring_;
  std::atomic<uint32_t> head_{0}, tail_{0};

 public:
  ~Outbox() {
    Outgoing o;
    while (pop(&o)) rtv_frame_unref(o.frame);
  }
  // Takes over the reference, unless it is full.
  bool push(const Outgoing &o) {
    const uint32_t h = head_.load(std::memory_order_relaxed);
    if (h - tail_.load(std::memory_order_acquire) == kSize) return false;
    ring_[h % kSize] = o;
    head_.store(h + 1, std::memory_order_release);
    return true;
  }
  bool pop(Outgoing *o) {
    const uint32_t t = tail_.load(std::memory_order_relaxed);
    if (t == head_.load(std::memory_order_acquire)) return false;
    *o = ring_[t % kSize];
    tail_.store(t + 1, std::memory_order_release);
    return true;
  }
  uint32_t pushed() const { return head_.load(std::memory_order_relaxed); }  // wraps
};

}  // namespace rtv
