// SPDX-License-Identifier: Apache-2.0
// One connector of a card through libajantv2: what capture and playout have in common.
#pragma once
#include <ntv2card.h>

#include <functional>
#include <memory>
#include <string>

#include "board.hpp"

namespace rtv::ntv2 {

// The n-th card of this machine, open; nothing when there is none of that number.
using OpenCard = std::function<std::unique_ptr<CNTV2Card>(uint32_t)>;
constexpr uint32_t kMostCards = NTV2_MAXBOARDS;

std::shared_ptr<Boards> boards_through(OpenCard open);

// Frames a second of any rate, lowest terms; raster and scan. width 0: none that is carried.
rtv_format raster_of_format(NTV2VideoFormat format);
// The card's name for a format, level A where there are two; NTV2_FORMAT_UNKNOWN: it cannot.
NTV2VideoFormat format_on(CNTV2Card &card, const rtv_format &format);
inline NTV2PixelFormat pixels_of(const rtv_format &f) {
  return f.layout == RTV_V210 ? NTV2_FBF_10BIT_YCBCR : NTV2_FBF_8BIT_YCBCR;
}
// Whether rows lie in the card's memory as in ours; "" or one line.
std::string why_not_laid_out(NTV2VideoFormat format, const rtv_format &wanted);

// A card that this process uses, and a channel of it.
class AjaCard {
 public:
  AjaCard(std::unique_ptr<CNTV2Card> card, uint32_t connector);
  ~AjaCard();  // stops the channel and lets go of the card
  AjaCard(const AjaCard &) = delete;
  AjaCard &operator=(const AjaCard &) = delete;

  // Takes the card for this process, and the connector for this direction. RTV_OK, or why not.
  int take(bool output, std::string *why);

  CNTV2Card &operator*() const { return *card_; }
  CNTV2Card *operator->() const { return card_.get(); }
  NTV2Channel channel() const { return channel_; }
  bool there() const;
  bool ring(RingState *state) const;
  void end() const;
  void pin(const void *memory, size_t size) const;

 private:
  const std::unique_ptr<CNTV2Card> card_;
  const NTV2Channel channel_;
  const NTV2DeviceID id_;
  bool acquired_ = false;
};

std::unique_ptr<InputPort> aja_input(std::unique_ptr<AjaCard> card);
std::unique_ptr<OutputPort> aja_output(std::unique_ptr<AjaCard> card);

}  // namespace rtv::ntv2
