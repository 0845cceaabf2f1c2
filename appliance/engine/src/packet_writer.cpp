// SPDX-License-Identifier: Apache-2.0
#include "packet_writer.hpp"

#include <algorithm>
#include <cstring>

#include "octets.hpp"

namespace rtv {

PacketWriter::PacketWriter(const PacketPlan &plan, const Kernel &kernel, uint32_t burst)
    : plan_(plan), kernel_(kernel),
      buffer_(new uint8_t[static_cast<size_t>(plan.largest) * burst + kHeaderRoom]()) {}

size_t PacketWriter::write(const rtv_frame &frame, uint32_t field, uint32_t first, uint32_t count,
                           uint32_t timestamp, uint32_t sequence) {
  const uint32_t step = frame.format.scan == RTV_PROGRESSIVE ? 1 : 2;
  uint8_t *out = buffer_.get();
  for (uint32_t i = first; i < first + count; ++i, ++sequence) {
    const PacketShape &p = plan_.packets[i];
    // The whole room is copied, a fixed size being quicker; pixels overwrite what is too much.
    std::memcpy(out, plan_.headers.data() + static_cast<size_t>(i) * kHeaderRoom, kHeaderRoom);
    put16(out + 2, sequence & 0xffff);
    put32(out + 4, timestamp);
    put16(out + 12, sequence >> 16);
    uint8_t *pixels = out + p.header;
    for (uint32_t s = 0; s < p.segments; ++s) {
      const PacketSegment &g = p.segment[s];
      if (field) out[14 + 6 * s + 2] |= 0x80;
      kernel_.pack_run(frame, g.row * step + field, g.first_pgroup, g.pgroups, pixels);
      pixels += g.octets;
    }
    out = pixels;
  }
  return static_cast<size_t>(out - buffer_.get());
}

uint32_t rows_needed(const PacketPlan &plan, const rtv_format &format, uint32_t field,
                     uint32_t last) {
  const PacketShape &p = plan.packets[last];
  uint32_t row = 0;
  for (uint32_t s = 0; s < p.segments; ++s) row = std::max(row, p.segment[s].row);
  return format.scan == RTV_PROGRESSIVE ? row + 1 : 2 * row + field + 1;
}

}  // namespace rtv
