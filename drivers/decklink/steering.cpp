// SPDX-License-Identifier: Apache-2.0
#include "steering.hpp"

#include <pthread.h>

#include <chrono>

#include "raster.hpp"

namespace rtv::decklink {

namespace {
constexpr auto kLook = std::chrono::milliseconds(100);
constexpr int64_t kStep = 250'000'000;  // between two steps of the servo, ns
}  // namespace

Steering::Steering(Ref<abi::Output> output, Ref<abi::Configuration> configuration,
                   const SteeringOptions &options)
    : output_(std::move(output)),
      configuration_(std::move(configuration)),
      options_(options),
      period_(frame_ns(options.format)),
      servo_({.period_ns = period_, .tau_ms = options.tau_ms}) {
  status_.trims = options_.trims;
  if (options_.trims) {
    if (configuration_->GetInt(abi::attribute::kClockTimingAdjustment, &found_trim_) != abi::kOk) found_trim_ = 0;
    configuration_->SetInt(abi::attribute::kClockTimingAdjustment, 0);
  }
  thread_ = std::thread([this] { run(); });
}

Steering::~Steering() {
  {
    std::lock_guard hold(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
  if (options_.trims) configuration_->SetInt(abi::attribute::kClockTimingAdjustment, found_trim_);
}

int64_t Steering::tai_of(int64_t card_ns) const {
  std::lock_guard hold(mutex_);
  return map_.known() ? map_.tai(card_ns) : 0;
}

int64_t Steering::raster_at(int64_t tai) const {
  std::lock_guard hold(mutex_);
  if (raster_ == 0) return 0;
  int64_t since = (tai - raster_) % period_;
  if (since < 0) since += period_;
  return tai - since;
}

SteeringStatus Steering::status() const {
  std::lock_guard hold(mutex_);
  return status_;
}

void Steering::run() {
  pthread_setname_np(pthread_self(), "rtv-dl-steer");
  std::unique_lock hold(mutex_);
  while (!stop_) {
    hold.unlock();
    look();
    hold.lock();
    wake_.wait_for(hold, kLook, [this] { return stop_; });
  }
}

void Steering::look() {
  ClockReading r;
  if (!read_clock(output_.get(), &r)) return;
  {
    std::lock_guard hold(mutex_);
    map_.add(r.card_ns, r.tai_before, r.tai_after);
    if (r.frame_ns > 0) raster_ = r.tai() - r.in_frame_ns;
  }
  if (r.frame_ns > 0) steer(r, r.tai() - r.in_frame_ns);
}

void Steering::steer(const ClockReading &r, int64_t raster_tai) {
  if (stepped_ && r.tai() - stepped_ < kStep) return;
  const int64_t dt = stepped_ ? r.tai() - stepped_ : 0;
  stepped_ = r.tai();
  const rtv_format &f = options_.format;
  const int64_t aligned = alignment_point(alignment_index(raster_tai, f.rate_num, f.rate_den),
                                          f.rate_num, f.rate_den);
  const int64_t due = due_.load(std::memory_order_relaxed);
  const int64_t error = raster_tai - (due ? due : aligned) - options_.margin_ns;
  const int32_t trim = options_.trims ? servo_.step(error, dt) : 0;
  if (trim != set_) {
    configuration_->SetInt(abi::attribute::kClockTimingAdjustment, trim);
    set_ = trim;
  }
  std::lock_guard hold(mutex_);
  status_.known = true;
  status_.state = servo_.state();
  status_.trim_ppm = trim;
  status_.error_ns = wrap_phase(error, period_);
  status_.phase_ns = raster_tai - aligned;
  status_.drift_ppb = options_.trims ? servo_.drift_ppb() : map_.ppb();
  const bool steered = options_.trims && status_.state == ServoState::locked;
  status_.slip = steered ? NextSlip{Slip::none, 0}
                         : next_slip(error + options_.margin_ns, period_, map_.ppb());
}

}  // namespace rtv::decklink
