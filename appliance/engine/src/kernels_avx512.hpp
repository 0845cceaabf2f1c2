// SPDX-License-Identifier: Apache-2.0
// What the AVX-512 VBMI kernels share.
#pragma once
// GCC 12 warns without cause of what its own header leaves undefined on purpose.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include <array>
#include <cstdint>

#define RTV_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,bmi2")))

namespace rtv::avx512 {

// One vector of constants: octets, or 16-bit words.
template <class T, size_t N>
RTV_AVX512 inline __m512i table(const std::array<T, N> &values) {
  static_assert(sizeof(values) == 64);
  return _mm512_loadu_si512(values.data());
}

// mask ? a : b, bit by bit.
RTV_AVX512 inline __m512i select(__m512i mask, __m512i a, __m512i b) {
  return _mm512_ternarylogic_epi64(mask, a, b, 0xca);
}

// The lowest `n` bits set.
inline uint64_t ones(uint64_t n) { return n >= 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1; }

}  // namespace rtv::avx512
