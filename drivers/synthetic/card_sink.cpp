// SPDX-License-Identifier: Apache-2.0
#include "card_sink.hpp"

#include <pthread.h>
#include <sys/prctl.h>

#include <chrono>

namespace rtv {

namespace {
CardSink *card(void *self) { return static_cast<CardSink *>(self); }
constexpr size_t kAsideMetadata = 16384;
constexpr size_t kAsideAudio = 4096 * 16;  // samples times channels
void bump(SinkStats::Count &c, uint64_t n = 1) { c.fetch_add(n, std::memory_order_relaxed); }
}  // namespace

CardSink::CardSink(const SinkOptions &options) : options_(options) {
  table_ = rtv_sink{
      RTV_ABI,
      sizeof(rtv_sink),
      this,
      [](void *s) { card(s)->retain(); },
      [](void *s) { card(s)->release(); },
      [](void *s, const rtv_format *f, int slices) { return card(s)->start(*f, slices != 0); },
      [](void *s, rtv_frame *f, int64_t due) { return card(s)->submit(f, due); },
      [](void *s) { card(s)->stop(); },
      [](void *s) { return card(s)->error_.c_str(); },
  };
}

CardSink::~CardSink() {
  stop();
  rtv_frame_unref(latest_.exchange(nullptr));
  while (rtv_frame *f = take()) rtv_frame_unref(f);
}

int CardSink::start(const rtv_format &format, bool slices) {
  if (row_bytes(format, 0) == 0 || format.rate_num == 0 || format.rate_den == 0) {
    error_ = "format: this memory layout cannot hold that sampling and depth";
    return RTV_REFUSED;
  }
  stop();
  while (rtv_frame *f = take()) rtv_frame_unref(f);
  format_ = format;
  slices_ = slices;
  seen_ = false;
  const size_t n = keep_;
  aside_.reset();
  if (n) {
    aside_ = std::make_unique<FramePool>(format, n, kAsideMetadata + kAsideAudio * sizeof(int32_t));
    aside_ring_ = std::vector<std::atomic<rtv_frame *>>(n);
    aside_in_ = aside_out_ = 0;
  }
  stop_ = false;
  running_ = true;
  thread_ = std::thread([this] { run(); });
  return RTV_OK;
}

int CardSink::submit(rtv_frame *frame, int64_t due_tai) {
  if (!running_) {
    error_ = "the sink is not started";
    return RTV_REFUSED;
  }
  if (!same_picture(frame->format, format_)) {
    error_ = "format: the frame is not of the format that the sink was started with";
    return RTV_REFUSED;
  }
  const int64_t now = tai_now();
  bump(stats.submitted);
  {
    std::lock_guard hold(mutex_);
    if (count_ == kQueue) {
      bump(stats.overflow);
      return RTV_OK;
    }
    queue_[(head_ + count_++) % kQueue] = {rtv_frame_ref(frame), due_tai ? due_tai : now, now};
  }
  changed_.notify_one();
  return RTV_OK;
}

void CardSink::stop() {
  {
    std::lock_guard hold(mutex_);
    give_up_ = tai_now() + 4 * (running_ ? frame_ns(format_) : 0);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  running_ = false;
  for (; count_; --count_, head_ = (head_ + 1) % kQueue) rtv_frame_unref(queue_[head_].frame);
}

rtv_frame *CardSink::latest() {
  // Taken out while a reference is added; if the thread put a newer one in meanwhile, that stays.
  rtv_frame *f = latest_.exchange(nullptr, std::memory_order_acq_rel);
  if (!f) return nullptr;
  rtv_frame_ref(f);
  rtv_frame *none = nullptr;
  if (!latest_.compare_exchange_strong(none, f, std::memory_order_acq_rel)) rtv_frame_unref(f);
  return f;
}

rtv_frame *CardSink::take() {
  const size_t out = aside_out_;
  if (out == aside_in_.load(std::memory_order_acquire)) return nullptr;
  rtv_frame *f = aside_ring_[out % aside_ring_.size()].load(std::memory_order_relaxed);
  aside_out_.store(out + 1, std::memory_order_release);
  return f;
}

// ---- the card's thread ----

bool CardSink::wait_until(int64_t tai) {
  // In short naps, so that a due time far away does not hold up a stop.
  for (;;) {
    const int64_t now = tai_now();
    if (now >= tai) return true;
    if (stop_ && tai > give_up_) return false;
    const int64_t wake = std::min(tai, now + LateWakes::kNap);
    sleep_until_tai(wake);
    late_wakes.note(wake, tai_now());
  }
}

void CardSink::copy_aside(const rtv_frame *f) {
  rtv_frame *c = aside_->acquire();
  if (!c) {
    bump(stats.keep_dropped);
    return;
  }
  // What stands apart from the pictures is copied field by field: owner and planes are ours.
  copy_rows(c, f, 0, f->format.height);
  c->format = f->format;
  c->sequence = f->sequence;
  c->capture_tai = f->capture_tai;
  c->signal = f->signal;
  c->generation = f->generation;
  c->flags = f->flags;
  c->lines_ready = rtv_lines_ready(f);
  c->origin_tai = f->origin_tai;
  c->presented_tai = f->presented_tai;
  c->rtp_timestamp = f->rtp_timestamp;
  c->static_id = f->static_id;
  if (f->metadata && f->metadata_bytes <= kAsideMetadata) {
    std::memcpy(const_cast<uint8_t *>(c->metadata), f->metadata, f->metadata_bytes);
    c->metadata_bytes = f->metadata_bytes;
  }
  const size_t samples = static_cast<size_t>(f->audio_samples) * f->audio_channels;
  if (f->audio && samples <= kAsideAudio) {
    auto *room = const_cast<uint8_t *>(c->metadata) + kAsideMetadata;
    std::memcpy(room, f->audio, samples * sizeof(int32_t));
    c->audio = reinterpret_cast<const int32_t *>(room);
    c->audio_samples = f->audio_samples;
    c->audio_channels = f->audio_channels;
  }
  const size_t in = aside_in_;  // room: the pool has as many frames as the ring
  aside_ring_[in % aside_ring_.size()].store(c, std::memory_order_relaxed);
  aside_in_.store(in + 1, std::memory_order_release);
  bump(stats.kept);
}

void CardSink::check_order(const Stamp &stamp) {
  if (seen_) {
    if (stamp.sequence == last_) {
      bump(stats.repeated);
    } else if (stamp.sequence < last_) {
      bump(stats.out_of_order);
    } else {
      bump(stats.lost, stamp.sequence - last_ - 1);
    }
  }
  seen_ = true;
  last_ = stamp.sequence;
  stats.last_sequence.store(static_cast<int64_t>(stamp.sequence), std::memory_order_relaxed);
}

void CardSink::look_at(const Entry &e, int64_t shown) {
  const rtv_frame *f = e.frame;
  bump(stats.shown);
  bump(stats.audio_samples, f->audio ? f->audio_samples : 0);
  static constexpr struct {
    uint32_t flag;
    SinkStats::Count SinkStats::*count;
  } kFlags[] = {
      {RTV_CONCEALED, &SinkStats::concealed},     {RTV_REPEATED, &SinkStats::flagged_repeated},
      {RTV_LATE, &SinkStats::flagged_late},       {RTV_NO_METADATA, &SinkStats::no_metadata},
      {RTV_NO_PATIENT, &SinkStats::no_patient},   {RTV_SLATE, &SinkStats::slates},
  };
  for (const auto &k : kFlags)
    if (f->flags & k.flag) bump(stats.*k.count);
  if (f->flags & RTV_SLATE) return;
  bump(stats.live);
  int64_t captured = f->origin_tai ? f->origin_tai : f->capture_tai;
  if (options_.check_stamps) {
    const StampReading got = read_stamps(f);
    bump(stats.strips_unreadable, 6 - got.readable);
    if (got.torn) bump(stats.torn);
    if (got.readable == 0) {
      bump(stats.unreadable);
    } else if ((f->flags & RTV_CONCEALED) && seen_ && got.stamp.sequence == last_) {
      bump(stats.stamp_concealed);  // the strips were among what the frame before fills
    } else if (!got.torn) {
      check_order(got.stamp);
      captured = got.stamp.tai;
      if (f->origin_tai == 0)
        bump(stats.origin_unknown);
      else if (!(f->flags & RTV_NO_METADATA) && f->origin_tai != got.stamp.tai)
        bump(stats.metadata_mismatch);
    }
  }
  if (captured) latency.add(shown - captured);
}

// Follows the scan-out down the raster and counts rows that were not there when their turn came.
void CardSink::scan(const Entry &e) {
  uint64_t missing = 0;
  const uint32_t height = format_.height;
  for (uint32_t step = 0; step < options_.steps; ++step) {
    const auto from = static_cast<uint32_t>(static_cast<uint64_t>(height) * step / options_.steps);
    const auto end =
        static_cast<uint32_t>(static_cast<uint64_t>(height) * (step + 1) / options_.steps);
    const int64_t turn = e.due + row_scanned_ns(format_, from);
    if (!wait_until(turn)) break;
    // Rows that turn up while their step is being scanned get the benefit of the doubt only if
    // the first of them was there in time.
    if (end > from && (turn < e.submitted || rtv_lines_ready(e.frame) <= from))
      missing += end - from;
  }
  if (missing) {
    bump(stats.underruns);
    bump(stats.underrun_rows, missing);
  }
}

void CardSink::show(const Entry &e) {
  if (!wait_until(e.due)) return;
  const int64_t late = e.submitted - e.due;
  if (late > 0) {
    bump(stats.late);
    if (late > stats.late_max_ns.load(std::memory_order_relaxed))
      stats.late_max_ns.store(late, std::memory_order_relaxed);
  }
  rtv_frame_unref(latest_.exchange(rtv_frame_ref(e.frame), std::memory_order_acq_rel));
  const bool lines = slices_ && options_.line_clock;
  if (lines)
    scan(e);
  else if (rtv_lines_ready(e.frame) < format_.height)
    wait_until(e.due + frame_ns(format_));
  if (rtv_lines_ready(e.frame) < format_.height && !lines) {
    bump(stats.underruns);
    bump(stats.underrun_rows, format_.height - rtv_lines_ready(e.frame));
  }
  look_at(e, lines ? e.due : std::max(e.due, e.submitted));
  if (aside_) copy_aside(e.frame);
}

void CardSink::run() {
  pthread_setname_np(pthread_self(), "rtv-panel");
  prctl(PR_SET_TIMERSLACK, 1UL);
  if (options_.realtime) {
    sched_param p{};
    p.sched_priority = 40;
    stats.realtime = pthread_setschedparam(pthread_self(), SCHED_FIFO, &p) == 0;
  }
  for (;;) {
    Entry e;
    {
      std::unique_lock hold(mutex_);
      changed_.wait(hold, [this] { return count_ > 0 || stop_; });
      if (count_ == 0) return;
      e = queue_[head_];
      head_ = (head_ + 1) % kQueue;
      --count_;
    }
    show(e);
    rtv_frame_unref(e.frame);
  }
}

}  // namespace rtv
