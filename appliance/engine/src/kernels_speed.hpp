// SPDX-License-Identifier: Apache-2.0
// How fast this machine converts and copies: the figures a laboratory compares a box by.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels.hpp"

namespace rtv {

// kCopy and kCopyBack move the same octets the same way as kPack and kUnpack, by memcpy.
enum class Direction { kPack, kUnpack, kCopy, kCopyBack };

// Octets of pgroups a second, the median over whole frames of `format` for about `duration_ns`.
// Row after row is taken in runs of `run` pgroups, as packets take it. The octets lie in a buffer
// of `window` octets that is used again and again, like a burst's; 0 = as large as the frame.
// The copies go run by run too, or in one piece where run and window are 0.
double conversion_speed(const rtv_format &format, const Kernel &kernel, Direction direction,
                        uint32_t run, size_t window, int64_t duration_ns);

}  // namespace rtv
