// SPDX-License-Identifier: Apache-2.0
#include "tx_feed.hpp"

#include <algorithm>

#include "rtvbox/clock.hpp"

namespace rtv {
namespace {

constexpr int64_t kTryAgain = kSecond;       // a source that is gone
constexpr int64_t kLeastSilence = 100'000'000;  // ns without a frame that count as a loss
// A frame that arrived so shortly before it is read may next time arrive shortly after.
constexpr int64_t kGuard = 250'000;  // ns

bool whole(const rtv_frame *f) { return rtv_lines_ready(f) >= f->format.height; }

}  // namespace

TxFeed::TxFeed(rtv_source *source, const rtv_format &format, bool slices, Events &events,
               TxCounters &counters)
    : source_(source), format_(format), slices_(slices), events_(events), counters_(counters),
      silence_ns_(std::max(kLeastSilence, 5 * kSecond * format.rate_den / format.rate_num)) {
  source_->retain(source_->self);
}

TxFeed::~TxFeed() {
  drop_stock();
  source_->release(source_->self);
}

int TxFeed::start() {
  const int r = source_->start(source_->self, slices_);
  known_ = stalled_ = false;
  state_ = RTV_SIGNAL_ABSENT;
  next_sequence_ = 0;
  last_frame_tai_ = tai_now();
  if (r == RTV_GONE) become(RTV_SIGNAL_GONE, nullptr);
  return r == RTV_GONE ? RTV_OK : r;
}

void TxFeed::stop() {
  source_->stop(source_->self);
  release_stock();  // what nobody waits for any more is no fault
}

const char *TxFeed::error() const {
  const char *e = source_->error(source_->self);
  return e ? e : "";
}

Reason TxFeed::reason() const {
  switch (state_) {
    case RTV_SIGNAL_MISMATCH:
    case RTV_SIGNAL_UNSUPPORTED:
      return Reason::format;
    case RTV_SIGNAL_GONE:
      return Reason::gone;
    default:
      return Reason::no_signal;
  }
}

// Colorimetry 0 is a card that does not know it.
bool TxFeed::same_format(const rtv_format &f) const {
  return f.width == format_.width && f.height == format_.height &&
         f.rate_num == format_.rate_num && f.rate_den == format_.rate_den &&
         f.sampling == format_.sampling && f.depth == format_.depth && f.scan == format_.scan &&
         f.layout == format_.layout && f.full_range == format_.full_range &&
         (f.colorimetry == 0 || f.colorimetry == format_.colorimetry);
}

void TxFeed::poll() {
  if (state_ == RTV_SIGNAL_GONE) return try_again();
  rtv_event event{};
  // Bounded: a source that answers for ever must not hold up the flow.
  for (int i = 0; i < 16; ++i)
    if (!accept(source_->next(source_->self, 0, &event), event)) break;
  watch_silence();
}

void TxFeed::wait(int64_t timeout_ns) {
  const int64_t until = tai_now() + timeout_ns;
  if (state_ != RTV_SIGNAL_GONE) {
    rtv_event event{};
    const bool came = accept(source_->next(source_->self, timeout_ns, &event), event);
    watch_silence();
    if (came) return;
  }
  // Also for a source that says it has nothing without having waited.
  const int64_t left = until - tai_now();
  if (state_ == RTV_SIGNAL_GONE || left > timeout_ns / 2)
    sleep_until_tai(tai_now() + std::clamp<int64_t>(left, 0, 2'000'000));
  if (state_ == RTV_SIGNAL_GONE) try_again();
}

bool TxFeed::wait_rows(rtv_frame *frame, uint32_t rows, int64_t timeout_ns) {
  if (rtv_lines_ready(frame) >= rows) return true;
  if (timeout_ns <= 0) return false;
  source_->wait_lines(source_->self, frame, rows, timeout_ns);
  return rtv_lines_ready(frame) >= rows;
}

bool TxFeed::accept(int result, const rtv_event &event) {
  switch (result) {
    case RTV_OK:
      break;
    case RTV_SIGNAL_CHANGED:
      // The return of the signal is believed when its first picture is there.
      if (event.signal != RTV_SIGNAL_LOCKED) become(event.signal, &event.format);
      return true;
    case RTV_FORMAT_CHANGED:
      if (!same_format(event.format)) become(RTV_SIGNAL_MISMATCH, &event.format);
      return true;
    case RTV_GONE:
    case RTV_BROKEN:
      become(RTV_SIGNAL_GONE, nullptr);
      return false;
    default:
      return false;
  }
  rtv_frame *frame = event.frame;
  if (!frame) return false;
  if (frame->generation == generation_ && next_sequence_ && frame->sequence > next_sequence_)
    counters_.source_lost.add(frame->sequence - next_sequence_);
  next_sequence_ = frame->sequence + 1;
  generation_ = frame->generation;
  last_frame_tai_ = tai_now();
  if (!same_format(frame->format)) {
    become(RTV_SIGNAL_MISMATCH, &frame->format);
  } else if (frame->signal != RTV_SIGNAL_LOCKED) {
    become(frame->signal, &frame->format);
  } else {
    become(RTV_SIGNAL_LOCKED, nullptr);
    keep(frame);
    return true;
  }
  rtv_frame_unref(frame);
  return true;
}

void TxFeed::keep(rtv_frame *frame) {
  if (stocked_ == kStock) rtv_frame_unref(take(0)), counters_.drops.add();
  stock_[stocked_++] = {frame, last_frame_tai_};
}

void TxFeed::drop_stock() {
  counters_.drops.add(stocked_);
  release_stock();
}

void TxFeed::release_stock() {
  for (uint32_t i = 0; i < stocked_; ++i) rtv_frame_unref(stock_[i].frame);
  stocked_ = 0;
}

rtv_frame *TxFeed::take(uint32_t index) {
  rtv_frame *frame = stock_[index].frame;
  for (uint32_t i = 0; i < index; ++i) rtv_frame_unref(stock_[i].frame);
  if (flowing_) (settled_ ? counters_.drops : counters_.settling).add(index);
  std::copy(stock_.begin() + index + 1, stock_.begin() + stocked_, stock_.begin());
  stocked_ -= index + 1;
  return frame;
}

rtv_frame *TxFeed::take_synchronous(int64_t read_tai) {
  uint32_t ready = 0;
  while (ready < stocked_ && whole(stock_[ready].frame)) ++ready;
  if (ready == 0) return nullptr;
  // A source in phase with the alignment points would now be repeated and then dropped by each
  // jitter: a frame that has only just come waits for the next alignment point, and from then on
  // there is always one in stock.
  const bool fresh = read_tai - stock_[ready - 1].arrived_tai < kGuard;
  if (ready >= 2 && fresh) return take(ready - 2);
  return take(ready - 1);
}

rtv_frame *TxFeed::take_starting_at(int64_t tai, int64_t tolerance_ns) {
  for (uint32_t i = stocked_; i-- > 0;) {
    const int64_t d = stock_[i].frame->capture_tai - tai;
    if (d <= tolerance_ns && d >= -tolerance_ns) return take(i);
  }
  return nullptr;
}

rtv_frame *TxFeed::take_next() {
  if (stocked_ == 0) return nullptr;
  return take(stocked_ > 2 ? stocked_ - 1 : 0);
}

void TxFeed::become(uint32_t signal, const rtv_format *found) {
  if (known_ && signal == state_) return;
  const bool first = !known_;
  const uint32_t before = state_;
  known_ = true;
  state_ = signal;
  counters_.signal.set(signal);
  if (signal == RTV_SIGNAL_LOCKED) {
    stalled_ = false;
    if (!first) events_.say(Severity::info, "signal-back", "the input shows a live picture again");
    return;
  }
  drop_stock();
  last_try_ = mono_now();
  if (first || before == RTV_SIGNAL_LOCKED) counters_.signal_losses.add();
  if (signal == RTV_SIGNAL_GONE) {
    events_.say(Severity::error, "source-gone", "the input card does not answer (%.100s); slate sent",
                error());
  } else if (signal == RTV_SIGNAL_MISMATCH || signal == RTV_SIGNAL_UNSUPPORTED) {
    const rtv_format f = found ? *found : rtv_format{};
    events_.say(Severity::error, "format-changed",
                "the input is %ux%u at %u/%u frames/s, %u bit; %ux%u at %u/%u, %u bit is "
                "configured: slate sent",
                f.width, f.height, f.rate_num, f.rate_den, f.depth, format_.width, format_.height,
                format_.rate_num, format_.rate_den, format_.depth);
  } else {
    events_.say(Severity::warning, "signal-lost", "%s",
                stalled_ ? "the input delivers no frames; slate sent"
                         : "the input has no signal; slate sent");
  }
}

void TxFeed::watch_silence() {
  if (state_ == RTV_SIGNAL_GONE || (known_ && state_ != RTV_SIGNAL_LOCKED)) return;
  if (tai_now() - last_frame_tai_ < silence_ns_ * (known_ ? 1 : 3)) return;
  stalled_ = true;
  become(RTV_SIGNAL_UNLOCKED, nullptr);
}

void TxFeed::try_again() {
  const int64_t now = mono_now();
  if (now - last_try_ < kTryAgain) return;
  last_try_ = now;
  counters_.source_restarts.add();
  const int r = source_->start(source_->self, slices_);
  if (r != RTV_OK) return;
  // Signal states count afresh; the picture says "gone" until there is news.
  next_sequence_ = 0;
  last_frame_tai_ = tai_now();
  rtv_event event{};
  state_ = RTV_SIGNAL_UNLOCKED;
  accept(source_->next(source_->self, 0, &event), event);
}

}  // namespace rtv
