// SPDX-License-Identifier: Apache-2.0
#include "tx_sender.hpp"

#include <algorithm>

namespace rtv {
namespace {

constexpr int64_t kPollEvery = 500'000;     // how often to look at the source while sending
constexpr int64_t kPollMargin = 300'000;    // no blocking look at the source this near an instant
constexpr int64_t kRowSpin = 500'000;       // at most so long for the next rows
constexpr int64_t kLaunchAhead = 400'000;   // with txtime: handed to the kernel so long before

}  // namespace

TxSender::TxSender(const PacketPlan &plan, const Kernel &kernel, const TxPacing &pacing,
                   uint32_t sequence, TxCounters &counters, TxHistograms &histograms)
    : plan_(plan), pacing_(pacing), writer_(plan, kernel, pacing.most),
      bucket_(pacing.drain_ps, pacing.cmax, std::min(pacing.burst, pacing.cmax)),
      waiter_(pacing.spin_ns, histograms.late_wakes), sequence_(sequence), counters_(counters),
      histograms_(histograms) {}

void TxSender::wait_until(int64_t tai, TxFeed &feed) {
  for (;;) {
    const int64_t left = tai - tai_now() - kPollMargin;
    if (left <= 100'000) break;
    const int64_t wake = tai_now() + std::min<int64_t>(left, 20'000'000);
    feed.wait(wake - tai_now());
    histograms_.late_wakes.note(wake, tai_now());
  }
  waiter_.until(tai);
}

void TxSender::look_at_source(TxFeed &feed) {
  if (const int64_t now = tai_now(); now >= next_poll_) {
    feed.poll();
    next_poll_ = now + kPollEvery;
  }
}

// The picture that the packets up to `last` are taken from. A sender that spins for its bursts
// spins for its rows too: being woken would cost it more than it may catch up.
const rtv_frame *TxSender::await_rows(const TxUnit &unit, TxFeed &feed, uint32_t last) {
  const uint32_t rows = rows_needed(plan_, unit.frame->format, unit.field, last);
  if (rtv_lines_ready(unit.frame) >= rows) return unit.frame;
  const int64_t from = tai_now();
  int64_t now = from;
  while (!pacing_.adaptive && now - from < kRowSpin && rtv_lines_ready(unit.frame) < rows)
    now = tai_now();
  const bool there = rtv_lines_ready(unit.frame) >= rows ||
                     feed.wait_rows(unit.frame, rows, unit.give_up_tai - now);
  row_lag_ = std::max(row_lag_, tai_now() - std::max(from, unit.schedule.due(last)));
  return there || !unit.fallback ? unit.frame : unit.fallback;
}

// Sleeps until a burst is due and fits, and says how many packets that are by the time it wakes:
// who wakes late sends more at once, and loses nothing as long as they fit. Sleeping is dear (in a
// virtual machine a timer costs more than a send), so who is behind takes all that may go at once.
uint32_t TxSender::await_burst(const TxUnit &unit, uint32_t from, uint32_t run, TxFeed &feed) {
  const uint32_t usual = std::min(run, pacing_.burst), most = std::min(run, pacing_.most);
  for (int64_t now = tai_now();;) {
    const bool behind = unit.schedule.due(from + most - 1) <= now;
    const uint32_t aim = behind ? std::min(most, std::max(usual, bucket_.capacity())) : usual;
    const uint32_t fit = std::min(most, bucket_.room(now));
    uint32_t n = 0;
    while (n < fit && unit.schedule.due(from + n) <= now) ++n;
    if (n >= std::max(1u, aim * 3 / 4)) return n;
    const int64_t at = bucket_.earliest(aim, std::max(now, unit.schedule.due(from + aim - 1)));
    if (at - now > kPollMargin * 4) wait_until(at, feed);
    now = waiter_.about(at);
  }
}

// Packs before the wait, so that only the send comes after it. `now`: it was waited already.
void TxSender::send_at(const TxUnit &unit, const TxPaths &paths, TxFeed &feed, uint32_t j,
                       uint32_t n, const rtv_frame &picture, bool now) {
  const int64_t slot_ns = pacing_.drain_ps / 1000;
  const int64_t due = unit.schedule.due(j + n - 1);
  int64_t launch = 0, wake = 0;
  if (!now) {
    // The lead is that of the burst's last packet: what lies in the receiver's buffer then.
    const int64_t before = tai_now();
    const int64_t at = bucket_.earliest(n, std::max(due, pacing_.txtime ? due : before));
    if (pacing_.txtime) launch = std::max(at, before + slot_ns);
    wake = launch ? launch - kLaunchAhead : at;
  }
  const size_t octets = writer_.write(picture, unit.field, j, n, unit.timestamp, sequence_);
  if (wake - tai_now() > kPollMargin * 4) wait_until(wake, feed);
  if (wake) waiter_.until(wake);
  began_ = tai_now();
  for (const auto &path : paths)
    path->send(writer_.data(), octets, plan_.packets[j].size, launch, counters_);
  ended_ = tai_now();
  histograms_.late_wakes.note(began_, ended_);  // a send is a matter of microseconds
  if (pacing_.paced) {
    launch ? bucket_.sent(n, launch, launch) : bucket_.sent(n, began_, ended_);
    const int64_t left = launch ? launch : began_;
    histograms_.pacing_late.add(left - due);
    if (left > unit.schedule.read_at(j) + slot_ns) counters_.late_bursts.add();
  }
  counters_.bytes.add(octets);
}

int64_t TxSender::send(const TxUnit &unit, const TxPaths &paths, TxFeed &feed) {
  const bool flexible = pacing_.paced && pacing_.adaptive && !pacing_.txtime;
  int64_t begun = 0;
  row_lag_ = 0;
  for (uint32_t j = 0; j < plan_.count();) {
    const uint32_t run = plan_.packets[j].run;
    if (pacing_.paced) look_at_source(feed);
    const uint32_t n = flexible ? await_burst(unit, j, run, feed) : std::min(pacing_.burst, run);
    const rtv_frame *picture = await_rows(unit, feed, j + n - 1);
    send_at(unit, paths, feed, j, n, *picture, flexible || !pacing_.paced);
    if (j == 0) begun = began_;
    if (picture != unit.frame) counters_.short_frames.add(j + n == plan_.count());
    sequence_ += n;
    j += n;
    counters_.packets.add(n);
    counters_.bursts.add();
  }
  histograms_.frame_send.add(ended_ - begun);
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
