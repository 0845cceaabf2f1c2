// SPDX-License-Identifier: Apache-2.0
// Our frames as the card's output takes them: the picture is read where it lies, without a copy.
// A fixed number, each free again when the vendor's library lets go of it.
#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "ancillary_out.hpp"
#include "com.hpp"
#include "display_mode.hpp"
#include "rtvbox/video.h"

namespace rtv::decklink {

class OutFrames;

class OutFrame final : public abi::VideoFrame {
 public:
  rtv_frame *frame() const { return frame_; }
  int64_t origin = 0;  // capture of what it shows, TAI ns; 0: unknown, or shown before

  abi::Result QueryInterface(abi::Iid id, void **out) override {
    if (out && id == abi::VideoFrameAncillaryPackets::kIid && packets_.any()) {
      AddRef();
      *out = static_cast<abi::VideoFrameAncillaryPackets *>(&packets_);
      return abi::kOk;
    }
    return query_self<abi::VideoFrame>(this, id, out);
  }
  abi::Count AddRef() override { return refs_.fetch_add(1, std::memory_order_relaxed) + 1; }
  abi::Count Release() override;
  long GetWidth() override { return frame_->format.width; }
  long GetHeight() override { return frame_->format.height; }
  long GetRowBytes() override { return frame_->stride[0]; }
  uint32_t GetPixelFormat() override { return pixel_format_of(frame_->format); }
  uint32_t GetFlags() override { return 0; }
  abi::Result GetBytes(void **out) override {
    *out = frame_->plane[0];
    return abi::kOk;
  }
  abi::Result GetTimecode(uint32_t, abi::Timecode **out) override {
    *out = nullptr;
    return abi::kFalse;
  }
  abi::Result GetAncillaryData(abi::VideoFrameAncillary **out) override {
    *out = nullptr;
    return abi::kFalse;
  }

 private:
  friend class OutFrames;
  struct Shared;
  Shared *shared_ = nullptr;
  rtv_frame *frame_ = nullptr;
  std::atomic<abi::Count> refs_{0};
  std::atomic<bool> busy_{false};
  OutPackets packets_;
};

struct OutFrame::Shared {
  std::vector<OutFrame> frames;
  std::atomic<uint32_t> users{1};  // the pool itself and each frame that is out
  explicit Shared(size_t n) : frames(n) {
    for (OutFrame &f : frames) {
      f.shared_ = this;
      f.packets_.belong_all(&f);
    }
  }
  void drop() {
    if (users.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
};

inline abi::Count OutFrame::Release() {
  const abi::Count left = refs_.fetch_sub(1, std::memory_order_acq_rel) - 1;
  if (left == 0) {
    Shared *shared = shared_;
    rtv_frame_unref(frame_);
    frame_ = nullptr;
    busy_.store(false, std::memory_order_release);
    shared->drop();
  }
  return left;
}

class OutFrames {
  OutFrame::Shared *shared_;

 public:
  explicit OutFrames(size_t count) : shared_(new OutFrame::Shared(count)) {}
  OutFrames(const OutFrames &) = delete;
  OutFrames &operator=(const OutFrames &) = delete;
  ~OutFrames() { shared_->drop(); }

  // One reference; adds its own to the frame. Empty: all are with the card. left_out: where to add
  // the packets that it cannot carry; nullptr: it is to carry none.
  Ref<OutFrame> wrap(rtv_frame *frame, std::atomic<uint64_t> *left_out) {
    for (OutFrame &f : shared_->frames) {
      bool expected = false;
      if (!f.busy_.compare_exchange_strong(expected, true, std::memory_order_acquire)) continue;
      shared_->users.fetch_add(1, std::memory_order_relaxed);
      f.frame_ = rtv_frame_ref(frame);
      f.packets_.clear();
      if (left_out) left_out->fetch_add(f.packets_.set(frame), std::memory_order_relaxed);
      f.refs_.store(1, std::memory_order_relaxed);
      return Ref<OutFrame>::adopt(&f);
    }
    return {};
  }
  // One of these frames by the pointer that the card gave back; nullptr: not ours.
  OutFrame *ours(const abi::VideoFrame *frame) const {
    for (OutFrame &f : shared_->frames)
      if (static_cast<const abi::VideoFrame *>(&f) == frame) return &f;
    return nullptr;
  }
  uint32_t out() const { return shared_->users.load(std::memory_order_relaxed) - 1; }
};

}  // namespace rtv::decklink
