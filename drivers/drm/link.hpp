// SPDX-License-Identifier: Apache-2.0
// What a monitor says of itself, and how many bits of a sample reach it. Pure: octets and numbers
// in, numbers and words out.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "pixels.hpp"

namespace rtv {

// 0: it does not say.
struct MonitorSays {
  uint32_t bits = 0;                 // of each colour's sample, at most
  uint32_t least_hz = 0, most_hz = 0;  // refreshes a second
};

// VESA E-EDID 1.3 and 1.4 with CTA-861 extensions. The octets come from whatever is plugged in:
// what is not well-formed says nothing. Over HDMI it is HDMI's own block that counts (H14b VSDB:
// without its deep colour flags, 8 bits); else the base block's colour depth.
MonitorSays read_edid(const uint8_t *data, size_t size);

// A connector's `max bpc`: the most bits that the driver may choose for the link.
struct LinkLimit {
  uint64_t found = 0;            // as it was when we came
  uint64_t least = 0, most = 0;  // 0: there is no such property
};

// What to set for a plane of so many bits: raised as far as the plane needs it, and for others as
// it was found, so that a flow of 10 bits leaves nothing behind.
uint64_t max_bpc_for(const LinkLimit &limit, uint32_t plane_bits);

// Bits that the link carries at most; 0: nobody says. What it really carries no driver tells.
uint32_t link_bits(uint64_t max_bpc, const MonitorSays &monitor);

// One line for a person when bits of the flow are lost on their way; "": none that we know of.
// max_bpc: as it is set; 0: there is no such property.
std::string depth_loss(uint32_t flow_bits, Pixel plane, uint64_t max_bpc,
                       const MonitorSays &monitor);

}  // namespace rtv
