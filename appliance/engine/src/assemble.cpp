// SPDX-License-Identifier: Apache-2.0
// Packets into frames; what happens to a frame that is over stands in assemble_close.cpp.
#include "assemble.hpp"

#include <algorithm>
#include <cstdlib>

namespace rtv {
namespace {

// Fields of 59.94 Hz lie 1501 or 1502 ticks apart.
constexpr int64_t kFieldTolerance = 2;
// How often in a row a timestamp far from all before must come before it is believed.
constexpr uint32_t kOddPackets = 8;

VideoLayout layout_of(const RxConfig &c, const Kernel &k) {
  return {c.format.height, row_pgroups(c.format, k), k.pgroup_octets, k.pgroup_pixels,
          c.format.scan != RTV_PROGRESSIVE};
}

}  // namespace

Assembler::Assembler(const RxConfig &config, const Kernel &kernel, Compositor &compositor,
                     RxCounters &counters, RxHistograms &histograms, Events &events,
                     Outbox &outbox)
    : config_(config),
      layout_(layout_of(config, kernel)),
      kernel_(kernel),
      time_(config, layout_.rows * layout_.row_pgroups * layout_.pgroup_octets),
      sliced_(config.slices && !time_.fields),
      n_(counters),
      h_(histograms),
      events_(events),
      outbox_(outbox),
      pool_(config.format, time_.frames, WaitingGrains::kMaxBytes),
      pictures_(config.format, kernel, compositor, config.ground),
      grains_(counters, events),
      line_(config.rtp_rate, config.format.rate_num, config.format.rate_den),
      offset_(time_.offset) {
  slots_.reserve(time_.slots);
  free_.reserve(time_.slots);
  open_.reserve(time_.slots);
  for (size_t i = 0; i < time_.slots; ++i) {
    slots_.push_back(std::make_unique<Slot>(layout_));
    free_.push_back(slots_.back().get());
  }
  n_.link_offset_ns.set(static_cast<uint64_t>(offset_));
}

Assembler::~Assembler() {
  for (Slot *s : open_) rtv_frame_unref(s->frame);
  rtv_frame_unref(slate_);
}

// The frame's place in time and, when it is being assembled, its slot.
Assembler::Slot *Assembler::find(uint32_t timestamp, bool second_field, int64_t *ticks) {
  const int64_t exact = line_.ticks(timestamp);
  *ticks = second_field ? exact - time_.frame_ticks / 2 : exact;
  const int64_t tolerance = time_.fields ? kFieldTolerance : 0;
  for (size_t i = open_.size(); i-- > 0;) {
    Slot *s = open_[i];
    if (std::llabs(s->ticks - *ticks) <= tolerance) {
      if (!second_field) s->ticks = *ticks;
      *ticks = s->ticks;
      return s;
    }
    // Segments of one frame may share the timestamp.
    if (second_field && s->ticks == exact) {
      *ticks = exact;
      return s;
    }
  }
  return nullptr;
}

void Assembler::follow(int leg, int64_t ticks, int64_t arrival) {
  Path &p = paths_[static_cast<size_t>(leg)];
  p.last_packet = arrival;
  if (ticks > p.newest) {
    p.newest = ticks;
    p.in_newest = 0;
  }
  if (ticks == p.newest) ++p.in_newest;
}

void Assembler::start_anew(uint32_t timestamp, int64_t arrival) {
  flush(arrival);
  closed_ = INT64_MIN;
  newest_grain_ = INT64_MIN;
  // A path that was not heard yet gets its time to begin.
  for (Path &p : paths_) p = Path{.last_packet = arrival};
  anchored_ = true;
  if (!line_.anchor(timestamp, arrival) && !said_clock_) {
    said_clock_ = true;
    events_.say(Severity::warning, "sender-clock",
                "the sender's timestamps are not of this machine's TAI; frames are timed by their "
                "arrival");
  }
}

// A timestamp that agrees with the clock is no wild one, however many frames the sender left out.
bool Assembler::timely(int64_t ticks, int64_t arrival) const {
  const int64_t apart = line_.tai(ticks) - arrival;
  return apart > -kSecond && apart <= 2 * time_.period;
}

// Whether a frame may begin here in time. One packet with a wild timestamp must not push the
// frames being assembled out; many of them are a sender that began anew.
bool Assembler::plausible(int64_t *ticks, uint32_t timestamp, bool second_field, int64_t arrival) {
  bool anew = !anchored_;
  if (anchored_) {
    const int64_t ahead = *ticks - line_.last();
    const int64_t reach = 4 * time_.frame_ticks;
    const bool late = *ticks <= closed_ + (time_.fields ? kFieldTolerance : 0);
    if (late && ahead > -2 * static_cast<int64_t>(config_.rtp_rate)) {
      n_.late_packets.add();
      // Nothing but late packets for two frames: the sender's clock was set back.
      anew = ++late_row_ > 2 * time_.frame_packets + 64;
      if (!anew) return false;
    } else if ((ahead > reach && !timely(*ticks, arrival)) || ahead < -reach) {
      const int64_t heard = std::max(paths_[0].last_packet, paths_[1].last_packet);
      odd_count_ = std::llabs(*ticks - odd_ticks_) <= reach ? odd_count_ + 1 : 1;
      odd_ticks_ = *ticks;
      anew = odd_count_ >= kOddPackets || arrival - heard > 2 * time_.period;
      if (!anew) {
        n_.bad_timestamp.add();
        n_.invalid.add();
        return false;
      }
    }
  }
  if (anew) {
    start_anew(timestamp, arrival);
    *ticks = line_.ticks(timestamp) - (second_field ? time_.frame_ticks / 2 : 0);
  }
  odd_count_ = late_row_ = 0;
  return true;
}

Assembler::Slot *Assembler::open_slot(int64_t ticks, uint32_t timestamp, int64_t arrival) {
  if (free_.empty()) close(*open_.front(), arrival);
  Slot *s = free_.back();
  free_.pop_back();
  s->coverage.reset();
  s->ticks = ticks;
  s->timestamp = timestamp;
  if (ticks > line_.last()) line_.move(ticks);
  s->ref = line_.tai(ticks);
  if (line_.foreign() && std::llabs(arrival - s->ref) > time_.period) {
    line_.shift_to(ticks, arrival);
    s->ref = arrival;
  }
  s->first = s->last = arrival;
  for (int l = 0; l < 2; ++l) s->leg_first[l] = s->leg_last[l] = s->leg_marked[l] = 0;
  s->passed_at = 0;
  s->concealed = 0;
  s->news = true;
  s->handed = false;
  s->drawn = s->since_drawn = 0;
  s->blocked_at = arrival;
  s->has_grain = grains_.find(ticks) != nullptr;
  s->frame = pool_.acquire();
  if (!s->frame && !said_buffer_) {
    said_buffer_ = true;
    events_.say(Severity::warning, "no-buffer",
                "the sink holds all %zu frames; newer ones are dropped", pool_.size());
  }
  const auto place = std::find_if(open_.begin(), open_.end(),
                                  [&](const Slot *o) { return o->ticks > ticks; });
  open_.insert(place, s);
  return s;
}

void Assembler::video(int leg, const RtpPacket &rtp, const VideoPacket &packet, bool first_copy,
                      int64_t arrival) {
  int64_t ticks = 0;
  Slot *s = anchored_ ? find(rtp.timestamp, packet.second_field, &ticks) : nullptr;
  if (!s) {
    if (!first_copy) {
      if (anchored_ && ticks <= closed_) follow(leg, ticks, arrival);
      return;
    }
    if (!plausible(&ticks, rtp.timestamp, packet.second_field, arrival)) {
      if (anchored_ && ticks <= closed_) follow(leg, ticks, arrival);
      return;
    }
    s = open_slot(ticks, rtp.timestamp, arrival);
  } else if (time_.fields && !packet.second_field) {
    s->timestamp = rtp.timestamp;
  }
  follow(leg, s->ticks, arrival);
  if (!s->leg_first[leg]) s->leg_first[leg] = arrival;
  s->leg_last[leg] = arrival;
  if (rtp.marker && (!time_.fields || packet.second_field)) s->leg_marked[leg] = arrival;
  if (!first_copy) return;
  late_row_ = 0;
  s->last = std::max(s->last, arrival);
  ++s->since_drawn;
  rtv_frame *frame = s->frame;
  for (uint32_t i = 0; i < packet.runs; ++i) {
    const Run &r = packet.run[i];
    if (r.count == 0) continue;
    s->coverage.add(r.row, r.first, r.count, [&](uint32_t first, uint32_t n) {
      if (frame)
        kernel_.unpack_run(r.data + size_t{first - r.first} * layout_.pgroup_octets, *frame, r.row,
                           first, n);
    });
  }
}

void Assembler::grain(const Grain &grain, int64_t now) {
  if (!anchored_) line_.anchor(grain.timestamp, now);  // for this grain; video anchors for good
  const int64_t ticks = line_.ticks(grain.timestamp);
  const FrameMetadata *m = grains_.take(grain, ticks, config_.rtp_rate);
  if (!m) return;
  grain_at_ = now;
  newest_grain_ = std::max(newest_grain_, ticks);
  first_grain_ = std::min(first_grain_, ticks);
  // A sender whose RTP timestamps are no TAI may still say the time in the extension.
  if (line_.foreign() && grain.extensions.has_sync &&
      std::llabs(grain.extensions.sync_tai - now) < kSecond)
    line_.shift_to(ticks, grain.extensions.sync_tai);
  for (Slot *s : open_) {
    // The grain of an interlaced frame names its first field, exactly.
    if (s->ticks == ticks) {
      s->has_grain = true;
      return;
    }
  }
  if (anchored_ && ticks <= closed_) {
    if (ticks == closed_ && !closed_had_grain_) n_.metadata_late.add();
    grains_.expire(closed_);
  }
}

void Assembler::sender_changed(int64_t now) {
  flush(now);
  anchored_ = false;
  closed_ = newest_grain_ = INT64_MIN;
  joined_ = false;
  odd_count_ = late_row_ = 0;
  for (Path &p : paths_) p = Path{};
}

void Assembler::forget_metadata() {
  grains_.clear();
  grains_.statics().forget();
  n_.static_id.set(0);
  newest_grain_ = INT64_MIN;
  grain_at_ = 0;
  for (Slot *s : open_) s->has_grain = false;
}

void Assembler::flush(int64_t now) {
  while (!open_.empty()) close(*open_.front(), now);
}

}  // namespace rtv
