// SPDX-License-Identifier: Apache-2.0
// A card's clock: nanoseconds that run fast or slow by parts per billion of the machine's
// monotonic clock, without a jump when the rate is changed.
#pragma once
#include <mutex>

#include "rtvbox/clock.hpp"

namespace standin {

class Oscillator {
  mutable std::mutex mutex_;
  int64_t mono_ = rtv::mono_now(), card_ = 1000 * rtv::kSecond, ppb_ = 0;

  static int64_t scaled(int64_t value, int64_t num, int64_t den) {
    return static_cast<int64_t>(static_cast<__int128>(value) * num / den);
  }
  int64_t at_locked(int64_t mono) const {
    return card_ + scaled(mono - mono_, rtv::kSecond + ppb_, rtv::kSecond);
  }

 public:
  int64_t at(int64_t mono) const {
    const std::lock_guard lock(mutex_);
    return at_locked(mono);
  }
  int64_t mono_of(int64_t card) const {
    const std::lock_guard lock(mutex_);
    return mono_ + scaled(card - card_, rtv::kSecond, rtv::kSecond + ppb_);
  }
  void run_at(int64_t ppb) {
    const std::lock_guard lock(mutex_);
    const int64_t now = rtv::mono_now();
    card_ = at_locked(now);
    mono_ = now;
    ppb_ = ppb;
  }
  // Jumps, so that each whole second of it begins `ns` after a whole second of TAI.
  void align(int64_t ns) {
    const std::lock_guard lock(mutex_);
    mono_ = rtv::mono_now();
    const int64_t tai = rtv::tai_now();
    card_ = 1000 * rtv::kSecond + (tai - ns) % rtv::kSecond;
  }
  int64_t ppb() const {
    const std::lock_guard lock(mutex_);
    return ppb_;
  }
};

inline int64_t in_scale(int64_t ns, int64_t scale) {
  return static_cast<int64_t>(static_cast<__int128>(ns) * scale / rtv::kSecond);
}

}  // namespace standin
