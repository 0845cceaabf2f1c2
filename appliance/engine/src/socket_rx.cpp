// SPDX-License-Identifier: Apache-2.0
#include "socket_rx.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace rtv {
namespace {

[[noreturn]] void refuse(int error, const std::string &what) {
  throw std::system_error(error, std::generic_category(), what);
}

in_addr ipv4(const std::string &where, const std::string &text) {
  in_addr a{};
  if (inet_pton(AF_INET, text.c_str(), &a) != 1)
    refuse(EINVAL, where + ": " + text + " is no IPv4 address");
  return a;
}

// Index of a device that is there and up; 0 for "any".
int device(int fd, const std::string &where, const std::string &interface) {
  if (interface.empty()) return 0;
  ifreq r{};
  if (interface.size() >= sizeof r.ifr_name)
    refuse(ENODEV, where + ": interface " + interface + " does not exist");
  std::memcpy(r.ifr_name, interface.c_str(), interface.size() + 1);
  if (ioctl(fd, SIOCGIFFLAGS, &r) != 0)
    refuse(errno, where + ": interface " + interface + " does not exist");
  if (!(r.ifr_flags & IFF_UP)) refuse(ENETDOWN, where + ": interface " + interface + " is down");
  return static_cast<int>(if_nametoindex(interface.c_str()));
}

void grant_buffer(int fd, const std::string &where, int wish, Events &events) {
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wish, sizeof wish) != 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &wish, sizeof wish);
  int got = 0;
  socklen_t n = sizeof got;
  getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &n);
  if (got / 2 < wish)  // the kernel doubles what it grants
    events.say(Severity::warning, "rcvbuf-small",
               "%s: socket buffer of %d octets instead of %d; set net.core.rmem_max=%d",
               where.c_str(), got / 2, wish, wish);
}

}  // namespace

RxSocket::RxSocket(const std::string &where, const RxLeg &leg, int rcvbuf, Events &events) {
  fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) refuse(errno, where + ": no socket");
  try {
    const in_addr address = ipv4(where, leg.address);
    const int index = device(fd_, where, leg.interface);
    const int on = 1, off = 0;
    setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Bound to the group, so that other groups on the same port stay out.
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_port = htons(leg.port);
    local.sin_addr = address;
    if (bind(fd_, reinterpret_cast<sockaddr *>(&local), sizeof local) != 0)
      refuse(errno, where + ": cannot bind");
    // Keeps what arrives on other links out; not permitted everywhere, and then the join decides.
    if (index)
      setsockopt(fd_, SOL_SOCKET, SO_BINDTODEVICE, leg.interface.c_str(),
                 static_cast<socklen_t>(leg.interface.size()));
    if (IN_MULTICAST(ntohl(address.s_addr))) {
      setsockopt(fd_, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);
      if (leg.source_ip.empty()) {
        ip_mreqn m{};
        m.imr_multiaddr = address;
        m.imr_ifindex = index;
        if (setsockopt(fd_, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m) != 0)
          refuse(errno, where + ": cannot join the group");
      } else {
        // Protocol-independent form: names the device by index.
        group_source_req m{};
        m.gsr_interface = static_cast<uint32_t>(index);
        sockaddr_in group{}, source{};
        group.sin_family = source.sin_family = AF_INET;
        group.sin_addr = address;
        source.sin_addr = ipv4(where, leg.source_ip);
        std::memcpy(&m.gsr_group, &group, sizeof group);
        std::memcpy(&m.gsr_source, &source, sizeof source);
        if (setsockopt(fd_, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &m, sizeof m) != 0)
          refuse(errno, where + ": cannot join the group from " + leg.source_ip);
      }
    }
    grant_buffer(fd_, where, rcvbuf, events);
    setsockopt(fd_, IPPROTO_UDP, UDP_GRO, &on, sizeof on);
    setsockopt(fd_, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    setsockopt(fd_, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  } catch (...) {
    close(fd_);
    throw;
  }
}

RxSocket::~RxSocket() {
  if (fd_ >= 0) close(fd_);
}

RxBatch::RxBatch()
    : data_(kMessages * kBuffer),
      control_(kMessages * kControl),
      headers_(kMessages),
      parts_(kMessages),
      sources_(kMessages),
      arrivals_(kMessages) {
  for (unsigned i = 0; i < kMessages; ++i) {
    parts_[i] = {&data_[i * kBuffer], 65536};
    msghdr &h = headers_[i].msg_hdr;
    h.msg_iov = &parts_[i];
    h.msg_iovlen = 1;
    h.msg_name = &sources_[i];
    h.msg_control = &control_[i * kControl];
  }
}

std::span<const Arrival> RxBatch::receive(RxSocket &socket, int64_t tai_minus_utc,
                                          uint64_t *new_drops) {
  for (mmsghdr &m : headers_) {
    m.msg_hdr.msg_namelen = sizeof(sockaddr_in);
    m.msg_hdr.msg_controllen = kControl;
  }
  *new_drops = 0;
  const int n = recvmmsg(socket.fd(), headers_.data(), kMessages, MSG_DONTWAIT, nullptr);
  if (n <= 0) return {};
  int64_t now = 0;
  size_t used = 0;
  for (int i = 0; i < n; ++i) {
    msghdr &h = headers_[static_cast<size_t>(i)].msg_hdr;
    const size_t size = headers_[static_cast<size_t>(i)].msg_len;
    Arrival a{&data_[static_cast<size_t>(i) * kBuffer], size, size, 0,
              ntohl(sources_[static_cast<size_t>(i)].sin_addr.s_addr)};
    for (cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c)) {
      if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
        int segment;
        std::memcpy(&segment, CMSG_DATA(c), sizeof segment);
        if (segment > 0) a.segment = static_cast<size_t>(segment);
      } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
        timespec t;
        std::memcpy(&t, CMSG_DATA(c), sizeof t);
        a.tai = t.tv_sec * kSecond + t.tv_nsec + tai_minus_utc;
      } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
        uint32_t drops;
        std::memcpy(&drops, CMSG_DATA(c), sizeof drops);
        *new_drops += drops - socket.drops_;
        socket.drops_ = drops;
      }
    }
    if (a.tai == 0) a.tai = now ? now : (now = tai_now());
    if (size == 0) continue;
    arrivals_[used++] = a;
  }
  return {arrivals_.data(), used};
}

}  // namespace rtv
