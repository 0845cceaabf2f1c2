// SPDX-License-Identifier: Apache-2.0
#include "pixels.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>

#include "pixels_kernels.hpp"
#include "samples.hpp"


namespace rtv {

namespace {

// Calls a kernel compiled for the machine it runs on.
#if defined(__x86_64__)
#define RTV_TWICE(name, args, call)                 \
  void name##_plain args { call; }                  \
  __attribute__((target("avx2"))) void name##_wide args { call; }
#define RTV_PICK(name, wide) ((wide) ? name##_wide : name##_plain)
#else
#define RTV_TWICE(name, args, call) \
  void name##_plain args { call; }
#define RTV_PICK(name, wide) (static_cast<void>(wide), name##_plain)
#endif

using Coefficients = Painter::Matrix;

RTV_TWICE(upsample, (const uint16_t *in, uint32_t pairs, uint16_t *out),
          kernel::upsample(in, pairs, out))
RTV_TWICE(to_rgb8,
          (const uint16_t *y, const uint16_t *u, const uint16_t *v, uint32_t n,
           const Coefficients &m, uint32_t *out),
          kernel::to_rgb<8>(y, u, v, n, m, out))
RTV_TWICE(to_rgb10,
          (const uint16_t *y, const uint16_t *u, const uint16_t *v, uint32_t n,
           const Coefficients &m, uint32_t *out),
          kernel::to_rgb<10>(y, u, v, n, m, out))
RTV_TWICE(scale_rgb8,
          (const uint16_t *r, const uint16_t *g, const uint16_t *b, uint32_t n,
           const Coefficients &m, uint32_t *out),
          kernel::scale_rgb<8>(r, g, b, n, m, out))
RTV_TWICE(scale_rgb10,
          (const uint16_t *r, const uint16_t *g, const uint16_t *b, uint32_t n,
           const Coefficients &m, uint32_t *out),
          kernel::scale_rgb<10>(r, g, b, n, m, out))
RTV_TWICE(unpack_v210, (const uint8_t *in, uint32_t groups, uint16_t *y, uint16_t *u, uint16_t *v),
          kernel::unpack_v210(in, groups, y, u, v))
RTV_TWICE(unpack_uyvy, (const uint8_t *in, uint32_t pairs, uint16_t *y, uint16_t *u, uint16_t *v),
          kernel::unpack_uyvy(in, pairs, y, u, v))

RTV_TWICE(pack_uyvy,
          (const uint16_t *y, const uint16_t *u, const uint16_t *v, uint32_t pairs, int down,
           uint32_t *out),
          kernel::pack8<false>(y, u, v, pairs, down, out))
RTV_TWICE(pack_yuyv,
          (const uint16_t *y, const uint16_t *u, const uint16_t *v, uint32_t pairs, int down,
           uint32_t *out),
          kernel::pack8<true>(y, u, v, pairs, down, out))
RTV_TWICE(pack_y210,
          (const uint16_t *y, const uint16_t *u, const uint16_t *v, uint32_t pairs, int up,
           uint32_t *out),
          kernel::pack16(y, u, v, pairs, up, out))

bool has_wide() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2");
#else
  return false;
#endif
}

// Ten bits of each colour in one word, in either order.
bool is_rgb10(Pixel p) { return p == Pixel::xrgb2101010 || p == Pixel::xbgr2101010; }

constexpr std::array<const char *, 6> kNames = {"XRGB8888", "XRGB2101010", "UYVY",
                                                "YUYV",     "Y210",        "XBGR2101010"};

void store16(uint8_t *to, uint32_t v) {
  const uint16_t w = htole16(static_cast<uint16_t>(v));
  std::memcpy(to, &w, 2);
}

}  // namespace

uint32_t bits_of(Pixel p) { return p == Pixel::uyvy || p == Pixel::yuyv ? 16 : 32; }

uint32_t depth_of(Pixel p) { return is_rgb10(p) || p == Pixel::y210 ? 10 : 8; }

bool is_rgb(Pixel p) { return p == Pixel::xrgb8888 || is_rgb10(p); }

const char *name_of(Pixel p) { return kNames[static_cast<size_t>(p) - 1]; }

Pixel pixel_named(const char *name) {
  for (size_t i = 0; i < kNames.size(); ++i)
    if (!std::strcmp(name, kNames[i])) return static_cast<Pixel>(i + 1);
  throw std::invalid_argument(std::string("pixel: ") + name + " is unknown");
}

std::vector<Pixel> candidates(const rtv_format &f, bool yuv) {
  std::vector<Pixel> list;
  yuv = yuv && f.sampling == RTV_422;
  if (f.depth > 8) {
    if (yuv) list.push_back(Pixel::y210);
    list.push_back(Pixel::xrgb2101010);
    list.push_back(Pixel::xbgr2101010);
  }
  // At 8 bits R'G'B' and 4:2:2 are as good as each other; copying is cheaper.
  const bool copy = yuv && f.depth == 8;
  if (!copy) list.push_back(Pixel::xrgb8888);
  if (yuv) {
    list.push_back(Pixel::uyvy);
    list.push_back(Pixel::yuyv);
  }
  if (copy) list.push_back(Pixel::xrgb8888);
  return list;
}

Painter::Painter(const rtv_format &format, Pixel pixel)
    : format_(format),
      pixel_(pixel),
      row_bytes_(format.width * bits_of(pixel) / 8),
      wide_(has_wide()) {
  const size_t n = row_capacity(format) + 48;
  for (auto *v : {&a_, &b_, &c_, &full_b_, &full_c_}) v->resize(n);
  for (auto &o : out_) o.resize(n * 4);
  if (!is_rgb(pixel)) return;
  const bool rgb = format.sampling == RTV_RGB;
  const double kr = format.colorimetry == 1 ? 0.299 : format.colorimetry == 3 ? 0.2627 : 0.2126;
  const double kb = format.colorimetry == 1 ? 0.114 : format.colorimetry == 3 ? 0.0593 : 0.0722;
  const double kg = 1 - kr - kb;
  const double unit = 1 << (format.depth - 8), top = (1 << format.depth) - 1;
  const double out = pixel == Pixel::xrgb8888 ? 255 : 1023;
  const double y = out / (format.full_range ? top : 219 * unit);
  const double c = out / (format.full_range ? top : 224 * unit);
  // 30 bits hold the largest sum: 2.2 * out, and as much again for values outside of the range.
  m_.shift = pixel == Pixel::xrgb8888 ? 20 : 18;
  auto fixed = [this](double v) { return static_cast<int32_t>(std::lround(v * (1 << m_.shift))); };
  m_.y = fixed(y);
  m_.rv = fixed(2 * (1 - kr) * c);
  m_.bu = fixed(2 * (1 - kb) * c);
  m_.gu = fixed(-2 * (1 - kb) * kb / kg * c);
  m_.gv = fixed(-2 * (1 - kr) * kr / kg * c);
  m_.y0 = format.full_range ? 0 : static_cast<int32_t>(16 * unit);
  m_.c0 = rgb ? m_.y0 : static_cast<int32_t>(128 * unit);
  m_.half = 1 << (m_.shift - 1);
  if (pixel == Pixel::xbgr2101010) {  // red takes blue's place, from the chroma to the word
    std::swap(m_.rv, m_.bu);
    std::swap(m_.gu, m_.gv);
  }
}

void Painter::unpack(const rtv_frame *f, uint32_t row) {
  const uint8_t *in = f->plane[0] + static_cast<size_t>(f->stride[0]) * row;
  if (format_.layout == RTV_V210)
    RTV_PICK(unpack_v210, wide_)(in, (format_.width + 5) / 6, a_.data(), b_.data(), c_.data());
  else if (format_.layout == RTV_UYVY)
    RTV_PICK(unpack_uyvy, wide_)(in, format_.width / 2, a_.data(), b_.data(), c_.data());
}

void Painter::line(const rtv_frame *f, uint32_t row, uint8_t *out) {
  const uint32_t n = format_.width;
  if (pixel_ == Pixel::uyvy && format_.layout == RTV_UYVY) {
    std::memcpy(out, f->plane[0] + static_cast<size_t>(f->stride[0]) * row, n * 2);
    return;
  }
  const uint16_t *a = a_.data(), *b = b_.data(), *c = c_.data();
  if (format_.layout == RTV_PLANAR16) {
    const uint16_t **part[3] = {&a, &b, &c};
    for (int p = 0; p < 3; ++p)
      *part[p] = reinterpret_cast<const uint16_t *>(f->plane[p] +
                                                    static_cast<size_t>(f->stride[p]) * row);
  } else {
    unpack(f, row);
  }
  auto *words = reinterpret_cast<uint32_t *>(out);
  const bool ten = is_rgb10(pixel_), turned = pixel_ == Pixel::xbgr2101010;
  if (is_rgb(pixel_)) {
    if (format_.sampling == RTV_RGB) {
      if (turned) std::swap(a, c);
      (ten ? RTV_PICK(scale_rgb10, wide_) : RTV_PICK(scale_rgb8, wide_))(a, b, c, n, m_, words);
      return;
    }
    if (format_.sampling == RTV_422) {
      const uint32_t half = (n + 1) / 2;
      if (format_.layout == RTV_PLANAR16) {  // its memory is not ours to write the edge into
        std::memcpy(b_.data(), b, half * 2);
        std::memcpy(c_.data(), c, half * 2);
      }
      b_[half] = b_[half - 1];
      c_[half] = c_[half - 1];
      RTV_PICK(upsample, wide_)(b_.data(), half, full_b_.data());
      RTV_PICK(upsample, wide_)(c_.data(), half, full_c_.data());
      b = full_b_.data();
      c = full_c_.data();
    }
    if (turned) std::swap(b, c);
    (ten ? RTV_PICK(to_rgb10, wide_) : RTV_PICK(to_rgb8, wide_))(a, b, c, n, m_, words);
    return;
  }
  if (pixel_ == Pixel::y210)
    RTV_PICK(pack_y210, wide_)(a, b, c, n / 2, 16 - format_.depth, words);
  else
    (pixel_ == Pixel::uyvy ? RTV_PICK(pack_uyvy, wide_) : RTV_PICK(pack_yuyv, wide_))(
        a, b, c, n / 2, format_.depth - 8, words);
}

void Painter::mean(const uint8_t *a, const uint8_t *b, uint8_t *out) const {
  if (pixel_ == Pixel::y210) {
    for (uint32_t i = 0; i < row_bytes_; i += 2) {
      uint16_t v, w;
      std::memcpy(&v, a + i, 2);
      std::memcpy(&w, b + i, 2);
      store16(out + i, (static_cast<uint32_t>(le16toh(v)) + le16toh(w) + 1) >> 1);
    }
    return;
  }
  if (!is_rgb10(pixel_)) {
    for (uint32_t i = 0; i < row_bytes_; ++i) out[i] = static_cast<uint8_t>((a[i] + b[i] + 1) >> 1);
    return;
  }
  for (uint32_t i = 0; i < row_bytes_; i += 4) {
    uint32_t v, w;
    std::memcpy(&v, a + i, 4);
    std::memcpy(&w, b + i, 4);
    // The mean, rounded up, of three values in one word: no part carries into the next.
    const uint32_t m = (v | w) - (((v ^ w) & ~(1u << 20 | 1u << 10 | 1u)) >> 1);
    std::memcpy(out + i, &m, 4);
  }
}

void Painter::rows(const rtv_frame *f, const Canvas &to, uint32_t from, uint32_t end) {
  uint8_t *out = to.memory + static_cast<size_t>(to.pitch) * (to.top + from) +
                 static_cast<size_t>(to.left) * bits_of(pixel_) / 8;
  for (uint32_t row = from; row < end; ++row, out += to.pitch) {
    line(f, row, out_[0].data());
    std::memcpy(out, out_[0].data(), row_bytes_);
  }
}

void Painter::field(const rtv_frame *f, const Canvas &to, uint32_t field) {
  uint8_t *out = to.memory + static_cast<size_t>(to.pitch) * to.top +
                 static_cast<size_t>(to.left) * bits_of(pixel_) / 8;
  auto put = [&](uint32_t row, const std::vector<uint8_t> &v) {
    std::memcpy(out + static_cast<size_t>(to.pitch) * row, v.data(), row_bytes_);
  };
  auto *above = &out_[0], *here = &out_[1];
  for (uint32_t row = field; row < format_.height; row += 2) {
    line(f, row, here->data());
    if (row == 1) put(0, *here);  // nothing above
    if (row >= 2) {
      mean(above->data(), here->data(), out_[2].data());
      put(row - 1, out_[2]);
    }
    put(row, *here);
    if (row + 2 >= format_.height && row + 1 < format_.height) put(row + 1, *here);
    std::swap(above, here);
  }
}

void Painter::black(uint8_t *memory, uint32_t pitch, uint32_t width, uint32_t height, Pixel pixel,
                    bool full_range) {
  const auto y = static_cast<uint8_t>(full_range ? 0 : 16);
  const uint8_t pattern[6][8] = {{0, 0, 0, 0, 0, 0, 0, 0},
                                 {0, 0, 0, 0, 0, 0, 0, 0},
                                 {128, y, 128, y, 128, y, 128, y},
                                 {y, 128, y, 128, y, 128, y, 128},
                                 {0, y, 0, 128, 0, y, 0, 128},
                                 {0, 0, 0, 0, 0, 0, 0, 0}};
  const uint8_t *p = pattern[static_cast<size_t>(pixel) - 1];
  const size_t n = static_cast<size_t>(width) * bits_of(pixel) / 8;
  std::vector<uint8_t> line(is_rgb(pixel) ? 0 : n);
  for (size_t i = 0; i < line.size(); ++i) line[i] = p[i % 8];
  for (uint32_t row = 0; row < height; ++row) {
    uint8_t *out = memory + static_cast<size_t>(pitch) * row;
    if (is_rgb(pixel))
      std::memset(out, 0, n);
    else
      std::memcpy(out, line.data(), n);
  }
}

}  // namespace rtv
