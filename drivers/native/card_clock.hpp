// SPDX-License-Identifier: Apache-2.0
// When a pretend card's frames begin: on the alignment points of ST 2059-1 like a genlocked card,
// or on an own oscillator that runs fast or slow by parts per billion, exact for ever.
#pragma once
#include "rtvbox/clock.hpp"
#include "rtvbox/video.h"

namespace rtv {

class CardClock {
  uint32_t num_, den_;
  int64_t phase_;          // genlocked: distance from the alignment point, ns
  bool free_ = false;      // runs on its own oscillator since frame zero_
  int64_t zero_ = 0, base_ = 0, ppb_ = 0;

 public:
  CardClock(const rtv_format &f, int64_t phase) : num_(f.rate_num), den_(f.rate_den), phase_(phase) {}

  // Start of frame k's raster, TAI ns. Indices go on through every change of drift.
  int64_t at(int64_t k) const {
    if (!free_) return alignment_point(k, num_, den_) + phase_;
    constexpr auto unit = static_cast<__int128>(kSecond);
    const __int128 elapsed = static_cast<__int128>(k - zero_) * den_ * unit * unit;
    const __int128 rate = static_cast<__int128>(num_) * (unit + ppb_);
    __int128 q = elapsed / rate;
    if (elapsed % rate < 0) --q;
    return base_ + static_cast<int64_t>(q);
  }
  // Leaves the genlock at frame k: from there on frames are shorter by ppb (longer if negative).
  void run_free(int64_t k, int64_t ppb) {
    base_ = at(k);
    zero_ = k;
    ppb_ = ppb;
    free_ = true;
  }
  // Index of the last frame that began at or before tai.
  int64_t index(int64_t tai) const {
    if (!free_) return alignment_index(tai - phase_, num_, den_);
    constexpr auto unit = static_cast<__int128>(kSecond);
    int64_t k = zero_ + static_cast<int64_t>(static_cast<__int128>(tai - base_) * num_ *
                                             (unit + ppb_) / (unit * unit * den_));
    while (at(k + 1) <= tai) ++k;
    while (at(k) > tai) --k;
    return k;
  }
  bool genlocked() const { return !free_; }
  int64_t ppb() const { return ppb_; }
};

}  // namespace rtv
