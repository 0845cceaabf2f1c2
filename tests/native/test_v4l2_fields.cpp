// SPDX-License-Identifier: Apache-2.0
// Which fields make a frame, and where their rows are.
#include <linux/videodev2.h>

#include <vector>

#include "check.hpp"
#include "fields.hpp"

using rtv::v4l2::Field;
using rtv::v4l2::FieldOrder;
using rtv::v4l2::Pairing;

namespace {

constexpr int64_t kFrame = 40'000'000;

enum class Counts { frames, frames_bottom_first, fields };

// Field `k` of a signal, as a driver that counts so would give it.
Field nth(uint32_t k, Counts counts, bool timed, uint32_t start) {
  const bool bottom = counts == Counts::frames_bottom_first ? k % 2 == 0 : k % 2 == 1;
  const uint32_t number = counts == Counts::fields ? k : k / 2;
  return {start + number, bottom, timed, k * (kFrame / 2)};
}

struct Pair {
  uint32_t top, number;  // index of the top field
};

std::vector<Pair> pairs_of(uint64_t lost, uint32_t count, Counts counts, bool timed,
                           uint32_t start, uint64_t *lone) {
  Pairing pairing;
  std::vector<Pair> found;
  uint32_t top = 0;
  for (uint32_t k = 0; k < count; ++k) {
    if (lost >> k & 1) continue;
    const Field field = nth(k, counts, timed, start);
    Pair pair{};
    if (pairing.add(field, kFrame, &pair.number)) {
      // The one rule: the bottom field that follows its top field at once.
      CHECK(k == top + 1);
      pair.top = top;
      found.push_back(pair);
    }
    if (!field.bottom) top = k;
  }
  *lone = pairing.lone();
  return found;
}

void every_loss_of_ten_fields_pairs_none_that_do_not_belong_together() {
  constexpr uint32_t kCount = 10;
  for (const Counts counts : {Counts::frames, Counts::frames_bottom_first, Counts::fields})
    for (const uint32_t start : {0u, 7u, 0xFFFFFFFDu})
      for (uint64_t lost = 0; lost < 1u << kCount; ++lost) {
        uint64_t lone = 0;
        const auto found = pairs_of(lost, kCount, counts, true, start, &lone);
        size_t there = 0, possible = 0;
        for (uint32_t k = 0; k < kCount; ++k) {
          there += !(lost >> k & 1);
          const bool top = !nth(k, counts, true, start).bottom;
          possible += top && k + 1 < kCount && !(lost >> k & 3);
        }
        CHECK(found.size() == possible);
        // What is in no pair is lone, but for a bottom field at the beginning and a top field at
        // the end, whose other half may yet come.
        const size_t rest = there - 2 * possible;
        CHECK(lone <= rest && lone + 2 >= rest);
      }
}

void without_stamps_the_rule_of_v4l2_holds() {
  // Lost by pairs above all: there the parity does not tell.
  for (const Counts counts : {Counts::frames, Counts::frames_bottom_first})
    for (uint64_t lost = 0; lost < 1u << 12; ++lost) {
      uint64_t lone = 0;
      pairs_of(lost, 12, counts, false, 3, &lone);
    }
  uint64_t lone = 0;
  CHECK(pairs_of(0, 12, Counts::frames, false, 0, &lone).size() == 6 && lone == 0);
  CHECK(pairs_of(0, 12, Counts::frames_bottom_first, false, 0, &lone).size() == 5);
  // Numbers that count fields say nothing then: better no frame than a wrong one.
  CHECK(pairs_of(0, 12, Counts::fields, false, 0, &lone).empty() && lone > 9);
}

void a_driver_that_counts_nothing_is_paired_by_its_stamps() {
  Pairing pairing;
  uint32_t number = 0;
  const auto add = [&](uint32_t k) {
    return pairing.add({0, k % 2 == 1, true, k * (kFrame / 2)}, kFrame, &number);
  };
  CHECK(!add(0) && add(1));
  CHECK(!add(2) && !add(5));  // 3 and 4 are lost
  CHECK(!add(6) && add(7));
}

void frames_are_counted_whatever_the_driver_counts() {
  for (const Counts counts : {Counts::frames, Counts::fields}) {
    uint64_t lone = 0;
    const auto found = pairs_of(1u << 4, 12, counts, true, 0, &lone);  // the third frame's top
    CHECK(found.size() == 5 && found[1].number == 1 && found[2].number == 3 && found[4].number == 5);
  }
}

void what_the_kernel_says_of_a_buffer() {
  using Place = FieldOrder::Place;
  struct {
    uint32_t field;
    uint8_t scan;
    bool known, older_bottom, good;
    Place place;
    bool bottom_first, whole;
  } const cases[] = {
      {V4L2_FIELD_NONE, RTV_PROGRESSIVE, false, false, true, Place::rows, false, true},
      {V4L2_FIELD_ANY, RTV_PROGRESSIVE, false, false, true, Place::rows, false, true},
      {V4L2_FIELD_INTERLACED, RTV_PROGRESSIVE, true, false, true, Place::rows, false, true},
      {V4L2_FIELD_INTERLACED, RTV_PROGRESSIVE, false, false, false, Place::rows, false, true},
      {V4L2_FIELD_ALTERNATE, RTV_PROGRESSIVE, true, false, false, Place::rows, false, true},
      {V4L2_FIELD_INTERLACED_BT, RTV_PSF, false, false, true, Place::rows, false, true},
      {V4L2_FIELD_ALTERNATE, RTV_PSF, true, false, false, Place::rows, false, true},
      {V4L2_FIELD_NONE, RTV_INTERLACED, true, false, false, Place::rows, false, true},
      {V4L2_FIELD_TOP, RTV_INTERLACED, true, false, false, Place::rows, false, true},
      {V4L2_FIELD_INTERLACED, RTV_INTERLACED, false, false, true, Place::rows, false, true},
      {V4L2_FIELD_INTERLACED, RTV_INTERLACED, false, true, true, Place::rows, true, false},
      {V4L2_FIELD_INTERLACED_TB, RTV_INTERLACED, false, true, true, Place::rows, false, true},
      {V4L2_FIELD_INTERLACED_BT, RTV_INTERLACED, false, false, true, Place::rows, true, false},
      {V4L2_FIELD_SEQ_TB, RTV_INTERLACED, false, false, true, Place::stacked, false, false},
      {V4L2_FIELD_SEQ_BT, RTV_INTERLACED, false, false, true, Place::stacked, true, false},
      {V4L2_FIELD_ALTERNATE, RTV_INTERLACED, false, false, true, Place::apart, false, false},
  };
  for (const auto &c : cases) {
    FieldOrder order{};
    CHECK(rtv::v4l2::order_of(c.field, c.scan, c.known, c.older_bottom, &order) == c.good);
    if (!c.good) continue;
    CHECK(order.place == c.place && order.bottom_first == c.bottom_first);
    CHECK(order.whole() == c.whole);
    CHECK(order.rows_of(576) == (c.place == Place::apart ? 288u : 576u));
  }
  CHECK(rtv::v4l2::field_named("seq_bt") == V4L2_FIELD_SEQ_BT);
  CHECK(rtv::v4l2::field_named("both") == 0);
}

void rows_of_a_field() {
  uint8_t memory[64], chroma[64];
  const rtv::v4l2::Memory whole{{memory, chroma}, {8, 4}};
  using Place = FieldOrder::Place;
  for (const bool bottom : {false, true}) {
    const auto rows = view_of(whole, {Place::rows, true, true}, bottom, 6);
    CHECK(rows.plane[0] == memory + (bottom ? 8 : 0) && rows.stride[0] == 16);
    CHECK(rows.plane[1] == chroma + (bottom ? 4 : 0) && rows.stride[1] == 8);
    const auto stacked = view_of(whole, {Place::stacked, false, true}, bottom, 6);
    CHECK(stacked.plane[0] == memory + (bottom ? 24 : 0) && stacked.stride[0] == 8);
    CHECK(stacked.plane[1] == chroma + (bottom ? 12 : 0));
    const auto upside = view_of(whole, {Place::stacked, true, true}, bottom, 6);
    CHECK(upside.plane[0] == memory + (bottom ? 0 : 24));
    CHECK(view_of(whole, {Place::apart, false, true}, bottom, 3).plane[0] == memory);
  }
}

void stamps_of_both_fields_of_a_buffer() {
  const FieldOrder upper{FieldOrder::Place::rows, false, true}, lower{FieldOrder::Place::rows, true, true};
  const Field one{5, false, true, 100 * kFrame};
  const auto end = split(upper, one, false, kFrame);
  CHECK(end.count == 2 && !end.field[0].bottom && end.field[1].bottom);
  CHECK(end.field[1].stamp == one.stamp && end.field[0].stamp == one.stamp - kFrame / 2);
  const auto start = split(lower, one, true, kFrame);
  CHECK(start.field[0].bottom && !start.field[1].bottom);
  CHECK(start.field[0].stamp == one.stamp && start.field[1].stamp == one.stamp + kFrame / 2);
  CHECK(split({FieldOrder::Place::apart, false, true}, one, true, kFrame).count == 1);
}

}  // namespace

int main() {
  every_loss_of_ten_fields_pairs_none_that_do_not_belong_together();
  without_stamps_the_rule_of_v4l2_holds();
  a_driver_that_counts_nothing_is_paired_by_its_stamps();
  frames_are_counted_whatever_the_driver_counts();
  what_the_kernel_says_of_a_buffer();
  rows_of_a_field();
  stamps_of_both_fields_of_a_buffer();
  return 0;
}
