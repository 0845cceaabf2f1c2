// SPDX-License-Identifier: Apache-2.0
// A pool of frames: all memory is taken and touched when it is made, none while video runs.
#pragma once
#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

#include "rtvbox/video.h"

namespace rtv {

// Bytes from row to row for one plane of a format; 0 when the layout cannot hold the format.
inline uint32_t row_bytes(const rtv_format &f, int plane) {
  switch (f.layout) {
    case RTV_V210:
      return plane == 0 && f.sampling == RTV_422 && f.depth == 10 ? (f.width + 47) / 48 * 128 : 0;
    case RTV_UYVY:
      return plane == 0 && f.sampling == RTV_422 && f.depth == 8 ? (f.width * 2 + 63) / 64 * 64 : 0;
    case RTV_PLANAR16: {
      const uint32_t w = plane > 0 && f.sampling == RTV_422 ? (f.width + 1) / 2 : f.width;
      return (w * 2 + 63) / 64 * 64;
    }
    default:
      return 0;
  }
}
inline int plane_count(const rtv_format &f) { return f.layout == RTV_PLANAR16 ? 3 : 1; }

// Sets planes and strides of a frame whose plane[0] points at enough memory.
inline size_t lay_out(rtv_frame *f, uint8_t *base, const rtv_format &format) {
  size_t at = 0;
  f->format = format;
  for (int p = 0; p < 3; ++p) {
    f->plane[p] = nullptr;
    f->stride[p] = 0;
    if (p >= plane_count(format)) continue;
    f->stride[p] = row_bytes(format, p);
    f->plane[p] = base ? base + at : nullptr;
    at += static_cast<size_t>(f->stride[p]) * format.height;
  }
  f->bytes = at;
  return at;
}

// Frames of one format. acquire() and the release of a frame are lock-free and may come from
// different threads. The memory outlives the pool object while frames are out.
class FramePool {
  struct Shared {
    std::vector<rtv_frame> frames;
    std::vector<std::atomic<bool>> busy;
    uint8_t *base = nullptr;
    size_t size = 0;
    std::atomic<uint32_t> next{0};
    std::atomic<uint32_t> users{1};  // the pool itself and each frame that is out
    explicit Shared(size_t n) : frames(n), busy(n) {}
    ~Shared() {
      if (base) munmap(base, size);
    }
    void drop() {
      if (users.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }
  };
  Shared *s_;

  static void give_back(rtv_frame *f) {
    auto *s = static_cast<Shared *>(f->owner);
    s->busy[static_cast<size_t>(f - s->frames.data())].store(false, std::memory_order_release);
    s->drop();
  }

 public:
  // metadata: bytes beside each frame for what a receiver attaches.
  FramePool(const rtv_format &format, size_t count, size_t metadata = 0) : s_(new Shared(count)) {
    std::unique_ptr<Shared> guard(s_);
    rtv_frame probe{};
    const size_t page = 4096;
    const size_t picture = (lay_out(&probe, nullptr, format) + page - 1) / page * page;
    if (picture == 0 || row_bytes(format, 0) == 0)
      throw std::invalid_argument("this memory layout cannot hold that sampling and depth");
    const size_t each = picture + (metadata + page - 1) / page * page;
    s_->size = each * count;
    void *m = mmap(nullptr, s_->size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (m == MAP_FAILED) throw std::bad_alloc();
    s_->base = static_cast<uint8_t *>(m);
    for (size_t i = 0; i < count; ++i) {
      rtv_frame *f = &s_->frames[i];
      std::memset(f, 0, sizeof *f);
      f->abi = RTV_ABI;
      f->owner = s_;
      f->release = give_back;
      lay_out(f, s_->base + each * i, format);
      f->metadata = metadata ? s_->base + each * i + picture : nullptr;
    }
    guard.release();
  }
  FramePool(const FramePool &) = delete;
  FramePool &operator=(const FramePool &) = delete;
  ~FramePool() { s_->drop(); }

  // A free frame with one reference and cleared marks, or nullptr when all are out.
  rtv_frame *acquire() {
    const size_t n = s_->frames.size();
    for (size_t i = 0; i < n; ++i) {
      const size_t at = s_->next.fetch_add(1, std::memory_order_relaxed) % n;
      bool expected = false;
      if (!s_->busy[at].compare_exchange_strong(expected, true, std::memory_order_acquire)) continue;
      rtv_frame *f = &s_->frames[at];
      s_->users.fetch_add(1, std::memory_order_relaxed);
      f->refs = 1;
      f->sequence = 0;
      f->capture_tai = f->origin_tai = f->presented_tai = 0;
      f->signal = RTV_SIGNAL_LOCKED;
      f->generation = f->flags = f->lines_ready = 0;
      f->audio = nullptr;
      f->audio_samples = f->audio_channels = 0;
      f->anc = nullptr;
      f->anc_count = 0;
      f->rtp_timestamp = f->static_id = f->metadata_bytes = 0;
      return f;
    }
    return nullptr;
  }
  // Which buffer of the pool a frame is; stable for its life.
  size_t index(const rtv_frame *f) const { return static_cast<size_t>(f - s_->frames.data()); }
  size_t size() const { return s_->frames.size(); }
};

}  // namespace rtv
