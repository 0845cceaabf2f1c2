// SPDX-License-Identifier: Apache-2.0
// The hand-over from a card's thread to its one consumer: events and frames in order. A slow
// consumer loses the oldest frame, never an event, and never holds the card up.
#pragma once
#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "rtvbox/video.h"

namespace rtv {

class Handover {
 public:
  struct Item {
    int result;
    rtv_event event;
  };
  explicit Handover(uint32_t depth) : depth_(depth) {}
  ~Handover() { clear(); }

  // Takes over the reference in event.frame. Returns how many frames were dropped for it.
  uint32_t push(int result, const rtv_event &event) {
    rtv_frame *dropped[kSize];
    uint32_t n = 0;
    {
      std::lock_guard hold(mutex_);
      if (event.frame)
        while (frames_ >= depth_) dropped[n++] = drop_oldest(true);
      if (count_ == kSize) {
        // A storm of events with nobody to hear them: the later ones say how things stand now.
        if (rtv_frame *f = drop_oldest(frames_ > 0)) dropped[n++] = f;
      }
      items_[(head_ + count_++) % kSize] = {result, event};
      frames_ += event.frame ? 1 : 0;
    }
    changed_.notify_one();
    for (uint32_t i = 0; i < n; ++i) rtv_frame_unref(dropped[i]);
    return n;
  }
  // False: nothing came in time, or wake() was called.
  bool pop(int64_t timeout_ns, Item *out) {
    std::unique_lock hold(mutex_);
    if (count_ == 0 && !awake_ && timeout_ns > 0)
      changed_.wait_until(
          hold, std::chrono::steady_clock::now() + std::chrono::nanoseconds(timeout_ns),
          [this] { return count_ > 0 || awake_; });
    if (count_ == 0) return false;
    *out = items_[head_];
    head_ = (head_ + 1) % kSize;
    --count_;
    frames_ -= out->event.frame ? 1 : 0;
    return true;
  }
  // While awake, pop returns at once.
  void wake(bool on) {
    {
      std::lock_guard hold(mutex_);
      awake_ = on;
    }
    changed_.notify_all();
  }
  void clear() {
    Item item;
    while (pop(0, &item)) rtv_frame_unref(item.event.frame);
  }

 private:
  static constexpr uint32_t kSize = 32;
  rtv_frame *drop_oldest(bool frame) {
    for (uint32_t i = 0; i < count_; ++i) {
      rtv_frame *f = items_[(head_ + i) % kSize].event.frame;
      if (frame && !f) continue;
      for (uint32_t j = i; j + 1 < count_; ++j)
        items_[(head_ + j) % kSize] = items_[(head_ + j + 1) % kSize];
      --count_;
      frames_ -= f ? 1 : 0;
      return f;
    }
    return nullptr;
  }
  std::array<Item, kSize> items_{};
  uint32_t head_ = 0, count_ = 0, frames_ = 0;
  const uint32_t depth_;  // at most kSize
  bool awake_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace rtv
