// SPDX-License-Identifier: Apache-2.0
// What arrives at a pretend card's input: pictures of one format, made by its own pool.
#pragma once
#include "rtvbox/video.h"

namespace rtv {

// One frame that the card is about to capture.
struct Shot {
  uint64_t sequence;  // of the card
  int64_t tai;        // start of the raster
  int64_t end_tai;    // start of the next
  uint64_t picture;   // what the picture shows: the same, unless the input is frozen
  int64_t picture_tai;
  bool black;         // no signal: nothing to see
};

// Called by the card's thread only, but for construction and destruction.
class Content {
 public:
  virtual ~Content() = default;
  virtual const rtv_format &format() const = 0;
  // A frame with one reference to capture into, or nullptr when all are out. May set signal,
  // flags and audio; the card fills in the rest.
  virtual rtv_frame *begin(const Shot &shot) = 0;
  // Makes rows [from, end) valid; called with ascending, adjoining ranges that cover the frame.
  virtual void fill(rtv_frame *frame, const Shot &shot, uint32_t from, uint32_t end) = 0;
};

}  // namespace rtv
