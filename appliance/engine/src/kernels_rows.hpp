// SPDX-License-Identifier: Apache-2.0
// A row of a card's memory as a sequence of samples in pgroup order: the scalar reference, and
// what the vector families use at the ends of a run.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "rtvbox/video.h"

namespace rtv::rows {


inline uint32_t load_le32(const uint8_t *p) {
  uint32_t w;
  std::memcpy(&w, p, 4);
  return std::endian::native == std::endian::big ? __builtin_bswap32(w) : w;
}
inline void store_le32(uint8_t *p, uint32_t w) {
  if (std::endian::native == std::endian::big) w = __builtin_bswap32(w);
  std::memcpy(p, &w, 4);
}

// Three samples in each little-endian word, lowest bits first. The order of samples is the
// pgroup's (Cb Y Cr Y), so sample s of a row is simply field s % 3 of word s / 3.
class V210 {
 public:
  static constexpr uint32_t kSamples = 4;
  V210(const rtv_frame &f, uint32_t row) : row_(f.plane[0] + size_t{row} * f.stride[0]) {}
  uint32_t get(uint32_t group, uint32_t i) const {
    const uint32_t s = group * 4 + i;
    return load_le32(row_ + size_t{s / 3} * 4) >> (s % 3 * 10) & 0x3ffu;
  }
  void set(uint32_t group, uint32_t i, uint32_t v) const {
    const uint32_t s = group * 4 + i, shift = s % 3 * 10;
    uint8_t *p = row_ + size_t{s / 3} * 4;
    store_le32(p, (load_le32(p) & ~(0x3ffu << shift) & 0x3fffffffu) | v << shift);
  }

 private:
  uint8_t *row_;
};

// Planes Y, Cb, Cr of uint16, two luma samples for one of each colour difference.
class Planar422 {
 public:
  static constexpr uint32_t kSamples = 4;
  Planar422(const rtv_frame &f, uint32_t row) {
    for (uint32_t k = 0; k < 3; ++k) plane_[k] = f.plane[k] + size_t{row} * f.stride[k];
  }
  uint32_t get(uint32_t group, uint32_t i) const {
    uint16_t v;
    std::memcpy(&v, place(group, i), 2);
    return v;
  }
  void set(uint32_t group, uint32_t i, uint32_t v) const {
    const auto w = static_cast<uint16_t>(v);
    std::memcpy(place(group, i), &w, 2);
  }

 private:
  uint8_t *place(uint32_t group, uint32_t i) const {
    if (i & 1) return plane_[0] + size_t{group} * 4 + (i >> 1) * 2;
    return plane_[1 + (i >> 1)] + size_t{group} * 2;
  }
  uint8_t *plane_[3];
};

// Three planes of uint16 of equal size; `First` is the plane whose sample leads a pixel and
// `Second` the one that follows: Cb Y Cr out of Y Cb Cr, R G B out of R G B.
template <uint32_t Pixels, uint32_t First, uint32_t Second>
class Planar444 {
 public:
  static constexpr uint32_t kSamples = 3 * Pixels;
  Planar444(const rtv_frame &f, uint32_t row) {
    constexpr uint32_t order[3] = {First, Second, 2};
    for (uint32_t k = 0; k < 3; ++k)
      plane_[k] = f.plane[order[k]] + size_t{row} * f.stride[order[k]];
  }
  uint32_t get(uint32_t group, uint32_t i) const {
    uint16_t v;
    std::memcpy(&v, plane_[i % 3] + (size_t{group} * Pixels + i / 3) * 2, 2);
    return v;
  }
  void set(uint32_t group, uint32_t i, uint32_t v) const {
    const auto w = static_cast<uint16_t>(v);
    std::memcpy(plane_[i % 3] + (size_t{group} * Pixels + i / 3) * 2, &w, 2);
  }

 private:
  uint8_t *plane_[3];
};

// Calls step(0), step(1) ... with constants, so that shifts and places are known when compiling.
template <uint32_t N, class Step>
inline void unrolled(const Step &step) {
  [&]<uint32_t... I>(std::integer_sequence<uint32_t, I...>) {
    (step(std::integral_constant<uint32_t, I>{}), ...);
  }(std::make_integer_sequence<uint32_t, N>{});
}

// Samples of `Depth` bits one after the other, most significant bit first.
template <class Row, uint32_t Depth>
void pack(const rtv_frame &from, uint32_t row, uint32_t first, uint32_t n, uint8_t *out) {
  const Row samples(from, row);
  for (uint32_t g = first; g < first + n; ++g) {
    uint32_t held = 0, bits = 0;
    unrolled<Row::kSamples>([&](auto i) {
      held = held << Depth | (samples.get(g, i) & ((1u << Depth) - 1));
      for (bits += Depth; bits >= 8; bits -= 8) *out++ = static_cast<uint8_t>(held >> (bits - 8));
    });
  }
}

template <class Row, uint32_t Depth>
void unpack(const uint8_t *in, rtv_frame &to, uint32_t row, uint32_t first, uint32_t n) {
  const Row samples(to, row);
  for (uint32_t g = first; g < first + n; ++g) {
    uint32_t held = 0, bits = 0;
    unrolled<Row::kSamples>([&](auto i) {
      for (; bits < Depth; bits += 8) held = held << 8 | *in++;
      bits -= Depth;
      samples.set(g, i, held >> bits & ((1u << Depth) - 1));
    });
  }
}

// Octets as a big-endian number and back.
inline uint64_t load_be64(const uint8_t *p) {
  uint64_t v;
  std::memcpy(&v, p, 8);
  return std::endian::native == std::endian::little ? __builtin_bswap64(v) : v;
}
inline void store_be64(uint8_t *p, uint64_t v) {
  if (std::endian::native == std::endian::little) v = __builtin_bswap64(v);
  std::memcpy(p, &v, 8);
}

// The three samples of a v210 word in the opposite order; spare bits become 0.
inline uint64_t reversed(uint64_t word) {
  return (word & 0x3ff) << 20 | (word & 0xffc00) | (word >> 20 & 0x3ff);
}

// Four words of v210 are three pgroups: exactly 16 bytes to exactly 15 octets, and back.
inline void pack_v210_words(const uint8_t *in, uint8_t *out) {
  const uint64_t a = reversed(load_le32(in)) << 30 | reversed(load_le32(in + 4));
  const uint64_t b = reversed(load_le32(in + 8)) << 30 | reversed(load_le32(in + 12));
  store_be64(out, a << 4 | b >> 56);
  store_be64(out + 7, a << 60 | b);
}
inline void unpack_v210_words(const uint8_t *in, uint8_t *out) {
  const uint64_t a = load_be64(in) >> 4, b = load_be64(in + 7);
  store_le32(out, static_cast<uint32_t>(reversed(a >> 30)));
  store_le32(out + 4, static_cast<uint32_t>(reversed(a & 0x3fffffff)));
  store_le32(out + 8, static_cast<uint32_t>(reversed(b >> 30 & 0x3fffffff)));
  store_le32(out + 12, static_cast<uint32_t>(reversed(b & 0x3fffffff)));
}

// A run of v210 in three pieces: pgroups up to a whole group of four words, the whole groups, and
// the pgroups after them.
struct V210Run {
  uint32_t before, groups, after;
  size_t at;  // of the first whole group in the row, bytes
  V210Run(uint32_t first, uint32_t n)
      : before(std::min((3 - first % 3) % 3, n)), groups((n - before) / 3),
        after((n - before) % 3), at(size_t{(first + before) / 3} * 16) {}
};

}  // namespace rtv::rows
