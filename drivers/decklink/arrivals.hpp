// SPDX-License-Identifier: Apache-2.0
// What the card calls with each frame. Deaf once the input is closed.
#pragma once
#include "capture.hpp"

namespace rtv::decklink {

class Capture::Arrivals final : public abi::InputCallback {
  std::atomic<abi::Count> refs_{1};
  std::mutex mutex_;  // taken by the card's one thread, and by go_deaf
  Capture *owner_;

 public:
  explicit Arrivals(Capture *owner) : owner_(owner) {}
  virtual ~Arrivals() = default;
  // No call is under way any more when it returns.
  void go_deaf() {
    std::lock_guard hold(mutex_);
    owner_ = nullptr;
  }
  abi::Result QueryInterface(abi::Iid id, void **out) override {
    return query_self<abi::InputCallback>(this, id, out);
  }
  abi::Count AddRef() override { return ++refs_; }
  abi::Count Release() override {
    const abi::Count left = --refs_;
    if (left == 0) delete this;
    return left;
  }
  abi::Result VideoInputFormatChanged(uint32_t events, abi::DisplayMode *mode,
                                  uint32_t flags) override {
    std::lock_guard hold(mutex_);
    if (owner_ && mode) owner_->format_changed(events, mode, flags);
    return abi::kOk;
  }
  abi::Result VideoInputFrameArrived(abi::VideoInputFrame *video,
                                 abi::AudioInputPacket *audio) override {
    std::lock_guard hold(mutex_);
    if (owner_ && video) owner_->frame_arrived(video, audio);
    return abi::kOk;
  }
};

}  // namespace rtv::decklink
