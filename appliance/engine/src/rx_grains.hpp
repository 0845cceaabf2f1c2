// SPDX-License-Identifier: Apache-2.0
// Grains that wait for their picture: pairing is by RTP timestamp and by nothing else.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "composite_field.hpp"
#include "events.hpp"
#include "rx_config.hpp"
#include "rx_counters.hpp"
#include "rx_static.hpp"
#include "rx_timeline.hpp"

namespace rtv {

struct FrameMetadata {
  bool used = false, paired = false;
  int64_t ticks = 0;
  uint32_t static_id = 0;
  int64_t origin_tai = 0;
  FrameValues values;
  uint32_t size = 0;
  uint8_t *bytes = nullptr;  // meta information and dynamic part
};

class WaitingGrains {
 public:
  static constexpr uint32_t kMaxBytes = 16384;  // of meta information and dynamic part

  WaitingGrains(RxCounters &counters, Events &events) : n_(counters), events_(events) {
    store_.resize(kPlaces * kMaxBytes);
    for (size_t i = 0; i < kPlaces; ++i) places_[i].bytes = &store_[i * kMaxBytes];
  }
  // Reads a whole grain and keeps it for the picture with its timestamp. nullptr when it is
  // none. `rtp_rate`: to check the extension's sync timestamp against the RTP timestamp.
  const FrameMetadata *take(const Grain &grain, int64_t ticks, uint32_t rtp_rate);
  FrameMetadata *find(int64_t ticks) {
    for (FrameMetadata &m : places_)
      if (m.used && m.ticks == ticks) return &m;
    return nullptr;
  }
  // Pictures up to here are closed: what was not paired never will be.
  void expire(int64_t ticks) {
    for (FrameMetadata &m : places_)
      if (m.used && m.ticks <= ticks) drop(m);
  }
  void clear() {
    for (FrameMetadata &m : places_) m.used = false;
  }
  StaticParts &statics() { return statics_; }
  void set_tai_utc(int32_t seconds) { tai_utc_ = seconds; }

 private:
  static constexpr size_t kPlaces = 64;
  void drop(FrameMetadata &m) {
    if (!m.paired) n_.metadata_unpaired.add();
    m.used = false;
  }

  RxCounters &n_;
  Events &events_;
  std::array<FrameMetadata, kPlaces> places_;
  std::vector<uint8_t> store_;
  StaticParts statics_;
  int32_t tai_utc_ = 37;
  bool said_mismatch_ = false, said_invalid_ = false;
};

}  // namespace rtv
