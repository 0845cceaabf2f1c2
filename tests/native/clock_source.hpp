// SPDX-License-Identifier: Apache-2.0
// A source for tests of the transmitter: frame n starts at origin + n frames and carries n in its
// first sample; it is handed over when it is whole, or with slices when its first row is there.
#pragma once
#include <atomic>
#include <cstring>

#include "rtvbox/clock.hpp"
#include "rtvbox/pool.hpp"

class ClockSource {
 public:
  ClockSource(const rtv_format &format, int64_t origin_tai, int64_t frame_ns)
      : pool_(format, 8), format_(format), origin_(origin_tai), frame_ns_(frame_ns) {
    table_.abi = RTV_ABI;
    table_.size = sizeof table_;
    table_.self = this;
    table_.retain = [](void *) {};
    table_.release = [](void *) {};
    table_.start = [](void *self, int slices) {
      auto *s = static_cast<ClockSource *>(self);
      s->slices_ = slices;
      ++s->starts;
      return static_cast<int>(s->gone.load() ? RTV_GONE : RTV_OK);
    };
    table_.next = [](void *self, int64_t timeout, rtv_event *event) {
      return static_cast<ClockSource *>(self)->next(timeout, event);
    };
    table_.wait_lines = [](void *self, rtv_frame *frame, uint32_t lines, int64_t timeout) {
      return static_cast<ClockSource *>(self)->wait_lines(frame, lines, timeout);
    };
    table_.stop = [](void *) {};
    table_.error = [](void *) { return "pulled out"; };
  }
  ~ClockSource() { rtv_frame_unref(newest_); }
  rtv_source *table() { return &table_; }

  // Set by the test while the transmitter runs.
  std::atomic<uint32_t> signal{RTV_SIGNAL_LOCKED};
  std::atomic<bool> gone{false}, other_format{false};
  std::atomic<int> starts{0};

 private:
  // What a card's own thread would do: rows of the newest frame become ready with time.
  void grow() {
    if (!newest_) return;
    const int64_t rows = (rtv::tai_now() - newest_->capture_tai) * format_.height / frame_ns_;
    const auto most = static_cast<int64_t>(format_.height);
    rtv_set_lines_ready(newest_, static_cast<uint32_t>(rows < most ? rows : most));
  }
  int next(int64_t timeout, rtv_event *event) {
    if (gone) return RTV_GONE;
    grow();
    int64_t n = index_;
    const int64_t latest = (rtv::tai_now() - origin_) / frame_ns_ - (slices_ ? 0 : 1);
    if (latest - 2 > n) n = index_ = latest;  // a slow reader loses the oldest
    const int64_t capture = origin_ + n * frame_ns_;
    const int64_t at = capture + (slices_ ? frame_ns_ / format_.height : frame_ns_);
    const int64_t now = rtv::tai_now();
    if (at > now + timeout) {
      if (timeout > 0) rtv::sleep_until_tai(now + timeout);
      return RTV_TIMEOUT;
    }
    rtv::sleep_until_tai(at);
    ++index_;
    rtv_frame *f = pool_.acquire();
    if (!f) return RTV_TIMEOUT;
    for (uint32_t y = 0; y < format_.height; ++y)
      for (uint32_t x = 0; x < f->stride[0]; x += 4) {
        const uint32_t v = (static_cast<uint32_t>(n) * 7919 + y * 31 + x) % 900 + 60;
        const uint32_t word = v | (v + 1) << 10 | (v + 2) << 20;
        std::memcpy(f->plane[0] + y * f->stride[0] + x, &word, 4);
      }
    f->capture_tai = capture;
    f->sequence = static_cast<uint64_t>(n);
    f->signal = signal;
    f->format.width = other_format ? format_.width / 2 : format_.width;
    rtv_set_lines_ready(f, slices_ ? 1 : format_.height);
    if (slices_) {
      if (newest_) rtv_set_lines_ready(newest_, format_.height), rtv_frame_unref(newest_);
      newest_ = rtv_frame_ref(f);
    }
    event->frame = f;
    event->signal = signal;
    return RTV_OK;
  }
  int wait_lines(rtv_frame *f, uint32_t lines, int64_t timeout) {
    const int64_t now = rtv::tai_now();
    const int64_t at = f->capture_tai + frame_ns_ * lines / format_.height;
    rtv::sleep_until_tai(at < now + timeout ? at : now + timeout);
    if (at > now + timeout) return RTV_TIMEOUT;
    rtv_set_lines_ready(f, lines);
    return RTV_OK;
  }

  rtv_source table_{};
  rtv::FramePool pool_;
  rtv_format format_;
  int64_t origin_, frame_ns_, index_ = 0;
  int slices_ = 0;
  rtv_frame *newest_ = nullptr;
};
