// SPDX-License-Identifier: Apache-2.0
#include "ground.hpp"

#include <vector>

namespace rtv {
namespace {

// 75 % bars (ITU-R BT.801's order) as 10-bit Y Cb Cr in narrow range, BT.709: white, yellow, cyan,
// green, magenta, red, blue, black.
constexpr uint16_t kBars[8][3] = {{721, 512, 512}, {674, 176, 543}, {581, 589, 176},
                                  {534, 253, 207}, {251, 771, 817}, {204, 435, 848},
                                  {111, 848, 481}, {64, 512, 512}};

}  // namespace

bool ground_named(std::string_view name, GroundKind *kind) {
  if (name == "last") *kind = GroundKind::last;
  else if (name == "black") *kind = GroundKind::black;
  else if (name == "pattern") *kind = GroundKind::pattern;
  else return false;
  return true;
}

Ground::Ground(const rtv_format &format, GroundKind kind) : format_(format), kind_(kind) {
  if (kind != GroundKind::pattern) return;
  const uint32_t w = format.width, h = format.height;
  std::vector<uint16_t> picture(size_t{w} * h * 4);
  for (size_t at = 0; at < picture.size(); at += 4) {
    const uint16_t *bar = kBars[at / 4 % w * 8 / w];
    for (int part = 0; part < 3; ++part) picture[at + part] = bar[part];
    picture[at + 3] = 1023;
  }
  bars_ = std::make_unique<Stencil>(format, 0, 0, Raster{w, h, picture.data()});
}

void Ground::lay(rtv_frame &frame) const {
  if (bars_) bars_->blend(frame, 0, format_.height);
  else tint_rows(frame, convert_pixel(frame.format, 64, 512, 512), 1023, 1023);
}

}  // namespace rtv
