// SPDX-License-Identifier: Apache-2.0
#include "playout.hpp"

#include <pthread.h>
#include <sys/prctl.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "rtvbox/clock.hpp"

namespace rtv::v4l2 {

namespace {

constexpr int64_t kStale = 500'000'000;  // without a frame for so long, what stands is not live

Playout *playout(void *self) { return static_cast<Playout *>(self); }

// A row of black of ours, which a frame repeats; V210.
std::vector<uint8_t> black_row(uint32_t width) {
  std::vector<uint8_t> row((width + 47) / 48 * 128);
  for (size_t i = 0; i < row.size() / 4; ++i) {
    // Cb Y Cr, Y Cb Y, ... of 512 and 64
    const uint32_t word = i % 2 == 0 ? 512u | 64u << 10 | 512u << 20 : 64u | 512u << 10 | 64u << 20;
    std::memcpy(&row[i * 4], &word, 4);
  }
  return row;
}

}  // namespace

Playout::Playout(const PlayoutOptions &options) : options_(options), device_(options.path, *options.kernel) {
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
  error_ = options_.path + ": " + why;
  return result;
}

int Playout::start(const rtv_format &format) {
  stop();
  if (format.layout != RTV_V210 && format.layout != RTV_UYVY)
    return fail(RTV_REFUSED, "only 4:2:2 of 8 or 10 bits is played out; choose another sampling");
  if (int e = device_.open())
    return fail(e == ENOENT || e == ENODEV || e == ENXIO ? RTV_GONE : RTV_BROKEN, strerror(e));
  if (!device_.plays()) return fail(RTV_REFUSED, "it plays no video out");
  if (options_.output >= 0)
    if (int e = device_.choose(static_cast<uint32_t>(options_.output)))
      return fail(e == EINVAL ? RTV_REFUSED : RTV_BROKEN,
                  "output " + std::to_string(options_.output) + " cannot be chosen: " + strerror(e));
  format_ = format;
  if (device_.has_timings()) {
    Timings timings{};
    if (device_.timings_for(format, &timings) != 0)
      return fail(RTV_REFUSED, "it has no timings for this raster and rate");
    if (int e = device_.set_timings(timings))
      return fail(RTV_BROKEN, std::string("its timings cannot be set: ") + strerror(e));
  }
  if (device_.has_standards())
    if (int e = device_.set_standard_for(format))
      return fail(RTV_REFUSED, e == EDOM ? "this output carries only 720x576i50 and 720x480i59.94"
                                         : std::string("its standard cannot be set: ") + strerror(e));
  if (int result = choose(format)) return result;
  stats.gone = 0;
  stats.rounded = format.depth > agreed_.pixels->depth;
  stop_ = false;
  running_ = true;
  thread_ = std::thread([this] { run(); });
  return RTV_OK;
}

int Playout::choose(const rtv_format &format) {
  const std::string why = agree(device_, {format, options_.pixels, options_.field}, &agreed_);
  if (!why.empty()) return fail(RTV_REFUSED, "it takes " + why);
  if (agreed_.order.fields && agreed_.order.bottom_first)
    return fail(RTV_REFUSED, "it takes the bottom field first, ours is the top one; write "
                             "v4l2:KEY,fields=alternate");
  if (!device_.has_timings() && !device_.has_standards())
    device_.set_rate(format.rate_num, format.rate_den);
  if (int e = Buffers::make(device_, agreed_.format, *agreed_.pixels, options_.buffers * parts(),
                            "", &stream_))
    return fail(RTV_BROKEN, std::string("no buffers: ") + strerror(e));
  stats.fourcc = agreed_.pixels->fourcc;
  stats.field = device_.planes() ? agreed_.format.fmt.pix_mp.field : agreed_.format.fmt.pix.field;
  due_.assign(stream_->count(), 0);
  with_driver_.assign(stream_->count(), 0);
  streaming_ = false;
  return RTV_OK;
}

int Playout::submit(rtv_frame *frame, int64_t due_tai) {
  if (stats.gone) return RTV_GONE;
  if (!running_) return fail(RTV_REFUSED, "the sink is not started");
  const rtv_format &f = frame->format;
  if (f.width != format_.width || f.height != format_.height || f.layout != format_.layout)
    return fail(RTV_REFUSED, "the frame is not of the format that the sink was started with");
  rtv_frame *oldest = nullptr;
  {
    std::lock_guard hold(mutex_);
    if (waiting_ == kQueue) {
      oldest = queue_[head_].frame;
      head_ = (head_ + 1) % kQueue;
      --waiting_;
      stats.overflow.fetch_add(1, std::memory_order_relaxed);
    }
    queue_[(head_ + waiting_++) % kQueue] = {rtv_frame_ref(frame), due_tai};
  }
  changed_.notify_one();
  rtv_frame_unref(oldest);
  stats.submitted.fetch_add(1, std::memory_order_relaxed);
  return RTV_OK;
}

void Playout::stop() {
  {
    std::lock_guard hold(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  std::lock_guard hold(mutex_);
  for (; waiting_; --waiting_, head_ = (head_ + 1) % kQueue) rtv_frame_unref(queue_[head_].frame);
  stream_.reset();
  device_.close();
  running_ = false;
}

void Playout::run() {
  pthread_setname_np(pthread_self(), "rtv-v4l2-out");
  prctl(PR_SET_TIMERSLACK, 1UL);
  if (options_.realtime) {
    sched_param p{};
    p.sched_priority = 60;
    stats.realtime = pthread_setschedparam(pthread_self(), SCHED_FIFO, &p) == 0;
  }
  const auto period = std::chrono::nanoseconds(
      static_cast<int64_t>(static_cast<__int128>(kSecond) * format_.rate_den / format_.rate_num));
  int64_t last = mono_now();
  bool shows_black = false;
  for (;;) {
    Entry entry{nullptr, 0};
    {
      std::unique_lock hold(mutex_);
      changed_.wait_for(hold, period, [this] { return waiting_ > 0 || stop_; });
      if (stop_) return;
      if (waiting_ > 0) {
        entry = queue_[head_];
        head_ = (head_ + 1) % kQueue;
        --waiting_;
      }
    }
    bool alive = true;
    if (entry.frame) {
      alive = give(entry);
      rtv_frame_unref(entry.frame);
      last = mono_now();
      shows_black = false;
    } else if (mono_now() - last > kStale && !shows_black) {
      alive = give_black();
      shows_black = true;
    } else {
      alive = reclaim();
    }
    if (!alive) {
      stats.gone = 1;
      return;
    }
  }
}

// Takes back what the driver has sent. False: the device is gone.
bool Playout::reclaim() {
  if (!streaming_) return true;
  for (;;) {
    Buffers::Filled sent{};
    const int e = stream_->fetch(&sent);
    if (e == EAGAIN) return true;
    if (e == ENODEV || e == ENXIO || e == EBADF) {
      fail(RTV_GONE, std::string("unplugged: ") + strerror(e));
      return false;
    }
    if (e) {
      stats.errors.fetch_add(1, std::memory_order_relaxed);
      fail(RTV_BROKEN, std::string("the stream broke off: ") + strerror(e));
      return e != EIO;
    }
    with_driver_[sent.index] = 0;
    const bool monotonic =
        (sent.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    if (due_[sent.index] && monotonic) {
      const int64_t at = sent.stamp + tai_now() - mono_now();
      if (at >= due_[sent.index]) after_due.add(at - due_[sent.index]);
    }
    due_[sent.index] = 0;
  }
}

bool Playout::free_buffers(std::array<uint32_t, 2> *found) const {
  uint32_t count = 0;
  for (uint32_t i = 0; i < with_driver_.size() && count < parts(); ++i)
    if (!with_driver_[i]) (*found)[count++] = i;
  return count == parts();
}

void Playout::write(const rtv_frame *frame, const std::array<uint32_t, 2> &into) const {
  const Pixels &pixels = *agreed_.pixels;
  if (agreed_.order.place == FieldOrder::Place::rows)
    return pixels.out(frame, stream_->memory(into[0]), 0, format_.height);
  for (const bool bottom : {false, true}) {
    rtv_frame rows{};
    rows.format = frame->format;
    rows.format.height /= 2;
    rows.plane[0] = frame->plane[0] + (bottom ? frame->stride[0] : 0);
    rows.stride[0] = frame->stride[0] * 2;
    const Memory &memory = stream_->memory(into[bottom && parts() == 2]);
    pixels.out(&rows, view_of(memory, agreed_.order, bottom, agreed_.rows), 0, rows.format.height);
  }
}

// The driver gets the top field first. Errors: an errno value.
int Playout::queue(const std::array<uint32_t, 2> &filled, int64_t due) {
  const bool apart = parts() == 2;
  const uint32_t whole = device_.planes() ? agreed_.format.fmt.pix_mp.field
                                          : agreed_.format.fmt.pix.field;
  for (uint32_t i = 0; i < parts(); ++i) {
    const uint32_t one = i == 0 ? uint32_t{V4L2_FIELD_TOP} : uint32_t{V4L2_FIELD_BOTTOM};
    due_[filled[i]] = i == 0 ? due : 0;
    if (int e = stream_->queue(filled[i], apart ? one : whole)) return e;
    with_driver_[filled[i]] = 1;
  }
  return 0;
}

bool Playout::give(const Entry &entry) {
  if (!reclaim()) return false;
  std::array<uint32_t, 2> at{};
  // The driver sends at its own rate: when it is behind, the newest picture waits for a buffer,
  // half a frame at most.
  const int64_t until = std::max(entry.due, tai_now()) +
                        kSecond * format_.rate_den / format_.rate_num / 2;
  while (!free_buffers(&at)) {
    if (stop_ || tai_now() >= until) {
      stats.no_buffer.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
    sleep_until_tai(tai_now() + 500'000);
    if (!reclaim()) return false;
  }
  // Handed over in slices, it grows until its raster is over; the node takes whole frames.
  const int64_t whole = entry.due + kSecond * format_.rate_den / format_.rate_num;
  while (rtv_lines_ready(entry.frame) < format_.height && !stop_ && tai_now() < whole)
    sleep_until_tai(tai_now() + 200'000);
  if (rtv_lines_ready(entry.frame) < format_.height)
    stats.partial.fetch_add(1, std::memory_order_relaxed);
  write(entry.frame, at);
  if (tai_now() < entry.due)
    sleep_until_tai(entry.due);
  else if (tai_now() > entry.due + 1'000'000)
    stats.late.fetch_add(1, std::memory_order_relaxed);
  if (int e = queue(at, entry.due)) {
    stats.errors.fetch_add(1, std::memory_order_relaxed);
    fail(RTV_BROKEN, std::string("a buffer is refused: ") + strerror(e));
    return e != ENODEV;
  }
  stats.shown.fetch_add(1, std::memory_order_relaxed);
  if (!streaming_) {
    if (int e = stream_->stream_on()) {
      fail(RTV_BROKEN, std::string("the stream does not start: ") + strerror(e));
      return false;
    }
    streaming_ = true;
  }
  return true;
}

bool Playout::give_black() {
  if (!reclaim()) return false;
  std::array<uint32_t, 2> at{};
  if (!streaming_ || !free_buffers(&at)) return true;
  const std::vector<uint8_t> row = black_row(format_.width);
  rtv_frame f{};
  f.format = format_;
  f.format.layout = RTV_V210;
  f.plane[0] = const_cast<uint8_t *>(row.data());
  f.stride[0] = 0;  // the same row again and again
  write(&f, at);
  queue(at, 0);  // refused: what stands is told by the stream's own end
  stats.black.fetch_add(1, std::memory_order_relaxed);
  return true;
}

}  // namespace rtv::v4l2
