// SPDX-License-Identifier: Apache-2.0
// The clocks of the native half: integer nanoseconds, never float.
#pragma once
#include <cstdint>
#include <ctime>

namespace rtv {

constexpr int64_t kSecond = 1'000'000'000;

inline int64_t now_ns(clockid_t id) {
  timespec t;
  clock_gettime(id, &t);
  return t.tv_sec * kSecond + t.tv_nsec;
}
// TAI since 1970-01-01 TAI, as far as the kernel was told its offset (see rtv clock service).
inline int64_t tai_now() { return now_ns(CLOCK_TAI); }
inline int64_t mono_now() { return now_ns(CLOCK_MONOTONIC); }

// Sleeps until a TAI instant; wakes late by the kernel's slack, never early.
inline void sleep_until_tai(int64_t t) {
  timespec s{static_cast<time_t>(t / kSecond), static_cast<long>(t % kSecond)};
  while (clock_nanosleep(CLOCK_TAI, TIMER_ABSTIME, &s, nullptr) == 4 /* EINTR */) {
  }
}
// Spins; for the last microseconds before an instant only.
inline void spin_until_tai(int64_t t) {
  while (tai_now() < t) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
}

// k-th frame boundary since the epoch, ST 2059-1: floor(k * den / num seconds) in ns.
inline int64_t alignment_point(int64_t k, uint32_t rate_num, uint32_t rate_den) {
  return static_cast<int64_t>(static_cast<__int128>(k) * rate_den * kSecond / rate_num);
}
// Index of the last alignment point at or before tai.
inline int64_t alignment_index(int64_t tai, uint32_t rate_num, uint32_t rate_den) {
  const __int128 unit = static_cast<__int128>(rate_den) * kSecond;
  int64_t k = static_cast<int64_t>(static_cast<__int128>(tai) * rate_num / unit);
  while (alignment_point(k + 1, rate_num, rate_den) <= tai) ++k;
  while (alignment_point(k, rate_num, rate_den) > tai) --k;
  return k;
}
// RTP timestamp of an instant, ST 2110-10: floor(tai * clock) mod 2^32.
inline uint32_t rtp_ticks(int64_t tai, uint32_t clock_hz) {
  return static_cast<uint32_t>(
      static_cast<uint64_t>(static_cast<unsigned __int128>(tai) * clock_hz / kSecond));
}
// RTP timestamp of the k-th alignment point. Not rtp_ticks(alignment_point(k)): a point that lies
// between two nanoseconds (60 Hz) is floored there, and would come out a tick too low.
inline uint32_t alignment_rtp(int64_t k, uint32_t rate_num, uint32_t rate_den, uint32_t clock_hz) {
  return static_cast<uint32_t>(static_cast<uint64_t>(
      static_cast<unsigned __int128>(k) * rate_den * clock_hz / rate_num));
}

}  // namespace rtv
