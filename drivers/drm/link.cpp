// SPDX-License-Identifier: Apache-2.0
#include "link.hpp"

#include <algorithm>
#include <cstring>

namespace rtv {

namespace {

constexpr size_t kBlock = 128;
constexpr uint8_t kHeader[8] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0};

bool sums_up(const uint8_t *block) {
  uint8_t sum = 0;
  for (size_t i = 0; i < kBlock; ++i) sum = static_cast<uint8_t>(sum + block[i]);
  return sum == 0;
}

// Vertical range of a display range limits descriptor (tag FDh).
void read_range(const uint8_t *base, MonitorSays *says) {
  for (size_t at = 54; at + 18 <= 126; at += 18) {
    const uint8_t *d = base + at;
    if (d[0] || d[1] || d[2] || d[3] != 0xfd) continue;
    const uint32_t more = d[4] & 3u;  // 2: 255 more for the most; 3: for both
    says->least_hz = d[5] + (more == 3 ? 255u : 0u);
    says->most_hz = d[6] + (more >= 2 ? 255u : 0u);
    if (says->least_hz > says->most_hz) says->least_hz = says->most_hz = 0;
    return;
  }
}

// HDMI's own block in a CTA-861 extension; 0: there is none.
uint32_t hdmi_bits(const uint8_t *block) {
  if (block[0] != 2 || block[1] < 3) return 0;
  const size_t end = std::min<size_t>(block[2], kBlock - 1);  // where data blocks end
  for (size_t at = 4; at < end;) {
    const size_t length = block[at] & 31u;
    if (at + 1 + length > end) return 0;
    const uint8_t *inside = block + at + 1;
    if (block[at] >> 5 == 3 && length >= 5 && inside[0] == 0x03 && inside[1] == 0x0c &&
        inside[2] == 0) {
      const uint32_t deep = length >= 6 ? inside[5] : 0u;
      return deep & 0x40 ? 16 : deep & 0x20 ? 12 : deep & 0x10 ? 10 : 8;
    }
    at += 1 + length;
  }
  return 0;
}

}  // namespace

MonitorSays read_edid(const uint8_t *data, size_t size) {
  MonitorSays says;
  if (size < kBlock || std::memcmp(data, kHeader, sizeof kHeader) != 0 || !sums_up(data))
    return says;
  read_range(data, &says);
  const bool digital = data[20] & 0x80;
  if (!digital) return says;
  const bool tells = data[18] == 1 && data[19] >= 4;
  static constexpr uint32_t depths[8] = {0, 6, 8, 10, 12, 14, 16, 0};
  if (tells) says.bits = depths[data[20] >> 4 & 7];
  if (tells && (data[20] & 15) == 5) return says;  // DisplayPort
  for (size_t at = kBlock; at + kBlock <= size; at += kBlock) {
    if (!sums_up(data + at)) continue;
    if (const uint32_t bits = hdmi_bits(data + at)) {
      says.bits = bits;
      break;
    }
  }
  return says;
}

uint64_t max_bpc_for(const LinkLimit &limit, uint32_t plane_bits) {
  if (plane_bits <= 8 || limit.found >= plane_bits) return limit.found;
  return std::max<uint64_t>(limit.found, std::min<uint64_t>(limit.most, plane_bits));
}

uint32_t link_bits(uint64_t max_bpc, const MonitorSays &monitor) {
  const auto top = static_cast<uint32_t>(std::min<uint64_t>(max_bpc, 16));
  if (!top || !monitor.bits) return top + monitor.bits;
  return std::min(top, monitor.bits);
}

std::string depth_loss(uint32_t flow_bits, Pixel plane, uint64_t max_bpc,
                       const MonitorSays &monitor) {
  const uint32_t link = link_bits(max_bpc, monitor);
  const uint32_t left = std::min(depth_of(plane), link ? link : depth_of(plane));
  if (left >= flow_bits) return "";
  std::string why;
  auto add = [&why](const std::string &reason) { why += (why.empty() ? ": " : "; ") + reason; };
  if (depth_of(plane) < flow_bits) add(std::string("the display's plane shows ") + name_of(plane));
  if (max_bpc && max_bpc < flow_bits)
    add("the connector's limit (max bpc) is " + std::to_string(max_bpc));
  if (monitor.bits && monitor.bits < flow_bits)
    add("the monitor takes " + std::to_string(monitor.bits));
  return std::to_string(flow_bits) + " bits become " + std::to_string(left) + why;
}

}  // namespace rtv
