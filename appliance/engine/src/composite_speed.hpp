// SPDX-License-Identifier: Apache-2.0
// What an overlay costs on this machine.
#pragma once
#include <cstdint>

#include "composite.hpp"

namespace rtv {

struct CompositeSpeed {
  int64_t blend_ns, copy_ns;  // medians for one frame: its overlay, and memcpy of the whole frame
};

// Blends and copies in turn for about `duration_ns`, so that both meet the same machine. Every
// frame gets other values, as they do from the network.
CompositeSpeed composite_speed(const Overlay &overlay, const Atlas &atlas, int64_t duration_ns);

}  // namespace rtv
