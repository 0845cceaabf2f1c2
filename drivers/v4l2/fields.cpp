// SPDX-License-Identifier: Apache-2.0
#include "fields.hpp"

#include <linux/videodev2.h>

#include <cstring>

namespace rtv::v4l2 {

namespace {

struct Named {
  const char *name;
  uint32_t field;
};
constexpr Named kNames[] = {
    {"none", V4L2_FIELD_NONE},
    {"top", V4L2_FIELD_TOP},
    {"bottom", V4L2_FIELD_BOTTOM},
    {"interlaced", V4L2_FIELD_INTERLACED},
    {"interlaced_tb", V4L2_FIELD_INTERLACED_TB},
    {"interlaced_bt", V4L2_FIELD_INTERLACED_BT},
    {"seq_tb", V4L2_FIELD_SEQ_TB},
    {"seq_bt", V4L2_FIELD_SEQ_BT},
    {"alternate", V4L2_FIELD_ALTERNATE},
};

// Two fields that follow each other are half a frame apart, two with a pair missing between them
// one and a half.
bool near(const Field &a, const Field &b, int64_t frame_ns) {
  const int64_t apart = b.stamp - a.stamp;
  return apart >= 0 && apart < frame_ns;
}

}  // namespace

bool order_of(uint32_t field, uint8_t scan, bool known, bool older_bottom, FieldOrder *order) {
  using Place = FieldOrder::Place;
  const bool rows = field == V4L2_FIELD_INTERLACED || field == V4L2_FIELD_INTERLACED_TB ||
                    field == V4L2_FIELD_INTERLACED_BT;
  if (scan != RTV_INTERLACED) {
    // Drivers that leave it unsaid (ANY) are meant well; a segmented picture is of one instant, so
    // that any order of its rows' halves is as good.
    *order = {Place::rows, false, false};
    const bool plain = field == V4L2_FIELD_NONE || field == V4L2_FIELD_ANY;
    return plain || (rows && (known || scan == RTV_PSF));
  }
  switch (field) {
    case V4L2_FIELD_INTERLACED:
      *order = {Place::rows, older_bottom, true};
      return true;
    case V4L2_FIELD_INTERLACED_TB:
    case V4L2_FIELD_INTERLACED_BT:
      *order = {Place::rows, field == V4L2_FIELD_INTERLACED_BT, true};
      return true;
    case V4L2_FIELD_SEQ_TB:
    case V4L2_FIELD_SEQ_BT:
      *order = {Place::stacked, field == V4L2_FIELD_SEQ_BT, true};
      return true;
    case V4L2_FIELD_ALTERNATE:
      *order = {Place::apart, false, true};
      return true;
    default:
      return false;
  }
}

uint32_t field_named(const char *name) {
  for (const Named &one : kNames)
    if (std::strcmp(one.name, name) == 0) return one.field;
  return 0;
}

const char *name_of_field(uint32_t field) {
  for (const Named &one : kNames)
    if (one.field == field) return one.name;
  return "";
}

Split split(const FieldOrder &order, const Field &single, bool at_start, int64_t frame_ns) {
  if (order.place == FieldOrder::Place::apart) return {{single, Field{}}, 1};
  Field older = single, newer = single;
  older.bottom = order.bottom_first;
  newer.bottom = !order.bottom_first;
  (at_start ? newer : older).stamp += at_start ? frame_ns / 2 : -frame_ns / 2;
  return {{older, newer}, 2};
}

Memory view_of(const Memory &memory, const FieldOrder &order, bool bottom, uint32_t rows) {
  Memory view = memory;
  for (int p = 0; p < 2; ++p) {
    if (!view.plane[p]) continue;
    if (order.place == FieldOrder::Place::rows) {
      if (bottom) view.plane[p] += view.stride[p];
      view.stride[p] *= 2;
    } else if (order.place == FieldOrder::Place::stacked && bottom != order.bottom_first) {
      view.plane[p] += size_t{view.stride[p]} * (rows / 2);
    }
  }
  return view;
}

bool Pairing::add(const Field &field, int64_t frame_ns, uint32_t *number) {
  const bool timed = any_ && last_.timed && field.timed;
  const bool at_once = !timed || near(last_, field, frame_ns);
  const uint32_t step = field.number - last_.number;
  if (any_ && at_once && step == 0 && last_.bottom != field.bottom)
    counts_ = field.bottom ? Counts::frames : Counts::frames_bottom_first;
  bool pair = waits_ && field.bottom && at_once;
  // One number for both is a frame. One more: a driver that counts fields, or whose frames begin
  // with the bottom field, or two fields are lost; as long as the count was not seen to tell, only
  // the stamps know.
  if (step == 1)
    pair = pair && (counts_ == Counts::frames_bottom_first || (counts_ == Counts::unknown && timed));
  else
    pair = pair && step == 0;
  if (waits_ && !pair) ++lone_;
  if (field.bottom && !pair && any_) ++lone_;  // not the one that a stream may begin with
  if (pair) *number = counts_ == Counts::unknown ? last_.number / 2 : last_.number;
  waits_ = !field.bottom;
  last_ = field;
  any_ = true;
  return pair;
}

}  // namespace rtv::v4l2
