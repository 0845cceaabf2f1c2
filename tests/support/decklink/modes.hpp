// SPDX-License-Identifier: Apache-2.0
// The display modes of the stand-in's cards, and the objects that describe them.
#pragma once
#include <cstdint>
#include <span>

#include "com.hpp"
#include "rtvbox/video.h"

namespace standin {

struct Mode {
  Code code;
  const char* name;
  int32_t width, height;
  int64_t duration, scale;  // of a frame
  Code field;
  int64_t period() const { return duration * kSecond / scale; }
  bool interlaced() const { return field != abi::field::kProgressive; }
};

inline std::span<const Mode> modes() {
  using abi::code;
  using namespace abi::field;
  static constexpr Mode kModes[] = {
      {code("ntsc"), "NTSC", 720, 486, 1001, 30000, kLowerFirst},
      {code("pal "), "PAL", 720, 576, 1000, 25000, kUpperFirst},
      {code("23ps"), "1080p23.98", 1920, 1080, 1001, 24000, kProgressive},
      {code("24ps"), "1080p24", 1920, 1080, 1000, 24000, kProgressive},
      {code("Hp25"), "1080p25", 1920, 1080, 1000, 25000, kProgressive},
      {code("Hp29"), "1080p29.97", 1920, 1080, 1001, 30000, kProgressive},
      {code("Hp30"), "1080p30", 1920, 1080, 1000, 30000, kProgressive},
      {code("Hp50"), "1080p50", 1920, 1080, 1000, 50000, kProgressive},
      {code("Hp59"), "1080p59.94", 1920, 1080, 1001, 60000, kProgressive},
      {code("Hp60"), "1080p60", 1920, 1080, 1000, 60000, kProgressive},
      {code("Hi50"), "1080i50", 1920, 1080, 1000, 25000, kUpperFirst},
      {code("Hi59"), "1080i59.94", 1920, 1080, 1001, 30000, kUpperFirst},
      {code("Hi60"), "1080i60", 1920, 1080, 1000, 30000, kUpperFirst},
      {code("hp50"), "720p50", 1280, 720, 1000, 50000, kProgressive},
      {code("hp59"), "720p59.94", 1280, 720, 1001, 60000, kProgressive},
      {code("hp60"), "720p60", 1280, 720, 1000, 60000, kProgressive},
      {code("4k25"), "2160p25", 3840, 2160, 1000, 25000, kProgressive},
      {code("4k29"), "2160p29.97", 3840, 2160, 1001, 30000, kProgressive},
      {code("4k30"), "2160p30", 3840, 2160, 1000, 30000, kProgressive},
      {code("4k50"), "2160p50", 3840, 2160, 1000, 50000, kProgressive},
      {code("4k59"), "2160p59.94", 3840, 2160, 1001, 60000, kProgressive},
      {code("4k60"), "2160p60", 3840, 2160, 1000, 60000, kProgressive},
  };
  return kModes;
}

inline const Mode* find_mode(Code code) {
  for (const Mode& mode : modes())
    if (mode.code == code) return &mode;
  return nullptr;
}

// Zero: a format of pixels that the stand-in does not do.
inline int32_t row_bytes(Code pixels, int32_t width) {
  if (pixels == abi::pixels::kV210) return (width + 47) / 48 * 128;
  return pixels == abi::pixels::k2vuy ? width * 2 : 0;
}

class ModeObject final : public Counted<abi::DisplayMode> {
  const Mode& mode_;

 public:
  explicit ModeObject(const Mode& mode) : Counted("DisplayMode"), mode_(mode) {}
  Result GetName(char** out) override { return text_out(mode_.name, out); }
  Code GetDisplayMode() override { return mode_.code; }
  long GetWidth() override { return mode_.width; }
  long GetHeight() override { return mode_.height; }
  Result GetFrameRate(Time* duration, Scale* scale) override {
    *duration = mode_.duration;
    *scale = mode_.scale;
    return abi::kOk;
  }
  Code GetFieldDominance() override { return mode_.field; }
  Code GetFlags() override {
    return mode_.height <= 576    ? abi::mode_flag::kRec601
           : mode_.height <= 1080 ? abi::mode_flag::kRec709
                                  : abi::mode_flag::kRec2020 | abi::mode_flag::kRec709;
  }
};

class ModeIterator final : public Counted<abi::DisplayModeIterator> {
  size_t next_ = 0;

 public:
  ModeIterator() : Counted("DisplayModeIterator") {}
  Result Next(abi::DisplayMode** out) override {
    if (next_ >= modes().size()) {
      *out = nullptr;
      return abi::kFalse;
    }
    *out = new ModeObject(modes()[next_++]);
    return abi::kOk;
  }
};

inline Result give_mode(Code code, abi::DisplayMode** out) {
  const Mode* mode = find_mode(code);
  *out = mode ? new ModeObject(*mode) : nullptr;
  return mode ? abi::kOk : abi::kInvalidArgument;
}

inline Result supports(Code mode, Code pixels, Code* actual, bool* supported) {
  const Mode* found = find_mode(mode);
  if (actual) *actual = mode;
  if (supported) *supported = found && row_bytes(pixels ? pixels : abi::pixels::k2vuy, 48) > 0;
  return supported ? abi::kOk : abi::kPointer;
}

// Our own description of a picture of this mode, to draw and read stamps with.
inline rtv_format format_of(const Mode& mode, Code pixels) {
  rtv_format f{};
  f.width = static_cast<uint32_t>(mode.width);
  f.height = static_cast<uint32_t>(mode.height);
  f.rate_num = static_cast<uint32_t>(mode.scale);
  f.rate_den = static_cast<uint32_t>(mode.duration);
  f.sampling = RTV_422;
  f.depth = pixels == abi::pixels::kV210 ? 10 : 8;
  f.layout = pixels == abi::pixels::kV210 ? RTV_V210 : RTV_UYVY;
  f.scan = mode.interlaced() ? RTV_INTERLACED : RTV_PROGRESSIVE;
  return f;
}

}  // namespace standin
