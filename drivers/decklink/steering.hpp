// SPDX-License-Identifier: Apache-2.0
// Watches an output's clock beside TAI, and steers it where the card allows that: a slow thread
// beside the output's own. Other threads ask it when a raster began.
#pragma once
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "hardware_clock.hpp"
#include "rtvbox/video.h"
#include "servo.hpp"

namespace rtv::decklink {

struct SteeringOptions {
  rtv_format format{};
  bool trims = false;             // the card has the adjustment, and it is wanted
  int64_t margin_ns = 1'000'000;  // wanted from a frame's due time to the start of its raster
  int64_t tau_ms = 20'000;
};

struct SteeringStatus {
  bool trims = false, known = false;  // known: the output's raster is
  ServoState state = ServoState::watching;
  int32_t trim_ppm = 0;
  int64_t error_ns = 0;   // raster start less the wanted one
  int64_t phase_ns = 0;   // raster start after the alignment point of ST 2059-1, [0, period)
  int64_t drift_ppb = 0;  // of the card's own clock against TAI, untrimmed; positive fast
  NextSlip slip{Slip::none, 0};  // of an output that is not steered
};

class Steering {
 public:
  // Starts its thread. The ports are held until the end.
  Steering(Ref<abi::Output> output, Ref<abi::Configuration> configuration,
           const SteeringOptions &options);
  ~Steering();  // leaves the trim as it found it
  Steering(const Steering &) = delete;
  Steering &operator=(const Steering &) = delete;

  // When frames are due: what the raster is steered towards. 0: alignment points.
  void expect(int64_t due_tai) { due_.store(due_tai, std::memory_order_relaxed); }
  // A stamp of the card's clock as TAI; 0: not known yet.
  int64_t tai_of(int64_t card_ns) const;
  // Start of the last raster at or before tai; 0: not known.
  int64_t raster_at(int64_t tai) const;
  SteeringStatus status() const;

 private:
  void run();
  void look();
  void steer(const ClockReading &r, int64_t raster_tai);

  const Ref<abi::Output> output_;
  const Ref<abi::Configuration> configuration_;
  const SteeringOptions options_;
  const int64_t period_;
  std::atomic<int64_t> due_{0};
  int64_t found_trim_ = 0;

  mutable std::mutex mutex_;  // a few words, held for nanoseconds
  std::condition_variable wake_;
  bool stop_ = false;
  ClockMap map_;
  int64_t raster_ = 0;
  SteeringStatus status_;

  // The thread's own.
  Servo servo_;
  int64_t stepped_ = 0, set_ = 0;
  std::thread thread_;
};

}  // namespace rtv::decklink
