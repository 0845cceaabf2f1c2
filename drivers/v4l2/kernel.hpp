// SPDX-License-Identifier: Apache-2.0
// The system calls that V4L2 needs, as one object that a device is given: so that the loops can be
// run against a driver that breaks in ways no driver does on demand. Nothing but the C++ tests
// gives another than the real one.
#pragma once
#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace rtv::v4l2 {

class Kernel {
 public:
  virtual ~Kernel() = default;
  // A descriptor, or a negative errno value.
  virtual int open(const char *path);
  virtual int duplicate(int fd);
  virtual void close(int fd);
  // ioctl that is not interrupted; 0, or an errno value.
  virtual int control(int fd, unsigned long request, void *argument);
  // A driver's memory, or nullptr and errno.
  virtual void *map(int fd, size_t size, int64_t offset);
  virtual void unmap(void *memory, size_t size);
  // Memory that is no device's, as a DMA buffer that a driver can import: "udmabuf", ordinary pages
  // of ours, or "heap:NAME", of /dev/dma_heap. A descriptor, or a negative errno value.
  virtual int lend(const std::string &from, size_t size);
  virtual int poll(pollfd *fds, unsigned count, int timeout_ms);

  static Kernel &real();
};

}  // namespace rtv::v4l2
