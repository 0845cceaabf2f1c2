// SPDX-License-Identifier: Apache-2.0
// When a frame is over, and what is then done with it.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "assemble.hpp"

namespace rtv {
namespace {

// What filling gaps and drawing text may take before the presentation time.
constexpr int64_t kCloseTime = 300'000;
// What happens while both ends start up says nothing of the network's delay.
constexpr int64_t kSettle = 250'000'000;
// Closed this much after its time still counts as in time: scheduling, not the network.
constexpr int64_t kLateSlack = 100'000;

// An automatic offset grows by a little more than was needed, not once for each microsecond.
constexpr int64_t kRaiseStep = 1'000'000;
// A late frame says so on the screen, and so do those after it for long enough to be read.
constexpr int64_t kSayLate = 1'000'000'000;
// While packets come but no picture is whole, the last one is called late; after so long it is
// called no video, and darkened.
constexpr int64_t kHoldLate = 500'000'000;
constexpr int64_t kGatherLeast = 60'000, kGatherMost = 300'000;

}  // namespace

// One path has nothing more to say about this frame.
bool Assembler::passed(const Slot &s, int leg) const {
  const Path &p = paths_[static_cast<size_t>(leg)];
  if (p.newest > s.ticks + time_.frame_ticks * 3 / 2) return true;
  if (p.newest > s.ticks && p.in_newest > time_.reorder) return true;
  return s.leg_marked[leg] && seen_ - s.leg_last[leg] > time_.reorder_ns;
}

// Whether waiting for what is missing is in vain.
bool Assembler::over(Slot &s, int64_t now) {
  const int legs = time_.two_paths ? 2 : 1;
  const int64_t silence = time_.period + time_.skew_ns;
  bool all = true, any = false;
  for (int l = 0; l < legs; ++l) {
    const bool p = passed(s, l);
    any |= p;
    all &= p || seen_ - paths_[static_cast<size_t>(l)].last_packet > silence;
  }
  if (any && !s.passed_at) s.passed_at = seen_;
  if (all) return true;
  if (!s.passed_at) return false;
  if (seen_ - s.passed_at > time_.skew_ns) return true;
  return !time_.automatic && offset_ > 0 && now >= due(s) - kCloseTime;
}

// Whether waiting for this frame's metadata is in vain.
bool Assembler::metadata_over(const Slot &s, int64_t now) const {
  const bool single = config_.metadata.size() == 1;
  if (single && newest_grain_ > s.ticks) return true;  // grains come in order
  const bool alive = seen_ - grain_at_ < 5 * time_.period;
  const bool timed = offset_ > 0 && now >= due(s) - kCloseTime;
  if (!alive) return offset_ == 0 || timed;
  if (timed && (!time_.automatic || sliced_)) return true;
  bool newer = false;
  for (const Path &p : paths_)
    newer |= p.newest > s.ticks + time_.frame_ticks * 3 / 2 ||
             (p.newest > s.ticks && p.in_newest > time_.reorder);
  return newer && (single || (s.passed_at && seen_ - s.passed_at > config_.skew_ns));
}

bool Assembler::closable(Slot &s, int64_t now) {
  const bool ended = over(s, now);
  if (s.coverage.missing() != 0 && !ended) return false;
  return config_.metadata.empty() || s.has_grain || metadata_over(s, now);
}

// What belongs to the frame besides its samples. A frame without its own grain gets nobody's.
void Assembler::describe(Slot &s, int64_t now) {
  rtv_frame &f = *s.frame;
  FrameMetadata *m = config_.metadata.empty() ? nullptr : grains_.find(s.ticks);
  FrameValues values;
  values.rtp_timestamp = s.timestamp;
  f.sequence = sequence_++;
  f.rtp_timestamp = s.timestamp;
  std::array<Reason, 2> banners;
  size_t count = 0;
  if (m) {
    m->paired = true;
    f.static_id = m->static_id;
    f.origin_tai = m->origin_tai;
    // The bytes lie beside the picture, in the pool's memory for this frame.
    std::memcpy(const_cast<uint8_t *>(f.metadata), m->bytes, m->size);
    f.metadata_bytes = m->size;
    values = m->values;
    // A sender that repeats a frame or shows a banner keeps the origin of the last live picture;
    // a banner before the first one says that it is of no use (PS3.3 C.7.6.27, Frame Usefulness).
    const bool again = f.origin_tai && f.origin_tai == origin_;
    if (again) f.flags |= RTV_REPEATED;
    s.news = !again && !(values.imaging_subject == 0 && values.information == 0);
    if (!s.news) n_.sender_held.add();
    origin_ = f.origin_tai;
  }
  if (!config_.metadata.empty()) {
    if (!m) {
      f.flags |= RTV_NO_METADATA;
      // The grain goes ahead of its frame: whoever joins between the two has missed nothing.
      const bool joining = !had_flow_ && first_grain_ > s.ticks;
      if (!joining) n_.metadata_missing.add();
      banners[count++] = Reason::no_metadata;
    } else if (f.static_id == 0) {
      f.flags |= RTV_NO_PATIENT;
      n_.no_patient.add();
      banners[count++] = Reason::no_patient;
    }
  }
  closed_had_grain_ = m != nullptr;
  if (line_.foreign()) f.flags |= RTV_NO_LOCK;
  f.capture_tai = f.origin_tai ? f.origin_tai : s.ref;
  if (now < say_late_until_) banners[count++] = Reason::late;
  if (!pictures_.begin(f.static_id, values, {banners.data(), announce_ ? count : 0}, announce_)) {
    f.flags |= RTV_NO_PATIENT;
    n_.no_patient.add();
  }
}

void Assembler::raise_offset(int64_t offset, int64_t now) {
  if (!time_.automatic || !flow_ || now - flow_since_ < kSettle) return;
  offset = std::min(offset, time_.offset_limit);
  if (offset <= offset_) return;
  offset_ = offset;
  n_.offset_raises.add();
  n_.link_offset_ns.set(static_cast<uint64_t>(offset_));
  events_.say(Severity::info, "link-offset", "link offset raised to %lld us",
              static_cast<long long>(offset_ / 1000));
}

// When the frame is shown; marks it late when its time is past.
int64_t Assembler::presentation(Slot &s, int64_t now) {
  if (offset_ == 0) return now;
  const int64_t at = due(s);
  // While an automatic offset is being found, a frame that exceeds it is a measure, not late.
  const bool settling = time_.automatic && (!flow_ || now - flow_since_ < kSettle);
  if (settling && flow_ && now - flow_since_ > kSettle / 2 && s.coverage.missing() == 0)
    settling_need_ = std::max(settling_need_, now - s.ref);
  if (!settling && settling_need_ > 0) {
    raise_offset(settling_need_ + kRaiseStep, now);
    settling_need_ = 0;
    return std::max(now, due(s));
  }
  if (now <= at + kLateSlack) return at;
  if (settling) return now;
  s.frame->flags |= RTV_LATE;
  n_.late.add();
  say_late_until_ = now + kSayLate;
  // Not for a flow that broke off: its last frame waited for packets that were never sent.
  if (s.coverage.missing() == 0 || s.passed_at) raise_offset(now - s.ref + kRaiseStep, now);
  return now;
}

void Assembler::hand_out(Slot &s, int64_t at, int64_t sending, int64_t now) {
  if (!outbox_.push({rtv_frame_ref(s.frame), at, s.frame->capture_tai, sending, s.news})) {
    rtv_frame_unref(s.frame);
    n_.no_buffer.add();
    return;
  }
  n_.frames.add();
  live_due_ = at;
  if (slate_) {
    rtv_frame_unref(slate_);
    slate_ = nullptr;
  }
  if (!flow_ && had_flow_) events_.say(Severity::info, "flow-back", "video arrives again");
  if (!flow_) flow_since_ = now;
  flow_ = had_flow_ = true;
}

// When a row is scanned out.
int64_t Assembler::turn(const Slot &s, uint32_t row) const {
  return due(s) + time_.period * 24 / 25 * row / layout_.rows;
}

// Slices: releases rows from the top as they come whole, and fills rows that will not.
void Assembler::grow(Slot &s, int64_t now) {
  if (!s.frame || (!joined_ && s.coverage.row_missing(0) != 0)) return;
  rtv_frame &f = *s.frame;
  if (!s.handed) {
    if (!config_.metadata.empty() && !s.has_grain && !metadata_over(s, now)) return;
    s.handed = true;
    const int64_t at = presentation(s, now);
    describe(s, now);
    hand_out(s, at, 0, now);
  }
  const uint32_t height = layout_.rows;
  uint32_t rows = s.coverage.whole_rows();
  while (rows < height) {
    // A fixed offset fills what is not there at its turn; an automatic one rather grows.
    const bool near = !time_.automatic && offset_ > 0 && now >= turn(s, rows) - kCloseTime;
    const bool lost = rows == s.drawn && s.since_drawn > time_.reorder &&
                      seen_ - s.blocked_at > time_.skew_ns;
    if (!near && !lost) break;
    s.concealed += pictures_.conceal(f, rows, s.coverage);
    rows = s.coverage.whole_rows();
    if (lost) break;  // what follows has its own window
  }
  if (rows == s.drawn) return;
  behind_ = std::max(behind_, now + kCloseTime - turn(s, rows - 1));
  pictures_.blend(f, s.drawn, rows);
  s.drawn = rows;
  s.since_drawn = 0;
  s.blocked_at = seen_;
  // The last row is released in close(), when all marks are set.
  if (rows < height) rtv_set_lines_ready(&f, rows);
}

void Assembler::close(Slot &s, int64_t now) {
  const bool complete = s.coverage.missing() == 0 && s.concealed == 0;
  const bool midway = !joined_ && !complete && !s.handed;
  joined_ = true;
  if (!s.frame) {
    n_.no_buffer.add();
  } else if (midway) {
    n_.joined_midway.add();  // we began to listen in the middle of it
  } else if (!s.handed && s.coverage.missing() > layout_.rows * uint64_t{layout_.row_pgroups} / 2) {
    // Filled up, it would be the picture before under this frame's metadata. What is on the
    // screen stays there with its own.
    n_.mostly_lost.add();
  } else {
    rtv_frame &f = *s.frame;
    int64_t at = 0;
    if (!s.handed) {
      at = presentation(s, now);
      describe(s, now);
    }
    for (uint32_t row = 0; !complete && row < layout_.rows; ++row)
      s.concealed += pictures_.conceal(f, row, s.coverage);
    pictures_.blend(f, s.drawn, layout_.rows);
    if (s.concealed) {
      f.flags |= RTV_CONCEALED;
      n_.concealed_frames.add();
      n_.concealed_pgroups.add(s.concealed);
    } else {
      n_.complete.add();
      if (s.news) h_.arrival.add(s.last - f.capture_tai);
    }
    if (s.leg_first[0] && s.leg_first[1]) h_.skew.add(std::llabs(s.leg_first[0] - s.leg_first[1]));
    rtv_set_lines_ready(&f, layout_.rows);
    pictures_.end(&f);
    if (!s.handed) hand_out(s, at, s.last - s.first, now);
  }
  if (behind_ > 0 && !s.concealed) raise_offset(offset_ + behind_, now);
  behind_ = 0;
  closed_ = s.ticks;
  grains_.expire(closed_);
  rtv_frame_unref(s.frame);
  s.frame = nullptr;
  open_.erase(std::find(open_.begin(), open_.end(), &s));
  free_.push_back(&s);
}

Reason Assembler::why_no_picture(int64_t now) const {
  const int64_t heard = std::max(paths_[0].last_packet, paths_[1].last_packet);
  const bool arriving = flow_ && seen_ - heard < 2 * time_.period;
  return arriving && now - live_due_ < kHoldLate ? Reason::late : Reason::no_flow;
}

// A sink always has something to show: when no video comes, the last picture, marked with the
// reason, at the frame rate.
void Assembler::keep_alive(int64_t now) {
  if (live_due_ == 0) live_due_ = now;
  if (now < live_due_ + 2 * time_.period) return;
  const Reason reason = why_no_picture(now);
  if (flow_ && reason == Reason::no_flow) {
    flow_ = false;
    n_.flow_losses.add();
    events_.say(Severity::warning, "flow-lost", "no video for two frames; showing a slate");
  }
  if (reason == Reason::late && !said_late_) {
    said_late_ = true;
    events_.say(Severity::warning, "video-late",
                "video arrives, but no picture in time; the last one is held and called late");
  }
  if (slate_ && slate_reason_ != reason) {
    rtv_frame_unref(slate_);  // the sink may still show it: another reason is another frame
    slate_ = nullptr;
  }
  if (!slate_) {
    slate_ = pool_.acquire();
    if (!slate_) return;
    slate_reason_ = reason;
    slate_->flags = RTV_SLATE | (pictures_.keeps_last(reason) ? RTV_REPEATED : 0) |
                    (reason == Reason::late ? RTV_LATE : 0);
    slate_->signal = RTV_SIGNAL_ABSENT;
    pictures_.slate(*slate_, reason);
    rtv_set_lines_ready(slate_, layout_.rows);
    slate_due_ = now;
  }
  if (now < slate_due_) return;
  if (!outbox_.push({rtv_frame_ref(slate_), slate_due_, 0, 0, false})) rtv_frame_unref(slate_);
  slate_due_ += time_.period;
  if (slate_due_ < now) slate_due_ = now + time_.period;
}

void Assembler::tick(int64_t now, int64_t seen) {
  seen_ = std::min(now, std::max(seen_, seen));  // a clock that was set back takes it along
  while (!open_.empty()) {
    Slot &s = *open_.front();
    if (sliced_) grow(s, now);
    if (!closable(s, now)) break;
    close(s, now);
  }
  keep_alive(now);
}

int64_t Assembler::gather() const {
  if (sliced_) return 100'000;
  if (open_.empty()) return kGatherLeast;
  const auto all = static_cast<int64_t>(uint64_t{layout_.rows} * layout_.row_pgroups);
  const auto missing = static_cast<int64_t>(open_.back()->coverage.missing());
  const int64_t left = time_.period * missing / all;  // until its last packet, about
  return std::clamp(left - 2 * kGatherLeast, kGatherLeast, kGatherMost);
}

int64_t Assembler::deadline(int64_t now) const {
  if (!open_.empty()) return now + kGatherMost;
  if (slate_) return slate_due_;
  return live_due_ ? live_due_ + 2 * time_.period : now;
}

}  // namespace rtv
