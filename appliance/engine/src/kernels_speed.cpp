// SPDX-License-Identifier: Apache-2.0
#include "kernels_speed.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>
#include <vector>

#include "rtvbox/pool.hpp"

namespace rtv {
namespace {

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Memory aligned and touched as a pool's frames are, filled with something that is not zero.
class Buffer {
 public:
  explicit Buffer(size_t size) : data_(new(std::align_val_t{4096}) uint8_t[size]) {
    for (size_t i = 0; i < size; ++i) data_[i] = static_cast<uint8_t>(i * 131 >> 3);
  }
  ~Buffer() { ::operator delete[](data_, std::align_val_t{4096}); }
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;
  uint8_t *data() const { return data_; }

 private:
  uint8_t *data_;
};

// The compiler must not see that nobody reads the result.
void used(const uint8_t *p) { asm volatile("" : : "r"(p) : "memory"); }

// Seconds of the median call of `pass`, over about `duration_ns` and at least three calls.
template <class Pass>
double median_seconds(int64_t duration_ns, const Pass &pass) {
  std::vector<int64_t> taken;
  pass();  // caches and clock speed settle
  const int64_t end = now_ns() + duration_ns;
  for (int64_t before = now_ns(); before < end || taken.size() < 3;) {
    pass();
    const int64_t after = now_ns();
    taken.push_back(after - before);
    before = after;
  }
  const auto middle = taken.begin() + static_cast<std::ptrdiff_t>(taken.size() / 2);
  std::nth_element(taken.begin(), middle, taken.end());
  return static_cast<double>(*middle) * 1e-9;
}

// Calls visit(row, first, n, octet offset) for every run of a frame.
template <class Visit>
void each_run(const rtv_format &format, const Kernel &kernel, uint32_t run, size_t window,
              const Visit &visit) {
  const uint32_t groups = row_pgroups(format, kernel);
  size_t offset = 0;
  for (uint32_t row = 0; row < format.height; ++row)
    for (uint32_t first = 0; first < groups; first += run) {
      const uint32_t n = std::min(run, groups - first);
      const size_t octets = size_t{n} * kernel.pgroup_octets;
      if (offset + octets > window) offset = 0;
      visit(row, first, n, offset);
      offset += octets;
    }
}

}  // namespace

double conversion_speed(const rtv_format &format, const Kernel &kernel, Direction direction,
                        uint32_t run, size_t window, int64_t duration_ns) {
  const uint32_t groups = row_pgroups(format, kernel);
  const size_t line_octets = size_t{groups} * kernel.pgroup_octets;
  const size_t frame_octets = line_octets * format.height;
  const bool whole = run == 0 && window == 0;
  if (run == 0 || run > groups) run = groups;
  const size_t run_octets = size_t{run} * kernel.pgroup_octets;
  if (window == 0) window = frame_octets;
  window = std::max(window, run_octets);

  rtv_frame frame{};
  frame.abi = RTV_ABI;
  const Buffer picture(lay_out(&frame, nullptr, format));
  lay_out(&frame, picture.data(), format);
  const Buffer octets(window);
  const bool copies = direction == Direction::kCopy || direction == Direction::kCopyBack;
  const bool back = direction == Direction::kUnpack || direction == Direction::kCopyBack;
  const Buffer plain(copies ? frame_octets : 1);

  const auto convert = [&](uint32_t row, uint32_t first, uint32_t n, size_t at) {
    if (back)
      kernel.unpack_run(octets.data() + at, frame, row, first, n);
    else
      kernel.pack_run(frame, row, first, n, octets.data() + at);
  };
  const auto copy = [&](size_t from_plain, size_t at, size_t size) {
    uint8_t *a = plain.data() + from_plain, *b = octets.data() + at;
    std::memcpy(back ? a : b, back ? b : a, size);
  };
  const double seconds = median_seconds(duration_ns, [&] {
    if (!copies)
      each_run(format, kernel, run, window, convert);
    else if (whole)
      copy(0, 0, frame_octets);
    else
      each_run(format, kernel, run, window,
               [&](uint32_t row, uint32_t first, uint32_t n, size_t at) {
                 copy(row * line_octets + size_t{first} * kernel.pgroup_octets, at,
                      size_t{n} * kernel.pgroup_octets);
               });
    used(octets.data());
    used(frame.plane[0]);
    used(plain.data());
  });
  return static_cast<double>(frame_octets) / seconds;
}

}  // namespace rtv
