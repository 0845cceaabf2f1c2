// SPDX-License-Identifier: Apache-2.0
#include "commit_plan.hpp"

namespace rtv::drm {

const char *encoding_name(const rtv_format &f) {
  return f.colorimetry == 1   ? "ITU-R BT.601 YCbCr"
         : f.colorimetry == 3 ? "ITU-R BT.2020 YCbCr"
                              : "ITU-R BT.709 YCbCr";
}

const char *range_name(const rtv_format &f) {
  return f.full_range ? "YCbCr full range" : "YCbCr limited range";
}

std::vector<Setting> light_plan(const Wish &w) {
  std::vector<Setting> plan = {
      {Of::connector, "CRTC_ID", w.crtc},
      {Of::connector, "max bpc", w.max_bpc},
      {Of::crtc, "MODE_ID", w.mode_blob},
      {Of::crtc, "ACTIVE", 1},
      {Of::crtc, "VRR_ENABLED", w.follows},
      // What a desktop left behind there would change the picture's values.
      {Of::crtc, "DEGAMMA_LUT", 0},
      {Of::crtc, "CTM", 0},
      {Of::crtc, "GAMMA_LUT", 0},
      {Of::plane, "FB_ID", w.fb},
      {Of::plane, "CRTC_ID", w.crtc},
      {Of::plane, "SRC_X", 0},
      {Of::plane, "SRC_Y", 0},
      {Of::plane, "SRC_W", static_cast<uint64_t>(w.width) << 16},
      {Of::plane, "SRC_H", static_cast<uint64_t>(w.height) << 16},
      {Of::plane, "CRTC_X", 0},
      {Of::plane, "CRTC_Y", 0},
      {Of::plane, "CRTC_W", w.width},
      {Of::plane, "CRTC_H", w.height},
  };
  if (!is_rgb(w.pixel)) {
    plan.push_back({Of::plane, "COLOR_ENCODING", 0, encoding_name(w.format)});
    plan.push_back({Of::plane, "COLOR_RANGE", 0, range_name(w.format)});
  }
  return plan;
}

std::vector<Setting> dark_plan(uint64_t max_bpc) {
  return {
      {Of::connector, "CRTC_ID", 0}, {Of::connector, "max bpc", max_bpc}, {Of::crtc, "MODE_ID", 0},
      {Of::crtc, "ACTIVE", 0},       {Of::crtc, "VRR_ENABLED", 0},        {Of::plane, "FB_ID", 0},
      {Of::plane, "CRTC_ID", 0},
  };
}

}  // namespace rtv::drm
