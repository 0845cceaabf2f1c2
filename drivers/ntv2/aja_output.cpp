// SPDX-License-Identifier: Apache-2.0
// Playout through libajantv2.
#include <ntv2signalrouter.h>
#include <ntv2utils.h>

#include "aja_card.hpp"
#include "judge.hpp"

namespace rtv::ntv2 {

namespace {

class AjaOutput final : public OutputPort {
 public:
  explicit AjaOutput(std::unique_ptr<AjaCard> card)
      : card_(std::move(card)), channel_(card_->channel()) {}

  bool there() override { return card_->there(); }
  bool ring(RingState *state) override { return card_->ring(state); }
  void end() override { card_->end(); }
  void pin(const void *memory, size_t size) override { card_->pin(memory, size); }

  std::string begin(const rtv_format &format, uint32_t frames, Reference reference) override;
  bool start() override { return (*card_)->AutoCirculateStart(channel_); }
  bool put(const void *picture, size_t size, Transferred *done) override;
  int64_t shown(uint32_t slot) override;
  bool reference_present() override {
    return (*card_)->GetReferenceVideoFormat() != NTV2_FORMAT_UNKNOWN;
  }

 private:
  const std::unique_ptr<AjaCard> card_;
  const NTV2Channel channel_;
  AUTOCIRCULATE_TRANSFER transfer_;
  FRAME_STAMP stamp_;
};

std::string AjaOutput::begin(const rtv_format &format, uint32_t frames, Reference reference) {
  CNTV2Card &card = **card_;
  const NTV2VideoFormat video = format_on(card, format);
  if (video == NTV2_FORMAT_UNKNOWN || !card.features().CanDoFrameBufferFormat(pixels_of(format)))
    return "format: this card does not show " + words(format);
  if (const std::string why = why_not_laid_out(video, format); !why.empty()) return why;
  // The whole card's, so only when asked for.
  if (reference != Reference::as_set &&
      !card.SetReference(reference == Reference::external ? NTV2_REFERENCE_EXTERNAL
                                                          : NTV2_REFERENCE_FREERUN))
    return "reference: the card refuses it";
  const bool set = card.SetMode(channel_, NTV2_MODE_DISPLAY) &&
                   card.SetVideoFormat(video, false, false, channel_) &&
                   card.SetVANCMode(NTV2_VANCMODE_OFF, channel_) &&
                   card.SetFrameBufferFormat(channel_, pixels_of(format)) &&
                   card.SetSDIOutputStandard(static_cast<UWord>(channel_),
                                             GetNTV2StandardFromVideoFormat(video));
  if (!set) return "the card refuses " + words(format);
  card.SetVPIDColorimetry(format.colorimetry == 3 ? NTV2_VPID_Color_UHDTV : NTV2_VPID_Color_Rec709,
                          channel_);
  if (!card.Connect(GetSDIOutputInputXpt(channel_), GetFrameStoreOutputXptFromChannel(channel_)))
    return "the card's memory cannot be routed to its output";
  card.AutoCirculateStop(channel_);
  if (!card.AutoCirculateInitForOutput(channel_, static_cast<UWord>(frames)))
    return "the card has no memory for " + std::to_string(frames) + " frames";
  return "";
}

bool AjaOutput::put(const void *picture, size_t size, Transferred *done) {
  // The library writes nothing there on the way out.
  auto *octets = static_cast<ULWord *>(const_cast<void *>(picture));
  transfer_.SetVideoBuffer(octets, static_cast<ULWord>(size));
  if (!(*card_)->AutoCirculateTransfer(channel_, transfer_)) return false;
  const auto &status = transfer_.GetTransferStatus();
  if (status.GetTransferFrame() < 0) return false;
  done->slot = static_cast<uint32_t>(status.GetTransferFrame());
  done->now = status.GetFrameStamp().acCurrentTime * 100;
  return true;
}

int64_t AjaOutput::shown(uint32_t slot) {
  if (!(*card_)->AutoCirculateGetFrameStamp(channel_, slot, stamp_)) return 0;
  return stamp_.acFrameTime * 100;
}

}  // namespace

std::unique_ptr<OutputPort> aja_output(std::unique_ptr<AjaCard> card) {
  return std::make_unique<AjaOutput>(std::move(card));
}

}  // namespace rtv::ntv2
