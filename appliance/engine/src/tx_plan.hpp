// SPDX-License-Identifier: Apache-2.0
// Which pixels travel in which packet: the checked, native form of rtv.layout's table.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "rtvbox/video.h"

namespace rtv {

// One sample row data segment (SRD) of ST 2110-20. Rows count within the frame or the field.
struct PacketSegment {
  uint32_t row, first_pgroup, pgroups, octets;
};

struct PacketShape {
  uint32_t segments;
  PacketSegment segment[3];
  uint32_t header;  // octets of RTP header, extended sequence number and SRD headers
  uint32_t size;    // octets of the UDP payload
  uint32_t run;     // from here, how many packets one UDP_SEGMENT send may hold
};

constexpr uint32_t kHeaderRoom = 32;  // 12 RTP + 2 extended sequence number + 3 x 6 SRD
constexpr uint32_t kMostSegments = 64;  // of one UDP_SEGMENT send, in every kernel that has it
constexpr uint32_t kMostOctets = 65507;

struct PacketPlan {
  std::vector<PacketShape> packets;
  std::vector<uint8_t> headers;  // kHeaderRoom for each packet; sequence and timestamp still 0
  uint32_t largest = 0;          // octets of the largest UDP payload
  uint32_t rows = 0;             // of the frame, or of a field when there are two

  uint32_t count() const { return static_cast<uint32_t>(packets.size()); }
};

struct PgroupSize {
  uint32_t octets, pixels;
};

// rows: n x 10 (n_srd, then 3 x length in octets, row, offset in pixels). Throws
// std::invalid_argument naming the packet when a row cannot be sent as it stands.
PacketPlan make_packet_plan(const int32_t *rows, size_t n, const rtv_format &format,
                            PgroupSize pgroup, uint32_t max_udp, uint8_t payload_type,
                            uint32_t ssrc);

}  // namespace rtv
