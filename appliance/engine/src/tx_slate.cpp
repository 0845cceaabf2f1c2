// SPDX-License-Identifier: Apache-2.0
#include "tx_slate.hpp"

#include <algorithm>
#include <cstring>

#include "rtvbox/pool.hpp"

namespace rtv {
namespace {

void copy_picture(const rtv_frame &from, rtv_frame &to) {
  for (int p = 0; p < 3 && to.plane[p]; ++p) {
    const size_t row = std::min(from.stride[p], to.stride[p]);
    for (uint32_t y = 0; y < to.format.height; ++y)
      std::memcpy(to.plane[p] + static_cast<size_t>(y) * to.stride[p],
                  from.plane[p] + static_cast<size_t>(y) * from.stride[p], row);
  }
}

}  // namespace

TxSlate::TxSlate(const rtv_format &format, GroundKind ground)
    : pool_(std::make_unique<FramePool>(format, 1)), ground_(format, ground),
      frame_(pool_->acquire()) {
  rtv_set_lines_ready(frame_, format.height);
  frame_->flags = RTV_SLATE;
}

TxSlate::~TxSlate() { rtv_frame_unref(frame_); }

const rtv_frame *TxSlate::show(Reason reason, const rtv_frame *last_live) {
  const Banner *banner = banners_.banner(reason);
  if (reason_ == reason && drawn_ == banners_.edition()) return frame_;
  reason_ = reason;
  drawn_ = banners_.edition();
  if (last_live && ground_.keeps_last()) {
    copy_picture(*last_live, *frame_);
    darken(*frame_);
  } else {
    ground_.lay(*frame_);
  }
  if (banner) draw_banner(*frame_, *banner);
  return frame_;
}

void TxSlate::clear() { reason_.reset(); }

}  // namespace rtv
