// SPDX-License-Identifier: Apache-2.0
// v210 and planar 4:2:2 with AVX2. The ends of a run, shorter than a step, go through the scalar
// reference, so that no octet outside the run is read or written.
#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels_families.hpp"
#include "kernels_rows.hpp"

#define RTV_TARGET __attribute__((target("avx2")))

namespace rtv {
namespace {

using rows::Planar422;
using rows::V210;

RTV_TARGET inline __m128i load16(const uint8_t *p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i *>(p));
}
RTV_TARGET inline __m256i load32(const uint8_t *p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p));
}
// Two pieces of 16 octets, `apart` octets from each other.
RTV_TARGET inline __m256i load_pair(const uint8_t *p, size_t apart) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load16(p)), load16(p + apart), 1);
}
RTV_TARGET inline void store16(uint8_t *p, __m128i v) {
  _mm_storeu_si128(reinterpret_cast<__m128i *>(p), v);
}
RTV_TARGET inline void store32(uint8_t *p, __m256i v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(p), v);
}
RTV_TARGET inline void store_pair(uint8_t *p, size_t apart, __m256i v) {
  store16(p, _mm256_castsi256_si128(v));
  store16(p + apart, _mm256_extracti128_si256(v, 1));
}
// The same order of octets in both halves.
template <class... B>
RTV_TARGET inline __m256i shuffle(__m256i v, B... order) {
  return _mm256_shuffle_epi8(
      v, _mm256_broadcastsi128_si256(_mm_setr_epi8(static_cast<char>(order)...)));
}

// Three 10-bit samples of each word in the opposite order; spare bits become 0.
RTV_TARGET inline __m256i reversed(__m256i words) {
  const __m256i middle = _mm256_set1_epi32(0x3ff << 10), low = _mm256_set1_epi32(0x3ff);
  const __m256i high = _mm256_set1_epi32(0x3ff << 20);
  return _mm256_or_si256(
      _mm256_and_si256(words, middle),
      _mm256_or_si256(_mm256_and_si256(_mm256_slli_epi32(words, 20), high),
                      _mm256_and_si256(_mm256_srli_epi32(words, 20), low)));
}

// Eight words to twice 15 octets, in the low 15 of each half.
RTV_TARGET inline __m256i v210_octets(__m256i words) {
  const __m256i v = reversed(words);
  // Lanes of 60 bits: the even one at the top of its 64, the odd one at the bottom.
  const __m256i lanes = _mm256_or_si256(
      _mm256_sllv_epi64(v, _mm256_setr_epi64x(34, 30, 34, 30)),
      _mm256_srlv_epi64(_mm256_and_si256(v, _mm256_set1_epi64x(0x3fffffff00000000)),
                        _mm256_setr_epi64x(28, 32, 28, 32)));
  const __m256i tidy = _mm256_and_si256(
      lanes, _mm256_setr_epi64x(-16, 0x0fffffffffffffff, -16, 0x0fffffffffffffff));
  return _mm256_or_si256(
      shuffle(tidy, 7, 6, 5, 4, 3, 2, 1, 0, 14, 13, 12, 11, 10, 9, 8, -1),
      shuffle(tidy, -1, -1, -1, -1, -1, -1, -1, 15, -1, -1, -1, -1, -1, -1, -1, -1));
}

// Twice 15 octets, in the low 15 of each half, to eight words.
RTV_TARGET inline __m256i v210_words(__m256i octets) {
  const __m256i lanes = shuffle(octets, 7, 6, 5, 4, 3, 2, 1, 0, 14, 13, 12, 11, 10, 9, 8, 7);
  const __m256i first = _mm256_srlv_epi64(lanes, _mm256_setr_epi64x(34, 30, 34, 30));
  const __m256i second = _mm256_sllv_epi64(lanes, _mm256_setr_epi64x(28, 32, 28, 32));
  return reversed(_mm256_blend_epi32(first, second, 0xaa));
}

RTV_TARGET void pack_v210(const rtv_frame &from, uint32_t row, uint32_t first, uint32_t n,
                          uint8_t *out) {
  const rows::V210Run run(first, n);
  rows::pack<V210, 10>(from, row, first, run.before, out);
  out += run.before * 5;
  const uint8_t *in = from.plane[0] + size_t{row} * from.stride[0] + run.at;
  uint32_t left = run.groups;
  // 31 octets are written for 30: the last belongs to the next group, so one must follow.
  for (; left > 2; left -= 2, in += 32, out += 30) store_pair(out, 15, v210_octets(load32(in)));
  for (; left; --left, in += 16, out += 15) rows::pack_v210_words(in, out);
  rows::pack<V210, 10>(from, row, first + n - run.after, run.after, out);
}

RTV_TARGET void unpack_v210(const uint8_t *in, rtv_frame &to, uint32_t row, uint32_t first,
                            uint32_t n) {
  const rows::V210Run run(first, n);
  rows::unpack<V210, 10>(in, to, row, first, run.before);
  in += run.before * 5;
  uint8_t *out = to.plane[0] + size_t{row} * to.stride[0] + run.at;
  uint32_t left = run.groups;
  for (; left > 2; left -= 2, in += 30, out += 32) store32(out, v210_words(load_pair(in, 15)));
  for (; left; --left, in += 15, out += 16) rows::unpack_v210_words(in, out);
  rows::unpack<V210, 10>(in, to, row, first + n - run.after, run.after);
}

// Where pgroup `first` of a row lies in the three planes.
struct PlanarAt {
  uint8_t *y, *cb, *cr;
  PlanarAt(const rtv_frame &f, uint32_t row, uint32_t first)
      : y(f.plane[0] + size_t{row} * f.stride[0] + size_t{first} * 4),
        cb(f.plane[1] + size_t{row} * f.stride[1] + size_t{first} * 2),
        cr(f.plane[2] + size_t{row} * f.stride[2] + size_t{first} * 2) {}
  void step() { y += 32, cb += 16, cr += 16; }
};

// Eight pgroups as 16-bit samples in pgroup order: `a` holds 0 1 | 4 5, `b` 2 3 | 6 7.
struct Eight {
  __m256i a, b;
};

template <int Depth>
RTV_TARGET inline Eight load_planar(const PlanarAt &p) {
  const __m256i y = load32(p.y), valid = _mm256_set1_epi16((1 << Depth) - 1);
  const __m128i cb = load16(p.cb), cr = load16(p.cr);
  const __m256i c = _mm256_inserti128_si256(
      _mm256_castsi128_si256(_mm_unpacklo_epi16(cb, cr)), _mm_unpackhi_epi16(cb, cr), 1);
  return {_mm256_and_si256(_mm256_unpacklo_epi16(c, y), valid),
          _mm256_and_si256(_mm256_unpackhi_epi16(c, y), valid)};
}

RTV_TARGET inline void store_planar(const PlanarAt &p, Eight v) {
  store32(p.y, _mm256_packus_epi32(_mm256_srli_epi32(v.a, 16), _mm256_srli_epi32(v.b, 16)));
  const __m256i low = _mm256_set1_epi32(0xffff);
  const __m256i c = _mm256_packus_epi32(_mm256_and_si256(v.a, low), _mm256_and_si256(v.b, low));
  const __m256i apart = _mm256_permute4x64_epi64(
      shuffle(c, 0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15), 0xd8);
  store16(p.cb, _mm256_castsi256_si128(apart));
  store16(p.cr, _mm256_extracti128_si256(apart, 1));
}

// Two pgroups in each half to their octets at its start.
RTV_TARGET inline __m256i octets_10(__m256i samples) {
  const __m256i pairs = _mm256_madd_epi16(samples, _mm256_set1_epi32(1 << 16 | 1 << 10));
  const __m256i lanes =
      _mm256_or_si256(_mm256_slli_epi64(pairs, 44), _mm256_srli_epi64(pairs, 8));
  return shuffle(lanes, 7, 6, 5, 4, 3, 15, 14, 13, 12, 11, -1, -1, -1, -1, -1, -1);
}
RTV_TARGET inline __m256i octets_12(__m256i samples) {
  const __m256i pairs = _mm256_madd_epi16(samples, _mm256_set1_epi32(1 << 16 | 1 << 12));
  return shuffle(pairs, 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
}
// And back: each sample's 16 bits shifted so that what precedes it falls off the top.
RTV_TARGET inline __m256i samples_10(__m256i octets) {
  const __m256i near = shuffle(octets, 1, 0, 2, 1, 3, 2, 4, 3, 6, 5, 7, 6, 8, 7, 9, 8);
  return _mm256_srli_epi16(
      _mm256_mullo_epi16(near, _mm256_set1_epi64x(0x0040001000040001)), 6);
}
RTV_TARGET inline __m256i samples_12(__m256i octets) {
  const __m256i near = shuffle(octets, 1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
  return _mm256_srli_epi16(_mm256_mullo_epi16(near, _mm256_set1_epi32(0x00100001)), 4);
}

// Octets beyond a step that its last store or load touches: so many pgroups must follow.
template <int Depth>
constexpr uint32_t kSpare = Depth == 8 ? 0 : Depth == 10 ? 2 : 1;

template <int Depth>
RTV_TARGET void pack_planar(const rtv_frame &from, uint32_t row, uint32_t first, uint32_t n,
                            uint8_t *out) {
  constexpr uint32_t octets = Depth / 2;
  PlanarAt at(from, row, first);
  for (; n >= 8 + kSpare<Depth>; n -= 8, first += 8, out += 8 * octets, at.step()) {
    const Eight v = load_planar<Depth>(at);
    if constexpr (Depth == 8) {
      store32(out, _mm256_packus_epi16(v.a, v.b));
    } else {
      const __m256i a = Depth == 10 ? octets_10(v.a) : octets_12(v.a);
      const __m256i b = Depth == 10 ? octets_10(v.b) : octets_12(v.b);
      store16(out, _mm256_castsi256_si128(a));
      store16(out + 2 * octets, _mm256_castsi256_si128(b));
      store16(out + 4 * octets, _mm256_extracti128_si256(a, 1));
      store16(out + 6 * octets, _mm256_extracti128_si256(b, 1));
    }
  }
  rows::pack<Planar422, Depth>(from, row, first, n, out);
}

template <int Depth>
RTV_TARGET void unpack_planar(const uint8_t *in, rtv_frame &to, uint32_t row, uint32_t first,
                              uint32_t n) {
  constexpr uint32_t octets = Depth / 2;
  PlanarAt at(to, row, first);
  for (; n >= 8 + kSpare<Depth>; n -= 8, first += 8, in += 8 * octets, at.step()) {
    if constexpr (Depth == 8) {
      const __m256i v = load32(in), zero = _mm256_setzero_si256();
      store_planar(at, {_mm256_unpacklo_epi8(v, zero), _mm256_unpackhi_epi8(v, zero)});
    } else {
      const __m256i a = load_pair(in, 4 * octets), b = load_pair(in + 2 * octets, 4 * octets);
      store_planar(at, Depth == 10 ? Eight{samples_10(a), samples_10(b)}
                                   : Eight{samples_12(a), samples_12(b)});
    }
  }
  rows::unpack<Planar422, Depth>(in, to, row, first, n);
}

constexpr Kernel kV210 = {5, 2, pack_v210, unpack_v210, copy_v210, "avx2"};
template <int Depth>
constexpr Kernel kPlanar = {Depth / 2, 2, pack_planar<Depth>, unpack_planar<Depth>,
                            copy_planar_422, "avx2"};

}  // namespace

bool cpu_has_avx2() { return __builtin_cpu_supports("avx2"); }

const Kernel *avx2_kernel(const rtv_format &format) {
  if (format.sampling != RTV_422) return nullptr;
  if (format.layout == RTV_V210) return format.depth == 10 ? &kV210 : nullptr;
  if (format.layout != RTV_PLANAR16) return nullptr;
  if (format.depth == 8) return &kPlanar<8>;
  if (format.depth == 10) return &kPlanar<10>;
  return format.depth == 12 ? &kPlanar<12> : nullptr;
}

}  // namespace rtv
#endif
