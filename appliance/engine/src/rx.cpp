// SPDX-License-Identifier: Apache-2.0
#include "rx.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <future>
#include <stdexcept>

#include "thread.hpp"

namespace rtv {
namespace {

constexpr int64_t kIdle = 10'000'000;

timespec span_of(int64_t ns) { return {ns / kSecond, static_cast<long>(ns % kSecond)}; }

void check(const RxConfig &c) {
  auto refuse = [](const char *text) { throw std::invalid_argument(text); };
  if (c.video.empty() || c.video.size() > 2) refuse("video: give one path, or two (ST 2022-7)");
  if (c.metadata.size() > 2) refuse("metadata: give at most two paths (ST 2022-7)");
  if (c.payload_type < 96 || c.payload_type > 127)
    refuse("payload_type: not dynamic; give 96 to 127");
  if (!c.metadata.empty() && (c.metadata_payload_type < 96 || c.metadata_payload_type > 127))
    refuse("metadata_payload_type: not dynamic; give 96 to 127");
  if (c.rtp_rate < 1000 || c.rtp_rate > 1'000'000) refuse("rtp_rate: video has 90000");
  if (c.link_offset_ns < -1 || c.link_offset_ns > kSecond)
    refuse("link_offset_ns: give -1, 0 or up to one second");
  if (c.skew_ns < 0 || c.skew_ns > 450'000'000)
    refuse("skew_ns: ST 2022-7 ends at 450 ms (class C)");
  for (const auto *legs : {&c.video, &c.metadata})
    for (const RxLeg &l : *legs)
      if (l.port == 0) refuse("port: missing in a path; give 1 to 65535");
}

const RxConfig &checked(const RxConfig &c) {
  check(c);
  return c;
}

}  // namespace

Receiver::Receiver(rtv_sink *sink, const RxConfig &config)
    : config_(checked(config)),
      sink_(sink),
      core_(config_, compositor_, counters_, histograms_, events_, outbox_),
      presenter_(sink, outbox_, counters_, histograms_, events_, config_.max_frames) {}

Receiver::~Receiver() { stop(); }

void Receiver::open_inputs() {
  std::vector<Input> inputs;
  for (const bool video : {true, false}) {
    const std::vector<RxLeg> &legs = video ? config_.video : config_.metadata;
    for (size_t i = 0; i < legs.size(); ++i) {
      const std::string name = path_name(video ? "video" : "metadata", legs[i], i, legs.size());
      inputs.push_back({RxSocket(name, legs[i], video ? config_.rcvbuf : 1 << 20, events_),
                        static_cast<int>(i), video});
    }
  }
  inputs_ = std::move(inputs);
}

void Receiver::start() {
  if (started_) throw std::logic_error("this receiver was started before; make another");
  std::promise<bool> opened;
  const std::shared_future<bool> go = opened.get_future().share();
  std::array<std::promise<void>, 2> promises;
  std::array<std::future<void>, 2> dressed{promises[0].get_future(), promises[1].get_future()};
  receiving_ = std::thread([this, said = std::move(promises[0]), go]() mutable {
    dress_thread({"rtv-rx", config_.realtime, 51, config_.cpu}, Spin::never, events_);
    said.set_value();
    if (go.get()) receive();
  });
  presenting_ = std::thread([this, said = std::move(promises[1]), go]() mutable {
    dress_thread({"rtv-rx-present", config_.realtime, 52, -1}, Spin::never, events_);
    said.set_value();
    if (go.get()) presenter_.run();
  });
  for (auto &each : dressed) each.wait();
  try {
    // The sink first: what it takes to start, no packet has to wait for.
    const bool slices = config_.slices && config_.format.scan == RTV_PROGRESSIVE;
    if (sink_->start(sink_->self, &config_.format, slices) != RTV_OK) {
      const char *why = sink_->error(sink_->self);
      throw std::runtime_error(std::string("sink: ") + (why ? why : "does not start"));
    }
    try {
      open_inputs();
    } catch (...) {
      sink_->stop(sink_->self);
      throw;
    }
  } catch (...) {
    opened.set_value(false);
    receiving_.join();
    presenting_.join();
    throw;
  }
  started_ = true;
  opened.set_value(true);
}

void Receiver::stop() {
  if (!started_ || stopped_) return;
  stopped_ = true;
  stop_.store(true, std::memory_order_release);
  receiving_.join();
  presenter_.stop();
  presenting_.join();
  sink_->stop(sink_->self);
  inputs_.clear();
}

bool Receiver::running() const { return started_ && !stopped_ && !presenter_.done(); }

Receiver::Drained Receiver::drain(Input &input, RxBatch &batch, int64_t tai_minus_utc) {
  uint64_t drops = 0;
  const auto arrivals = batch.receive(input.socket, tai_minus_utc, &drops);
  if (drops) counters_.kernel_drops.add(drops);
  for (const Arrival &a : arrivals) {
    for (size_t at = 0; at < a.size; at += a.segment) {
      const Octets datagram(a.data + at, std::min(a.segment, a.size - at));
      if (input.video)
        core_.video(input.leg, datagram, a.source, a.tai);
      else
        core_.metadata(input.leg, datagram, a.source, a.tai);
    }
  }
  if (arrivals.empty()) return {};
  return {true, arrivals.size() < RxBatch::kMessages ? INT64_MAX : arrivals.back().tai};
}

void Receiver::receive() {
  RxBatch batch;
  std::vector<pollfd> polls;
  for (const Input &i : inputs_) polls.push_back({i.socket.fd(), POLLIN, 0});
  uint32_t pushed = 0;
  int64_t tai_minus_utc = 0, checked_clock = 0, resume = tai_now();
  while (!stop_.load(std::memory_order_acquire) && !presenter_.done()) {
    int64_t now = tai_now();
    histograms_.receiving_late.note(resume, now);
    if (now - checked_clock > kSecond / 10 || now < checked_clock) {
      checked_clock = now;
      // Whole seconds, unless the two readings fell apart.
      tai_minus_utc = (now - now_ns(CLOCK_REALTIME) + kSecond / 2) / kSecond * kSecond;
      core_.assembler().set_tai_utc(static_cast<int32_t>(tai_minus_utc / kSecond));
      core_.assembler().announce(announce_.load(std::memory_order_relaxed));
      counters_.cpu_receive_ns.set(static_cast<uint64_t>(now_ns(CLOCK_THREAD_CPUTIME_ID)));
    }
    bool any = false;
    int64_t behind = INT64_MAX;
    for (Input &input : inputs_) {
      const Drained found = drain(input, batch, tai_minus_utc);
      any |= found.any;
      behind = std::min(behind, found.behind);
    }
    const int64_t began = now;
    now = tai_now();
    histograms_.receiving_late.note(began, now);  // a batch is a matter of microseconds
    core_.tick(now, std::min(now, behind));
    if (outbox_.pushed() != pushed) {
      pushed = outbox_.pushed();
      presenter_.wake();
    }
    const int64_t until = std::max<int64_t>(0, core_.deadline(now) - now);
    if (behind != INT64_MAX) {
      resume = now;  // more is waiting
    } else if (any) {
      // One wake-up for many packets instead of one for each burst.
      const int64_t nap = std::min(core_.assembler().gather(), until);
      const timespec t = span_of(nap);
      resume = now + nap;
      nanosleep(&t, nullptr);
    } else {
      const int64_t nap = std::clamp<int64_t>(until, 50'000, kIdle);
      const timespec t = span_of(nap);
      resume = now + nap;
      ppoll(polls.data(), polls.size(), &t, nullptr);
    }
  }
  counters_.cpu_receive_ns.set(static_cast<uint64_t>(now_ns(CLOCK_THREAD_CPUTIME_ID)));
  core_.finish();
}

}  // namespace rtv
