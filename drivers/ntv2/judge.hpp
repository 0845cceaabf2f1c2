// SPDX-License-Identifier: Apache-2.0
// From what a receiver sees to the state of the signal. Pure.
#pragma once
#include <cstdio>
#include <string>

#include "board.hpp"

namespace rtv::ntv2 {

// What a payload identifier (SMPTE ST 352) says that the raster on the wire does not.
struct PayloadId {
  bool known = false;              // of a kind that is read here
  bool progressive_wire = false;   // octet 2, bit 7
  bool progressive_picture = false;  // octet 2, bit 6
  uint32_t sampling = 0;           // octet 3, low nibble: 0 4:2:2, 1 4:4:4, 2 RGB, others
  uint32_t bits = 0;               // octet 4, low two bits: 8, 10 or 12
};

inline PayloadId payload_id(uint32_t word) {
  PayloadId p;
  const uint32_t kind = word >> 24;
  // Octet 1: 720 and 1080 lines on one link of 1.5 or 3 Gbit/s, level A or B.
  p.known = kind == 0x84 || kind == 0x85 || kind == 0x87 || kind == 0x88 || kind == 0x89 ||
            kind == 0x8A || kind == 0x8B || kind == 0x8C;
  if (!p.known) return p;
  p.progressive_wire = word >> 16 & 0x80;
  p.progressive_picture = word >> 16 & 0x40;
  p.sampling = word >> 8 & 0xF;
  const uint32_t depth = word & 3;
  p.bits = depth == 2 ? 12 : depth == 1 ? 10 : 8;
  return p;
}

struct Judged {
  uint32_t signal = RTV_SIGNAL_ABSENT;
  rtv_format format{};  // of the signal, as far as it is known
};

// expected: the configured format. LOCKED only where a signal can be captured as just that.
inline Judged judge(const InputLook &look, const rtv_format &expected) {
  Judged j;
  if (!look.locked) return j;
  j.signal = RTV_SIGNAL_UNLOCKED;
  if (look.timing_error) return j;
  if (look.format.width == 0) {  // a stream, but none of the rasters that the card knows
    j.signal = RTV_SIGNAL_UNSUPPORTED;
    return j;
  }
  j.format = look.format;
  // What the wire does not tell is as expected: the card writes the depth that it is asked for.
  j.format.sampling = RTV_422;
  j.format.depth = expected.depth;
  j.format.layout = expected.layout;
  j.format.colorimetry = expected.colorimetry;
  j.format.full_range = expected.full_range;
  const PayloadId id = payload_id(look.payload_id);
  bool carried = true;
  if (id.known) {
    if (j.format.scan != RTV_PROGRESSIVE)
      j.format.scan = id.progressive_picture ? RTV_PSF : RTV_INTERLACED;
    if (id.sampling == 1) j.format.sampling = RTV_444;
    if (id.sampling == 2) j.format.sampling = RTV_RGB;
    if (id.bits == 12) j.format.depth = 12;
    carried = id.sampling == 0 && id.bits <= 10;
  } else if (j.format.scan != RTV_PROGRESSIVE && expected.scan != RTV_PROGRESSIVE) {
    j.format.scan = expected.scan;  // both look the same on the wire
  }
  if (!carried) {
    j.signal = RTV_SIGNAL_UNSUPPORTED;
    return j;
  }
  const bool same =
      j.format.width == expected.width && j.format.height == expected.height &&
      j.format.scan == expected.scan &&
      static_cast<uint64_t>(j.format.rate_num) * expected.rate_den ==
          static_cast<uint64_t>(expected.rate_num) * j.format.rate_den;
  j.signal = same ? RTV_SIGNAL_LOCKED : RTV_SIGNAL_MISMATCH;
  return j;
}

// 1920x1080i 25 frames/s
inline std::string words(const rtv_format &f) {
  const char *scan = f.scan == RTV_INTERLACED ? "i" : f.scan == RTV_PSF ? "psf" : "p";
  const char *sampling = f.sampling == RTV_RGB ? " RGB" : f.sampling == RTV_444 ? " 4:4:4" : "";
  char rate[32], text[96];
  std::snprintf(rate, sizeof rate, f.rate_den == 1 ? "%u" : "%u/%u", f.rate_num, f.rate_den);
  std::snprintf(text, sizeof text, "%ux%u%s %s frames/s, %u bit%s", f.width, f.height, scan, rate,
                f.depth, sampling);
  return text;
}

// Whether the card's memory holds this format as ours does; "" or one line.
inline std::string why_not_carried(const rtv_format &f) {
  if (f.sampling != RTV_422 || (f.layout != RTV_V210 && f.layout != RTV_UYVY) ||
      f.depth != (f.layout == RTV_V210 ? 10 : 8))
    return "4:2:2 of 8 or 10 bits is carried; " + words(f) + " is not";
  const bool hd = (f.width == 1280 && f.height == 720) || (f.width == 1920 && f.height == 1080);
  if (!hd) return "720 and 1080 lines on one cable are carried; " + words(f) + " is not";
  return "";
}

}  // namespace rtv::ntv2
