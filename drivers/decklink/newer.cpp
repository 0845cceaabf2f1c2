// SPDX-License-Identifier: Apache-2.0
// Faces of generation A over objects of generation B: the rest of this family knows only the one.
// Where the newer input takes buffers from a provider, none is given: the library's own are used.
#include "newer.hpp"

#include <atomic>
#include <vector>

#include "abi_newer.hpp"

namespace rtv::decklink {

namespace {

namespace b = abi::b;

constexpr size_t kFrames = 72;  // more than a source may have out

Ref<b::Input> newer_input(abi::DeckLink *card) {
  void *p = nullptr;
  // Of the same methods in the same order.
  for (const abi::Iid &id : {abi::c::kInput, b::Input::kIid})
    if (card->QueryInterface(id, &p) == abi::kOk && p)
      return Ref<b::Input>::adopt(static_cast<b::Input *>(p));
  return {};
}

struct Frames;

class FrameOfB final : public abi::VideoInputFrame {
  friend struct Frames;
  Frames *frames_ = nullptr;
  Ref<b::VideoInputFrame> frame_;
  std::atomic<abi::Count> refs_{0};
  std::atomic<bool> busy_{false};

 public:
  abi::Result QueryInterface(abi::Iid id, void **out) override {
    if (query_self<abi::VideoInputFrame>(this, id, out) == abi::kOk) return abi::kOk;
    return frame_->QueryInterface(id, out);
  }
  abi::Count AddRef() override { return refs_.fetch_add(1, std::memory_order_relaxed) + 1; }
  abi::Count Release() override;
  abi::Long GetWidth() override { return frame_->GetWidth(); }
  abi::Long GetHeight() override { return frame_->GetHeight(); }
  abi::Long GetRowBytes() override { return frame_->GetRowBytes(); }
  abi::Code GetPixelFormat() override { return frame_->GetPixelFormat(); }
  abi::Code GetFlags() override { return frame_->GetFlags(); }
  // Its buffer is asked for instead (PictureAccess).
  abi::Result GetBytes(void **out) override {
    *out = nullptr;
    return abi::kNotImplemented;
  }
  abi::Result GetTimecode(abi::Code format, abi::Timecode **out) override {
    return frame_->GetTimecode(format, out);
  }
  abi::Result GetAncillaryData(abi::VideoFrameAncillary **out) override {
    return frame_->GetAncillaryData(out);
  }
  abi::Result GetStreamTime(abi::Time *time, abi::Time *duration, abi::Scale scale) override {
    return frame_->GetStreamTime(time, duration, scale);
  }
  abi::Result GetHardwareReferenceTimestamp(abi::Scale scale, abi::Time *time,
                                            abi::Time *duration) override {
    return frame_->GetHardwareReferenceTimestamp(scale, time, duration);
  }
};

// A fixed number of faces; lives until the last is given back.
struct Frames {
  std::vector<FrameOfB> all;
  std::atomic<uint32_t> users{1};
  Frames() : all(kFrames) {
    for (FrameOfB &one : all) one.frames_ = this;
  }
  void drop() {
    if (users.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  // One reference; empty: all are out.
  Ref<FrameOfB> wrap(b::VideoInputFrame *frame) {
    for (FrameOfB &one : all) {
      bool expected = false;
      if (!one.busy_.compare_exchange_strong(expected, true, std::memory_order_acquire)) continue;
      users.fetch_add(1, std::memory_order_relaxed);
      one.frame_ = Ref<b::VideoInputFrame>::share(frame);
      one.refs_.store(1, std::memory_order_relaxed);
      return Ref<FrameOfB>::adopt(&one);
    }
    return {};
  }
};

abi::Count FrameOfB::Release() {
  const abi::Count left = refs_.fetch_sub(1, std::memory_order_acq_rel) - 1;
  if (left == 0) {
    Frames *frames = frames_;
    frame_ = {};
    busy_.store(false, std::memory_order_release);
    frames->drop();
  }
  return left;
}

class CallbackOfB final : public b::InputCallback {
  std::atomic<abi::Count> refs_{1};
  const Ref<abi::InputCallback> to_;
  Frames *const frames_ = new Frames;

 public:
  explicit CallbackOfB(abi::InputCallback *to) : to_(Ref<abi::InputCallback>::share(to)) {}
  virtual ~CallbackOfB() { frames_->drop(); }
  abi::Result QueryInterface(abi::Iid id, void **out) override {
    return query_self<b::InputCallback>(this, id, out);
  }
  abi::Count AddRef() override { return ++refs_; }
  abi::Count Release() override {
    const abi::Count left = --refs_;
    if (left == 0) delete this;
    return left;
  }
  abi::Result VideoInputFormatChanged(abi::Code events, abi::DisplayMode *mode,
                                      abi::Code flags) override {
    return to_->VideoInputFormatChanged(events, mode, flags);
  }
  abi::Result VideoInputFrameArrived(b::VideoInputFrame *video,
                                     abi::AudioInputPacket *audio) override {
    if (!video) return abi::kOk;
    const auto frame = frames_->wrap(video);
    return frame ? to_->VideoInputFrameArrived(frame.get(), audio) : abi::kOk;
  }
};

class InputOfB final : public abi::Input {
  std::atomic<abi::Count> refs_{1};
  const Ref<b::Input> input_;

 public:
  explicit InputOfB(Ref<b::Input> input) : input_(std::move(input)) {}
  virtual ~InputOfB() = default;
  abi::Result QueryInterface(abi::Iid id, void **out) override {
    return query_self<abi::Input>(this, id, out);
  }
  abi::Count AddRef() override { return ++refs_; }
  abi::Count Release() override {
    const abi::Count left = --refs_;
    if (left == 0) delete this;
    return left;
  }
  abi::Result DoesSupportVideoMode(abi::Code connection, abi::Code mode, abi::Code pixels,
                                   abi::Code conversion, abi::Code flags, abi::Code *actual,
                                   bool *supported) override {
    return input_->DoesSupportVideoMode(connection, mode, pixels, conversion, flags, actual,
                                        supported);
  }
  abi::Result GetDisplayMode(abi::Code mode, abi::DisplayMode **out) override {
    return input_->GetDisplayMode(mode, out);
  }
  abi::Result GetDisplayModeIterator(abi::DisplayModeIterator **out) override {
    return input_->GetDisplayModeIterator(out);
  }
  abi::Result SetScreenPreviewCallback(abi::Unknown *callback) override {
    return input_->SetScreenPreviewCallback(callback);
  }
  abi::Result EnableVideoInput(abi::Code mode, abi::Code pixels, abi::Code flags) override {
    return input_->EnableVideoInput(mode, pixels, flags);
  }
  abi::Result DisableVideoInput() override { return input_->DisableVideoInput(); }
  abi::Result GetAvailableVideoFrameCount(uint32_t *out) override {
    return input_->GetAvailableVideoFrameCount(out);
  }
  abi::Result SetVideoInputFrameMemoryAllocator(abi::MemoryAllocator *) override {
    return abi::kNotImplemented;
  }
  abi::Result EnableAudioInput(abi::Code rate, abi::Code bits, uint32_t channels) override {
    return input_->EnableAudioInput(rate, bits, channels);
  }
  abi::Result DisableAudioInput() override { return input_->DisableAudioInput(); }
  abi::Result GetAvailableAudioSampleFrameCount(uint32_t *out) override {
    return input_->GetAvailableAudioSampleFrameCount(out);
  }
  abi::Result StartStreams() override { return input_->StartStreams(); }
  abi::Result StopStreams() override { return input_->StopStreams(); }
  abi::Result PauseStreams() override { return input_->PauseStreams(); }
  abi::Result FlushStreams() override { return input_->FlushStreams(); }
  abi::Result SetCallback(abi::InputCallback *callback) override {
    if (!callback) return input_->SetCallback(nullptr);
    const auto made = Ref<CallbackOfB>::adopt(new CallbackOfB(callback));
    return input_->SetCallback(made.get());
  }
  abi::Result GetHardwareReferenceClock(abi::Scale scale, abi::Time *time, abi::Time *in_frame,
                                        abi::Time *per_frame) override {
    return input_->GetHardwareReferenceClock(scale, time, in_frame, per_frame);
  }
};

bool answers(abi::DeckLink *card, std::initializer_list<abi::Iid> any) {
  for (const abi::Iid &id : any) {
    void *p = nullptr;
    if (card->QueryInterface(id, &p) != abi::kOk || !p) continue;
    static_cast<abi::Unknown *>(p)->Release();
    return true;
  }
  return false;
}

}  // namespace

char generation_of(abi::DeckLink *card) {
  if (answers(card, {abi::c::kInput, abi::c::kOutput, abi::c::Statistics::kIid})) return 'C';
  if (answers(card, {b::Input::kIid, b::Output::kIid})) return 'B';
  return answers(card, {abi::Input::kIid, abi::Output::kIid}) ? 'A' : 0;
}

bool has_statistics(abi::DeckLink *card) { return answers(card, {abi::c::Statistics::kIid}); }

Ref<abi::Input> input_of(abi::DeckLink *card) {
  if (auto first = query<abi::Input>(card)) return first;
  auto newer = newer_input(card);
  if (!newer) return {};
  return Ref<abi::Input>::adopt(new InputOfB(std::move(newer)));
}

}  // namespace rtv::decklink
