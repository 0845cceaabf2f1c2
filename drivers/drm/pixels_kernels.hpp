// SPDX-License-Identifier: Apache-2.0
// The inner loops of pixels.cpp, written so that compilers make vectors of them. Each is compiled
// twice: for every machine, and for 256-bit vectors.
#pragma once
#include <endian.h>

#include <cstdint>
#include <cstring>

#define RTV_INLINE inline __attribute__((always_inline))

namespace rtv::kernel {

// Chroma between the pixels it stands for: in[n] is read, the right edge again.
RTV_INLINE void upsample(const uint16_t *in, uint32_t pairs, uint16_t *out) {
  for (uint32_t i = 0; i < pairs; ++i) {
    out[2 * i] = in[i];
    out[2 * i + 1] = static_cast<uint16_t>((in[i] + in[i + 1] + 1) >> 1);
  }
}

RTV_INLINE int32_t clamped(int32_t v, int32_t top) { return v < 0 ? 0 : v > top ? top : v; }

// kBits of each part of the output.
template <int kBits, class Matrix>
RTV_INLINE void to_rgb(const uint16_t *y, const uint16_t *u, const uint16_t *v, uint32_t n,
                       const Matrix &m, uint32_t *out) {
  // Unsigned, so that values beyond the depth wrap and do no harm. Offsets and rounding are one
  // number for each part.
  const auto my = static_cast<uint32_t>(m.y), rv = static_cast<uint32_t>(m.rv);
  const auto gu = static_cast<uint32_t>(m.gu), gv = static_cast<uint32_t>(m.gv);
  const auto bu = static_cast<uint32_t>(m.bu), c0 = static_cast<uint32_t>(m.c0);
  const uint32_t base = static_cast<uint32_t>(m.half) - my * static_cast<uint32_t>(m.y0);
  const uint32_t r0 = base - rv * c0, g0 = base - (gu + gv) * c0, b0 = base - bu * c0;
  const int shift = m.shift;
  constexpr int32_t top = (1 << kBits) - 1;
  for (uint32_t i = 0; i < n; ++i) {
    const uint32_t l = my * y[i];
    const int32_t r = clamped(static_cast<int32_t>(l + rv * v[i] + r0) >> shift, top);
    const int32_t g = clamped(static_cast<int32_t>(l + gu * u[i] + gv * v[i] + g0) >> shift, top);
    const int32_t b = clamped(static_cast<int32_t>(l + bu * u[i] + b0) >> shift, top);
    out[i] = htole32(static_cast<uint32_t>(r << (2 * kBits) | g << kBits | b));
  }
}

// R'G'B' to R'G'B': only range and depth.
template <int kBits, class Matrix>
RTV_INLINE void scale_rgb(const uint16_t *r, const uint16_t *g, const uint16_t *b, uint32_t n,
                          const Matrix &m, uint32_t *out) {
  constexpr int32_t top = (1 << kBits) - 1;
  const auto my = static_cast<uint32_t>(m.y);
  const uint32_t add = static_cast<uint32_t>(m.half) - my * static_cast<uint32_t>(m.y0);
  const int shift = m.shift;
  for (uint32_t i = 0; i < n; ++i) {
    const int32_t x = clamped(static_cast<int32_t>(my * r[i] + add) >> shift, top);
    const int32_t y = clamped(static_cast<int32_t>(my * g[i] + add) >> shift, top);
    const int32_t z = clamped(static_cast<int32_t>(my * b[i] + add) >> shift, top);
    out[i] = htole32(static_cast<uint32_t>(x << (2 * kBits) | y << kBits | z));
  }
}

// v210: 6 pixels in 4 little-endian words.
RTV_INLINE void unpack_v210(const uint8_t *in, uint32_t groups, uint16_t *y, uint16_t *u,
                            uint16_t *v) {
  for (uint32_t i = 0; i < groups; ++i, in += 16, y += 6, u += 3, v += 3) {
    uint32_t w[4];
    std::memcpy(w, in, 16);
    const uint32_t a = le32toh(w[0]), b = le32toh(w[1]), c = le32toh(w[2]), d = le32toh(w[3]);
    u[0] = a & 1023, y[0] = a >> 10 & 1023, v[0] = a >> 20 & 1023;
    y[1] = b & 1023, u[1] = b >> 10 & 1023, y[2] = b >> 20 & 1023;
    v[1] = c & 1023, y[3] = c >> 10 & 1023, u[2] = c >> 20 & 1023;
    y[4] = d & 1023, v[2] = d >> 10 & 1023, y[5] = d >> 20 & 1023;
  }
}

RTV_INLINE void unpack_uyvy(const uint8_t *in, uint32_t pairs, uint16_t *y, uint16_t *u,
                            uint16_t *v) {
  for (uint32_t i = 0; i < pairs; ++i) {
    u[i] = in[4 * i];
    y[2 * i] = in[4 * i + 1];
    v[i] = in[4 * i + 2];
    y[2 * i + 1] = in[4 * i + 3];
  }
}

// 4:2:2 to four octets for two pixels, rounded from `down` more bits; luma first or chroma first.
template <bool kLumaFirst>
RTV_INLINE void pack8(const uint16_t *y, const uint16_t *u, const uint16_t *v, uint32_t pairs,
                      int down, uint32_t *out) {
  const int32_t half = down ? 1 << (down - 1) : 0;
  for (uint32_t i = 0; i < pairs; ++i) {
    const auto a = static_cast<uint32_t>(clamped((y[2 * i] + half) >> down, 255));
    const auto b = static_cast<uint32_t>(clamped((y[2 * i + 1] + half) >> down, 255));
    const auto c = static_cast<uint32_t>(clamped((u[i] + half) >> down, 255));
    const auto d = static_cast<uint32_t>(clamped((v[i] + half) >> down, 255));
    out[i] = htole32(kLumaFirst ? a | c << 8 | b << 16 | d << 24 : c | a << 8 | d << 16 | b << 24);
  }
}

// Y210: Y Cb Y Cr, 16 bits each, value in the high bits.
RTV_INLINE void pack16(const uint16_t *y, const uint16_t *u, const uint16_t *v, uint32_t pairs,
                       int up, uint32_t *out) {
  for (uint32_t i = 0; i < pairs; ++i) {
    const auto a = static_cast<uint32_t>(y[2 * i]) << up & 0xffffu;
    const auto b = static_cast<uint32_t>(y[2 * i + 1]) << up & 0xffffu;
    out[2 * i] = htole32(a | static_cast<uint32_t>(u[i]) << (16 + up));
    out[2 * i + 1] = htole32(b | static_cast<uint32_t>(v[i]) << (16 + up));
  }
}

}  // namespace rtv::kernel
