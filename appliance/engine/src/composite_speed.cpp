// SPDX-License-Identifier: Apache-2.0
#include "composite_speed.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "rtvbox/clock.hpp"
#include "rtvbox/pool.hpp"

namespace rtv {

CompositeSpeed composite_speed(const Overlay &overlay, const Atlas &atlas, int64_t duration_ns) {
  FramePool pool(overlay.format(), 2);
  rtv_frame *frame = pool.acquire(), *other = pool.acquire();
  for (size_t i = 0; i < other->bytes; ++i) other->plane[0][i] = static_cast<uint8_t>(i * 131 >> 3);
  FrameValues values;
  values.origin_tai = tai_now();
  values.has_pose = true;
  std::vector<int64_t> blend, copy;
  const int64_t end = mono_now() + duration_ns;
  while (mono_now() < end || blend.size() < 3) {
    values.origin_tai += 20'000'000;
    values.rtp_timestamp += 1800;
    for (double &p : values.position) p += 0.7;
    const int64_t start = mono_now();
    std::memcpy(frame->plane[0], other->plane[0], frame->bytes);
    asm volatile("" : : "r"(frame->plane[0]) : "memory");  // somebody reads it
    const int64_t copied = mono_now();
    overlay.blend(*frame, &atlas, values, 0, frame->format.height);
    asm volatile("" : : "r"(frame->plane[0]) : "memory");
    blend.push_back(mono_now() - copied);
    copy.push_back(copied - start);
  }
  auto median = [](std::vector<int64_t> &v) {
    const auto middle = v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2);
    std::nth_element(v.begin(), middle, v.end());
    return *middle;
  };
  rtv_frame_unref(frame);
  rtv_frame_unref(other);
  return {median(blend), median(copy)};
}

}  // namespace rtv
