// SPDX-License-Identifier: Apache-2.0
// Packs a burst of packets straight from a card's memory: each sample is read once and written
// once, into a buffer that stays in the processor's cache until the kernel copies it.
#pragma once
#include <cstdint>
#include <memory>

#include "kernels.hpp"
#include "tx_plan.hpp"

namespace rtv {

class PacketWriter {
 public:
  PacketWriter(const PacketPlan &plan, const Kernel &kernel, uint32_t burst);

  // Packets first .. first + count - 1 of the plan, one behind the other; count is at most the
  // burst and the plan's run there. field: 0, or 1 for the second field or segment. sequence: of
  // the first packet, all 32 bits. Returns the octets written.
  size_t write(const rtv_frame &frame, uint32_t field, uint32_t first, uint32_t count,
               uint32_t timestamp, uint32_t sequence);
  const uint8_t *data() const { return buffer_.get(); }

 private:
  const PacketPlan &plan_;
  const Kernel &kernel_;
  std::unique_ptr<uint8_t[]> buffer_;
};

// Rows of the frame, from the top, that the packets up to and with `last` need.
uint32_t rows_needed(const PacketPlan &plan, const rtv_format &format, uint32_t field,
                     uint32_t last);

}  // namespace rtv
