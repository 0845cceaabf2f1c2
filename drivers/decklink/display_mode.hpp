// SPDX-License-Identifier: Apache-2.0
// Between the vendor's display modes and pixel formats and ours.
#pragma once
#include <string>

#include "com.hpp"
#include "rtvbox/video.h"

namespace rtv::decklink {

struct ModeFacts {
  uint32_t mode = 0;  // the vendor's four characters
  uint32_t width = 0, height = 0;
  uint32_t rate_num = 0, rate_den = 1;  // frames a second, lowest terms
  int64_t duration = 0, scale = 0;      // of a frame, as the vendor writes it
  uint8_t scan = RTV_PROGRESSIVE;
  bool carried = true;  // false: lower field first, which the rest of the box does not have
};

ModeFacts mode_facts(abi::DisplayMode *mode);
bool same_raster(const ModeFacts &m, const rtv_format &f);
// The mode of that raster among those of an input or output; mode 0: none.
ModeFacts find_mode(abi::DisplayModeIterator *modes, const rtv_format &f);

// v210 for 10 bit, 2vuy for 8; 0 where neither holds the samples.
uint32_t pixel_format_of(const rtv_format &f);
// Bytes from row to row in the vendor's memory.
uint32_t row_bytes_of(uint32_t pixel_format, uint32_t width);

// The detected format: raster of the mode, sampling and depth of the flags. Where the flags say no
// depth, as those of old drivers, it is `assumed`. layout 0: not carried (RGB, 12 bit, 3D).
rtv_format detected_format(const ModeFacts &m, uint32_t flags, const rtv_format &assumed);

// For a person: 1920x1080i 25 frames/s 10 bit.
std::string words(const rtv_format &f);

}  // namespace rtv::decklink
