// SPDX-License-Identifier: Apache-2.0
// Big-endian fields of packets.
#pragma once
#include <cstdint>

namespace rtv {

inline void put16(uint8_t *p, uint32_t v) {
  p[0] = static_cast<uint8_t>(v >> 8);
  p[1] = static_cast<uint8_t>(v);
}
inline void put32(uint8_t *p, uint32_t v) {
  put16(p, v >> 16);
  put16(p + 2, v & 0xffff);
}
// 48-bit seconds and 32-bit nanoseconds, as IEEE 1588 and the NMOS elements write a time.
inline void put_ptp(uint8_t *p, int64_t tai_ns) {
  const auto seconds = static_cast<uint64_t>(tai_ns / 1'000'000'000);
  put16(p, static_cast<uint32_t>(seconds >> 32) & 0xffff);
  put32(p + 2, static_cast<uint32_t>(seconds));
  put32(p + 6, static_cast<uint32_t>(tai_ns % 1'000'000'000));
}

}  // namespace rtv
