// SPDX-License-Identifier: Apache-2.0
// Where the picture of a captured frame lies. Generation A says it outright; in B and C it is a
// buffer of its own, whose bytes stand only between StartAccess and EndAccess.
#pragma once
#include "abi_newer.hpp"
#include "com.hpp"

namespace rtv::decklink {

class PictureAccess {
  Ref<abi::b::VideoBuffer> b_;
  Ref<abi::c::VideoBuffer> c_;

  template <class Buffer>
  static void *opened(Buffer *buffer) {
    if (buffer->StartAccess(abi::access::kRead) != abi::kOk) return nullptr;
    void *bytes = nullptr;
    if (buffer->GetBytes(&bytes) == abi::kOk && bytes) return bytes;
    buffer->EndAccess(abi::access::kRead);
    return nullptr;
  }

 public:
  PictureAccess() = default;
  PictureAccess(const PictureAccess &) = delete;
  PictureAccess &operator=(const PictureAccess &) = delete;
  ~PictureAccess() { end(); }

  // The picture of at least so many bytes, valid until end(); nullptr: the frame does not say.
  void *begin(abi::VideoInputFrame *frame, size_t least) {
    void *bytes = nullptr;
    if (frame->GetBytes(&bytes) == abi::kOk && bytes) return bytes;
    if (auto newest = query<abi::c::VideoBuffer>(frame)) {
      uint64_t size = 0;
      if (newest->GetSize(&size) == abi::kOk && size < least) return nullptr;
      bytes = opened(newest.get());
      if (bytes) c_ = std::move(newest);
      return bytes;
    }
    auto newer = query<abi::b::VideoBuffer>(frame);
    if (!newer) return nullptr;
    bytes = opened(newer.get());
    if (bytes) b_ = std::move(newer);
    return bytes;
  }
  void end() {
    if (b_) b_->EndAccess(abi::access::kRead);
    if (c_) c_->EndAccess(abi::access::kRead);
    b_ = {};
    c_ = {};
  }
};

}  // namespace rtv::decklink
