// SPDX-License-Identifier: Apache-2.0
// The picture that the pretend camera sends: every sample of frame n is known. Sample k of row r
// (in the order of memory, padding too) is 64 + (7 k + 13 r + 29 (n mod 4)) mod 877 in ten bits
// and 16 + (7 k + 13 r + 29 (n mod 4)) mod 219 in eight. Over it the three strips of
// drivers/synthetic/stamp.hpp with n and the TAI of the frame's first line. Sound: sample i of
// channel c is 31 i + 1009 c modulo 2^16, in the upper half of 32 bits.
#pragma once
#include <vector>

#include "../../../drivers/synthetic/stamp.hpp"
#include "modes.hpp"

namespace standin {

constexpr uint64_t kPhases = 4;

class Camera {
  rtv_format format_{};
  size_t row_ = 0;
  std::vector<uint8_t> drawn_[kPhases];
  std::vector<uint16_t> luma_;

  static void draw(uint8_t* out, size_t row, uint32_t r, uint32_t phase, bool ten) {
    const uint32_t base = 13 * r + 29 * phase;
    if (!ten) {
      for (uint32_t k = 0; k < row; ++k)
        out[k] = static_cast<uint8_t>(16 + (7 * k + base) % 219);
      return;
    }
    for (uint32_t w = 0, k = 0; w < row / 4; ++w, k += 3) {
      auto part = [&](uint32_t i) { return 64 + (7 * (k + i) + base) % 877; };
      rtv::store_le32(out + 4 * w, part(0) | part(1) << 10 | part(2) << 20);
    }
  }

 public:
  Camera(const Mode& mode, Code pixels)
      : format_(format_of(mode, pixels)),
        row_(static_cast<size_t>(row_bytes(pixels, mode.width))) {
    for (uint32_t phase = 0; phase < kPhases; ++phase) {
      drawn_[phase].resize(row_ * format_.height);
      for (uint32_t r = 0; r < format_.height; ++r)
        draw(drawn_[phase].data() + r * row_, row_, r, phase, format_.layout == RTV_V210);
    }
  }
  void write(uint8_t* to, uint64_t sequence, int64_t tai) const {
    std::memcpy(to, drawn_[sequence % kPhases].data(), drawn_[0].size());
    rtv_frame frame = frame_of(to, format_, row_);
    rtv::StampWriter(format_).write(&frame, {sequence, tai}, rtv::kAllStrips);
  }
  // What stands on the wire without a signal: grey, and no stamp.
  void write_nothing(uint8_t* to) const { std::memset(to, 0x80, drawn_[0].size()); }

  static rtv_frame frame_of(uint8_t* bytes, const rtv_format& format, size_t row) {
    rtv_frame frame{};
    frame.format = format;
    frame.plane[0] = bytes;
    frame.stride[0] = static_cast<uint32_t>(row);
    frame.bytes = row * format.height;
    return frame;
  }
};

inline void write_sound(uint8_t* to, int64_t first, uint32_t samples, uint32_t channels,
                        Code bits) {
  for (uint32_t i = 0; i < samples; ++i)
    for (uint32_t c = 0; c < channels; ++c) {
      const auto value = static_cast<uint16_t>(31 * (first + i) + 1009 * c);
      const size_t at = static_cast<size_t>(i) * channels + c;
      if (bits == abi::audio::k16Bit)
        reinterpret_cast<uint16_t*>(to)[at] = value;
      else
        reinterpret_cast<uint32_t*>(to)[at] = static_cast<uint32_t>(value) << 16;
    }
}

}  // namespace standin
