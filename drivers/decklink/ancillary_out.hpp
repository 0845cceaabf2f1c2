// SPDX-License-Identifier: Apache-2.0
// The ancillary packets of a frame of ours, as the vendor's library asks for them. All of it is
// part of the frame that carries it and counted with it, so that nothing is made while video runs.
#pragma once
#include <array>
#include <atomic>

#include "com.hpp"
#include "rtvbox/video.h"

namespace rtv::decklink {

// A part of `whole`: lives and is counted with it.
template <class Interface>
class PartOf : public Interface {
 protected:
  abi::Unknown *whole_ = nullptr;

 public:
  void belong(abi::Unknown *whole) { whole_ = whole; }
  abi::Result QueryInterface(abi::Iid id, void **out) override {
    return query_self<Interface>(this, id, out);
  }
  abi::Count AddRef() override { return whole_->AddRef(); }
  abi::Count Release() override { return whole_->Release(); }
};

class OutPacket final : public PartOf<abi::AncillaryPacket> {
  rtv_anc packet_{};
  std::array<uint16_t, 255> words_{};

 public:
  void set(const rtv_anc &packet) {
    packet_ = packet;
    for (uint8_t i = 0; i < packet.words; ++i) {  // parity on bit 8, its opposite on bit 9
      const auto odd = static_cast<uint16_t>(__builtin_parity(packet.data[i]));
      words_[i] = static_cast<uint16_t>(packet.data[i] | odd << 8 | (odd ^ 1) << 9);
    }
  }
  abi::Result GetBytes(abi::Code format, const void **data, uint32_t *words) override {
    if (!data || !words) return abi::kPointer;
    if (format == abi::ancillary::kUint8)
      *data = packet_.data;
    else if (format == abi::ancillary::kUint16)
      *data = words_.data();
    else
      return abi::kNotImplemented;
    *words = packet_.words;
    return abi::kOk;
  }
  uint8_t GetDID() override { return packet_.did; }
  uint8_t GetSDID() override { return packet_.sdid; }
  uint32_t GetLineNumber() override { return packet_.line; }
  uint8_t GetDataStreamIndex() override { return packet_.stream; }
};

class OutPackets;

class OutPacketIterator final : public PartOf<abi::AncillaryPacketIterator> {
  friend class OutPackets;
  OutPackets *packets_ = nullptr;
  std::atomic<abi::Count> own_{0};
  uint32_t next_ = 0;

 public:
  abi::Count AddRef() override {
    own_.fetch_add(1, std::memory_order_relaxed);
    return whole_->AddRef();
  }
  abi::Count Release() override {
    own_.fetch_sub(1, std::memory_order_release);
    return whole_->Release();
  }
  abi::Result Next(abi::AncillaryPacket **out) override;
};

class OutPackets final : public PartOf<abi::VideoFrameAncillaryPackets> {
  friend class OutPacketIterator;
  static constexpr uint32_t kPackets = 64;
  std::array<OutPacket, kPackets> packets_;
  std::array<OutPacketIterator, 2> iterators_;
  uint32_t count_ = 0;

 public:
  void belong_all(abi::Unknown *whole) {
    belong(whole);
    for (OutPacket &p : packets_) p.belong(whole);
    for (OutPacketIterator &i : iterators_) {
      i.belong(whole);
      i.packets_ = this;
    }
  }
  // The frame's own packets; its data must stay for as long. How many were left out.
  uint32_t set(const rtv_frame *frame) {
    const uint32_t wanted = frame->anc ? frame->anc_count : 0;
    count_ = wanted < kPackets ? wanted : kPackets;
    for (uint32_t i = 0; i < count_; ++i) packets_[i].set(frame->anc[i]);
    return wanted - count_;
  }
  void clear() { count_ = 0; }
  bool any() const { return count_ > 0; }
  abi::Result GetPacketIterator(abi::AncillaryPacketIterator **out) override {
    if (!out) return abi::kPointer;
    *out = nullptr;
    for (OutPacketIterator &i : iterators_) {
      abi::Count none = 0;
      if (!i.own_.compare_exchange_strong(none, 1, std::memory_order_acquire)) continue;
      whole_->AddRef();
      i.next_ = 0;
      *out = &i;
      return abi::kOk;
    }
    return abi::kOutOfMemory;
  }
  abi::Result GetFirstPacketByID(uint8_t did, uint8_t sdid, abi::AncillaryPacket **out) override {
    if (!out) return abi::kPointer;
    *out = nullptr;
    for (uint32_t i = 0; i < count_; ++i) {
      OutPacket &p = packets_[i];
      if (p.GetDID() != did || p.GetSDID() != sdid) continue;
      p.AddRef();
      *out = &p;
      return abi::kOk;
    }
    return abi::kFalse;
  }
  // The list is the frame's; the library only reads it.
  abi::Result AttachPacket(abi::AncillaryPacket *) override { return abi::kAccessDenied; }
  abi::Result DetachPacket(abi::AncillaryPacket *) override { return abi::kAccessDenied; }
  abi::Result DetachAllPackets() override { return abi::kAccessDenied; }
};

inline abi::Result OutPacketIterator::Next(abi::AncillaryPacket **out) {
  if (!out) return abi::kPointer;
  *out = nullptr;
  if (next_ >= packets_->count_) return abi::kFalse;
  OutPacket &p = packets_->packets_[next_++];
  p.AddRef();
  *out = &p;
  return abi::kOk;
}

}  // namespace rtv::decklink
