// SPDX-License-Identifier: Apache-2.0
// A record that a machine reads out of a picture: 176 bits as black and white blocks, most
// significant first: 16 of a mark, 64 of a frame counter, 64 of TAI in ns, 32 of CRC-32 (IEEE).
// Blocks span at least 2 x 2 pixels and carry neutral chroma, so that neither 8 bits nor
// subsampled chroma hurts. The same record stands in up to three strips, at the top, in the
// middle and at the bottom, and is read on lines of both fields: a picture mixed of two frames
// gives itself away.
#pragma once
#include <algorithm>
#include <array>
#include <vector>

#include "samples.hpp"

namespace rtv {

struct Stamp {
  uint64_t sequence = 0;
  int64_t tai = 0;
  bool operator==(const Stamp &) const = default;
};

enum StampStrip : unsigned { kTop = 1, kMiddle = 2, kBottom = 4, kAllStrips = 7 };

constexpr uint32_t kStampBits = 176;
using StampRecord = std::array<uint8_t, kStampBits / 8>;

inline uint32_t crc32_ieee(const uint8_t *p, size_t n) {
  uint32_t c = ~0u;
  for (; n; --n, ++p) {
    c ^= *p;
    for (int i = 0; i < 8; ++i) c = c >> 1 ^ (c & 1 ? 0xEDB88320u : 0);
  }
  return ~c;
}

inline StampRecord encode_stamp(const Stamp &s) {
  StampRecord r{0xA5, 0xC3};
  for (size_t i = 0; i < 8; ++i) {
    r[2 + i] = static_cast<uint8_t>(s.sequence >> (56 - 8 * i));
    r[10 + i] = static_cast<uint8_t>(static_cast<uint64_t>(s.tai) >> (56 - 8 * i));
  }
  const uint32_t crc = crc32_ieee(r.data(), 18);
  for (size_t i = 0; i < 4; ++i) r[18 + i] = static_cast<uint8_t>(crc >> (24 - 8 * i));
  return r;
}
inline bool decode_stamp(const StampRecord &r, Stamp *out) {
  uint32_t crc = 0;
  for (size_t i = 0; i < 4; ++i) crc = crc << 8 | r[18 + i];
  if (r[0] != 0xA5 || r[1] != 0xC3 || crc != crc32_ieee(r.data(), 18)) return false;
  uint64_t n = 0, t = 0;
  for (size_t i = 0; i < 8; ++i) n = n << 8 | r[2 + i], t = t << 8 | r[10 + i];
  *out = {n, static_cast<int64_t>(t)};
  return true;
}

// Where the blocks lie: one row of blocks where the picture is wide enough, more where not.
struct StampPlace {
  uint32_t block_w, block_h, per_row, block_rows;
  explicit StampPlace(const rtv_format &f)
      : block_w(f.width >= 2 * kStampBits ? f.width / kStampBits & ~1u : 2),
        block_h(f.height >= 270 ? f.height / 135 & ~1u : 2),
        per_row(f.width / block_w < kStampBits ? f.width / block_w : kStampBits),
        block_rows((kStampBits + per_row - 1) / per_row) {}
  uint32_t height() const { return block_h * block_rows; }
  uint32_t width() const { return block_w * per_row; }
  // The format can carry three strips and has a picture between them.
  bool fits(const rtv_format &f) const { return f.width >= 32 && f.height >= 4 * height(); }
  uint32_t top_row(const rtv_format &f, StampStrip s) const {
    if (s == kTop) return 0;
    return s == kMiddle ? (f.height / 2) & ~1u : f.height - height();
  }
};

// Keeps its row buffers, so that writing allocates nothing.
class StampWriter {
  std::vector<uint16_t> y_, c_;

 public:
  explicit StampWriter(const rtv_format &f)
      : y_(row_capacity(f)), c_(row_capacity(f), static_cast<uint16_t>(1 << (f.depth - 1))) {}
  void write(rtv_frame *f, const Stamp &stamp, unsigned strips) {
    const StampPlace at(f->format);
    const StampRecord record = encode_stamp(stamp);
    const int shift = f->format.depth - 8;
    const auto black = static_cast<uint16_t>(16 << shift);
    const auto white = static_cast<uint16_t>(235 << shift);
    const bool rgb = f->format.sampling == RTV_RGB;
    const uint32_t span = std::min((at.width() + 5) / 6 * 6, f->format.width);
    std::fill(y_.begin(), y_.end(), black);
    for (uint32_t b = 0; b < at.block_rows; ++b) {
      for (uint32_t i = 0; i < at.per_row; ++i) {
        const uint32_t bit = b * at.per_row + i;
        const bool one = bit < kStampBits && (record[bit / 8] >> (7 - bit % 8) & 1);
        std::fill_n(y_.begin() + i * at.block_w, at.block_w, one ? white : black);
      }
      const uint8_t *done[3] = {};
      for (const StampStrip s : {kTop, kMiddle, kBottom}) {
        if (!(strips & s)) continue;
        for (uint32_t line = 0; line < at.block_h; ++line) {
          const uint32_t row = at.top_row(f->format, s) + b * at.block_h + line;
          if (!done[0]) {
            pack_row(f, row, y_.data(), rgb ? y_.data() : c_.data(), rgb ? y_.data() : c_.data(),
                     span);
            for (int p = 0; p < plane_count(f->format); ++p)
              done[p] = f->plane[p] + static_cast<size_t>(f->stride[p]) * row;
            continue;
          }
          for (int p = 0; p < plane_count(f->format); ++p)
            std::memcpy(f->plane[p] + static_cast<size_t>(f->stride[p]) * row, done[p],
                        span_bytes(f->format, p, span));
        }
      }
    }
  }
};

// Reads one strip on the lines of one field (0 even rows, 1 odd rows).
inline bool read_strip(const rtv_frame *f, StampStrip strip, uint32_t field, Stamp *out) {
  const StampPlace at(f->format);
  const auto middle = static_cast<uint16_t>(126 << (f->format.depth - 8));
  StampRecord r{};
  const uint32_t top = at.top_row(f->format, strip);
  for (uint32_t bit = 0; bit < kStampBits; ++bit) {
    uint32_t row = top + bit / at.per_row * at.block_h + at.block_h / 2;
    if (row % 2 != field) --row;
    const uint32_t x = bit % at.per_row * at.block_w + at.block_w / 2;
    if (luma_at(f, x, row) > middle)
      r[bit / 8] = static_cast<uint8_t>(r[bit / 8] | 1u << (7 - bit % 8));
  }
  return decode_stamp(r, out);
}

struct StampReading {
  unsigned readable = 0;    // strips of six: three places, two fields
  bool torn = false;        // readable strips that disagree
  Stamp stamp;              // the first readable one
};
inline StampReading read_stamps(const rtv_frame *f) {
  StampReading got;
  if (!StampPlace(f->format).fits(f->format)) return got;
  for (const StampStrip s : {kTop, kMiddle, kBottom})
    for (uint32_t field = 0; field < 2; ++field) {
      Stamp one;
      if (!read_strip(f, s, field, &one)) continue;
      if (got.readable++ == 0)
        got.stamp = one;
      else if (!(one == got.stamp))
        got.torn = true;
    }
  return got;
}

}  // namespace rtv
