// SPDX-License-Identifier: Apache-2.0
// Frames without memory of their own: each shows another frame's picture under its own number and
// time, and holds that frame meanwhile. How a clip plays again and again without a copy.
#pragma once
#include <atomic>
#include <vector>

#include "rtvbox/video.h"

namespace rtv {

class ViewPool {
  struct View {
    rtv_frame frame;
    rtv_frame *parent;
    std::atomic<bool> busy{false};
  };
  struct Shared {
    std::vector<View> views;
    std::atomic<uint32_t> users{1};  // the pool itself and each view that is out
    explicit Shared(size_t n) : views(n) {}
    void drop() {
      if (users.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }
  };
  Shared *s_;

  static void give_back(rtv_frame *f) {
    auto *s = static_cast<Shared *>(f->owner);
    for (View &v : s->views) {
      if (&v.frame != f) continue;
      rtv_frame_unref(v.parent);
      v.busy.store(false, std::memory_order_release);
    }
    s->drop();
  }

 public:
  explicit ViewPool(size_t count) : s_(new Shared(count)) {}
  ViewPool(const ViewPool &) = delete;
  ViewPool &operator=(const ViewPool &) = delete;
  ~ViewPool() { s_->drop(); }

  // A whole frame with one reference that shows parent's picture, or nullptr when all are out.
  rtv_frame *acquire(rtv_frame *parent) {
    for (View &v : s_->views) {
      bool expected = false;
      if (!v.busy.compare_exchange_strong(expected, true, std::memory_order_acquire)) continue;
      s_->users.fetch_add(1, std::memory_order_relaxed);
      v.parent = rtv_frame_ref(parent);
      rtv_frame *f = &v.frame;
      *f = rtv_frame{};
      f->abi = RTV_ABI;
      f->refs = 1;
      f->release = give_back;
      f->owner = s_;
      f->format = parent->format;
      for (int p = 0; p < 3; ++p) f->plane[p] = parent->plane[p], f->stride[p] = parent->stride[p];
      f->bytes = parent->bytes;
      f->signal = RTV_SIGNAL_LOCKED;
      return f;
    }
    return nullptr;
  }
};

}  // namespace rtv
