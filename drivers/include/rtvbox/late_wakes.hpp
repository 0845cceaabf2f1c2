// SPDX-License-Identifier: Apache-2.0
// When a thread came late to an instant it had set itself: the evidence by which a machine that
// stood still is told from a fault. One writer, any number of readers, no lock, no allocation.
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace rtv {

class LateWakes {
 public:
  // Less does no harm to a frame.
  static constexpr int64_t kLeast = 1'000'000;
  static constexpr size_t kKept = 256;
  // A thread without appointments sees nothing: who sleeps for longer does so in naps.
  static constexpr int64_t kNap = 5'000'000;

  struct Wake {
    int64_t due, woke;  // TAI, ns
  };

  // The thread meant to go on at `due` and did so at `woke`.
  void note(int64_t due, int64_t woke) {
    if (woke - due < kLeast) return;
    const uint64_t n = noted_.load(std::memory_order_relaxed);
    Slot &slot = ring_[n % kKept];
    // A reader that meets the slot half written sees an end of 0, or other numbers than before.
    slot.woke.store(0, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    slot.due.store(due, std::memory_order_relaxed);
    slot.woke.store(woke, std::memory_order_release);
    noted_.store(n + 1, std::memory_order_release);
  }
  uint64_t noted() const { return noted_.load(std::memory_order_acquire); }

  // The last kKept of them, oldest first.
  template <class F>
  void each(F &&tell) const {
    const uint64_t n = noted();
    for (uint64_t i = n - std::min<uint64_t>(n, kKept); i < n; ++i) {
      const Slot &slot = ring_[i % kKept];
      const int64_t woke = slot.woke.load(std::memory_order_acquire);
      const Wake wake{slot.due.load(std::memory_order_relaxed), woke};
      std::atomic_thread_fence(std::memory_order_acquire);
      if (woke && slot.woke.load(std::memory_order_relaxed) == woke) tell(wake);
    }
  }

 private:
  struct Slot {
    std::atomic<int64_t> due{0}, woke{0};
  };
  std::array<Slot, kKept> ring_;
  std::atomic<uint64_t> noted_{0};
};

}  // namespace rtv
