// SPDX-License-Identifier: Apache-2.0
// From datagrams to frames, without sockets, threads or clocks: the two flows of a stream, who
// sends them, which packets came. One thread.
#pragma once
#include <array>
#include <cstdint>

#include "assemble.hpp"
#include "grain_reader.hpp"
#include "path_watch.hpp"
#include "rx_sequence.hpp"

namespace rtv {

// Keeps to the first sender of a flow as long as it lives. Both paths of ST 2022-7 carry the
// same SSRC; their addresses may differ.
class SenderLock {
 public:
  enum class Says : uint8_t { ours, foreign, changed };
  // expected: source address of each path by configuration, 0 = any.
  SenderLock(int64_t patience, std::array<uint32_t, 2> expected)
      : patience_(patience), expected_(expected) {}
  Says check(int leg, uint32_t source, uint32_t ssrc, int64_t now);
  // Whether a packet on that path may be of this sender's device: it is its address, or none is
  // known yet.
  bool may_be(int leg, uint32_t source) const {
    const uint32_t known = source_[static_cast<size_t>(leg)];
    return !known || known == source;
  }
  bool named(int leg) const { return expected_[static_cast<size_t>(leg)] != 0; }
  // Whoever comes next may be the sender.
  void release() {
    locked_ = false;
    source_ = {};
  }

 private:
  int64_t patience_;
  std::array<uint32_t, 2> expected_;
  bool locked_ = false;
  uint32_t ssrc_ = 0;
  int64_t last_ = 0;
  std::array<uint32_t, 2> source_{};
  std::array<int64_t, 2> leg_last_{};
};

class RxCore {
 public:
  // Throws std::invalid_argument (format) and std::bad_alloc.
  RxCore(const RxConfig &config, Compositor &compositor, RxCounters &counters,
         RxHistograms &histograms, Events &events, Outbox &outbox);

  // One UDP payload that arrived on a path (0 or 1) from an IPv4 address.
  void video(int leg, Octets datagram, uint32_t source, int64_t arrival);
  void metadata(int leg, Octets datagram, uint32_t source, int64_t arrival);
  // After each batch of packets, and at least at deadline(). seen: as Assembler::tick has it.
  void tick(int64_t now, int64_t seen);
  int64_t deadline(int64_t now) const { return assembler_.deadline(now); }
  // The flows have ended: judges what is still open to loss.
  void finish();
  Assembler &assembler() { return assembler_; }

 private:
  bool known(const RtpPacket &p, uint8_t payload_type, SenderLock &lock, int leg, uint32_t source,
             int64_t arrival, bool is_video);
  void reject(Verdict v);
  void stranger(const RtpPacket &p, uint32_t source, const char *what);
  void forget_metadata(uint32_t video_source);
  void watch(PathWatch &paths);
  void count();

  const RxConfig config_;
  RxCounters &n_;
  Events &events_;
  Assembler assembler_;
  SequenceWindow video_window_, metadata_window_;
  SenderLock video_lock_, metadata_lock_;
  PathWatch video_paths_, metadata_paths_;
  GrainReader grains_;
  bool said_foreign_ = false;
};

}  // namespace rtv
