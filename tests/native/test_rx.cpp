// SPDX-License-Identifier: Apache-2.0
// The receiver's parts without sockets or clocks.
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "check.hpp"
#include "rx_core.hpp"

namespace {

using Found = rtv::SequenceWindow::Found;

void sequences_wrap_and_are_judged() {
  rtv::SequenceWindow w(64, 1, true);
  for (uint32_t i = 0; i < 300; ++i) {
    const uint32_t s = (65'400 + i) & 0xffff;
    if (i == 100 || i == 150) continue;  // lost, before and after the wrap
    CHECK(w.add(0, s) == Found::fresh);
  }
  CHECK(w.add(0, (65'400 + 299) & 0xffff) == Found::duplicate);
  w.finish();
  CHECK(w.counts().lost == 2);
  CHECK(w.counts().leg_lost[0] == 2);
}

void a_stray_number_is_not_followed_but_a_restart_is() {
  rtv::SequenceWindow w(1024, 1);
  for (uint32_t i = 0; i < 10; ++i) w.add(0, i);
  CHECK(w.add(0, 4'000'000) == Found::odd);
  CHECK(w.add(0, 10) == Found::fresh);
  CHECK(w.add(0, 900'000'000) == Found::odd);
  CHECK(w.add(0, 900'000'001) == Found::jumped);
  CHECK(w.add(0, 900'000'002) == Found::fresh);
  w.finish();
  CHECK(w.counts().lost == 0);
}

void a_long_gap_is_loss_of_exactly_its_length() {
  rtv::SequenceWindow w(1024, 1);
  w.add(0, 1);
  w.add(0, 50'002);
  CHECK(w.add(0, 50'003) == Found::fresh);
  w.finish();
  CHECK(w.counts().lost == 50'000);
}

void sixteen_bits_in_a_field_of_thirty_two() {
  rtv::SequenceWindow w(1024, 1);  // a sender that leaves the upper half at 0
  for (uint32_t i = 0; i < 200'000; ++i) CHECK(w.add(0, i & 0xffff) == Found::fresh);
  w.finish();
  CHECK(w.counts().lost == 0);
}

void two_paths_complete_each_other() {
  rtv::SequenceWindow w(1024, 2);
  for (uint32_t i = 0; i < 1000; ++i) {
    if (i % 10 != 3) CHECK(w.add(0, i) == Found::fresh);
    if (i < 100) continue;
    const uint32_t j = i - 100;  // the second path lags behind
    if (j % 10 == 4 || j % 50 == 3) continue;
    CHECK(w.add(1, j) == (j % 10 == 3 ? Found::fresh : Found::second));
  }
  w.finish();
  const uint64_t both = 18 + 10;  // each 50k + 3 that the second path had reached, and the rest
  CHECK(w.counts().leg_lost[0] == 100);
  CHECK(w.counts().lost == both);
  CHECK(w.counts().recovered == 100 - both);
}

void coverage_equals_a_plain_bitmap() {
  std::mt19937 r(1);
  for (uint32_t groups : {1u, 63u, 64u, 65u, 200u}) {
    rtv::Coverage c(3, groups);
    std::vector<std::vector<bool>> plain(3, std::vector<bool>(groups));
    for (int step = 0; step < 500; ++step) {
      const uint32_t row = r() % 3, first = r() % groups, n = r() % (groups - first + 1);
      std::vector<bool> fresh(groups);
      uint32_t last_end = 0;
      const uint32_t total = c.add(row, first, n, [&](uint32_t at, uint32_t count) {
        CHECK(count > 0 && at >= first && at + count <= first + n);
        CHECK(last_end == 0 || at > last_end);  // maximal runs
        last_end = at + count;
        for (uint32_t i = at; i < at + count; ++i) fresh[i] = true;
      });
      uint32_t expected = 0;
      for (uint32_t i = first; i < first + n; ++i) {
        CHECK(fresh[i] == !plain[row][i]);
        expected += !plain[row][i];
        plain[row][i] = true;
      }
      CHECK(total == expected);
    }
    uint64_t missing = 0;
    for (uint32_t row = 0; row < 3; ++row) {
      uint32_t gaps = 0;
      c.gaps(row, [&](uint32_t, uint32_t n) { gaps += n; });
      CHECK(gaps == c.row_missing(row));
      missing += gaps;
    }
    CHECK(missing == c.missing());
  }
}

void timestamps_become_the_alignment_point() {
  // A day of 59.94 around a wrap of the 32 bits, and other rates.
  for (auto [num, den] : {std::pair{60'000u, 1001u}, {50u, 1u}, {60u, 1u}, {24'000u, 1001u}}) {
    rtv::Timeline line(90'000, num, den);
    const int64_t k0 = rtv::alignment_index(1'795'000'000 * rtv::kSecond, num, den);
    for (int64_t k = k0; k < k0 + 4'000'000; k += 9'973) {
      const int64_t at = rtv::alignment_point(k, num, den);
      const uint32_t ts = rtv::alignment_rtp(k, num, den, 90'000);
      CHECK(line.anchor(ts, at + 15'000'000));
      CHECK(line.tai(line.ticks(ts)) == at);
    }
    CHECK(!line.anchor(rtv::rtp_ticks(rtv::kSecond * 1'795'000'000, 90'000),
                       rtv::kSecond * 1'795'000'100));
  }
}

void sequences_nested_without_end_are_refused() {
  std::vector<uint8_t> g(128);
  for (char c : {'D', 'I', 'C', 'M'}) g.push_back(static_cast<uint8_t>(c));
  g.insert(g.end(), {2, 0, 0x33, 0, 'U', 'I', 4, 0, '1', '.', '2', 0});
  rtv::GrainParts parts;
  CHECK(rtv::read_grain(g, &parts));
  CHECK(parts.instance_uid.size() == 3 && parts.dynamic.empty() && parts.fixed.empty());
  auto deep = g;
  for (int i = 0; i < 2000; ++i)
    deep.insert(deep.end(), {6, 0, 1, 0, 'S', 'Q', 0, 0, 255, 255, 255, 255,  //
                             0xfe, 0xff, 0, 0xe0, 255, 255, 255, 255});
  CHECK(!rtv::read_grain(deep, &parts));
  auto closed = g;  // undefined lengths, properly ended
  closed.insert(closed.end(), {6, 0, 1, 0, 'S', 'Q', 0, 0, 255, 255, 255, 255,  //
                               0xfe, 0xff, 0, 0xe0, 255, 255, 255, 255,         //
                               0x34, 0, 7, 0, 'O', 'B', 0, 0, 10, 0, 0, 0,      //
                               0, 0, 0, 0, 0, 5, 0, 0, 0, 7,                    //
                               0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0,              //
                               0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0});
  CHECK(rtv::read_grain(closed, &parts));
  CHECK(parts.origin_tai == 5 * rtv::kSecond + 7);
  for (size_t n = g.size() + 1; n < closed.size(); ++n)  // cut anywhere: no grain
    CHECK(!rtv::read_grain({closed.data(), n}, &parts));
}

void the_latest_static_part_is_handed_over_once() {
  rtv::LatestBytes box(16);
  uint32_t id = 0;
  rtv::Octets bytes;
  const uint8_t a[] = {1, 2}, b[] = {3};
  CHECK(!box.take(&id, &bytes));
  for (uint32_t i = 1; i <= 5; ++i) box.put(i, a, b);
  CHECK(box.take(&id, &bytes));
  CHECK(id == 5 && bytes.size() == 3 && bytes[2] == 3);
  CHECK(!box.take(&id, &bytes));
}

}  // namespace

int main() {
  sequences_wrap_and_are_judged();
  a_stray_number_is_not_followed_but_a_restart_is();
  a_long_gap_is_loss_of_exactly_its_length();
  sixteen_bits_in_a_field_of_thirty_two();
  two_paths_complete_each_other();
  coverage_equals_a_plain_bitmap();
  timestamps_become_the_alignment_point();
  sequences_nested_without_end_are_refused();
  the_latest_static_part_is_handed_over_once();
  return 0;
}
