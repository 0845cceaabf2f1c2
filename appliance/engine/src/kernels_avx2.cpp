// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#include "kernels_families.hpp"

namespace rtv {
bool cpu_has_avx2() { return false; }
const Kernel *avx2_kernel(const rtv_format &) { return nullptr; }
bool cpu_has_avx512vbmi() { return false; }
const Kernel *avx512vbmi_kernel(const rtv_format &) { return nullptr; }
}
#endif
