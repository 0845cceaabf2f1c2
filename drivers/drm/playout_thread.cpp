// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "playout.hpp"

namespace rtv::drm {

namespace {
constexpr int64_t kMs = 1'000'000;
constexpr int64_t kPlugEvery = 250 * kMs, kLightEvery = 1000 * kMs;
constexpr int64_t kLost = 500 * kMs;  // a flip that did not come by then comes no more
// From the commit to the vblank: drivers program registers before the raster ends.
constexpr int64_t kMargin = 500'000;
void bump(Stats::Count &c, int64_t n = 1) { c.fetch_add(n, std::memory_order_relaxed); }
}  // namespace

void Playout::run() {
  pthread_setname_np(pthread_self(), "rtv-drm");
  prctl(PR_SET_TIMERSLACK, 1UL);
  if (options_.realtime) {
    sched_param p{};
    p.sched_priority = 40;
    stats.realtime = pthread_setschedparam(pthread_self(), SCHED_FIFO, &p) == 0;
  }
  while (!stop_) sleep(step(tai_now()));
  // The last picture does not stay: what stands still looks live.
  rtv_frame_unref(field_.frame);
  field_ = {};
  ready_ = {};
  if (!lit_) return;
  const int64_t until = tai_now() + 200 * kMs;
  while (!(black_ && !flying_.valid) && tai_now() < until) {
    take_flips();
    if (!flying_.valid && !black_) go_black(tai_now());
    pollfd p{device_->fd(), POLLIN, 0};
    poll(&p, 1, 5);
  }
}

int64_t Playout::step(int64_t now) {
  take_flips();
  check_plug(now);
  if (!lit_) {
    into_nothing(now);
    return std::min(now + 20 * kMs, next_plug_check_);
  }
  while (!ready_.valid && convert_next(now)) now = tai_now();
  int64_t wake = next_plug_check_;
  if (ready_.valid) {
    wake = std::min(wake, commit_ready(tai_now()));
  } else if (!black_ && !flying_.valid) {
    const int64_t idle = std::max(last_due_, last_submit_.load()) + 2 * picture_ns_ +
                         (format_.scan == RTV_INTERLACED ? 2 * picture_ns_ : 0);
    if (tai_now() >= idle) {
      if (!queued()) {
        journal.say(now, true, "no frame for two periods: black");
        go_black(now);
      }
    } else {
      wake = std::min(wake, idle);
    }
  }
  if (flying_.valid && now - flying_since_ > kLost) {
    bump(stats.flips_lost);
    journal.say(now, true, "the display does not say that it showed a picture; going on without");
    on_screen_ = flying_.buffer;
    flying_ = {};
  }
  return wake;
}

void Playout::sleep(int64_t until) {
  const int64_t left = std::max<int64_t>(until - tai_now(), 0);
  const timespec t{left / kSecond, left % kSecond};
  pollfd p[2] = {{device_->fd(), POLLIN, 0}, {wake_, POLLIN, 0}};
  // Without a picture in flight the device has nothing to say; a dead one would say so for ever.
  ppoll(flying_.valid ? p : p + 1, flying_.valid ? 2 : 1, &t, nullptr);
  uint64_t count;
  if (read(wake_, &count, sizeof count) < 0 && errno != EAGAIN) stop_ = true;
}

// ---- pictures in ----

bool Playout::pop(Entry *e, int64_t now) {
  std::lock_guard hold(mutex_);
  const auto take = [this] {
    const Entry first = queue_[head_];
    head_ = (head_ + 1) % kQueue;
    --count_;
    return first;
  };
  if (!count_) return false;
  *e = take();
  // Behind: what should be on its way by now replaces what should have been before, so that
  // delay never piles up.
  while (count_ && queue_[head_].due + lead() <= now) {
    bump(stats.late_dropped);
    rtv_frame_unref(e->frame);
    *e = take();
  }
  return true;
}

bool Playout::queued() {
  std::lock_guard hold(mutex_);
  return count_ > 0;
}

int Playout::free_buffer() const {
  for (int i = 0; i < kBuffers; ++i)
    if (i != on_screen_ && !(flying_.valid && flying_.buffer == i)) return i;
  return -1;
}

// False: nothing to convert, or nowhere to put it.
bool Playout::convert_next(int64_t now) {
  const int buffer = free_buffer();
  if (buffer < 0) return false;
  Entry e = field_;
  uint32_t field = 0;
  if (e.frame) {
    field_ = {};
    field = 1;
    e.due += picture_ns_;
  } else if (!pop(&e, now)) {
    return false;
  }
  const int64_t began = std::max(now, e.submitted);
  const bool whole = fill(e, field, buffer);
  const int64_t done = tai_now();
  convert.add(done - began);
  const rtv_frame *f = e.frame;
  last_due_ = e.due;
  if (whole) {
    ready_ = {};
    ready_.valid = true;
    ready_.live = !(f->flags & RTV_SLATE);
    ready_.buffer = buffer;
    ready_.due = e.due;
    ready_.sequence = f->sequence;
    ready_.field = field;
    ready_.capture = f->origin_tai ? f->origin_tai : f->capture_tai;
    // Waiting for the picture before to leave is the steering's doing: if it counted as cost,
    // delay would feed on itself.
    const int64_t waited = std::clamp<int64_t>(place_free_ - e.submitted, 0, began - e.submitted);
    ready_.cost = done - e.due - waited;
    if (field == 0 && !ready_.live) bump(stats.slates);
    place(&ready_);
  } else {
    bump(stats.incomplete);
  }
  if (format_.scan == RTV_INTERLACED && field == 0 && whole)
    field_ = e;  // the reference goes with it
  else
    rtv_frame_unref(e.frame);
  return true;
}

// A picture into a buffer; false: its rows did not come within a frame of its due time.
bool Playout::fill(const Entry &e, uint32_t field, int buffer) {
  const Buffer &b = buffers_[static_cast<size_t>(buffer)];
  const Canvas canvas{b.memory, b.pitch, choice_.left, choice_.top};
  uint32_t done = 0;
  const uint32_t height = format_.height;
  const bool fields = format_.scan == RTV_INTERLACED;
  for (;;) {
    const uint32_t ready = std::min(rtv_lines_ready(e.frame), height);
    if (!fields && ready > done) painter_->rows(e.frame, canvas, done, ready);
    done = ready;
    if (done == height) break;
    const int64_t now = tai_now();
    if (!slices_ || stop_ || now > e.due + picture_ns_) return false;
    take_flips();
    sleep_until_tai(now + 100'000);
  }
  if (fields) painter_->field(e.frame, canvas, field);
  return true;
}

// Chooses the picture's vblank, and counts what that means.
void Playout::place(Picture *p) {
  if (choice_.follows) {
    lead_.add(p->cost);
    return;
  }
  if (!has_vblank_ || !clock_->running()) return;
  lead_.add(p->cost);
  // Pictures that were lost before they came here are no slip.
  const int64_t apart = (p->due - placed_due_ + picture_ns_ / 2) / picture_ns_;
  const int64_t pictures = placed_due_ ? std::clamp<int64_t>(apart, 1, 1000) : 1;
  placed_due_ = p->due;
  const Assignment a = steering_->next(*clock_, p->due + lead() + kMargin, pictures);
  p->vblank = a.vblank;
  if (a.slip > 0) bump(stats.slips_repeat, a.slip);
  if (a.slip < 0) bump(stats.slips_drop, -a.slip);
  stats.wait_ns = a.wait;
  stats.lead_ns = lead();
  if (a.first || a.slip) {
    stats.wait_min_ns = a.wait;
    stats.wait_max_ns = a.wait;
  } else {
    stats.wait_min_ns = std::min<int64_t>(stats.wait_min_ns, a.wait);
    stats.wait_max_ns = std::max<int64_t>(stats.wait_max_ns, a.wait);
  }
  publish_phase();
}

void Playout::publish_phase() {
  const Refresh pictures = picture_rate(format_);
  // 2^-16 ns: what the wait grows with each picture.
  const auto picture_16 = static_cast<int64_t>(
      (static_cast<__int128>(pictures.den) * kSecond << 16) / static_cast<__int128>(pictures.num));
  const int64_t refreshes_16 = clock_->span(static_cast<int64_t>(choice_.repeats) << 16);
  const int64_t drift_16 = refreshes_16 - picture_16;
  stats.drift_ppb =
      static_cast<int64_t>(static_cast<__int128>(-drift_16) * 1'000'000'000 / refreshes_16);
  stats.next_slip_ns = next_slip_ns(stats.wait_ns, drift_16, clock_->period(), picture_ns_);
  if (clock_->measured()) {
    const __int128 thousand = static_cast<__int128>(kSecond) * 1000 << 16;
    stats.refresh_mhz = static_cast<int64_t>(thousand / clock_->span(1 << 16));
  }
}

// ---- pictures out ----

// Commits what is ready when its time has come; else says when that is.
int64_t Playout::commit_ready(int64_t now) {
  if (flying_.valid) return flying_since_ + kLost;  // its event wakes us
  if (now < blocked_until_) return blocked_until_;
  if (ready_.vblank) {
    if (ready_.vblank <= last_shown_vblank_) {  // the steering left it out
      ready_ = {};
      place_free_ = now;
      return now;
    }
    // After the vblank before; a commit before that one would be shown with it.
    const int64_t from = clock_->at(ready_.vblank - 1) + refresh_ns() / 16;
    if (now < from) return from;
    if (now > clock_->at(ready_.vblank)) {
      bump(stats.late_dropped);
      ready_ = {};
      place_free_ = now;
      return now;
    }
  } else if (choice_.follows) {
    // The raster begins when the picture comes. All are made to wait for what the slow ones need,
    // so that the delay stays the same.
    const int64_t from = ready_.due + lead();
    if (now < from) return from;
  } else if (now < ready_.due && !has_vblank_) {
    return ready_.due;
  }
  if (commit(ready_)) {
    ready_ = {};
    place_free_ = tai_now();
  }
  return now + kMs;
}

bool Playout::commit(const Picture &p) {
  const int e = device_->flip(buffers_[static_cast<size_t>(p.buffer)], ++cookie_);
  const int64_t now = tai_now();
  if (!e) {
    flying_ = p;
    flying_since_ = now;
    said_busy_ = false;
    return true;
  }
  blocked_until_ = now + kMs;
  if (e == EBUSY) return false;
  bump(stats.commit_errors);
  if (e == ENODEV) {
    gone_ = true;
    lit_ = false;
    journal.say(now, true, "the display controller is gone");
  } else if (!said_busy_) {
    said_busy_ = true;
    journal.say(now, true, "the display refuses a picture: %s%s", std::strerror(e),
                e == EACCES ? "; another program holds the screen" : "");
  }
  blocked_until_ = now + 100 * kMs;
  return true;  // this picture is not tried again
}

void Playout::go_black(int64_t) {
  Picture p;
  p.valid = true;
  p.buffer = kBlack;
  if (!commit(p) || !flying_.valid) return;
  black_ = true;
  stats.black = 1;
  bump(stats.blacks);
  steering_->restart();
}

// The two clocks run at one rate and differ by a constant, until somebody sets one of them. So
// what was found stays until a reading contradicts it by more than its own doubt: a reading that
// was interrupted in the middle is doubtful by as much.
int64_t Playout::flip_tai(int64_t mono) {
  int64_t doubt = kSecond, offset = 0;
  for (int i = 0; i < 3 && doubt > 5'000; ++i) {
    const int64_t before = mono_now(), tai = tai_now(), after = mono_now();
    if (after - before >= doubt) continue;
    doubt = after - before;
    offset = tai - (before + doubt / 2);
  }
  if (offset_doubt_ < 0 || doubt < offset_doubt_ ||
      std::abs(offset - offset_) > doubt + offset_doubt_) {
    offset_ = offset;
    offset_doubt_ = doubt;
  }
  return mono + offset_;
}

void Playout::take_flips() {
  Flip flip;
  while (device_ && device_->read_flip(&flip))
    if (flying_.valid && flip.cookie == cookie_) shown(flip);
}

void Playout::shown(const Flip &flip) {
  const Picture p = flying_;
  flying_ = {};
  on_screen_ = p.buffer;
  place_free_ = tai_now();
  const int64_t tai = flip_tai(flip.mono_ns);
  stats.last_flip_tai = tai;
  if (has_vblank_) {
    seq_ += static_cast<int32_t>(flip.sequence - static_cast<uint32_t>(seq_));
    if (!choice_.follows) clock_->seen(seq_, tai);
    last_shown_vblank_ = seq_;
  }
  if (p.buffer == kBlack) return;
  black_ = false;
  stats.black = 0;
  bump(stats.shown);
  stats.last_sequence = static_cast<int64_t>(p.sequence);
  if (choice_.follows) {
    const int64_t wait = tai - p.due - lead();
    stats.lead_ns = lead();
    stats.wait_ns = wait;
    stats.wait_min_ns = followed_ ? std::min<int64_t>(stats.wait_min_ns, wait) : wait;
    stats.wait_max_ns = followed_ ? std::max<int64_t>(stats.wait_max_ns, wait) : wait;
    ++followed_;
  }
  due_to_flip.add(tai - p.due);
  if (p.live && p.capture) capture_to_flip.add(tai - p.capture);
  if (p.vblank && seq_ > p.vblank) {
    bump(stats.missed_vblanks);
    // Committed in the last half of a refresh, because it was not ready before: that was too late.
    if (flying_since_ > clock_->at(p.vblank) - refresh_ns() / 2)
      lead_.add(p.cost + refresh_ns() / 8);
  }
  journal.pictures.put({p.sequence, p.field, p.due, tai, has_vblank_ ? seq_ : 0, p.vblank});
}

// ---- monitors that come and go ----

bool Playout::plugged() const {
  const int fd = open(options_.status_file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char text[16] = {};
  const ssize_t n = read(fd, text, sizeof text - 1);
  ::close(fd);
  return n > 0 && std::strncmp(text, "connected", 9) == 0;
}

void Playout::check_plug(int64_t now) {
  if (now < next_plug_check_) return;
  next_plug_check_ = now + kPlugEvery;
  if (!device_ || gone_) return;
  const bool there = plugged();
  if (lit_ && !there) {
    lit_ = false;
    bump(stats.unplugs);
    stats.connected = 0;
    journal.say(now, true, "the monitor on %s was unplugged: pictures go into nothing",
                options_.connector.c_str());
    flying_ = ready_ = {};
  } else if (!lit_ && there && now >= next_light_) {
    next_light_ = now + kLightEvery;
    const bool answers = device_->probe();
    note_modes();
    if (!answers) return;
    stats.connected = 1;
    const std::string why = light();
    if (!lit_) journal.say(now, true, "%s", why.c_str());
  }
}

void Playout::into_nothing(int64_t) {
  Entry e;
  rtv_frame_unref(field_.frame);
  field_ = {};
  while (pop(&e, 0)) {
    bump(stats.into_nothing);
    rtv_frame_unref(e.frame);
  }
}

}  // namespace rtv::drm
