// SPDX-License-Identifier: Apache-2.0
// What kernels.cpp chooses from: each family gives its kernel for a format, or nullptr where it
// has nothing better than the families below it.
#pragma once
#include <cstring>

#include "kernels.hpp"

namespace rtv {

const Kernel *scalar_kernel(const rtv_format &format);
const Kernel *portable_kernel(const rtv_format &format);

// How the families below copy runs: plain memory, so there is only one way.
void copy_v210(const rtv_frame &from, rtv_frame &to, uint32_t row, uint32_t first, uint32_t n);
void copy_planar_422(const rtv_frame &from, rtv_frame &to, uint32_t row, uint32_t first,
                     uint32_t n);
template <uint32_t Pixels>  // of a pgroup
void copy_planar_444(const rtv_frame &from, rtv_frame &to, uint32_t row, uint32_t first,
                     uint32_t n) {
  for (uint32_t k = 0; k < 3; ++k)
    std::memcpy(to.plane[k] + size_t{row} * to.stride[k] + size_t{first} * Pixels * 2,
                from.plane[k] + size_t{row} * from.stride[k] + size_t{first} * Pixels * 2,
                size_t{n} * Pixels * 2);
}
// Pixels of a 4:4:4 pgroup: as many as it takes to fill whole octets.
constexpr uint32_t pixels_444(uint32_t depth) { return depth == 8 ? 1 : depth == 10 ? 4 : 2; }

#if defined(__x86_64__)
bool cpu_has_avx2();
const Kernel *avx2_kernel(const rtv_format &format);
bool cpu_has_avx512vbmi();
const Kernel *avx512vbmi_kernel(const rtv_format &format);
const Kernel *avx512vbmi_planar_kernel(const rtv_format &format);
#endif

}  // namespace rtv
