// SPDX-License-Identifier: Apache-2.0
#include "capture.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "stamp_point.hpp"

namespace rtv::v4l2 {

namespace {

constexpr int64_t kLook = 250'000'000;    // between looks at the signal without an event
constexpr int64_t kSettle = 30'000'000;   // a signal that comes must stand still so long
constexpr uint32_t kPatience = 3;         // streams that break off one after the other
constexpr int64_t kStalled = 500'000'000; // locked, but no frame comes

bool same_timings(const Timings &a, const Timings &b) {
  return a.dv.type == b.dv.type && a.dv.bt.width == b.dv.bt.width &&
         a.dv.bt.height == b.dv.bt.height && a.dv.bt.interlaced == b.dv.bt.interlaced &&
         a.format.rate_num == b.format.rate_num && a.format.rate_den == b.format.rate_den;
}

// Of memory that is lent: what an error most often means.
std::string imports(int error) {
  if (error == ENOENT) return "this system has none, leave it out: ";
  if (error == EACCES) return "this user may not take any: ";
  return "its driver takes none of others, leave it out: ";
}

uint32_t state_of(int error) {
  switch (error) {
    case 0:
      return RTV_SIGNAL_LOCKED;
    case ENOLCK:
      return RTV_SIGNAL_UNLOCKED;
    case ERANGE:
      return RTV_SIGNAL_UNSUPPORTED;
    default:
      return RTV_SIGNAL_ABSENT;
  }
}

}  // namespace

Capture::Capture(const CaptureOptions &options)
    : LiveSource(options.queue), options_(options), device_(options.path, *options.kernel) {
  format_ = options.format;
}

Capture::~Capture() { shut(); }

int Capture::open(bool) {
  if (int e = device_.open()) {
    fail(options_.path + ": " + strerror(e));
    return e == ENOENT || e == ENODEV || e == ENXIO ? RTV_GONE : RTV_BROKEN;
  }
  if (!device_.captures()) {
    fail(options_.path + ": it captures no video");
    device_.close();
    return RTV_REFUSED;
  }
  if (options_.input >= 0) {
    if (int e = device_.choose(static_cast<uint32_t>(options_.input))) {
      fail(options_.path + ": input " + std::to_string(options_.input) +
           " cannot be chosen: " + strerror(e));
      device_.close();
      return e == EINVAL ? RTV_REFUSED : RTV_BROKEN;
    }
  }
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0) {
    fail(std::string("eventfd: ") + strerror(errno));
    return RTV_BROKEN;
  }
  uint32_t input = 0;
  device_.current(&input, nullptr);
  // Where there are no such events, we look ourselves.
  announces_ = device_.subscribe(V4L2_EVENT_SOURCE_CHANGE, input) == 0;
  broke_ = 0;
  stop_ = false;
  looked_ = settle_ = 0;
  had_stream_ = false;
  thread_ = std::thread([this] { run(); });
  return RTV_OK;
}

void Capture::shut() {
  stop_ = true;
  if (thread_.joinable()) {
    const uint64_t one = 1;
    if (write(wake_, &one, sizeof one) < 0) {
      // The thread looks at stop_ ten times a second all the same.
    }
    thread_.join();
  }
  end_stream();
  if (wake_ >= 0) ::close(wake_);
  wake_ = -1;
  device_.close();
}

void Capture::run() {
  pthread_setname_np(pthread_self(), "rtv-v4l2");
  prctl(PR_SET_TIMERSLACK, 1UL);
  if (options_.realtime) {
    sched_param p{};
    p.sched_priority = 60;
    realtime = pthread_setschedparam(pthread_self(), SCHED_FIFO, &p) == 0;
  }
  while (!stop_) {
    const int64_t now = mono_now();
    const int64_t period = settle_ ? kSettle : kLook;
    if (now - looked_ >= period) {
      looked_ = now;
      if (!follow_signal(now)) return;
    }
    pollfd wait[2] = {{wake_, POLLIN, 0},
                      {device_.fd(), static_cast<short>(POLLPRI | (stream_ ? POLLIN : 0)), 0}};
    // Without a stream some drivers always report an error: then the pause is a sleep.
    const int64_t left = looked_ + (settle_ ? kSettle : kLook) - mono_now();
    const int pause = static_cast<int>(std::clamp<int64_t>(left / 1'000'000, 1, 100));
    device_.kernel().poll(wait, 2, pause);
    if (wait[1].revents & POLLPRI && source_changed()) {
      // Before the frames: what came after the change is not live.
      looked_ = 0;
      changed_ = true;
      continue;
    }
    if (stream_ && wait[1].revents & (POLLIN | POLLERR | POLLHUP)) {
      if (!take_frames()) return;
    } else if (wait[1].revents & (POLLERR | POLLHUP | POLLNVAL)) {
      device_.kernel().poll(wait, 1, pause);
    }
    if (stream_ && stats.signal == RTV_SIGNAL_LOCKED &&
        mono_now() - last_frame_ > std::max(kStalled, 5 * frame_time())) {
      say_signal(RTV_SIGNAL_UNLOCKED, tai_now());
      end_stream();
      looked_ = 0;
      changed_ = true;
    }
  }
}

bool Capture::source_changed() {
  bool changed = false;
  v4l2_event event{};
  // Bounded: a driver that always has one must not hold the frames up.
  for (int i = 0; i < 64 && device_.control(VIDIOC_DQEVENT, &event) == 0; ++i)
    changed |= event.type == V4L2_EVENT_SOURCE_CHANGE;
  return changed;
}

bool Capture::lost_device(int error, const char *what) {
  if (error != ENODEV && error != ENXIO && error != EBADF) return false;
  end_stream();
  say_gone(tai_now(), options_.path + ": " + what + ": " + strerror(error));
  return true;
}

bool Capture::follow_signal(int64_t now) {
  v4l2_capability cap{};
  if (const int e = device_.control(VIDIOC_QUERYCAP, &cap); lost_device(e, "unplugged"))
    return false;
  Timings found{};
  found.format = options_.format;
  uint32_t state = device_.input_state();
  // Measuring the timings takes many a card a tenth of a second, which frames would wait for.
  const bool measure = !stream_ || !announces_ || changed_ || state != RTV_SIGNAL_LOCKED;
  changed_ = false;
  if (device_.has_timings() && !measure) found = seen_;
  if (device_.has_timings() && measure) {
    const int e = device_.query_timings(&found);
    if (lost_device(e, "unplugged")) return false;
    if (e == EBUSY && stream_) {
      found = seen_;  // it cannot look while it streams
    } else if (const uint32_t seen = state_of(e); seen != RTV_SIGNAL_LOCKED) {
      state = seen;
    }
  }
  const bool steady = same_timings(found, seen_);
  seen_ = found;
  if (state == RTV_SIGNAL_LOCKED) {
    const bool exact = found.dv.bt.flags & V4L2_DV_FL_CAN_DETECT_REDUCED_FPS;
    if (!same_signal(options_.format, found.format, exact)) state = RTV_SIGNAL_MISMATCH;
    // What comes must stand still first; what goes is gone at once.
    const bool news = state != stats.signal || (state == RTV_SIGNAL_LOCKED && !stream_);
    if (news && !(steady && settle_)) {
      if (stats.signal == RTV_SIGNAL_LOCKED) say_signal(RTV_SIGNAL_UNLOCKED, tai_now());
      settle_ = now;
      return true;
    }
  }
  settle_ = 0;
  if (state == RTV_SIGNAL_MISMATCH || state == RTV_SIGNAL_UNSUPPORTED) end_stream();
  if (state == RTV_SIGNAL_LOCKED && !stream_) {
    if (!begin_stream(found)) state = RTV_SIGNAL_UNSUPPORTED;
    if (state == RTV_SIGNAL_LOCKED && had_stream_) stats.restarts.fetch_add(1);
    had_stream_ = true;
  }
  if (state == RTV_SIGNAL_LOCKED && stats.signal != RTV_SIGNAL_LOCKED) last_frame_ = mono_now();
  say_signal(state, tai_now(), &found.format);
  return true;
}

bool Capture::begin_stream(const Timings &timings) {
  const auto refused = [&](const std::string &why) { return fail(options_.path + ": " + why), false; };
  if (device_.has_timings())
    if (const int e = device_.set_timings(timings))
      return refused(std::string("its timings cannot be set: ") + strerror(e));
  if (device_.has_standards())
    if (const int e = device_.set_standard_for(options_.format))
      return refused(e == EDOM ? "this input carries only 720x576i50 and 720x480i59.94"
                               : std::string("its standard cannot be set: ") + strerror(e));
  const std::string why = agree(device_, {options_.format, options_.pixels, options_.field}, &agreed_);
  if (!why.empty()) return refused("it offers " + why);
  if (!device_.has_timings() && !device_.has_standards())
    device_.set_rate(options_.format.rate_num, options_.format.rate_den);
  std::unique_ptr<Buffers> made;
  const std::string &lent = options_.memory;
  if (const int e = Buffers::make(device_, agreed_.format, *agreed_.pixels, options_.buffers, lent, &made))
    return refused((lent.empty() ? "no buffers: " : "memory=" + lent + ": " + imports(e)) + strerror(e));
  for (uint32_t i = 0; i < made->count(); ++i)
    if (const int e = made->queue(i); e && !lent.empty())
      return refused("memory=" + lent + ": " + imports(e) + strerror(e));
  if ((agreed_.pixels->layout != options_.format.layout || !agreed_.order.whole()) && !pool_)
    pool_ = std::make_unique<FramePool>(format_, options_.queue + 6);
  if (const int e = made->stream_on())
    return refused(std::string("the stream does not start: ") + strerror(e));
  stream_ = std::move(made);
  seen_fourcc = agreed_.pixels->fourcc;
  seen_field = device_.planes() ? agreed_.format.fmt.pix_mp.field : agreed_.format.fmt.pix.field;
  buffers = stream_->count();
  count_.restart();
  pairing_.restart();
  lone_ = paired_at_ = 0;
  last_frame_ = mono_now();
  next_generation();
  return true;
}

void Capture::end_stream() {
  stream_.reset();
  rtv_frame_unref(half_);
  half_ = nullptr;
  buffers = 0;
}

bool Capture::take_frames() {
  // Bounded: where a frame takes longer than its period the next one is always there, and the signal
  // and an order to stop must be seen all the same.
  const uint32_t most = stream_->count();
  for (uint32_t i = 0; i < most && !stop_; ++i) {
    Buffers::Filled filled{};
    const int e = stream_->fetch(&filled);
    if (e == EAGAIN) return true;
    if (lost_device(e, "unplugged")) return false;
    if (e) {
      // The queue broke (EIO): a new one, if the signal is still there, but not for ever.
      const std::string why = options_.path + ": the stream broke off: " + strerror(e);
      if (++broke_ > kPatience) {
        end_stream();
        say_gone(tai_now(), why);
        return false;
      }
      fail(why);
      say_signal(RTV_SIGNAL_UNLOCKED, tai_now());
      end_stream();
      looked_ = 0;
      return true;
    }
    // It came before or after a change that is told by now: nobody can say.
    if (announces_ && source_changed()) {
      stream_->queue(filled.index);
      stats.not_live.fetch_add(1, std::memory_order_relaxed);
      looked_ = 0;
      changed_ = true;
      return true;
    }
    hand_on(filled);
  }
  return true;
}

int64_t Capture::frame_time() const {
  return static_cast<int64_t>(static_cast<__int128>(kSecond) * format_.rate_den / format_.rate_num);
}

int64_t Capture::raster_start(int64_t stamp, uint32_t flags) const {
  const bool monotonic =
      (flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
  // TAI may be set while we run, so the distance is measured for each frame. Both clocks run at
  // one rate; the narrowest of a few readings keeps an interruption out of it.
  int64_t mono = mono_now(), distance = 0, width = INT64_MAX;
  for (int i = 0; i < 3; ++i) {
    const int64_t before = mono_now(), tai = tai_now(), after = mono_now();
    if (after - before >= width) continue;
    width = after - before;
    distance = tai - before - width / 2;
    mono = after;
  }
  const int64_t at = monotonic && stamp <= mono ? stamp : mono;
  const bool start = monotonic && (flags & V4L2_BUF_FLAG_TSTAMP_SRC_MASK) ==
                                      V4L2_BUF_FLAG_TSTAMP_SRC_SOE;
  const StampPoint point = start ? StampPoint::raster_start : StampPoint::picture_end;
  return rtv::raster_start(at + distance, point, format_);
}

void Capture::hand_on(const Buffers::Filled &filled) {
  last_frame_ = mono_now();
  const bool live = stats.signal == RTV_SIGNAL_LOCKED;
  const size_t least = size_t{stream_->memory(filled.index).stride[0]} * agreed_.rows;
  const bool good = live && !(filled.flags & V4L2_BUF_FLAG_ERROR) && filled.octets >= least;
  if (!good) (live ? stats.corrupt : stats.not_live).fetch_add(1, std::memory_order_relaxed);
  if (!agreed_.order.whole()) {
    if (good) weave(filled);
    stream_->queue(filled.index);
    return;
  }
  uint64_t lost = 0;
  const uint64_t number = count_.add(filled.sequence, &lost);
  stats.lost.fetch_add(lost, std::memory_order_relaxed);
  if (!good) {
    stream_->queue(filled.index);
    return;
  }
  rtv_frame *frame;
  const int64_t began = raster_start(filled.stamp, filled.flags);
  if (agreed_.pixels->layout == options_.format.layout) {
    frame = stream_->wrap(filled.index);
  } else {
    frame = pool_->acquire();
    if (frame) agreed_.pixels->in(stream_->memory(filled.index), frame, 0, format_.height);
    stream_->queue(filled.index);
    copied.fetch_add(1, std::memory_order_relaxed);
  }
  if (!frame) {
    stats.no_buffer.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  deliver_at(frame, number, began);
}

void Capture::deliver_at(rtv_frame *frame, uint64_t number, int64_t began) {
  frame->format = format_;
  frame->sequence = number;
  frame->capture_tai = began;
  rtv_set_lines_ready(frame, format_.height);
  broke_ = 0;
  deliver(frame);
}

}  // namespace rtv::v4l2
