// SPDX-License-Identifier: Apache-2.0
// Which static part, and with it which patient, is confirmed. One RTP session carries one SOP
// instance (PS3.22, 7): a frame whose meta information names another instance than the confirmed
// static part belongs to nobody until that instance's own static part arrives.
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "grain_elements.hpp"
#include "grain_reader.hpp"

namespace rtv {

// The latest value of some size from one thread to another; neither ever waits, the writer
// overwrites what was not fetched.
class LatestBytes {
 public:
  explicit LatestBytes(size_t capacity) {
    for (Cell &c : cells_) c.bytes.resize(capacity);
  }
  void put(uint32_t id, std::span<const uint8_t> a, std::span<const uint8_t> b) {
    Cell &c = cells_[write_];
    if (a.size() + b.size() > c.bytes.size()) return;
    c.id = id;
    c.size = a.size() + b.size();
    if (!a.empty()) std::memcpy(c.bytes.data(), a.data(), a.size());
    if (!b.empty()) std::memcpy(c.bytes.data() + a.size(), b.data(), b.size());
    write_ = middle_.exchange(write_ | kFresh, std::memory_order_acq_rel) & 3u;
  }
  // One reader. False when there is nothing since the last call; the bytes stay until the next.
  bool take(uint32_t *id, std::span<const uint8_t> *bytes) {
    if (!(middle_.load(std::memory_order_relaxed) & kFresh)) return false;
    read_ = middle_.exchange(read_, std::memory_order_acq_rel) & 3u;
    *id = cells_[read_].id;
    *bytes = {cells_[read_].bytes.data(), cells_[read_].size};
    return true;
  }

 private:
  static constexpr uint32_t kFresh = 4;
  struct Cell {
    uint32_t id = 0;
    size_t size = 0;
    std::vector<uint8_t> bytes;
  };
  std::array<Cell, 3> cells_;
  uint32_t write_ = 0, read_ = 1;
  std::atomic<uint32_t> middle_{2};
};

class StaticParts {
 public:
  enum class Change : uint8_t { none, first, text, patient };

  StaticParts() : bytes_(GrainReader::kMaxGrain), news_(2 * GrainReader::kMaxGrain) {}

  // Takes a grain in; *id becomes the static part its frame may be shown with, 0 for none.
  // `contradiction`: its static part names another instance than its meta information; such a
  // static part confirms nothing.
  Change take(const GrainParts &grain, uint32_t *id, bool *contradiction) {
    Change change = Change::none;
    *contradiction = !grain.fixed.empty() && !grain.static_instance_uid.empty() &&
                     !same(grain.static_instance_uid, grain.instance_uid);
    if (!grain.fixed.empty() && !*contradiction && grain.instance_uid.size() <= uid_.size()) {
      const bool instance = same(grain.instance_uid, uid());
      if (!confirmed_ || !instance || !same(grain.fixed, {bytes_.data(), size_})) {
        change = !confirmed_ ? Change::first : instance ? Change::text : Change::patient;
        confirmed_ = true;
        ++id_;
        uid_size_ = grain.instance_uid.size();
        std::copy(grain.instance_uid.begin(), grain.instance_uid.end(), uid_.begin());
        size_ = grain.fixed.size();
        std::copy(grain.fixed.begin(), grain.fixed.end(), bytes_.begin());
        news_.put(id_, grain.meta, grain.fixed);
      }
    }
    *id = confirmed_ && !*contradiction && same(grain.instance_uid, uid()) ? id_ : 0;
    return change;
  }
  // Nobody is confirmed any more; a number that was given is not given again.
  void forget() { confirmed_ = false; }
  uint32_t id() const { return confirmed_ ? id_ : 0; }
  LatestBytes &news() { return news_; }

 private:
  std::span<const uint8_t> uid() const { return {uid_.data(), uid_size_}; }
  static bool same(std::span<const uint8_t> a, std::span<const uint8_t> b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

  bool confirmed_ = false;
  uint32_t id_ = 0;
  std::array<uint8_t, 64> uid_{};
  size_t uid_size_ = 0, size_ = 0;
  std::vector<uint8_t> bytes_;
  LatestBytes news_;
};

}  // namespace rtv
