// SPDX-License-Identifier: Apache-2.0
// UDP sockets of a receiver: joined, with a large buffer, timestamped, batches of coalesced
// datagrams at a time (recvmmsg, UDP_GRO). IPv4.
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "events.hpp"
#include "rx_config.hpp"

namespace rtv {

class RxSocket {
 public:
  // Opens, binds and joins. `name`: for messages, see path_name(). Throws std::system_error
  // that begins with it.
  RxSocket(const std::string &where, const RxLeg &leg, int rcvbuf, Events &events);
  ~RxSocket();
  RxSocket(RxSocket &&other) noexcept : fd_(other.fd_), drops_(other.drops_) { other.fd_ = -1; }
  RxSocket &operator=(RxSocket &&) = delete;
  int fd() const { return fd_; }

 private:
  friend class RxBatch;
  int fd_ = -1;
  uint32_t drops_ = 0;  // the kernel's running count for this socket
};

// Datagrams of one sender that came one after another; all but the last have `segment` octets.
struct Arrival {
  const uint8_t *data;
  size_t size;
  size_t segment;
  int64_t tai;      // by the kernel's stamp where offered
  uint32_t source;  // IPv4 address, host order
};

// The buffers of one receiving thread.
class RxBatch {
 public:
  static constexpr unsigned kMessages = 32;
  RxBatch();
  RxBatch(const RxBatch &) = delete;
  RxBatch &operator=(const RxBatch &) = delete;
  // Takes what is there, at most kMessages; never blocks. Valid until the next call.
  // new_drops: packets that the kernel dropped since the last call.
  std::span<const Arrival> receive(RxSocket &socket, int64_t tai_minus_utc, uint64_t *new_drops);

 private:
  // Not a power of two: the heads of all buffers would share the same cache sets.
  static constexpr size_t kBuffer = 65536 + 1344;
  static constexpr size_t kControl = 256;
  std::vector<uint8_t> data_, control_;
  std::vector<mmsghdr> headers_;
  std::vector<iovec> parts_;
  std::vector<sockaddr_in> sources_;
  std::vector<Arrival> arrivals_;
};

}  // namespace rtv
