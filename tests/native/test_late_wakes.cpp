// SPDX-License-Identifier: Apache-2.0
// What is kept of late wake-ups, and that a reader meets no half of one.
#include <atomic>
#include <thread>
#include <vector>

#include "check.hpp"
#include "rtvbox/late_wakes.hpp"

namespace {

using rtv::LateWakes;

std::vector<LateWakes::Wake> all(const LateWakes &wakes) {
  std::vector<LateWakes::Wake> out;
  wakes.each([&](const LateWakes::Wake &w) { out.push_back(w); });
  return out;
}

void keeps_the_last() {
  LateWakes wakes;
  wakes.note(100, 100 + LateWakes::kLeast - 1);
  wakes.note(100, 50);
  CHECK(wakes.noted() == 0 && all(wakes).empty());
  const int64_t n = LateWakes::kKept + 10;
  for (int64_t i = 1; i <= n; ++i) wakes.note(i, i + LateWakes::kLeast);
  const auto found = all(wakes);
  CHECK(wakes.noted() == static_cast<uint64_t>(n));
  CHECK(found.size() == LateWakes::kKept);
  for (size_t i = 0; i < found.size(); ++i) {
    CHECK(found[i].due == 11 + static_cast<int64_t>(i));
    CHECK(found[i].woke == found[i].due + LateWakes::kLeast);
  }
}

void read_while_written() {
  LateWakes wakes;
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int64_t i = 1; i < 200'000; ++i) wakes.note(i, 3 * i + LateWakes::kLeast);
    done = true;
  });
  while (!done)
    for (const auto &w : all(wakes)) CHECK(w.woke == 3 * w.due + LateWakes::kLeast);
  writer.join();
}

}  // namespace

int main() {
  keeps_the_last();
  read_while_written();
}
