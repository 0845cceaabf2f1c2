// SPDX-License-Identifier: Apache-2.0
// Planar 16 bit with AVX-512 VBMI: planes are woven into vectors of 32 samples in pgroup order,
// and each vector becomes 4 * depth octets; back the same way. What is shorter than a step goes
// under masks, so that nothing outside the run is read or written.
#if defined(__x86_64__)
#include "kernels_avx512.hpp"

#include <algorithm>

#include "kernels_families.hpp"

namespace rtv {
namespace {

using avx512::ones;
using avx512::table;
using Bytes = std::array<uint8_t, 64>;
using Words = std::array<uint16_t, 32>;

template <class F>
constexpr Words words_of(const F &f) {
  Words w{};
  for (uint32_t j = 0; j < 32; ++j) w[j] = static_cast<uint16_t>(f(j));
  return w;
}

// Where each octet of packed samples comes from, once the samples of a 64-bit lane (10 bit) or a
// 32-bit lane (12 bit) have been joined to one number.
template <int Depth>
constexpr Bytes pack_order() {
  Bytes order{};
  for (uint32_t o = 0; o < 4 * Depth; ++o)
    order[o] = static_cast<uint8_t>(Depth == 10 ? o / 5 * 8 + 7 - o % 5 : o / 3 * 4 + 2 - o % 3);
  return order;
}
// The two octets that hold sample j, as a little-endian word.
template <int Depth>
constexpr Bytes unpack_order() {
  Bytes order{};
  for (uint32_t j = 0; j < 32; ++j) {
    order[2 * j] = static_cast<uint8_t>(j * Depth / 8 + 1);
    order[2 * j + 1] = static_cast<uint8_t>(j * Depth / 8);
  }
  return order;
}
template <int Depth>
constexpr Bytes kPackOrder = pack_order<Depth>();
template <int Depth>
constexpr Bytes kUnpackOrder = unpack_order<Depth>();

// 32 samples to 4 * Depth octets at the start of the vector; higher bits of a sample fall away.
template <int Depth>
RTV_AVX512 inline __m512i octets_of(__m512i samples) {
  if constexpr (Depth == 8) {
    return _mm512_zextsi256_si512(_mm512_cvtepi16_epi8(samples));
  } else {
    const __m512i clean = _mm512_and_si512(samples, _mm512_set1_epi16((1 << Depth) - 1));
    const __m512i pairs = _mm512_madd_epi16(clean, _mm512_set1_epi32(1 << 16 | 1 << Depth));
    if constexpr (Depth == 12) return _mm512_permutexvar_epi8(table(kPackOrder<12>), pairs);
    const __m512i joined = _mm512_or_si512(_mm512_slli_epi64(pairs, 44),
                                           _mm512_srli_epi64(pairs, 8));
    return _mm512_permutexvar_epi8(table(kPackOrder<10>), joined);
  }
}

// 4 * Depth octets to 32 samples: what precedes a sample in its two octets falls off the top.
template <int Depth>
RTV_AVX512 inline __m512i samples_of(__m512i octets) {
  if constexpr (Depth == 8) {
    return _mm512_cvtepu8_epi16(_mm512_castsi512_si256(octets));
  } else {
    const __m512i held = _mm512_permutexvar_epi8(table(kUnpackOrder<Depth>), octets);
    const __m512i factor = Depth == 10 ? _mm512_set1_epi64(0x0040001000040001)
                                       : _mm512_set1_epi64(0x0010000100100001);
    return _mm512_srli_epi16(_mm512_mullo_epi16(held, factor), 16 - Depth);
  }
}

// `Whole`: all of a vector, by plain instructions. Only the last step of a run goes under masks: a
// masked load waits for every store on its way whose address looks like its own in the low twelve
// bits, and a run's octets march beside its samples (measured: a third of the speed, at times).
template <bool Whole>
RTV_AVX512 inline __m512i load_words(const uint8_t *p, uint32_t n) {
  if constexpr (Whole) return _mm512_loadu_si512(p);
  return _mm512_maskz_loadu_epi16(static_cast<__mmask32>(ones(n)), p);
}
template <bool Whole>
RTV_AVX512 inline void store_words(uint8_t *p, uint32_t n, __m512i v) {
  if constexpr (Whole)
    _mm512_storeu_si512(p, v);
  else
    _mm512_mask_storeu_epi16(p, static_cast<__mmask32>(ones(n)), v);
}
template <bool Whole>
RTV_AVX512 inline __m256i load_half(const uint8_t *p, uint32_t n) {
  if constexpr (Whole) return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p));
  return _mm256_maskz_loadu_epi16(static_cast<__mmask16>(ones(n)), p);
}
template <bool Whole>
RTV_AVX512 inline void store_half(uint8_t *p, uint32_t n, __m256i v) {
  if constexpr (Whole)
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(p), v);
  else
    _mm256_mask_storeu_epi16(p, static_cast<__mmask16>(ones(n)), v);
}

// 4:2:2: 32 luma samples and 16 of each colour difference are two vectors.
struct Weave422 {
  static constexpr uint32_t kVectors = 2, kPixels = 32;
  static constexpr Words kMix0 = words_of([](uint32_t j) {
    return j % 2 ? j / 4 * 2 + j % 4 / 2 : 32 + j % 4 * 8 + j / 4;
  });
  static constexpr Words kMix1 = words_of([](uint32_t j) {
    return j % 2 ? 16 + j / 4 * 2 + j % 4 / 2 : 32 + j % 4 * 8 + 8 + j / 4;
  });
  static constexpr Words kLuma = words_of([](uint32_t j) { return 2 * j + 1; });
  static constexpr Words kColour =
      words_of([](uint32_t j) { return j < 16 ? 4 * j : 4 * (j - 16) + 2; });

  uint8_t *y, *cb, *cr;
  Weave422(const rtv_frame &f, uint32_t row, uint32_t pixel)
      : y(f.plane[0] + size_t{row} * f.stride[0] + size_t{pixel} * 2),
        cb(f.plane[1] + size_t{row} * f.stride[1] + pixel),
        cr(f.plane[2] + size_t{row} * f.stride[2] + pixel) {}
  void step() { y += 64, cb += 32, cr += 32; }

  template <bool Whole>
  RTV_AVX512 void load(uint32_t pixels, __m512i *v) const {
    const __m512i luma = load_words<Whole>(y, pixels);
    const __m512i colour =
        _mm512_inserti64x4(_mm512_zextsi256_si512(load_half<Whole>(cb, pixels / 2)),
                           load_half<Whole>(cr, pixels / 2), 1);
    v[0] = _mm512_permutex2var_epi16(luma, table(kMix0), colour);
    v[1] = _mm512_permutex2var_epi16(luma, table(kMix1), colour);
  }
  template <bool Whole>
  RTV_AVX512 void store(uint32_t pixels, const __m512i *v) const {
    const __m512i colour = _mm512_permutex2var_epi16(v[0], table(kColour), v[1]);
    store_words<Whole>(y, pixels, _mm512_permutex2var_epi16(v[0], table(kLuma), v[1]));
    store_half<Whole>(cb, pixels / 2, _mm512_castsi512_si256(colour));
    store_half<Whole>(cr, pixels / 2, _mm512_extracti64x4_epi64(colour, 1));
  }
};

// Three planes of equal size: 32 pixels are three vectors. A word comes from the first two of
// three vectors by one permutation, from the third by another under a mask.
template <uint32_t First, uint32_t Second>
struct Weave444 {
  static constexpr uint32_t kVectors = 3, kPixels = 32;
  struct Pick {
    Words two, third;
    uint32_t mask;
  };
  // Word j is word `word` of vector `vector`.
  template <class Vector, class Word>
  static constexpr Pick pick(const Vector &vector, const Word &word) {
    Pick p{};
    for (uint32_t j = 0; j < 32; ++j) {
      p.two[j] = static_cast<uint16_t>(word(j) + 32 * (vector(j) == 1));
      p.third[j] = static_cast<uint16_t>(word(j));
      p.mask |= uint32_t{vector(j) == 2} << j;
    }
    return p;
  }
  static constexpr Pick woven(uint32_t k) {
    return pick([k](uint32_t j) { return (32 * k + j) % 3; },
                [k](uint32_t j) { return (32 * k + j) / 3; });
  }
  static constexpr Pick apart(uint32_t k) {
    return pick([k](uint32_t j) { return (3 * j + k) / 32; },
                [k](uint32_t j) { return (3 * j + k) % 32; });
  }
  static constexpr Pick kWoven[3] = {woven(0), woven(1), woven(2)};
  static constexpr Pick kApart[3] = {apart(0), apart(1), apart(2)};

  uint8_t *plane[3];
  Weave444(const rtv_frame &f, uint32_t row, uint32_t pixel) {
    constexpr uint32_t order[3] = {First, Second, 2};
    for (uint32_t k = 0; k < 3; ++k)
      plane[k] = f.plane[order[k]] + size_t{row} * f.stride[order[k]] + size_t{pixel} * 2;
  }
  void step() {
    for (uint8_t *&p : plane) p += 64;
  }

  RTV_AVX512 static __m512i picked(const Pick &p, __m512i a, __m512i b, __m512i c) {
    return _mm512_mask_permutexvar_epi16(_mm512_permutex2var_epi16(a, table(p.two), b), p.mask,
                                         table(p.third), c);
  }
  template <bool Whole>
  RTV_AVX512 void load(uint32_t pixels, __m512i *v) const {
    const __m512i a = load_words<Whole>(plane[0], pixels);
    const __m512i b = load_words<Whole>(plane[1], pixels);
    const __m512i c = load_words<Whole>(plane[2], pixels);
    for (uint32_t k = 0; k < 3; ++k) v[k] = picked(kWoven[k], a, b, c);
  }
  template <bool Whole>
  RTV_AVX512 void store(uint32_t pixels, const __m512i *v) const {
    for (uint32_t k = 0; k < 3; ++k)
      store_words<Whole>(plane[k], pixels, picked(kApart[k], v[0], v[1], v[2]));
  }
};

template <class Weave, int Depth, uint32_t Pixels>
struct Planar {
  static constexpr uint32_t kOctets = 4 * Depth;                  // of a vector
  static constexpr uint32_t kStep = Weave::kVectors * kOctets;    // of 32 pixels
  static constexpr uint32_t kPgroup = kStep * Pixels / Weave::kPixels;
  // A whole vector goes through memory where a part of it would do. What it touches after the
  // step belongs to the next one, which writes it again; so there must be one.
  static constexpr uint32_t kBeyond = Depth == 8 ? 0 : 64 - kOctets;

  RTV_AVX512 static void pack(const rtv_frame &from, uint32_t row, uint32_t first, uint32_t n,
                              uint8_t *out) {
    Weave at(from, row, first * Pixels);
    uint32_t left = n * kPgroup;
    __m512i v[Weave::kVectors];
    for (; left >= kStep + kBeyond; left -= kStep, at.step()) {
      at.template load<true>(Weave::kPixels, v);
      for (uint32_t k = 0; k < Weave::kVectors; ++k, out += kOctets) {
        const __m512i octets = octets_of<Depth>(v[k]);
        if constexpr (Depth == 8)
          _mm256_storeu_si256(reinterpret_cast<__m256i *>(out), _mm512_castsi512_si256(octets));
        else
          _mm512_storeu_si512(out, octets);
      }
    }
    for (uint32_t now; left; left -= now, at.step()) {
      now = std::min(left, kStep);
      at.template load<false>(now / kPgroup * Pixels, v);
      for (uint32_t k = 0; k < Weave::kVectors; ++k, out += kOctets)
        if (now > k * kOctets)
          _mm512_mask_storeu_epi8(out, ones(std::min(now - k * kOctets, kOctets)),
                                  octets_of<Depth>(v[k]));
    }
  }

  RTV_AVX512 static void unpack(const uint8_t *in, rtv_frame &to, uint32_t row, uint32_t first,
                                uint32_t n) {
    Weave at(to, row, first * Pixels);
    uint32_t left = n * kPgroup;
    __m512i v[Weave::kVectors];
    for (; left >= kStep + kBeyond; left -= kStep, at.step()) {
      for (uint32_t k = 0; k < Weave::kVectors; ++k, in += kOctets) {
        if constexpr (Depth == 8)
          v[k] = samples_of<Depth>(_mm512_zextsi256_si512(
              _mm256_loadu_si256(reinterpret_cast<const __m256i *>(in))));
        else
          v[k] = samples_of<Depth>(_mm512_loadu_si512(in));
      }
      at.template store<true>(Weave::kPixels, v);
    }
    for (uint32_t now; left; left -= now, at.step()) {
      now = std::min(left, kStep);
      for (uint32_t k = 0; k < Weave::kVectors; ++k, in += kOctets)
        v[k] = samples_of<Depth>(
            now > k * kOctets
                ? _mm512_maskz_loadu_epi8(ones(std::min(now - k * kOctets, kOctets)), in)
                : _mm512_setzero_si512());
      at.template store<false>(now / kPgroup * Pixels, v);
    }
  }
};

template <int Depth>
constexpr Kernel planar_422() {
  using P = Planar<Weave422, Depth, 2>;
  return {P::kPgroup, 2, P::pack, P::unpack, copy_planar_422, "avx512vbmi"};
}
template <int Depth, uint32_t First, uint32_t Second>
constexpr Kernel planar_444() {
  constexpr uint32_t pixels = pixels_444(Depth);
  using P = Planar<Weave444<First, Second>, Depth, pixels>;
  return {P::kPgroup, pixels, P::pack, P::unpack, copy_planar_444<pixels>, "avx512vbmi"};
}

constexpr Kernel k422[] = {planar_422<8>(), planar_422<10>(), planar_422<12>()};
constexpr Kernel k444[] = {planar_444<8, 1, 0>(), planar_444<10, 1, 0>(), planar_444<12, 1, 0>()};
constexpr Kernel kRgb[] = {planar_444<8, 0, 1>(), planar_444<10, 0, 1>(), planar_444<12, 0, 1>()};

}  // namespace

const Kernel *avx512vbmi_planar_kernel(const rtv_format &format) {
  if (format.depth != 8 && format.depth != 10 && format.depth != 12) return nullptr;
  const uint32_t depth = (format.depth - 8u) / 2;
  if (format.sampling == RTV_422) return &k422[depth];
  if (format.sampling == RTV_444) return &k444[depth];
  return format.sampling == RTV_RGB ? &kRgb[depth] : nullptr;
}

}  // namespace rtv
#endif
