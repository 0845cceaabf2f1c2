// SPDX-License-Identifier: Apache-2.0
/* The bare loops that the engine is compared with: datagrams of one size out by UDP_SEGMENT, in
 * by UDP_GRO, and nothing else - no picture, no headers, no clock.
 *
 *   floor receive PORT                                       prints "ready", then packets ns
 *   floor send ADDRESS PORT BURST FRAME WINDOW SECONDS OCTETS       prints packets ns
 *
 * The sender keeps at most WINDOW packets beyond what the receiver has confirmed (one small
 * datagram back for every quarter of a window), and no more than the receiver says its buffer
 * holds, so that a small buffer slows the loops instead of losing packets; WINDOW 0 sends without
 * waiting. Counts are datagrams of OCTETS.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { HELLO = 1, END = 2, LARGEST = 65535 };

struct control {
  uint32_t what, window;
};

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static void set(int s, int level, int option, int value, const char *name) {
  if (setsockopt(s, level, option, &value, sizeof value)) die(name);
}

static int udp_socket(void) {
  const int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (s < 0) die("socket");
  return s;
}

static int receive(int port) {
  const int s = udp_socket();
  const int buffer = 256 << 20;
  if (setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer))
    set(s, SOL_SOCKET, SO_RCVBUF, buffer, "SO_RCVBUF"); /* cut to net.core.rmem_max */
  set(s, IPPROTO_UDP, UDP_GRO, 1, "UDP_GRO");
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  if (bind(s, (struct sockaddr *)&here, sizeof here)) die("bind");
  puts("ready");
  fflush(stdout);

  static uint8_t data[LARGEST];
  struct sockaddr_in peer;
  uint64_t packets = 0, confirmed = 0, each = 1;
  int granted = 0;
  socklen_t length = sizeof granted;
  if (getsockopt(s, SOL_SOCKET, SO_RCVBUF, &granted, &length)) die("SO_RCVBUF");
  const uint32_t holds = (uint32_t)granted / 4096; /* a page for a datagram, kernel's part too */
  int64_t first = 0, last = 0;
  for (;;) {
    union {
      char room[CMSG_SPACE(sizeof(int))];
      struct cmsghdr align;
    } extra;
    struct iovec part = {data, sizeof data};
    struct msghdr m = {.msg_name = &peer, .msg_namelen = sizeof peer, .msg_iov = &part,
                       .msg_iovlen = 1, .msg_control = &extra, .msg_controllen = sizeof extra};
    struct pollfd wait = {s, POLLIN, 0};
    ssize_t n = recvmsg(s, &m, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) {
      if (poll(&wait, 1, 20000) == 0) {
        fputs("nothing arrives\n", stderr);
        return 1;
      }
      continue;
    }
    if (n < 0) die("recvmsg");
    if (n == sizeof(struct control)) {
      struct control c;
      memcpy(&c, data, sizeof c);
      if (c.what == END) break;
      if (c.window > holds) c.window = holds;
      each = c.window ? c.window / 4 + 1 : UINT64_MAX;
      if (sendto(s, &c, sizeof c, 0, (struct sockaddr *)&peer, sizeof peer) < 0) die("sendto");
      continue;
    }
    int size = (int)n;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
      if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
        memcpy(&size, CMSG_DATA(c), sizeof size);
    last = now_ns();
    if (!first) first = last;
    packets += (uint64_t)((n + size - 1) / size);
    if (packets - confirmed >= each) {
      confirmed = packets;
      if (sendto(s, &packets, sizeof packets, 0, (struct sockaddr *)&peer, sizeof peer) < 0)
        die("sendto");
    }
  }
  printf("%llu %lld\n", (unsigned long long)packets, (long long)(last - first));
  return 0;
}

static int send_all(char **argument) {
  const int s = udp_socket();
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argument[1]))};
  if (inet_pton(AF_INET, argument[0], &to.sin_addr) != 1) die("address");
  const uint64_t burst = (uint64_t)atoi(argument[2]);
  const uint32_t frame = (uint32_t)atoi(argument[3]);
  const int64_t span = (int64_t)(atof(argument[5]) * 1e9);
  const int octets = atoi(argument[6]);
  if (connect(s, (struct sockaddr *)&to, sizeof to)) die("connect");

  struct control c = {HELLO, (uint32_t)atoi(argument[4])}, echo;
  struct pollfd wait = {s, POLLIN, 0};
  if (send(s, &c, sizeof c, 0) < 0) die("hello");
  if (poll(&wait, 1, 5000) != 1 || recv(s, &echo, sizeof echo, 0) != sizeof echo)
    die("no answer to hello");
  const uint64_t window = c.window ? echo.window : 0;

  static uint8_t data[LARGEST];
  if (burst == 0 || burst * (uint64_t)octets > sizeof data) {
    errno = EMSGSIZE;
    die("burst");
  }
  if (burst > 1) set(s, IPPROTO_UDP, UDP_SEGMENT, octets, "UDP_SEGMENT");
  uint64_t sent = 0, confirmed = 0, given_up = 0;
  const int64_t begin = now_ns();
  int64_t end = begin;
  while (end - begin < span) {
    /* A frame ends with a shorter burst, as the engine's does. */
    const uint64_t left = frame - sent % frame, n = left < burst ? left : burst;
    while (window && sent + n > confirmed + given_up + window) {
      uint64_t seen;
      if (poll(&wait, 1, 200) == 1) {
        if (recv(s, &seen, sizeof seen, 0) == sizeof seen) confirmed = seen;
        if (confirmed + given_up > sent) given_up = sent - confirmed;
      } else {
        given_up = sent - confirmed; /* lost: go on; the counts at the end say how many */
      }
    }
    if (send(s, data, n * (size_t)octets, 0) < 0) {
      if (errno != ENOBUFS) die("send");
      continue;
    }
    sent += n;
    if (sent % frame == 0) end = now_ns();
  }
  usleep(200000);
  set(s, IPPROTO_UDP, UDP_SEGMENT, 0, "UDP_SEGMENT");
  c.what = END;
  if (send(s, &c, sizeof c, 0) < 0) die("end");
  printf("%llu %lld\n", (unsigned long long)sent, (long long)(end - begin));
  return 0;
}

int main(int count, char **argument) {
  if (count == 3 && !strcmp(argument[1], "receive")) return receive(atoi(argument[2]));
  if (count == 9 && !strcmp(argument[1], "send")) return send_all(argument + 2);
  fputs("usage: floor receive PORT | send ADDRESS PORT BURST FRAME WINDOW SECONDS OCTETS\n",
        stderr);
  return 2;
}
