// SPDX-License-Identifier: Apache-2.0
// A receiver: sockets, the thread that empties them, the thread that presents.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "presenter.hpp"
#include "rx_core.hpp"
#include "socket_rx.hpp"

namespace rtv {

class Receiver {
 public:
  // Retains the sink. Throws std::invalid_argument, one line.
  Receiver(rtv_sink *sink, const RxConfig &config);
  ~Receiver();
  Receiver(const Receiver &) = delete;
  Receiver &operator=(const Receiver &) = delete;

  // Opens everything or nothing, and returns when it listens: locking the memory of a large
  // process takes a while, and packets that came meanwhile would wait. Throws std::system_error
  // (sockets) or std::runtime_error (sink). Once only: a second start() throws std::logic_error.
  void start();
  void stop();  // idempotent
  bool running() const;

  const RxCounters &counters() const { return counters_; }
  const RxHistograms &histograms() const { return histograms_; }
  Events &events() { return events_; }
  Compositor &compositor() { return compositor_; }
  const rtv_format &format() const { return config_.format; }
  void announce() { announce_.store(true, std::memory_order_relaxed); }
  // One reader. See LatestBytes::take.
  bool static_part(uint32_t *id, Octets *bytes) {
    return core_.assembler().statics().news().take(id, bytes);
  }
  rtv_frame *snapshot() { return presenter_.snapshot(); }

 private:
  struct Input {
    RxSocket socket;
    int leg;
    bool video;
  };
  // What one look at a socket found. behind: when its last packet came, where more of them wait.
  struct Drained {
    bool any = false;
    int64_t behind = INT64_MAX;
  };
  void open_inputs();
  void receive();
  Drained drain(Input &input, RxBatch &batch, int64_t tai_minus_utc);

  const RxConfig config_;
  rtv_sink *sink_;
  Events events_;
  RxCounters counters_;
  RxHistograms histograms_;
  Compositor compositor_;
  Outbox outbox_;
  RxCore core_;
  Presenter presenter_;
  std::vector<Input> inputs_;
  std::thread receiving_, presenting_;
  std::atomic<bool> stop_{false}, announce_{false};
  bool started_ = false, stopped_ = false;
};

}  // namespace rtv
