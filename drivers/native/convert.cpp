// SPDX-License-Identifier: Apache-2.0
#include "convert.hpp"

#include <vector>

#include "colour.hpp"
#include "samples.hpp"

namespace rtv {

namespace {

struct Row {
  std::vector<uint16_t> y, cb, cr;
  explicit Row(const rtv_format &f)
      : y(row_capacity(f)), cb(row_capacity(f)), cr(row_capacity(f)) {}
};

template <class T>
void to_rgb(const rtv_frame *f, T *out) {
  const Colour colour(f->format, sizeof(T) * 8);
  const int half = f->format.sampling == RTV_422;
  Row row(f->format);
  for (uint32_t j = 0; j < f->format.height; ++j) {
    unpack_row(f, j, row.y.data(), row.cb.data(), row.cr.data());
    for (uint32_t i = 0; i < f->format.width; ++i, out += 3)
      colour.to_rgb(row.y[i], row.cb[i >> half], row.cr[i >> half], out);
  }
}

}  // namespace

void to_rgb8(const rtv_frame *f, uint8_t *out) { to_rgb(f, out); }
void to_rgb16(const rtv_frame *f, uint16_t *out) { to_rgb(f, out); }

void preview(const rtv_frame *f, uint32_t width, uint32_t height, uint8_t *out) {
  const Colour colour(f->format, 8);
  const int half = f->format.sampling == RTV_422;
  const uint64_t w = f->format.width, h = f->format.height;
  Row row(f->format);
  std::vector<uint32_t> sum(static_cast<size_t>(width) * 3);
  for (uint32_t j = 0; j < height; ++j, out += static_cast<size_t>(width) * 3) {
    const auto from = static_cast<uint32_t>(j * h / height);
    const auto to = std::max<uint64_t>(from + 1, (j + 1) * h / height);
    // Two rows, a third and two thirds down (of both fields where there are enough of them).
    const uint32_t rows[2] = {from + static_cast<uint32_t>((to - from) / 3),
                              from + static_cast<uint32_t>((to - from) * 2 / 3)};
    const int n_rows = rows[0] == rows[1] ? 1 : 2;
    std::fill(sum.begin(), sum.end(), 0);
    for (int r = 0; r < n_rows; ++r) {
      unpack_row(f, rows[r], row.y.data(), row.cb.data(), row.cr.data());
      for (uint32_t i = 0; i < width; ++i) {
        const auto a = static_cast<uint32_t>(i * w / width);
        const auto b = static_cast<uint32_t>(std::max<uint64_t>(a + 1, (i + 1) * w / width));
        uint32_t s[3] = {};
        for (uint32_t x = a; x < b; ++x) {
          s[0] += row.y[x];
          s[1] += row.cb[x >> half];
          s[2] += row.cr[x >> half];
        }
        for (int c = 0; c < 3; ++c) sum[i * 3 + static_cast<uint32_t>(c)] += s[c] / (b - a);
      }
    }
    for (uint32_t i = 0; i < width; ++i) {
      const uint32_t *s = &sum[i * 3];
      colour.to_rgb(s[0] / static_cast<uint32_t>(n_rows), s[1] / static_cast<uint32_t>(n_rows),
                    s[2] / static_cast<uint32_t>(n_rows), out + i * 3);
    }
  }
}

void from_rgb8(rtv_frame *f, const uint8_t *rgb) {
  const Colour colour(f->format, 8);
  const uint32_t w = f->format.width;
  const bool half = f->format.sampling == RTV_422;
  Row full(f->format), out(f->format);
  for (uint32_t j = 0; j < f->format.height; ++j) {
    colour.from_rgb_row(rgb, w, full.y.data(), full.cb.data(), full.cr.data());
    rgb += static_cast<size_t>(w) * 3;
    if (!half) {
      pack_row(f, j, full.y.data(), full.cb.data(), full.cr.data(), w);
      continue;
    }
    // Chroma is co-sited with even pixels: 1 2 1.
    for (uint32_t i = 0; i < w; i += 2) {
      const uint32_t l = i ? i - 1 : 0, r = std::min(i + 1, w - 1);
      auto mix = [&](const std::vector<uint16_t> &c) {
        return static_cast<uint16_t>((c[l] + 2u * c[i] + c[r] + 2) / 4);
      };
      out.cb[i / 2] = mix(full.cb);
      out.cr[i / 2] = mix(full.cr);
    }
    pack_row(f, j, full.y.data(), out.cb.data(), out.cr.data(), w);
  }
}

void from_planes(rtv_frame *f, const uint16_t *const plane[3], const size_t stride[3], int depth) {
  const int up = std::max(0, f->format.depth - depth), down = std::max(0, depth - f->format.depth);
  const auto top = static_cast<uint32_t>((1 << f->format.depth) - 1);
  Row row(f->format);
  uint16_t *to[3] = {row.y.data(), row.cb.data(), row.cr.data()};
  const uint32_t n[3] = {f->format.width, chroma_width(f->format), chroma_width(f->format)};
  for (uint32_t j = 0; j < f->format.height; ++j) {
    for (int p = 0; p < 3; ++p) {
      const uint16_t *from = plane[p] + stride[p] * j;
      for (uint32_t i = 0; i < n[p]; ++i) {
        const uint32_t v = ((static_cast<uint32_t>(from[i]) << up) + (down ? 1u << (down - 1) : 0)) >>
                           down;
        to[p][i] = static_cast<uint16_t>(std::min(v, top));
      }
    }
    pack_row(f, j, to[0], to[1], to[2], f->format.width);
  }
}

void fill_black(rtv_frame *f) {
  const Colour colour(f->format, 8);
  uint16_t c[3];
  colour.from_rgb(0, 0, 0, c);
  Row row(f->format);
  std::fill(row.y.begin(), row.y.end(), c[0]);
  std::fill(row.cb.begin(), row.cb.end(), c[1]);
  std::fill(row.cr.begin(), row.cr.end(), c[2]);
  for (uint32_t j = 0; j < f->format.height; ++j)
    pack_row(f, j, row.y.data(), row.cb.data(), row.cr.data(), f->format.width);
}

}  // namespace rtv
