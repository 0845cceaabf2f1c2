// SPDX-License-Identifier: Apache-2.0
// Hands finished frames to the sink at their time. A thin thread of its own, so that a sink that
// blocks for a frame does not keep packets waiting.
#pragma once
#include <atomic>
#include <cstdint>

#include "events.hpp"
#include "rtvbox/video.h"
#include "rx_counters.hpp"
#include "rx_outbox.hpp"

namespace rtv {

class Presenter {
 public:
  // Retains the sink. Throws std::system_error when the kernel has no eventfd left.
  Presenter(rtv_sink *sink, Outbox &outbox, RxCounters &counters, RxHistograms &histograms,
            Events &events, uint64_t max_frames);
  ~Presenter();
  Presenter(const Presenter &) = delete;
  Presenter &operator=(const Presenter &) = delete;

  // The thread's body; returns after stop() or when max_frames live frames were presented.
  void run();
  void wake();  // something is in the outbox
  void stop();
  bool done() const { return done_.load(std::memory_order_acquire); }
  // A reference to the frame presented last, or nullptr. Any thread.
  rtv_frame *snapshot();

 private:
  void present(const Outgoing &o);
  bool wait_until(int64_t tai);
  void publish(rtv_frame *frame);

  rtv_sink *sink_;
  Outbox &outbox_;
  RxCounters &n_;
  RxHistograms &h_;
  Events &events_;
  uint64_t max_frames_, presented_ = 0;
  int event_ = -1;
  std::atomic<bool> stop_{false}, done_{false};
  std::atomic<rtv_frame *> latest_{nullptr};
  rtv_frame *growing_ = nullptr;  // presented, but not whole yet
  bool said_error_ = false;
};

}  // namespace rtv
