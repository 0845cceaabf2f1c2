// SPDX-License-Identifier: Apache-2.0
// What a receiver is told, and the times that follow from it. Values only.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "ground.hpp"
#include "packet_reader.hpp"
#include "rtvbox/clock.hpp"
#include "rtvbox/video.h"

namespace rtv {

struct RxLeg {
  std::string interface;  // device
  std::string address;    // group or local unicast address
  uint16_t port = 0;
  std::string source_ip;  // only this sender (source-specific multicast); "" = any
};

struct RxConfig {
  rtv_format format{};
  std::vector<RxLeg> video, metadata;  // one or two each; metadata may be empty
  uint8_t payload_type = 96, metadata_payload_type = 104;
  uint32_t rtp_rate = 90'000;
  ExtensionIds ids;
  int64_t link_offset_ns = -1;  // -1: smallest that loses nothing; 0: at once
  int64_t skew_ns = 10'000'000;
  uint32_t reorder_packets = 64;
  bool slices = false;
  uint64_t max_frames = 0;
  bool realtime = true;
  int cpu = -1;
  int rcvbuf = 64 << 20;
  GroundKind ground = GroundKind::last;  // while no video arrives
};

// Durations in ns, ticks of the RTP clock.
struct RxTiming {
  int64_t period;         // of a frame
  int64_t frame_ticks;    // rounded
  bool fields;            // a frame is two fields or segments
  bool two_paths;
  uint32_t frame_packets;  // a guess, for standard UDP size
  uint32_t reorder;        // tolerated displacement, packets, less than a frame's
  int64_t reorder_ns;      // how long such a displacement may last
  int64_t skew_ns;         // 0 on a single path
  bool automatic;          // the link offset grows as needed
  int64_t offset;          // link offset to begin with
  int64_t offset_limit;    // an automatic one grows no further
  size_t slots;            // frames that may be assembled at once
  size_t frames;           // buffers of the pool

  RxTiming(const RxConfig &c, uint32_t frame_octets) {
    const rtv_format &f = c.format;
    period = kSecond * f.rate_den / f.rate_num;
    frame_ticks = (static_cast<int64_t>(c.rtp_rate) * f.rate_den + f.rate_num / 2) / f.rate_num;
    fields = f.scan != RTV_PROGRESSIVE;
    two_paths = c.video.size() > 1;
    frame_packets = std::max(1u, frame_octets / 1260);
    reorder = std::clamp(c.reorder_packets, 1u, std::max(1u, frame_packets / 4));
    reorder_ns = std::max<int64_t>(200'000, period * reorder / frame_packets);
    skew_ns = two_paths ? c.skew_ns : 0;
    automatic = c.link_offset_ns < 0;
    const bool sliced = c.slices && !fields;
    // TRO of ST 2110-21 lies below a 25th of a frame, and the last packet within the period.
    const int64_t tro = period / 24;
    // A sender's card hands slices on in steps, of a sixteenth of a frame perhaps.
    const int64_t span = sliced ? period / 16 : period;
    offset = automatic ? tro + 1'000'000 + span : c.link_offset_ns;
    offset_limit = offset + 3 * period + skew_ns;
    const int64_t wait = automatic ? offset_limit : offset;
    slots = 4 + static_cast<size_t>(skew_ns / period);
    // being assembled + waiting for their time + the sink's + last, held, snapshot, slate
    frames = slots + static_cast<size_t>(wait / period) + 8;
  }
};

}  // namespace rtv
