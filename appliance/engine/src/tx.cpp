// SPDX-License-Identifier: Apache-2.0
#include "tx.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "awake.hpp"
#include "path_watch.hpp"
#include "rtvbox/clock.hpp"
#include "thread.hpp"

namespace rtv {
namespace {

constexpr uint32_t kVideoClock = 90'000;    // Hz, ST 2110-20
constexpr int64_t kCardPatience = 2'000'000;  // for a frame that should be there
constexpr int64_t kReadAhead = 120'000;     // ns from reading a frame to its first packet
constexpr int64_t kSpin = 60'000;           // ns; sleep here wakes 25-40 us late, 100 at worst
constexpr int64_t kLongLead = 200'000;      // ns of lead with which waking late does no harm
constexpr int64_t kSettle = 250'000'000;       // ns
constexpr int64_t kFirstPicture = 250'000'000;  // ns to wait for it before a slate is sent

// Not a time: where two starts of the same stream should differ (RFC 3550, 5.1).
uint32_t scattered(uint32_t salt) {
  auto x = static_cast<uint64_t>(mono_now()) * 0x9e3779b97f4a7c15u + salt;
  x ^= x >> 29;
  return static_cast<uint32_t>((x * 0xbf58476d1ce4e5b9u) >> 32);
}

[[noreturn]] void refuse(const std::string &line) { throw std::invalid_argument(line); }

const Kernel *kernel_of(const rtv_format &format) {
  if (const std::string why = format_refusal(format); !why.empty()) refuse(why);
  return find_kernel(format);
}

PacketPlan plan_of(const TxConfig &c, const Kernel &k) {
  return make_packet_plan(c.packets.data(), c.packets.size() / 10, c.format,
                          {k.pgroup_octets, k.pgroup_pixels}, c.max_udp, c.payload_type, c.ssrc);
}

TxPacing pacing_of(const TxConfig &c, const PacketPlan &plan) {
  const auto number = [](auto n) { return std::to_string(n); };
  if (c.cmax < 1 || c.cmax > 1024) refuse("cmax: " + number(c.cmax) + " is not 1 to 1024");
  if (c.drain_ps < 1 || c.drain_ps > 1'000'000'000'000)
    refuse("drain_ps: " + number(c.drain_ps) + " is no duration of a packet");
  if (c.active_ns < 1 || c.active_ns > 10 * kSecond)
    refuse("active_ns: " + number(c.active_ns) + " is no duration of a frame");
  if (c.tro_ns < 0 || c.tro_ns > 10 * kSecond)
    refuse("tro_ns: " + number(c.tro_ns) + " is negative or above 10 s");
  if (c.lead_packets > plan.count())
    refuse("lead_packets: " + number(c.lead_packets) + " is more than a frame has");
  if (c.paced && c.burst > c.cmax)
    refuse("burst: " + number(c.burst) + " is above cmax " + number(c.cmax) +
           "; choose at most cmax, or paced=False");
  if (c.max_udp < 576 || c.max_udp > 8960)
    refuse("max_udp: " + number(c.max_udp) + " is not 576 to 8960; choose 1460 or 8960");
  if (c.static_period_ns < 1 || c.static_period_ns > kSecond)
    refuse("static_period_ns: " + number(c.static_period_ns) +
           " is above one second, which PS3.22 asks for");
  TxPacing p;
  p.paced = c.paced;
  p.txtime = c.txtime;
  p.cmax = c.cmax;
  p.drain_ps = c.drain_ps;
  // A long lead forgives a late wake-up, so the thread may sleep; a short one must be spun for.
  const int64_t lead_ns = static_cast<int64_t>(c.lead_packets) * c.active_ns / plan.count();
  p.adaptive = c.spin_ns < 0 && lead_ns >= kLongLead;
  p.spin_ns = c.spin_ns < 0 ? kSpin : c.spin_ns;
  // Bursts of all of cmax leave the network model no room for jitter of the calls.
  const uint32_t spared = c.paced ? std::min(std::max(1u, c.cmax / 5), c.cmax - 1) : 0;
  p.burst = c.burst ? c.burst : c.cmax - spared;
  p.burst = std::min(p.burst, kMostSegments);
  uint32_t largest = 1;
  for (const auto &packet : plan.packets) largest = std::max<uint32_t>(largest, packet.size);
  p.most = p.adaptive && !c.burst ? std::min({c.cmax, kMostSegments, kMostOctets / largest}) : 0;
  p.most = std::max(p.most, p.burst);
  return p;
}

}  // namespace

Transmitter::Transmitter(rtv_source *source, TxConfig config)
    : config_(std::move(config)), kernel_(kernel_of(config_.format)),
      plan_(plan_of(config_, *kernel_)), pacing_(pacing_of(config_, plan_)),
      feed_(source, config_.format, config_.slices, events_, counters_),
      slate_(config_.format, config_.ground),
      sender_(plan_, *kernel_, pacing_, scattered(1), counters_, histograms_),
      grain_writer_(config_.metadata_payload_type, config_.metadata_ssrc, config_.max_udp,
                    static_cast<uint16_t>(scattered(2))),
      frame_ns_(kSecond * config_.format.rate_den / config_.format.rate_num) {
  if (config_.video.empty() || config_.video.size() > 2)
    refuse("video: give one path, or two for ST 2022-7");
  if (config_.metadata.size() > 2) refuse("metadata: give at most two paths");
  if (config_.metadata_payload_type < 96 || config_.metadata_payload_type > 127)
    refuse("metadata_payload_type: must be 96 to 127");
  for (const bool video : {true, false}) {
    const auto &legs = video ? config_.video : config_.metadata;
    for (size_t i = 0; i < legs.size(); ++i)
      (video ? video_ : metadata_)
          .push_back(std::make_unique<TxSocket>(
              path_name(video ? "video" : "metadata", legs[i], i, legs.size()), legs[i],
              config_.max_udp, video && config_.txtime && config_.paced, events_));
  }
  // Launch times only help when every path obeys them.
  pacing_.txtime = pacing_.txtime && pacing_.paced &&
                   std::all_of(video_.begin(), video_.end(),
                               [](const auto &s) { return s->has_txtime(); });
  sender_.use_txtime(pacing_.txtime);
  // The frame is read as late as its first packet allows, so that a source that completes its
  // frames at the alignment points loses no frame's time.
  const int64_t lead_ns =
      static_cast<int64_t>(config_.lead_packets) * config_.active_ns / plan_.count();
  read_before_ns_ = std::max<int64_t>(0, config_.tro_ns - lead_ns - kReadAhead);
}

Transmitter::~Transmitter() {
  stop();
  hold(nullptr);
}

void Transmitter::set_grain(std::unique_ptr<GrainTemplate> grain) {
  grain->prepare(config_.max_udp);
  grain_.post(std::move(grain));
  has_grain_ = true;
}

void Transmitter::start() {
  if (running()) return;
  stop();
  if (!metadata_.empty() && !has_grain_)
    refuse("metadata: paths are given but no grain; call set_grain first, or give metadata=[]");
  if (const int r = feed_.start(); r != RTV_OK) {
    const std::string why = feed_.error();
    feed_.stop();
    refuse("source: " + (why.empty() ? "did not start" : why));
  }
  stop_ = false;
  running_.store(true, std::memory_order_release);
  thread_ = std::thread([this] { run(); });
}

void Transmitter::stop() {
  stop_ = true;
  if (!thread_.joinable()) return;
  thread_.join();
  feed_.stop();
}

void Transmitter::run() {
  dress_thread({"rtv-tx", config_.realtime, 50, config_.cpu}, spin(), events_);
  std::optional<KeepAwake> awake;
  if (config_.realtime && config_.paced) awake.emplace(events_);
  started_tai_ = tai_now();
  frames_before_ = counters_.frames.get();
  flowing_ = locked_ = false;
  feed_.set_flowing(false, false);
  last_static_ = last_sync_ = 0;
  config_.aligned ? run_aligned() : run_direct();
  sender_.account();
  running_.store(false, std::memory_order_release);
}

// An unpaced thread never waits; a narrow one waits awake, but for the gap of type N.
Spin Transmitter::spin() const {
  if (pacing_.paced && pacing_.adaptive) return Spin::never;
  const int64_t units = config_.format.scan == RTV_PROGRESSIVE ? 1 : 2;
  const bool gap = config_.active_ns * units <= frame_ns_ - frame_ns_ / 50;
  return pacing_.paced && gap ? Spin::gapped : Spin::always;
}

bool Transmitter::wanted() const {
  return !stop_.load(std::memory_order_relaxed) &&
         (config_.max_frames == 0 || counters_.frames.get() - frames_before_ < config_.max_frames);
}

void Transmitter::hold(rtv_frame *frame) {
  if (held_) rtv_frame_unref(held_);
  held_ = frame;
}

bool Transmitter::waiting_for_source() const {
  return !flowing_ && (feed_.live() || !feed_.known()) &&
         tai_now() - started_tai_ < kFirstPicture;
}

// Source and sender start one after the other; until they are in phase, a frame more or less is
// no fault.
bool Transmitter::settled() const {
  return flowing_ && tai_now() - flowing_since_ > kSettle;
}

Transmitter::Picture Transmitter::slate() {
  counters_.slates.add();
  return {const_cast<rtv_frame *>(slate_.show(feed_.reason(), held_)), false, false};
}

Transmitter::Picture Transmitter::pick_aligned(int64_t alignment, int64_t frame_ns) {
  if (config_.slices) {
    // In phase: the frame whose raster starts now goes out while it comes in.
    const int64_t tolerance = frame_ns / 64;
    const int64_t patience = alignment + config_.tro_ns + frame_ns / 4;
    rtv_frame *growing = feed_.take_starting_at(alignment, tolerance);
    while (!growing && locked_ && feed_.live() && tai_now() < patience) {
      feed_.wait(patience - tai_now());
      growing = feed_.take_starting_at(alignment, tolerance);
    }
    locked_ = growing != nullptr;
    if (growing) return {growing, true, false};
  }
  rtv_frame *frame = feed_.take_synchronous(tai_now());
  // A card that is a little late costs a little delay once; a repeated frame, and the one that is
  // dropped for it later, would be seen.
  const int64_t until = tai_now() + std::min(kCardPatience, frame_ns / 10);
  while (!frame && flowing_ && feed_.live() && tai_now() < until) {
    feed_.wait(until - tai_now());
    frame = feed_.take_synchronous(tai_now());
  }
  if (frame) return {frame, true, false};
  if (feed_.live() && held_) {
    (settled() ? counters_.repeats : counters_.settling).add();
    return {held_, true, true};
  }
  if (waiting_for_source()) return {nullptr, false, false};
  return slate();
}

void Transmitter::run_aligned() {
  const uint32_t num = config_.format.rate_num, den = config_.format.rate_den;
  for (int64_t k = alignment_index(tai_now(), num, den) + 1; wanted(); ++k) {
    const int64_t a = alignment_point(k, num, den), next = alignment_point(k + 1, num, den);
    sender_.wait_until(a + read_before_ns_, feed_);
    if (const int64_t now = tai_now(); now > next + read_before_ns_) {
      // More than a frame late: what was to be sent is of no use to anybody any more.
      const int64_t at = alignment_index(now, num, den);
      if (flowing_)
        (settled() ? counters_.skipped : counters_.settling).add(static_cast<uint64_t>(at - k));
      k = at - 1;
      continue;
    }
    feed_.poll();
    const Picture picture = pick_aligned(a, next - a);
    if (picture.frame) send_frame(picture, aligned_stamp(k), a + config_.tro_ns);
  }
}

// A card hands rows on in steps, after the instants at which the schedule would read them. The
// schedule moves behind the steps, slowly, so that no single delay does it.
void Transmitter::follow_slices() {
  if (!config_.slices) return;
  const int64_t step = sender_.row_lag() > 0 ? std::min<int64_t>(sender_.row_lag(), 100'000) : -500;
  slice_shift_ = std::clamp<int64_t>(slice_shift_ + step, 0, frame_ns_ / 8);
}

// A narrow sender that begins late stays late for many frames, since it may catch up only by the
// tenth that the network model drains faster. A frame left out costs less than that.
bool Transmitter::too_late(const rtv_frame &frame) const {
  return tai_now() - (frame.capture_tai + config_.tro_ns) > frame_ns_ / 8;
}

void Transmitter::run_direct() {
  int64_t next_slate = started_tai_ + frame_ns_;
  while (wanted()) {
    rtv_frame *frame = feed_.take_next();
    if (!frame) {
      feed_.poll();
      frame = feed_.take_next();
    }
    if (frame && flowing_ && frame->capture_tai <= last_sync_) {
      // Older than what was sent, for instance than a slate before the signal's return.
      counters_.drops.add();
      rtv_frame_unref(frame);
      continue;
    }
    if (frame && config_.slices && too_late(*frame)) {
      counters_.drops.add();
      rtv_frame_unref(frame);
      continue;
    }
    if (frame) {
      const int64_t now = tai_now();
      const int64_t lead_ns =
          static_cast<int64_t>(config_.lead_packets) * config_.active_ns / plan_.count();
      next_slate = now + frame_ns_ * 3 / 2;
      send_frame({frame, true, false}, direct_stamp(frame->capture_tai),
                 config_.slices ? frame->capture_tai + config_.tro_ns + slice_shift_
                                : now + lead_ns);
      follow_slices();
      continue;
    }
    const int64_t now = tai_now();
    if (!feed_.live() && !waiting_for_source() && now >= next_slate) {
      next_slate = std::max(next_slate + frame_ns_, now);
      // Stamped as a frame that took its own time to arrive, so that the next live one is newer.
      const int64_t sync = std::max(last_sync_ + 1, now - frame_ns_);
      send_frame(slate(), direct_stamp(sync), now + config_.tro_ns);
      continue;
    }
    const int64_t wait = feed_.live() ? 20'000'000 : std::max<int64_t>(next_slate - now, 500'000);
    feed_.wait(std::min<int64_t>(wait, 20'000'000));
  }
}

Transmitter::Stamp Transmitter::aligned_stamp(int64_t index) const {
  const uint32_t num = config_.format.rate_num, den = config_.format.rate_den;
  const int second = config_.format.scan == RTV_INTERLACED ? 1 : 0;  // PsF shows one instant
  return {alignment_point(index, num, den),
          {alignment_rtp(index, num, den, kVideoClock),
           alignment_rtp(2 * index + second, 2 * num, den, kVideoClock)}};
}

Transmitter::Stamp Transmitter::direct_stamp(int64_t capture_tai) const {
  const int64_t half = config_.format.scan == RTV_INTERLACED ? frame_ns_ / 2 : 0;
  return {capture_tai,
          {rtp_ticks(capture_tai, kVideoClock), rtp_ticks(capture_tai + half, kVideoClock)}};
}

void Transmitter::send_grain(const Picture &picture, const Stamp &stamp) {
  const int64_t sync_tai = stamp.sync_tai;
  dynamic_.fetch();
  grain_.fetch([&](const GrainTemplate &g) { return g.from_tai <= sync_tai; });
  GrainTemplate *grain = grain_.current();
  if (metadata_.empty() || !grain) return;
  // Due a frame early rather than a frame late.
  const bool due = last_static_ == 0 || grain->static_id != last_static_id_ ||
                   sync_tai + frame_ns_ - last_static_ > config_.static_period_ns;
  const int64_t origin = picture.live ? picture.frame->capture_tai
                         : held_      ? held_->capture_tai
                                      : sync_tai;
  const auto sent = grain_writer_.write(
      *grain, dynamic_.current(), {origin, sync_tai, stamp.rtp[0], picture.live}, due,
      [&](const uint8_t *data, size_t octets) {
        for (const auto &path : metadata_)
          path->send(data, octets, static_cast<uint32_t>(octets), 0, counters_);
      });
  if (due) {
    last_static_ = sync_tai;
    last_static_id_ = grain->static_id;
  }
  counters_.static_id.set(grain->static_id);
  counters_.grains.add();
  counters_.grain_packets.add(sent.packets);
  counters_.static_sent.add(sent.with_static);
  counters_.poses.add(sent.with_pose);
}

void Transmitter::send_frame(const Picture &picture, const Stamp &stamp, int64_t schedule_tai) {
  const uint32_t fields = config_.format.scan == RTV_PROGRESSIVE ? 1 : 2;
  send_grain(picture, stamp);
  const int64_t give_up = picture.live ? picture.frame->capture_tai + 2 * frame_ns_ : 0;
  for (uint32_t field = 0; field < fields; ++field) {
    const TxUnit unit{picture.frame,
                      held_,
                      field,
                      stamp.rtp[field],
                      {schedule_tai + (field ? frame_ns_ / 2 : 0), config_.active_ns,
                       plan_.count(), config_.lead_packets},
                      give_up};
    const int64_t began = sender_.send(unit, video_, feed_);
    if (field == 0 && picture.live && !picture.repeated)
      histograms_.handover.add(began - picture.frame->capture_tai);
  }
  if (!flowing_) flowing_since_ = tai_now();
  flowing_ = true;
  feed_.set_flowing(true, settled());
  last_sync_ = stamp.sync_tai;
  if (picture.live && !picture.repeated) {
    hold(picture.frame);
    slate_.clear();
  }
  sender_.account();
  counters_.frames.add();
}

}  // namespace rtv
