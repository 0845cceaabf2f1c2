// SPDX-License-Identifier: Apache-2.0
// What the playout thread tells: events for a person, and each picture that was shown. Rings with
// one writer and one reader, without locks; a reader that does not read loses the newest, counted.
#pragma once
#include <array>
#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <cstdio>

namespace rtv::drm {

template <class T, size_t N>
class Ring {
  std::array<T, N> items_{};
  std::atomic<size_t> in_{0}, out_{0};

 public:
  std::atomic<uint64_t> lost{0};
  void put(const T &item) {
    const size_t in = in_.load(std::memory_order_relaxed);
    if (in - out_.load(std::memory_order_acquire) == N) {
      lost.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    items_[in % N] = item;
    in_.store(in + 1, std::memory_order_release);
  }
  bool take(T *item) {
    const size_t out = out_.load(std::memory_order_relaxed);
    if (out == in_.load(std::memory_order_acquire)) return false;
    *item = items_[out % N];
    out_.store(out + 1, std::memory_order_release);
    return true;
  }
};

struct Event {
  int64_t tai;
  bool warning;
  char text[400];
};

// A picture on the screen: from flip_tai on, until the next.
struct Shown {
  uint64_t sequence;  // the frame's
  uint32_t field;
  int64_t due, flip_tai;
  int64_t vblank, wanted_vblank;  // 0 where the driver counts none
};

struct Journal {
  Ring<Event, 64> events;
  Ring<Shown, 1024> pictures;

  __attribute__((format(printf, 4, 5))) void say(int64_t tai, bool warning, const char *format, ...) {
    Event e{tai, warning, {}};
    va_list list;
    va_start(list, format);
    std::vsnprintf(e.text, sizeof e.text, format, list);
    va_end(list);
    events.put(e);
  }
};

}  // namespace rtv::drm
