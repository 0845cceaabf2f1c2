// SPDX-License-Identifier: Apache-2.0
#include "tx_sender.hpp"

#include <algorithm>

namespace rtv {
namespace {

constexpr int64_t kPollEvery = 500'000;     // how often to look at the source while sending
constexpr int64_t kPollMargin = 300'000;    // no blocking look at the source this near an instant
constexpr int64_t kLaunchAhead = 400'000;   // with txtime: handed to the kernel so long before

}  // namespace

TxSender::TxSender(const PacketPlan &plan, const Kernel &kernel, const TxPacing &pacing,
                   uint32_t sequence, TxCounters &counters, TxHistograms &histograms)
    : plan_(plan), pacing_(pacing), writer_(plan, kernel, pacing.burst),
      bucket_(pacing.drain_ps, pacing.cmax, std::min(pacing.burst, pacing.cmax)),
      waiter_(pacing.spin_ns, pacing.adaptive), sequence_(sequence), counters_(counters),
      histograms_(histograms) {}

void TxSender::wait_until(int64_t tai, TxFeed &feed) {
  for (;;) {
    const int64_t left = tai - tai_now() - kPollMargin;
    if (left <= 100'000) break;
    feed.wait(std::min<int64_t>(left, 20'000'000));
  }
  waiter_.until(tai);
}

int64_t TxSender::send(const TxUnit &unit, const TxPaths &paths, TxFeed &feed) {
  const int64_t slot_ns = pacing_.drain_ps / 1000;
  int64_t begun = 0, after = 0;
  for (uint32_t j = 0; j < plan_.count();) {
    const uint32_t n = std::min(pacing_.burst, plan_.packets[j].run);
    const rtv_frame *picture = unit.frame;
    const uint32_t rows = rows_needed(plan_, unit.frame->format, unit.field, j + n - 1);
    if (rtv_lines_ready(unit.frame) < rows &&
        !feed.wait_rows(unit.frame, rows, unit.give_up_tai - tai_now()) && unit.fallback)
      picture = unit.fallback;

    int64_t launch = 0, before = tai_now();
    if (pacing_.paced) {
      // The lead is that of the burst's last packet: what lies in the receiver's buffer then.
      const int64_t due = unit.schedule.due(j + n - 1);
      if (before >= next_poll_) {
        feed.poll();
        before = tai_now();
        next_poll_ = before + kPollEvery;
      }
      const int64_t at = bucket_.earliest(n, std::max(due, pacing_.txtime ? due : before));
      if (pacing_.txtime) launch = std::max(at, before + slot_ns);
      // Packed before the wait, so that only the send comes after it.
      const size_t octets = writer_.write(*picture, unit.field, j, n, unit.timestamp, sequence_);
      const int64_t wake = launch ? launch - kLaunchAhead : at;
      if (wake - before > kPollMargin * 4) wait_until(wake, feed);
      waiter_.until(wake);
      before = tai_now();
      for (const auto &path : paths)
        path->send(writer_.data(), octets, plan_.packets[j].size, launch, counters_);
      after = tai_now();
      if (launch)
        bucket_.sent(n, launch, launch);
      else
        bucket_.sent(n, before, after);
      const int64_t left = launch ? launch : before;
      histograms_.pacing_late.add(left - due);
      if (left > unit.schedule.read_at(j) + slot_ns) counters_.late_bursts.add();
      counters_.bytes.add(octets);
    } else {
      const size_t octets = writer_.write(*picture, unit.field, j, n, unit.timestamp, sequence_);
      for (const auto &path : paths)
        path->send(writer_.data(), octets, plan_.packets[j].size, 0, counters_);
      counters_.bytes.add(octets);
    }
    if (j == 0) begun = before;
    if (picture != unit.frame) counters_.short_frames.add(j + n == plan_.count());
    sequence_ += n;
    j += n;
    counters_.packets.add(n);
    counters_.bursts.add();
  }
  histograms_.frame_send.add((pacing_.paced ? after : tai_now()) - begun);
  counters_.fields.add();
  if (pacing_.txtime)
    for (const auto &path : paths) path->read_errors(counters_);
  return begun;
}

void TxSender::account() {
  const auto cpu = static_cast<uint64_t>(now_ns(CLOCK_THREAD_CPUTIME_ID));
  const auto spun = static_cast<uint64_t>(waiter_.spun_ns());
  counters_.thread_cpu_ns.set(cpu);
  counters_.spin_ns.set(spun);
  counters_.work_ns.set(cpu > spun ? cpu - spun : 0);
}

}  // namespace rtv
