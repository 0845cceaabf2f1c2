// SPDX-License-Identifier: Apache-2.0
// A signal that comes must stand still before it is believed; one that goes is gone at once. A
// plug being pushed in, or a camera that starts up, shows a card many formats in its first moments.
#pragma once
#include <cstdint>

#include "rtvbox/video.h"

namespace rtv {

class SignalSettle {
 public:
  explicit SignalSettle(int64_t settle_ns) : settle_ns_(settle_ns) {}

  // What the card sees now. `now`: any clock that only goes forward, ns. True: signal() or, while
  // there is one, format() is another than before.
  bool see(uint32_t signal, const rtv_format &format, int64_t now) {
    const bool picture = shows(signal);
    if (!picture) {
      waiting_ = false;
      return become(signal, format);
    }
    if (shows(signal_) && signal == signal_ && same(format, format_)) {
      waiting_ = false;  // what went by meanwhile was a glitch
      return false;
    }
    if (!waiting_ || signal != next_ || !same(format, next_format_)) {
      waiting_ = true;
      next_ = signal;
      next_format_ = format;
      since_ = now;
    }
    if (now - since_ >= settle_ns_) {
      waiting_ = false;
      return become(signal, format);
    }
    // Until then, what was seen before is not there any more.
    return shows(signal_) && become(RTV_SIGNAL_UNLOCKED, format_);
  }
  // When to look again at the latest although nothing was reported; 0: no need.
  int64_t look_at() const { return waiting_ ? since_ + settle_ns_ : 0; }

  uint32_t signal() const { return signal_; }
  const rtv_format &format() const { return format_; }

 private:
  static bool shows(uint32_t signal) {
    return signal == RTV_SIGNAL_LOCKED || signal == RTV_SIGNAL_MISMATCH ||
           signal == RTV_SIGNAL_UNSUPPORTED;
  }
  static bool same(const rtv_format &a, const rtv_format &b) {
    return a.width == b.width && a.height == b.height && a.rate_num == b.rate_num &&
           a.rate_den == b.rate_den && a.sampling == b.sampling && a.depth == b.depth &&
           a.scan == b.scan && a.layout == b.layout && a.colorimetry == b.colorimetry &&
           a.full_range == b.full_range;
  }
  bool become(uint32_t signal, const rtv_format &format) {
    const bool news = signal != signal_ || (shows(signal) && !same(format, format_));
    signal_ = signal;
    format_ = format;
    return news;
  }

  const int64_t settle_ns_;
  uint32_t signal_ = RTV_SIGNAL_ABSENT, next_ = RTV_SIGNAL_ABSENT;
  rtv_format format_{}, next_format_{};
  int64_t since_ = 0;
  bool waiting_ = false;
};

}  // namespace rtv
