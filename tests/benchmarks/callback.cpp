// SPDX-License-Identifier: Apache-2.0
// A callback that does what ours must do, and no more: takes a reference, notes the time, pushes
// to a ring. Loaded by callback.py into a Python process with busy threads.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>

#include "decklink/abi.hpp"

namespace abi = rtvbox::decklink::abi;

namespace {

constexpr int64_t kNs = 1'000'000'000;

class Probe final : public abi::InputCallback {
  abi::Input* input_;
  std::array<std::atomic<abi::VideoInputFrame*>, 4> ring_{};
  size_t next_ = 0;

 public:
  std::array<int64_t, 1 << 16> late{};
  std::atomic<size_t> count{0};

  explicit Probe(abi::Input* input) : input_(input) {}
  abi::Result QueryInterface(abi::Iid, void** out) override {
    *out = nullptr;
    return abi::kNoInterface;
  }
  abi::Count AddRef() override { return 1; }  // lives as long as the process
  abi::Count Release() override { return 1; }
  abi::Result VideoInputFormatChanged(abi::Code, abi::DisplayMode*, abi::Code) override {
    return abi::kOk;
  }
  abi::Result VideoInputFrameArrived(abi::VideoInputFrame* frame,
                                     abi::AudioInputPacket*) override {
    abi::Time now = 0, due = 0, unused = 0, unused2 = 0;
    input_->GetHardwareReferenceClock(kNs, &now, &unused, &unused2);
    frame->GetHardwareReferenceTimestamp(kNs, &due, &unused);
    frame->AddRef();
    if (auto* before = ring_[next_ % ring_.size()].exchange(frame)) before->Release();
    ++next_;
    const size_t n = count.load(std::memory_order_relaxed);
    if (n < late.size()) {
      late[n] = now - due;
      count.store(n + 1, std::memory_order_release);
    }
    return abi::kOk;
  }
  void empty() {
    for (auto& slot : ring_)
      if (auto* frame = slot.exchange(nullptr)) frame->Release();
  }
};

}  // namespace

#define EXPORTED extern "C" __attribute__((visibility("default")))
EXPORTED Probe* probe_new(abi::Input* input) { return new Probe(input); }
EXPORTED void probe_empty(Probe* probe) { probe->empty(); }
EXPORTED size_t probe_read(Probe* probe, int64_t* to, size_t most) {
  const size_t n = std::min(probe->count.load(), most);
  std::copy_n(probe->late.begin(), n, to);
  return n;
}
