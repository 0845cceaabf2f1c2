// SPDX-License-Identifier: Apache-2.0
// Which properties of which objects a mode setting sets. Pure: the kernel's numbers for these names
// and the asking are in commit.cpp; what a driver does not have is left out there.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "pixels.hpp"
#include "rtvbox/video.h"

namespace rtv::drm {

enum class Of : uint8_t { connector, crtc, plane };

struct Setting {
  Of of;
  const char *property;
  uint64_t value;
  const char *named = nullptr;  // of an enumeration: the value's name
};

struct Wish {
  uint32_t crtc = 0, mode_blob = 0, fb = 0;
  uint32_t width = 0, height = 0;  // of the mode
  Pixel pixel = Pixel::xrgb8888;
  rtv_format format{};   // matrix and range, where the plane takes Y'CbCr
  uint64_t max_bpc = 0;  // as link.hpp has it
  bool follows = false;  // the refresh follows the pictures (VRR)
};

// Object by object, as the kernel wants them. A refresh that does not follow is said too: a desktop
// may have left it on.
std::vector<Setting> light_plan(const Wish &wish);

// Dark, and the connector as it was found. max_bpc: as it was.
std::vector<Setting> dark_plan(uint64_t max_bpc);

// How the kernel names a format's matrix and range.
const char *encoding_name(const rtv_format &f);
const char *range_name(const rtv_format &f);

}  // namespace rtv::drm
