// SPDX-License-Identifier: Apache-2.0
#include "rx_grains.hpp"

#include <cstdlib>
#include <cstring>

namespace rtv {

const FrameMetadata *WaitingGrains::take(const Grain &grain, int64_t ticks, uint32_t rtp_rate) {
  GrainParts parts;
  const bool valid = read_grain(grain.bytes, &parts);
  if (!valid || parts.meta.size() + parts.dynamic.size() > kMaxBytes) {
    n_.grain_invalid.add();
    if (!said_invalid_)
      events_.say(Severity::warning, "grain-invalid",
                  "a metadata grain of %zu octets is not as PS3.22 has it; such grains are dropped",
                  grain.bytes.size());
    said_invalid_ = true;
    return nullptr;
  }
  n_.grains.add();

  uint32_t id = 0;
  bool mismatch = false;
  switch (statics_.take(parts, &id, &mismatch)) {
    case StaticParts::Change::none:
      break;
    case StaticParts::Change::first:
      events_.say(Severity::info, "patient-confirmed", "static part %u confirmed", id);
      break;
    case StaticParts::Change::text:
      events_.say(Severity::info, "static-changed", "static part %u of the same instance", id);
      break;
    case StaticParts::Change::patient:
      n_.patient_changes.add();
      events_.say(Severity::info, "patient-changed", "static part %u of another instance", id);
      break;
  }
  n_.static_id.set(statics_.id());

  const Extensions &x = grain.extensions;
  if (x.has_sync && std::abs(static_cast<int32_t>(rtp_ticks(x.sync_tai, rtp_rate) -
                                                  grain.timestamp)) > 1)
    mismatch = true;
  if (x.has_origin && parts.origin_tai && x.origin_tai != parts.origin_tai) mismatch = true;
  if (mismatch) {
    n_.metadata_mismatch.add();
    if (!said_mismatch_)
      events_.say(Severity::warning, "metadata-mismatch",
                  "a grain's timestamps or instance contradict each other; it stays paired by its "
                  "RTP timestamp");
    said_mismatch_ = true;
  }

  FrameMetadata *m = find(ticks);
  if (!m) {
    m = &places_[0];
    for (FrameMetadata &p : places_) {
      if (!p.used) {
        m = &p;
        break;
      }
      if (p.ticks < m->ticks) m = &p;
    }
    if (m->used) drop(*m);
    m->paired = false;
  }
  m->used = true;
  m->ticks = ticks;
  m->static_id = id;
  m->origin_tai = parts.origin_tai ? parts.origin_tai : x.origin_tai;
  m->values = FrameValues{};
  m->values.origin_tai = m->origin_tai;
  m->values.tai_utc = tai_utc_;
  m->values.rtp_timestamp = grain.timestamp;
  m->values.imaging_subject = parts.imaging_subject;
  m->values.information = parts.information;
  m->values.has_pose = parts.has_pose;
  std::memcpy(m->values.position, parts.pose.position, sizeof m->values.position);
  std::memcpy(m->values.look_at, parts.pose.look_at, sizeof m->values.look_at);
  std::memcpy(m->values.up, parts.pose.up, sizeof m->values.up);
  // Meta information and dynamic part lie side by side at the front of the grain.
  m->size = static_cast<uint32_t>(parts.meta.size() + parts.dynamic.size());
  std::memcpy(m->bytes, grain.bytes.data(), m->size);
  return m;
}

}  // namespace rtv
