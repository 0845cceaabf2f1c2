// SPDX-License-Identifier: Apache-2.0
// Which vblank a picture goes to. Pure: integers in, integers out; no clock, no device.
//
// Every picture is wanted at its due time plus what the way to the screen costs (the lead). It
// goes to the first vblank after that. Where due times and vblanks have nearly the same period,
// that vblank lies just before or just after for a long time, and jitter of the smallest kind
// would make pictures alternate between two vblanks: one shown twice, the next one dropped. So a
// picture is expected `repeats` vblanks after the one before it, and stays there while it waits
// between nothing and one refresh plus a band; only outside of that the step changes by one, which
// is a slip. The delay is therefore constant between slips, and never above a refresh plus band.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>

namespace rtv {

// When vblanks are. Fed with page-flip events; its period is measured over as long as it can.
class VblankClock {
  int64_t nominal_num_, nominal_den_;  // ns for each refresh, as a fraction
  int64_t first_time_ = 0, last_time_ = 0;
  int64_t first_seq_ = 0, last_seq_ = 0;
  int64_t ref_time_ = 0;  // of last_seq_, with the jitter of stamps taken out
  int64_t count_ = 0;
  static constexpr int64_t kBaseline = 600;  // refreshes until the measured period is used

 public:
  // The mode's refreshes a second.
  VblankClock(uint64_t rate_num, uint64_t rate_den)
      : nominal_num_(static_cast<int64_t>(rate_den) * 1'000'000'000),
        nominal_den_(static_cast<int64_t>(rate_num)) {}

  // n refreshes in ns, nearest.
  int64_t span(int64_t n) const {
    const auto scaled = [](int64_t a, int64_t num, int64_t den) {
      const __int128 p = static_cast<__int128>(a) * num;
      return static_cast<int64_t>((p >= 0 ? p + den / 2 : p - den / 2) / den);
    };
    if (last_seq_ - first_seq_ >= kBaseline)
      return scaled(n, last_time_ - first_time_, last_seq_ - first_seq_);
    return scaled(n, nominal_num_, nominal_den_);
  }
  int64_t period() const { return span(1); }
  bool measured() const { return last_seq_ - first_seq_ >= kBaseline; }
  // Measured against the mode's own description; 0 until measured.
  int64_t error_ppb() const {
    if (!measured()) return 0;
    const __int128 n = static_cast<__int128>(last_seq_ - first_seq_) * nominal_num_;
    const __int128 t = static_cast<__int128>(last_time_ - first_time_) * nominal_den_;
    return static_cast<int64_t>((n - t) * 1'000'000'000 / t);
  }
  bool running() const { return count_ > 0; }

  // A vblank with its sequence number began at `time`.
  void seen(int64_t seq, int64_t time) {
    const int64_t off = count_ ? time - at(seq) : 0;
    if (!count_ || seq <= last_seq_ || off > period() / 2 || off < -period() / 2) {
      // The first, or the clocks jumped: begin again.
      first_time_ = ref_time_ = time;
      first_seq_ = last_seq_ = seq;
      last_time_ = time;
      count_ = 1;
      return;
    }
    // An eighth of the error is believed: stamps taken in software are late, never early.
    ref_time_ = at(seq) + off / 8;
    last_seq_ = seq;
    last_time_ = time;
    ++count_;
  }
  // When vblank seq is.
  int64_t at(int64_t seq) const { return ref_time_ + span(seq - last_seq_); }
  // The first vblank at or after time.
  int64_t after(int64_t time) const {
    int64_t n = last_seq_ + (time - ref_time_) / period();
    while (at(n) < time) ++n;
    while (at(n - 1) >= time) --n;
    return n;
  }
  int64_t last_seq() const { return last_seq_; }
};

// What the way to the screen costs: the third worst of the last 256 to 512 pictures, so that two
// stray ones delay nothing for good, and a habit does.
class Lead {
  struct Window {
    std::array<int64_t, 3> worst{};
    int count = 0;
    void add(int64_t v) {
      for (auto &w : worst)
        if (v > w) std::swap(v, w);
      ++count;
    }
  };
  Window now_{}, before_{};
  int64_t first_ = 0;
  bool any_ = false;

 public:
  void add(int64_t ns) {
    ns = std::max<int64_t>(ns, 0);
    if (!any_) first_ = ns;
    any_ = true;
    now_.add(ns);
    if (now_.count == 256) {
      before_ = now_;
      now_ = {};
    }
  }
  int64_t value() const {
    std::array<int64_t, 6> all{};
    std::copy(before_.worst.begin(), before_.worst.end(), all.begin());
    std::copy(now_.worst.begin(), now_.worst.end(), all.begin() + 3);
    std::sort(all.begin(), all.end(), std::greater<>());
    // Before there are three, the first is all that is known.
    return before_.count + now_.count < 3 ? first_ : all[2];
  }
};

struct Assignment {
  int64_t vblank = 0;
  int64_t wait = 0;  // from due + lead to the vblank, ns
  int slip = 0;      // +1: the picture before stays one refresh longer; -1: one shorter
  bool first = false;
};

class Steering {
  int64_t repeats_, last_ = 0;
  bool started_ = false;

 public:
  explicit Steering(uint32_t repeats) : repeats_(repeats) {}

  // The band: an eighth of a refresh, 1 ms at least, a quarter at most.
  static int64_t band(int64_t period) {
    return std::min(std::max<int64_t>(period / 8, 1'000'000), period / 4);
  }
  void restart() { started_ = false; }

  // wanted: due + lead, ns. pictures: since the last call, 1 unless some were lost on the way.
  Assignment next(const VblankClock &clock, int64_t wanted, int64_t pictures = 1) {
    Assignment a;
    const int64_t period = clock.period();
    const int64_t expected = last_ + repeats_ * pictures;
    a.wait = clock.at(expected) - wanted;
    if (!started_ || a.wait > 4 * period || a.wait < -4 * period) {
      // The first, or the flow's times jumped.
      a.first = true;
      a.vblank = clock.after(wanted);
    } else if (a.wait < 0) {
      a.vblank = clock.after(wanted);
      a.slip = static_cast<int>(a.vblank - expected);
    } else if (a.wait >= period + band(period)) {
      a.vblank = clock.after(wanted);
      if (clock.at(a.vblank) - wanted < band(period) / 2) ++a.vblank;  // not onto the other edge
      a.slip = static_cast<int>(a.vblank - expected);
    } else {
      a.vblank = expected;
    }
    a.wait = clock.at(a.vblank) - wanted;
    last_ = a.vblank;
    started_ = true;
    return a;
  }
};

// Time until the next slip, ns; 0: none in sight (no drift, or more than a year).
// wait: of the last picture; drift_ns: how much the wait changes with each picture, in 2^-16 ns.
inline int64_t next_slip_ns(int64_t wait, int64_t drift_16, int64_t period, int64_t picture_ns) {
  if (drift_16 == 0) return 0;
  const __int128 room = drift_16 < 0 ? wait : period + Steering::band(period) - wait;
  if (room <= 0) return picture_ns;
  const __int128 pictures = (room << 16) / (drift_16 < 0 ? -drift_16 : drift_16) + 1;
  const __int128 ns = pictures * picture_ns;
  return ns > static_cast<__int128>(31'536'000) * 1'000'000'000 ? 0 : static_cast<int64_t>(ns);
}

}  // namespace rtv
