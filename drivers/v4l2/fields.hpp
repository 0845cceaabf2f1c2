// SPDX-License-Identifier: Apache-2.0
// The two fields of an interlaced picture: how a driver's buffers hold them, and which two make a
// frame of ours, whose first field is the even rows (top) and whose second the odd ones (bottom).
// Pure.
//
// A signal whose bottom field comes first (525 lines) is paired anew: the top field of one of its
// frames with the bottom field of the next, which follows it. Rows and instants stay as they were.
#pragma once
#include <array>
#include <cstdint>

#include "pixels.hpp"
#include "rtvbox/video.h"

namespace rtv::v4l2 {

struct FieldOrder {
  enum class Place : uint8_t {
    rows,     // both in a buffer, row by row, or a progressive picture
    stacked,  // both in a buffer, the older one above the other
    apart,    // a buffer holds one of them
  };
  Place place = Place::rows;
  bool bottom_first = false;
  bool fields = false;  // the picture is of two instants

  // Whether a buffer holds a frame as ours is held.
  bool whole() const { return place == Place::rows && !(fields && bottom_first); }
  uint32_t rows_of(uint32_t frame) const { return place == Place::apart ? frame / 2 : frame; }
};

// What enum v4l2_field means for a stream that is expected to have this scan (enum rtv_scan).
// known: the driver's timings told the scan already. older_bottom: of the video standard (525
// lines), for V4L2_FIELD_INTERLACED. False: no such picture can be made of it.
bool order_of(uint32_t field, uint8_t scan, bool known, bool older_bottom, FieldOrder *order);
// enum v4l2_field by the name that v4l2-ctl has for it, and back; 0 and "" when there is none.
uint32_t field_named(const char *name);
const char *name_of_field(uint32_t field);

// A field as it came, or half of a buffer that holds both.
struct Field {
  uint32_t number;  // the driver's, of the buffer
  bool bottom;
  bool timed;     // the stamp is the driver's
  int64_t stamp;  // ns; of the field's own end, or of its beginning: the same for all of a stream
};

// The fields of a buffer in the order of time, and how many. single: the one of a buffer that
// holds one. at_start: what the stamps name, the beginning of the older or the end of the newer.
struct Split {
  std::array<Field, 2> field;
  uint32_t count;
};
Split split(const FieldOrder &order, const Field &single, bool at_start, int64_t frame_ns);

// Where that field's rows are in a buffer's memory. rows: of the buffer.
Memory view_of(const Memory &memory, const FieldOrder &order, bool bottom, uint32_t rows);

// Which two fields make a frame: a top field and the bottom field that follows it at once. Fields
// are lost one by one, so parity alone does not tell. Both fields of a frame should bear one number;
// some drivers count fields, which their stamps tell from two that were lost.
class Pairing {
 public:
  void restart() { *this = Pairing(); }
  // Takes the next field. True: it completes a frame with the top field before it; `number` counts
  // that frame. False: it is a top field that waits, or lone.
  bool add(const Field &field, int64_t frame_ns, uint32_t *number);
  // Fields that found no other one, by now.
  uint64_t lone() const { return lone_; }

 private:
  // What the driver's numbers were seen to count; unknown also where they count fields.
  enum class Counts : uint8_t { unknown, frames, frames_bottom_first };

  Counts counts_ = Counts::unknown;
  bool any_ = false, waits_ = false;
  Field last_{};  // waits_: a top field that wants its bottom field
  uint64_t lone_ = 0;
};

}  // namespace rtv::v4l2
