// SPDX-License-Identifier: Apache-2.0
// Text over the picture: exact where it must be, only where it may be, and only its patient's.
#include <cmath>
#include <cstring>
#include <random>
#include <thread>

#include "check.hpp"
#include "composite.hpp"
#include "kernels.hpp"
#include "rtvbox/pool.hpp"

using namespace rtv;

namespace {

rtv_format format(uint8_t layout, uint8_t sampling, uint8_t depth) {
  return {192, 32, 50, 1, sampling, depth, RTV_PROGRESSIVE, layout, 2, 0, {0, 0}};
}

const rtv_format kFormats[] = {
    format(RTV_V210, RTV_422, 10),     format(RTV_UYVY, RTV_422, 8),
    format(RTV_PLANAR16, RTV_422, 10), format(RTV_PLANAR16, RTV_422, 12),
    format(RTV_PLANAR16, RTV_444, 10), format(RTV_PLANAR16, RTV_RGB, 8),
};

std::mt19937 dice{7};

void noise(rtv_frame &f) {
  for (int p = 0; p < plane_count(f.format); ++p)
    for (uint32_t row = 0; row < f.format.height; ++row) {
      uint8_t *at = f.plane[p] + static_cast<size_t>(row) * f.stride[p];
      if (f.format.layout == RTV_PLANAR16) {
        auto *wide = reinterpret_cast<uint16_t *>(at);
        for (uint32_t i = 0; i < f.stride[p] / 2; ++i)
          wide[i] = static_cast<uint16_t>(lowest_code(f.format) +
                                          dice() % (highest_code(f.format) -
                                                    lowest_code(f.format)));
      } else if (f.format.layout == RTV_UYVY) {
        for (uint32_t i = 0; i < f.stride[p]; ++i) at[i] = static_cast<uint8_t>(1 + dice() % 254);
      } else {
        auto *words = reinterpret_cast<uint32_t *>(at);
        for (uint32_t i = 0; i < f.stride[p] / 4; ++i)
          words[i] = (4 + dice() % 1016) | (4 + dice() % 1016) << 10 | (4 + dice() % 1016) << 20;
      }
    }
}

std::vector<uint8_t> memory(const rtv_frame &f) { return {f.plane[0], f.plane[0] + f.bytes}; }

// Pixel `x` of a row as pgroups say it, independent of the compositor: luma or the first part.
std::vector<uint8_t> packed(const rtv_frame &f, uint32_t row) {
  const Kernel *k = find_kernel(f.format, "scalar");
  std::vector<uint8_t> out(size_t{row_pgroups(f.format, *k)} * k->pgroup_octets);
  k->pack_run(f, row, 0, row_pgroups(f.format, *k), out.data());
  return out;
}

std::vector<uint16_t> raster_of(uint32_t w, uint32_t h, uint16_t y, uint16_t alpha) {
  std::vector<uint16_t> r;
  for (uint32_t i = 0; i < w * h; ++i) r.insert(r.end(), {y, 512, 512, alpha});
  return r;
}

void exact(const rtv_format &f) {
  FramePool pool(f, 2);
  rtv_frame *frame = pool.acquire();
  noise(*frame);
  const auto before = memory(*frame);
  const uint32_t w = 64, h = 8, x = 32, y = 5;

  // Nothing where alpha is 0.
  const auto clear = raster_of(w, h, 940, 0);
  Stencil(f, x, y, {w, h, clear.data()}).blend(*frame, 0, f.height);
  CHECK(memory(*frame) == before);

  // The raster's own value where alpha is full, and no other pixel touched.
  const auto full = raster_of(w, h, 600, 1023);
  std::vector<std::vector<uint8_t>> rows;
  for (uint32_t row = 0; row < f.height; ++row) rows.push_back(packed(*frame, row));
  const Stencil stencil(f, x, y, {w, h, full.data()});
  stencil.blend(*frame, 0, f.height);
  const Kernel *k = find_kernel(f, "scalar");
  const size_t from = size_t{x} / k->pgroup_pixels * k->pgroup_octets;
  const size_t to = size_t{x + w} / k->pgroup_pixels * k->pgroup_octets;
  for (uint32_t row = 0; row < f.height; ++row) {
    const auto now = packed(*frame, row);
    const bool inside = row >= y && row < y + h;
    CHECK(inside || now == rows[row]);
    if (!inside) continue;
    CHECK(std::equal(now.begin(), now.begin() + static_cast<long>(from), rows[row].begin()));
    CHECK(std::equal(now.begin() + static_cast<long>(to), now.end(),
                     rows[row].begin() + static_cast<long>(to)));
    // Every pgroup inside says the same, as the raster does.
    for (size_t at = from; at + k->pgroup_octets < to; at += k->pgroup_octets)
      CHECK(std::memcmp(&now[at], &now[at + k->pgroup_octets], k->pgroup_octets) == 0);
  }

  // Twice is as good as once, and by rows as good as at once.
  const auto once = memory(*frame);
  for (uint32_t row = 0; row < f.height; ++row) stencil.blend(*frame, row, row + 1);
  CHECK(memory(*frame) == once);

  // Outside of the picture, or odd in 4:2:2: refused when it is made.
  for (const auto &[bad_x, bad_y] : {std::pair{f.width - w + 2, y}, std::pair{x, f.height - h + 1}}) {
    bool refused = false;
    try {
      Stencil(f, bad_x, bad_y, {w, h, full.data()});
    } catch (const std::invalid_argument &) {
      refused = true;
    }
    CHECK(refused);
  }
  darken(*frame);
  CHECK(memory(*frame) != once);
  rtv_frame_unref(frame);
}

std::shared_ptr<const Overlay> overlay(const rtv_format &f, uint32_t id, uint16_t luma) {
  static std::vector<std::vector<uint16_t>> kept;
  kept.push_back(raster_of(32, 4, luma, 1023));
  return std::make_shared<const Overlay>(
      f, id, std::vector<Overlay::Layer>{{0, 0, {32, 4, kept.back().data()}}},
      std::vector<Field>{});
}

// Only the overlay of exactly the frame's static part is drawn.
void only_its_own() {
  const rtv_format f = kFormats[0];
  FramePool pool(f, 2);
  rtv_frame *frame = pool.acquire();
  Compositor c;
  FrameValues values;
  c.publish(overlay(f, 1, 400));
  c.publish(overlay(f, 2, 800));
  for (uint32_t id : {0u, 3u, 77u}) {
    noise(*frame);
    const auto before = memory(*frame);
    CHECK(!c.begin(id, values));
    CHECK(!c.touches(0));
    c.blend(*frame, 0, f.height);
    c.end();
    CHECK(memory(*frame) == before);
  }
  std::vector<uint8_t> seen[2];
  for (uint32_t id : {1u, 2u}) {
    CHECK(c.begin(id, values));
    CHECK(c.touches(0));
    CHECK(!c.touches(4));
    c.blend(*frame, 0, f.height);
    c.end();
    seen[id - 1] = packed(*frame, 0);
    seen[id - 1].resize(64);
  }
  CHECK(seen[0] != seen[1]);
  rtv_frame_unref(frame);
}

// The control side publishes while the render side draws: what is drawn is always whole and its
// own, and what was replaced is freed in the end.
void published_while_drawn() {
  const rtv_format f = kFormats[0];
  FramePool pool(f, 2);
  rtv_frame *frame = pool.acquire();
  noise(*frame);
  Compositor c;
  std::atomic<bool> stop{false};
  const auto one = overlay(f, 1, 400), two = overlay(f, 2, 800);
  c.publish(one);
  c.publish(two);
  std::thread control([&] {
    for (int i = 0; i < 3000; ++i) c.publish(i % 2 ? one : two);
    stop = true;
  });
  std::vector<uint8_t> first[2];
  FrameValues values;
  for (uint32_t i = 0; !stop || i < 100; ++i) {
    const uint32_t id = 1 + i % 2;
    if (!c.begin(id, values)) {
      c.end();
      continue;
    }
    c.blend(*frame, 0, 4);
    c.end();
    auto now = packed(*frame, 1);
    now.resize(64);
    if (first[id - 1].empty()) first[id - 1] = now;
    CHECK(now == first[id - 1]);
  }
  control.join();
  c.publish(one);
  CHECK(c.retired() <= 1);
  rtv_frame_unref(frame);
}

void slates() {
  for (const rtv_format &f : kFormats) {
    FramePool pool(f, 1);
    rtv_frame *frame = pool.acquire();
    noise(*frame);
    const auto r = raster_of(96, 8, 900, 1023);
    const Banner banner(f, Reason::no_signal, {96, 8, r.data()});
    const auto before = memory(*frame);
    CHECK(draw_banner(*frame, banner));
    CHECK(memory(*frame) != before);
    rtv_format other = f;
    other.width -= 48;
    FramePool small(other, 1);
    rtv_frame *wrong = small.acquire();
    CHECK(!draw_banner(*wrong, banner));
    rtv_frame_unref(wrong);
    rtv_frame_unref(frame);
  }
}

}  // namespace

int main() {
  for (const rtv_format &f : kFormats) exact(f);
  only_its_own();
  published_while_drawn();
  slates();
  return 0;
}
