// SPDX-License-Identifier: Apache-2.0
// From frames to what a display plane scans out: native, row by row, in integers.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "rtvbox/video.h"

namespace rtv {

// Memory layouts of a plane that we write, by the names of drm_fourcc.h, little-endian.
enum class Pixel : uint8_t { xrgb8888 = 1, xrgb2101010, uyvy, yuyv, y210, xbgr2101010 };
uint32_t bits_of(Pixel p);   // for each pixel
uint32_t depth_of(Pixel p);  // of each sample: 8 or 10 (Y210 has room for 16; 10 are shown)
bool is_rgb(Pixel p);
const char *name_of(Pixel p);
Pixel pixel_named(const char *name);  // throws std::invalid_argument

// What may carry a format, best first. Y'CbCr planes only carry 4:2:2, and only where the display
// is told the matrix and range; `yuv` says that it is.
std::vector<Pixel> candidates(const rtv_format &format, bool yuv);

// Where a picture lies in a buffer.
struct Canvas {
  uint8_t *memory;
  uint32_t pitch;      // bytes from row to row
  uint32_t left, top;  // pixels; left is even
};

// Writes pictures. Rows are made in a buffer of its own and copied out in order: display memory is
// often slow to read and to write in pieces. Y'CbCr of 4:2:2 becomes R'G'B' with the even pixels'
// chroma as it is and the odd ones' in the middle of their neighbours (co-sited); values are
// rounded, not truncated; full-range R'G'B'. Primaries are not converted.
class Painter {
 public:
  Painter(const rtv_format &format, Pixel pixel);
  // Rows [from, end) of a progressive picture.
  void rows(const rtv_frame *f, const Canvas &to, uint32_t from, uint32_t end);
  // One field of an interlaced frame (0: even rows) as a whole picture: its own rows in their
  // place, those between as the mean of their neighbours.
  void field(const rtv_frame *f, const Canvas &to, uint32_t field);
  // A buffer of `height` rows, all black.
  static void black(uint8_t *memory, uint32_t pitch, uint32_t width, uint32_t height, Pixel pixel,
                    bool full_range);
  uint32_t row_bytes() const { return row_bytes_; }

  struct Matrix {  // in 2^-shift of the output's step
    int32_t y, rv, gu, gv, bu, y0, c0, half;
    int shift;
  };

 private:
  void line(const rtv_frame *f, uint32_t row, uint8_t *out);
  void unpack(const rtv_frame *f, uint32_t row);
  void mean(const uint8_t *a, const uint8_t *b, uint8_t *out) const;

  rtv_format format_;
  Pixel pixel_;
  uint32_t row_bytes_;
  bool wide_;  // 256-bit vectors
  std::vector<uint16_t> a_, b_, c_;    // as in the frame
  std::vector<uint16_t> full_b_, full_c_;  // chroma for each pixel
  std::vector<uint8_t> out_[3];
  Matrix m_{};
};

}  // namespace rtv
