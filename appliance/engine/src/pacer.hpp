// SPDX-License-Identifier: Apache-2.0
// When packets may leave: the read schedule of the virtual receiver buffer and the network
// compatibility model, both of ST 2110-21. Pure arithmetic; waiting is the waiter's business.
#pragma once
#include <algorithm>
#include <cstdint>

#include "rtvbox/clock.hpp"
#include "rtvbox/late_wakes.hpp"

namespace rtv {

// The instants at which the model's receiver reads the packets of a frame or field.
struct ReadSchedule {
  int64_t first_tai;   // TPR0: alignment point + TRO
  int64_t active_ns;   // span of all packets
  uint32_t packets;
  uint32_t lead;       // packet slots by which a packet may leave before it is read

  int64_t read_at(uint32_t j) const { return at(static_cast<int64_t>(j)); }
  int64_t due(uint32_t j) const { return at(static_cast<int64_t>(j) - static_cast<int64_t>(lead)); }

 private:
  int64_t at(int64_t slots) const {
    const __int128 n = static_cast<__int128>(slots) * active_ns;
    const __int128 d = packets;
    const __int128 q = n / d;
    return first_tai + static_cast<int64_t>(n < 0 && q * d != n ? q - 1 : q);
  }
};

// Leaky bucket of the network model: every packet adds TDRAIN, time takes it away. Holds back
// until n more packets fit under the ceiling, also when catching up.
//
// What counts is when packets reach the network, which is some time after the call that sends
// them starts. A usual call delays all bursts alike and so changes no distance; only what a
// call takes beyond the usual moves a burst towards the next one, and is charged here.
class LeakyBucket {
  int64_t drain_ps_, ceiling_ps_;
  int64_t level_ps_ = 0, at_ = 0, usual_ = -1;

  int64_t level_at(int64_t t) const {
    const int64_t gone = t - at_;
    if (gone <= 0) return level_ps_;
    if (gone > kSecond) return 0;
    return std::max<int64_t>(0, level_ps_ - gone * 1000);
  }

 public:
  // A quarter of what a burst leaves free under cmax is kept for the jitter of calls.
  LeakyBucket(int64_t drain_ps, uint32_t cmax, uint32_t burst)
      : drain_ps_(drain_ps), ceiling_ps_(drain_ps * cmax - drain_ps * (cmax - burst) / 4) {}

  // Earliest instant, not before now, at which n packets fit.
  int64_t earliest(uint32_t n, int64_t now) const {
    const int64_t over = level_ps_ + drain_ps_ * n - ceiling_ps_;
    if (over <= 0) return now;
    return std::max(now, at_ + (over + 999) / 1000);
  }
  // How many packets fit when it is empty.
  uint32_t capacity() const { return static_cast<uint32_t>(ceiling_ps_ / drain_ps_); }
  // How many packets fit now.
  uint32_t room(int64_t now) const {
    const int64_t left = ceiling_ps_ - level_at(now);
    return left <= 0 ? 0 : static_cast<uint32_t>(left / drain_ps_);
  }
  // n packets went out in a call that lasted from `before` to `after`.
  void sent(uint32_t n, int64_t before, int64_t after) {
    const int64_t call = std::max<int64_t>(0, after - before);
    // Half of the calls take longer: exceptional ones do not move it.
    if (usual_ < 0) usual_ = call;
    usual_ += call > usual_ ? usual_ / 64 + 50 : -std::min(usual_, usual_ / 64 + 50);
    const int64_t t = std::max(at_, after - std::min(call, usual_));
    level_ps_ = level_at(t) + drain_ps_ * n;
    at_ = t;
  }
  int64_t level_ps(int64_t now) const { return level_at(now); }
};

// Waits for instants. Sleep wakes late, by what `over` follows.
class Waiter {
  int64_t spin_ns_;
  LateWakes &late_;
  int64_t over_ = 30'000, spun_ = 0;

  int64_t sleep(int64_t wake) {
    sleep_until_tai(wake);
    const int64_t now = tai_now();
    late_.note(wake, now);
    const int64_t over = std::clamp<int64_t>(now - wake, 0, 150'000);
    over_ += (over - over_) / 16;
    return now;
  }
  int64_t spin(int64_t t) {
    spin_until_tai(t);
    const int64_t now = tai_now();
    late_.note(t, now);
    return now;
  }

 public:
  Waiter(int64_t spin_ns, LateWakes &late) : spin_ns_(spin_ns), late_(late) {}

  // Exact: sleeps until `spin` before the instant, the rest awake.
  void until(int64_t t) {
    int64_t now = tai_now();
    if (t - now > spin_ns_) now = sleep(t - spin_ns_);
    if (now >= t) return;
    spun_ += spin(t) - now;
  }
  // About: asleep where that pays, aimed so that it wakes near the instant, early or late.
  int64_t about(int64_t t) {
    const int64_t now = tai_now();
    if (t - now > over_) return sleep(t - over_);
    const int64_t then = t > now ? spin(t) : now;
    spun_ += then - now;
    return then;
  }
  int64_t spun_ns() const { return spun_; }
};

}  // namespace rtv
