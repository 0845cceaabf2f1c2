// SPDX-License-Identifier: Apache-2.0
// What a library of a newer generation answers beside the first, or in its place, when a test asks
// for it: faces of frames. Those of inputs are in newer_input.hpp.
#pragma once
#include "../../../drivers/decklink/abi_newer.hpp"
#include "com.hpp"

namespace standin {

enum class Variant {
  a,
  b,        // answers both, as libraries from 14.3 on are believed to
  c,        // and the third, from 16.0 on
  buffers,  // as b, but pictures lie in buffers only
  b_only,   // the first generation is gone
};
inline std::atomic<Variant>& variant() {
  static std::atomic<Variant> one{Variant::a};
  return one;
}
inline bool answers_a() { return variant() != Variant::b_only; }
inline bool answers_b() { return variant() != Variant::a; }
inline bool answers_c() { return variant() == Variant::c; }
inline bool bytes_outright() { return answers_a() && variant() != Variant::buffers; }

// A frame's picture, seen only between StartAccess and EndAccess. One with its frame.
template <class Interface>
class BufferFace : public Interface {
  abi::Unknown* frame_;
  void** bytes_;
  std::atomic<int> open_{0};

 public:
  BufferFace(abi::Unknown* frame, void** bytes) : frame_(frame), bytes_(bytes) {}
  bool open() const { return open_ > 0; }
  Result QueryInterface(Iid id, void** out) override { return frame_->QueryInterface(id, out); }
  Count AddRef() override { return frame_->AddRef(); }
  Count Release() override { return frame_->Release(); }
  Result GetBytes(void** out) override {
    if (!open()) broken("its bytes were asked for before StartAccess", "VideoBuffer");
    *out = *bytes_;
    return abi::kOk;
  }
  Result StartAccess(Code how) override {
    if (!(how & (abi::access::kRead | abi::access::kWrite))) return abi::kInvalidArgument;
    ++open_;
    return abi::kOk;
  }
  Result EndAccess(Code) override {
    if (--open_ < 0) broken("EndAccess more often than StartAccess", "VideoBuffer");
    return abi::kOk;
  }
};

using BufferB = BufferFace<abi::b::VideoBuffer>;

class BufferC final : public BufferFace<abi::c::VideoBuffer> {
  uint64_t size_;

 public:
  BufferC(abi::Unknown* frame, void** bytes, uint64_t size)
      : BufferFace(frame, bytes), size_(size) {}
  Result GetSize(uint64_t* out) override {
    *out = size_;
    return abi::kOk;
  }
};

// A captured frame in the order of methods of generation B.
class FrameB final : public abi::b::VideoInputFrame {
  abi::VideoInputFrame* frame_;

 public:
  explicit FrameB(abi::VideoInputFrame* frame) : frame_(frame) {}
  Result QueryInterface(Iid id, void** out) override { return frame_->QueryInterface(id, out); }
  Count AddRef() override { return frame_->AddRef(); }
  Count Release() override { return frame_->Release(); }
  long GetWidth() override { return frame_->GetWidth(); }
  long GetHeight() override { return frame_->GetHeight(); }
  long GetRowBytes() override { return frame_->GetRowBytes(); }
  Code GetPixelFormat() override { return frame_->GetPixelFormat(); }
  Code GetFlags() override { return frame_->GetFlags(); }
  Result GetTimecode(Code format, abi::Timecode** out) override {
    return frame_->GetTimecode(format, out);
  }
  Result GetAncillaryData(abi::VideoFrameAncillary** out) override {
    return frame_->GetAncillaryData(out);
  }
  Result GetStreamTime(Time* time, Time* duration, Scale scale) override {
    return frame_->GetStreamTime(time, duration, scale);
  }
  Result GetHardwareReferenceTimestamp(Scale scale, Time* time, Time* duration) override {
    return frame_->GetHardwareReferenceTimestamp(scale, time, duration);
  }
};

}  // namespace standin
