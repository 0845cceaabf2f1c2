// SPDX-License-Identifier: Apache-2.0
// Row loops over pairs of pixels. A conversion goes through a row of 16-bit samples Cb Y Cr Y, 10
// bits each, short enough for the first cache; the compiler vectorises both halves.
#include "pixels.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace rtv::v4l2 {

namespace {

constexpr uint32_t kPiece = 384;  // pixels at a time: 64 groups of v210's six

using Samples = uint16_t[kPiece * 2];  // Cb Y Cr Y

void load_uyvy(const uint8_t *p, uint32_t pixels, uint16_t *s) {
  for (uint32_t i = 0; i < pixels * 2; ++i) s[i] = static_cast<uint16_t>(p[i] << 2);
}
void load_yuyv(const uint8_t *p, uint32_t pixels, uint16_t *s) {
  for (uint32_t i = 0; i < pixels * 2; ++i) s[i] = static_cast<uint16_t>(p[i ^ 1] << 2);
}
// Y210: Y Cb Y Cr, 16 bits little-endian, the value in the high ten.
void load_y210(const uint8_t *p, uint32_t pixels, uint16_t *s) {
  for (uint32_t i = 0; i < pixels * 2; ++i) {
    uint16_t v;
    std::memcpy(&v, p + size_t{i ^ 1} * 2, 2);
    s[i] = v >> 6;
  }
}
void load_v210(const uint8_t *p, uint32_t pixels, uint16_t *s) {
  for (uint32_t i = 0; i < pixels * 2; i += 3, p += 4) {
    uint32_t w;
    std::memcpy(&w, p, 4);
    s[i] = w & 1023;
    if (i + 1 < pixels * 2) s[i + 1] = w >> 10 & 1023;
    if (i + 2 < pixels * 2) s[i + 2] = w >> 20 & 1023;
  }
}

// Eight of ten bits, rounded, and away from the codes that SDI keeps for timing.
uint8_t eight(uint16_t v) { return static_cast<uint8_t>(std::clamp((v + 2) >> 2, 1, 254)); }

void store_uyvy(const uint16_t *s, uint32_t pixels, uint8_t *p) {
  for (uint32_t i = 0; i < pixels * 2; ++i) p[i] = eight(s[i]);
}
void store_yuyv(const uint16_t *s, uint32_t pixels, uint8_t *p) {
  for (uint32_t i = 0; i < pixels * 2; ++i) p[i ^ 1] = eight(s[i]);
}
void store_y210(const uint16_t *s, uint32_t pixels, uint8_t *p) {
  for (uint32_t i = 0; i < pixels * 2; ++i) {
    const auto v = static_cast<uint16_t>(s[i] << 6);
    std::memcpy(p + size_t{i ^ 1} * 2, &v, 2);
  }
}
void store_v210(const uint16_t *s, uint32_t pixels, uint8_t *p) {
  for (uint32_t i = 0; i < pixels * 2; i += 3, p += 4) {
    uint32_t w = s[i];
    if (i + 1 < pixels * 2) w |= static_cast<uint32_t>(s[i + 1]) << 10;
    if (i + 2 < pixels * 2) w |= static_cast<uint32_t>(s[i + 2]) << 20;
    std::memcpy(p, &w, 4);
  }
}

// Bytes before pixel x of a row; x is a multiple of kPiece.
size_t at_uyvy(uint32_t x) { return size_t{x} * 2; }
size_t at_y210(uint32_t x) { return size_t{x} * 4; }
size_t at_v210(uint32_t x) { return size_t{x} / 6 * 16; }

using Load = void (*)(const uint8_t *, uint32_t, uint16_t *);
using Store = void (*)(const uint16_t *, uint32_t, uint8_t *);
using At = size_t (*)(uint32_t);

template <Load load, At from_at>
void in_packed(const Memory &m, rtv_frame *f, uint32_t from, uint32_t to) {
  alignas(64) Samples s;
  const bool ten = f->format.layout == RTV_V210;
  for (uint32_t row = from; row < to; ++row) {
    const uint8_t *source = m.plane[0] + size_t{row} * m.stride[0];
    uint8_t *target = f->plane[0] + size_t{row} * f->stride[0];
    for (uint32_t x = 0; x < f->format.width; x += kPiece) {
      const uint32_t n = std::min(kPiece, f->format.width - x);
      load(source + from_at(x), n, s);
      ten ? store_v210(s, n, target + at_v210(x)) : store_uyvy(s, n, target + at_uyvy(x));
    }
  }
}

template <Store store, At to_at>
void out_packed(const rtv_frame *f, const Memory &m, uint32_t from, uint32_t to) {
  alignas(64) Samples s;
  const bool ten = f->format.layout == RTV_V210;
  for (uint32_t row = from; row < to; ++row) {
    const uint8_t *source = f->plane[0] + size_t{row} * f->stride[0];
    uint8_t *target = m.plane[0] + size_t{row} * m.stride[0];
    for (uint32_t x = 0; x < f->format.width; x += kPiece) {
      const uint32_t n = std::min(kPiece, f->format.width - x);
      ten ? load_v210(source + at_v210(x), n, s) : load_uyvy(source + at_uyvy(x), n, s);
      store(s, n, target + to_at(x));
    }
  }
}

void in_nv16(const Memory &m, rtv_frame *f, uint32_t from, uint32_t to) {
  alignas(64) Samples s;
  const bool ten = f->format.layout == RTV_V210;
  for (uint32_t row = from; row < to; ++row) {
    const uint8_t *y = m.plane[0] + size_t{row} * m.stride[0];
    const uint8_t *c = m.plane[1] + size_t{row} * m.stride[1];
    uint8_t *target = f->plane[0] + size_t{row} * f->stride[0];
    for (uint32_t x = 0; x < f->format.width; x += kPiece) {
      const uint32_t n = std::min(kPiece, f->format.width - x);
      for (uint32_t i = 0; i < n; ++i) {
        s[i * 2] = static_cast<uint16_t>(c[x + i] << 2);
        s[i * 2 + 1] = static_cast<uint16_t>(y[x + i] << 2);
      }
      ten ? store_v210(s, n, target + at_v210(x)) : store_uyvy(s, n, target + at_uyvy(x));
    }
  }
}

void out_nv16(const rtv_frame *f, const Memory &m, uint32_t from, uint32_t to) {
  alignas(64) Samples s;
  const bool ten = f->format.layout == RTV_V210;
  for (uint32_t row = from; row < to; ++row) {
    const uint8_t *source = f->plane[0] + size_t{row} * f->stride[0];
    uint8_t *y = m.plane[0] + size_t{row} * m.stride[0];
    uint8_t *c = m.plane[1] + size_t{row} * m.stride[1];
    for (uint32_t x = 0; x < f->format.width; x += kPiece) {
      const uint32_t n = std::min(kPiece, f->format.width - x);
      ten ? load_v210(source + at_v210(x), n, s) : load_uyvy(source + at_uyvy(x), n, s);
      for (uint32_t i = 0; i < n; ++i) c[x + i] = eight(s[i * 2]), y[x + i] = eight(s[i * 2 + 1]);
    }
  }
}

// Of one layout on both sides: rows as they are.
template <uint32_t (*octets)(uint32_t width)>
void in_same(const Memory &m, rtv_frame *f, uint32_t from, uint32_t to) {
  for (uint32_t row = from; row < to; ++row)
    std::memcpy(f->plane[0] + size_t{row} * f->stride[0], m.plane[0] + size_t{row} * m.stride[0],
                octets(f->format.width));
}
template <uint32_t (*octets)(uint32_t width)>
void out_same(const rtv_frame *f, const Memory &m, uint32_t from, uint32_t to) {
  for (uint32_t row = from; row < to; ++row)
    std::memcpy(m.plane[0] + size_t{row} * m.stride[0], f->plane[0] + size_t{row} * f->stride[0],
                octets(f->format.width));
}
uint32_t uyvy_octets(uint32_t width) { return width * 2; }
uint32_t v210_octets(uint32_t width) { return (width + 5) / 6 * 16; }

void in_uyvy(const Memory &m, rtv_frame *f, uint32_t from, uint32_t to) {
  (f->format.layout == RTV_UYVY ? in_same<uyvy_octets> : in_packed<load_uyvy, at_uyvy>)(m, f, from,
                                                                                      to);
}
void out_uyvy(const rtv_frame *f, const Memory &m, uint32_t from, uint32_t to) {
  (f->format.layout == RTV_UYVY ? out_same<uyvy_octets> : out_packed<store_uyvy, at_uyvy>)(f, m,
                                                                                         from, to);
}
void in_v210(const Memory &m, rtv_frame *f, uint32_t from, uint32_t to) {
  (f->format.layout == RTV_V210 ? in_same<v210_octets> : in_packed<load_v210, at_v210>)(m, f, from,
                                                                                      to);
}
void out_v210(const rtv_frame *f, const Memory &m, uint32_t from, uint32_t to) {
  (f->format.layout == RTV_V210 ? out_same<v210_octets> : out_packed<store_v210, at_v210>)(f, m,
                                                                                         from, to);
}

constexpr Pixels kV210{fourcc('v', '2', '1', '0'), 10, false, 0, in_v210, out_v210, RTV_V210};
constexpr Pixels kV210Upper{fourcc('V', '2', '1', '0'), 10, false, 0, in_v210, out_v210, RTV_V210};
constexpr Pixels kY210{fourcc('Y', '2', '1', '0'), 10, false, 4, in_packed<load_y210, at_y210>,
                       out_packed<store_y210, at_y210>, 0};
constexpr Pixels kUyvy{fourcc('U', 'Y', 'V', 'Y'), 8, false, 2, in_uyvy, out_uyvy, RTV_UYVY};
constexpr Pixels kYuyv{fourcc('Y', 'U', 'Y', 'V'), 8, false, 2, in_packed<load_yuyv, at_uyvy>,
                       out_packed<store_yuyv, at_uyvy>, 0};
constexpr Pixels kNv16{fourcc('N', 'V', '1', '6'), 8, true, 1, in_nv16, out_nv16, 0};
constexpr Pixels kNv16Apart{fourcc('N', 'M', '1', '6'), 8, true, 1, in_nv16, out_nv16, 0};

constexpr const Pixels *const kTenFirst[] = {&kV210, &kV210Upper, &kY210, &kUyvy, &kYuyv, &kNv16,
                                       &kNv16Apart};
constexpr const Pixels *const kEightFirst[] = {&kUyvy, &kYuyv,      &kNv16, &kNv16Apart,
                                         &kV210, &kV210Upper, &kY210};

}  // namespace

PixelList known(uint8_t depth) {
  if (depth > 8) return {std::begin(kTenFirst), std::end(kTenFirst)};
  return {std::begin(kEightFirst), std::end(kEightFirst)};
}

}  // namespace rtv::v4l2
