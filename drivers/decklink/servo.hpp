// SPDX-License-Identifier: Apache-2.0
// Keeps a card's output raster in phase with TAI by trimming the card's clock in whole parts per
// million. Without it the output beats slowly against the flow, and the latency walks up and down
// by a frame (what the first operating-room trial measured). Pure: times in, trim out.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace rtv {

// d modulo period, the shortest way round: [-period/2, period/2).
inline int64_t wrap_phase(int64_t d, int64_t period) {
  int64_t m = d % period;
  if (m < 0) m += period;
  return m >= (period + 1) / 2 ? m - period : m;
}

enum class ServoState : uint8_t {
  watching,      // measures the free clock before it touches it
  acquiring,     // on the way to the phase
  locked,
  out_of_reach,  // the clock is further off than the trim can pull
  no_effect,     // the card takes the trim and does not follow
};

struct ServoOptions {
  int64_t period_ns = 20'000'000;  // of the output's frames
  int32_t limit_ppm = 127;         // DeckLink: clock timing adjustment -127..127 ppm
  int64_t lock_ns = 50'000;        // this near for five steps counts as locked
  int64_t tau_ms = 20'000;         // time constant
};

// Proportional-integral, in ns and parts per billion: a clock that runs 1 ppb fast moves its
// phase by 1 ns in a second. Proportional part 2/tau, integral part 1/tau^2: a double pole at tau.
// The integral stands still while the trim is at its limit and the error would push further
// (anti-windup). What whole ppm cannot express is carried over to the next step, so that the mean
// is exact.
class Servo {
 public:
  explicit Servo(const ServoOptions &options)
      : o_(options), unit_(static_cast<__int128>(options.tau_ms) * options.tau_ms * 1'000) {}

  // error_ns: raster start less the wanted raster start; whole periods do not matter. dt_ns: since
  // the step before (0 at the first). Returns the trim to set, ppm; positive is faster.
  int32_t step(int64_t error_ns, int64_t dt_ns) {
    if (!begun_) {
      error_ = wrap_phase(error_ns, o_.period_ns);
      begun_ = true;
      return 0;
    }
    if (dt_ns <= 0) return trim_ppm_ * sign_;
    // Followed without a break: an error near half a period must not change its direction with
    // each bit of noise. After a whole lost period the shortest way counts again.
    const int64_t moved = wrap_phase(error_ns - error_, o_.period_ns);
    error_ += moved;
    if (error_ > o_.period_ns || error_ < -o_.period_ns) {
      error_ = wrap_phase(error_, o_.period_ns);
      ++slips_;
    }
    // Faster is negative movement.
    rate_ppb_ = static_cast<int64_t>(static_cast<__int128>(-moved) * kSecondNs / dt_ns);
    const int64_t dt = std::min(dt_ns, kLongestStep);
    if (state_ == ServoState::watching) return watch(dt);
    if (!answered_) probe(dt);
    drive(dt);
    judge(dt);
    return trim_ppm_ * sign_;
  }

  ServoState state() const { return state_; }
  int64_t error_ns() const { return error_; }
  int32_t trim_ppm() const { return trim_ppm_ * sign_; }
  // How far the card's own clock is off, ppb, positive fast: what the servo found it must undo.
  int64_t drift_ppb() const { return state_ == ServoState::watching ? free_ppb() : -integral_ppb(); }
  int64_t rate_ppb() const { return rate_ppb_; }
  int sign() const { return sign_; }
  uint32_t slips() const { return slips_; }

 private:
  static constexpr int64_t kSecondNs = 1'000'000'000;
  static constexpr int64_t kLongestStep = 2 * kSecondNs;
  static constexpr int32_t kTelling = 20;  // ppm; less drowns in noise
  // Before the first trim; and for the card to follow one.
  int64_t some_time() const { return o_.tau_ms * 200'000; }
  // At the limit and not getting nearer.
  int64_t patience() const { return o_.tau_ms * 1'500'000; }

  int64_t limit_ppb() const { return static_cast<int64_t>(o_.limit_ppm) * 1000; }
  int64_t integral_ppb() const { return static_cast<int64_t>(integral_ / unit_); }
  int64_t free_ppb() const {
    return watched_ ? static_cast<int64_t>(drifted_ * kSecondNs / watched_) : 0;
  }
  void set_integral(int64_t ppb) { integral_ = ppb * unit_; }

  int32_t watch(int64_t dt) {
    watched_ += dt;
    drifted_ += static_cast<__int128>(rate_ppb_) * dt / kSecondNs;
    if (watched_ < some_time()) return 0;
    // The free clock's rate is most of the answer already.
    set_integral(std::clamp(-free_ppb(), -limit_ppb(), limit_ppb()));
    state_ = ServoState::acquiring;
    return 0;
  }

  // The sign of the adjustment, and whether it does anything, is nowhere promised: the first
  // sizeable trim tells.
  void probe(int64_t dt) {
    if (std::abs(trim_ppm_) < kTelling) {
      asked_ = 0;
      answer_ = 0;
      return;
    }
    asked_ += dt;
    answer_ += static_cast<__int128>(rate_ppb_ - free_ppb()) * dt * (trim_ppm_ > 0 ? 1 : -1);
    wished_ += static_cast<__int128>(std::abs(trim_ppm_)) * 1000 * dt;
    if (asked_ < some_time()) return;
    answered_ = true;
    if (answer_ * 4 < -wished_) {
      sign_ = -1;
    } else if (answer_ * 4 < wished_) {
      state_ = ServoState::no_effect;
    }
  }

  void drive(int64_t dt) {
    const int64_t limit = limit_ppb();
    const int64_t p = error_ * 2'000 / o_.tau_ms;
    const int64_t wish = p + integral_ppb();
    const bool pushing = (wish > limit && error_ > 0) || (wish < -limit && error_ < 0);
    if (!pushing) {
      integral_ += static_cast<__int128>(error_) * dt;
      const __int128 most = limit * unit_;
      integral_ = std::clamp(integral_, -most, most);
    }
    const int64_t exact = std::clamp(p + integral_ppb(), -limit, limit) + carry_;
    int64_t whole = (exact >= 0 ? exact + 500 : exact - 500) / 1000;
    whole = std::clamp<int64_t>(whole, -o_.limit_ppm, o_.limit_ppm);
    carry_ = std::clamp<int64_t>(exact - whole * 1000, -1000, 1000);
    trim_ppm_ = static_cast<int32_t>(whole);
  }

  void judge(int64_t dt) {
    if (state_ == ServoState::no_effect) return;
    const int64_t off = std::llabs(error_);
    const bool at_limit = std::abs(trim_ppm_) >= o_.limit_ppm;
    near_ = off <= o_.lock_ns && !at_limit ? near_ + 1 : 0;
    if (!at_limit || off < best_) {
      stuck_ = 0;
      best_ = off;
    } else {
      stuck_ += dt;
    }
    if (at_limit && (stuck_ >= patience() || state_ == ServoState::out_of_reach))
      state_ = ServoState::out_of_reach;
    else if (near_ >= 5)
      state_ = ServoState::locked;
    else if (state_ != ServoState::locked || off > 4 * o_.lock_ns)
      state_ = ServoState::acquiring;
  }

  const ServoOptions o_;
  const __int128 unit_;  // of the integral: tau squared, in s^2 times ns
  bool begun_ = false, answered_ = false;
  ServoState state_ = ServoState::watching;
  int64_t error_ = 0, rate_ppb_ = 0;
  int64_t watched_ = 0;
  __int128 drifted_ = 0;
  int64_t asked_ = 0;
  __int128 answer_ = 0, wished_ = 0;
  __int128 integral_ = 0;  // ns of error times ns of time
  int64_t carry_ = 0;      // ppb
  int32_t trim_ppm_ = 0;
  int sign_ = 1;
  uint32_t slips_ = 0, near_ = 0;
  int64_t best_ = INT64_MAX, stuck_ = 0;
};

enum class Slip : uint8_t { none, repeat, drop };

struct NextSlip {
  Slip kind;
  int64_t in_ns;  // from now; 0 with none
};

// An output that nobody trims: when it will next show a frame twice or leave one out. phase_ns:
// how long a frame waits for the output's raster after it is due, [0, period). drift_ppb: how much
// faster than TAI the output runs.
inline NextSlip next_slip(int64_t phase_ns, int64_t period_ns, int64_t drift_ppb) {
  if (drift_ppb == 0) return {Slip::none, 0};
  int64_t way = phase_ns % period_ns;
  if (way < 0) way += period_ns;
  if (drift_ppb < 0) way = period_ns - way;
  const auto in = static_cast<__int128>(way) * 1'000'000'000 / std::llabs(drift_ppb);
  const auto most = static_cast<__int128>(INT64_MAX);
  return {drift_ppb > 0 ? Slip::repeat : Slip::drop, static_cast<int64_t>(std::min(in, most))};
}

}  // namespace rtv
