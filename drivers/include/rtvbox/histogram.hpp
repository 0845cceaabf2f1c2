// SPDX-License-Identifier: Apache-2.0
// Counts durations without allocation; one writer, any number of readers, no lock.
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <limits>

namespace rtv {

// Log-linear: 64 steps for each power of two, so a bucket is at most 1.6 % wide. Values in ns;
// negative ones count as 0 and the maximum is kept exactly.
class Histogram {
 public:
  static constexpr int kSteps = 64, kShift = 6, kBuckets = (64 - kShift) * kSteps;

  void add(int64_t ns) {
    const uint64_t v = ns < 0 ? 0 : static_cast<uint64_t>(ns);
    bucket_[index(v)].fetch_add(1, std::memory_order_relaxed);
    count_.fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(static_cast<int64_t>(v), std::memory_order_relaxed);
    const auto s = static_cast<int64_t>(v);
    if (s < min_.load(std::memory_order_relaxed)) min_.store(s, std::memory_order_relaxed);
    if (s > max_.load(std::memory_order_relaxed)) max_.store(s, std::memory_order_relaxed);
  }
  int64_t count() const { return count_.load(std::memory_order_relaxed); }
  int64_t sum() const { return sum_.load(std::memory_order_relaxed); }
  int64_t min() const { return count() ? min_.load(std::memory_order_relaxed) : 0; }
  int64_t max() const { return max_.load(std::memory_order_relaxed); }
  uint32_t bucket(int i) const {
    return bucket_[static_cast<size_t>(i)].load(std::memory_order_relaxed);
  }
  // Upper bound of bucket i, ns.
  static int64_t upper(int i) {
    if (i < kSteps) return i;
    const int e = i / kSteps - 1;
    return ((static_cast<int64_t>(i % kSteps) + kSteps + 1) << e) - 1;
  }
  // The smallest bound that holds `permille` thousandths of the values (0..1000).
  int64_t quantile(int permille) const {
    const int64_t n = count();
    if (n == 0) return 0;
    const int64_t want = std::max<int64_t>(1, (n * permille + 999) / 1000);
    int64_t seen = 0;
    for (int i = 0; i < kBuckets; ++i) {
      seen += bucket(i);
      if (seen >= want) return std::min(upper(i), max());
    }
    return max();
  }

 private:
  static size_t index(uint64_t v) {
    if (v < kSteps) return static_cast<size_t>(v);
    const int e = 63 - std::countl_zero(v) - kShift;  // v >> e lies in [64, 128)
    const auto i = static_cast<size_t>(e + 1) * kSteps + static_cast<size_t>((v >> e) - kSteps);
    return std::min(i, static_cast<size_t>(kBuckets - 1));
  }
  std::array<std::atomic<uint32_t>, kBuckets> bucket_{};
  std::atomic<int64_t> count_{0}, sum_{0}, min_{std::numeric_limits<int64_t>::max()}, max_{0};
};

}  // namespace rtv
