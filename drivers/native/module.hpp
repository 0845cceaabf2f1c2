// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <memory>

#include "binding.hpp"
#include "rtvbox/pool.hpp"

// One reference to a frame, held by Python.
class NativeFrame {
  rtv_frame *f_;
  size_t room_;  // bytes for metadata; of frames made here
  bool writable_, made_here_;

 public:
  // Takes over one reference.
  NativeFrame(rtv_frame *f, size_t metadata_room, bool writable)
      : f_(f), room_(metadata_room), writable_(writable), made_here_(writable) {
    if (f_->abi != RTV_ABI) {
      rtv_frame_unref(f_);
      throw nanobind::value_error("frame: made by a module of another version");
    }
  }
  NativeFrame(const NativeFrame &) = delete;
  NativeFrame &operator=(const NativeFrame &) = delete;
  ~NativeFrame() { rtv_frame_unref(f_); }
  rtv_frame *get() const { return f_; }
  rtv_frame *changing() const {
    if (!writable_) throw nanobind::value_error("frame: was handed on and is not changed any more");
    return f_;
  }
  bool writable() const { return writable_; }
  bool made_here() const { return made_here_; }
  size_t metadata_room() const { return room_; }
  void hand_on() { writable_ = false; }
};

class NativePool {
  rtv::FramePool pool_;
  size_t metadata_;

 public:
  NativePool(const rtv_format &f, size_t count, size_t metadata)
      : pool_(f, count, metadata), metadata_(metadata) {}
  std::unique_ptr<NativeFrame> acquire() {
    rtv_frame *f = pool_.acquire();
    return f ? std::make_unique<NativeFrame>(f, metadata_, true) : nullptr;
  }
};

void bind_tables(nanobind::module_ &m);
void bind_card(nanobind::module_ &m);
void bind_relay(nanobind::module_ &m);
