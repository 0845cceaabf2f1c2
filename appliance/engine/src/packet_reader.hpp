// SPDX-License-Identifier: Apache-2.0
// Reads what the network sent: RTP (RFC 3550), header extensions (RFC 8285) and the sample row
// data of ST 2110-20 / RFC 4175. Pure: bytes in, positions out. Nothing in a packet is believed
// before it was checked against the length of the datagram and the raster.
#pragma once
#include <array>
#include <cstdint>
#include <span>

namespace rtv {

using Octets = std::span<const uint8_t>;

inline uint32_t be16(const uint8_t *p) { return static_cast<uint32_t>(p[0] << 8 | p[1]); }
inline uint32_t be32(const uint8_t *p) { return be16(p) << 16 | be16(p + 2); }

// What was wrong with a packet.
enum class Verdict : uint8_t {
  ok,
  bad_rtp,   // no RTP version 2, or header, extension or padding reach beyond the datagram
  bad_pt,    // another payload type than the flow's
  bad_srd,   // a sample row data header that the raster cannot hold
  bad_size,  // sample rows longer than the datagram
};

struct RtpPacket {
  uint16_t sequence;
  uint32_t timestamp, ssrc;
  uint8_t payload_type;
  bool marker;
  uint16_t profile;  // of the header extension; 0 without one
  Octets extension;  // its words, without the four octets of profile and length
  Octets payload;    // without padding
};
Verdict read_rtp(Octets datagram, RtpPacket *out);

// The NMOS elements of a grain's header extension; ids as the SDP's a=extmap lines bind them
// (1..14, 0 = not bound).
struct ExtensionIds {
  uint8_t origin = 0, sync = 0, flow = 0, source = 0, flags = 0;
};
struct Extensions {
  bool has_origin = false, has_sync = false, has_flags = false;
  bool start = false, end = false;  // grain flags
  int64_t origin_tai = 0, sync_tai = 0;
};
// Elements that are unknown, too short or without sense are passed over.
Extensions read_extensions(const RtpPacket &packet, const ExtensionIds &ids);
// Ten octets: 48-bit seconds and 32-bit nanoseconds, TAI. False when it is no time.
bool read_tai(const uint8_t *ten, int64_t *tai);

// The raster as packets see it.
struct VideoLayout {
  uint32_t rows;         // of the frame
  uint32_t row_pgroups;  // in a row
  uint32_t pgroup_octets, pgroup_pixels;
  bool fields;  // interlaced or segmented: rows are counted within each half of the frame
};

// A run of pgroups within one row of the frame.
struct Run {
  uint32_t row, first, count;
  const uint8_t *data;
};
struct VideoPacket {
  // ST 2110-20 has at most three; RFC 4175 senders with a small raster put more into a packet.
  static constexpr uint32_t kMaxRuns = 32;
  uint32_t sequence;  // extended to 32 bits by the payload header
  bool second_field;
  uint32_t runs;
  std::array<Run, kMaxRuns> run;
};
Verdict read_video(const RtpPacket &rtp, const VideoLayout &layout, VideoPacket *out);

}  // namespace rtv
