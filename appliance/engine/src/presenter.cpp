// SPDX-License-Identifier: Apache-2.0
#include "presenter.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "rtvbox/clock.hpp"

namespace rtv {

// A card wants its frame a little before the instant, and this thread wakes late by less.
constexpr int64_t kAhead = 1'000'000;
// A frame so little after its time is in time, to the eye and to a card's queue.
constexpr int64_t kLateSlack = 100'000;

Presenter::Presenter(rtv_sink *sink, Outbox &outbox, RxCounters &counters,
                     RxHistograms &histograms, Events &events, uint64_t max_frames)
    : sink_(sink),
      outbox_(outbox),
      n_(counters),
      h_(histograms),
      events_(events),
      max_frames_(max_frames) {
  event_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (event_ < 0) throw std::system_error(errno, std::generic_category(), "no eventfd");
  sink_->retain(sink_->self);
}

Presenter::~Presenter() {
  rtv_frame_unref(latest_.load());
  rtv_frame_unref(growing_);
  sink_->release(sink_->self);
  close(event_);
}

void Presenter::wake() {
  const uint64_t one = 1;
  // It can only fail when the count is full, and then the thread is awake.
  if (write(event_, &one, sizeof one) < 0) return;
}

void Presenter::stop() {
  stop_.store(true, std::memory_order_release);
  wake();
}

rtv_frame *Presenter::snapshot() {
  rtv_frame *f = latest_.exchange(nullptr, std::memory_order_acq_rel);
  if (!f) return nullptr;
  rtv_frame_ref(f);
  rtv_frame *expected = nullptr;  // back in its place, unless there is a newer one by now
  if (!latest_.compare_exchange_strong(expected, f, std::memory_order_acq_rel)) rtv_frame_unref(f);
  return f;
}

// Keeps one reference of the latest whole frame for snapshot().
void Presenter::publish(rtv_frame *frame) {
  rtv_frame *whole = frame;
  if (rtv_lines_ready(frame) < frame->format.height) {
    whole = growing_;
    growing_ = rtv_frame_ref(frame);
  } else {
    rtv_frame_unref(growing_);
    growing_ = nullptr;
    rtv_frame_ref(frame);
  }
  if (whole) rtv_frame_unref(latest_.exchange(whole, std::memory_order_acq_rel));
}

bool Presenter::wait_until(int64_t tai) {
  for (;;) {
    if (stop_.load(std::memory_order_acquire)) return false;
    const int64_t now = tai_now();
    if (now >= tai) return true;
    const int64_t wake = std::min(tai, now + 20'000'000);
    sleep_until_tai(wake);
    h_.presenting_late.note(wake, tai_now());
  }
}

void Presenter::present(const Outgoing &o) {
  const bool live = o.capture != 0;
  const int64_t now = tai_now();
  const int64_t shown = std::max(now, o.due);  // the sink holds it until it is due
  if (live) o.frame->presented_tai = shown;
  // Whole in time, but this thread came late. Without an offset there is no time to keep.
  if (live && !(o.frame->flags & RTV_LATE) && now > o.due + kLateSlack &&
      n_.link_offset_ns.get() != 0)
    n_.shown_late.add();
  if (sink_->submit(sink_->self, o.frame, o.due) != RTV_OK) {
    n_.sink_errors.add();
    if (!said_error_) {
      const char *why = sink_->error(sink_->self);
      events_.say(Severity::error, "sink", "the sink refused a frame: %s", why ? why : "");
    }
    said_error_ = true;
  } else {
    said_error_ = false;
  }
  publish(o.frame);
  if (!live) {
    if (presented_ > 0) n_.repeats.add();  // before the first live frame nothing is wanting
    return;
  }
  n_.presented.add();
  if (o.news) {
    h_.latency.add(shown - o.capture);
    h_.added.add(shown - o.capture - o.sending);
  }
  if (++presented_ == max_frames_) done_.store(true, std::memory_order_release);
}

void Presenter::run() {
  int64_t accounted = 0;
  while (!stop_.load(std::memory_order_acquire) && !done()) {
    Outgoing o;
    if (!outbox_.pop(&o)) {
      pollfd p{event_, POLLIN, 0};
      poll(&p, 1, 50);
      uint64_t count;
      if (read(event_, &count, sizeof count) < 0 && errno != EAGAIN) break;
      continue;
    }
    if (wait_until(o.due - kAhead)) present(o);
    rtv_frame_unref(o.frame);
    const int64_t now = mono_now();
    if (now - accounted > 10'000'000) {
      accounted = now;
      n_.cpu_present_ns.set(static_cast<uint64_t>(now_ns(CLOCK_THREAD_CPUTIME_ID)));
    }
  }
}

}  // namespace rtv
