// SPDX-License-Identifier: Apache-2.0
// Where a row lies in time within its frame on a serial digital interface: SMPTE ST 274
// (1125 lines, first active line 42), ST 296 (750 lines, line 26), ST 2036-1 as ST 274 doubled.
#pragma once
#include <cstdint>

#include "rtvbox/clock.hpp"
#include "rtvbox/video.h"

namespace rtv {

inline int64_t frame_ns(const rtv_format &f) {
  return static_cast<int64_t>(f.rate_den) * kSecond / f.rate_num;
}

struct Raster {
  int64_t lines, first;  // of the whole frame; lines before the first active row
};
inline Raster raster_of(const rtv_format &f) {
  if (f.height == 720) return {750, 25};
  if (f.height == 1080) return {1125, 41};
  const int64_t lines = (static_cast<int64_t>(f.height) * 25 + 23) / 24;  // 1125 / 1080
  return {lines, (lines - f.height) * 41 / 45};
}
// A card has row `row` in memory this long after the raster's start: two lines after it began.
inline int64_t row_captured_ns(const rtv_format &f, uint32_t row) {
  const Raster r = raster_of(f);
  return frame_ns(f) * (r.first + 2 + static_cast<int64_t>(row)) / r.lines;
}
// A card reads row `row` from memory this long after the raster's start.
inline int64_t row_scanned_ns(const rtv_format &f, uint32_t row) {
  const Raster r = raster_of(f);
  return frame_ns(f) * (r.first + static_cast<int64_t>(row)) / r.lines;
}

}  // namespace rtv
