// SPDX-License-Identifier: Apache-2.0
#include "buffers.hpp"

#include <linux/dma-buf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

namespace rtv::v4l2 {

namespace {
constexpr uint32_t kPlanes = 2;
}

struct Buffers::Shared {
  explicit Shared(Kernel &k) : kernel(k) {}
  struct One {
    Memory memory{};
    uint8_t *map[kPlanes]{};
    size_t size[kPlanes]{};
    int lent[kPlanes]{-1, -1};  // the DMA buffer, where it is not the driver's memory
    size_t need[kPlanes]{};  // of the picture, from memory.plane on
    rtv_frame frame{};
  };
  Kernel &kernel;
  int fd = -1;
  uint32_t type = 0, planes = 1;  // planes: of memory
  uint32_t memory = V4L2_MEMORY_MMAP;
  bool multi = false;
  std::vector<One> all;
  // A frame given back while the stream ends must not get into the next stream's queue, where its
  // number is another buffer's.
  std::mutex ending;
  bool streaming = false;  // guarded by it
  std::atomic<uint32_t> users{1};  // the stream, and each frame that is out

  ~Shared() {
    for (One &one : all)
      for (uint32_t p = 0; p < kPlanes; ++p)
        unmap(one, p);
    if (fd >= 0) kernel.close(fd);
  }
  void unmap(One &one, uint32_t plane) const {
    if (one.map[plane]) kernel.unmap(one.map[plane], one.size[plane]);
    one.map[plane] = nullptr;
    if (one.lent[plane] >= 0) kernel.close(one.lent[plane]);
    one.lent[plane] = -1;
  }
  // Lent memory may lie in caches that the card does not see: between these two it is the CPU's.
  void sync(const One &one, uint64_t what) const {
    for (uint32_t p = 0; p < planes && memory == V4L2_MEMORY_DMABUF; ++p) {
      dma_buf_sync wish{what | DMA_BUF_SYNC_RW};
      kernel.control(one.lent[p], DMA_BUF_IOCTL_SYNC, &wish);
    }
  }
  void drop() {
    if (users.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  // A picture of several planes may begin behind something else in its memory (data_offset).
  bool begin_at(One &one, const v4l2_plane *p) const {
    for (uint32_t n = 0; n < planes; ++n)
      if (p[n].data_offset > one.size[n] - one.need[n]) return false;
    const bool inside = planes == 1 && one.memory.plane[1];  // the second plane, in one memory
    const ptrdiff_t behind = inside ? one.memory.plane[1] - one.memory.plane[0] : 0;
    one.memory.plane[0] = one.map[0] + p[0].data_offset;
    if (inside) one.memory.plane[1] = one.memory.plane[0] + behind;
    if (planes == 2) one.memory.plane[1] = one.map[1] + p[1].data_offset;
    return true;
  }
  int map_own(uint32_t index) {
    v4l2_buffer b{};
    v4l2_plane p[kPlanes]{};
    b.index = index;
    b.type = type;
    b.memory = V4L2_MEMORY_MMAP;
    if (multi) b.m.planes = p, b.length = kPlanes;
    if (int e = kernel.control(fd, VIDIOC_QUERYBUF, &b)) return e;
    for (uint32_t n = 0; n < planes; ++n) {
      const int64_t at = multi ? p[n].m.mem_offset : b.m.offset;
      if (int e = map(all[index], n, multi ? p[n].length : b.length, fd, at)) return e;
    }
    return 0;
  }
  int map_lent(uint32_t index, const std::string &from, const v4l2_format &format) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    for (uint32_t n = 0; n < planes; ++n) {
      const size_t picture = multi ? format.fmt.pix_mp.plane_fmt[n].sizeimage
                                   : format.fmt.pix.sizeimage;
      const size_t size = (picture + page - 1) / page * page;
      if (size == 0) return EPROTO;
      const int memory_fd = kernel.lend(from, size);
      if (memory_fd < 0) return -memory_fd;
      all[index].lent[n] = memory_fd;
      if (int e = map(all[index], n, size, memory_fd, 0)) return e;
      // Here and not with the first frames: pages are mapped as they are touched.
      for (size_t at = 0; at < size; at += page)
        static_cast<void>(*const_cast<volatile uint8_t *>(all[index].map[n] + at));
    }
    return 0;
  }
  int map(One &one, uint32_t plane, size_t size, int from, int64_t at) {
    void *m = kernel.map(from, size, at);
    if (!m) return errno ? errno : ENOMEM;
    one.map[plane] = static_cast<uint8_t *>(m);
    one.size[plane] = size;
    return 0;
  }
  int queue(uint32_t index, uint32_t field = V4L2_FIELD_NONE) const {
    v4l2_buffer b{};
    v4l2_plane p[kPlanes]{};
    b.index = index;
    b.type = type;
    b.memory = memory;
    b.field = field;
    const One &one = all[index];
    const bool lends = memory == V4L2_MEMORY_DMABUF;
    if (multi) {
      b.m.planes = p;
      b.length = planes;
      for (uint32_t i = 0; i < planes; ++i) {
        p[i].bytesused = static_cast<uint32_t>(one.size[i]);
        if (lends) p[i].length = p[i].bytesused, p[i].m.fd = one.lent[i];
      }
    } else {
      b.bytesused = static_cast<uint32_t>(one.size[0]);
      if (lends) b.length = b.bytesused, b.m.fd = one.lent[0];
    }
    sync(one, DMA_BUF_SYNC_END);
    return kernel.control(fd, VIDIOC_QBUF, &b);
  }
};

int Buffers::make(const Device &device, const v4l2_format &format, const Pixels &pixels,
                  uint32_t count, const std::string &lent, std::unique_ptr<Buffers> *made) {
  auto *s = new Shared(device.kernel());
  std::unique_ptr<Buffers> self(new Buffers(s));
  s->type = device.buffer_type();
  s->multi = device.planes();
  s->planes = s->multi ? format.fmt.pix_mp.num_planes : 1;
  if (s->planes < 1 || s->planes > kPlanes) return EINVAL;
  // The frames may outlive the device object.
  s->fd = device.kernel().duplicate(device.fd());
  if (s->fd < 0) return -s->fd;
  v4l2_requestbuffers request{};
  request.count = count;
  request.type = s->type;
  if (!lent.empty()) s->memory = V4L2_MEMORY_DMABUF;
  request.memory = s->memory;
  if (int e = s->kernel.control(s->fd, VIDIOC_REQBUFS, &request)) return e;
  if (request.count < 2) return ENOMEM;
  s->all.resize(request.count);
  const uint32_t width = s->multi ? format.fmt.pix_mp.width : format.fmt.pix.width;
  const size_t row = pixels.bytes_a_pixel ? size_t{width} * pixels.bytes_a_pixel
                                          : (size_t{width} + 5) / 6 * 16;  // v210
  const uint32_t height = s->multi ? format.fmt.pix_mp.height : format.fmt.pix.height;
  for (uint32_t i = 0; i < request.count; ++i) {
    Shared::One &one = s->all[i];
    if (const int e = lent.empty() ? s->map_own(i) : s->map_lent(i, lent, format)) return e;
    for (uint32_t n = 0; n < s->planes; ++n) {
      one.memory.plane[n] = one.map[n];
      one.memory.stride[n] = s->multi ? format.fmt.pix_mp.plane_fmt[n].bytesperline
                                      : format.fmt.pix.bytesperline;
    }
    if (pixels.two_planes && s->planes == 1) {  // both in one piece of memory
      one.memory.plane[1] = one.map[0] + size_t{one.memory.stride[0]} * height;
      one.memory.stride[1] = one.memory.stride[0];
    }
    // What the driver says of its rows is believed only as far as its memory reaches.
    for (uint32_t n = 0; n < (pixels.two_planes ? 2u : 1u); ++n) {
      const uint32_t map = s->planes == 1 ? 0 : n;
      const size_t from = static_cast<size_t>(one.memory.plane[n] - one.map[map]);
      if (one.memory.stride[n] < row || from + size_t{one.memory.stride[n]} * height > one.size[map])
        return EPROTO;
      one.need[map] = from + size_t{one.memory.stride[n]} * height;
    }
  }
  *made = std::move(self);
  return 0;
}

Buffers::~Buffers() {
  stream_off();
  if (s_->fd >= 0 && s_->users.load(std::memory_order_acquire) == 1) {
    for (Shared::One &one : s_->all)
      for (uint32_t p = 0; p < kPlanes; ++p)
        s_->unmap(one, p);
  }
  // Unmapped buffers are freed here; those that are out keep the old set alive in the driver.
  v4l2_requestbuffers none{};
  none.type = s_->type;
  none.memory = s_->memory;
  if (s_->fd >= 0) s_->kernel.control(s_->fd, VIDIOC_REQBUFS, &none);
  s_->drop();
}

uint32_t Buffers::count() const { return static_cast<uint32_t>(s_->all.size()); }
const Memory &Buffers::memory(uint32_t index) const { return s_->all[index].memory; }
size_t Buffers::octets(uint32_t index) const { return s_->all[index].size[0]; }
int Buffers::queue(uint32_t index, uint32_t field) { return s_->queue(index, field); }

int Buffers::fetch(Filled *filled) {
  v4l2_buffer b{};
  v4l2_plane p[kPlanes]{};
  b.type = s_->type;
  b.memory = s_->memory;
  if (s_->multi) b.m.planes = p, b.length = kPlanes;
  if (int e = s_->kernel.control(s_->fd, VIDIOC_DQBUF, &b)) return e;
  if (b.index >= s_->all.size()) return EPROTO;
  s_->sync(s_->all[b.index], DMA_BUF_SYNC_START);
  filled->index = b.index;
  filled->sequence = b.sequence;
  filled->flags = b.flags;
  filled->field = b.field;
  filled->octets = s_->multi ? p[0].bytesused : b.bytesused;
  if (s_->type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE) {
    if (!s_->begin_at(s_->all[b.index], p)) return EPROTO;
    filled->octets -= std::min(filled->octets, p[0].data_offset);
  }
  filled->stamp = b.timestamp.tv_sec * int64_t{1'000'000'000} + b.timestamp.tv_usec * int64_t{1000};
  return 0;
}

int Buffers::stream_on() {
  std::lock_guard hold(s_->ending);
  int type = static_cast<int>(s_->type);
  const int e = s_->kernel.control(s_->fd, VIDIOC_STREAMON, &type);
  s_->streaming = e == 0;
  return e;
}

void Buffers::stream_off() {
  std::lock_guard hold(s_->ending);
  if (!s_->streaming) return;
  s_->streaming = false;
  int type = static_cast<int>(s_->type);
  s_->kernel.control(s_->fd, VIDIOC_STREAMOFF, &type);
}

rtv_frame *Buffers::wrap(uint32_t index) {
  rtv_frame *f = &s_->all[index].frame;
  s_->users.fetch_add(1, std::memory_order_relaxed);
  *f = rtv_frame{};
  f->abi = RTV_ABI;
  f->refs = 1;
  f->release = give_back;
  f->owner = s_;
  f->plane[0] = s_->all[index].memory.plane[0];
  f->stride[0] = s_->all[index].memory.stride[0];
  f->bytes = s_->all[index].size[0];
  return f;
}

void Buffers::give_back(rtv_frame *frame) {
  auto *s = static_cast<Shared *>(frame->owner);
  for (uint32_t i = 0; i < s->all.size(); ++i) {
    if (&s->all[i].frame != frame) continue;
    std::lock_guard hold(s->ending);
    if (s->streaming) s->queue(i);  // refused by a device that is gone: nothing is left to do
  }
  s->drop();
}

}  // namespace rtv::v4l2
