// SPDX-License-Identifier: Apache-2.0
// How the kernel calls what we mean.
#pragma once
#include <cstdint>
#include <string>

#include <drm_fourcc.h>

#include "pixels.hpp"

namespace rtv::drm {

inline uint32_t fourcc_of(Pixel p) {
  switch (p) {
    case Pixel::xrgb8888:
      return DRM_FORMAT_XRGB8888;
    case Pixel::xrgb2101010:
      return DRM_FORMAT_XRGB2101010;
    case Pixel::xbgr2101010:
      return DRM_FORMAT_XBGR2101010;
    case Pixel::uyvy:
      return DRM_FORMAT_UYVY;
    case Pixel::yuyv:
      return DRM_FORMAT_YUYV;
    case Pixel::y210:
      return DRM_FORMAT_Y210;
  }
  return 0;
}

inline const char *encoding_name(const rtv_format &f) {
  return f.colorimetry == 1   ? "ITU-R BT.601 YCbCr"
         : f.colorimetry == 3 ? "ITU-R BT.2020 YCbCr"
                              : "ITU-R BT.709 YCbCr";
}
inline const char *range_name(const rtv_format &f) {
  return f.full_range ? "YCbCr full range" : "YCbCr limited range";
}

}  // namespace rtv::drm
