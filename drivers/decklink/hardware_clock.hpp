// SPDX-License-Identifier: Apache-2.0
// A card's own clock, read beside TAI.
#pragma once
#include <atomic>
#include <cstdint>

#include "clock_map.hpp"
#include "com.hpp"
#include "rtvbox/clock.hpp"

namespace rtv::decklink {

struct ClockReading {
  int64_t card_ns = 0;
  int64_t tai_before = 0, tai_after = 0;
  int64_t in_frame_ns = 0, frame_ns = 0;  // since the start of the raster under way; 0: not told
  int64_t tai() const { return tai_before + (tai_after - tai_before) / 2; }
};

// Reads the clock of an input or output; the narrowest of a few readings, for the thread may be
// held up between them. False: the card does not answer.
template <class Port>
bool read_clock(Port *port, ClockReading *out, int readings = 3) {
  bool got = false;
  for (int i = 0; i < readings; ++i) {
    ClockReading r;
    r.tai_before = tai_now();
    if (port->GetHardwareReferenceClock(kSecond, &r.card_ns, &r.in_frame_ns, &r.frame_ns) != abi::kOk)
      continue;
    r.tai_after = tai_now();
    if (!got || r.tai_after - r.tai_before < out->tai_after - out->tai_before) *out = r;
    got = true;
  }
  return got;
}

}  // namespace rtv::decklink
