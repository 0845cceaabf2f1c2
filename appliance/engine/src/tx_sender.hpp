// SPDX-License-Identifier: Apache-2.0
// Sends one frame or field: burst by burst on its read schedule, within the network model.
#pragma once
#include <memory>
#include <vector>

#include "pacer.hpp"
#include "packet_writer.hpp"
#include "socket_tx.hpp"
#include "tx_counters.hpp"
#include "tx_feed.hpp"

namespace rtv {

using TxPaths = std::vector<std::unique_ptr<TxSocket>>;

struct TxPacing {
  bool paced = true;
  bool txtime = false;
  uint32_t burst = 1;  // packets of one send
  uint32_t most = 1;   // of one send by a thread that woke late
  uint32_t cmax = 1;
  int64_t drain_ps = 0;
  int64_t spin_ns = 0;
  bool adaptive = false;  // sleeps between bursts and sends what has become due meanwhile
};

// What is sent as one unit of the RTP stream: a frame, or a field or segment of one.
struct TxUnit {
  rtv_frame *frame;           // with slices it may still be growing
  const rtv_frame *fallback;  // shows where rows of `frame` do not come in time; or nullptr
  uint32_t field;
  uint32_t timestamp;
  ReadSchedule schedule;
  int64_t give_up_tai;  // rows that are not there by then do not come
};

class TxSender {
 public:
  TxSender(const PacketPlan &plan, const Kernel &kernel, const TxPacing &pacing,
           uint32_t sequence, TxCounters &counters, TxHistograms &histograms);

  // Returns when the first burst left (TAI).
  int64_t send(const TxUnit &unit, const TxPaths &paths, TxFeed &feed);
  // Waits for an instant while following the source.
  void wait_until(int64_t tai, TxFeed &feed);
  void use_txtime(bool on) { pacing_.txtime = on; }
  // By how much rows of the last frame came after the packets that carry them were due, ns.
  int64_t row_lag() const { return row_lag_; }
  void account();  // thread time into the counters

 private:
  const rtv_frame *await_rows(const TxUnit &unit, TxFeed &feed, uint32_t last);
  uint32_t await_burst(const TxUnit &unit, uint32_t from, uint32_t run, TxFeed &feed);
  void look_at_source(TxFeed &feed);
  void send_at(const TxUnit &unit, const TxPaths &paths, TxFeed &feed, uint32_t j, uint32_t n,
               const rtv_frame &picture, bool now);

  const PacketPlan &plan_;
  TxPacing pacing_;
  PacketWriter writer_;
  LeakyBucket bucket_;
  Waiter waiter_;
  uint32_t sequence_;  // extended, 32 bits
  int64_t next_poll_ = 0;
  int64_t began_ = 0, ended_ = 0;  // of the last send
  int64_t row_lag_ = 0;
  TxCounters &counters_;
  TxHistograms &histograms_;
};

}  // namespace rtv
