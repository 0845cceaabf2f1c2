// SPDX-License-Identifier: Apache-2.0
// Frames out of fields that lie apart in the driver's memory. A top field goes into a frame of the
// pool as it comes and its buffer back to the driver; the bottom field that follows completes it.
#include <cstring>

#include "capture.hpp"

namespace rtv::v4l2 {

namespace {

constexpr uint64_t kPatience = 50;  // fields in a row that find no other one

// The rows of one field, as a picture of its own that lies in the frame.
void lay(const Pixels &pixels, const Memory &field, rtv_frame *frame, bool bottom) {
  rtv_frame rows{};
  rows.format = frame->format;
  rows.format.height /= 2;
  rows.plane[0] = frame->plane[0] + (bottom ? frame->stride[0] : 0);
  rows.stride[0] = frame->stride[0] * 2;
  pixels.in(field, &rows, 0, rows.format.height);
}

}  // namespace

void Capture::weave(const Buffers::Filled &filled) {
  if (agreed_.order.place == FieldOrder::Place::apart && filled.field != V4L2_FIELD_TOP &&
      filled.field != V4L2_FIELD_BOTTOM) {
    stats.corrupt.fetch_add(1, std::memory_order_relaxed);  // it does not say which one
    return;
  }
  const bool timed =
      (filled.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
  const bool at_start =
      timed && (filled.flags & V4L2_BUF_FLAG_TSTAMP_SRC_MASK) == V4L2_BUF_FLAG_TSTAMP_SRC_SOE;
  const Field single{filled.sequence, filled.field == V4L2_FIELD_BOTTOM, timed, filled.stamp};
  const Split parts = split(agreed_.order, single, at_start, frame_time());
  for (uint32_t i = 0; i < parts.count; ++i) {
    const Field &field = parts.field[i];
    const Memory view =
        view_of(stream_->memory(filled.index), agreed_.order, field.bottom, agreed_.rows);
    uint32_t frame_number = 0;
    const bool completes = pairing_.add(field, frame_time(), &frame_number);
    const uint64_t lone = pairing_.lone();
    lone_fields.fetch_add(lone - lone_, std::memory_order_relaxed);
    lone_ = lone;
    if (completes) paired_at_ = lone;
    if (lone - paired_at_ >= kPatience) {
      paired_at_ = lone;
      fail(options_.path + ": its fields make no frames: neither their numbers nor their stamps "
                           "tell which belong together");
    }
    if (!field.bottom) {
      // One that found no other leaves its frame to the next.
      if (!half_) half_ = pool_->acquire();
      if (!half_) {
        stats.no_buffer.fetch_add(1, std::memory_order_relaxed);
        continue;
      }
      half_->format = format_;
      lay(*agreed_.pixels, view, half_, false);
      if (at_start) half_began_ = raster_start(field.stamp, filled.flags);
    } else if (completes && half_) {
      lay(*agreed_.pixels, view, half_, true);
      uint64_t lost = 0;
      const uint64_t number = count_.add(frame_number, &lost);
      stats.lost.fetch_add(lost, std::memory_order_relaxed);
      copied.fetch_add(1, std::memory_order_relaxed);
      rtv_frame *frame = half_;
      half_ = nullptr;
      deliver_at(frame, number, at_start ? half_began_ : raster_start(field.stamp, filled.flags));
    }
  }
}

}  // namespace rtv::v4l2
