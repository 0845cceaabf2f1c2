// SPDX-License-Identifier: Apache-2.0
// The card's thread: what happens with each frame, and when the signal changes.
#include "arrivals.hpp"

#include <unistd.h>

#include "hardware_clock.hpp"
#include "raster.hpp"

namespace rtv::decklink {

namespace {
void bump(CaptureStats::Count &c, uint64_t n = 1) { c.fetch_add(n, std::memory_order_relaxed); }

constexpr uint8_t kTimecodeDid = 0x60, kTimecodeSdid = 0x60;    // SMPTE ST 12-2
constexpr uint8_t kPayloadDid = 0x41, kPayloadSdid = 0x01;      // SMPTE ST 352
constexpr int64_t kStampSlack = 1'000'000;  // ns that the mapping of clocks may be off
}  // namespace

void Capture::set_signal(uint32_t signal) {
  // The first picture of a new input is news enough; that there is none is told.
  uint32_t before = RTV_SIGNAL_UNLOCKED;
  if (signal == RTV_SIGNAL_LOCKED &&
      stats.signal.compare_exchange_strong(before, signal, std::memory_order_relaxed))
    return;
  if (stats.signal.load(std::memory_order_relaxed) == signal) return;
  const rtv_format seen = detected();
  if (signal == RTV_SIGNAL_MISMATCH) say_wrong(seen);
  say_signal(signal, tai_now(), &seen);
}

void Capture::say_wrong(const rtv_format &seen) {
  fail("the input is " + words(seen) + "; configured is " + words(options_.format));
}

// Start of the frame's raster, TAI ns.
int64_t Capture::stamp(abi::VideoInputFrame *video, int64_t now) {
  ClockReading r;
  if (read_clock(input_.get(), &r, 1)) map_.add(r.card_ns, r.tai_before, r.tai_after);
  counts.card_ppb.store(map_.ppb(), std::memory_order_relaxed);
  const int64_t length = frame_ns(options_.format);
  int64_t at = 0, lasts = 0;
  // A card without stamps: it calls when the frame is whole, a little later.
  if (!map_.known() || video->GetHardwareReferenceTimestamp(kSecond, &at, &lasts) != abi::kOk)
    return now - length;
  const int64_t stamped = map_.tai(at);
  const int64_t end = options_.stamp_at_end ? stamped : stamped + length;
  if (end > now + kStampSlack) bump(counts.impossible_stamps);
  arrival.add(now - end);
  return end - length;
}

// The card's own count of frames, going on through every new beginning of its streams. Frames that
// it marked as without input, or that were of another format, leave no gap.
uint64_t Capture::number(abi::VideoInputFrame *video) {
  int64_t time = 0, duration = 0;
  int64_t index = last_index_ + 1;
  if (video->GetStreamTime(&time, &duration, enabled_.scale) == abi::kOk && duration > 0)
    index = (time + duration / 2) / duration;
  const auto next = static_cast<int64_t>(numbered_ ? last_number_ + 1 : 0);
  if (last_index_ < 0 || index <= last_index_) number_base_ = next - index;
  const auto number = static_cast<uint64_t>(number_base_ + index);
  if (number > static_cast<uint64_t>(next) && numbered_) bump(stats.lost, number - next);
  last_index_ = index;
  last_number_ = number;
  numbered_ = true;
  return number;
}

void Capture::look_at_ancillary(abi::VideoInputFrame *video, const rtv_frame *frame) {
  Ref<abi::Timecode> timecode;
  if (video->GetTimecode(abi::timecode::kRp188Any, timecode.out()) == abi::kOk && timecode) {
    bump(counts.timecodes);
    counts.timecode.store(timecode->GetBCD(), std::memory_order_relaxed);
  }
  bump(counts.anc_packets, frame->anc_count);
  for (uint32_t i = 0; i < frame->anc_count; ++i) {
    const rtv_anc &a = frame->anc[i];
    if (a.did == kTimecodeDid && a.sdid == kTimecodeSdid) bump(counts.anc_timecodes);
    if (a.did == kPayloadDid && a.sdid == kPayloadSdid) bump(counts.anc_payload_ids);
  }
}

void Capture::frame_arrived(abi::VideoInputFrame *video, abi::AudioInputPacket *audio) {
  const int64_t now = tai_now();
  if (gone()) return;
  if (video->GetFlags() & abi::frame_flag::kNoInputSource) {
    // What such a frame shows is the card's invention: colour bars, blue, the last picture.
    bump(counts.no_signal);
    last_index_ = -1;
    set_signal(RTV_SIGNAL_ABSENT);
    return;
  }
  const rtv_format &f = options_.format;
  const bool fits = video->GetWidth() == static_cast<long>(f.width) &&
                    video->GetHeight() == static_cast<long>(f.height) &&
                    video->GetPixelFormat() == pixel_format_of(f) && same_raster(enabled_, f);
  if (format_state_ != RTV_SIGNAL_LOCKED || !fits) {
    bump(stats.withheld);
    last_index_ = -1;
    set_signal(format_state_ == RTV_SIGNAL_LOCKED ? uint32_t{RTV_SIGNAL_MISMATCH} : format_state_);
    return;
  }
  set_signal(RTV_SIGNAL_LOCKED);
  const int64_t begun = stamp(video, now);
  const uint64_t sequence = number(video);
  rtv_frame *frame = views_->acquire(video, audio, options_.channels, f);
  if (!frame) {
    bump(stats.no_buffer);
    return;
  }
  look_at_ancillary(video, frame);
  frame->capture_tai = begun;
  frame->sequence = sequence;
  bump(counts.audio_samples, frame->audio_samples);
  deliver(frame);
  callback.add(tai_now() - now);
}

void Capture::format_changed(uint32_t events, abi::DisplayMode *mode, uint32_t flags) {
  const ModeFacts m = mode_facts(mode);
  const rtv_format &configured = options_.format;
  const rtv_format found = detected_format(m, flags, configured);
  const uint32_t pixels = found.layout == RTV_UYVY ? abi::pixels::k2vuy : abi::pixels::kV210;
  const bool right = same_raster(m, configured) && found.layout == configured.layout;
  uint32_t state = found.layout == 0 ? RTV_SIGNAL_UNSUPPORTED : RTV_SIGNAL_MISMATCH;
  if (right) state = RTV_SIGNAL_LOCKED;
  const bool follows = m.mode != mode_ || pixels != pixels_;
  // Another colour space in samples of the same kind: following it would set the card off again,
  // and again.
  if (!follows && state == format_state_) {
    if (events & abi::changed::kColourSpace) bump(counts.colour_changes);
    return;
  }
  {
    std::lock_guard hold(found_mutex_);
    found_ = found;
  }
  format_state_ = state;
  if (follows) follow(m, pixels);
  // Told with the format; the return of the right one is believed when its first picture is there.
  stats.signal = right ? uint32_t{RTV_SIGNAL_UNLOCKED} : state;
  if (!right) say_wrong(found);
  say_format(found, tai_now());
  if (state != RTV_SIGNAL_UNSUPPORTED) return;
  // A format event alone would be taken for a mismatch.
  stats.signal = RTV_SIGNAL_UNLOCKED;
  say_signal(state, tai_now(), &found);
}

void Capture::follow(const ModeFacts &mode, uint32_t pixels) {
  // While the input is being opened this waits; while it is being closed there is nothing to do.
  std::unique_lock hold(control_, std::try_to_lock);
  while (!hold) {
    if (stopping_) return;
    usleep(100);
    if (hold.try_lock()) break;
  }
  if (!input_) return;
  input_->PauseStreams();
  memory_->fit(static_cast<size_t>(row_bytes_of(pixels, mode.width)) * mode.height);
  input_->EnableVideoInput(mode.mode, pixels, abi::input_flag::kFormatDetection);
  input_->FlushStreams();
  input_->StartStreams();
  enabled_ = mode;
  mode_ = mode.mode;
  pixels_ = pixels;
  last_index_ = -1;
}

}  // namespace rtv::decklink
