// SPDX-License-Identifier: Apache-2.0
#include "agree.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace rtv::v4l2 {

namespace {

struct Taken {
  uint32_t width, height, code, field;
};

int set(const Device &device, uint32_t width, uint32_t height, uint32_t code, uint32_t field,
        v4l2_format *got, Taken *taken) {
  if (const int e = device.set_format(width, height, code, field, got)) return e;
  const v4l2_pix_format &one = got->fmt.pix;
  const v4l2_pix_format_mplane &many = got->fmt.pix_mp;
  *taken = device.planes() ? Taken{many.width, many.height, many.pixelformat, many.field}
                           : Taken{one.width, one.height, one.pixelformat, one.field};
  return 0;
}

// The field order that is asked for first.
uint32_t fitting(const Device &device, const Wish &wish) {
  if (wish.field) return wish.field;
  if (wish.format.scan == RTV_PROGRESSIVE) return V4L2_FIELD_NONE;
  // What leaves has the top field first, which 525 lines else have not.
  const bool other = device.plays() && device.of_525_lines();
  return other ? V4L2_FIELD_INTERLACED_TB : V4L2_FIELD_INTERLACED;
}

}  // namespace

std::string agree(const Device &device, const Wish &wish, Agreed *agreed) {
  const rtv_format &f = wish.format;
  const auto offers = device.offers();
  const PixelList list = known(f.depth);
  const uint32_t field = fitting(device, wish);
  std::string why =
      "none of the pixel formats that are carried (UYVY, YUYV, NV16, Y210, v210) in this raster";
  for (auto at = list.begin; at != list.end; ++at) {
    const Pixels &pixels = **at;
    if (wish.pixels && wish.pixels != pixels.fourcc) continue;
    if (std::none_of(offers.begin(), offers.end(),
                     [&](const Offer &one) { return one.fourcc == pixels.fourcc; }))
      continue;
    Taken taken{};
    const uint32_t rows = field == V4L2_FIELD_ALTERNATE ? f.height / 2 : f.height;
    if (set(device, f.width, rows, pixels.fourcc, field, &agreed->format, &taken) != 0) continue;
    // It has fields one by one only, and may have scaled them to the height of a frame.
    if (taken.field == V4L2_FIELD_ALTERNATE && taken.height != f.height / 2 &&
        set(device, f.width, f.height / 2, pixels.fourcc, V4L2_FIELD_ALTERNATE, &agreed->format,
            &taken) != 0)
      continue;
    if (taken.code != pixels.fourcc || taken.width != f.width) continue;
    const char *name = name_of_field(taken.field);
    if (wish.field && taken.field != wish.field) {
      why = std::string("the field order ") + name_of_field(wish.field) + " is not taken but " + name;
      continue;
    }
    if (!order_of(taken.field, f.scan, device.has_timings(), device.of_525_lines(),
                  &agreed->order)) {
      why = std::string("the field order ") + name + (f.scan == RTV_INTERLACED
                                                          ? " does not hold two fields"
                                                          : ", which is no progressive picture");
      continue;
    }
    agreed->rows = agreed->order.rows_of(f.height);
    if (taken.height != agreed->rows) continue;
    if (const int e = device.use_whole(taken.width, taken.height)) {
      why = std::string("a part of the picture only: ") + strerror(e);
      continue;
    }
    agreed->pixels = &pixels;
    return "";
  }
  return why;
}

}  // namespace rtv::v4l2
