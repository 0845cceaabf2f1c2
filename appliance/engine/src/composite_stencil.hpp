// SPDX-License-Identifier: Apache-2.0
// A raster with alpha, made ready once for one video format so that it can be laid over any
// number of frames cheaply: per row only the runs that show something, in the frame's own order
// of components.
#pragma once
#include <cstdint>
#include <vector>

#include "rtvbox/video.h"

namespace rtv {

// A picture from the control side: [height][width][4] of Y Cb Cr A, narrow-range values at
// 10 bit in the colorimetry of the frames, straight (not premultiplied) alpha 0..1023.
struct Raster {
  uint32_t width = 0, height = 0;
  const uint16_t *ycca = nullptr;
};

// One component to blend: alpha in the high half, value at the frame's depth in the low half.
using Blend = uint32_t;

// What one pixel of a raster is in a format's components: Y Cb Cr or R G B, at its depth and
// range, never a code that SDI reserves for itself.
struct Pixel {
  uint16_t part[3];
};
Pixel convert_pixel(const rtv_format &f, uint32_t y, uint32_t cb, uint32_t cr);

// Lowest and highest code that may appear in a picture of this depth (10 bit: 4 and 1019).
inline uint32_t lowest_code(const rtv_format &f) { return 1u << (f.depth - 8); }
inline uint32_t highest_code(const rtv_format &f) { return (255u << (f.depth - 8)) - 1; }

// Rounded mix of two codes; exact: alpha 0 gives `under`, alpha 1023 gives `over`.
inline uint32_t mix(uint32_t under, uint32_t over, uint32_t alpha) {
  return (under * (1023 - alpha) + over * alpha + 511) / 1023;
}
inline uint32_t mix_legal(uint32_t under, Blend b, uint32_t low, uint32_t high) {
  const uint32_t v = mix(under, b & 0xffff, b >> 16);
  return v < low ? low : v > high ? high : v;
}

// Whether two formats have the same picture in memory (rate and scan do not matter).
bool same_memory(const rtv_format &a, const rtv_format &b);
// Whether the layout can hold the format at all.
bool holds(const rtv_format &f);

class Stencil {
 public:
  // Throws std::invalid_argument, one line, when the raster does not lie inside the frame, x is
  // odd in 4:2:2, or a value is above 1023.
  Stencil(const rtv_format &format, uint32_t x, uint32_t y, const Raster &raster);

  uint32_t top() const { return top_; }
  uint32_t bottom() const { return top_ + rows_; }  // one past
  // Rows from <= row < to of a frame of the same memory; the caller has checked that.
  void blend(rtv_frame &frame, uint32_t from, uint32_t to) const;

 private:
  struct Span {
    uint32_t unit, units;  // in units of the layout: V210 6 pixels, UYVY 2, PLANAR16 1 sample
    uint32_t at;           // first coefficient
    bool solid;            // one unit's coefficients serve the whole span
  };
  void encode(const std::vector<Blend> &row, uint32_t first_unit);

  rtv_format format_;
  uint32_t top_, rows_;
  std::vector<Span> spans_;
  std::vector<uint32_t> index_;  // [planes][rows]: end of its spans in spans_
  std::vector<Blend> coefficients_;
};

// Lays one colour over whole rows: how a held picture is darkened.
void tint_rows(rtv_frame &frame, const Pixel &colour, uint32_t alpha_luma, uint32_t alpha_chroma);

// V210 runs, 12 coefficients a unit in the order [3 components of a word][4 words]. `solid`: the
// first 12 serve all units. The scalar one is the reference for the other.
void blend_v210_scalar(uint8_t *unit, uint32_t units, const Blend *c, bool solid);
void blend_v210(uint8_t *unit, uint32_t units, const Blend *c, bool solid);
// UYVY runs, 4 coefficients a unit in the order of the components.
void blend_uyvy_scalar(uint8_t *unit, uint32_t units, const Blend *c, bool solid);
void blend_uyvy(uint8_t *unit, uint32_t units, const Blend *c, bool solid);

}  // namespace rtv
