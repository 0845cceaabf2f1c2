// SPDX-License-Identifier: Apache-2.0
#include "capture.hpp"

#include <pthread.h>
#include <sys/prctl.h>

#include <algorithm>
#include <chrono>

#include "judge.hpp"
#include "raster.hpp"

namespace rtv::ntv2 {

namespace {

constexpr int64_t kSettle = 30'000'000;    // a signal that comes must stand still so long
constexpr int64_t kStalled = 500'000'000;  // locked, but no frame comes
constexpr auto kLook = std::chrono::milliseconds(10);  // between looks without a stream
constexpr size_t kSamples = 2048;  // of a frame at 48 kHz: 2002 at 24/1.001, and a few

void count(std::atomic<uint64_t> &c, uint64_t n = 1) { c.fetch_add(n, std::memory_order_relaxed); }

}  // namespace

Capture::Capture(std::shared_ptr<Boards> boards, const CaptureOptions &options)
    : LiveSource(options.queue),
      boards_(std::move(boards)),
      options_(options) {}

Capture::~Capture() { shut(); }

int Capture::open(bool) {
  if (const std::string why = why_not_carried(options_.format); !why.empty()) {
    fail("format: " + why);
    return RTV_REFUSED;
  }
  int result = RTV_BROKEN;
  std::string why;
  port_ = boards_->input(options_.key, options_.connector, &result, &why);
  if (!port_) {
    fail(why);
    return result;
  }
  const size_t sound = size_t{options_.channels} * kSamples * sizeof(int32_t);
  if (!pool_) pool_ = std::make_unique<FramePool>(options_.format, options_.buffers + 1, sound);
  spare_ = pool_->acquire();
  if (!spare_) {
    fail("all frames of the last run are still held; let go of them first");
    return RTV_BROKEN;
  }
  settle_.emplace(kSettle);
  map_ = ClockMap();
  streams_ = had_stream_ = looked_ = false;
  stop_ = false;
  thread_ = std::thread([this] { run(); });
  return RTV_OK;
}

void Capture::shut() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
  end_stream();
  rtv_frame_unref(spare_);
  spare_ = nullptr;
  port_.reset();
}

void Capture::run() {
  pthread_setname_np(pthread_self(), "rtv-ntv2");
  prctl(PR_SET_TIMERSLACK, 1UL);
  if (options_.realtime) {
    sched_param p{};
    p.sched_priority = 60;
    card.realtime = pthread_setschedparam(pthread_self(), SCHED_FIFO, &p) == 0;
  }
  while (!stop_) {
    if (!follow_signal()) return;
    if (!streams_) {
      std::this_thread::sleep_for(kLook);
      continue;
    }
    // Without interrupts the driver's answer may come at once.
    if (!port_->wait()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (!take_frames()) return;
    if (streams_ && mono_now() - last_frame_ > std::max(kStalled, 5 * frame_ns(options_.format))) {
      fail("the signal is locked, but no frame comes");
      settle_.emplace(kSettle);
      say_signal(RTV_SIGNAL_UNLOCKED, tai_now());
      end_stream();
    }
  }
}

bool Capture::lost_card() {
  if (port_->there()) return false;
  end_stream();
  say_gone(tai_now(), "card " + options_.key + " does not answer any more; is it unplugged?");
  return true;
}

bool Capture::follow_signal() {
  const InputLook look = port_->look();
  if (!look.there) return !lost_card();
  card.payload_id = look.payload_id;
  const bool slipped = looked_ && look.unlocks != unlocks_;
  if (looked_) {
    count(card.unlocks, static_cast<uint16_t>(look.unlocks - unlocks_));
    count(card.crc_errors, static_cast<uint16_t>(look.crc_errors - crc_));
  }
  looked_ = true;
  unlocks_ = look.unlocks;
  crc_ = look.crc_errors;
  const Judged seen = judge(look, options_.format);
  const int64_t now = mono_now();
  // Lock that was lost and found between two looks: what was recorded meanwhile is no picture.
  bool news = slipped && settle_->signal() == RTV_SIGNAL_LOCKED &&
              settle_->see(RTV_SIGNAL_UNLOCKED, settle_->format(), now);
  news |= settle_->see(seen.signal, seen.format, now);
  if (!news) return true;
  uint32_t signal = settle_->signal();
  if (signal != RTV_SIGNAL_LOCKED) {
    // Before the ring is let go of: nothing of it is live from here on.
    if (signal == RTV_SIGNAL_MISMATCH || signal == RTV_SIGNAL_UNSUPPORTED)
      fail("the input is " + (seen.format.width ? words(seen.format) : "of an unknown format") +
           "; configured is " + words(options_.format));
    say_signal(signal, tai_now(), &settle_->format());
    end_stream();
    return true;
  }
  if (!begin_stream()) {
    if (lost_card()) return false;
    signal = RTV_SIGNAL_UNSUPPORTED;
  }
  say_signal(signal, tai_now(), &settle_->format());
  return true;
}

bool Capture::begin_stream() {
  end_stream();
  const std::string why = port_->begin(options_.format, options_.ring, options_.channels);
  if (!why.empty()) {
    port_->end();
    fail(why);
    return false;
  }
  // The frames' memory, which stays the same. What is out was pinned when it was free.
  rtv_frame *all[65];
  size_t n = 0;
  while (n < std::size(all) && (all[n] = pool_->acquire())) {
    port_->pin(all[n]->plane[0], all[n]->bytes);
    ++n;
  }
  while (n) rtv_frame_unref(all[--n]);
  port_->pin(spare_->plane[0], spare_->bytes);
  streams_ = true;
  dropped_ = 0;
  last_frame_ = mono_now();
  if (had_stream_) count(stats.restarts);
  had_stream_ = true;
  next_generation();
  return true;
}

void Capture::end_stream() {
  if (port_ && streams_) port_->end();
  streams_ = false;
}

bool Capture::read_ring(RingState *state) {
  const int64_t before = tai_now();
  if (!port_->ring(state)) return false;
  map_.add(state->now, before, tai_now());
  card.clock_steps = map_.steps();
  card.clock_uncertainty_ns = map_.uncertainty();
  return true;
}

bool Capture::live() {
  const InputLook look = port_->look();
  return look.there && look.unlocks == unlocks_ &&
         judge(look, options_.format).signal == RTV_SIGNAL_LOCKED;
}

bool Capture::take_frames() {
  // With sound one more must have begun: the card writes samples a little behind the picture.
  const uint32_t least = options_.channels ? 2 : 1;
  for (uint32_t i = 0; i < options_.ring && !stop_; ++i) {
    RingState ring;
    if (!read_ring(&ring)) return !lost_card();
    // Frames that found no room in the ring; they are missing after those that are in it now.
    const uint32_t lost = ring.dropped - dropped_;
    dropped_ = ring.dropped;
    number_ += lost;
    count(stats.lost, lost);
    if (ring.level < least) return true;
    rtv_frame *frame = pool_->acquire();
    rtv_frame *into = frame ? frame : spare_;
    void *sound = options_.channels ? const_cast<uint8_t *>(into->metadata) : nullptr;
    const size_t sound_size = options_.channels * kSamples * sizeof(int32_t);
    Transferred done;
    if (!port_->fetch(into->plane[0], into->bytes, sound, sound ? sound_size : 0, &done)) {
      rtv_frame_unref(frame);
      if (lost_card()) return false;
      count(stats.corrupt);
      return true;
    }
    ++number_;
    last_frame_ = mono_now();
    if (!frame) {
      count(stats.no_buffer);
      continue;
    }
    // The signal is looked at after the frame: what went meanwhile may have gone within it.
    if (!live()) {
      rtv_frame_unref(frame);
      count(stats.not_live);
      return true;
    }
    if (sound) {
      frame->audio = static_cast<const int32_t *>(sound);
      frame->audio_channels = options_.channels;
      frame->audio_samples = static_cast<uint32_t>(
          std::min<size_t>(done.sound_bytes, sound_size) / (options_.channels * sizeof(int32_t)));
    }
    hand_on(frame, done);
  }
  return true;
}

void Capture::hand_on(rtv_frame *frame, const Transferred &done) {
  const int64_t now = tai_now(), period = frame_ns(options_.format);
  const int64_t began = raster_start(map_.tai(done.stamp), kStampPoint, options_.format);
  const int64_t age = now - began;
  // A whole frame took its time to be recorded, and the ring holds no older ones.
  if (done.stamp == 0 || age < period / 2 || age > (options_.ring + 2) * period + kSecond) {
    rtv_frame_unref(frame);
    count(card.unstamped);
    return;
  }
  frame->format = options_.format;
  frame->sequence = number_;
  frame->capture_tai = began;
  rtv_set_lines_ready(frame, options_.format.height);
  if (age > period) arrival.add(age - period);
  deliver(frame);
}

}  // namespace rtv::ntv2
