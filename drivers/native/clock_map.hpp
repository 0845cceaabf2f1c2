// SPDX-License-Identifier: Apache-2.0
// From a card's clock to TAI and back: a straight line through the last readings of both.
// One thread uses it.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>

namespace rtv {

class ClockMap {
 public:
  enum class Reading : uint8_t {
    used,
    late,    // took much longer than others: says too little
    astray,  // narrow, but off the line; the next one will tell whether a clock was set
    anew,    // one or more went astray before: a clock was set, and the line begins here
  };

  // One reading of the card's clock (ns since anything), made between two of TAI.
  Reading add(int64_t card, int64_t tai_before, int64_t tai_after) {
    const int64_t width = minus(tai_after, tai_before);
    if (width < 0 || width > kUnit) return Reading::late;  // TAI was set between the two
    const Pair pair{card, plus(tai_before, width / 2), width};
    if (count_ && width > 4 * narrowest() + kWide) {
      // Were all to be slow from now on, the window must not stay empty for ever.
      if (++slow_ < kSize) return Reading::late;
      forget(pair);
      return Reading::anew;
    }
    slow_ = 0;
    if (count_ && off(pair, tai(card)) > tolerance(width, newest().card, card)) {
      // Two in a row that agree are a new line. So are more that do not: a clock that is being
      // slewed hard has no line yet, and the old one is wrong for certain.
      const bool agrees = astray_ && off(pair, plus(lost_.tai, scaled(minus(card, lost_.card)))) <=
                                         tolerance(width, lost_.card, card);
      if (!agrees && ++astray_ < kStubborn) {
        lost_ = pair;
        return Reading::astray;
      }
      if (!agrees) lost_ = pair;
      const Pair first = lost_;
      forget(first);
      if (agrees) push(pair), fit();
      return Reading::anew;
    }
    astray_ = 0;
    push(pair);
    fit();
    return Reading::used;
  }

  bool known() const { return count_ > 0; }
  // TAI of an instant of the card's clock; nonsense before a reading.
  int64_t tai(int64_t card) const { return plus(tai0_, scaled(minus(card, card0_))); }
  // The card's clock at an instant of TAI, as for when to play out; to a ns, tai()'s inverse.
  int64_t card(int64_t tai) const {
    const int64_t d = minus(tai, tai0_);
    return plus(card0_, plus(d, mul_div(d, ppb_, kUnit - ppb_)));
  }
  // How much faster than TAI the card's clock runs, parts per billion. Survives a setting of TAI:
  // a crystal does not know of it.
  int64_t ppb() const { return ppb_; }
  // The rate was measured, over half a second at least; before, ppb() is 0.
  bool rate_known() const { return rate_known_; }
  // How far tai() may be off within the window, ns: half of the narrowest reading, and the
  // farthest that a reading lies off the line.
  int64_t uncertainty() const { return narrowest() / 2 + residual_; }
  uint32_t readings() const { return count_; }
  // How often a clock was set.
  uint32_t steps() const { return steps_; }

 private:
  struct Pair {
    int64_t card, tai, width;
  };
  static constexpr uint32_t kSize = 64;
  static constexpr uint32_t kStubborn = 4;  // readings off the line, whatever they say
  static constexpr int64_t kUnit = 1'000'000'000;
  static constexpr int64_t kWide = 20'000;       // ns; readings differ by that for no reason
  static constexpr int64_t kFar = 100'000;       // ns off the line that no jitter explains
  static constexpr int64_t kCrystal = 250'000;   // ppb that a clock may be off or be steered by
  static constexpr int64_t kLong = 500'000'000;  // ns that a rate is measured over at least

  // Clocks come from drivers: differences wrap, they are never undefined.
  static int64_t minus(int64_t a, int64_t b) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
  }
  static int64_t plus(int64_t a, int64_t b) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  }
  static int64_t magnitude(int64_t a) { return a == INT64_MIN ? INT64_MAX : a < 0 ? -a : a; }
  static int64_t mul_div(int64_t a, int64_t b, int64_t c) {
    return static_cast<int64_t>(static_cast<__int128>(a) * b / c);
  }
  // A stretch of the card's clock in TAI.
  int64_t scaled(int64_t d) const { return minus(d, mul_div(d, ppb_, kUnit)); }
  static int64_t off(const Pair &p, int64_t tai) { return magnitude(minus(p.tai, tai)); }
  // The longer the line is drawn out, the farther its rate leads it astray.
  int64_t tolerance(int64_t width, int64_t from, int64_t to) const {
    const int64_t gap = magnitude(minus(to, from));
    const int64_t rate = rate_known_ ? kCrystal / 10 : kCrystal;
    return kFar + width + mul_div(gap, rate, kUnit);
  }
  const Pair &newest() const { return ring_[(next_ + kSize - 1) % kSize]; }
  int64_t narrowest() const { return narrowest_; }

  void push(const Pair &pair) {
    ring_[next_] = pair;
    next_ = (next_ + 1) % kSize;
    if (count_ < kSize) ++count_;
  }
  // The line begins anew with this reading; the rate stays.
  void forget(const Pair &pair) {
    count_ = next_ = slow_ = astray_ = 0;
    ++steps_;
    push(pair);
    fit();
  }
  void fit() {
    const Pair base = newest();
    __int128 c = 0, t = 0;
    int64_t oldest = 0;
    narrowest_ = INT64_MAX;
    for (uint32_t i = 0; i < count_; ++i) {
      const int64_t x = minus(ring_[i].card, base.card);
      c += x;
      t += minus(ring_[i].tai, base.tai);
      oldest = std::max(oldest, magnitude(x));
      narrowest_ = std::min(narrowest_, ring_[i].width);
    }
    const auto mc = static_cast<int64_t>(c / count_), mt = static_cast<int64_t>(t / count_);
    card0_ = plus(base.card, mc);
    tai0_ = plus(base.tai, mt);
    // A short line tells the rate worse than the crystal's tolerance does. Three at least, as two
    // always lie on one.
    if (oldest >= kLong && count_ >= 3) slope(base, mc, mt);
    residual_ = 0;
    for (uint32_t i = 0; i < count_; ++i)
      residual_ = std::max(residual_, off(ring_[i], tai(ring_[i].card)));
  }
  void slope(const Pair &base, int64_t mc, int64_t mt) {
    __int128 cc = 0, cd = 0;
    for (uint32_t i = 0; i < count_; ++i) {
      // In units of 16 ns, so that a window of days cannot overflow.
      const int64_t x = minus(minus(ring_[i].card, base.card), mc);
      const int64_t y = minus(minus(ring_[i].tai, base.tai), mt);
      const __int128 part = x / 16;
      cc += part * part;
      cd += part * minus(x, y);
    }
    const __int128 unit = cc * 16 / kUnit;
    if (unit == 0) return;
    const __int128 found = cd / unit;
    // What no crystal does is a card whose clock is not what it says; the line stays level.
    if (found > 2 * kCrystal || found < -2 * kCrystal) return;
    ppb_ = static_cast<int64_t>(found);
    rate_known_ = true;
  }

  std::array<Pair, kSize> ring_{};
  Pair lost_{};
  uint32_t next_ = 0, count_ = 0, slow_ = 0, astray_ = 0, steps_ = 0;
  bool rate_known_ = false;
  int64_t card0_ = 0, tai0_ = 0, ppb_ = 0, narrowest_ = 0, residual_ = 0;
};

}  // namespace rtv
