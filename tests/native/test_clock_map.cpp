// SPDX-License-Identifier: Apache-2.0
// A card's clock mapped to TAI: drift, jitter, readings that came late, clocks that are set.
#include <cstdint>
#include <random>

#include "check.hpp"
#include "clock_map.hpp"
#include "stamp_point.hpp"

using rtv::ClockMap;
using Reading = ClockMap::Reading;

namespace {

constexpr int64_t kMs = 1'000'000, kSec = 1'000'000'000;
int64_t distance(int64_t a, int64_t b) { return a < b ? b - a : a - b; }

// A card whose clock runs `ppb` fast against TAI, read at true instants of TAI.
struct Card {
  int64_t tai0, card0, ppb;
  int64_t at(int64_t tai) const {
    const int64_t d = tai - tai0;
    return card0 + d + static_cast<int64_t>(static_cast<__int128>(d) * ppb / (kSec - ppb));
  }
};

struct World {
  std::mt19937_64 random;
  explicit World(uint64_t seed) : random(seed) {}
  int64_t between(int64_t a, int64_t b) {
    return std::uniform_int_distribution<int64_t>(a, b)(random);
  }
  // A reading at `tai` with up to `jitter` before and after it; offset: what TAI was set by.
  Reading read(ClockMap &map, const Card &card, int64_t tai, int64_t jitter, int64_t offset = 0) {
    const int64_t before = between(200, jitter), after = between(200, jitter);
    return map.add(card.at(tai), tai + offset - before, tai + offset + after);
  }
};

void drift_and_jitter() {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    World w(seed);
    const Card card{w.between(0, 2'000'000'000) * kSec, w.between(-1'000'000, 1'000'000) * kSec,
                    w.between(-200'000, 200'000)};
    const int64_t jitter = w.between(300, 10'000), step = w.between(10, 1000) * kMs;
    ClockMap map;
    int64_t tai = card.tai0;
    for (int i = 0; i < 200; ++i, tai += step + w.between(0, kMs)) {
      CHECK(w.read(map, card, tai, jitter) == Reading::used);
      const int64_t soon = tai + w.between(0, step);
      const int64_t wrong = distance(map.tai(card.at(soon)), soon);
      if (map.rate_known() && i > 64) {
        CHECK(wrong <= jitter + 10);
        CHECK(distance(map.ppb(), card.ppb) * step / kMs <= 4 * jitter * 1000 / 32 + 1000);
      } else {
        // Before the rate is known the whole drift shows.
        CHECK(wrong <= jitter + (soon - card.tai0) / 4000);
      }
      CHECK(distance(map.card(map.tai(card.at(soon))), card.at(soon)) <= 2);
    }
    CHECK(map.uncertainty() <= 2 * jitter + 10);
    CHECK(map.readings() == 64 && map.steps() == 0);
  }
}

void late_readings_do_not_count() {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    World w(seed);
    const Card card{1'700'000'000 * kSec, 12345, w.between(-100'000, 100'000)};
    ClockMap map;
    int64_t tai = card.tai0;
    for (int i = 0; i < 300; ++i, tai += 100 * kMs) {
      if (i > 2 && w.between(0, 3) == 0) {
        // Held up for 0.1 to 20 ms between the two readings of TAI, on either side of the card's.
        const int64_t held = w.between(100'000, 20 * kMs);
        const bool early = w.between(0, 1) == 0;
        CHECK(map.add(card.at(tai), tai - (early ? held : 500), tai + (early ? 500 : held)) ==
              Reading::late);
        continue;
      }
      w.read(map, card, tai, 2'000);
    }
    CHECK(distance(map.tai(card.at(tai)), tai) <= 3'000);
  }
}

void one_stray_reading_changes_nothing() {
  World w(7);
  const Card card{1'700'000'000 * kSec, 0, 30'000};
  ClockMap map;
  int64_t tai = card.tai0;
  for (int i = 0; i < 100; ++i, tai += 100 * kMs) w.read(map, card, tai, 2'000);
  // A narrow reading of a card that latched its clock 5 ms ago.
  CHECK(map.add(card.at(tai - 5 * kMs), tai - 500, tai + 500) == Reading::astray);
  tai += 100 * kMs;
  CHECK(distance(map.tai(card.at(tai)), tai) <= 3'000);
  CHECK(w.read(map, card, tai, 2'000) == Reading::used);
  CHECK(map.steps() == 0);
}

void tai_is_set() {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    World w(seed);
    const Card card{1'700'000'000 * kSec, 99, w.between(-200'000, 200'000)};
    ClockMap map;
    int64_t tai = card.tai0;
    for (int i = 0; i < 80; ++i, tai += 100 * kMs) w.read(map, card, tai, 5'000);
    const int64_t ppb = map.ppb();
    // By 37 s at most, either way; as when PTP finds its master.
    const int64_t size = w.between(kMs, 37 * kSec), set = w.between(0, 1) ? size : -size;
    CHECK(w.read(map, card, tai, 5'000, set) == Reading::astray);
    tai += 100 * kMs;
    CHECK(w.read(map, card, tai, 5'000, set) == Reading::anew);
    CHECK(map.steps() == 1 && map.readings() == 2);
    CHECK(map.ppb() == ppb);
    for (int i = 0; i < 100; ++i, tai += 100 * kMs) {
      CHECK(distance(map.tai(card.at(tai)), tai + set) <= 10'000);
      CHECK(w.read(map, card, tai, 5'000, set) == Reading::used);
    }
    CHECK(distance(map.ppb(), card.ppb) <= 2'000);
  }
}

void tai_is_slewed_hard() {
  // 1000 ppm for ten seconds: no line fits, but the map must not stay behind.
  World w(3);
  const Card card{1'700'000'000 * kSec, 0, 0};
  ClockMap map;
  int64_t tai = card.tai0, offset = 0;
  for (int i = 0; i < 30; ++i, tai += kSec) w.read(map, card, tai, 2'000);
  for (int i = 0; i < 10; ++i, tai += kSec) w.read(map, card, tai, 2'000, offset += kMs);
  for (int i = 0; i < 10; ++i, tai += kSec) w.read(map, card, tai, 2'000, offset);
  CHECK(distance(map.tai(card.at(tai)), tai + offset) <= 100'000);
}

void a_machine_that_became_slow_is_believed_in_the_end() {
  World w(4);
  const Card card{1'700'000'000 * kSec, 0, 10'000};
  ClockMap map;
  int64_t tai = card.tai0;
  for (int i = 0; i < 10; ++i, tai += 100 * kMs) w.read(map, card, tai, 1'000);
  int used = 0;
  for (int i = 0; i < 100; ++i, tai += 100 * kMs)
    used += map.add(card.at(tai), tai - 150'000, tai + 150'000) != Reading::late;
  CHECK(used >= 30);
  CHECK(distance(map.tai(card.at(tai)), tai) <= 200'000);
}

void hostile_values_do_no_harm() {
  // Any 64 bits a driver may give; sanitizers watch.
  World w(5);
  ClockMap map;
  for (int i = 0; i < 20'000; ++i) {
    const auto any = [&w] { return static_cast<int64_t>(w.random()); };
    const int64_t before = any();
    map.add(any(), before, w.between(0, 1) ? before / 2 + 1000 : any());
    static_cast<void>(map.tai(any()));
    static_cast<void>(map.card(any()));
    CHECK(map.ppb() <= 500'000 && map.ppb() >= -500'000);
  }
}

void stamps_are_brought_to_the_raster_start() {
  rtv_format f{};
  f.width = 1920, f.height = 1080, f.rate_num = 50, f.rate_den = 1;
  using rtv::StampPoint;
  CHECK(rtv::raster_start(1000, StampPoint::raster_start, f) == 1000);
  CHECK(rtv::raster_start(20 * kMs, StampPoint::raster_end, f) == 0);
  // SMPTE ST 274: 41 lines before the picture, 4 after it, of 1125.
  CHECK(rtv::stamp_offset_ns(StampPoint::picture_start, f) == 20 * kMs * 41 / 1125);
  CHECK(rtv::stamp_offset_ns(StampPoint::picture_end, f) == 20 * kMs * 1121 / 1125);
}

}  // namespace

int main() {
  drift_and_jitter();
  late_readings_do_not_count();
  one_stray_reading_changes_nothing();
  tai_is_set();
  tai_is_slewed_hard();
  a_machine_that_became_slow_is_believed_in_the_end();
  hostile_values_do_no_harm();
  stamps_are_brought_to_the_raster_start();
}
