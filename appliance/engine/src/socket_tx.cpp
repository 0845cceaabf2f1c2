// SPDX-License-Identifier: Apache-2.0
#include "socket_tx.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

namespace rtv {
namespace {

constexpr int kTries = 4;  // for a full queue
constexpr int kSendBuffer = 16 << 20;

[[noreturn]] void refuse(int error, const std::string &what) {
  throw std::system_error(error, std::generic_category(), what);
}

struct Address {
  sockaddr_storage raw{};
  socklen_t size = 0;
  int family() const { return raw.ss_family; }
  bool multicast() const {
    if (family() == AF_INET)
      return IN_MULTICAST(ntohl(reinterpret_cast<const sockaddr_in *>(&raw)->sin_addr.s_addr));
    return reinterpret_cast<const sockaddr_in6 *>(&raw)->sin6_addr.s6_addr[0] == 0xff;
  }
};

Address parse(const char *field, const std::string &text, uint16_t port, unsigned scope) {
  Address a;
  auto *v4 = reinterpret_cast<sockaddr_in *>(&a.raw);
  auto *v6 = reinterpret_cast<sockaddr_in6 *>(&a.raw);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    a.size = sizeof *v4;
  } else if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    v6->sin6_scope_id = scope;
    a.size = sizeof *v6;
  } else {
    throw std::invalid_argument(std::string(field) + ": '" + text +
                                "' is no IP address; write it in digits");
  }
  return a;
}

// The interface's first address of a family, with the wanted port.
Address first_address(const std::string &interface, int family, uint16_t port) {
  ifaddrs *list = nullptr;
  if (getifaddrs(&list) != 0) refuse(errno, "addresses of interface " + interface);
  Address a;
  for (ifaddrs *i = list; i && !a.size; i = i->ifa_next) {
    if (!i->ifa_addr || i->ifa_addr->sa_family != family || interface != i->ifa_name) continue;
    a.size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    std::memcpy(&a.raw, i->ifa_addr, a.size);
  }
  freeifaddrs(list);
  if (!a.size)
    refuse(EADDRNOTAVAIL, "interface " + interface + " has no IP address; give it one");
  if (family == AF_INET)
    reinterpret_cast<sockaddr_in *>(&a.raw)->sin_port = htons(port);
  else
    reinterpret_cast<sockaddr_in6 *>(&a.raw)->sin6_port = htons(port);
  return a;
}

template <typename T>
void set(int fd, int level, int option, const T &value, const std::string &what) {
  if (setsockopt(fd, level, option, &value, sizeof value) != 0) refuse(errno, what);
}

// A control message in a buffer that is aligned for it.
struct Control {
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(uint16_t)) + CMSG_SPACE(sizeof(uint64_t))];
};

void add_control(msghdr &m, int level, int type, const void *value, size_t size) {
  auto *c = reinterpret_cast<cmsghdr *>(static_cast<char *>(m.msg_control) + m.msg_controllen);
  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN(size);
  std::memcpy(CMSG_DATA(c), value, size);
  m.msg_controllen += CMSG_SPACE(size);
}

bool queue_full(int error) { return error == ENOBUFS || error == EAGAIN || error == ENOMEM; }

}  // namespace

TxSocket::TxSocket(const std::string &name, const TxLeg &leg, uint32_t max_udp, bool txtime,
                   Events &events)
    : name_(name), events_(events) {
  try {
    open(leg, max_udp);
  } catch (...) {
    if (fd_ >= 0) close(fd_);
    throw;
  }
  if (!txtime) return;
  sock_txtime t{};
  t.clockid = CLOCK_TAI;
  t.flags = SOF_TXTIME_REPORT_ERRORS;
  if (setsockopt(fd_, SOL_SOCKET, SO_TXTIME, &t, sizeof t) == 0) {
    txtime_ = true;
    events_.say(Severity::info, "txtime",
                "%s: launch times are given to the kernel; they act only where the interface has "
                "an ETF queue",
                name_.c_str());
  } else {
    events_.say(Severity::warning, "no-txtime", "%s: no launch times (%s); paced by this program",
                name_.c_str(), strerror(errno));
  }
}

TxSocket::~TxSocket() {
  if (fd_ >= 0) close(fd_);
}

void TxSocket::open(const TxLeg &leg, uint32_t max_udp) {
  if (leg.interface.empty() || leg.interface.size() >= IFNAMSIZ)
    throw std::invalid_argument("interface: '" + leg.interface + "' is no device name");
  if (leg.port == 0) throw std::invalid_argument("port: 0 is no destination; give 1 to 65535");
  if (leg.ttl < 1 || leg.ttl > 255) throw std::invalid_argument("ttl: must be 1 to 255");
  if (leg.dscp < 0 || leg.dscp > 63) throw std::invalid_argument("dscp: must be 0 to 63");
  const unsigned index = if_nametoindex(leg.interface.c_str());
  if (index == 0) refuse(ENODEV, "interface " + leg.interface + " does not exist");
  const Address to = parse("address", leg.address, leg.port, index);

  fd_ = socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) refuse(errno, "socket for " + name_);
  ifreq request{};
  std::memcpy(request.ifr_name, leg.interface.c_str(), leg.interface.size() + 1);
  if (ioctl(fd_, SIOCGIFFLAGS, &request) != 0) refuse(errno, "interface " + leg.interface);
  const bool loopback = request.ifr_flags & IFF_LOOPBACK;
  if (!(request.ifr_flags & IFF_UP))
    refuse(ENETDOWN, "interface " + leg.interface + " is down; bring it up");
  const bool six = to.family() == AF_INET6;
  if (ioctl(fd_, SIOCGIFMTU, &request) != 0) refuse(errno, "interface " + leg.interface);
  if (static_cast<int64_t>(max_udp) + (six ? 40 : 20) > request.ifr_mtu)
    throw std::invalid_argument("max_udp: " + std::to_string(max_udp) +
                                " does not fit the MTU of " + leg.interface + ", " +
                                std::to_string(request.ifr_mtu) + "; choose 1460 or a larger MTU");

  // Binding to the device needs no privilege in newer kernels; where it is refused, the source
  // address and, for groups, the multicast interface still choose the way.
  setsockopt(fd_, SOL_SOCKET, SO_BINDTODEVICE, leg.interface.c_str(),
             static_cast<socklen_t>(leg.interface.size()));
  const int on = 1, hops = leg.ttl, tos = leg.dscp << 2, loop = loopback ? 1 : 0;
  set(fd_, SOL_SOCKET, SO_REUSEADDR, on, "reuse of the source port of " + name_);
  if (six) {
    const int probe = IPV6_PMTUDISC_PROBE;
    set(fd_, IPPROTO_IPV6, IPV6_MULTICAST_IF, index, "multicast on " + leg.interface);
    set(fd_, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops, "ttl of " + name_);
    set(fd_, IPPROTO_IPV6, IPV6_UNICAST_HOPS, hops, "ttl of " + name_);
    set(fd_, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, loop, "multicast loop of " + name_);
    set(fd_, IPPROTO_IPV6, IPV6_TCLASS, tos, "dscp of " + name_);
    set(fd_, IPPROTO_IPV6, IPV6_MTU_DISCOVER, probe, "no fragments for " + name_);
  } else {
    ip_mreqn group{};
    group.imr_ifindex = static_cast<int>(index);
    const int probe = IP_PMTUDISC_PROBE;
    set(fd_, IPPROTO_IP, IP_MULTICAST_IF, group, "multicast on " + leg.interface);
    set(fd_, IPPROTO_IP, IP_MULTICAST_TTL, hops, "ttl of " + name_);
    set(fd_, IPPROTO_IP, IP_TTL, hops, "ttl of " + name_);
    set(fd_, IPPROTO_IP, IP_MULTICAST_LOOP, loop, "multicast loop of " + name_);
    set(fd_, IPPROTO_IP, IP_TOS, tos, "dscp of " + name_);
    set(fd_, IPPROTO_IP, IP_MTU_DISCOVER, probe, "no fragments for " + name_);
  }
  if (setsockopt(fd_, SOL_SOCKET, SO_SNDBUFFORCE, &kSendBuffer, sizeof kSendBuffer) != 0)
    setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);

  const Address from = leg.source_ip.empty()
                           ? first_address(leg.interface, to.family(), leg.source_port)
                           : parse("source_ip", leg.source_ip, leg.source_port, index);
  if (from.family() != to.family())
    throw std::invalid_argument("source_ip: is of another IP version than the destination");
  if (bind(fd_, reinterpret_cast<const sockaddr *>(&from.raw), from.size) != 0)
    refuse(errno, "source " + (leg.source_ip.empty() ? "address" : leg.source_ip) + ":" +
                      std::to_string(leg.source_port) + " on " + leg.interface);
  if (connect(fd_, reinterpret_cast<const sockaddr *>(&to.raw), to.size) != 0)
    refuse(errno, "destination " + name_);
}

void TxSocket::send(const uint8_t *data, size_t octets, uint32_t each, int64_t launch_tai,
                    TxCounters &counters) {
  if (segment_ && octets > each) {
    if (send_segmented(data, octets, each, launch_tai, counters)) return;
    segment_ = false;
  }
  send_many(data, octets, each, launch_tai, counters);
}

// False when the kernel or the device cannot cut datagrams here; nothing was sent then.
bool TxSocket::send_segmented(const uint8_t *data, size_t octets, uint32_t each,
                              int64_t launch_tai, TxCounters &counters) {
  iovec part{const_cast<uint8_t *>(data), octets};
  Control control;
  msghdr m{};
  m.msg_iov = &part;
  m.msg_iovlen = 1;
  m.msg_control = control.room;
  const auto size = static_cast<uint16_t>(each);
  add_control(m, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size);
  if (launch_tai) add_control(m, SOL_SOCKET, SCM_TXTIME, &launch_tai, sizeof launch_tai);
  for (int i = 0; i < kTries; ++i) {
    if (sendmsg(fd_, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return succeeded(), true;
    if (errno == ECONNREFUSED || errno == EINTR) continue;  // nobody listens: not our affair
    if (!queue_full(errno)) break;
    counters.enobufs.add();
  }
  const int error = errno;
  if (error == EINVAL || error == EIO || error == ENOPROTOOPT || error == EOPNOTSUPP) {
    events_.say(Severity::warning, "no-udp-segment",
                "%s: the kernel does not cut bursts (UDP_SEGMENT: %s); sending packet by packet, "
                "which costs more CPU",
                name_.c_str(), strerror(error));
    return false;
  }
  failed(error, (octets + each - 1) / each, counters);
  return true;
}

void TxSocket::send_many(const uint8_t *data, size_t octets, uint32_t each, int64_t launch_tai,
                         TxCounters &counters) {
  constexpr size_t kMany = 64;
  std::array<mmsghdr, kMany> messages;
  std::array<iovec, kMany> parts;
  Control control;
  while (octets) {
    unsigned n = 0;
    for (; n < kMany && octets; ++n) {
      const size_t size = std::min<size_t>(each, octets);
      parts[n] = {const_cast<uint8_t *>(data), size};
      messages[n] = {};
      msghdr &m = messages[n].msg_hdr;
      m.msg_iov = &parts[n];
      m.msg_iovlen = 1;
      if (launch_tai) {
        m.msg_control = control.room;
        m.msg_controllen = 0;
        add_control(m, SOL_SOCKET, SCM_TXTIME, &launch_tai, sizeof launch_tai);
      }
      data += size;
      octets -= size;
    }
    unsigned done = 0;
    for (int tries = 0; done < n && tries < kTries;) {
      const int r = sendmmsg(fd_, messages.data() + done, n - done, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (r > 0) {
        done += static_cast<unsigned>(r);
        succeeded();
        continue;
      }
      ++tries;
      if (errno == ECONNREFUSED || errno == EINTR) continue;
      if (!queue_full(errno)) break;
      counters.enobufs.add();
    }
    if (done < n) failed(errno, n - done, counters);
  }
}

void TxSocket::failed(int error, uint64_t packets, TxCounters &counters) {
  counters.packets_unsent.add(packets);
  if (error == ECONNREFUSED) return;
  counters.send_errors.add();
  if (!queue_full(error) && !failing_since_) failing_since_ = mono_now();
  if (error == last_error_) return;
  last_error_ = error;
  events_.say(Severity::error, "send-failed", "%s: packets are not sent: %s", name_.c_str(),
              strerror(error));
}

void TxSocket::resumed() {
  events_.say(Severity::info, "send-back", "%s: packets are sent again, after %.1f s",
              name_.c_str(), static_cast<double>(mono_now() - failing_since_) / 1e9);
  failing_since_ = 0;
  last_error_ = 0;
}

void TxSocket::read_errors(TxCounters &counters) {
  for (int i = 0; i < 256; ++i) {
    alignas(cmsghdr) char control[256];
    char scratch[64];
    iovec part{scratch, sizeof scratch};
    msghdr m{};
    m.msg_iov = &part;
    m.msg_iovlen = 1;
    m.msg_control = control;
    m.msg_controllen = sizeof control;
    if (recvmsg(fd_, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return;
    for (cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
      sock_extended_err e;
      if (c->cmsg_len < CMSG_LEN(sizeof e)) continue;
      std::memcpy(&e, CMSG_DATA(c), sizeof e);
      if (e.ee_origin != SO_EE_ORIGIN_TXTIME) continue;
      if (e.ee_code == SO_EE_CODE_TXTIME_MISSED)
        counters.txtime_missed.add();
      else
        counters.txtime_invalid.add();
    }
  }
}

}  // namespace rtv
