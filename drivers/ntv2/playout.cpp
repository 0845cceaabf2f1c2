// SPDX-License-Identifier: Apache-2.0
#include "playout.hpp"

#include <pthread.h>
#include <sys/prctl.h>

#include <algorithm>
#include <chrono>

#include "content.hpp"
#include "convert.hpp"
#include "judge.hpp"
#include "raster.hpp"
#include "rtvbox/clock.hpp"

namespace rtv::ntv2 {

namespace {

constexpr int64_t kStale = 500'000'000;  // without a frame for so long, what stands is not live
constexpr int64_t kLate = 1'000'000;
constexpr uint32_t kAhead = 2;  // frames that may wait in the ring: one is shown next, one drifts

Playout *playout(void *self) { return static_cast<Playout *>(self); }
void bump(PlayoutStats::Count &c, uint64_t n = 1) { c.fetch_add(n, std::memory_order_relaxed); }

}  // namespace

Playout::Playout(std::shared_ptr<Boards> boards, const PlayoutOptions &options)
    : boards_(std::move(boards)), options_(options) {
  table_ = rtv_sink{
      RTV_ABI,
      sizeof(rtv_sink),
      this,
      [](void *s) { playout(s)->retain(); },
      [](void *s) { playout(s)->release(); },
      [](void *s, const rtv_format *f, int) { return playout(s)->start(*f); },
      [](void *s, rtv_frame *f, int64_t due) { return playout(s)->submit(f, due); },
      [](void *s) { playout(s)->stop(); },
      [](void *s) {
        Playout *me = playout(s);
        std::lock_guard hold(me->mutex_);
        me->told_ = me->error_;
        return me->told_.c_str();
      },
  };
}

int Playout::fail(int result, const std::string &why) {
  std::lock_guard hold(mutex_);
  error_ = why;
  return result;
}

int Playout::start(const rtv_format &format) {
  stop();
  if (const std::string why = why_not_carried(format); !why.empty())
    return fail(RTV_REFUSED, "format: " + why);
  int result = RTV_BROKEN;
  std::string why;
  port_ = boards_->output(options_.key, options_.connector, &result, &why);
  if (!port_) return fail(result, why);
  if (why = port_->begin(format, options_.ring, options_.reference); !why.empty()) {
    port_.reset();
    return fail(RTV_REFUSED, why);
  }
  format_ = format;
  black_pool_ = std::make_unique<FramePool>(format, 1);
  black_ = black_pool_->acquire();
  fill_black(black_);
  rtv_set_lines_ready(black_, format.height);
  port_->pin(black_->plane[0], black_->bytes);
  map_ = ClockMap();
  first_ = pending_count_ = dropped_ = 0;
  live_ = false;
  referred_ = 0;
  // The card begins with two frames: one to show, one to follow it.
  Transferred done;
  if (!put(black_, &done) || !put(black_, &done) || !port_->start()) {
    port_.reset();
    return fail(RTV_BROKEN, "card " + options_.key + " does not start its output");
  }
  stats.gone = 0;
  stop_ = false;
  running_ = true;
  thread_ = std::thread([this] { run(); });
  return RTV_OK;
}

int Playout::submit(rtv_frame *frame, int64_t due_tai) {
  if (stats.gone) return RTV_GONE;
  if (!running_) return fail(RTV_REFUSED, "the output is not started");
  const rtv_format &f = frame->format;
  if (f.width != format_.width || f.height != format_.height || f.layout != format_.layout ||
      f.scan != format_.scan || frame->stride[0] != row_bytes(format_, 0))
    return fail(RTV_REFUSED, "the frame is not of the format that the output was started with");
  rtv_frame *oldest = nullptr;
  {
    std::lock_guard hold(mutex_);
    if (waiting_ == kQueue) {
      oldest = queue_[head_].frame;
      head_ = (head_ + 1) % kQueue;
      --waiting_;
      bump(stats.overflow);
    }
    queue_[(head_ + waiting_++) % kQueue] = {rtv_frame_ref(frame), due_tai ? due_tai : tai_now()};
  }
  changed_.notify_one();
  rtv_frame_unref(oldest);
  bump(stats.submitted);
  return RTV_OK;
}

void Playout::stop() {
  {
    std::lock_guard hold(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  port_.reset();
  rtv_frame_unref(black_);
  black_ = nullptr;
  std::lock_guard hold(mutex_);
  for (; waiting_; --waiting_, head_ = (head_ + 1) % kQueue) rtv_frame_unref(queue_[head_].frame);
  running_ = false;
}

bool Playout::take(Entry *entry) {
  std::unique_lock hold(mutex_);
  // Half a frame: often enough to learn of every frame that it is shown.
  changed_.wait_for(hold, std::chrono::nanoseconds(frame_ns(format_) / 2),
                    [this] { return waiting_ > 0 || stop_; });
  if (stop_ || waiting_ == 0) return false;
  *entry = queue_[head_];
  head_ = (head_ + 1) % kQueue;
  --waiting_;
  return true;
}

void Playout::run() {
  pthread_setname_np(pthread_self(), "rtv-ntv2-out");
  prctl(PR_SET_TIMERSLACK, 1UL);
  if (options_.realtime) {
    sched_param p{};
    p.sched_priority = 60;
    stats.realtime = pthread_setschedparam(pthread_self(), SCHED_FIFO, &p) == 0;
  }
  int64_t last = mono_now();
  while (!stop_) {
    Entry entry{nullptr, 0};
    bool alive;
    if (take(&entry)) {
      alive = give(entry);
      rtv_frame_unref(entry.frame);
      last = mono_now();
    } else if (live_ && mono_now() - last > kStale) {
      alive = give_black();
    } else {
      RingState ring;
      alive = watch(&ring);
    }
    if (!alive) {
      fail(RTV_GONE, "card " + options_.key + " does not answer any more; is it unplugged?");
      stats.gone = 1;
      return;
    }
    if (const int64_t now = mono_now(); now - referred_ > kSecond) {
      referred_ = now;
      stats.reference = port_->reference_present();
    }
  }
  leave_black();
}

void Playout::leave_black() {
  // The card shows its last picture for ever, also that of an output that was stopped.
  const int64_t until = mono_now() + (options_.ring + 2) * frame_ns(format_);
  while (mono_now() < until) {
    if (live_ && !give_black()) return;
    RingState ring{};
    if (!port_->ring(&ring) || (!live_ && ring.level == 0)) return;
    sleep_until_tai(tai_now() + frame_ns(format_) / 4);
  }
}

bool Playout::watch(RingState *ring) {
  const int64_t before = tai_now();
  if (!port_->ring(ring)) {
    bump(stats.errors);
    return port_->there();
  }
  map_.add(ring->now, before, tai_now());
  const uint32_t repeated = ring->dropped - dropped_;
  dropped_ = ring->dropped;
  // While no frames come, the card repeats the last one for ever, as it should.
  if (live_) bump(stats.underruns, repeated);
  confirm(*ring);
  return true;
}

void Playout::confirm(const RingState &ring) {
  while (pending_count_) {
    const Pending &p = pending_[first_];
    const int64_t at = port_->shown(p.slot);
    if (at > p.put) {
      const int64_t tai = map_.tai(at);
      bump(stats.shown);
      after_due.add(tai - p.due);
      if (p.origin) latency.add(tai - p.origin);
    } else if (ring.now - p.put < (options_.ring + 2) * frame_ns(format_)) {
      return;  // not yet
    } else {
      bump(stats.unconfirmed);
    }
    first_ = (first_ + 1) % kPending;
    --pending_count_;
  }
}

bool Playout::put(const rtv_frame *frame, Transferred *done) {
  return port_->put(frame->plane[0], size_t{frame->stride[0]} * format_.height, done);
}

bool Playout::give(const Entry &entry) {
  // Handed over in slices, it grows until its raster is over; the card takes whole frames.
  const int64_t whole = entry.due + frame_ns(format_);
  while (rtv_lines_ready(entry.frame) < format_.height && !stop_ && tai_now() < whole)
    sleep_until_tai(tai_now() + 200'000);
  if (rtv_lines_ready(entry.frame) < format_.height) bump(stats.partial);
  while (!stop_ && tai_now() < entry.due)
    sleep_until_tai(std::min(entry.due, tai_now() + 10'000'000));
  if (stop_) return true;
  RingState ring{};
  if (!watch(&ring)) return false;
  if (ring.level >= kAhead) {
    bump(stats.behind);
    return true;
  }
  if (tai_now() > entry.due + kLate) bump(stats.late);
  Transferred done;
  if (!put(entry.frame, &done)) {
    bump(stats.errors);
    return port_->there();
  }
  bump(stats.put);
  if (!live_) {  // repeats until now were of black
    live_ = true;
    if (port_->ring(&ring)) dropped_ = ring.dropped;
  }
  if (pending_count_ == kPending) {
    first_ = (first_ + 1) % kPending;
    --pending_count_;
    bump(stats.unconfirmed);
  }
  const rtv_frame *f = entry.frame;
  const int64_t origin = f->flags & RTV_SLATE ? 0 : f->origin_tai ? f->origin_tai : f->capture_tai;
  pending_[(first_ + pending_count_++) % kPending] = {done.slot, entry.due, origin, done.now};
  return true;
}

bool Playout::give_black() {
  RingState ring{};
  if (!watch(&ring)) return false;
  if (ring.level >= kAhead) return true;  // soon
  Transferred done;
  if (!put(black_, &done)) {
    bump(stats.errors);
    return port_->there();
  }
  bump(stats.black);
  live_ = false;
  return true;
}

}  // namespace rtv::ntv2
