// SPDX-License-Identifier: Apache-2.0
// One path out: a connected UDP socket on one interface.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "events.hpp"
#include "tx_counters.hpp"

namespace rtv {

struct TxLeg {
  std::string interface, source_ip, address;
  uint16_t source_port = 0, port = 0;
  int ttl = 64, dscp = 34;
};

class TxSocket {
 public:
  // name: for messages, see path_name(). max_udp: octets of the largest datagram with its 8 of UDP header. Throws
  // std::invalid_argument for what a person wrote wrong, std::system_error naming the interface
  // or the address when the system refuses.
  TxSocket(const std::string &name, const TxLeg &leg, uint32_t max_udp, bool txtime,
           Events &events);
  ~TxSocket();
  TxSocket(const TxSocket &) = delete;
  TxSocket &operator=(const TxSocket &) = delete;

  // Datagrams of `each` octets (the last may be shorter) from one buffer. launch_tai: when they
  // shall leave, with txtime; 0 at once. Never blocks: what the kernel has no room for after a
  // few tries is dropped and counted.
  void send(const uint8_t *data, size_t octets, uint32_t each, int64_t launch_tai,
            TxCounters &counters);
  bool has_txtime() const { return txtime_; }
  // Reads from the error queue which launch times were missed.
  void read_errors(TxCounters &counters);

 private:
  void open(const TxLeg &leg, uint32_t max_udp);
  bool send_segmented(const uint8_t *data, size_t octets, uint32_t each, int64_t launch_tai,
                      TxCounters &counters);
  void send_many(const uint8_t *data, size_t octets, uint32_t each, int64_t launch_tai,
                 TxCounters &counters);
  void failed(int error, uint64_t packets, TxCounters &counters);
  void succeeded() {
    if (failing_since_) resumed();
  }
  void resumed();

  int fd_ = -1;
  std::string name_;
  bool segment_ = true, txtime_ = false;
  int last_error_ = 0;
  int64_t failing_since_ = 0;  // monotonic; 0: the system takes packets, or its queue is full
  Events &events_;
};

}  // namespace rtv
