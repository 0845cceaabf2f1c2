// SPDX-License-Identifier: Apache-2.0
#include "pattern.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

#include "colour.hpp"
#include "font.hpp"

namespace rtv {

namespace {

uint32_t sixes(uint32_t v) { return v / 6 * 6; }

rtv_format resized(rtv_format f, uint32_t w, uint32_t h) {
  f.width = w;
  f.height = h;
  return f;
}

// A canvas of 8-bit R'G'B' values, drawn slowly and once.
class Canvas {
  uint32_t w_, h_;
  std::vector<uint8_t> v_;

 public:
  Canvas(uint32_t w, uint32_t h) : w_(w), h_(h), v_(static_cast<size_t>(w) * h * 3) {}
  void dot(uint32_t x, uint32_t y, uint8_t r, uint8_t g, uint8_t b) {
    if (x >= w_ || y >= h_) return;
    uint8_t *p = &v_[(static_cast<size_t>(y) * w_ + x) * 3];
    p[0] = r, p[1] = g, p[2] = b;
  }
  void box(uint32_t x, uint32_t y, uint32_t w, uint32_t h, uint8_t r, uint8_t g, uint8_t b) {
    for (uint32_t j = y; j < y + h; ++j)
      for (uint32_t i = x; i < x + w; ++i) dot(i, j, r, g, b);
  }
  void disk(uint32_t x, uint32_t y, uint32_t size, uint8_t v) {
    const int64_t r = size / 2;
    for (int64_t j = 0; j < size; ++j)
      for (int64_t i = 0; i < size; ++i)
        if ((i - r) * (i - r) + (j - r) * (j - r) <= r * r)
          dot(x + static_cast<uint32_t>(i), y + static_cast<uint32_t>(j), v, v, v);
  }
  void onto(rtv_frame *f) const {
    const Colour colour(f->format, 8);
    const bool half = f->format.sampling == RTV_422;
    const size_t n = row_capacity(f->format);
    std::vector<uint16_t> y(n), cb(n), cr(n);
    for (uint32_t row = 0; row < h_; ++row) {
      for (uint32_t x = 0; x < w_; ++x) {
        const uint8_t *p = &v_[(static_cast<size_t>(row) * w_ + x) * 3];
        uint16_t c[3];
        colour.from_rgb(p[0], p[1], p[2], c);
        y[x] = c[0];
        if (half && x % 2) continue;
        cb[half ? x / 2 : x] = c[1];
        cr[half ? x / 2 : x] = c[2];
      }
      pack_row(f, row, y.data(), cb.data(), cr.data(), w_);
    }
  }
};

}  // namespace

PatternPlan::PatternPlan(const rtv_format &f) {
  const uint32_t w = f.width, h = f.height;
  const StampPlace stamp(f);
  stamps = stamp.fits(f);
  ramp_y = h * 60 / 100;
  band_y = h * 68 / 100;
  band_end = h * 82 / 100;
  text_y = band_end;
  text_end = stamps ? h - stamp.height() : h;
  box = std::min(sixes(band_end - band_y), sixes(w / 4));
  box_y = band_y + (band_end - band_y - box) / 2;
  box_span = sixes(w - box) / 6 + 1;  // places of 6 pixels each
  disk = std::min(sixes(h / 6), sixes(w / 4));
  disk_x = sixes((w - disk) / 2);
  disk_y = (h / 2 - disk) / 2 + (stamps ? stamp.height() / 2 : 0);
  scale = std::min(w / (6 * (kClockText + 2)), text_end > text_y ? (text_end - text_y) / 9 : 0);
  cell_w = 6 * scale;
  cell_h = 8 * scale;
  text_cells = scale ? kClockText : 0;
  text_x = sixes((w - cell_w * text_cells) / 2);
  text_y += text_cells ? (text_end - text_y - cell_h) / 2 : 0;
}

Pattern::Pattern(const rtv_format &format, size_t buffers)
    : format_(format),
      plan_((format.width < 48 || format.height < 32)
                ? throw std::invalid_argument("raster: the test picture needs 48x32 at least")
                : format),
      pool_(format, buffers),
      still_(format, 1),
      sheet_(resized(format,
                     std::max({plan_.cell_w * kGlyphCount, plan_.box, plan_.disk * 2, 6u}),
                     std::max(plan_.cell_h + plan_.box + plan_.disk, 2u)),
             1),
      buffers_(buffers),
      stamper_(format) {
  master_ = still_.acquire();
  sprites_ = sheet_.acquire();
  draw_master();
  draw_sprites();
  rtv_frame_unref(master_);  // the pools keep the memory; nobody else takes these two
  rtv_frame_unref(sprites_);
  const auto most = (static_cast<uint64_t>(kAudioRate) * format.rate_den + format.rate_num - 1) /
                    format.rate_num;
  for (Buffer &b : buffers_) b.audio.resize((most + 1) * kAudioChannels);
  std::vector<rtv_frame *> all;
  while (rtv_frame *f = pool_.acquire()) {
    copy_rows(f, master_, 0, format.height);
    all.push_back(f);
  }
  for (rtv_frame *f : all) rtv_frame_unref(f);
  const Colour colour(format, 8);
  uint16_t c[3];
  colour.from_rgb(0, 0, 0, c);
  for (int p = 0; p < 3; ++p) black_[p].assign(row_capacity(format), c[p]);
}

void Pattern::draw_master() {
  const uint32_t w = format_.width, h = format_.height;
  Canvas canvas(w, h);
  // 75 % bars in the usual order, by falling luma.
  static constexpr uint8_t kBars[8] = {7, 6, 3, 2, 5, 4, 1, 0};  // bits R G B
  for (uint32_t i = 0; i < 8; ++i) {
    const uint32_t from = w * i / 8 & ~1u, to = w * (i + 1) / 8 & ~1u;
    auto level = [&](int bit) { return static_cast<uint8_t>(kBars[i] >> bit & 1 ? 191 : 0); };
    canvas.box(from, 0, to - from, plan_.ramp_y, level(2), level(1), level(0));
  }
  for (uint32_t x = 0; x < w; ++x) {
    const auto v = static_cast<uint8_t>(x * 255 / (w - 1));
    canvas.box(x, plan_.ramp_y, 1, plan_.band_y - plan_.ramp_y, v, v, v);
  }
  canvas.box(0, plan_.band_y, w, plan_.band_end - plan_.band_y, 48, 48, 56);
  canvas.onto(master_);
}

void Pattern::draw_sprites() {
  Canvas canvas(sprites_->format.width, sprites_->format.height);
  for (uint32_t g = 0; g < kGlyphCount; ++g)
    for (uint32_t row = 0; row < 7; ++row)
      for (uint32_t col = 0; col < 5; ++col)
        if (kDots[g][row] >> (4 - col) & 1)
          canvas.box(g * plan_.cell_w + col * plan_.scale, row * plan_.scale, plan_.scale,
                     plan_.scale, 235, 235, 235);
  const uint32_t y = plan_.cell_h, b = plan_.box;
  canvas.box(0, y, b, b, 240, 200, 40);
  canvas.box(b / 4 & ~1u, y + b / 4, b / 2, b / 2, 40, 60, 200);
  canvas.disk(0, y + b, plan_.disk, 40);
  canvas.disk(plan_.disk, y + b, plan_.disk, 255);
  canvas.onto(sprites_);
}

rtv_frame *Pattern::begin(const Shot &) { return pool_.acquire(); }

void Pattern::black_out(rtv_frame *f) {
  for (uint32_t row = 0; row < format_.height; ++row)
    pack_row(f, row, black_[0].data(), black_[1].data(), black_[2].data(), format_.width);
}

void Pattern::sound(rtv_frame *f, Buffer &b, const Shot &shot) const {
  // Sample n of the clock's own 48 kHz since its epoch; exact, so no frame repeats or lacks one.
  const auto at = [](int64_t tai) {
    return static_cast<int64_t>(static_cast<__int128>(tai) * kAudioRate / kSecond);
  };
  const int64_t first = at(shot.tai);
  const int64_t next = at(shot.end_tai);
  const auto n = std::min(static_cast<size_t>(next - first), b.audio.size() / kAudioChannels);
  for (size_t i = 0; i < n; ++i) {
    const int64_t in_second = (first + static_cast<int64_t>(i)) % kAudioRate;
    int32_t v = 0;
    if (!shot.black && in_second < kMark * kAudioRate / kSecond) {
      // 1 kHz is 48 samples: a parabola for each half wave, close enough to a sine.
      const int64_t p = in_second % 48, half = p % 24;
      v = static_cast<int32_t>(half * (24 - half) * (1 << 22)) * (p < 24 ? 1 : -1);
    }
    for (uint32_t c = 0; c < kAudioChannels; ++c) b.audio[i * kAudioChannels + c] = v;
  }
  f->audio = b.audio.data();
  f->audio_samples = static_cast<uint32_t>(n);
  f->audio_channels = kAudioChannels;
}

void Pattern::fill(rtv_frame *f, const Shot &shot, uint32_t from, uint32_t) {
  if (from != 0) return;  // so little changes that it is done with the first rows
  Buffer &b = buffers_[pool_.index(f)];
  sound(f, b, shot);
  if (shot.black) {
    if (b.whole) black_out(f);
    b.whole = false;
    return;
  }
  if (!b.whole) {
    copy_rows(f, master_, 0, format_.height);
    b.whole = true;
    b.box_x = ~0u;
    b.flash = -1;
    std::fill_n(b.text, kClockText, '\0');
  }
  const uint32_t box = plan_.box;
  const auto turn = shot.picture * 2 % (2 * plan_.box_span);
  const auto place = turn < plan_.box_span ? turn : 2 * plan_.box_span - 1 - turn;
  const auto x = static_cast<uint32_t>(place) * 6;
  if (box && x != b.box_x) {
    if (b.box_x != ~0u)
      copy_rect(f, b.box_x, plan_.box_y, master_, b.box_x, plan_.box_y, box, box);
    copy_rect(f, x, plan_.box_y, sprites_, 0, plan_.cell_h, box, box);
    b.box_x = x;
  }
  const int flash = shot.picture_tai % kSecond < kMark;
  if (flash != b.flash && plan_.disk) {
    copy_rect(f, plan_.disk_x, plan_.disk_y, sprites_, flash ? plan_.disk : 0, plan_.cell_h + box,
              plan_.disk, plan_.disk);
    b.flash = flash;
  }
  if (plan_.text_cells) {
    char text[kClockText];
    clock_text(text, shot.picture, shot.picture_tai);
    for (uint32_t i = 0; i < plan_.text_cells; ++i) {
      if (text[i] == b.text[i]) continue;
      copy_rect(f, plan_.text_x + i * plan_.cell_w, plan_.text_y, sprites_,
                glyph_of(text[i]) * plan_.cell_w, 0, plan_.cell_w, plan_.cell_h);
      b.text[i] = text[i];
    }
  }
  if (plan_.stamps) stamper_.write(f, {shot.picture, shot.picture_tai}, kAllStrips);
}

}  // namespace rtv
