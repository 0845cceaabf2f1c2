// SPDX-License-Identifier: Apache-2.0
// What instant of a frame a card's time stamp names, and the start of the frame's raster from it:
// the instant that ST 2110-10 derives the RTP timestamp from and ST 2059-1 aligns.
#pragma once
#include "raster.hpp"

namespace rtv {

enum class StampPoint : uint8_t {
  raster_start,   // line 1 (vertical sync)
  picture_start,  // the first active row begins
  picture_end,    // the last active row is over: all of the frame is there
  raster_end,     // the frame's period is over: the next raster's start
};

// How long after the raster's start that point comes, ns.
inline int64_t stamp_offset_ns(StampPoint point, const rtv_format &f) {
  switch (point) {
    case StampPoint::picture_start:
      return row_scanned_ns(f, 0);
    case StampPoint::picture_end:
      return row_scanned_ns(f, f.height);
    case StampPoint::raster_end:
      return frame_ns(f);
    default:
      return 0;
  }
}
inline int64_t raster_start(int64_t stamp, StampPoint point, const rtv_format &f) {
  return stamp - stamp_offset_ns(point, f);
}

}  // namespace rtv
