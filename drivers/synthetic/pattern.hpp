// SPDX-License-Identifier: Apache-2.0
// The test picture: bars, ramp, moving box, flash, clock text and stamps. Drawn once; then each
// buffer of the pool is only corrected where it differs from the frame that it becomes.
#pragma once
#include <memory>
#include <vector>

#include "clock_text.hpp"
#include "content.hpp"
#include "rtvbox/pool.hpp"
#include "stamp.hpp"

namespace rtv {

// Where things stand, pixels; x and widths multiples of 6 (see copy_rect).
struct PatternPlan {
  uint32_t ramp_y, band_y, band_end, text_y, text_end, box, box_y, box_span, disk, disk_x, disk_y;
  uint32_t scale, cell_w, cell_h, text_x, text_cells;
  bool stamps;
  explicit PatternPlan(const rtv_format &f);
};

class Pattern : public Content {
 public:
  // Throws std::invalid_argument when the raster is too small to draw on.
  Pattern(const rtv_format &format, size_t buffers);

  const rtv_format &format() const override { return format_; }
  rtv_frame *begin(const Shot &shot) override;
  void fill(rtv_frame *frame, const Shot &shot, uint32_t from, uint32_t end) override;

  static constexpr int64_t kMark = 100'000'000;  // flash and beep last so long, ns
  static constexpr uint32_t kAudioRate = 48'000, kAudioChannels = 2;

 private:
  struct Buffer {
    bool whole = true;         // shows the picture, not black
    uint32_t box_x = ~0u;
    int flash = -1;
    char text[kClockText] = {};
    std::vector<int32_t> audio;
  };
  void draw_master();
  void draw_sprites();
  void sound(rtv_frame *frame, Buffer &buffer, const Shot &shot) const;
  void black_out(rtv_frame *frame);

  const rtv_format format_;
  const PatternPlan plan_;
  FramePool pool_, still_, sheet_;
  rtv_frame *master_, *sprites_;
  std::vector<Buffer> buffers_;
  StampWriter stamper_;
  std::vector<uint16_t> black_[3];
};

}  // namespace rtv
