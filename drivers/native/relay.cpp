// SPDX-License-Identifier: Apache-2.0
#include "relay.hpp"

namespace rtv {
namespace {

bool same(const rtv_format &a, const rtv_format &b) {
  return a.width == b.width && a.height == b.height && a.rate_num == b.rate_num &&
         a.rate_den == b.rate_den && a.sampling == b.sampling && a.depth == b.depth &&
         a.scan == b.scan && a.layout == b.layout && a.colorimetry == b.colorimetry &&
         a.full_range == b.full_range;
}

}  // namespace

Relay::Relay(const rtv_sink *card) : card_(card) { card_->retain(card_->self); }

Relay::~Relay() { card_->release(card_->self); }

void Relay::release() {
  if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

RelayInput::RelayInput(Relay *relay) : relay_(relay) {
  relay_->retain();
  table_ = {
      RTV_ABI,
      sizeof(rtv_sink),
      this,
      [](void *self) { static_cast<RelayInput *>(self)->retain(); },
      [](void *self) { static_cast<RelayInput *>(self)->release(); },
      [](void *self, const rtv_format *format, int slices) {
        return static_cast<RelayInput *>(self)->start(*format, slices != 0);
      },
      [](void *self, rtv_frame *frame, int64_t due) {
        return static_cast<RelayInput *>(self)->submit(frame, due);
      },
      [](void *self) { static_cast<RelayInput *>(self)->stop(); },
      [](void *self) { return static_cast<const char *>(static_cast<RelayInput *>(self)->error_); },
  };
}

RelayInput::~RelayInput() {
  stop();
  relay_->release();
}

void RelayInput::release() {
  if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

int RelayInput::start(const rtv_format &format, bool slices) {
  const std::lock_guard hold(relay_->busy_);
  if (started_) return RTV_OK;
  if (relay_->started_ == 0) {
    const int said = relay_->card_->start(relay_->card_->self, &format, slices);
    if (said != RTV_OK) {
      error_ = relay_->card_->error(relay_->card_->self);
      return said;
    }
    relay_->format_ = format;
    relay_->slices_ = slices;
    relay_->shown_ = this;
  } else if (!same(format, relay_->format_) || slices != relay_->slices_) {
    error_ = "output: shows another format; end that first";
    return RTV_REFUSED;
  }
  started_ = true;
  displaced_ = false;
  relay_->started_++;
  return RTV_OK;
}

int RelayInput::submit(rtv_frame *frame, int64_t due_tai) {
  const std::lock_guard hold(relay_->busy_);
  if (!started_) return RTV_REFUSED;
  if (relay_->shown_ != this) {
    if (relay_->shown_ && (displaced_ || (frame->flags & RTV_SLATE))) return RTV_OK;
    show();
  }
  const int said = relay_->card_->submit(relay_->card_->self, frame, due_tai);
  if (said < 0) error_ = relay_->card_->error(relay_->card_->self);
  return said;
}

void RelayInput::stop() {
  const std::lock_guard hold(relay_->busy_);
  if (!started_) return;
  started_ = false;
  if (relay_->shown_ == this) relay_->shown_ = nullptr;
  if (--relay_->started_ == 0) relay_->card_->stop(relay_->card_->self);
}

void RelayInput::take_over() {
  const std::lock_guard hold(relay_->busy_);
  if (started_ && relay_->shown_ != this) show();
}

void RelayInput::show() {
  if (relay_->shown_) relay_->shown_->displaced_ = true;
  relay_->shown_ = this;
  displaced_ = false;
}

bool RelayInput::shown() {
  const std::lock_guard hold(relay_->busy_);
  return relay_->shown_ == this;
}

}  // namespace rtv
