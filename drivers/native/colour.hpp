// SPDX-License-Identifier: Apache-2.0
// Between R'G'B' and Y'CbCr in integers: BT.601, BT.709, BT.2020 (non-constant luminance),
// narrow and full range. Primaries are not converted: a wide gamut previews a little pale.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "rtvbox/video.h"

namespace rtv {

class Colour {
  static constexpr int kShift = 24;
  int64_t to_rgb_[3][3]{}, from_rgb_[3][3]{};  // rows: R G B; Y Cb Cr
  int64_t y0_, c0_, top_, out_top_;
  bool rgb_;

  static int64_t fixed(double v) { return std::llround(v * static_cast<double>(1 << kShift)); }
  static uint16_t clip(int64_t v, int64_t top) {
    return static_cast<uint16_t>(std::clamp<int64_t>((v + (1 << (kShift - 1))) >> kShift, 0, top));
  }

 public:
  // bits: of the R'G'B' side, full range.
  Colour(const rtv_format &f, int bits) : rgb_(f.sampling == RTV_RGB) {
    const double kr = f.colorimetry == 1 ? 0.299 : f.colorimetry == 3 ? 0.2627 : 0.2126;
    const double kb = f.colorimetry == 1 ? 0.114 : f.colorimetry == 3 ? 0.0593 : 0.0722;
    const double kg = 1 - kr - kb;
    const double unit = 1 << (f.depth - 8);
    top_ = (1 << f.depth) - 1;
    out_top_ = (1 << bits) - 1;
    const double yr = f.full_range ? static_cast<double>(top_) : 219 * unit;
    const double cr = f.full_range ? static_cast<double>(top_) : 224 * unit;
    const auto o = static_cast<double>(out_top_);
    y0_ = f.full_range ? 0 : static_cast<int64_t>(16 * unit);
    c0_ = rgb_ ? y0_ : static_cast<int64_t>(128 * unit);
    if (rgb_) {
      for (int i = 0; i < 3; ++i) to_rgb_[i][i] = fixed(o / yr), from_rgb_[i][i] = fixed(yr / o);
      return;
    }
    const double red = 2 * (1 - kr), blue = 2 * (1 - kb);
    const double t[3][3] = {{1, 0, red}, {1, -kb * blue / kg, -kr * red / kg}, {1, blue, 0}};
    const double r[3][3] = {{kr, kg, kb},
                            {-kr / blue, -kg / blue, (1 - kb) / blue},
                            {(1 - kr) / red, -kg / red, -kb / red}};
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) {
        to_rgb_[i][j] = fixed(t[i][j] * o / (j == 0 ? yr : cr));
        from_rgb_[i][j] = fixed(r[i][j] * (i == 0 ? yr : cr) / o);
      }
  }
  template <class T>
  void to_rgb(int64_t y, int64_t cb, int64_t cr, T *out) const {
    y -= y0_, cb -= c0_, cr -= c0_;
    for (int i = 0; i < 3; ++i)
      out[i] = static_cast<T>(
          clip(to_rgb_[i][0] * y + to_rgb_[i][1] * cb + to_rgb_[i][2] * cr, out_top_));
  }
  // A row from 8-bit triples; in 32 bits, for files that are converted while somebody waits.
  void from_rgb_row(const uint8_t *rgb, uint32_t n, uint16_t *a, uint16_t *b, uint16_t *c) const {
    constexpr int kLess = 9;  // 15 fractional bits leave 4 above the largest product
    int32_t m[3][3], add[3];
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 3; ++j) m[i][j] = static_cast<int32_t>(from_rgb_[i][j] >> kLess);
      add[i] = static_cast<int32_t>(((i == 0 ? y0_ : c0_) << (kShift - kLess)) +
                                    (1 << (kShift - kLess - 1)));
    }
    const auto top = static_cast<int32_t>(top_);
    uint16_t *out[3] = {a, b, c};
    for (int i = 0; i < 3; ++i) {
      uint16_t *o = out[i];
      const int32_t m0 = m[i][0], m1 = m[i][1], m2 = m[i][2], plus = add[i];
      for (uint32_t x = 0; x < n; ++x) {
        const int32_t v =
            (m0 * rgb[3 * x] + m1 * rgb[3 * x + 1] + m2 * rgb[3 * x + 2] + plus) >> (kShift - kLess);
        o[x] = static_cast<uint16_t>(v < 0 ? 0 : v > top ? top : v);
      }
    }
  }
  void from_rgb(int64_t r, int64_t g, int64_t b, uint16_t *out) const {
    for (int i = 0; i < 3; ++i)
      out[i] = clip(from_rgb_[i][0] * r + from_rgb_[i][1] * g + from_rgb_[i][2] * b +
                        ((i == 0 ? y0_ : c0_) << kShift),
                    top_);
  }
};

}  // namespace rtv
