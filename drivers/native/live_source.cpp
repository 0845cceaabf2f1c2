// SPDX-License-Identifier: Apache-2.0
#include "live_source.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

namespace rtv {

namespace {

LiveSource *live(void *self) { return static_cast<LiveSource *>(self); }

// A card that vanishes in the middle of a frame wakes nobody; so long at most is it not noticed.
constexpr int64_t kNap = 5'000'000;

// What the frames look like; colorimetry is the signal's label and may come later than the rest.
bool same_raster(const rtv_format &a, const rtv_format &b) {
  return a.width == b.width && a.height == b.height && a.rate_num == b.rate_num &&
         a.rate_den == b.rate_den && a.sampling == b.sampling && a.depth == b.depth &&
         a.scan == b.scan && a.layout == b.layout;
}

void count(LiveStats::Count &c, uint64_t n = 1) { c.fetch_add(n, std::memory_order_relaxed); }

}  // namespace

LiveSource::LiveSource(uint32_t queue) : handover_(std::clamp(queue, 1u, 16u)) {
  table_ = rtv_source{
      RTV_ABI,
      sizeof(rtv_source),
      this,
      [](void *s) { live(s)->retain(); },
      [](void *s) { live(s)->release(); },
      [](void *s, int slices) { return live(s)->start(slices != 0); },
      [](void *s, int64_t t, rtv_event *e) { return live(s)->next(t, e); },
      [](void *s, rtv_frame *f, uint32_t n, int64_t t) { return live(s)->wait_lines(f, n, t); },
      [](void *s) { live(s)->stop(); },
      [](void *s) {
        LiveSource *me = live(s);
        std::lock_guard hold(me->error_mutex_);
        me->told_ = me->error_;
        return me->told_.c_str();
      },
  };
}

int LiveSource::start(bool slices) {
  stop();
  const bool was_gone = gone_.exchange(false);
  {
    std::lock_guard hold(push_);
    stats.signal = RTV_SIGNAL_ABSENT;
    format_ = rtv_format{};
    accepts_ = true;
  }
  handover_.wake(false);
  const int result = open(slices);
  if (result == RTV_OK) {
    running_ = true;
    count(stats.starts);
    return result;
  }
  stop();
  gone_ = was_gone || result == RTV_GONE;
  return result;
}

void LiveSource::stop() {
  {
    std::lock_guard hold(push_);
    accepts_ = false;
  }
  handover_.wake(true);
  shut();
  running_ = false;
  handover_.clear();
}

int LiveSource::next(int64_t timeout_ns, rtv_event *event) {
  Handover::Item item;
  *event = rtv_event{};
  if (handover_.pop(gone_ ? 0 : timeout_ns, &item)) {
    *event = item.event;
    if (item.event.frame) count(stats.taken);
    return item.result;
  }
  if (!gone_) return RTV_TIMEOUT;
  event->signal = RTV_SIGNAL_GONE;
  event->tai = tai_now();
  return RTV_GONE;
}

int LiveSource::wait_lines(rtv_frame *frame, uint32_t lines, int64_t timeout_ns) {
  const int64_t until = mono_now() + timeout_ns;
  for (;;) {
    const uint32_t have = rtv_lines_ready(frame);
    if (have >= lines) return RTV_OK;
    if (gone_) return RTV_GONE;
    const int64_t left = std::min(until - mono_now(), kNap);
    if (left <= 0) return RTV_TIMEOUT;
    const timespec t{0, static_cast<long>(left)};
    syscall(SYS_futex, &frame->lines_ready, FUTEX_WAIT_PRIVATE, have, &t, nullptr, 0);
  }
}

rtv_event LiveSource::event_now(int64_t tai) const {
  rtv_event event{};
  event.format = format_;
  event.signal = stats.signal.load(std::memory_order_relaxed);
  event.generation = stats.generation.load(std::memory_order_relaxed);
  event.tai = tai;
  return event;
}

bool LiveSource::deliver(rtv_frame *frame) {
  // Given back outside the lock: a family may queue the buffer to its driver there.
  bool handed = false;
  {
    std::lock_guard hold(push_);
    if (!accepts_ || gone_) {
      // Nobody is there to miss it.
    } else if (stats.signal.load(std::memory_order_relaxed) != RTV_SIGNAL_LOCKED) {
      count(stats.not_live);
    } else if (format_.width && !same_raster(format_, frame->format)) {
      count(stats.withheld);
    } else {
      rtv_event event = event_now(frame->capture_tai);
      event.frame = frame;
      event.format = frame->format;
      frame->signal = event.signal;
      frame->generation = event.generation;
      stats.sequence.store(frame->sequence, std::memory_order_relaxed);
      count(stats.frames);
      count(stats.dropped, handover_.push(RTV_OK, event));
      handed = true;
    }
  }
  if (!handed) rtv_frame_unref(frame);
  return handed;
}

void LiveSource::grow(rtv_frame *frame, uint32_t lines) {
  rtv_set_lines_ready(frame, lines);
  syscall(SYS_futex, &frame->lines_ready, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void LiveSource::say_signal(uint32_t signal, int64_t tai, const rtv_format *seen) {
  std::lock_guard hold(push_);
  if (!accepts_ || gone_) return;
  if (stats.signal.exchange(signal, std::memory_order_relaxed) == signal) return;
  count(stats.signal_changes);
  rtv_event event = event_now(tai);
  if (seen) event.format = *seen;
  count(stats.dropped, handover_.push(RTV_SIGNAL_CHANGED, event));
}

void LiveSource::say_format(const rtv_format &format, int64_t tai) {
  std::lock_guard hold(push_);
  if (!accepts_ || gone_) return;
  format_ = format;
  next_generation();
  count(stats.format_changes);
  count(stats.dropped, handover_.push(RTV_FORMAT_CHANGED, event_now(tai)));
}

void LiveSource::say_gone(int64_t tai, const std::string &why) {
  fail(why);
  // Woken under the lock: after it, a consumer that has read the event may have started anew.
  std::lock_guard hold(push_);
  if (!accepts_ || gone_.exchange(true)) return;
  stats.signal = RTV_SIGNAL_GONE;
  count(stats.dropped, handover_.push(RTV_GONE, event_now(tai)));
  handover_.wake(true);
}

void LiveSource::fail(const std::string &why) {
  std::lock_guard hold(error_mutex_);
  error_ = why;
}

}  // namespace rtv
