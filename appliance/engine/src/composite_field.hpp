// SPDX-License-Identifier: Apache-2.0
// Text that changes with every frame: formatted with integers, without locale or allocation, and
// drawn from an atlas of glyphs.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "composite_stencil.hpp"

namespace rtv {

// What one frame says of itself. Values of a frame are drawn on that frame only.
struct FrameValues {
  int64_t origin_tai = 0;  // ns; 0 unknown
  int32_t tai_utc = 37;    // seconds that TAI is ahead of UTC
  bool has_pose = false;   // of the camera; lengths in mm, in the frame of reference
  double position[3] = {}, look_at[3] = {}, up[3] = {};
  int8_t imaging_subject = -1, information = -1;  // 1 YES, 0 NO, -1 unknown
  uint32_t rtp_timestamp = 0;
};

enum class FieldKind : uint8_t {
  origin_utc,       // 14:03:09.240, UTC time of day of the origin
  origin_date,      // 2026-11-22, its UTC date
  position,         // "   12.5   -3.0  140.2", mm
  look_at,
  up,               // direction, without unit
  imaging_subject,  // YES, NO or --
  information,
  rtp_timestamp,
};
// The kind of a name as in the overlay's fields ("origin-utc"); false when there is none.
bool field_kind(std::string_view name, FieldKind *kind);

struct FieldText {
  std::array<char, 48> text;
  uint32_t length;
};
// What is unknown is "--", never an older value; what is too large for its place is "#".
FieldText format_field(FieldKind kind, const FrameValues &values);

// Glyphs 0x20..0x7e side by side, coverage 0..255: [cell_h][95 * cell_w].
struct Atlas {
  uint32_t cell_w = 0, cell_h = 0;
  std::vector<uint8_t> alpha;
  Atlas(uint32_t w, uint32_t h, std::vector<uint8_t> a);  // throws std::invalid_argument
};

struct Field {
  FieldKind kind = FieldKind::origin_utc;
  uint32_t x = 0, y = 0;     // left top of the first cell; x even
  uint32_t max_chars = 0;    // cells; what is longer is cut there
  bool right = false;        // text stands at the right end of its cells
  uint16_t colour[3] = {940, 512, 512};  // Y Cb Cr, narrow range at 10 bit
};

// A field made ready for one format.
class FieldPainter {
 public:
  static constexpr uint32_t kMaxChars = 48, kMaxCell = 128;
  // Throws std::invalid_argument when the place is not inside the frame.
  FieldPainter(const rtv_format &format, const Field &field);
  uint32_t top() const { return field_.y; }
  // Rows from <= row < to; what would lie outside the frame is not drawn.
  void draw(rtv_frame &frame, const Atlas &atlas, const FrameValues &values, uint32_t from,
            uint32_t to) const;

 private:
  Field field_;
  Pixel colour_;
};

}  // namespace rtv
