// SPDX-License-Identifier: Apache-2.0
// v210 in 64-bit arithmetic, for any CPU: four words and fifteen octets at a time.
#include "kernels_families.hpp"
#include "kernels_rows.hpp"

namespace rtv {
namespace {

using rows::V210;

void pack_v210(const rtv_frame &from, uint32_t row, uint32_t first, uint32_t n, uint8_t *out) {
  const rows::V210Run run(first, n);
  rows::pack<V210, 10>(from, row, first, run.before, out);
  out += run.before * 5;
  const uint8_t *in = from.plane[0] + size_t{row} * from.stride[0] + run.at;
  for (uint32_t g = 0; g < run.groups; ++g, in += 16, out += 15) rows::pack_v210_words(in, out);
  rows::pack<V210, 10>(from, row, first + n - run.after, run.after, out);
}

void unpack_v210(const uint8_t *in, rtv_frame &to, uint32_t row, uint32_t first, uint32_t n) {
  const rows::V210Run run(first, n);
  rows::unpack<V210, 10>(in, to, row, first, run.before);
  in += run.before * 5;
  uint8_t *out = to.plane[0] + size_t{row} * to.stride[0] + run.at;
  for (uint32_t g = 0; g < run.groups; ++g, in += 15, out += 16) rows::unpack_v210_words(in, out);
  rows::unpack<V210, 10>(in, to, row, first + n - run.after, run.after);
}

constexpr Kernel kV210 = {5, 2, pack_v210, unpack_v210, copy_v210, "portable"};

}  // namespace

const Kernel *portable_kernel(const rtv_format &format) {
  const bool fits = format.layout == RTV_V210 && format.sampling == RTV_422 && format.depth == 10;
  return fits ? &kV210 : nullptr;
}

}  // namespace rtv
