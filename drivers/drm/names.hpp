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

}  // namespace rtv::drm
