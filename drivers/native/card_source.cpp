// SPDX-License-Identifier: Apache-2.0
#include "card_source.hpp"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

namespace rtv {

namespace {
CardSource *card(void *self) { return static_cast<CardSource *>(self); }

void futex_wait(rtv_frame *f, uint32_t seen, int64_t ns) {
  const timespec t{static_cast<time_t>(ns / kSecond), static_cast<long>(ns % kSecond)};
  syscall(SYS_futex, &f->lines_ready, FUTEX_WAIT_PRIVATE, seen, &t, nullptr, 0);
}
}  // namespace

CardSource::CardSource(std::unique_ptr<Content> content, const CardOptions &options)
    : options_(options),
      handover_(options.queue),
      content_(std::move(content)),
      clock_(content_->format(), options.phase_ns) {
  table_ = rtv_source{
      RTV_ABI,
      sizeof(rtv_source),
      this,
      [](void *s) { card(s)->retain(); },
      [](void *s) { card(s)->release(); },
      [](void *s, int slices) { return card(s)->start(slices != 0); },
      [](void *s, int64_t t, rtv_event *e) { return card(s)->next(t, e); },
      [](void *s, rtv_frame *f, uint32_t n, int64_t t) { return card(s)->wait_lines(f, n, t); },
      [](void *s) { card(s)->stop(); },
      [](void *s) { return card(s)->error_.c_str(); },
  };
  stats.generation = generation_;
}

CardSource::~CardSource() {
  stop();
  sweep();
  for (size_t i = ring_out_; i != ring_in_; ++i) delete ring_[i % kCommands].content;
  for (size_t i = 0; i < waiting_n_; ++i) delete waiting_[i].content;
}

void CardSource::sweep() {
  for (size_t i = retired_out_; i != retired_in_.load(std::memory_order_acquire); ++i) {
    delete retired_[i % kRetired];
    retired_out_.store(i + 1, std::memory_order_release);
  }
}

int CardSource::start(bool slices) {
  if (slices && !options_.slices) {
    error_ = "slices: this card hands frames on whole only; start it without slices";
    return RTV_REFUSED;
  }
  if (unplugged_) {
    error_ = "the card is unplugged";
    return RTV_GONE;
  }
  stop();
  slices_ = slices;
  stop_ = false;
  unplug_now_ = false;
  handover_.wake(false);
  running_ = true;
  thread_ = std::thread([this] { run(); });
  return RTV_OK;
}

void CardSource::stop() {
  stop_ = true;
  handover_.wake(true);
  if (thread_.joinable()) thread_.join();
  running_ = false;
  handover_.clear();
}

int CardSource::next(int64_t timeout_ns, rtv_event *event) {
  Handover::Item item;
  *event = rtv_event{};
  if (handover_.pop(timeout_ns, &item)) {
    *event = item.event;
    if (item.event.frame) stats.taken.fetch_add(1, std::memory_order_relaxed);
    return item.result;
  }
  if (unplugged_) {
    event->signal = RTV_SIGNAL_GONE;
    event->tai = tai_now();
    error_ = "the card is unplugged";
    return RTV_GONE;
  }
  return RTV_TIMEOUT;
}

int CardSource::wait_lines(rtv_frame *frame, uint32_t lines, int64_t timeout_ns) {
  const int64_t until = mono_now() + timeout_ns;
  for (;;) {
    const uint32_t have = rtv_lines_ready(frame);
    if (have >= lines) return RTV_OK;
    if (unplugged_) return RTV_GONE;
    const int64_t left = until - mono_now();
    if (left <= 0) return RTV_TIMEOUT;
    futex_wait(frame, have, left);
  }
}

bool CardSource::fault(Fault kind, int64_t value, uint64_t at, std::unique_ptr<Content> content) {
  sweep();
  if (kind == Fault::unplug && at == 0) {
    unplug_now_ = true;
    if (!running_) unplugged_ = true;
    return true;
  }
  const size_t in = ring_in_;
  if (in - ring_out_.load(std::memory_order_acquire) == kCommands) return false;
  ring_[in % kCommands] = {kind, value, at, content.release()};
  ring_in_.store(in + 1, std::memory_order_release);
  return true;
}

// ---- the card's thread ----

void CardSource::set_lines(rtv_frame *frame, uint32_t lines) {
  rtv_set_lines_ready(frame, lines);
  syscall(SYS_futex, &frame->lines_ready, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void CardSource::note_late(int64_t due) {
  const int64_t late = tai_now() - due;
  if (late > stats.late_max_ns.load(std::memory_order_relaxed))
    stats.late_max_ns.store(late, std::memory_order_relaxed);
}

void CardSource::sleep_until(int64_t tai) {
  // In short naps, so that it notes what a machine that stands still does to it.
  for (int64_t now = tai_now(); now < tai;) {
    const int64_t wake = std::min(tai, now + LateWakes::kNap);
    sleep_until_tai(wake);
    now = tai_now();
    late_wakes.note(wake, now);
  }
}

void CardSource::announce(int result, uint32_t signal, int64_t tai) {
  rtv_event e{};
  e.format = content_->format();
  e.signal = signal;
  e.generation = generation_;
  e.tai = tai;
  stats.dropped += handover_.push(result, e);
}

void CardSource::vanish(int64_t tai) {
  unplugged_ = true;
  announce(RTV_GONE, RTV_SIGNAL_GONE, tai);
  handover_.wake(true);
}

void CardSource::apply(const Command &c, int64_t k) {
  const int64_t tai = clock_.at(k);
  switch (c.kind) {
    case Fault::signal:
    case Fault::signal_frames: {
      const auto signal = static_cast<uint32_t>(c.value);
      frames_flow_ = c.kind == Fault::signal_frames || signal == RTV_SIGNAL_LOCKED;
      if (signal == signal_) break;
      signal_ = signal;
      stats.signal_changes.fetch_add(1, std::memory_order_relaxed);
      announce(RTV_SIGNAL_CHANGED, signal, tai);
      break;
    }
    case Fault::drift:
      clock_.run_free(k, c.value);
      break;
    case Fault::freeze:
      frozen_ = c.value != 0;
      frozen_picture_ = sequence_ ? sequence_ - 1 : 0;
      frozen_tai_ = sequence_ ? clock_.at(k - 1) : tai;
      break;
    case Fault::content: {
      const size_t in = retired_in_;  // room: never more than there are commands
      retired_[in % kRetired] = content_.release();
      retired_in_.store(in + 1, std::memory_order_release);
      content_.reset(c.content);
      ++generation_;
      stats.generation.store(generation_, std::memory_order_relaxed);
      stats.format_changes.fetch_add(1, std::memory_order_relaxed);
      const CardClock old = clock_;
      clock_ = CardClock(content_->format(), options_.phase_ns);
      if (!old.genlocked()) clock_.run_free(clock_.index(tai), old.ppb());
      moved_ = true;
      announce(RTV_FORMAT_CHANGED, signal_, tai);
      break;
    }
    case Fault::unplug:
      unplug_now_ = true;
      break;
  }
}

// Takes new commands in and applies those that are due at the frame about to begin.
void CardSource::obey(int64_t k) {
  size_t out = ring_out_;
  while (out != ring_in_.load(std::memory_order_acquire) && waiting_n_ < kCommands) {
    waiting_[waiting_n_++] = ring_[out % kCommands];
    ring_out_.store(++out, std::memory_order_release);
  }
  size_t kept = 0;
  bool changed = false;
  for (size_t i = 0; i < waiting_n_; ++i) {
    const Command c = waiting_[i];
    if (c.at > sequence_ || moved_) {
      waiting_[kept++] = c;
      continue;
    }
    apply(c, k);
    changed = true;
  }
  waiting_n_ = kept;
  if (changed && ready_) {
    rtv_frame_unref(ready_);
    ready_ = nullptr;
  }
}

// A frame with its marks set and no rows yet.
rtv_frame *CardSource::prepare(int64_t k) {
  const int64_t tai = clock_.at(k);
  ready_shot_ = Shot{sequence_, tai, clock_.at(k + 1), frozen_ ? frozen_picture_ : sequence_,
                     frozen_ ? frozen_tai_ : tai, signal_ != RTV_SIGNAL_LOCKED};
  rtv_frame *f = content_->begin(ready_shot_);
  if (!f) return nullptr;
  f->sequence = sequence_;
  f->capture_tai = tai;
  f->generation = generation_;
  if (signal_ != RTV_SIGNAL_LOCKED) f->signal = signal_;
  return f;
}

void CardSource::hand_over(rtv_frame *frame, int64_t due) {
  rtv_event e{};
  e.frame = frame;
  e.format = frame->format;
  e.signal = frame->signal;
  e.generation = frame->generation;
  e.tai = due;
  stats.sequence.store(frame->sequence, std::memory_order_relaxed);
  stats.frames.fetch_add(1, std::memory_order_relaxed);
  stats.dropped += handover_.push(RTV_OK, e);
  note_late(due);
}

void CardSource::play_whole(int64_t k) {
  const int64_t end = clock_.at(k + 1);
  rtv_frame *f = prepare(k);
  if (f) content_->fill(f, ready_shot_, 0, f->format.height);
  sleep_until(end);
  if (f && unplug_now_) {
    rtv_frame_unref(f);
    return;
  }
  if (f) {
    set_lines(f, f->format.height);
    hand_over(f, end);
  } else {
    stats.no_buffer.fetch_add(1, std::memory_order_relaxed);
  }
  ++sequence_;
}

void CardSource::play_sliced(int64_t k) {
  const int64_t begin = clock_.at(k);
  rtv_frame *f = ready_;
  ready_ = nullptr;
  if (f && f->sequence != sequence_) {
    rtv_frame_unref(f);
    f = nullptr;
  }
  if (!f) {  // the first frame, or one after a change: made within its own raster
    f = prepare(k);
    if (f) content_->fill(f, ready_shot_, 0, f->format.height);
  }
  if (f) {
    hand_over(rtv_frame_ref(f), begin);
  } else {
    stats.no_buffer.fetch_add(1, std::memory_order_relaxed);
  }
  ++sequence_;
  // The next frame is made bit by bit between this one's rows, so that no row is late for it.
  ready_ = prepare(k + 1);
  const rtv_format format = content_->format();
  for (uint32_t step = 1; step <= options_.steps; ++step) {
    const uint32_t rows = step_row(step);
    if (ready_) content_->fill(ready_, ready_shot_, step_row(step - 1), rows);
    const int64_t due = begin + row_captured_ns(format, rows - 1);
    sleep_until(due);
    if (unplug_now_) break;
    if (f) set_lines(f, rows);
    note_late(due);
  }
  rtv_frame_unref(f);
}

void CardSource::run() {
  pthread_setname_np(pthread_self(), "rtv-card");
  prctl(PR_SET_TIMERSLACK, 1UL);
  if (options_.realtime) {
    sched_param p{};
    p.sched_priority = 60;
    stats.realtime = pthread_setschedparam(pthread_self(), SCHED_FIFO, &p) == 0;
  }
  int64_t k = clock_.index(tai_now()) + 1;
  if (options_.drifts && clock_.genlocked()) clock_.run_free(k, options_.drift_ppb);
  while (!stop_) {
    if (const int64_t behind = clock_.index(tai_now()) - k; behind > 0) {
      // The thread slept through whole frames; a real card would have captured them.
      k += behind;
      if (frames_flow_) {
        sequence_ += static_cast<uint64_t>(behind);
        stats.missed.fetch_add(static_cast<uint64_t>(behind), std::memory_order_relaxed);
      }
    }
    sleep_until(clock_.at(k));
    moved_ = false;
    obey(k);
    if (moved_) {  // another clock: its next frame
      k = clock_.index(tai_now()) + 1;
      continue;
    }
    if (unplug_now_) {
      vanish(clock_.at(k));
      break;
    }
    const bool whole = !slices_ || content_->format().scan != RTV_PROGRESSIVE;
    if (!frames_flow_)
      ;
    else if (whole)
      play_whole(k);
    else
      play_sliced(k);
    if (unplug_now_) {
      vanish(tai_now());
      break;
    }
    ++k;
  }
  rtv_frame_unref(ready_);
  ready_ = nullptr;
  running_ = false;
}

}  // namespace rtv
