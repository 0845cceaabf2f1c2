// SPDX-License-Identifier: Apache-2.0
// A bad network between two UDP ports: loses, doubles, reorders and corrupts datagrams on
// purpose, by a seeded generator, because not every kernel has netem.
//
//   relay LISTEN_PORT TARGET_PORT [loss=PERMILLE] [burst=EVERY,LENGTH,PHASE] [dup=PERMILLE]
//         [reorder=PERMILLE,DISTANCE] [flip=PERMILLE] [seed=N]
//
// Prints one JSON line with what it did when its standard input closes.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kBatch = 64, kSize = 9216, kHeld = 64 };
static uint64_t state = 88172645463325252ull;
static uint32_t dice(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 32) % 1000u;
}
static unsigned char memory[kBatch][kSize];
static unsigned char held[kHeld][kSize];
static int held_size[kHeld], held_left[kHeld];

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  unsigned loss = 0, every = 0, length = 0, dup = 0, reorder = 0, distance = 8, flip = 0,
           phase = 0;
  for (int i = 3; i < argc; ++i) {
    unsigned a = 0, b = 0, c = 0;
    if (sscanf(argv[i], "loss=%u", &a) == 1) loss = a;
    else if (sscanf(argv[i], "burst=%u,%u,%u", &a, &b, &c) >= 2)
      every = a, length = b, phase = c;
    else if (sscanf(argv[i], "dup=%u", &a) == 1) dup = a;
    else if (sscanf(argv[i], "reorder=%u,%u", &a, &b) == 2) reorder = a, distance = b;
    else if (sscanf(argv[i], "flip=%u", &a) == 1) flip = a;
    else if (sscanf(argv[i], "seed=%u", &a) == 1) state ^= (uint64_t)a * 0x9E3779B97F4A7C15ull;
    else return 2;
  }
  int in = socket(AF_INET, SOCK_DGRAM, 0), out = socket(AF_INET, SOCK_DGRAM, 0), big = 64 << 20;
  if (setsockopt(in, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof big) != 0)
    setsockopt(in, SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
  struct sockaddr_in there = here;
  here.sin_addr.s_addr = there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  there.sin_port = htons((uint16_t)atoi(argv[2]));
  if (bind(in, (struct sockaddr *)&here, sizeof here) != 0 ||
      connect(out, (struct sockaddr *)&there, sizeof there) != 0) {
    perror("relay");
    return 1;
  }
  struct mmsghdr msgs[kBatch];
  struct iovec iov[kBatch];
  memset(msgs, 0, sizeof msgs);
  for (int i = 0; i < kBatch; ++i) {
    iov[i] = (struct iovec){memory[i], kSize};
    msgs[i].msg_hdr.msg_iov = &iov[i];
    msgs[i].msg_hdr.msg_iovlen = 1;
  }
  uint64_t seen = 0, lost = 0, doubled = 0, moved = 0, flipped = 0;
  puts("ready");
  fflush(stdout);
  for (;;) {
    struct pollfd p[2] = {{in, POLLIN, 0}, {0, POLLIN, 0}};
    poll(p, 2, -1);
    if (p[1].revents) break;
    int n = recvmmsg(in, msgs, kBatch, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; ++i) {
      const size_t size = msgs[i].msg_len;
      ++seen;
      for (int h = 0; h < kHeld; ++h)
        if (held_left[h] > 0 && --held_left[h] == 0) {
          if (send(out, held[h], (size_t)held_size[h], 0) < 0) continue;
        }
      if ((every && (seen + phase) % every < length) || dice() < loss) {
        ++lost;
        continue;
      }
      if (dice() < flip) {
        memory[i][dice() % (size < 64 ? size : 64)] ^= (unsigned char)(1u << (dice() % 8));
        ++flipped;
      }
      if (dice() < reorder) {
        int h = 0;
        while (h < kHeld && held_left[h] > 0) ++h;
        if (h < kHeld) {
          memcpy(held[h], memory[i], size);
          held_size[h] = (int)size;
          held_left[h] = (int)distance;
          ++moved;
          continue;
        }
      }
      if (send(out, memory[i], size, 0) < 0 && errno != ECONNREFUSED) perror("send");
      if (dice() < dup) {
        if (send(out, memory[i], size, 0) >= 0) ++doubled;
      }
    }
  }
  printf("{\"seen\": %lu, \"lost\": %lu, \"doubled\": %lu, \"moved\": %lu, \"flipped\": %lu}\n",
         (unsigned long)seen, (unsigned long)lost, (unsigned long)doubled, (unsigned long)moved,
         (unsigned long)flipped);
  return 0;
}
