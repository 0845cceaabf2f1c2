// SPDX-License-Identifier: Apache-2.0
#include "clip.hpp"

#include "convert.hpp"

namespace rtv {

Clip::Clip(const rtv_format &format, size_t buffers, bool stamp)
    : format_(format),
      stamp_(stamp),
      views_(buffers),
      stamper_(format),
      black_pool_(format, 1),
      black_(black_pool_.acquire()) {
  fill_black(black_);
  if (!stamp_) return;
  copies_ = std::make_unique<FramePool>(format, buffers);
  behind_.resize(buffers);
}

Clip::~Clip() {
  for (rtv_frame *f : behind_) rtv_frame_unref(f);
  for (rtv_frame *f : kept_) rtv_frame_unref(f);
  for (size_t i = out_; i != in_; ++i) rtv_frame_unref(ring_[i % kRing].picture);
  rtv_frame_unref(now_.picture);
  rtv_frame_unref(black_);
}

bool Clip::push(rtv_frame *picture, uint64_t first, uint64_t count) {
  const size_t in = in_;
  if (in - out_.load(std::memory_order_acquire) == kRing) return false;
  ring_[in % kRing] = {rtv_frame_ref(picture), first, count};
  in_.store(in + 1, std::memory_order_release);
  return true;
}

// The picture that a frame shows; not a new reference.
rtv_frame *Clip::picture_for(const Shot &shot, bool *held) {
  *held = false;
  if (shot.black) return black_;
  if (!order_.empty()) return kept_[order_[shot.picture % order_.size()]];
  while (now_.picture == nullptr || shot.picture - behind_by_ >= now_.first + now_.count) {
    const size_t out = out_;
    if (out == in_.load(std::memory_order_acquire)) {
      if (shot.picture != last_) {  // asked again for the same frame: not another underrun
        underruns_.fetch_add(1, std::memory_order_relaxed);
        ++behind_by_;
      }
      *held = true;
      break;
    }
    rtv_frame_unref(now_.picture);
    now_ = ring_[out % kRing];
    out_.store(out + 1, std::memory_order_release);
  }
  last_ = shot.picture;
  return now_.picture ? now_.picture : black_;
}

rtv_frame *Clip::begin(const Shot &shot) {
  bool held;
  rtv_frame *picture = picture_for(shot, &held);
  rtv_frame *f;
  if (stamp_ && !shot.black) {
    f = copies_->acquire();
    if (!f) return nullptr;
    rtv_frame *&behind = behind_[copies_->index(f)];
    rtv_frame_unref(behind);  // left by a frame that was given up half made
    behind = rtv_frame_ref(picture);
  } else {
    f = views_.acquire(picture);
    if (!f) return nullptr;
  }
  if (held) f->flags |= RTV_REPEATED;
  return f;
}

void Clip::fill(rtv_frame *f, const Shot &shot, uint32_t from, uint32_t end) {
  if (!stamp_ || shot.black) return;
  rtv_frame *&behind = behind_[copies_->index(f)];
  copy_rows(f, behind, from, end);
  if (end != f->format.height) return;
  if (StampPlace(format_).fits(format_)) stamper_.write(f, {shot.picture, shot.picture_tai}, kBottom);
  rtv_frame_unref(behind);
  behind = nullptr;
}

}  // namespace rtv
