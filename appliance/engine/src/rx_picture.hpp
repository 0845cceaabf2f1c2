// SPDX-License-Identifier: Apache-2.0
// What a receiver does to pictures after unpacking: fills what is missing from the picture
// before, lays text over it, and draws the slate that stands in for a picture that does not come.
// Text is drawn into the frame itself, so the rows it covers are kept clean beside it: neither
// concealment nor a held picture ever shows the text of an earlier frame.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "composite.hpp"
#include "ground.hpp"
#include "kernels.hpp"
#include "rx_coverage.hpp"
#include "rtvbox/pool.hpp"

namespace rtv {

class Pictures {
 public:
  // Throws std::bad_alloc. format: one that format_refusal() accepts.
  Pictures(const rtv_format &format, const Kernel &kernel, Compositor &compositor,
           GroundKind ground);
  ~Pictures();
  Pictures(const Pictures &) = delete;
  Pictures &operator=(const Pictures &) = delete;

  // A new frame is being finished: what overlay belongs to it, and the banners over a live
  // picture (at most two). announce: banners are wanted. False: the frame's patient is confirmed,
  // but no text that names him is there yet; a banner says that none is confirmed.
  bool begin(uint32_t static_id, const FrameValues &values, std::span<const Reason> banners,
             bool announce);
  // Fills the gaps of one row and marks them as covered; returns how many pgroups they were.
  uint32_t conceal(rtv_frame &frame, uint32_t row, Coverage &coverage);
  // Draws over rows from <= row < to; each row once, in ascending order.
  void blend(rtv_frame &frame, uint32_t from, uint32_t to);
  // The frame is whole: it is what the next one is concealed from. Takes its own reference.
  void end(rtv_frame *frame);

  // Whether a slate of this reason shows the last picture.
  bool keeps_last(Reason reason) const {
    return last_ && (!holds_picture(reason) || ground_.keeps_last());
  }
  // Makes `frame` the last clean picture, darkened if the reason says so, or the ground that was
  // chosen, with the banner of `reason` if there is one; black before the first picture.
  void slate(rtv_frame &frame, Reason reason);

 private:
  // Rows of one frame before text was drawn on them.
  struct Clean {
    rtv_frame *rows = nullptr;
    std::vector<uint8_t> kept;
  };
  void keep(const rtv_frame &frame, uint32_t row);
  const rtv_frame &clean(uint32_t row) const;
  void copy_row(const rtv_frame &from, rtv_frame &to, uint32_t row) const;

  const Kernel &kernel_;
  Compositor &compositor_;
  Ground ground_;
  uint32_t rows_, row_pgroups_;
  std::vector<uint8_t> black_;  // a row of black pgroups
  FramePool pool_;
  Clean side_[2];
  int now_ = 0;  // the side of the frame being finished; the other is the last one's
  rtv_frame *last_ = nullptr;
  bool drawing_ = false;
  std::array<const Banner *, 2> banners_{};
};

}  // namespace rtv
