// SPDX-License-Identifier: Apache-2.0
// Hostile packets into everything behind the sockets: packet reader, grains, assembler, slates.
// The input is a list of steps. Some are datagrams as they stand; others are packets and grains
// built from a few octets, nearly right, so that the fuzzer reaches what lies behind the checks.
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

class Steps {
 public:
  Steps(const uint8_t *data, size_t size) : at_(data), end_(data + size) {}
  bool more() const { return at_ < end_; }
  uint8_t octet() { return at_ < end_ ? *at_++ : 0; }
  std::vector<uint8_t> octets(size_t n) {
    n = std::min(n, static_cast<size_t>(end_ - at_));
    std::vector<uint8_t> out(at_, at_ + n);  // its own end, for the sanitizer
    at_ += n;
    return out;
  }

 private:
  const uint8_t *at_, *end_;
};

void put(std::vector<uint8_t> &d, uint32_t value, int octets) {
  for (int i = octets; i-- > 0;) d.push_back(static_cast<uint8_t>(value >> 8 * i));
}

std::vector<uint8_t> rtp(uint8_t marks, uint8_t type, uint32_t sequence, uint32_t timestamp) {
  std::vector<uint8_t> d{static_cast<uint8_t>(marks & 2 ? 0x90 : 0x80),
                         static_cast<uint8_t>((marks & 1) << 7 | type)};
  put(d, sequence & 0xffff, 2);
  put(d, timestamp, 4);
  put(d, 1, 4);
  if (marks & 2) put(d, 0xbede0001, 4), put(d, 0x50000000u | (marks & 0xc0u) << 16, 4);
  return d;
}

std::vector<uint8_t> picture(Steps &in, const rtv::VideoLayout &l, uint32_t &sequence,
                             uint32_t timestamp) {
  const uint8_t marks = in.octet();
  sequence += (marks >> 2 & 3) + (marks & 0x40 ? 2000 : 0);
  auto d = rtp(marks & 1, 96, sequence, timestamp);
  put(d, sequence >> 16, 2);
  const int runs = 1 + (marks >> 4 & 3);
  size_t octets = 0;
  for (int i = 0; i < runs; ++i) {
    const uint8_t row = in.octet(), run = in.octet();
    const uint32_t length = (run & 0x80 ? l.row_pgroups : run & 31u) * l.pgroup_octets;
    const uint32_t offset = run & 0x80 ? 0 : (row >> 3 & 15u) * l.pgroup_pixels;
    put(d, length, 2);
    put(d, (row & 7u) | (marks & 0x80u) << 8, 2);
    put(d, offset | (i + 1 < runs ? 0x8000u : 0u), 2);
    octets += length;
  }
  d.resize(d.size() + octets, in.octet());
  return d;
}

std::vector<uint8_t> grain(Steps &in, uint32_t &sequence, uint32_t timestamp) {
  static const std::vector<uint8_t> meta{2, 0, 0x33, 0, 'U', 'I', 4, 0, '1', '.', '2', 0};
  static const std::vector<uint8_t> text{8, 0, 0x18, 0, 'U', 'I', 4, 0, '1', '.', '2', 0};
  const uint8_t marks = in.octet(), parts = in.octet();
  sequence += marks >> 2 & 3;
  auto d = rtp(marks, 104, sequence, timestamp);
  if (parts & 1) {
    d.resize(d.size() + 128);
    for (char c : {'D', 'I', 'C', 'M'}) d.push_back(static_cast<uint8_t>(c));
    d.insert(d.end(), meta.begin(), meta.end());
    d[d.size() - 2] = static_cast<uint8_t>('1' + (parts >> 4 & 1));  // of which instance
  }
  if (parts & 2) {
    const auto dynamic = in.octets(parts >> 5);
    d.insert(d.end(), {6, 0, 1, 0, 'O', 'B', 0, 0, static_cast<uint8_t>(dynamic.size()), 0, 0, 0});
    d.insert(d.end(), dynamic.begin(), dynamic.end());
  }
  if (parts & 4) {
    d.insert(d.end(), text.begin(), text.end());
    d[d.size() - 2] = static_cast<uint8_t>('1' + (parts >> 3 & 1));
  }
  return d;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Steps in(data, size);
  auto counters = std::make_unique<rtv::RxCounters>();
  auto histograms = std::make_unique<rtv::RxHistograms>();
  auto events = std::make_unique<rtv::Events>();
  auto outbox = std::make_unique<rtv::Outbox>();
  rtv::Compositor compositor;
  const rtv::RxConfig c = config(in.octet());
  rtv::RxCore core(c, compositor, *counters, *histograms, *events, *outbox);
  core.assembler().announce(true);
  int64_t now = 1'795'000'000 * rtv::kSecond;
  uint32_t video_sequence = 0xfff0, grain_sequence = 0xfff0;
  std::vector<rtv_frame *> held;  // as a slow sink does
  while (in.more()) {
    const uint8_t step = in.octet();
    const int leg = step & 4 && c.video.size() == 2 ? 1 : 0;
    const uint32_t source = step & 8 ? 0x7f000001 : 0x7f000002;
    // A frame is 1800 ticks; fields lie 900 apart.
    const uint32_t frame = rtv::rtp_ticks(now, c.rtp_rate) / 1800 * 1800;
    const uint32_t timestamp = frame + (step >> 4 & 3) * 900u;
    switch (step & 3) {
      case 0: {
        auto d = in.octets(in.octet());
        if (step & 16 || c.metadata.empty())
          core.video(leg, d, source, now);
        else
          core.metadata(0, d, source, now);
        break;
      }
      case 1:
      case 2:
        core.video(leg, picture(in, core.assembler().layout(), video_sequence, timestamp), source,
                   now);
        break;
      default:
        if (!c.metadata.empty())
          core.metadata(0, grain(in, grain_sequence, timestamp), source, now);
    }
    now += int64_t{step >> 6} * 3'000'000;
    core.tick(now, now);
    if (core.deadline(now) < 0) __builtin_trap();
    rtv::Outgoing o;
    while (outbox->pop(&o)) {
      look_at(o.frame);
      held.push_back(o.frame);
    }
    while (held.size() > (step & 32 ? 40u : 2u)) {
      rtv_frame_unref(held.front());
      held.erase(held.begin());
    }
    uint32_t id;
    rtv::Octets bytes;
    core.assembler().statics().news().take(&id, &bytes);
  }
  core.finish();
  core.assembler().flush(now);
  for (rtv_frame *f : held) rtv_frame_unref(f);
  return 0;
}
