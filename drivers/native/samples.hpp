// SPDX-License-Identifier: Apache-2.0
// Rows of samples in and out of each memory layout, one value at a time: what pictures are drawn,
// stamped and previewed with. The engine's kernels are elsewhere and faster.
#pragma once
#include <endian.h>

#include <cstdint>
#include <cstring>

#include "rtvbox/pool.hpp"
#include "rtvbox/video.h"

namespace rtv {

inline uint32_t chroma_width(const rtv_format &f) {
  return f.sampling == RTV_422 ? (f.width + 1) / 2 : f.width;
}
// Values a row buffer must hold: whole groups of v210 are read and written.
inline size_t row_capacity(const rtv_format &f) { return (f.width + 47) / 48 * 48; }

inline uint32_t load_le32(const uint8_t *p) {
  uint32_t v;
  std::memcpy(&v, p, 4);
  return le32toh(v);
}
inline void store_le32(uint8_t *p, uint32_t v) {
  v = htole32(v);
  std::memcpy(p, &v, 4);
}

// Writes the first n pixels of a row (rounded up to whole groups of the layout).
// y, cb, cr: values at the format's depth; chroma at its own width; R, G, B for RGB.
inline void pack_row(rtv_frame *f, uint32_t row, const uint16_t *y, const uint16_t *cb,
                     const uint16_t *cr, uint32_t n) {
  uint8_t *out = f->plane[0] + static_cast<size_t>(f->stride[0]) * row;
  switch (f->format.layout) {
    case RTV_V210:
      for (uint32_t x = 0; x < n; x += 6, out += 16, y += 6, cb += 3, cr += 3) {
        auto word = [](uint32_t a, uint32_t b, uint32_t c) { return a | b << 10 | c << 20; };
        store_le32(out, word(cb[0], y[0], cr[0]));
        store_le32(out + 4, word(y[1], cb[1], y[2]));
        store_le32(out + 8, word(cr[1], y[3], cb[2]));
        store_le32(out + 12, word(y[4], cr[2], y[5]));
      }
      break;
    case RTV_UYVY:
      for (uint32_t x = 0; x < n; x += 2, out += 4) {
        out[0] = static_cast<uint8_t>(cb[x / 2]);
        out[1] = static_cast<uint8_t>(y[x]);
        out[2] = static_cast<uint8_t>(cr[x / 2]);
        out[3] = static_cast<uint8_t>(y[x + 1]);
      }
      break;
    default: {
      const uint32_t c = f->format.sampling == RTV_422 ? (n + 1) / 2 : n;
      std::memcpy(out, y, n * 2);
      std::memcpy(f->plane[1] + static_cast<size_t>(f->stride[1]) * row, cb, c * 2);
      std::memcpy(f->plane[2] + static_cast<size_t>(f->stride[2]) * row, cr, c * 2);
    }
  }
}

// Reads a whole row; the buffers hold row_capacity() values each.
inline void unpack_row(const rtv_frame *f, uint32_t row, uint16_t *y, uint16_t *cb, uint16_t *cr) {
  const uint8_t *in = f->plane[0] + static_cast<size_t>(f->stride[0]) * row;
  const uint32_t n = f->format.width;
  switch (f->format.layout) {
    case RTV_V210:
      for (uint32_t x = 0; x < n; x += 6, in += 16, y += 6, cb += 3, cr += 3) {
        const uint32_t a = load_le32(in), b = load_le32(in + 4), c = load_le32(in + 8),
                       d = load_le32(in + 12);
        auto part = [](uint32_t w, int i) { return static_cast<uint16_t>(w >> (10 * i) & 1023u); };
        cb[0] = part(a, 0), y[0] = part(a, 1), cr[0] = part(a, 2);
        y[1] = part(b, 0), cb[1] = part(b, 1), y[2] = part(b, 2);
        cr[1] = part(c, 0), y[3] = part(c, 1), cb[2] = part(c, 2);
        y[4] = part(d, 0), cr[2] = part(d, 1), y[5] = part(d, 2);
      }
      break;
    case RTV_UYVY:
      for (uint32_t x = 0; x < n; x += 2, in += 4) {
        cb[x / 2] = in[0];
        y[x] = in[1];
        cr[x / 2] = in[2];
        y[x + 1] = in[3];
      }
      break;
    default: {
      const uint32_t c = chroma_width(f->format);
      std::memcpy(y, in, n * 2);
      std::memcpy(cb, f->plane[1] + static_cast<size_t>(f->stride[1]) * row, c * 2);
      std::memcpy(cr, f->plane[2] + static_cast<size_t>(f->stride[2]) * row, c * 2);
    }
  }
}

// One value of luma (green for RGB) at the format's depth.
inline uint16_t luma_at(const rtv_frame *f, uint32_t x, uint32_t row) {
  static constexpr struct {
    uint8_t word, part;
  } kY[6] = {{0, 1}, {1, 0}, {1, 2}, {2, 1}, {3, 0}, {3, 2}};
  const uint8_t *in = f->plane[0] + static_cast<size_t>(f->stride[0]) * row;
  switch (f->format.layout) {
    case RTV_V210: {
      const auto [word, part] = kY[x % 6];
      return static_cast<uint16_t>(load_le32(in + x / 6 * 16 + word * 4) >> (10 * part) & 1023u);
    }
    case RTV_UYVY:
      return in[x * 2 + 1];
    default: {
      const int p = f->format.sampling == RTV_RGB ? 1 : 0;
      uint16_t v;
      std::memcpy(&v, f->plane[p] + static_cast<size_t>(f->stride[p]) * row + x * 2, 2);
      return v;
    }
  }
}

// Bytes of plane p that hold the first n pixels, whole groups of the layout.
inline size_t span_bytes(const rtv_format &f, int p, uint32_t n) {
  switch (f.layout) {
    case RTV_V210:
      return (n + 5) / 6 * 16;
    case RTV_UYVY:
      return n * 2;
    default:
      return p > 0 && f.sampling == RTV_422 ? n : n * 2;
  }
}

// Copies a rectangle between frames of the same layout, sampling and depth. All x and w are
// multiples of 6 pixels: the group of v210, and whole chroma samples in every other layout.
inline void copy_rect(rtv_frame *to, uint32_t tx, uint32_t ty, const rtv_frame *from, uint32_t fx,
                      uint32_t fy, uint32_t w, uint32_t h) {
  for (int p = 0; p < plane_count(to->format); ++p) {
    const size_t n = span_bytes(to->format, p, w);
    uint8_t *d = to->plane[p] + static_cast<size_t>(to->stride[p]) * ty +
                 span_bytes(to->format, p, tx);
    const uint8_t *s = from->plane[p] + static_cast<size_t>(from->stride[p]) * fy +
                       span_bytes(from->format, p, fx);
    for (uint32_t i = 0; i < h; ++i, d += to->stride[p], s += from->stride[p]) std::memcpy(d, s, n);
  }
}

// Copies rows between frames of the same format, padding and all.
inline void copy_rows(rtv_frame *to, const rtv_frame *from, uint32_t first, uint32_t end) {
  for (int p = 0; p < plane_count(to->format); ++p)
    std::memcpy(to->plane[p] + static_cast<size_t>(to->stride[p]) * first,
                from->plane[p] + static_cast<size_t>(from->stride[p]) * first,
                static_cast<size_t>(to->stride[p]) * (end - first));
}

inline bool same_picture(const rtv_format &a, const rtv_format &b) {
  return a.width == b.width && a.height == b.height && a.layout == b.layout &&
         a.sampling == b.sampling && a.depth == b.depth;
}

}  // namespace rtv
