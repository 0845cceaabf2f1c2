// SPDX-License-Identifier: Apache-2.0
#include "rx_picture.hpp"

#include <algorithm>
#include <cstring>

namespace rtv {
namespace {

// One row of black as pgroups: samples most significant bit first.
std::vector<uint8_t> black_row(const rtv_format &f, const Kernel &k) {
  const uint32_t unit = 1u << (f.depth - 8);
  const uint32_t dark = f.full_range ? 0 : 16 * unit, grey = 128 * unit;
  // 4:2:2 is Cb Y Cr Y, 4:4:4 Cb Y Cr, RGB R G B.
  const std::vector<uint32_t> samples =
      f.sampling == RTV_RGB   ? std::vector<uint32_t>{dark, dark, dark}
      : f.sampling == RTV_444 ? std::vector<uint32_t>{grey, dark, grey}
                              : std::vector<uint32_t>{grey, dark, grey, dark};
  std::vector<uint8_t> row(size_t{row_pgroups(f, k)} * k.pgroup_octets);
  size_t bit = 0;
  for (size_t i = 0; bit + f.depth <= row.size() * 8; ++i)
    for (uint32_t b = f.depth; b-- > 0; ++bit)
      if (samples[i % samples.size()] >> b & 1)
        row[bit / 8] = static_cast<uint8_t>(row[bit / 8] | 0x80 >> bit % 8);
  return row;
}

}  // namespace

Pictures::Pictures(const rtv_format &format, const Kernel &kernel, Compositor &compositor,
                   GroundKind ground)
    : kernel_(kernel),
      compositor_(compositor),
      ground_(format, ground),
      rows_(format.height),
      row_pgroups_(row_pgroups(format, kernel)),
      black_(black_row(format, kernel)),
      pool_(format, 2) {
  for (Clean &c : side_) {
    c.rows = pool_.acquire();
    c.kept.assign(rows_, 0);
  }
}

Pictures::~Pictures() {
  compositor_.end();
  rtv_frame_unref(last_);
  for (Clean &c : side_) rtv_frame_unref(c.rows);
}

bool Pictures::begin(uint32_t static_id, const FrameValues &values,
                     std::span<const Reason> banners, bool announce) {
  drawing_ = compositor_.begin(static_id, values);
  for (size_t i = 0; i < banners_.size(); ++i)
    banners_[i] = i < banners.size() ? compositor_.banner(banners[i]) : nullptr;
  std::fill(side_[now_].kept.begin(), side_[now_].kept.end(), 0);
  // The patient is confirmed, but the text that names him is still being drawn.
  const bool unnamed = announce && static_id != 0 && !drawing_;
  if (unnamed && banners.size() < banners_.size())
    banners_[banners.size()] = compositor_.banner(Reason::no_patient);
  return !unnamed;
}

void Pictures::copy_row(const rtv_frame &from, rtv_frame &to, uint32_t row) const {
  for (int p = 0; p < 3 && from.plane[p]; ++p)
    std::memcpy(to.plane[p] + size_t{row} * to.stride[p],
                from.plane[p] + size_t{row} * from.stride[p], from.stride[p]);
}

void Pictures::keep(const rtv_frame &frame, uint32_t row) {
  Clean &c = side_[now_];
  copy_row(frame, *c.rows, row);
  c.kept[row] = 1;
}

const rtv_frame &Pictures::clean(uint32_t row) const {
  const Clean &c = side_[1 - now_];
  return c.kept[row] ? *c.rows : *last_;
}

uint32_t Pictures::conceal(rtv_frame &frame, uint32_t row, Coverage &coverage) {
  if (coverage.row_missing(row) == 0) return 0;
  return coverage.add(row, 0, row_pgroups_, [&](uint32_t first, uint32_t n) {
    if (last_)
      kernel_.copy_run(clean(row), frame, row, first, n);
    else
      kernel_.unpack_run(black_.data(), frame, row, first, n);
  });
}

void Pictures::blend(rtv_frame &frame, uint32_t from, uint32_t to) {
  const auto covers = [&](uint32_t row) {
    for (const Banner *b : banners_)
      if (b && row >= b->stencil().top() && row < b->stencil().bottom()) return true;
    return drawing_ && compositor_.touches(row);
  };
  for (uint32_t row = from; row < to; ++row)
    if (covers(row)) keep(frame, row);
  if (drawing_) compositor_.blend(frame, from, to);
  for (const Banner *b : banners_)
    if (b) b->stencil().blend(frame, from, to);
}

void Pictures::end(rtv_frame *frame) {
  compositor_.end();
  drawing_ = false;
  banners_ = {};
  rtv_frame_unref(last_);
  last_ = rtv_frame_ref(frame);
  now_ = 1 - now_;
}

void Pictures::slate(rtv_frame &frame, Reason reason) {
  if (keeps_last(reason)) {
    for (uint32_t row = 0; row < rows_; ++row) copy_row(clean(row), frame, row);
    if (holds_picture(reason)) darken(frame);
  } else {
    ground_.lay(frame);
  }
  if (const Banner *b = compositor_.banner(reason)) draw_banner(frame, *b);
}

}  // namespace rtv
