// SPDX-License-Identifier: Apache-2.0
// DICOM-RTV metadata (PS3.22): copies the ready-made bytes of a grain, writes this frame's values
// into their places and cuts the grain into packets.
//
// PS3.22 does not say how a grain is split. Here: plain byte split; all packets with the RTP
// timestamp of the frame, consecutive sequence numbers, marker on the last.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace rtv {

enum class GrainValue : uint8_t {
  origin_ptp,       // 10 octets: 48-bit big-endian seconds, 32-bit nanoseconds, TAI
  sync_ptp,         // the same
  utc_dt,           // 26: YYYYMMDDHHMMSS.FFFFFF+0000 of the origin
  viewpoint,        // 3 little-endian doubles
  look_at,          // 3
  up,               // 3
  field_of_view,    // 6
  imaging_subject,  // "YES " or "NO  "
  information,      // "YES " or "NO  "
};
constexpr size_t kGrainValues = 9;
bool grain_value_named(std::string_view name, GrainValue *value);
uint32_t grain_value_octets(GrainValue value);

struct GrainPatch {
  GrainValue value;
  uint32_t offset;
};
struct GrainPart {
  std::vector<uint8_t> bytes;
  std::vector<GrainPatch> patches;
};

// Made by the control side, used by the data plane, which writes only into `scratch` and `packet`.
struct GrainTemplate {
  uint32_t static_id = 0;
  int64_t from_tai = 0;  // of the first frame that it is for; 0: the next one
  GrainPart base, pose, statics;  // pose: instead of base when a camera position is known
  GrainPart first, middle, last, single;  // RTP header extensions, each whole
  std::vector<uint8_t> scratch, packet;
  GrainTemplate *next = nullptr;

  // Checks every offset and extension and takes the memory. Throws std::invalid_argument.
  void prepare(uint32_t max_udp);
};

// Values that a robot or a user sets, with their time.
struct GrainDynamic {
  int64_t tai = 0;
  int64_t life = 1'000'000'000;  // ns after tai; an older position is not sent
  int64_t answers_until = INT64_MAX;  // TAI; later they are as if never given
  std::array<double, 3> viewpoint{}, look_at{}, up{};
  std::array<double, 6> field_of_view{};
  bool imaging_subject = false, information = false;
  uint32_t given = 0;  // bit of each GrainValue
  GrainDynamic *next = nullptr;

  bool has(GrainValue v) const { return given >> static_cast<unsigned>(v) & 1u; }
  bool has_pose() const {
    return has(GrainValue::viewpoint) && has(GrainValue::look_at) && has(GrainValue::up) &&
           has(GrainValue::field_of_view);
  }
};

struct GrainMoment {
  int64_t origin_tai, sync_tai;
  uint32_t timestamp;
  bool live;  // false: a slate; nothing of the subject can be seen
};

class GrainWriter {
 public:
  GrainWriter(uint8_t payload_type, uint32_t ssrc, uint32_t max_udp, uint16_t sequence)
      : payload_type_(payload_type), ssrc_(ssrc), max_udp_(max_udp), sequence_(sequence) {}

  struct Sent {
    uint32_t packets;
    bool with_static, with_pose;
  };
  // Calls send(const uint8_t *, size_t) for each packet. dynamic may be nullptr.
  template <typename Send>
  Sent write(GrainTemplate &grain, const GrainDynamic *dynamic, const GrainMoment &moment,
             bool with_static, Send send) {
    const bool pose = fill(grain, dynamic, moment, with_static);
    uint32_t packets = 0;
    for (size_t at = 0; at < size_; ++packets) {
      const size_t octets = cut(grain, moment, at);
      send(static_cast<const uint8_t *>(grain.packet.data()), octets);
    }
    return {packets, with_static && !grain.statics.bytes.empty(), pose};
  }

 private:
  bool fill(GrainTemplate &grain, const GrainDynamic *dynamic, const GrainMoment &moment,
            bool with_static);
  // Next packet from `at` on, which moves; returns its octets.
  size_t cut(GrainTemplate &grain, const GrainMoment &moment, size_t &at);
  void patch(const GrainPart &part, uint8_t *at, const GrainDynamic *dynamic,
             const GrainMoment &moment);

  uint8_t payload_type_;
  uint32_t ssrc_, max_udp_;
  uint16_t sequence_;
  size_t size_ = 0;
  int64_t offset_read_ = 0;  // monotonic time of the last look at the kernel's TAI offset
  int64_t tai_offset_ = 0;   // s
};

// 26 octets: an instant of TAI as DICOM DT in UTC. offset: TAI - UTC in whole seconds.
void put_dicom_dt(uint8_t *out, int64_t tai_ns, int64_t offset);

}  // namespace rtv
