// SPDX-License-Identifier: Apache-2.0
#include "tx_plan.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "octets.hpp"

namespace rtv {
namespace {

[[noreturn]] void refuse(size_t packet, const char *why) {
  char text[160];
  std::snprintf(text, sizeof text, "packets: row %zu %s; take the table from rtv.layout", packet,
                why);
  throw std::invalid_argument(text);
}

PacketShape shape(const int32_t *row, size_t at, const rtv_format &format, uint32_t rows,
                  PgroupSize pgroup, uint32_t max_udp) {
  PacketShape p{};
  if (row[0] < 1 || row[0] > 3) refuse(at, "has not 1 to 3 segments");
  p.segments = static_cast<uint32_t>(row[0]);
  p.header = 14 + 6 * p.segments;
  p.size = p.header;
  for (uint32_t s = 0; s < p.segments; ++s) {
    const int32_t length = row[1 + 3 * s], line = row[2 + 3 * s], offset = row[3 + 3 * s];
    if (length <= 0 || length > 0xffff || length % static_cast<int32_t>(pgroup.octets))
      refuse(at, "has a length that is no whole number of pgroups");
    if (line < 0 || static_cast<uint32_t>(line) >= rows || line > 0x7fff)
      refuse(at, "names a line outside the picture");
    if (offset < 0 || offset > 0x7fff || offset % static_cast<int32_t>(pgroup.pixels))
      refuse(at, "has an offset that is no pgroup boundary");
    PacketSegment &g = p.segment[s];
    g.row = static_cast<uint32_t>(line);
    g.octets = static_cast<uint32_t>(length);
    g.first_pgroup = static_cast<uint32_t>(offset) / pgroup.pixels;
    g.pgroups = g.octets / pgroup.octets;
    const uint32_t in_row = (format.width + pgroup.pixels - 1) / pgroup.pixels;
    if (g.first_pgroup + g.pgroups > in_row) refuse(at, "reaches beyond the end of its line");
    p.size += g.octets;
  }
  if (p.size + 8 > max_udp) refuse(at, "makes a datagram larger than max_udp");
  return p;
}

void write_header(uint8_t *h, const PacketShape &p, uint8_t payload_type, uint32_t ssrc,
                  bool last) {
  h[0] = 0x80;
  h[1] = static_cast<uint8_t>((last ? 0x80 : 0) | payload_type);
  put32(h + 8, ssrc);
  for (uint32_t s = 0; s < p.segments; ++s) {
    const PacketSegment &g = p.segment[s];
    uint8_t *srd = h + 14 + 6 * s;
    put16(srd, g.octets);
    put16(srd + 2, g.row);
    // Filled in by the caller of write_header: the offset is in pixels.
    if (s + 1 < p.segments) srd[4] = 0x80;
  }
}

}  // namespace

PacketPlan make_packet_plan(const int32_t *rows, size_t n, const rtv_format &format,
                            PgroupSize pgroup, uint32_t max_udp, uint8_t payload_type,
                            uint32_t ssrc) {
  if (n == 0 || n > 1'000'000) throw std::invalid_argument("packets: the table is empty");
  if (payload_type < 96 || payload_type > 127)
    throw std::invalid_argument("payload_type: must be 96 to 127");
  PacketPlan plan;
  plan.rows = format.scan == RTV_PROGRESSIVE ? format.height : format.height / 2;
  plan.packets.reserve(n);
  plan.headers.resize(n * kHeaderRoom);
  for (size_t i = 0; i < n; ++i) {
    const int32_t *row = rows + 10 * i;
    const PacketShape p = shape(row, i, format, plan.rows, pgroup, max_udp);
    uint8_t *h = plan.headers.data() + i * kHeaderRoom;
    write_header(h, p, payload_type, ssrc, i + 1 == n);
    for (uint32_t s = 0; s < p.segments; ++s) {
      uint8_t *offset = h + 14 + 6 * s + 4;
      const uint8_t more = offset[0];
      put16(offset, static_cast<uint32_t>(row[3 + 3 * s]));
      offset[0] |= more;
    }
    plan.largest = std::max(plan.largest, p.size);
    plan.packets.push_back(p);
  }
  // Backwards: a run goes on while sizes stay equal and may end with one shorter packet.
  for (size_t i = n; i-- > 0;) {
    PacketShape &p = plan.packets[i];
    uint32_t run = 1;
    if (i + 1 < n) {
      const PacketShape &q = plan.packets[i + 1];
      if (q.size == p.size) run = q.run + 1;
      if (q.size < p.size) run = 2;
    }
    p.run = std::min({run, kMostSegments, kMostOctets / p.size});
  }
  return plan;
}

}  // namespace rtv
