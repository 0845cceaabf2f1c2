// SPDX-License-Identifier: Apache-2.0
#include "grain_reader.hpp"

#include <cstring>

#include "grain_elements.hpp"

namespace rtv {

GrainReader::GrainReader() : store_(kWindow * kMaxPacket), grain_(kMaxGrain) {}

void GrainReader::reset() {
  for (Cell &c : cells_) c = Cell{};
  marks_ends_ = false;
}

// A place is needed again: what was never delivered is lost, once for each timestamp.
void GrainReader::forget(Cell &c) {
  if (c.used && !c.delivered && !(any_lost_ && last_lost_ == c.timestamp)) {
    ++lost_;
    any_lost_ = true;
    last_lost_ = c.timestamp;
  }
  c.used = false;
}

bool GrainReader::add(const RtpPacket &packet, const Extensions &extensions, Grain *out) {
  if (packet.payload.size() > kMaxPacket || packet.payload.empty()) return false;
  Cell &c = cell(packet.sequence);
  forget(c);
  c.used = true;
  c.delivered = false;
  c.sequence = packet.sequence;
  c.timestamp = packet.timestamp;
  c.size = static_cast<uint32_t>(packet.payload.size());
  c.extensions = extensions;
  c.starts = begins_grain(packet.payload) || (extensions.has_flags && extensions.start);
  c.ends = packet.marker || (extensions.has_flags && extensions.end);
  marks_ends_ |= c.ends;
  std::memcpy(&store_[(packet.sequence % kWindow) * kMaxPacket], packet.payload.data(), c.size);
  if (complete(packet.sequence, out)) return true;
  // The first packet of the next grain shows where the one before it ended.
  const auto before = static_cast<uint16_t>(packet.sequence - 1);
  return c.starts && holds(before) && cell(before).timestamp != c.timestamp &&
         !cell(before).delivered && complete(before, out);
}

bool GrainReader::complete(uint16_t sequence, Grain *out) {
  const uint32_t timestamp = cell(sequence).timestamp;
  auto belongs = [&](uint16_t s) { return holds(s) && cell(s).timestamp == timestamp; };
  uint16_t first = sequence;
  for (uint32_t n = 0; !cell(first).starts; ++n) {
    const auto before = static_cast<uint16_t>(first - 1);
    if (n == kWindow || !belongs(before) || cell(before).ends) return false;
    first = before;
  }
  uint16_t last = first;
  bool ended = false;
  for (uint32_t n = 0; n < kWindow; ++n) {
    if (cell(last).ends) {
      ended = true;
      break;
    }
    const auto next = static_cast<uint16_t>(last + 1);
    if (!holds(next)) break;
    if (cell(next).timestamp != timestamp || cell(next).starts) {
      ended = true;
      break;
    }
    last = next;
  }
  if (!ended && marks_ends_) return false;
  size_t size = 0;
  for (uint16_t s = first;; ++s) {
    const Cell &c = cell(s);
    if (size + c.size > kMaxGrain) return false;
    std::memcpy(&grain_[size], &store_[(s % kWindow) * kMaxPacket], c.size);
    size += c.size;
    if (s == last) break;
  }
  const Octets bytes(grain_.data(), size);
  GrainParts parts;
  if (!ended && !read_grain(bytes, &parts)) return false;  // no mark of the end: do they end here?
  for (uint16_t s = first;; ++s) {
    cell(s).delivered = true;
    if (s == last) break;
  }
  out->timestamp = timestamp;
  out->extensions = cell(first).extensions;
  out->bytes = bytes;
  return true;
}

}  // namespace rtv
