// SPDX-License-Identifier: Apache-2.0
// Ancillary packets of a captured frame, copied into room that is made beforehand: the vendor's
// objects are not kept for them.
#pragma once
#include <array>
#include <cstring>

#include "com.hpp"
#include "rtvbox/video.h"

namespace rtv::decklink {

class AncillaryIn {
  static constexpr size_t kPackets = 64, kBytes = 4096;
  std::array<rtv_anc, kPackets> packets_;
  std::array<uint8_t, kBytes> bytes_;
  size_t used_ = 0;
  uint32_t count_ = 0;

 public:
  // What did not fit, or did not say its words.
  uint32_t left_out = 0;

  // Takes what the frame carries in place of what was here.
  void take(abi::VideoInputFrame *frame) {
    used_ = 0;
    count_ = left_out = 0;
    const auto packets = query<abi::VideoFrameAncillaryPackets>(frame);
    Ref<abi::AncillaryPacketIterator> each;
    if (!packets || packets->GetPacketIterator(each.out()) != abi::kOk || !each) return;
    Ref<abi::AncillaryPacket> packet;
    // One more than fits: that there are more is counted, how many is not worth the time.
    for (size_t i = 0; i <= kPackets && each->Next(packet.out()) == abi::kOk && packet; ++i) {
      const void *data = nullptr;
      uint32_t words = 0;
      // ST 291-1: 255 user data words at most.
      if (count_ == kPackets ||
          packet->GetBytes(abi::ancillary::kUint8, &data, &words) != abi::kOk || words > 255 ||
          (words && !data) || used_ + words > kBytes) {
        ++left_out;
        continue;
      }
      rtv_anc &a = packets_[count_++];
      a = rtv_anc{packet->GetDID(), packet->GetSDID(), packet->GetDataStreamIndex(),
                  static_cast<uint8_t>(words), packet->GetLineNumber(), bytes_.data() + used_};
      if (words) std::memcpy(bytes_.data() + used_, data, words);
      used_ += words;
    }
  }
  void show_on(rtv_frame *frame) const {
    frame->anc = count_ ? packets_.data() : nullptr;
    frame->anc_count = count_;
  }
};

}  // namespace rtv::decklink
