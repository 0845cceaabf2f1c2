// SPDX-License-Identifier: Apache-2.0
// The line of text in the test picture: frame counter and TAI as a calendar date and time. TAI is
// ahead of UTC by the leap seconds (37 s since 2017); the text says TAI.
#pragma once
#include <cstdint>

#include "rtvbox/clock.hpp"

namespace rtv {

constexpr uint32_t kClockText = 40;  // "F0000000000 2026-11-22 23:01:37.123 TAI"

inline void digits(char *out, uint64_t v, int n) {
  for (int i = n - 1; i >= 0; --i, v /= 10) out[i] = static_cast<char>('0' + v % 10);
}

// out: kClockText characters, no end mark.
inline void clock_text(char *out, uint64_t sequence, int64_t tai) {
  if (tai < 0) tai = 0;
  const int64_t seconds = tai / kSecond;
  // Days to a date of the Gregorian calendar, counted from 0000-03-01.
  const int64_t days = seconds / 86400 + 719468, era = days / 146097, doe = days % 146097;
  const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
  const int64_t day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
  const int64_t year = yoe + era * 400 + (month <= 2 ? 1 : 0), of_day = seconds % 86400;
  const char blank[] = "F0000000000 0000-00-00 00:00:00.000 TAI ";
  static_assert(sizeof blank == kClockText + 1);
  for (uint32_t i = 0; i < kClockText; ++i) out[i] = blank[i];
  digits(out + 1, sequence, 10);
  digits(out + 12, static_cast<uint64_t>(year), 4);
  digits(out + 17, static_cast<uint64_t>(month), 2);
  digits(out + 20, static_cast<uint64_t>(day), 2);
  digits(out + 23, static_cast<uint64_t>(of_day / 3600), 2);
  digits(out + 26, static_cast<uint64_t>(of_day / 60 % 60), 2);
  digits(out + 29, static_cast<uint64_t>(of_day % 60), 2);
  digits(out + 32, static_cast<uint64_t>(tai % kSecond / 1'000'000), 3);
}

}  // namespace rtv
