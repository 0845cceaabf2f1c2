// SPDX-License-Identifier: Apache-2.0
// Keeps idle CPUs from falling into states that they wake from slowly, as long as it lives: the
// kernel's power-management quality of service. A paced sender sleeps some ten thousand times a
// second; each wake-up is then a few microseconds late instead of tens.
#pragma once
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "events.hpp"

namespace rtv {

class KeepAwake {
  int fd_ = -1;

 public:
  explicit KeepAwake(Events &events) {
    fd_ = open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC);
    const int32_t none = 0;
    if (fd_ < 0 || write(fd_, &none, sizeof none) != sizeof none)
      events.say(Severity::info, "no-wake-latency",
                 "CPUs may sleep deeply between bursts (/dev/cpu_dma_latency: %s); pacing is "
                 "looser and dearer",
                 strerror(errno));
  }
  ~KeepAwake() {
    if (fd_ >= 0) close(fd_);
  }
  KeepAwake(const KeepAwake &) = delete;
  KeepAwake &operator=(const KeepAwake &) = delete;
};

}  // namespace rtv
