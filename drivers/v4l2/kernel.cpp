// SPDX-License-Identifier: Apache-2.0
#include "kernel.hpp"

#include <fcntl.h>
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
int Kernel::poll(pollfd *fds, unsigned count, int timeout_ms) {
  return ::poll(fds, count, timeout_ms);
}
Kernel &Kernel::real() {
  static Kernel kernel;
  return kernel;
}

}  // namespace rtv::v4l2
