// SPDX-License-Identifier: Apache-2.0
#include "composite_stencil.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>

#include "rtvbox/pool.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace rtv {
namespace {

// Components in the unit of a layout's rows.
uint32_t unit_size(const rtv_format &f) {
  return f.layout == RTV_V210 ? 12 : f.layout == RTV_UYVY ? 4 : 1;
}
// Where component i of a V210 unit lies among its coefficients.
constexpr uint32_t lane(uint32_t i) { return i % 3 * 4 + i / 3; }

Blend over(uint32_t value, uint32_t alpha) { return alpha << 16 | value; }

uint16_t at_depth(const rtv_format &f, double v10) {
  const double v = v10 * (f.depth == 8 ? 0.25 : f.depth == 12 ? 4.0 : 1.0);
  const auto code = static_cast<int64_t>(std::floor(v + 0.5));
  return static_cast<uint16_t>(
      std::clamp<int64_t>(code, lowest_code(f), highest_code(f)));
}

void blend_words(uint8_t *row, uint32_t n, const Blend *c, bool solid, uint32_t low,
                 uint32_t high) {
  auto *p = reinterpret_cast<uint16_t *>(row);
  for (uint32_t i = 0; i < n; ++i)
    p[i] = static_cast<uint16_t>(mix_legal(p[i], c[solid ? 0 : i], low, high));
}

void blend_units(const rtv_frame &frame, int plane, uint32_t row, uint32_t unit, uint32_t units,
                 const Blend *c, bool solid) {
  const rtv_format &f = frame.format;
  uint8_t *p = frame.plane[plane] + static_cast<size_t>(row) * frame.stride[plane];
  if (f.layout == RTV_V210)
    blend_v210(p + unit * 16, units, c, solid);
  else if (f.layout == RTV_UYVY)
    blend_uyvy(p + unit * 4, units, c, solid);
  else
    blend_words(p + unit * 2, units, c, solid, lowest_code(f), highest_code(f));
}

}  // namespace

bool same_memory(const rtv_format &a, const rtv_format &b) {
  return a.width == b.width && a.height == b.height && a.sampling == b.sampling &&
         a.depth == b.depth && a.layout == b.layout;
}
bool holds(const rtv_format &f) {
  return f.sampling >= RTV_422 && f.sampling <= RTV_RGB && row_bytes(f, 0) != 0 &&
         (f.depth == 8 || f.depth == 10 || f.depth == 12);
}

Pixel convert_pixel(const rtv_format &f, uint32_t y, uint32_t cb, uint32_t cr) {
  if (f.sampling != RTV_RGB) {
    if (!f.full_range) return {{at_depth(f, y), at_depth(f, cb), at_depth(f, cr)}};
    return {{at_depth(f, (y - 64.0) * 1023 / 876), at_depth(f, (cb - 512.0) * 1023 / 896 + 512),
             at_depth(f, (cr - 512.0) * 1023 / 896 + 512)}};
  }
  const double kr = f.colorimetry == 1 ? 0.299 : f.colorimetry == 3 ? 0.2627 : 0.2126;
  const double kb = f.colorimetry == 1 ? 0.114 : f.colorimetry == 3 ? 0.0593 : 0.0722;
  const double l = (y - 64.0) / 876, b = (cb - 512.0) / 896, r = (cr - 512.0) / 896;
  const double red = l + 2 * (1 - kr) * r, blue = l + 2 * (1 - kb) * b;
  const double green = (l - kr * red - kb * blue) / (1 - kr - kb);
  auto code = [&](double v) {
    v = std::clamp(v, 0.0, 1.0);
    return at_depth(f, f.full_range ? v * 1023 : 64 + v * 876);
  };
  return {{code(red), code(green), code(blue)}};
}

Stencil::Stencil(const rtv_format &format, uint32_t x, uint32_t y, const Raster &raster)
    : format_(format), top_(y), rows_(raster.height) {
  const uint32_t w = raster.width, h = raster.height;
  if (!holds(format)) throw std::invalid_argument("format: the layout cannot hold it");
  if (w == 0 || h == 0 || x > format.width || w > format.width - x || y > format.height ||
      h > format.height - y)
    throw std::invalid_argument("raster: " + std::to_string(w) + "x" + std::to_string(h) + " at " +
                                std::to_string(x) + "," + std::to_string(y) +
                                " does not lie inside " + std::to_string(format.width) + "x" +
                                std::to_string(format.height));
  const bool paired = format.sampling == RTV_422;
  if (paired && x % 2) throw std::invalid_argument("x: is odd; 4:2:2 needs an even place");
  const size_t values = static_cast<size_t>(w) * h * 4;
  if (std::any_of(raster.ycca, raster.ycca + values, [](uint16_t v) { return v > 1023; }))
    throw std::invalid_argument("raster: a value is above 1023; give 10-bit values");

  // The colour that two pixels share in 4:2:2: each weighs as much as it covers.
  auto shared = [](uint32_t c0, uint32_t a0, uint32_t c1, uint32_t a1) {
    return a0 + a1 ? (c0 * a0 + c1 * a1 + (a0 + a1) / 2) / (a0 + a1) : 512;
  };
  const bool interleaved = format.layout != RTV_PLANAR16;
  const uint32_t size = unit_size(format);
  std::vector<Blend> row;
  for (int plane = 0; plane < plane_count(format); ++plane) {
    const bool halved = !interleaved && paired && plane > 0;
    const uint32_t first = interleaved ? x * 2 : halved ? x / 2 : x;  // component in the row
    const uint32_t unit = first / size;
    for (uint32_t r = 0; r < h; ++r) {
      const uint16_t *line = raster.ycca + static_cast<size_t>(r) * w * 4;
      row.assign(first - unit * size, 0);
      if (!paired) {
        for (uint32_t i = 0; i < w; ++i) {
          const uint16_t *p = line + i * 4;
          row.push_back(over(convert_pixel(format, p[0], p[1], p[2]).part[plane], p[3]));
        }
      } else {
        for (uint32_t i = 0; i < w; i += 2) {
          static constexpr uint16_t kNothing[4] = {64, 512, 512, 0};
          const uint16_t *p = line + i * 4, *q = i + 1 < w ? p + 4 : kNothing;
          const uint32_t cb = shared(p[1], p[3], q[1], q[3]), cr = shared(p[2], p[3], q[2], q[3]);
          const uint32_t alpha = (p[3] + q[3] + 1u) / 2;
          const Pixel a = convert_pixel(format, p[0], cb, cr);
          const Pixel b = convert_pixel(format, q[0], cb, cr);
          if (interleaved) {
            row.push_back(over(a.part[1], alpha));
            row.push_back(over(a.part[0], p[3]));
            row.push_back(over(a.part[2], alpha));
            row.push_back(over(b.part[0], q[3]));
          } else if (plane > 0) {
            row.push_back(over(a.part[plane], alpha));
          } else {
            row.push_back(over(a.part[0], p[3]));
            if (i + 1 < w) row.push_back(over(b.part[0], q[3]));
          }
        }
      }
      row.resize((row.size() + size - 1) / size * size, 0);
      encode(row, unit);
      index_.push_back(static_cast<uint32_t>(spans_.size()));
    }
  }
}

// Cuts a row into runs that show something; long stretches of one colour (plates) are kept as a
// single unit, so that they cost no memory traffic but the frame's own.
void Stencil::encode(const std::vector<Blend> &row, uint32_t first_unit) {
  const uint32_t size = unit_size(format_);
  const auto units = static_cast<uint32_t>(row.size() / size);
  auto same = [&](uint32_t a, uint32_t b) {
    return std::equal(row.begin() + a * size, row.begin() + (a + 1) * size, row.begin() + b * size);
  };
  auto empty = [&](uint32_t u) {
    return std::all_of(row.begin() + u * size, row.begin() + (u + 1) * size,
                       [](Blend b) { return b >> 16 == 0; });
  };
  auto put = [&](uint32_t from, uint32_t to, bool solid) {
    if (from == to) return;
    spans_.push_back(
        {first_unit + from, to - from, static_cast<uint32_t>(coefficients_.size()), solid});
    for (uint32_t u = from; u < (solid ? from + 1 : to); ++u)
      for (uint32_t i = 0; i < size; ++i) {
        const uint32_t source = size == 12 ? i % 4 * 3 + i / 4 : i;
        coefficients_.push_back(row[u * size + source]);
      }
  };
  constexpr uint32_t kWorth = 4;  // units from which a run of one colour is worth its own span
  uint32_t open = 0, at = 0;
  while (at < units) {
    uint32_t end = at + 1;
    while (end < units && same(at, end)) ++end;
    if (empty(at)) {
      put(open, at, false);
      open = end;
    } else if (end - at >= kWorth) {
      put(open, at, false);
      put(at, end, true);
      open = end;
    }
    at = end;
  }
  put(open, units, false);
}

void Stencil::blend(rtv_frame &frame, uint32_t from, uint32_t to) const {
  from = std::max(from, top_);
  to = std::min(to, top_ + rows_);
  for (int plane = 0; plane < plane_count(format_); ++plane)
    for (uint32_t row = from; row < to; ++row) {
      const size_t i = static_cast<size_t>(plane) * rows_ + (row - top_);
      for (uint32_t s = i ? index_[i - 1] : 0; s < index_[i]; ++s) {
        const Span &span = spans_[s];
        blend_units(frame, plane, row, span.unit, span.units, &coefficients_[span.at], span.solid);
      }
    }
}

void tint_rows(rtv_frame &frame, const Pixel &colour, uint32_t alpha_luma, uint32_t alpha_chroma) {
  const rtv_format &f = frame.format;
  if (!holds(f)) return;
  const bool interleaved = f.layout != RTV_PLANAR16, rgb = f.sampling == RTV_RGB;
  const Blend y = over(colour.part[0], alpha_luma), cb = over(colour.part[1], alpha_chroma),
              cr = over(colour.part[2], alpha_chroma);
  const std::array<Blend, 4> pair{cb, y, cr, y};
  std::array<Blend, 12> unit{};
  for (int plane = 0; plane < plane_count(f); ++plane) {
    const bool halved = !interleaved && f.sampling == RTV_422 && plane > 0;
    uint32_t units = halved ? f.width / 2 : f.width;
    if (f.layout == RTV_V210) {
      units = f.width / 6;
      for (uint32_t i = 0; i < 12; ++i) unit[lane(i)] = pair[i % 4];
    } else if (f.layout == RTV_UYVY) {
      units = f.width / 2;
      std::copy(pair.begin(), pair.end(), unit.begin());
    } else {
      unit[0] = over(colour.part[plane], plane == 0 || rgb ? alpha_luma : alpha_chroma);
    }
    for (uint32_t row = 0; row < f.height; ++row)
      blend_units(frame, plane, row, 0, units, unit.data(), true);
    if (f.layout == RTV_V210 && f.width % 6) {  // the last unit is not full
      for (uint32_t i = f.width % 6 * 2; i < 12; ++i) unit[lane(i)] = 0;
      for (uint32_t row = 0; row < f.height; ++row)
        blend_units(frame, plane, row, units, 1, unit.data(), true);
    }
  }
}

void blend_v210_scalar(uint8_t *p, uint32_t units, const Blend *c, bool solid) {
  for (uint32_t u = 0; u < units; ++u, p += 16, c += solid ? 0 : 12)
    for (uint32_t w = 0; w < 4; ++w) {
      uint8_t *at = p + w * 4;
      const uint32_t in = at[0] | at[1] << 8 | at[2] << 16 | static_cast<uint32_t>(at[3]) << 24;
      uint32_t out = in & 0xc0000000u;
      for (uint32_t k = 0; k < 3; ++k) {
        const uint32_t under = in >> (10 * k) & 1023;
        const Blend b = c[k * 4 + w];
        out |= (b >> 16 ? mix_legal(under, b, 4, 1019) : under) << (10 * k);
      }
      for (uint32_t i = 0; i < 4; ++i) at[i] = static_cast<uint8_t>(out >> (8 * i));
    }
}

void blend_uyvy_scalar(uint8_t *p, uint32_t units, const Blend *c, bool solid) {
  for (uint32_t i = 0; i < units * 4; ++i) {
    const Blend b = c[solid ? i & 3 : i];
    if (b >> 16) p[i] = static_cast<uint8_t>(mix_legal(p[i], b, 1, 254));
  }
}

#if defined(__SSE2__)
namespace {
// Four components at once. under * (1023 - a) + over * a is one multiply-add of 16-bit pairs;
// x / 1023 is (x + (x >> 10) + 1) >> 10 for every x below 1023 * 1024.
template <int kLow, int kHigh>
inline __m128i mix4(__m128i under, __m128i b) {
  const __m128i high = _mm_set1_epi32(static_cast<int>(0xffff0000u));
  const __m128i alpha = _mm_srli_epi32(b, 16);
  const __m128i values = _mm_or_si128(under, _mm_slli_epi32(b, 16));
  const __m128i weights =
      _mm_or_si128(_mm_sub_epi32(_mm_set1_epi32(1023), alpha), _mm_and_si128(b, high));
  const __m128i x = _mm_add_epi32(_mm_madd_epi16(values, weights), _mm_set1_epi32(511));
  __m128i v = _mm_srli_epi32(
      _mm_add_epi32(_mm_add_epi32(x, _mm_srli_epi32(x, 10)), _mm_set1_epi32(1)), 10);
  v = _mm_min_epi16(_mm_max_epi16(v, _mm_set1_epi32(kLow)), _mm_set1_epi32(kHigh));
  const __m128i none = _mm_cmpeq_epi32(alpha, _mm_setzero_si128());
  return _mm_or_si128(_mm_and_si128(none, under), _mm_andnot_si128(none, v));
}
}  // namespace

void blend_v210(uint8_t *p, uint32_t units, const Blend *c, bool solid) {
  const __m128i ten = _mm_set1_epi32(1023);
  const auto *k = reinterpret_cast<const __m128i *>(c);
  __m128i c0 = _mm_loadu_si128(k), c1 = _mm_loadu_si128(k + 1), c2 = _mm_loadu_si128(k + 2);
  for (uint32_t u = 0; u < units; ++u, p += 16) {
    auto *at = reinterpret_cast<__m128i *>(p);
    const __m128i in = _mm_loadu_si128(at);
    if (!solid) {
      c0 = _mm_loadu_si128(k);
      c1 = _mm_loadu_si128(k + 1);
      c2 = _mm_loadu_si128(k + 2);
      k += 3;
    }
    const __m128i v0 = mix4<4, 1019>(_mm_and_si128(in, ten), c0);
    const __m128i v1 = mix4<4, 1019>(_mm_and_si128(_mm_srli_epi32(in, 10), ten), c1);
    const __m128i v2 = mix4<4, 1019>(_mm_and_si128(_mm_srli_epi32(in, 20), ten), c2);
    const __m128i rest = _mm_and_si128(in, _mm_set1_epi32(static_cast<int>(0xc0000000u)));
    _mm_storeu_si128(at, _mm_or_si128(_mm_or_si128(v0, rest),
                                      _mm_or_si128(_mm_slli_epi32(v1, 10), _mm_slli_epi32(v2, 20))));
  }
}

void blend_uyvy(uint8_t *p, uint32_t units, const Blend *c, bool solid) {
  const __m128i zero = _mm_setzero_si128();
  const auto *k = reinterpret_cast<const __m128i *>(c);
  __m128i c0 = _mm_loadu_si128(k), c1 = c0, c2 = c0, c3 = c0;
  uint32_t u = 0;
  for (; u + 4 <= units; u += 4, p += 16) {
    auto *at = reinterpret_cast<__m128i *>(p);
    const __m128i in = _mm_loadu_si128(at);
    if (!solid) {
      c0 = _mm_loadu_si128(k + u);
      c1 = _mm_loadu_si128(k + u + 1);
      c2 = _mm_loadu_si128(k + u + 2);
      c3 = _mm_loadu_si128(k + u + 3);
    }
    const __m128i low = _mm_unpacklo_epi8(in, zero), high = _mm_unpackhi_epi8(in, zero);
    const __m128i v0 = mix4<1, 254>(_mm_unpacklo_epi16(low, zero), c0);
    const __m128i v1 = mix4<1, 254>(_mm_unpackhi_epi16(low, zero), c1);
    const __m128i v2 = mix4<1, 254>(_mm_unpacklo_epi16(high, zero), c2);
    const __m128i v3 = mix4<1, 254>(_mm_unpackhi_epi16(high, zero), c3);
    _mm_storeu_si128(at, _mm_packus_epi16(_mm_packs_epi32(v0, v1), _mm_packs_epi32(v2, v3)));
  }
  if (u < units) blend_uyvy_scalar(p, units - u, solid ? c : c + u * 4, solid);
}
#else
void blend_uyvy(uint8_t *p, uint32_t units, const Blend *c, bool solid) {
  blend_uyvy_scalar(p, units, c, solid);
}
void blend_v210(uint8_t *p, uint32_t units, const Blend *c, bool solid) {
  blend_v210_scalar(p, units, c, solid);
}
#endif

}  // namespace rtv
