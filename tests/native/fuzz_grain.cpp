// SPDX-License-Identifier: Apache-2.0
// Hostile grains: the walk over the elements, and the reassembly from packets cut out of the
// input. Whatever read_grain accepts must lie inside the input and in order.
#include <memory>
#include <vector>

#include "grain_elements.hpp"
#include "grain_reader.hpp"
#include "rx_static.hpp"

namespace {

void inside(std::span<const uint8_t> part, const std::vector<uint8_t> &whole) {
  if (part.empty()) return;
  if (part.data() < whole.data() || part.data() + part.size() > whole.data() + whole.size())
    __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // The element walk, also behind a valid preamble that the fuzzer need not find.
  for (const bool preamble : {false, true}) {
    std::vector<uint8_t> bytes(preamble ? 128 : 0);
    if (preamble) bytes.insert(bytes.end(), {'D', 'I', 'C', 'M'});
    bytes.insert(bytes.end(), data, data + size);
    rtv::GrainParts parts;
    if (!rtv::read_grain(bytes, &parts)) continue;
    if (parts.meta.size() + parts.dynamic.size() + parts.fixed.size() != bytes.size())
      __builtin_trap();
    for (auto part : {parts.meta, parts.dynamic, parts.fixed, parts.instance_uid,
                      parts.static_instance_uid})
      inside(part, bytes);
    if (parts.instance_uid.empty()) __builtin_trap();
    static rtv::StaticParts statics;
    uint32_t id = 0;
    bool contradiction = false;
    statics.take(parts, &id, &contradiction);
    if (contradiction && id) __builtin_trap();
  }
  // Reassembly: length, sequence step, choices, then that many octets as a payload.
  static auto reader = std::make_unique<rtv::GrainReader>();
  reader->reset();
  uint16_t sequence = 0xfffe;
  uint32_t timestamp = 0;
  size_t at = 0;
  while (at + 3 <= size) {
    size_t length = data[at];
    sequence = static_cast<uint16_t>(sequence + data[at + 1] % 3);
    const uint8_t choice = data[at + 2];
    at += 3;
    if (length > size - at) length = size - at;
    std::vector<uint8_t> payload;
    if (choice & 1) {
      payload.resize(128);
      payload.insert(payload.end(), {'D', 'I', 'C', 'M'});
    }
    payload.insert(payload.end(), data + at, data + at + length);
    at += length;
    timestamp += choice >> 6;
    rtv::RtpPacket p{};
    p.sequence = sequence;
    p.timestamp = timestamp;
    p.marker = choice & 2;
    p.payload = payload;
    rtv::Extensions x;
    x.has_flags = choice & 4;
    x.start = choice & 8;
    x.end = choice & 16;
    rtv::Grain grain;
    if (reader->add(p, x, &grain) &&
        (grain.bytes.empty() || grain.bytes.size() > rtv::GrainReader::kMaxGrain))
      __builtin_trap();
  }
  return 0;
}
