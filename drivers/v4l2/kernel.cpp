// SPDX-License-Identifier: Apache-2.0
#include "kernel.hpp"

#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace rtv::v4l2 {

int Kernel::open(const char *path) {
  const int fd = ::open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}
int Kernel::duplicate(int fd) {
  const int other = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return other < 0 ? -errno : other;
}
void Kernel::close(int fd) { ::close(fd); }
int Kernel::control(int fd, unsigned long request, void *argument) {
  int result;
  do {
    result = ioctl(fd, request, argument);
  } while (result < 0 && errno == EINTR);
  return result < 0 ? errno : 0;
}
void *Kernel::map(int fd, size_t size, int64_t offset) {
  void *m = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
  return m == MAP_FAILED ? nullptr : m;
}
void Kernel::unmap(void *memory, size_t size) { munmap(memory, size); }
int Kernel::lend(const std::string &from, size_t size) {
  const bool pages = from == "udmabuf";
  const int device = open(pages ? "/dev/udmabuf" : ("/dev/dma_heap/" + from.substr(5)).c_str());
  if (device < 0) return device;
  int lent = -1, error = 0;
  if (pages) {
    const int memory = memfd_create("rtv-v4l2", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    udmabuf_create wish{};
    wish.memfd = static_cast<uint32_t>(memory);
    wish.flags = UDMABUF_FLAGS_CLOEXEC;
    wish.size = size;
    // What is lent cannot be taken away by making the file shorter.
    if (memory < 0 || ftruncate(memory, static_cast<off_t>(size)) != 0 ||
        fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK) != 0 ||
        (lent = ioctl(device, UDMABUF_CREATE, &wish)) < 0)
      error = errno;
    if (memory >= 0) ::close(memory);
  } else {
    dma_heap_allocation_data wish{};
    wish.len = size;
    wish.fd_flags = O_RDWR | O_CLOEXEC;
    error = control(device, DMA_HEAP_IOCTL_ALLOC, &wish);
    lent = static_cast<int>(wish.fd);
  }
  ::close(device);
  return error ? -error : lent;
}
int Kernel::poll(pollfd *fds, unsigned count, int timeout_ms) {
  return ::poll(fds, count, timeout_ms);
}
Kernel &Kernel::real() {
  static Kernel kernel;
  return kernel;
}

}  // namespace rtv::v4l2
