// SPDX-License-Identifier: Apache-2.0
// Every kernel family against the scalar reference, on random runs, between unreadable pages.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels.hpp"

#define CHECK(what)                                                                   \
  do {                                                                                \
    if (!(what)) {                                                                    \
      std::fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, where.c_str(), #what); \
      std::exit(1);                                                                   \
    }                                                                                 \
  } while (0)

namespace {

using Random = std::mt19937;

uint32_t below(Random &random, uint32_t n) { return static_cast<uint32_t>(random() % n); }

// `size` bytes that touch an unreadable page at their end, or at their start.
class Fenced {
 public:
  Fenced(size_t size, bool at_end) : size_(size) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t inner = (size + page - 1) / page * page;
    total_ = inner + 2 * page;
    void *p = mmap(nullptr, total_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) std::abort();
    base_ = static_cast<uint8_t *>(p);
    if (mprotect(base_ + page, inner, PROT_READ | PROT_WRITE)) std::abort();
    data_ = base_ + page + (at_end ? inner - size : 0);
  }
  ~Fenced() { munmap(base_, total_); }
  Fenced(const Fenced &) = delete;
  Fenced &operator=(const Fenced &) = delete;
  uint8_t *data() const { return data_; }
  size_t size() const { return size_; }
  void fill(Random &random) const {
    for (size_t i = 0; i < size_; ++i) data_[i] = static_cast<uint8_t>(random());
  }

 private:
  uint8_t *base_, *data_;
  size_t size_, total_;
};

struct Planes {
  rtv_frame frame{};
  Fenced memory;

  static size_t stride(const rtv_format &f, uint32_t plane) {
    // Rows further apart than they must be, as real cards have them.
    return rtv::row_octets(f, plane) + (f.layout == RTV_V210 ? 128 : 6);
  }
  static size_t total(const rtv_format &f) {
    size_t bytes = 0;
    for (uint32_t k = 0; k < rtv::memory_planes(f); ++k) bytes += stride(f, k) * f.height;
    return bytes;
  }
  Planes(const rtv_format &f, bool at_end) : memory(total(f), at_end) {
    frame.format = f;
    uint8_t *p = memory.data();
    for (uint32_t k = 0; k < rtv::memory_planes(f); ++k) {
      frame.plane[k] = p;
      frame.stride[k] = static_cast<uint32_t>(stride(f, k));
      p += stride(f, k) * f.height;
    }
  }
  // Only values that a card would give: spare bits 0.
  void make_valid() const {
    const rtv_format &f = frame.format;
    for (size_t i = 0; i + 3 < memory.size() && f.layout == RTV_V210; i += 4)
      memory.data()[i + 3] &= 0x3f;
    for (size_t i = 0; i + 1 < memory.size() && f.layout == RTV_PLANAR16; i += 2)
      memory.data()[i + 1] &= static_cast<uint8_t>((1u << (f.depth - 8)) - 1);
  }
};

bool equal(const Planes &a, const Planes &b) {
  return std::memcmp(a.memory.data(), b.memory.data(), a.memory.size()) == 0;
}
void assign(const Planes &to, const Planes &from) {
  std::memcpy(to.memory.data(), from.memory.data(), to.memory.size());
}

std::string described(const rtv_format &f, const rtv::Kernel &kernel) {
  return "layout " + std::to_string(f.layout) + " sampling " + std::to_string(f.sampling) +
         " depth " + std::to_string(f.depth) + " width " + std::to_string(f.width) + " kernel " +
         kernel.name;
}

struct Run {
  uint32_t row, first, n;
};

// Short runs as often as long ones, and often up to the row's end.
Run random_run(Random &random, const rtv_format &f, uint32_t groups) {
  Run run{below(random, f.height), below(random, groups), 0};
  const uint32_t most = groups - run.first;
  switch (below(random, 3)) {
    case 0: run.n = std::min(most, below(random, 20)); break;
    case 1: run.n = most; break;
    default: run.n = below(random, most + 1);
  }
  return run;
}

void check_pack(const rtv::Kernel &kernel, const rtv::Kernel &scalar, const Planes &from,
                const Run &run, bool at_end, const std::string &where) {
  const size_t octets = size_t{run.n} * scalar.pgroup_octets;
  Fenced got(octets, at_end), want(octets, at_end);
  kernel.pack_run(from.frame, run.row, run.first, run.n, got.data());
  scalar.pack_run(from.frame, run.row, run.first, run.n, want.data());
  CHECK(std::memcmp(got.data(), want.data(), octets) == 0);

  // In the middle of other packets, whose octets must stay.
  std::vector<uint8_t> between(octets + 200, 0xa5);
  kernel.pack_run(from.frame, run.row, run.first, run.n, between.data() + 99);
  CHECK(std::memcmp(between.data() + 99, want.data(), octets) == 0);
  const auto kept = [](uint8_t v) { return v == 0xa5; };
  CHECK(std::all_of(between.begin(), between.begin() + 99, kept));
  CHECK(std::all_of(between.begin() + 99 + static_cast<std::ptrdiff_t>(octets), between.end(),
                    kept));
}

void check_format(const rtv_format &f, const rtv::Kernel &kernel, Random &random) {
  const rtv::Kernel &scalar = *rtv::find_kernel(f, "scalar");
  const std::string where = described(f, kernel);
  CHECK(kernel.pgroup_octets == scalar.pgroup_octets);
  CHECK(kernel.pgroup_pixels == scalar.pgroup_pixels);
  const uint32_t groups = rtv::row_pgroups(f, kernel);
  for (int round = 0; round < 60; ++round) {
    const bool at_end = round % 2;
    Planes source(f, at_end), got(f, at_end), want(f, at_end);
    source.memory.fill(random);
    got.memory.fill(random);
    assign(want, got);
    for (int k = 0; k < 4; ++k) {
      const Run run = random_run(random, f, groups);
      check_pack(kernel, scalar, source, run, at_end, where);

      Fenced octets(size_t{run.n} * scalar.pgroup_octets, at_end);
      octets.fill(random);
      kernel.unpack_run(octets.data(), got.frame, run.row, run.first, run.n);
      scalar.unpack_run(octets.data(), want.frame, run.row, run.first, run.n);
      CHECK(equal(got, want));
    }
    // A copied run is what packing and unpacking it would have given.
    source.make_valid();
    const Run run = random_run(random, f, groups);
    const Fenced octets(size_t{run.n} * scalar.pgroup_octets, at_end);
    scalar.pack_run(source.frame, run.row, run.first, run.n, octets.data());
    scalar.unpack_run(octets.data(), want.frame, run.row, run.first, run.n);
    kernel.copy_run(source.frame, got.frame, run.row, run.first, run.n);
    CHECK(equal(got, want));
  }
}

rtv_format format_of(uint8_t layout, uint8_t sampling, uint8_t depth, uint32_t width) {
  rtv_format f{};
  f.width = width;
  f.height = 5;
  f.rate_num = 50;
  f.rate_den = 1;
  f.layout = layout;
  f.sampling = sampling;
  f.depth = depth;
  return f;
}

}  // namespace

int main() {
  Random random(2110);
  const std::string where = "families";
  int kernels = 0;
  // Widths that are and are not whole v210 groups (6) and whole 128-byte rows (48).
  for (const uint32_t width : {4u, 12u, 52u, 100u, 144u, 1280u, 1920u})
    for (uint8_t layout = RTV_V210; layout <= RTV_PLANAR16; ++layout)
      for (uint8_t sampling = RTV_422; sampling <= RTV_RGB; ++sampling)
        for (const uint8_t depth : {8, 10, 12}) {
          const rtv_format f = format_of(layout, sampling, depth, width);
          const bool carried = layout == RTV_PLANAR16 ||
                               (sampling == RTV_422 && depth == (layout == RTV_V210 ? 10 : 8));
          CHECK(carried == (rtv::find_kernel(f) != nullptr));
          CHECK(carried == rtv::format_refusal(f).empty());
          if (!carried) continue;
          for (const char *family : rtv::cpu_families()) {
            check_format(f, *rtv::find_kernel(f, family), random);
            ++kernels;
          }
        }
  CHECK(std::string(rtv::cpu_families().back()) == "scalar");
  CHECK(rtv::find_kernel(format_of(RTV_V210, RTV_422, 10, 48), "mmx") == nullptr);
  CHECK(!rtv::format_refusal(format_of(RTV_PLANAR16, RTV_444, 10, 1922)).empty());
  CHECK(!rtv::format_refusal(format_of(RTV_PLANAR16, RTV_422, 8, 5)).empty());
  CHECK(!rtv::format_refusal(format_of(RTV_V210, RTV_422, 10, 0)).empty());
  std::printf("%d kernels of", kernels);
  for (const char *family : rtv::cpu_families()) std::printf(" %s", family);
  std::printf(" equal the scalar reference\n");
  return 0;
}
