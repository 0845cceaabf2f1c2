// SPDX-License-Identifier: Apache-2.0
// v210 with AVX-512 VBMI: 16 words (48 samples, 12 pgroups, 60 octets) at a time.
//
// Two words make a 64-bit lane of six samples, that is 60 bits of pgroups, and
// vpmultishiftqb takes any eight neighbouring bits of a lane for each byte. Every byte wanted
// holds bits of at most two samples, so two multishifts and a select make it. The ends of a run
// are the same work under a mask; no octet outside the run is read or written.
#if defined(__x86_64__)
#include "kernels_avx512.hpp"

#include <algorithm>
#include <array>

#include "kernels_families.hpp"

#define RTV_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,bmi2")))

namespace rtv {
namespace {

using avx512::ones;
using avx512::select;
using avx512::table;
using Bytes = std::array<uint8_t, 64>;

constexpr uint32_t kGroups = 12, kOctets = 60;

// Lowest bit of sample i (0..5) of two v210 words.
constexpr int in_words(int i) { return i / 3 * 32 + i % 3 * 10; }

// Pack. The even lane of a pair gives octets 0..6 and the upper half of 7, the odd one the lower
// half of 7 and octets 8..14; `upper` and `lower` say where an octet's first and second piece
// begins in the lane, `split` which of its bits are the first piece's.
struct PackTables {
  Bytes upper{}, lower{}, split{}, order{}, other{}, seam{};
};

constexpr PackTables pack_tables() {
  PackTables t;
  for (int at = 0; at < 64; ++at) {
    const int j = at % 8, bit = at / 8 % 2 ? 8 * j - 4 : 8 * j;  // first bit of the lane's 60
    const int i = bit < 0 ? -1 : bit / 10, held = 10 * (i + 1) - bit;
    const auto index = static_cast<size_t>(at);
    if (i >= 0) t.upper[index] = static_cast<uint8_t>((in_words(i) + held - 8) & 63);
    if (i < 5) t.lower[index] = static_cast<uint8_t>((in_words(i + 1) + 2 + held) & 63);
    t.split[index] = static_cast<uint8_t>(held >= 8 ? 0xff : 0xff << (8 - held));
  }
  for (int at = 0; at < static_cast<int>(kOctets); ++at) {
    const int pair = at / 15 * 16, r = at % 15;
    const auto index = static_cast<size_t>(at);
    t.order[index] = static_cast<uint8_t>(pair + (r <= 7 ? r : r + 1));
    t.other[index] = static_cast<uint8_t>(pair + 8);
    t.seam[index] = r == 7 ? 0xf0 : 0xff;
  }
  return t;
}

// Unpack. The reverse: `order` puts eight octets into a lane, big-endian.
struct UnpackTables {
  Bytes order{}, first{}, second{}, split{}, valid{};
};

constexpr UnpackTables unpack_tables() {
  UnpackTables t;
  for (int at = 0; at < 64; ++at) {
    const int odd = at / 8 % 2, d = at / 4 % 2, b = at % 4;
    const int i = 3 * d + 8 * b / 10, used = 8 * b % 10, held = 10 - used;
    const int lowest = (odd ? 50 : 54) - 10 * i;  // of sample i in the big-endian lane
    const auto index = static_cast<size_t>(at);
    t.order[index] = static_cast<uint8_t>(at / 16 * 15 + odd * 7 + 7 - at % 8);
    t.first[index] = static_cast<uint8_t>(lowest + used);
    t.second[index] = static_cast<uint8_t>((lowest - 10 - held) & 63);
    t.split[index] = static_cast<uint8_t>(held >= 8 ? 0xff : (1 << held) - 1);
    t.valid[index] = b == 3 ? 0x3f : 0xff;
  }
  return t;
}

alignas(64) constexpr PackTables kPack = pack_tables();
alignas(64) constexpr UnpackTables kUnpack = unpack_tables();

struct Packer {
  __m512i upper, lower, split, order, other, seam;
  RTV_AVX512 Packer()
      : upper(table(kPack.upper)), lower(table(kPack.lower)), split(table(kPack.split)),
        order(table(kPack.order)), other(table(kPack.other)), seam(table(kPack.seam)) {}
  RTV_AVX512 __m512i operator()(__m512i words) const {
    const __m512i octets = select(split, _mm512_multishift_epi64_epi8(upper, words),
                                  _mm512_multishift_epi64_epi8(lower, words));
    return select(seam, _mm512_permutexvar_epi8(order, octets),
                  _mm512_permutexvar_epi8(other, octets));
  }
};

struct Unpacker {
  __m512i order, first, second, split, valid;
  RTV_AVX512 Unpacker()
      : order(table(kUnpack.order)), first(table(kUnpack.first)), second(table(kUnpack.second)),
        split(table(kUnpack.split)), valid(table(kUnpack.valid)) {}
  RTV_AVX512 __m512i operator()(__m512i octets) const {
    const __m512i lanes = _mm512_permutexvar_epi8(order, octets);
    return _mm512_and_si512(valid, select(split, _mm512_multishift_epi64_epi8(first, lanes),
                                          _mm512_multishift_epi64_epi8(second, lanes)));
  }
};

// Pointers below move back to the start of the first whole group; what lies before the run is
// masked out, so addresses are reckoned as integers.
template <class T>
T *moved(T *p, int64_t bytes) {
  return reinterpret_cast<T *>(reinterpret_cast<uintptr_t>(p) + static_cast<uintptr_t>(bytes));
}

// A step that is not wholly inside the run: octets [begin, end) of the 60 belong to it.
RTV_AVX512 void pack_edge(const Packer &packed, const uint8_t *in, uint8_t *out, uint32_t begin,
                          uint32_t end) {
  const auto words = static_cast<__mmask16>(ones((end + 14) / 15 * 4));
  _mm512_mask_storeu_epi8(out, ones(end) & ~ones(begin),
                          packed(_mm512_maskz_loadu_epi32(words, in)));
}

RTV_AVX512 void pack_v210(const rtv_frame &from, uint32_t row, uint32_t first, uint32_t n,
                          uint8_t *out) {
  const Packer packed;
  const uint32_t skip = first % 3 * 5;
  const uint8_t *in = from.plane[0] + size_t{row} * from.stride[0] + size_t{first / 3} * 16;
  out = moved(out, -int64_t{skip});
  uint32_t left = skip + n * 5;  // octets from `out`
  if (skip) {
    pack_edge(packed, in, out, skip, std::min(left, kOctets));
    left -= std::min(left, kOctets);
    in += 64, out += kOctets;
  }
  // Of the 64 octets written the last four belong to the next step, which is in the run.
  for (; left >= 64; left -= kOctets, in += 64, out += kOctets)
    _mm512_storeu_si512(out, packed(_mm512_loadu_si512(in)));
  if (left) pack_edge(packed, in, out, 0, left);
}

// A step that is not wholly inside the run: pgroups [begin, end) of the 12 belong to it.
RTV_AVX512 void unpack_edge(const Unpacker &words_of, const uint8_t *in, uint8_t *out,
                            uint32_t begin, uint32_t end) {
  const __m512i octets = _mm512_maskz_loadu_epi8(ones(end * 5) & ~ones(begin * 5), in);
  // The words that the run touches, and the samples that it leaves in the first and the last.
  const uint32_t low = begin * 4 / 3, high = (end * 4 + 2) / 3;
  const auto touched = static_cast<__mmask16>(ones(high) & ~ones(low));
  const uint32_t before = begin * 4 % 3 * 10, after = end * 4 % 3 * 10;
  __m512i keep = _mm512_maskz_set1_epi32(static_cast<__mmask16>(1u << low),
                                         static_cast<int>((1u << before) - 1));
  if (after)
    keep = _mm512_or_si512(
        keep, _mm512_maskz_set1_epi32(static_cast<__mmask16>(1u << (high - 1)),
                                      static_cast<int>(0x3fffffffu & ~((1u << after) - 1))));
  const __m512i old = _mm512_maskz_loadu_epi32(touched, out);
  _mm512_mask_storeu_epi32(out, touched, select(keep, old, words_of(octets)));
}

RTV_AVX512 void unpack_v210(const uint8_t *in, rtv_frame &to, uint32_t row, uint32_t first,
                            uint32_t n) {
  if (n == 0) return;
  const Unpacker words_of;
  const uint32_t skip = first % 3;
  uint8_t *out = to.plane[0] + size_t{row} * to.stride[0] + size_t{first / 3} * 16;
  in = moved(in, -int64_t{skip} * 5);
  uint32_t left = skip + n;  // pgroups from `out`
  if (skip) {
    unpack_edge(words_of, in, out, skip, std::min(left, kGroups));
    left -= std::min(left, kGroups);
    in += kOctets, out += 64;
  }
  // Of the 64 octets read the last four belong to the next step. (Streaming stores were tried
  // here: a quarter slower than these.)
  for (; left > kGroups; left -= kGroups, in += kOctets, out += 64)
    _mm512_storeu_si512(out, words_of(_mm512_loadu_si512(in)));
  if (left) unpack_edge(words_of, in, out, 0, left);
}

constexpr Kernel kV210 = {5, 2, pack_v210, unpack_v210, copy_v210, "avx512vbmi"};

}  // namespace

bool cpu_has_avx512vbmi() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") &&
         __builtin_cpu_supports("bmi2");
}

const Kernel *avx512vbmi_kernel(const rtv_format &format) {
  if (format.layout == RTV_PLANAR16) return avx512vbmi_planar_kernel(format);
  const bool fits = format.layout == RTV_V210 && format.sampling == RTV_422 && format.depth == 10;
  return fits ? &kV210 : nullptr;
}

}  // namespace rtv
#endif
