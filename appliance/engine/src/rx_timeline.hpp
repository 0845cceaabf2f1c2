// SPDX-License-Identifier: Apache-2.0
// RTP timestamps without their wrap, and what TAI they mean (ST 2110-10: ticks since the epoch).
#pragma once
#include <cstdint>
#include <cstdlib>

#include "rtvbox/clock.hpp"

namespace rtv {

class Timeline {
 public:
  Timeline(uint32_t rtp_rate, uint32_t rate_num, uint32_t rate_den)
      : rtp_rate_(rtp_rate), rate_num_(rate_num), rate_den_(rate_den) {}

  // Anchors the 32 bits at the local time. False when the sender's clock cannot be ours: it is
  // then followed by arrival, since its timestamps name no instant that we know.
  bool anchor(uint32_t timestamp, int64_t now) {
    const auto ticks = static_cast<int64_t>(static_cast<__int128>(now) * rtp_rate_ / kSecond);
    last_ = ticks + static_cast<int32_t>(timestamp - static_cast<uint32_t>(ticks));
    shift_ = 0;
    const int64_t apart = now - tai(last_);
    if (apart > -kOurs && apart < kOurs) return true;
    shift_ = apart;
    return false;
  }
  // Ticks since the epoch of a timestamp near the last one; move: it becomes the last one.
  int64_t ticks(uint32_t timestamp) const {
    return last_ + static_cast<int32_t>(timestamp - static_cast<uint32_t>(last_));
  }
  void move(int64_t ticks) { last_ = ticks; }
  int64_t last() const { return last_; }
  bool foreign() const { return shift_ != 0; }
  void shift_to(int64_t ticks, int64_t at) { shift_ += at - tai(ticks); }

  // The instant; a frame boundary of ST 2059-1 exactly when it is one.
  int64_t tai(int64_t ticks) const {
    const auto at = static_cast<int64_t>(
        (static_cast<__int128>(ticks) * kSecond + rtp_rate_ - 1) / rtp_rate_);
    if (shift_) return at + shift_;
    const int64_t tick = kSecond / rtp_rate_ + 1;
    const int64_t k = alignment_index(at + tick, rate_num_, rate_den_);
    const int64_t point = alignment_point(k, rate_num_, rate_den_);
    return std::llabs(point - at) <= tick ? point : at;
  }

 private:
  static constexpr int64_t kOurs = kSecond;
  uint32_t rtp_rate_, rate_num_, rate_den_;
  int64_t last_ = 0, shift_ = 0;
};

}  // namespace rtv
