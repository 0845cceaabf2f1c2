// SPDX-License-Identifier: Apache-2.0
#include "composite_field.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "rtvbox/clock.hpp"

namespace rtv {
namespace {

constexpr std::pair<std::string_view, FieldKind> kKinds[] = {
    {"origin-utc", FieldKind::origin_utc},
    {"origin-date", FieldKind::origin_date},
    {"position", FieldKind::position},
    {"look-at", FieldKind::look_at},
    {"up", FieldKind::up},
    {"imaging-subject", FieldKind::imaging_subject},
    {"information", FieldKind::information},
    {"rtp-timestamp", FieldKind::rtp_timestamp},
};

// Writes into a fixed buffer and stops at its end.
class Writer {
  FieldText t_{};

 public:
  void put(char c) {
    if (t_.length < t_.text.size()) t_.text[t_.length++] = c;
  }
  void put(std::string_view s) {
    for (char c : s) put(c);
  }
  // Right-aligned in `width` characters, filled with `fill`.
  void number(uint64_t v, uint32_t width, char fill) {
    char digits[20];
    uint32_t n = 0;
    do digits[n++] = static_cast<char>('0' + v % 10);
    while (v /= 10);
    for (uint32_t i = n; i < width; ++i) put(fill);
    while (n) put(digits[--n]);
  }
  // Sign, digits, point, `places` decimals, right-aligned in `width`.
  void decimal(double v, uint32_t places, uint32_t width) {
    uint64_t scale = 1;
    for (uint32_t i = 0; i < places; ++i) scale *= 10;
    char digits[24];
    uint32_t n = 0;
    const double scaled = std::fabs(v) * static_cast<double>(scale);
    if (!(scaled < 1e12)) {  // also not a number
      for (uint32_t i = 0; i < width; ++i) put('#');
      return;
    }
    auto u = static_cast<uint64_t>(scaled + 0.5);
    const bool negative = v < 0 && u != 0;
    for (uint32_t i = 0; i < places; ++i, u /= 10) digits[n++] = static_cast<char>('0' + u % 10);
    if (places) digits[n++] = '.';
    do digits[n++] = static_cast<char>('0' + u % 10);
    while (u /= 10);
    if (negative) digits[n++] = '-';
    for (uint32_t i = n; i < width; ++i) put(' ');
    if (n > width)
      for (uint32_t i = 0; i < width; ++i) put('#');
    else
      while (n) put(digits[--n]);
  }
  const FieldText &text() const { return t_; }
};

struct Utc {
  int64_t day;  // since 1970-01-01
  int64_t ns;   // in the day
};
Utc utc_of(const FrameValues &v) {
  const int64_t utc = v.origin_tai - v.tai_utc * kSecond;
  constexpr int64_t kDay = 86400 * kSecond;
  int64_t day = utc / kDay, ns = utc % kDay;
  if (ns < 0) ns += kDay, --day;
  return {day, ns};
}

// Civil date of a day count (proleptic Gregorian), in eras of 400 years from 1 March.
void put_date(Writer &w, int64_t day) {
  day += 719468;
  const int64_t era = (day >= 0 ? day : day - 146096) / 146097;
  const int64_t in_era = day - era * 146097;
  const int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
  const int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
  const int64_t shifted = (5 * in_year + 2) / 153;
  const int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  w.number(static_cast<uint64_t>(year + era * 400 + (month <= 2)), 4, '0');
  w.put('-');
  w.number(static_cast<uint64_t>(month), 2, '0');
  w.put('-');
  w.number(static_cast<uint64_t>(in_year - (153 * shifted + 2) / 5 + 1), 2, '0');
}

void put_time(Writer &w, int64_t ns) {
  const auto ms = static_cast<uint64_t>(ns / 1'000'000);
  w.number(ms / 3'600'000, 2, '0');
  w.put(':');
  w.number(ms / 60'000 % 60, 2, '0');
  w.put(':');
  w.number(ms / 1000 % 60, 2, '0');
  w.put('.');
  w.number(ms % 1000, 3, '0');
}

void put_vector(Writer &w, const FrameValues &v, const double (&p)[3], uint32_t places) {
  if (!v.has_pose) return w.put("--");
  for (int i = 0; i < 3; ++i) w.decimal(p[i], places, 8);
}
void put_answer(Writer &w, int8_t v) { w.put(v < 0 ? "--" : v ? "YES" : "NO"); }

}  // namespace

bool field_kind(std::string_view name, FieldKind *kind) {
  for (const auto &[text, k] : kKinds)
    if (text == name) {
      *kind = k;
      return true;
    }
  return false;
}

FieldText format_field(FieldKind kind, const FrameValues &v) {
  Writer w;
  switch (kind) {
    case FieldKind::origin_utc:
      if (v.origin_tai <= 0) w.put("--");
      else put_time(w, utc_of(v).ns);
      break;
    case FieldKind::origin_date:
      if (v.origin_tai <= 0) w.put("--");
      else put_date(w, utc_of(v).day);
      break;
    case FieldKind::position:
      put_vector(w, v, v.position, 1);
      break;
    case FieldKind::look_at:
      put_vector(w, v, v.look_at, 1);
      break;
    case FieldKind::up:
      put_vector(w, v, v.up, 3);
      break;
    case FieldKind::imaging_subject:
      put_answer(w, v.imaging_subject);
      break;
    case FieldKind::information:
      put_answer(w, v.information);
      break;
    case FieldKind::rtp_timestamp:
      w.number(v.rtp_timestamp, 10, ' ');
      break;
  }
  return w.text();
}

Atlas::Atlas(uint32_t w, uint32_t h, std::vector<uint8_t> a)
    : cell_w(w), cell_h(h), alpha(std::move(a)) {
  if (w == 0 || h == 0 || w > FieldPainter::kMaxCell || h > FieldPainter::kMaxCell)
    throw std::invalid_argument("cell: must measure 1 to " +
                                std::to_string(FieldPainter::kMaxCell) + " pixels each way");
  if (alpha.size() != static_cast<size_t>(w) * 95 * h)
    throw std::invalid_argument("alpha: must be [cell_h, 95 * cell_w]");
}

FieldPainter::FieldPainter(const rtv_format &format, const Field &field)
    : field_(field),
      colour_(convert_pixel(format, field.colour[0], field.colour[1], field.colour[2])) {
  if (field.x >= format.width || field.y >= format.height)
    throw std::invalid_argument("field: " + std::to_string(field.x) + "," +
                                std::to_string(field.y) + " does not lie inside the frame");
  if (format.sampling == RTV_422 && field.x % 2)
    throw std::invalid_argument("field x: is odd; 4:2:2 needs an even place");
  if (field.max_chars == 0 || field.max_chars > kMaxChars)
    throw std::invalid_argument("max_chars: must be 1 to " + std::to_string(kMaxChars));
  for (uint16_t v : field.colour)
    if (v > 1023) throw std::invalid_argument("colour: a value is above 1023; give 10-bit values");
}

namespace {

void mix_v210(uint8_t *row, uint32_t component, Blend b) {
  uint8_t *at = row + component / 3 * 4;
  uint32_t word;
  __builtin_memcpy(&word, at, 4);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap32(word);
#endif
  const uint32_t shift = component % 3 * 10;
  const uint32_t v = mix_legal(word >> shift & 1023, b, 4, 1019);
  word = (word & ~(1023u << shift)) | v << shift;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap32(word);
#endif
  __builtin_memcpy(at, &word, 4);
}

// Lays one colour over a row of pixels from x (even in 4:2:2) on, by their coverage.
void paint_row(rtv_frame &frame, uint32_t row, uint32_t x, const uint8_t *coverage, uint32_t n,
               const Pixel &colour) {
  const rtv_format &f = frame.format;
  const uint32_t low = lowest_code(f), high = highest_code(f);
  auto place = [&](int plane) {
    return frame.plane[plane] + static_cast<size_t>(row) * frame.stride[plane];
  };
  auto alpha_of = [](uint32_t c) { return (c * 1023 + 127) / 255; };
  auto put16 = [&](int plane, uint32_t i, int part, uint32_t alpha) {
    uint16_t *p = reinterpret_cast<uint16_t *>(place(plane)) + i;
    if (alpha) *p = static_cast<uint16_t>(mix_legal(*p, alpha << 16 | colour.part[part], low, high));
  };
  if (f.sampling != RTV_422) {
    for (uint32_t i = 0; i < n; ++i)
      if (coverage[i])
        for (int k = 0; k < 3; ++k) put16(k, x + i, k, alpha_of(coverage[i]));
    return;
  }
  static constexpr int kOrder[4] = {1, 0, 2, 0};
  for (uint32_t i = 0; i < n; i += 2) {
    const uint32_t c0 = coverage[i], c1 = i + 1 < n ? coverage[i + 1] : 0;
    if ((c0 | c1) == 0) continue;
    const uint32_t a0 = alpha_of(c0), a1 = alpha_of(c1), both = (a0 + a1 + 1) / 2;
    const uint32_t alpha[4] = {both, a0, both, a1};
    if (f.layout == RTV_PLANAR16) {
      put16(0, x + i, 0, a0);
      if (i + 1 < n) put16(0, x + i + 1, 0, a1);
      put16(1, (x + i) / 2, 1, both);
      put16(2, (x + i) / 2, 2, both);
      continue;
    }
    for (uint32_t k = 0; k < 4; ++k) {
      if (alpha[k] == 0) continue;
      const uint32_t component = (x + i) * 2 + k;
      const Blend b = alpha[k] << 16 | colour.part[kOrder[k]];
      if (f.layout == RTV_V210) {
        mix_v210(place(0), component, b);
      } else {
        uint8_t *p = place(0) + component;
        *p = static_cast<uint8_t>(mix_legal(*p, b, low, high));
      }
    }
  }
}

}  // namespace

void FieldPainter::draw(rtv_frame &frame, const Atlas &atlas, const FrameValues &values,
                        uint32_t from, uint32_t to) const {
  to = std::min({to, frame.format.height, field_.y + atlas.cell_h});
  from = std::max(from, field_.y);
  if (from >= to) return;
  const FieldText t = format_field(field_.kind, values);
  const uint32_t room = (frame.format.width - field_.x) / atlas.cell_w;
  const uint32_t cells = std::min(field_.max_chars, room), shown = std::min(t.length, cells);
  const uint32_t start = field_.right ? cells - shown : 0;
  std::array<uint8_t, kMaxChars * kMaxCell> line;
  for (uint32_t row = from; row < to; ++row) {
    const uint8_t *glyphs =
        atlas.alpha.data() + static_cast<size_t>(row - field_.y) * 95 * atlas.cell_w;
    std::fill_n(line.begin(), cells * atlas.cell_w, uint8_t{0});
    for (uint32_t i = 0; i < shown; ++i) {
      const auto c = static_cast<uint8_t>(t.text[i]);
      if (c < 0x20 || c > 0x7e) continue;
      std::copy_n(glyphs + (c - 0x20u) * atlas.cell_w, atlas.cell_w,
                  line.begin() + (start + i) * atlas.cell_w);
    }
    paint_row(frame, row, field_.x, line.data(), cells * atlas.cell_w, colour_);
  }
}

}  // namespace rtv
