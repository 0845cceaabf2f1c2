// SPDX-License-Identifier: Apache-2.0
// The picture that is sent while there is no live one: its ground under a banner that says why.
#pragma once
#include <memory>
#include <optional>

#include "composite.hpp"
#include "ground.hpp"
#include "rtvbox/video.h"

namespace rtv {

class FramePool;

class TxSlate {
 public:
  TxSlate(const rtv_format &format, GroundKind ground);
  ~TxSlate();

  Compositor &banners() { return banners_; }  // control side: publish
  // The slate for this reason over the last live frame (nullptr: none yet), drawn when the reason
  // or its banner changes or clear() was called; the slate stays with this object.
  const rtv_frame *show(Reason reason, const rtv_frame *last_live);
  // A live picture was sent: the next slate is drawn anew.
  void clear();

 private:
  std::unique_ptr<FramePool> pool_;
  Ground ground_;
  Compositor banners_;
  rtv_frame *frame_ = nullptr;
  std::optional<Reason> reason_;
  uint64_t drawn_ = 0;  // which edition of the banners
};

}  // namespace rtv
