// SPDX-License-Identifier: Apache-2.0
// Pictures for people, and pictures from files. Rows are R'G'B' triples, full range.
#pragma once
#include <cstdint>

#include "rtvbox/video.h"

namespace rtv {

// Scaled down (never sharpened): averages the pixels of a row that fall on one, two rows for each.
void preview(const rtv_frame *f, uint32_t width, uint32_t height, uint8_t *out);
void to_rgb8(const rtv_frame *f, uint8_t *out);
void to_rgb16(const rtv_frame *f, uint16_t *out);

// Into a frame that nobody else reads yet, of exactly the same raster.
void from_rgb8(rtv_frame *f, const uint8_t *rgb);
// Planes of the frame's own sampling and values at `depth`, moved to the frame's depth.
void from_planes(rtv_frame *f, const uint16_t *const plane[3], const size_t stride[3], int depth);
void fill_black(rtv_frame *f);

}  // namespace rtv
