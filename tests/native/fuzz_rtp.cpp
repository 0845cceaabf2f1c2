// SPDX-License-Identifier: Apache-2.0
// Hostile packets into everything behind the sockets: packet reader, grains, assembler, slates.
// The input is cut into datagrams: one octet of choices, two of length, then the datagram. Headers
// are mended as the choices say, so that the fuzzer gets past the first check.
#include <cstring>
#include <memory>
#include <vector>

#include "rx_core.hpp"

namespace {

// Reads all that a sink may read.
void look_at(const rtv_frame *f) {
  uint32_t sum = 0;
  for (int p = 0; p < 3 && f->plane[p]; ++p)
    for (uint32_t row = 0; row < f->format.height; ++row) sum += f->plane[p][row * f->stride[p]];
  for (uint32_t i = 0; i < f->metadata_bytes; ++i) sum += f->metadata[i];
  asm volatile("" : : "r"(sum));  // the reads must happen
}

rtv::RxConfig config(uint8_t choice) {
  rtv::RxConfig c;
  c.format = {48, 8, 50, 1, RTV_422, 10, RTV_PROGRESSIVE, RTV_V210, 2, 0, {0, 0}};
  if (choice & 1) c.format.scan = RTV_INTERLACED;
  if (choice & 2) {
    c.format.depth = 8;
    c.format.layout = RTV_UYVY;
  }
  if (choice & 4) {
    c.format.sampling = RTV_444;
    c.format.layout = RTV_PLANAR16;
    c.format.depth = 12;
  }
  c.video.resize(choice & 8 ? 2 : 1);
  c.metadata.resize(choice & 16 ? 0 : choice & 8 ? 2 : 1);
  c.slices = choice & 32;
  c.link_offset_ns = choice & 64 ? -1 : choice & 128 ? 0 : 30'000'000;
  c.ids = {1, 7, 3, 4, 5};
  return c;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1) return 0;
  auto counters = std::make_unique<rtv::RxCounters>();
  auto histograms = std::make_unique<rtv::RxHistograms>();
  auto events = std::make_unique<rtv::Events>();
  auto outbox = std::make_unique<rtv::Outbox>();
  rtv::Compositor compositor;
  const rtv::RxConfig c = config(data[0]);
  rtv::RxCore core(c, compositor, *counters, *histograms, *events, *outbox);
  core.assembler().announce(true);
  int64_t now = 1'795'000'000 * rtv::kSecond;
  size_t at = 1;
  while (at + 3 <= size) {
    const uint8_t choice = data[at];
    size_t length = rtv::be16(&data[at + 1]) % 2048;
    at += 3;
    if (length > size - at) length = size - at;
    std::vector<uint8_t> d(data + at, data + at + length);  // its own end, for the sanitizer
    at += length;
    const bool video = choice & 1;
    const int leg = choice & 2 && c.video.size() == 2 ? 1 : 0;
    if (choice & 4 && d.size() >= 12) {
      d[0] = static_cast<uint8_t>((d[0] & 0x3f) | 0x80);
      d[1] = static_cast<uint8_t>((d[1] & 0x80) | (video ? c.payload_type : c.metadata_payload_type));
      std::memset(&d[8], 0, 4);
      const uint32_t ts = rtv::rtp_ticks(now, c.rtp_rate) - (d[5] & 3) * 1800u;
      if (choice & 8)
        for (size_t i = 0; i < 4; ++i) d[4 + i] = static_cast<uint8_t>(ts >> (24 - 8 * i));
    }
    if (video)
      core.video(leg, d, 0x7f000001, now);
    else
      core.metadata(c.metadata.size() == 2 ? leg : 0, d, 0x7f000001, now);
    now += int64_t{choice >> 4} * 1'000'000;
    core.tick(now);
    if (core.deadline(now) < 0) __builtin_trap();
    rtv::Outgoing o;
    while (outbox->pop(&o)) {
      look_at(o.frame);
      rtv_frame_unref(o.frame);
    }
    uint32_t id;
    rtv::Octets bytes;
    core.assembler().statics().news().take(&id, &bytes);
  }
  core.finish();
  return 0;
}
