// SPDX-License-Identifier: Apache-2.0
// Pictures of a file at a pretend card's input. A clip that fits in memory is kept converted and
// loops here, with nobody else in the path of a frame; a longer one is fed ahead of time through
// a bounded ring, and when that runs dry the last picture is held, marked and counted.
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "content.hpp"
#include "rtvbox/pool.hpp"
#include "stamp.hpp"
#include "view_pool.hpp"

namespace rtv {

class Clip {
 public:
  static constexpr size_t kRing = 64;

  // stamp: burn a counter strip into the bottom of a copy of each frame.
  Clip(const rtv_format &format, size_t buffers, bool stamp);
  ~Clip();
  Clip(const Clip &) = delete;
  Clip &operator=(const Clip &) = delete;

  // The feeding side, before the card starts: pictures that stay, and which of them each frame of
  // the loop shows. Takes its own references.
  void keep(rtv_frame *picture) { kept_.push_back(rtv_frame_ref(picture)); }
  void loop(std::vector<uint32_t> order) { order_ = std::move(order); }
  // The feeding side while the card runs: the picture of frames [first, first + count) of the
  // stream, in order and without gaps. False: the ring is full.
  bool push(rtv_frame *picture, uint64_t first, uint64_t count);
  size_t waiting() const { return in_ - out_; }
  uint64_t underruns() const { return underruns_; }

  // The card's thread.
  const rtv_format &format() const { return format_; }
  rtv_frame *begin(const Shot &shot);
  void fill(rtv_frame *frame, const Shot &shot, uint32_t from, uint32_t end);

 private:
  struct Span {
    rtv_frame *picture;
    uint64_t first, count;
  };
  rtv_frame *picture_for(const Shot &shot, bool *held);

  const rtv_format format_;
  const bool stamp_;
  ViewPool views_;
  std::unique_ptr<FramePool> copies_;
  std::vector<rtv_frame *> behind_;  // by buffer of copies_: the picture being copied
  StampWriter stamper_;
  FramePool black_pool_;
  rtv_frame *black_;
  std::vector<rtv_frame *> kept_;
  std::vector<uint32_t> order_;

  std::array<Span, kRing> ring_;
  std::atomic<size_t> in_{0}, out_{0};
  std::atomic<uint64_t> underruns_{0};
  Span now_{};
  uint64_t behind_by_ = 0;  // frames by which underruns have put the stream back
  uint64_t last_ = ~uint64_t{0};
};

// A clip's card side; the feeder holds the clip too.
class ClipContent : public Content {
  std::shared_ptr<Clip> clip_;

 public:
  explicit ClipContent(std::shared_ptr<Clip> clip) : clip_(std::move(clip)) {}
  const rtv_format &format() const override { return clip_->format(); }
  rtv_frame *begin(const Shot &shot) override { return clip_->begin(shot); }
  void fill(rtv_frame *f, const Shot &shot, uint32_t from, uint32_t end) override {
    clip_->fill(f, shot, from, end);
  }
};

}  // namespace rtv
