// SPDX-License-Identifier: Apache-2.0
// Captured frames as everybody else takes them: the picture and the sound stay where the card put
// them; the vendor's objects are let go of with the last reference. A fixed number.
#pragma once
#include <atomic>
#include <vector>

#include "ancillary_in.hpp"
#include "card_memory.hpp"
#include "com.hpp"
#include "picture_access.hpp"
#include "rtvbox/video.h"

namespace rtv::decklink {

class InputFrames {
  struct View {
    rtv_frame frame;
    Ref<abi::VideoInputFrame> video;
    Ref<abi::AudioInputPacket> audio;
    PictureAccess picture;
    AncillaryIn ancillary;
    std::atomic<bool> busy{false};
  };
  struct Shared {
    std::vector<View> views;
    Ref<CardMemory> memory;          // stays as long as a picture in it is out
    std::atomic<uint32_t> users{1};  // the pool itself and each view that is out
    Shared(size_t n, Ref<CardMemory> m) : views(n), memory(std::move(m)) {}
    void drop() {
      if (users.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }
  };
  Shared *s_;
  std::atomic<uint64_t> left_out_{0};

  static void give_back(rtv_frame *f) {
    // rtv_frame is the view's first member.
    auto *v = reinterpret_cast<View *>(f);
    auto *s = static_cast<Shared *>(f->owner);
    v->picture.end();
    v->video = {};
    v->audio = {};
    v->busy.store(false, std::memory_order_release);
    s->drop();
  }

 public:
  InputFrames(size_t count, Ref<CardMemory> memory) : s_(new Shared(count, std::move(memory))) {}
  InputFrames(const InputFrames &) = delete;
  InputFrames &operator=(const InputFrames &) = delete;
  ~InputFrames() { s_->drop(); }

  // A whole frame with one reference that shows the card's picture; nullptr when all are out, or
  // when the card does not say where the picture is.
  rtv_frame *acquire(abi::VideoInputFrame *video, abi::AudioInputPacket *audio,
                     uint32_t channels, const rtv_format &format) {
    const auto stride = static_cast<uint32_t>(video->GetRowBytes());
    const size_t size = static_cast<size_t>(stride) * format.height;
    for (View &v : s_->views) {
      bool expected = false;
      if (!v.busy.compare_exchange_strong(expected, true, std::memory_order_acquire)) continue;
      void *picture = v.picture.begin(video, size);
      if (!picture) {
        v.busy.store(false, std::memory_order_release);
        return nullptr;
      }
      s_->users.fetch_add(1, std::memory_order_relaxed);
      v.video = Ref<abi::VideoInputFrame>::share(video);
      rtv_frame *f = &v.frame;
      *f = rtv_frame{};
      f->abi = RTV_ABI;
      f->refs = 1;
      f->release = give_back;
      f->owner = s_;
      f->format = format;
      f->plane[0] = static_cast<uint8_t *>(picture);
      f->stride[0] = stride;
      f->bytes = size;
      f->signal = RTV_SIGNAL_LOCKED;
      f->lines_ready = format.height;
      void *sound = nullptr;
      if (audio && channels && audio->GetBytes(&sound) == abi::kOk && sound) {
        v.audio = Ref<abi::AudioInputPacket>::share(audio);
        f->audio = static_cast<const int32_t *>(sound);
        f->audio_samples = static_cast<uint32_t>(audio->GetSampleFrameCount());
        f->audio_channels = channels;
      }
      v.ancillary.take(video);
      v.ancillary.show_on(f);
      left_out_.fetch_add(v.ancillary.left_out, std::memory_order_relaxed);
      return f;
    }
    return nullptr;
  }
  uint64_t packets_left_out() const { return left_out_.load(std::memory_order_relaxed); }
  uint32_t out() const { return s_->users.load(std::memory_order_relaxed) - 1; }
};

}  // namespace rtv::decklink
