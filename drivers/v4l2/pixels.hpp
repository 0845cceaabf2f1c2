// SPDX-License-Identifier: Apache-2.0
// From what a V4L2 driver writes into memory to our layouts, and back. Formats are raw fourccs:
// vendors have their own, and what we do not know is passed over, never guessed.
#pragma once
#include <cstdint>

#include "rtvbox/video.h"

namespace rtv::v4l2 {

constexpr uint32_t fourcc(char a, char b, char c, char d) {
  return static_cast<uint32_t>(static_cast<uint8_t>(a)) |
         static_cast<uint32_t>(static_cast<uint8_t>(b)) << 8 |
         static_cast<uint32_t>(static_cast<uint8_t>(c)) << 16 |
         static_cast<uint32_t>(static_cast<uint8_t>(d)) << 24;
}

// Memory of a picture in the driver's format. plane[1] is that of NV16's chroma.
struct Memory {
  uint8_t *plane[2];
  uint32_t stride[2];
};

struct Pixels {
  uint32_t fourcc;
  uint8_t depth;     // of its samples
  bool two_planes;   // NV16: luma, then chroma
  uint32_t bytes_a_pixel;  // of the first plane, for a stride where the driver gives none
  // Rows [from, to) into a frame of ours (V210 or UYVY), and out of one.
  void (*in)(const Memory &, rtv_frame *, uint32_t from, uint32_t to);
  void (*out)(const rtv_frame *, const Memory &, uint32_t from, uint32_t to);
  uint8_t layout;    // of the frames that need no conversion; 0: all do
};

// What we read and write, best for `depth` bits first.
struct PixelList {
  const Pixels *const *begin, *const *end;
};
PixelList known(uint8_t depth);

}  // namespace rtv::v4l2
