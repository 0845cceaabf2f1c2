// SPDX-License-Identifier: Apache-2.0
// The reference that every other family must equal bit for bit, and what other CPUs run.
#include "kernels_families.hpp"
#include "kernels_rows.hpp"

namespace rtv {
namespace {

using rows::Planar422;
using rows::Planar444;
using rows::V210;

void copy_bytes(const rtv_frame &from, rtv_frame &to, uint32_t plane, uint32_t row, size_t first,
                size_t bytes) {
  std::memcpy(to.plane[plane] + size_t{row} * to.stride[plane] + first,
              from.plane[plane] + size_t{row} * from.stride[plane] + first, bytes);
}

void pack_uyvy(const rtv_frame &from, uint32_t row, uint32_t first, uint32_t n, uint8_t *out) {
  std::memcpy(out, from.plane[0] + size_t{row} * from.stride[0] + size_t{first} * 4,
              size_t{n} * 4);
}

void unpack_uyvy(const uint8_t *in, rtv_frame &to, uint32_t row, uint32_t first, uint32_t n) {
  std::memcpy(to.plane[0] + size_t{row} * to.stride[0] + size_t{first} * 4, in, size_t{n} * 4);
}

void copy_uyvy(const rtv_frame &from, rtv_frame &to, uint32_t row, uint32_t first, uint32_t n) {
  copy_bytes(from, to, 0, row, size_t{first} * 4, size_t{n} * 4);
}

template <uint32_t Depth>
constexpr Kernel planar_422() {
  return {Depth / 2, 2, rows::pack<Planar422, Depth>, rows::unpack<Planar422, Depth>,
          copy_planar_422, "scalar"};
}

template <uint32_t Depth, uint32_t First, uint32_t Second>
constexpr Kernel planar_444() {
  constexpr uint32_t pixels = pixels_444(Depth);
  using Row = Planar444<pixels, First, Second>;
  return {3 * pixels * Depth / 8, pixels, rows::pack<Row, Depth>, rows::unpack<Row, Depth>,
          copy_planar_444<pixels>, "scalar"};
}

constexpr Kernel kV210 = {5, 2, rows::pack<V210, 10>, rows::unpack<V210, 10>, copy_v210,
                          "scalar"};
constexpr Kernel kUyvy = {4, 2, pack_uyvy, unpack_uyvy, copy_uyvy, "memcpy"};

struct Planar {
  uint8_t sampling, depth;
  Kernel kernel;
};
constexpr Planar kPlanar[] = {
    {RTV_422, 8, planar_422<8>()},         {RTV_422, 10, planar_422<10>()},
    {RTV_422, 12, planar_422<12>()},       {RTV_444, 8, planar_444<8, 1, 0>()},
    {RTV_444, 10, planar_444<10, 1, 0>()}, {RTV_444, 12, planar_444<12, 1, 0>()},
    {RTV_RGB, 8, planar_444<8, 0, 1>()},   {RTV_RGB, 10, planar_444<10, 0, 1>()},
    {RTV_RGB, 12, planar_444<12, 0, 1>()},
};

}  // namespace

void copy_v210(const rtv_frame &from, rtv_frame &to, uint32_t row, uint32_t first, uint32_t n) {
  // Three pgroups are four whole words; at the ends, sample by sample.
  const V210 source(from, row), target(to, row);
  const auto copy = [&](uint32_t begin, uint32_t end) {
    for (uint32_t g = begin; g < end; ++g)
      for (uint32_t i = 0; i < 4; ++i) target.set(g, i, source.get(g, i));
  };
  const uint32_t end = first + n, whole = (first + 2) / 3, after = end / 3;
  if (whole >= after) return copy(first, end);
  copy(first, whole * 3);
  copy_bytes(from, to, 0, row, size_t{whole} * 16, size_t{after - whole} * 16);
  copy(after * 3, end);
}

void copy_planar_422(const rtv_frame &from, rtv_frame &to, uint32_t row, uint32_t first,
                     uint32_t n) {
  copy_bytes(from, to, 0, row, size_t{first} * 4, size_t{n} * 4);
  for (uint32_t k = 1; k < 3; ++k) copy_bytes(from, to, k, row, size_t{first} * 2, size_t{n} * 2);
}

const Kernel *scalar_kernel(const rtv_format &format) {
  const bool is_422 = format.sampling == RTV_422;
  if (format.layout == RTV_V210) return is_422 && format.depth == 10 ? &kV210 : nullptr;
  if (format.layout == RTV_UYVY) return is_422 && format.depth == 8 ? &kUyvy : nullptr;
  if (format.layout != RTV_PLANAR16) return nullptr;
  for (const Planar &p : kPlanar)
    if (p.sampling == format.sampling && p.depth == format.depth) return &p.kernel;
  return nullptr;
}

}  // namespace rtv
