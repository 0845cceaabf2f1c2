// SPDX-License-Identifier: Apache-2.0
// What the data plane wants said in the log: fixed-size lines in a ring, written without a lock
// by its threads and read by the control plane. When the ring is full the new line is dropped
// and counted: the data plane never waits for its log.
#pragma once
#include <array>
#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <cstdio>

#include "rtvbox/clock.hpp"

namespace rtv {

enum class Severity : uint8_t { info, warning, error };

struct EventLine {
  Severity severity;
  int64_t tai;
  const char *code;  // static string
  char text[192];    // never patient data
};

class Events {
  static constexpr uint32_t kSize = 256;
  struct Cell {
    std::atomic<uint32_t> turn;
    EventLine line;
  };
  std::array<Cell, kSize> cells_;
  std::atomic<uint32_t> head_{0};
  uint32_t tail_ = 0;
  std::atomic<uint64_t> dropped_{0};

 public:
  Events() {
    for (uint32_t i = 0; i < kSize; ++i) cells_[i].turn.store(i, std::memory_order_relaxed);
  }
  __attribute__((format(printf, 4, 5))) void say(Severity s, const char *code, const char *fmt,
                                                 ...) {
    uint32_t at = head_.load(std::memory_order_relaxed);
    for (;;) {
      Cell &c = cells_[at % kSize];
      const auto gap = static_cast<int32_t>(c.turn.load(std::memory_order_acquire) - at);
      if (gap < 0) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return;
      }
      if (gap > 0) {
        at = head_.load(std::memory_order_relaxed);
        continue;
      }
      if (!head_.compare_exchange_weak(at, at + 1, std::memory_order_relaxed)) continue;
      c.line.severity = s;
      c.line.tai = tai_now();
      c.line.code = code;
      va_list args;
      va_start(args, fmt);
      std::vsnprintf(c.line.text, sizeof c.line.text, fmt, args);
      va_end(args);
      c.turn.store(at + 1, std::memory_order_release);
      return;
    }
  }
  // One reader at a time.
  bool take(EventLine *out) {
    Cell &c = cells_[tail_ % kSize];
    if (c.turn.load(std::memory_order_acquire) != tail_ + 1) return false;
    *out = c.line;
    c.turn.store(tail_ + kSize, std::memory_order_release);
    ++tail_;
    return true;
  }
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
};

}  // namespace rtv
