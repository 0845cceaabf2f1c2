// SPDX-License-Identifier: Apache-2.0
// Which text stands over which frame: only its patient's, whole whoever publishes meanwhile, and
// banners in their places.
#include <algorithm>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "check.hpp"
#include "composite.hpp"
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

void noise(rtv_frame &f) {
  static std::mt19937 dice{7};
  for (size_t i = 0; i < f.bytes; ++i) f.plane[0][i] = static_cast<uint8_t>(dice());
  if (f.format.layout != RTV_PLANAR16) return;
  for (size_t i = 1; i < f.bytes; i += 2) f.plane[0][i] &= (1u << (f.format.depth - 8)) - 1;
}

std::vector<uint8_t> memory(const rtv_frame &f) { return {f.plane[0], f.plane[0] + f.bytes}; }
// A row of Y (or of everything where there is one plane), as it lies in memory.
std::vector<uint8_t> row_of(const rtv_frame &f, uint32_t row) {
  const uint8_t *at = f.plane[0] + size_t{row} * f.stride[0];
  return {at, at + f.stride[0]};
}

std::vector<uint16_t> raster_of(uint32_t w, uint32_t h, uint16_t y, uint16_t alpha) {
  std::vector<uint16_t> r;
  for (uint32_t i = 0; i < w * h; ++i) r.insert(r.end(), {y, 512, 512, alpha});
  return r;
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
    seen[id - 1] = row_of(*frame, 0);
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
    auto now = row_of(*frame, 1);
    now.resize(64);
    if (first[id - 1].empty()) first[id - 1] = now;
    CHECK(now == first[id - 1]);
  }
  control.join();
  c.publish(one);
  CHECK(c.retired() <= 1);
  rtv_frame_unref(frame);
}

// The rows that drawing a banner changed.
std::pair<uint32_t, uint32_t> rows_of_banner(const rtv_format &f, Reason reason) {
  FramePool pool(f, 1);
  rtv_frame *frame = pool.acquire();
  noise(*frame);
  std::vector<std::vector<uint8_t>> before;
  for (uint32_t row = 0; row < f.height; ++row) before.push_back(row_of(*frame, row));
  const auto r = raster_of(96, 6, 900, 1023);
  CHECK(draw_banner(*frame, Banner(f, reason, {96, 6, r.data()})));
  std::pair<uint32_t, uint32_t> changed{f.height, 0};
  for (uint32_t row = 0; row < f.height; ++row)
    if (row_of(*frame, row) != before[row])
      changed = {std::min(changed.first, row), std::max(changed.second, row + 1)};
  rtv_frame_unref(frame);
  return changed;
}

void banners() {
  for (const rtv_format &f : kFormats) {
    using Rows = std::pair<uint32_t, uint32_t>;
    for (Reason held : {Reason::no_signal, Reason::format, Reason::gone, Reason::no_flow})
      CHECK(rows_of_banner(f, held) == (Rows{13, 19}));  // the middle of 32
    const Rows above = rows_of_banner(f, Reason::no_patient);
    CHECK(above == rows_of_banner(f, Reason::no_metadata) && above == (Rows{5, 11}));
    CHECK(rows_of_banner(f, Reason::late) == (Rows{21, 27}));  // beside either of them

    // Never on a frame of other memory.
    const auto r = raster_of(96, 8, 900, 1023);
    rtv_format other = f;
    other.width -= 48;
    FramePool small(other, 1);
    rtv_frame *wrong = small.acquire();
    noise(*wrong);
    const auto before = memory(*wrong);
    CHECK(!draw_banner(*wrong, Banner(f, Reason::no_signal, {96, 8, r.data()})));
    CHECK(memory(*wrong) == before);
    darken(*wrong);
    CHECK(memory(*wrong) != before);
    rtv_frame_unref(wrong);
  }
}

void a_replaced_banner_is_another_edition() {
  const rtv_format f = kFormats[0];
  Compositor c;
  CHECK(c.banner(Reason::gone) == nullptr);
  uint64_t edition = c.edition();
  const auto r = raster_of(96, 8, 900, 1023);
  for (int i = 0; i < 50; ++i) {  // addresses come again, editions do not
    c.publish({std::make_shared<const Banner>(f, Reason::gone, Raster{96, 8, r.data()})});
    CHECK(c.edition() == edition);  // of what was looked at
    CHECK(c.banner(Reason::gone) != nullptr);
    CHECK(c.edition() > edition);
    edition = c.edition();
  }
}

}  // namespace

int main() {
  only_its_own();
  published_while_drawn();
  banners();
  a_replaced_banner_is_another_edition();
  return 0;
}
