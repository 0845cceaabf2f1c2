// SPDX-License-Identifier: Apache-2.0
// The input as generation B (and, with the same methods, C) has it, over that of generation A.
#pragma once
#include "capture.hpp"
#include "newer.hpp"

namespace standin {

// What the input of generation A calls; calls the client's callback of generation B.
class Translator final : public Counted<abi::InputCallback> {
  Held<abi::b::InputCallback> to_;
  void gone() override { to_ = Held<abi::b::InputCallback>(); }

 public:
  explicit Translator(abi::b::InputCallback* to) : Counted("InputCallback"), to_(to) {}
  Result VideoInputFormatChanged(Code events, abi::DisplayMode* mode, Code kind) override {
    return to_->VideoInputFormatChanged(events, mode, kind);
  }
  Result VideoInputFrameArrived(abi::VideoInputFrame* frame,
                                abi::AudioInputPacket* sound) override {
    void* newer = nullptr;
    if (frame->QueryInterface(abi::b::VideoInputFrame::kIid, &newer) != abi::kOk) return abi::kFail;
    auto* shown = static_cast<abi::b::VideoInputFrame*>(newer);
    const Result result = to_->VideoInputFrameArrived(shown, sound);
    shown->Release();
    return result;
  }
};

class InputB final : public Face<abi::b::Input> {
  Capture& a_;

 public:
  InputB(abi::Unknown* whole, std::string name, Capture& a) : Face(whole, std::move(name)), a_(a) {}
  Result DoesSupportVideoMode(Code connection, Code mode, Code pixels, Code conversion, Code flags,
                              Code* actual, bool* supported) override {
    return a_.DoesSupportVideoMode(connection, mode, pixels, conversion, flags, actual, supported);
  }
  Result GetDisplayMode(Code mode, abi::DisplayMode** out) override {
    return a_.GetDisplayMode(mode, out);
  }
  Result GetDisplayModeIterator(abi::DisplayModeIterator** out) override {
    return a_.GetDisplayModeIterator(out);
  }
  Result SetScreenPreviewCallback(abi::Unknown* callback) override {
    return a_.SetScreenPreviewCallback(callback);
  }
  Result EnableVideoInput(Code mode, Code pixels, Code flags) override {
    return a_.EnableVideoInput(mode, pixels, flags);
  }
  // Not pretended: no client here offers buffers of its own in this way.
  Result EnableVideoInputWithAllocatorProvider(Code, Code, Code,
                                               abi::b::VideoBufferAllocatorProvider*) override {
    return abi::kNotImplemented;
  }
  Result DisableVideoInput() override { return a_.DisableVideoInput(); }
  Result GetAvailableVideoFrameCount(uint32_t* out) override {
    return a_.GetAvailableVideoFrameCount(out);
  }
  Result EnableAudioInput(Code rate, Code bits, uint32_t channels) override {
    return a_.EnableAudioInput(rate, bits, channels);
  }
  Result DisableAudioInput() override { return a_.DisableAudioInput(); }
  Result GetAvailableAudioSampleFrameCount(uint32_t* out) override {
    return a_.GetAvailableAudioSampleFrameCount(out);
  }
  Result StartStreams() override { return a_.StartStreams(); }
  Result StopStreams() override { return a_.StopStreams(); }
  Result PauseStreams() override { return a_.PauseStreams(); }
  Result FlushStreams() override { return a_.FlushStreams(); }
  Result SetCallback(abi::b::InputCallback* callback) override {
    if (!callback) return a_.SetCallback(nullptr);
    auto* made = new Translator(callback);
    const Result result = a_.SetCallback(made);
    made->Release();
    return result;
  }
  Result GetHardwareReferenceClock(Scale scale, Time* time, Time* in_frame,
                                   Time* per_frame) override {
    return a_.GetHardwareReferenceClock(scale, time, in_frame, per_frame);
  }
};

// That there are counters; which codes they answer is not known here.
class Statistics final : public Face<abi::c::Statistics> {
 public:
  Statistics(abi::Unknown* whole, std::string name) : Face(whole, std::move(name)) {}
  Result GetInt(Code, int64_t*) override { return abi::kInvalidArgument; }
  Result GetIntWithParam(Code, uint64_t, int64_t*) override { return abi::kInvalidArgument; }
  Result GetStringWithParam(Code, uint64_t, char**) override { return abi::kInvalidArgument; }
};

}  // namespace standin
