// SPDX-License-Identifier: Apache-2.0
// The servo of a card's output clock, as mathematics: a simulated oscillator that is fast or slow,
// noisy, deaf or wired the wrong way round.
#include <cstdint>
#include <initializer_list>

#include "check.hpp"
#include "servo.hpp"

namespace {

constexpr int64_t kSecond = 1'000'000'000;

// A card's raster: phase in thousandths of a ns, so that a second of 1 ppb shows.
struct Card {
  int64_t phase, drift_ppb;
  int64_t gain = 1;  // of the trim: 1 as documented, -1 the other way round, 0 deaf
  int64_t noise_ns = 0;
  uint32_t seed = 1;
  int32_t trim = 0;
  int64_t period = 20'000'000;

  int64_t measured() {
    seed = seed * 1664525u + 1013904223u;
    const int64_t n = noise_ns ? static_cast<int64_t>(seed >> 8) % (2 * noise_ns + 1) - noise_ns : 0;
    return phase + n;
  }
  void run(int64_t ns) {
    phase -= static_cast<int64_t>(static_cast<__int128>(drift_ppb + gain * trim * 1000) * ns / kSecond);
  }
};

struct Run {
  int locked_after = -1;  // seconds
  int64_t worst_locked = 0, worst = 0;
};

Run drive(rtv::Servo &servo, Card &card, int seconds, int64_t dt = kSecond) {
  Run r;
  int64_t t = 0;
  for (int i = 0; t < seconds * kSecond; ++i, t += dt) {
    card.trim = servo.step(card.measured(), i ? dt : 0);
    CHECK(card.trim >= -127 && card.trim <= 127);
    if (servo.state() == rtv::ServoState::locked) {
      if (r.locked_after < 0) r.locked_after = static_cast<int>(t / kSecond);
      const int64_t e = std::llabs(rtv::wrap_phase(card.phase, card.period));
      if (e > r.worst_locked) r.worst_locked = e;
    }
    card.run(dt);
  }
  return r;
}

void wraps_the_short_way() {
  CHECK(rtv::wrap_phase(0, 20) == 0);
  CHECK(rtv::wrap_phase(9, 20) == 9);
  CHECK(rtv::wrap_phase(10, 20) == -10);
  CHECK(rtv::wrap_phase(-10, 20) == -10);
  CHECK(rtv::wrap_phase(-11, 20) == 9);
  CHECK(rtv::wrap_phase(400'000'019, 20) == -1);
  CHECK(rtv::wrap_phase(10, 21) == 10);
  CHECK(rtv::wrap_phase(11, 21) == -10);
}

void locks_from_every_phase_and_stays() {
  for (int64_t drift : {0, 1'000, -37'250, 50'000, -99'900, 110'000})
    for (int64_t phase : {0, 100'000, -3'000'000, 9'999'999, -10'000'000}) {
      rtv::Servo servo({});
      Card card{phase, drift};
      card.noise_ns = 2'000;
      const Run r = drive(servo, card, 1'500);
      CHECK(servo.state() == rtv::ServoState::locked);
      // The way is at most half a period; what the drift leaves of the trim sets the pace.
      const int64_t pace = 127'000 - std::llabs(drift);
      CHECK(r.locked_after >= 0 && r.locked_after <= 10'000'000 / pace + 200);
      CHECK(r.worst_locked <= 205'000);  // it is called locked within four times 50 us
      CHECK(std::llabs(rtv::wrap_phase(card.phase, card.period)) <= 10'000);
      CHECK(std::llabs(servo.drift_ppb() - drift) < 2'000);
      CHECK(servo.slips() == 0);
    }
}

// Whole ppm are coarse: what they leave is carried over and the phase stays within microseconds.
void the_mean_of_whole_ppm_is_exact() {
  rtv::Servo servo({});
  Card card{0, 12'345};
  drive(servo, card, 400);
  int64_t sum = 0, low = 0, high = 0;
  for (int i = 0; i < 1'000; ++i) {
    card.trim = servo.step(card.measured(), kSecond);
    sum += card.trim;
    card.run(kSecond);
    low = std::min(low, card.phase);
    high = std::max(high, card.phase);
  }
  CHECK(sum >= -12'345 - 3 && sum <= -12'345 + 3);
  CHECK(high - low < 5'000);
}

// After a long time at the limit the integral must not throw the phase past its goal.
void does_not_wind_up() {
  rtv::Servo servo({});
  Card card{9'900'000, 0};
  int64_t lowest = 0;
  for (int i = 0; i < 600; ++i) {
    card.trim = servo.step(card.measured(), i ? kSecond : 0);
    card.run(kSecond);
    lowest = std::min(lowest, card.phase);
  }
  CHECK(servo.state() == rtv::ServoState::locked);
  CHECK(lowest > -300'000);
}

void recovers_from_a_step_of_the_clock() {
  rtv::Servo servo({});
  Card card{0, 20'000};
  drive(servo, card, 300);
  CHECK(servo.state() == rtv::ServoState::locked);
  card.phase += 7'000'000;  // another grandmaster
  card.trim = servo.step(card.measured(), kSecond);
  CHECK(servo.state() == rtv::ServoState::acquiring);
  const Run r = drive(servo, card, 600);
  CHECK(servo.state() == rtv::ServoState::locked);
  CHECK(r.locked_after >= 0 && r.worst_locked <= 200'000);
}

void says_when_the_clock_is_out_of_reach() {
  rtv::Servo servo({});
  Card card{0, 180'000};
  drive(servo, card, 400);
  CHECK(servo.state() == rtv::ServoState::out_of_reach);
  CHECK(servo.trim_ppm() == -127);
  CHECK(servo.slips() >= 1 || card.phase > -20'000'000);
  card.drift_ppb = 10'000;  // warm by now
  drive(servo, card, 600);
  CHECK(servo.state() == rtv::ServoState::locked);
}

void finds_out_which_way_is_faster() {
  rtv::Servo servo({});
  Card card{6'000'000, 8'000};
  card.gain = -1;
  card.noise_ns = 2'000;
  drive(servo, card, 600);
  CHECK(servo.sign() == -1);
  CHECK(servo.state() == rtv::ServoState::locked);
  CHECK(std::llabs(servo.drift_ppb() - 8'000) < 2'000);
}

void says_when_the_card_does_not_follow() {
  rtv::Servo servo({});
  Card card{6'000'000, 8'000};
  card.gain = 0;
  card.noise_ns = 2'000;
  drive(servo, card, 60);
  CHECK(servo.state() == rtv::ServoState::no_effect);
}

void takes_uneven_steps() {
  rtv::Servo servo({});
  Card card{2'000'000, -30'000};
  const int64_t steps[] = {kSecond, kSecond / 2, 3 * kSecond, kSecond / 5, kSecond};
  for (int i = 0; i < 1'000; ++i) {
    const int64_t dt = steps[i % 5];
    card.trim = servo.step(card.measured(), i ? steps[(i + 4) % 5] : 0);
    card.run(dt);
  }
  CHECK(servo.state() == rtv::ServoState::locked);
  CHECK(std::llabs(rtv::wrap_phase(card.phase, card.period)) < 200'000);
}

void foretells_repeats_and_drops() {
  using rtv::next_slip;
  CHECK(next_slip(5'000'000, 20'000'000, 0).kind == rtv::Slip::none);
  // 10 ppm fast: the raster comes 10 us earlier each second and needs 500 s for 5 ms.
  rtv::NextSlip n = next_slip(5'000'000, 20'000'000, 10'000);
  CHECK(n.kind == rtv::Slip::repeat && n.in_ns == 500 * kSecond);
  n = next_slip(5'000'000, 20'000'000, -10'000);
  CHECK(n.kind == rtv::Slip::drop && n.in_ns == 1'500 * kSecond);
  n = next_slip(-1, 20'000'000, -1);
  CHECK(n.kind == rtv::Slip::drop && n.in_ns == kSecond);
  CHECK(next_slip(0, 9'000'000'000'000'000'000, -1).in_ns == INT64_MAX);
}

}  // namespace

int main() {
  wraps_the_short_way();
  locks_from_every_phase_and_stays();
  the_mean_of_whole_ppm_is_exact();
  does_not_wind_up();
  recovers_from_a_step_of_the_clock();
  says_when_the_clock_is_out_of_reach();
  finds_out_which_way_is_faster();
  says_when_the_card_does_not_follow();
  takes_uneven_steps();
  foretells_repeats_and_drops();
  return 0;
}
