// SPDX-License-Identifier: Apache-2.0
// Puts grains together from the packets of a metadata flow. PS3.22 does not say how a grain that
// exceeds a packet is split, so every reading that can be told apart is taken: a grain begins at
// the S flag or where `DICM` stands at payload offset 128; it ends at the marker, at the E flag,
// where the next grain begins, or (from a sender that marks no ends) where its elements end. All
// its packets carry one timestamp and consecutive sequence numbers; one that misses drops it all.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "packet_reader.hpp"

namespace rtv {

struct Grain {
  uint32_t timestamp;
  Extensions extensions;  // of the first packet
  Octets bytes;           // valid until the next packet
};

class GrainReader {
 public:
  static constexpr size_t kMaxGrain = 65536;
  static constexpr size_t kMaxPacket = 8960;

  GrainReader();
  // A packet that was not seen before (on either path). True when it completes a grain.
  bool add(const RtpPacket &packet, const Extensions &extensions, Grain *out);
  // Grains of which something came but not all, once they are too old to be completed.
  uint64_t lost() const { return lost_; }
  void reset();

 private:
  static constexpr uint32_t kWindow = 128;  // packets
  struct Cell {
    bool used = false, delivered = false;
    bool starts = false, ends = false;
    uint16_t sequence = 0;
    uint32_t timestamp = 0;
    uint32_t size = 0;
    Extensions extensions;
  };
  Cell &cell(uint16_t sequence) { return cells_[sequence % kWindow]; }
  bool holds(uint16_t sequence) {
    return cell(sequence).used && cell(sequence).sequence == sequence;
  }
  bool complete(uint16_t sequence, Grain *out);
  void forget(Cell &c);

  std::array<Cell, kWindow> cells_;
  std::vector<uint8_t> store_;  // kWindow packets
  std::vector<uint8_t> grain_;
  bool marks_ends_ = false;  // this sender sets markers or E flags
  uint64_t lost_ = 0;
  bool any_lost_ = false;
  uint32_t last_lost_ = 0;
};

}  // namespace rtv
