// SPDX-License-Identifier: Apache-2.0
// What a monitor says of itself comes from whatever is plugged in: octets of every kind, in memory
// that ends where they end, under the sanitizers.
#include <cstring>
#include <memory>
#include <random>

#include "check.hpp"
#include "link.hpp"

namespace {

constexpr size_t kBlock = 128;

void sum_up(uint8_t *block) {
  uint8_t sum = 0;
  for (size_t i = 0; i + 1 < kBlock; ++i) sum = static_cast<uint8_t>(sum + block[i]);
  block[kBlock - 1] = static_cast<uint8_t>(-sum);
}

}  // namespace

int main() {
  std::mt19937 random(7);
  int said = 0, deep = 0;
  for (int round = 0; round < 40'000; ++round) {
    const size_t size = random() % (3 * kBlock + 2);
    const std::unique_ptr<uint8_t[]> data(new uint8_t[size]);
    for (size_t i = 0; i < size; ++i) data[i] = static_cast<uint8_t>(random());
    if (size >= kBlock) {
      std::memcpy(data.get(), "\x00\xff\xff\xff\xff\xff\xff\x00", 8);
      data[18] = 1;
      data[19] = static_cast<uint8_t>(random() % 6);
      sum_up(data.get());
    }
    // Extensions that are nearly right: data blocks that end in, at and behind their block.
    for (size_t at = kBlock; at + kBlock <= size; at += kBlock) {
      data[at] = 2;
      data[at + 1] = 3;
      size_t next = at + 4;
      while (next + 32 < at + kBlock && random() % 4) {
        const auto length = static_cast<uint8_t>(random() % 32);
        data[next] = static_cast<uint8_t>(random() % 8 << 5 | length);
        next += 1u + length;
      }
      data[next] = static_cast<uint8_t>(0x60 | random() % 32);
      for (size_t i = 0; i < 3 && next + 1 + i < at + kBlock; ++i)
        data[next + 1 + i] = "\x03\x0c\x00"[i];
      sum_up(data.get() + at);
    }
    const rtv::MonitorSays says = rtv::read_edid(data.get(), size);
    CHECK(says.bits <= 16 && says.bits % 2 == 0);
    CHECK(says.least_hz <= says.most_hz && says.most_hz <= 510);
    CHECK(size >= kBlock || !says.bits);
    said += says.bits != 0;
    deep += says.bits > 8;
    CHECK(rtv::link_bits(random(), says) <= 16);
    const std::string lost = rtv::depth_loss(10, rtv::Pixel::xrgb2101010, random() % 17, says);
    CHECK(lost.empty() || lost.find("10 bits become ") == 0);
  }
  CHECK(said > 1000 && deep > 1000 && deep < said);
}
