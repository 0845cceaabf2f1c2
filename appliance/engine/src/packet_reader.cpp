// SPDX-License-Identifier: Apache-2.0
#include "packet_reader.hpp"

#include "rtvbox/clock.hpp"

namespace rtv {

Verdict read_rtp(Octets d, RtpPacket *out) {
  if (d.size() < 12 || d[0] >> 6 != 2) return Verdict::bad_rtp;
  size_t at = 12 + size_t{4} * (d[0] & 15u);  // contributing sources
  size_t end = d.size();
  if (at > end) return Verdict::bad_rtp;
  out->profile = 0;
  out->extension = {};
  if (d[0] & 0x10) {
    if (at + 4 > end) return Verdict::bad_rtp;
    const size_t length = size_t{4} * be16(&d[at + 2]);
    if (at + 4 + length > end) return Verdict::bad_rtp;
    out->profile = static_cast<uint16_t>(be16(&d[at]));
    out->extension = d.subspan(at + 4, length);
    at += 4 + length;
  }
  if (d[0] & 0x20) {
    const size_t padding = d[end - 1];
    if (padding == 0 || at + padding > end) return Verdict::bad_rtp;
    end -= padding;
  }
  out->marker = d[1] >> 7;
  out->payload_type = d[1] & 0x7f;
  out->sequence = static_cast<uint16_t>(be16(&d[2]));
  out->timestamp = be32(&d[4]);
  out->ssrc = be32(&d[8]);
  out->payload = d.subspan(at, end - at);
  return Verdict::ok;
}

bool read_tai(const uint8_t *p, int64_t *tai) {
  const uint64_t seconds = uint64_t{be16(p)} << 32 | be32(p + 2);
  const uint32_t ns = be32(p + 6);
  if (ns >= kSecond || seconds > uint64_t{1} << 33) return false;  // the product must fit
  *tai = static_cast<int64_t>(seconds) * kSecond + ns;
  return true;
}

Extensions read_extensions(const RtpPacket &packet, const ExtensionIds &ids) {
  Extensions e;
  const bool two_octets = (packet.profile & 0xfff0) == 0x1000;
  if (packet.profile != 0xbede && !two_octets) return e;
  const Octets x = packet.extension;
  for (size_t at = 0; at < x.size();) {
    if (x[at] == 0) {  // padding
      ++at;
      continue;
    }
    uint32_t id, length;
    if (two_octets) {
      if (at + 2 > x.size()) break;
      id = x[at];
      length = x[at + 1];
      at += 2;
    } else {
      id = x[at] >> 4;
      if (id == 15) break;  // RFC 8285: stop here
      length = (x[at] & 15u) + 1;
      at += 1;
    }
    if (at + length > x.size()) break;
    const uint8_t *value = x.data() + at;
    at += length;
    if (id == 0) continue;
    if (id == ids.origin && length == 10) e.has_origin = read_tai(value, &e.origin_tai);
    if (id == ids.sync && length == 10) e.has_sync = read_tai(value, &e.sync_tai);
    if (id == ids.flags && length >= 1) {
      e.has_flags = true;
      e.start = value[0] & 0x80;
      e.end = value[0] & 0x40;
    }
  }
  return e;
}

Verdict read_video(const RtpPacket &rtp, const VideoLayout &layout, VideoPacket *out) {
  const Octets p = rtp.payload;
  if (p.size() < 8) return Verdict::bad_srd;
  out->sequence = be16(p.data()) << 16 | rtp.sequence;
  const uint32_t field_rows = layout.fields ? layout.rows / 2 : layout.rows;
  size_t at = 2;
  uint32_t runs = 0, octets = 0;
  bool second = false;
  for (bool more = true; more; at += 6) {
    if (at + 6 > p.size() || runs == VideoPacket::kMaxRuns) return Verdict::bad_srd;
    const uint32_t length = be16(&p[at]), row = be16(&p[at + 2]), offset = be16(&p[at + 4]);
    more = offset & 0x8000;
    const bool field = row & 0x8000;
    // One packet belongs to one field: its rows share the timestamp.
    if (runs > 0 && field != second) return Verdict::bad_srd;
    if (field && !layout.fields) return Verdict::bad_srd;
    second = field;
    Run &r = out->run[runs++];
    r.row = row & 0x7fff;
    r.first = (offset & 0x7fff) / layout.pgroup_pixels;
    r.count = length / layout.pgroup_octets;
    if (length % layout.pgroup_octets || (offset & 0x7fff) % layout.pgroup_pixels ||
        r.row >= field_rows || r.first + r.count > layout.row_pgroups)
      return Verdict::bad_srd;
    if (layout.fields) r.row = 2 * r.row + field;
    octets += length;
  }
  if (at + octets > p.size()) return Verdict::bad_size;
  const uint8_t *data = p.data() + at;
  for (uint32_t i = 0; i < runs; ++i) {
    out->run[i].data = data;
    data += size_t{out->run[i].count} * layout.pgroup_octets;
  }
  out->runs = runs;
  out->second_field = second;
  return Verdict::ok;
}

}  // namespace rtv
