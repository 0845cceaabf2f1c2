// SPDX-License-Identifier: Apache-2.0
#include "rx_core.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <stdexcept>

namespace rtv {
namespace {

const Kernel &kernel_for(const rtv_format &format) {
  const std::string no = format_refusal(format);
  const Kernel *k = find_kernel(format);
  if (!no.empty() || !k)
    throw std::invalid_argument(no.empty() ? "format: this layout cannot hold it" : no);
  if (format.scan != RTV_PROGRESSIVE && format.height % 2)
    throw std::invalid_argument("format: height is odd, which two fields cannot carry");
  return *k;
}

std::array<uint32_t, 2> sources(const std::vector<RxLeg> &legs) {
  std::array<uint32_t, 2> out{};
  for (size_t i = 0; i < legs.size() && i < 2; ++i) {
    in_addr a{};
    if (!legs[i].source_ip.empty() && inet_pton(AF_INET, legs[i].source_ip.c_str(), &a) == 1)
      out[i] = ntohl(a.s_addr);
  }
  return out;
}

int64_t patience(const RxTiming &t) { return std::max<int64_t>(5 * t.period, 100'000'000); }

// Packets on the way between the two paths, or out of order on one, with room.
uint32_t reach(const RxTiming &t) {
  const int64_t apart = t.skew_ns * t.frame_packets / t.period;
  return static_cast<uint32_t>(std::max<int64_t>(1024, 2 * (apart + t.reorder)));
}

}  // namespace

SenderLock::Says SenderLock::check(int leg, uint32_t source, uint32_t ssrc, int64_t now) {
  const auto l = static_cast<size_t>(leg);
  if (expected_[l] && source != expected_[l]) return Says::foreign;
  const bool dead = !locked_ || now - last_ > patience_;
  Says says = Says::ours;
  if (dead && (!locked_ || ssrc != ssrc_ || source != source_[l])) {
    says = locked_ ? Says::changed : Says::ours;  // also the same SSRC from another device
    locked_ = true;
    ssrc_ = ssrc;
    source_ = {};
  } else if (ssrc != ssrc_) {
    return Says::foreign;
  }
  if (source_[l] && source_[l] != source && now - leg_last_[l] <= patience_) return Says::foreign;
  source_[l] = source;
  leg_last_[l] = last_ = now;
  return says;
}

RxCore::RxCore(const RxConfig &config, Compositor &compositor, RxCounters &counters,
               RxHistograms &histograms, Events &events, Outbox &outbox)
    : config_(config),
      n_(counters),
      events_(events),
      assembler_(config, kernel_for(config.format), compositor, counters, histograms, events,
                 outbox),
      video_window_(reach(assembler_.timing()), static_cast<int>(config.video.size())),
      metadata_window_(256, static_cast<int>(std::max<size_t>(1, config.metadata.size())), true),
      video_lock_(patience(assembler_.timing()), sources(config.video)),
      metadata_lock_(patience(assembler_.timing()), sources(config.metadata)),
      video_paths_("video", config.video, patience(assembler_.timing()) + config.skew_ns),
      metadata_paths_("metadata", config.metadata,
                      patience(assembler_.timing()) + config.skew_ns) {}

void RxCore::reject(Verdict v) {
  n_.invalid.add();
  switch (v) {
    case Verdict::ok:
      break;
    case Verdict::bad_rtp:
      n_.bad_rtp.add();
      break;
    case Verdict::bad_pt:
      n_.bad_pt.add();
      break;
    case Verdict::bad_srd:
      n_.bad_srd.add();
      break;
    case Verdict::bad_size:
      n_.bad_size.add();
      break;
  }
}

bool RxCore::known(const RtpPacket &p, uint8_t payload_type, SenderLock &lock, int leg,
                   uint32_t source, int64_t arrival, bool is_video) {
  if (p.payload_type != payload_type) {
    reject(Verdict::bad_pt);
    return false;
  }
  PathWatch &paths = is_video ? video_paths_ : metadata_paths_;
  const SenderLock::Says says = lock.check(leg, source, p.ssrc, arrival);
  if (says != SenderLock::Says::foreign && paths.heard(leg, arrival))
    paths.say_back(leg, arrival, events_);
  switch (says) {
    case SenderLock::Says::ours:
      return true;
    case SenderLock::Says::changed:
      n_.sender_changes.add();
      events_.say(Severity::info, "sender-changed", "%s: another sender took over",
                  is_video ? "video" : "metadata");
      if (is_video) {
        video_window_.finish();
        assembler_.sender_changed(arrival);
      } else {
        metadata_window_.finish();
        grains_.reset();
      }
      return true;
    case SenderLock::Says::foreign:
      stranger(p, source,
               is_video ? "video: a second sender" : "metadata: a second sender");
      return false;
  }
  return false;
}

void RxCore::stranger(const RtpPacket &p, uint32_t source, const char *what) {
  n_.foreign_packets.add();
  if (!said_foreign_)
    events_.say(Severity::warning, "foreign-sender",
                "%s (SSRC %08x, %u.%u.%u.%u) uses the same address; ignored", what, p.ssrc,
                source >> 24, source >> 16 & 255, source >> 8 & 255, source & 255);
  said_foreign_ = true;
}

// Somebody was heard with metadata before the video's device was: what he said is forgotten.
void RxCore::forget_metadata(uint32_t video_source) {
  n_.foreign_packets.add();
  events_.say(Severity::warning, "foreign-sender",
              "metadata: came before the video from another device than the video's "
              "(%u.%u.%u.%u), without source-filter; forgotten",
              video_source >> 24, video_source >> 16 & 255, video_source >> 8 & 255,
              video_source & 255);
  metadata_lock_.release();
  metadata_window_.finish();
  grains_.reset();
  assembler_.forget_metadata();
}

void RxCore::video(int leg, Octets datagram, uint32_t source, int64_t arrival) {
  n_.packets.add();
  n_.bytes.add(datagram.size());
  RtpPacket p;
  if (Verdict v = read_rtp(datagram, &p); v != Verdict::ok) return reject(v);
  if (!known(p, config_.payload_type, video_lock_, leg, source, arrival, true)) return;
  VideoPacket packet;
  if (Verdict v = read_video(p, assembler_.layout(), &packet); v != Verdict::ok) return reject(v);
  if (!metadata_lock_.named(leg) && !metadata_lock_.may_be(leg, source)) forget_metadata(source);
  switch (video_window_.add(leg, packet.sequence)) {
    case SequenceWindow::Found::reordered:
      n_.reordered.add();
      [[fallthrough]];
    case SequenceWindow::Found::fresh:
    case SequenceWindow::Found::odd:
    case SequenceWindow::Found::jumped:
      return assembler_.video(leg, p, packet, true, arrival);
    case SequenceWindow::Found::second:
      n_.redundant.add();
      return assembler_.video(leg, p, packet, false, arrival);
    case SequenceWindow::Found::duplicate:
      return n_.duplicates.add();
    case SequenceWindow::Found::stale:
      return n_.late_packets.add();
  }
}

void RxCore::metadata(int leg, Octets datagram, uint32_t source, int64_t arrival) {
  n_.metadata_packets.add();
  RtpPacket p;
  if (Verdict v = read_rtp(datagram, &p); v != Verdict::ok) return reject(v);
  // Where the SDP names no sender, metadata is the picture's only when it comes from the same
  // device: it says whose picture that is.
  if (p.payload_type == config_.metadata_payload_type && !metadata_lock_.named(leg) &&
      !video_lock_.may_be(leg, source))
    return stranger(p, source, "metadata: another device than the video's, without source-filter,");
  if (!known(p, config_.metadata_payload_type, metadata_lock_, leg, source, arrival, false))
    return;
  switch (metadata_window_.add(leg, p.sequence)) {
    case SequenceWindow::Found::fresh:
    case SequenceWindow::Found::reordered:
    case SequenceWindow::Found::odd:
    case SequenceWindow::Found::jumped:
      break;
    default:
      return;
  }
  Grain grain;
  if (grains_.add(p, read_extensions(p, config_.ids), &grain)) assembler_.grain(grain, arrival);
}

void RxCore::count() {
  const SequenceWindow::Counts &v = video_window_.counts();
  n_.lost.set(v.lost);
  n_.lost_a.set(v.leg_lost[0]);
  n_.lost_b.set(v.leg_lost[1]);
  n_.recovered.set(v.recovered);
  n_.metadata_lost.set(metadata_window_.counts().lost);
  n_.grain_lost.set(grains_.lost());
}

void RxCore::watch(PathWatch &paths) {
  const int lost = paths.newly_lost();
  if (lost < 0) return;
  n_.path_losses.add();
  paths.say_lost(lost, events_);
}

void RxCore::tick(int64_t now, int64_t seen) {
  assembler_.tick(now, seen);
  watch(video_paths_);
  watch(metadata_paths_);
  count();
}

void RxCore::finish() {
  video_window_.finish();
  metadata_window_.finish();
  count();
}

}  // namespace rtv
