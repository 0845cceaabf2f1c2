// SPDX-License-Identifier: Apache-2.0
// Between a card's memory and ST 2110-20 pgroups: runs of pgroups of one row, as packets carry
// them.
//
// A pgroup (ST 2110-20, tables of 6.2.3 ff.) is the smallest whole number of octets that holds
// whole pixels; its samples are packed most significant bit first, without padding:
//   4:2:2        Cb Y0 Cr Y1   8 bit 4 octets, 10 bit 5, 12 bit 6, each for 2 pixels
//   4:4:4        Cb Y Cr       8 bit 3 octets / 1 pixel, 10 bit 15 / 4, 12 bit 9 / 2
//   RGB          R G B         as 4:4:4
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "rtvbox/video.h"

namespace rtv {

// One way to convert one combination of layout, sampling and depth. Lives as long as the program.
//
// `row` is a row of the FRAME's memory (the caller maps fields to it); `first` and `n` count
// pgroups within the row. The caller has checked that row < height and that
// first + n <= row_pgroups(format): these functions are the inner loop and check nothing.
// The octets are unaligned, and exactly n * pgroup_octets of them are read or written, never a
// byte more. Of the frame only the run's own pixels change: where a run begins or ends inside a
// word of v210, the neighbours' bits stay (the two spare bits of a word that is touched become 0).
// Samples are carried to their depth; higher bits of a PLANAR16 sample are ignored.
// One thread writes a frame's row at a time.
struct Kernel {
  uint32_t pgroup_octets, pgroup_pixels;
  void (*pack_run)(const rtv_frame &from, uint32_t row, uint32_t first, uint32_t n, uint8_t *out);
  void (*unpack_run)(const uint8_t *in, rtv_frame &to, uint32_t row, uint32_t first, uint32_t n);
  // The same pixels from another frame of the same format (concealment).
  void (*copy_run)(const rtv_frame &from, rtv_frame &to, uint32_t row, uint32_t first, uint32_t n);
  const char *name;  // the family whose instructions it uses; "memcpy" where that is all there is
};

// The families this CPU can run, best first; the last is always "scalar".
std::span<const char *const> cpu_families();

// The best kernel that uses no instructions beyond `family`'s (all of this CPU's when empty).
// nullptr when the combination of layout, sampling and depth does not exist, or when this CPU
// cannot run the family.
const Kernel *find_kernel(const rtv_format &format, std::string_view family = "");

// Why this format cannot be carried, one line with field, value and remedy; empty when it can.
// Beyond find_kernel: a row must be whole pgroups (4:4:4 of 10 bit: width a multiple of 4).
std::string format_refusal(const rtv_format &format);

// Pgroups in a row of an accepted format.
inline uint32_t row_pgroups(const rtv_format &format, const Kernel &kernel) {
  return format.width / kernel.pgroup_pixels;
}

// Bytes of a row of one plane without the padding after it (v210: with it, a multiple of 128).
uint32_t row_octets(const rtv_format &format, uint32_t plane);
// How many planes the layout has: 1 or 3.
uint32_t memory_planes(const rtv_format &format);

}  // namespace rtv
