// SPDX-License-Identifier: Apache-2.0
// What a transmitter counts: written by its one thread, read at any time.
#pragma once
#include <atomic>
#include <cstdint>

#include "histogram.hpp"
#include "rtvbox/late_wakes.hpp"

namespace rtv {

// One writer, so an addition needs no locked instruction.
class Counter {
  std::atomic<uint64_t> value_{0};

 public:
  void add(uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }
};

struct TxCounters {
  Counter frames, fields, packets, bytes, bursts;  // bytes: UDP payload, once for both paths
  Counter repeats, drops, source_lost, skipped, late_bursts, short_frames;
  Counter settling;  // frames dropped, repeated or skipped while a flow finds its phase
  Counter slates, signal_losses, source_restarts;
  Counter signal;  // RTV_SIGNAL_... of the input now; before the card says anything: absent
  Counter grains, grain_packets, static_sent, poses;
  Counter static_id;  // of the template that the last grain was made from
  Counter send_errors, enobufs, packets_unsent;  // unsent: over all paths
  Counter txtime_missed, txtime_invalid;
  Counter spin_ns, work_ns, thread_cpu_ns;
};

struct TxHistograms {
  Histogram pacing_late, handover, frame_send;
  LateWakes late_wakes;  // of the sender's thread
};

// Calls f(name, value) for each counter.
template <typename F>
void each_counter(const TxCounters &c, F f) {
  f("frames", c.frames.get());
  f("fields", c.fields.get());
  f("packets", c.packets.get());
  f("bytes", c.bytes.get());
  f("bursts", c.bursts.get());
  f("repeats", c.repeats.get());
  f("drops", c.drops.get());
  f("settling", c.settling.get());
  f("source_lost", c.source_lost.get());
  f("skipped", c.skipped.get());
  f("late_bursts", c.late_bursts.get());
  f("short_frames", c.short_frames.get());
  f("signal", c.signal.get());
  f("slates", c.slates.get());
  f("signal_losses", c.signal_losses.get());
  f("source_restarts", c.source_restarts.get());
  f("grains", c.grains.get());
  f("grain_packets", c.grain_packets.get());
  f("static_sent", c.static_sent.get());
  f("poses", c.poses.get());
  f("static_id", c.static_id.get());
  f("send_errors", c.send_errors.get());
  f("enobufs", c.enobufs.get());
  f("packets_unsent", c.packets_unsent.get());
  f("txtime_missed", c.txtime_missed.get());
  f("txtime_invalid", c.txtime_invalid.get());
  f("spin_ns", c.spin_ns.get());
  f("work_ns", c.work_ns.get());
  f("thread_cpu_ns", c.thread_cpu_ns.get());
}

}  // namespace rtv
