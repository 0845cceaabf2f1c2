// SPDX-License-Identifier: Apache-2.0
// Pixels under text: blending against a plain model, sample by sample, with random rasters at
// random places in every layout; fields inside the picture whatever they are given.
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>

#include "check.hpp"
#include "composite.hpp"
#include "rtvbox/clock.hpp"
#include "rtvbox/pool.hpp"

using namespace rtv;

namespace {

std::mt19937 dice{11};
uint32_t roll(uint32_t n) { return dice() % n; }

// One sample of a frame: part 0 Y or R, 1 Cb or G, 2 Cr or B, by the definition of the layout.
struct Place {
  uint8_t *at;
  uint32_t shift, bits;
};
Place place(const rtv_frame &f, int part, uint32_t x, uint32_t y) {
  const uint32_t order = part == 0 ? x * 2 + 1 : x / 2 * 4 + (part == 1 ? 0 : 2);
  if (f.format.layout == RTV_PLANAR16) {
    if (part && f.format.sampling == RTV_422) x /= 2;
    return {f.plane[part] + size_t{y} * f.stride[part] + x * 2, 0, 16};
  }
  uint8_t *row = f.plane[0] + size_t{y} * f.stride[0];
  if (f.format.layout == RTV_UYVY) return {row + order, 0, 8};
  return {row + order / 3 * 4, order % 3 * 10, 10};
}
uint32_t get(const rtv_frame &f, int part, uint32_t x, uint32_t y) {
  const Place p = place(f, part, x, y);
  uint32_t v = 0;
  std::memcpy(&v, p.at, p.bits == 10 ? 4 : p.bits / 8);
  return v >> p.shift & ((1u << p.bits) - 1);
}

// Any bits at all, also codes that a picture may not have: what lies under alpha 0 stays.
void noise(rtv_frame &f) {
  for (size_t i = 0; i < f.bytes; ++i) f.plane[0][i] = static_cast<uint8_t>(dice());
  if (f.format.layout != RTV_PLANAR16) return;
  for (size_t i = 1; i < f.bytes; i += 2) f.plane[0][i] &= (1u << (f.format.depth - 8)) - 1;
}

std::vector<uint16_t> random_raster(uint32_t w, uint32_t h) {
  std::vector<uint16_t> r;
  const uint32_t stretch = 1 + roll(40);
  uint16_t pixel[4] = {};
  for (uint32_t i = 0; i < w * h; ++i) {
    if (i % stretch == 0) {
      for (auto &v : pixel) v = static_cast<uint16_t>(roll(1024));
      if (roll(3) == 0) pixel[3] = roll(2) ? 0 : 1023;
    }
    r.insert(r.end(), pixel, pixel + 4);
  }
  return r;
}

uint32_t expected(const rtv_format &f, uint32_t under, uint32_t over, uint32_t alpha) {
  if (alpha == 0) return under;
  // The nearest code; 1023 is odd, so that there is never one in the middle.
  const double v = (under * (1023.0 - alpha) + over * static_cast<double>(alpha)) / 1023.0;
  return std::min(std::max(static_cast<uint32_t>(std::lround(v)), lowest_code(f)),
                  highest_code(f));
}

void against_model(const rtv_format &f) {
  FramePool pool(f, 2);
  rtv_frame *frame = pool.acquire(), *before = pool.acquire();
  noise(*before);
  std::memcpy(frame->plane[0], before->plane[0], before->bytes);
  const uint32_t w = 1 + roll(f.width), h = 1 + roll(f.height);
  const uint32_t x = roll(f.width - w + 1) & (f.sampling == RTV_422 ? ~1u : ~0u);
  const uint32_t y = roll(f.height - h + 1);
  const auto raster = random_raster(w, h);
  const Stencil stencil(f, x, y, {w, h, raster.data()});
  // In two pieces, as slices come.
  const uint32_t cut = roll(f.height + 1);
  stencil.blend(*frame, 0, cut);
  stencil.blend(*frame, cut, f.height);

  const uint16_t nothing[4] = {64, 512, 512, 0};
  auto pixel = [&](uint32_t px, uint32_t py) {
    const bool inside = px >= x && px < x + w && py >= y && py < y + h;
    return inside ? &raster[((py - y) * size_t{w} + (px - x)) * 4] : nothing;
  };
  for (uint32_t py = 0; py < f.height; ++py)
    for (uint32_t px = 0; px < f.width; ++px)
      for (int part = 0; part < 3; ++part) {
        uint32_t cb, cr, alpha;
        const uint16_t *own = pixel(px, py);
        if (f.sampling == RTV_422) {
          const uint16_t *p = pixel(px & ~1u, py), *q = pixel(px | 1, py);
          const double sum = p[3] + q[3];
          auto mean = [&](int k) {
            return sum == 0 ? 512u
                            : static_cast<uint32_t>(
                                  std::floor((p[k] * 1.0 * p[3] + q[k] * 1.0 * q[3]) / sum + 0.5));
          };
          cb = mean(1);
          cr = mean(2);
          alpha = part == 0 ? own[3] : (p[3] + q[3] + 1u) / 2;
        } else {
          cb = own[1];
          cr = own[2];
          alpha = own[3];
        }
        const uint32_t over = convert_pixel(f, own[0], cb, cr).part[part];
        CHECK(get(*frame, part, px, py) ==
              expected(f, get(*before, part, px, py), over, alpha));
      }
  // Padding behind the row's last sample is nobody's.
  if (f.layout == RTV_UYVY)
    for (uint32_t row = 0; row < f.height; ++row)
      CHECK(std::memcmp(frame->plane[0] + row * frame->stride[0] + f.width * 2,
                        before->plane[0] + row * before->stride[0] + f.width * 2,
                        frame->stride[0] - f.width * 2) == 0);
  rtv_frame_unref(frame);
  rtv_frame_unref(before);
}

std::vector<uint8_t> memory(const rtv_frame &f) { return {f.plane[0], f.plane[0] + f.bytes}; }

// Where a raster covers fully it does not matter how often and in which pieces it is drawn.
void solid_twice_is_as_good_as_once(const rtv_format &f) {
  FramePool pool(f, 1);
  rtv_frame *frame = pool.acquire();
  noise(*frame);
  const uint32_t w = 2 + roll(f.width - 1), h = 1 + roll(f.height);
  std::vector<uint16_t> raster = random_raster(w, h);
  for (size_t i = 3; i < raster.size(); i += 4) raster[i] = 1023;
  const Stencil stencil(f, (f.width - w) & ~1u, f.height - h, {w, h, raster.data()});
  stencil.blend(*frame, 0, f.height);
  // A pixel of 4:2:2 whose neighbour is outside has half of its colour: not so solid.
  if (f.sampling == RTV_422 && w % 2) return rtv_frame_unref(frame);
  const auto once = memory(*frame);
  for (uint32_t row = 0; row < f.height; ++row) stencil.blend(*frame, row, row + 1);
  CHECK(memory(*frame) == once);
  rtv_frame_unref(frame);
}

// Outside of the picture, or odd in 4:2:2: refused when it is made.
void bad_places_are_refused(const rtv_format &f) {
  const uint32_t w = 8, h = 4;
  const std::vector<uint16_t> raster(w * h * 4, 512);
  const auto refused = [&](uint32_t x, uint32_t y) {
    try {
      Stencil(f, x, y, {w, h, raster.data()});
    } catch (const std::invalid_argument &) {
      return true;
    }
    return false;
  };
  CHECK(!refused(f.width - w, f.height - h));
  CHECK(refused(f.width - w + 2, 0));
  CHECK(refused(0, f.height - h + 1));
  CHECK(refused(~uint32_t{1}, 0) && refused(0, ~uint32_t{0}));
  CHECK(refused(1, 0) == (f.sampling == RTV_422));
}

using Run = void (*)(uint8_t *, uint32_t, const Blend *, bool);

void vector_equals_scalar(Run vector, Run scalar, uint32_t octets, uint32_t components) {
  for (int round = 0; round < 300; ++round) {
    const uint32_t units = 1 + roll(20), highest = octets == 4 ? 255 : 1023;
    const bool solid = roll(2);
    std::vector<uint8_t> a(units * octets);
    for (auto &v : a) v = static_cast<uint8_t>(dice());
    std::vector<uint8_t> b = a;
    std::vector<Blend> c(solid ? components : units * components);
    for (auto &v : c) v = (roll(4) ? roll(1024) : roll(2) * 1023) << 16 | roll(highest + 1);
    vector(a.data(), units, c.data(), solid);
    scalar(b.data(), units, c.data(), solid);
    CHECK(a == b);
  }
}

// Every value of a field, in every layout, at places where it does not fit: only cells inside the
// picture and inside the field change.
void fields_stay_in_place(const rtv_format &f) {
  FramePool pool(f, 2);
  const Atlas atlas(7, 9, std::vector<uint8_t>(7 * 95 * 9, 255));
  const double inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
  for (int round = 0; round < 40; ++round) {
    rtv_frame *frame = pool.acquire(), *before = pool.acquire();
    noise(*before);
    std::memcpy(frame->plane[0], before->plane[0], before->bytes);
    FrameValues v;
    v.origin_tai = static_cast<int64_t>(dice()) << 31 | dice();
    if (round % 3 == 0) v.origin_tai = -v.origin_tai;
    v.has_pose = roll(4) != 0;
    for (int i = 0; i < 3; ++i) v.position[i] = (const double[]){nan, inf, -inf, 1e300, -12.25}[roll(5)];
    Field field;
    field.kind = static_cast<FieldKind>(roll(8));
    field.x = roll(f.width) & ~1u;
    field.y = roll(f.height);
    field.max_chars = 1 + roll(48);
    field.right = roll(2);
    FieldPainter(f, field).draw(*frame, atlas, v, roll(f.height), f.height);
    const uint32_t right = field.x + field.max_chars * 7;
    for (uint32_t y = 0; y < f.height; ++y)
      for (uint32_t x = 0; x < f.width; ++x) {
        const bool inside = x >= field.x && x < right && y >= field.y && y < field.y + 9;
        if (!inside) CHECK(get(*frame, 0, x, y) == get(*before, 0, x, y));
      }
    rtv_frame_unref(frame);
    rtv_frame_unref(before);
  }
}

std::string said(FieldKind kind, const FrameValues &v) {
  const FieldText t = format_field(kind, v);
  return {t.text.data(), t.length};
}

void words() {
  FrameValues v;
  CHECK(said(FieldKind::origin_utc, v) == "--");
  CHECK(said(FieldKind::origin_date, v) == "--");
  CHECK(said(FieldKind::position, v) == "--");
  CHECK(said(FieldKind::imaging_subject, v) == "--");
  v.origin_tai = (1'795'356'189 + 37) * kSecond + 240'999'999;  // 2026-11-22T14:03:09.240999999Z
  CHECK(said(FieldKind::origin_utc, v) == "14:03:09.240");
  CHECK(said(FieldKind::origin_date, v) == "2026-11-22");
  v.origin_tai = (951'782'400 + 37) * kSecond;  // a leap day of a year divisible by 400
  CHECK(said(FieldKind::origin_date, v) == "2000-02-29");
  CHECK(said(FieldKind::origin_utc, v) == "00:00:00.000");
  v.has_pose = true;
  v.position[0] = 12.46;
  v.position[1] = -0.04;  // no minus before a zero
  v.position[2] = -99999.95;
  CHECK(said(FieldKind::position, v) == "    12.5     0.0########");
  v.up[1] = -1;
  CHECK(said(FieldKind::up, v) == "   0.000  -1.000   0.000");
  v.imaging_subject = 1;
  v.information = 0;
  CHECK(said(FieldKind::imaging_subject, v) == "YES");
  CHECK(said(FieldKind::information, v) == "NO");
}

}  // namespace

int main() {
  vector_equals_scalar(blend_v210, blend_v210_scalar, 16, 12);
  vector_equals_scalar(blend_uyvy, blend_uyvy_scalar, 4, 4);
  words();
  for (uint8_t layout : {RTV_V210, RTV_UYVY, RTV_PLANAR16})
    for (uint8_t sampling : {RTV_422, RTV_444, RTV_RGB})
      for (uint8_t depth : {8, 10, 12})
        for (uint8_t full : {0, 1}) {
          const rtv_format f{50, 24, 50, 1, sampling, depth, RTV_PROGRESSIVE, layout, 2, full, {}};
          if (row_bytes(f, 0) == 0) continue;
          for (int i = 0; i < 15; ++i) against_model(f);
          for (int i = 0; i < 4; ++i) solid_twice_is_as_good_as_once(f);
          bad_places_are_refused(f);
          fields_stay_in_place(f);
        }
  return 0;
}
