// SPDX-License-Identifier: Apache-2.0
// Capture through libajantv2.
#include <ntv2signalrouter.h>
#include <ntv2utils.h>

#include <tuple>

#include "aja_card.hpp"
#include "judge.hpp"

namespace rtv::ntv2 {

namespace {

class AjaInput final : public InputPort {
 public:
  explicit AjaInput(std::unique_ptr<AjaCard> card)
      : card_(std::move(card)),
        channel_(card_->channel()),
        tells_errors_((*card_)->features().CanDoSDIErrorChecks()) {
    (*card_)->EnableInputInterrupt(channel_);
    (*card_)->SubscribeInputVerticalEvent(channel_);
  }
  ~AjaInput() override { (*card_)->UnsubscribeInputVerticalEvent(channel_); }

  bool there() override { return card_->there(); }
  bool ring(RingState *state) override { return card_->ring(state); }
  void end() override { card_->end(); }
  void pin(const void *memory, size_t size) override { card_->pin(memory, size); }

  InputLook look() override;
  std::string begin(const rtv_format &format, uint32_t frames, uint32_t channels) override;
  bool wait() override { return (*card_)->WaitForInputVerticalInterrupt(channel_); }
  bool fetch(void *picture, size_t size, void *sound, size_t sound_size,
             Transferred *done) override;

 private:
  std::string begin_sound(uint32_t channels, NTV2AudioSystem *system);

  const std::unique_ptr<AjaCard> card_;
  const NTV2Channel channel_;
  const bool tells_errors_;
  AUTOCIRCULATE_TRANSFER transfer_;
  // What the registers said when the format was worked out of them last: that takes many calls.
  using Told = std::tuple<int, int, bool, bool, ULWord>;
  Told registers_{-1, -1, false, false, 0};
  rtv_format format_{};
};

InputLook AjaInput::look() {
  InputLook look;
  CNTV2Card &card = **card_;
  look.there = card_->there();
  if (!look.there) return look;
  ULWord link_a = 0, link_b = 0;
  card.ReadSDIInVPID(channel_, link_a, link_b);
  look.payload_id = link_a;
  bool fast = false;
  card.GetSDIInput3GPresent(fast, channel_);
  const Told now{card.GetSDIInputRate(channel_), card.GetSDIInputGeometry(channel_),
                 card.GetSDIInputIsProgressive(channel_), fast, link_a};
  if (now != registers_) {
    format_ = raster_of_format(card.GetSDIInputVideoFormat(channel_));
    registers_ = now;
  }
  look.format = format_;
  if (tells_errors_) {
    look.locked = card.GetSDILock(channel_);
    look.timing_error = look.locked && card.GetSDITRSError(channel_);
    look.unlocks = card.GetSDIUnlockCount(channel_);
    look.crc_errors = card.GetCRCErrorCountA(channel_);
  } else {
    look.locked = format_.width != 0;
  }
  return look;
}

std::string AjaInput::begin(const rtv_format &format, uint32_t frames, uint32_t channels) {
  CNTV2Card &card = **card_;
  const NTV2VideoFormat video = format_on(card, format);
  if (video == NTV2_FORMAT_UNKNOWN || !card.features().CanDoFrameBufferFormat(pixels_of(format)))
    return "format: this card does not capture " + words(format);
  if (const std::string why = why_not_laid_out(video, format); !why.empty()) return why;
  bool level_b = false;
  if (card.features().CanDo3GLevelConversion() && card.GetSDIInput3GbPresent(level_b, channel_))
    card.SetSDIInLevelBtoLevelAConversion(static_cast<UWord>(channel_),
                                          level_b && format.rate_num / format.rate_den > 30);
  NTV2AudioSystem system = NTV2_AUDIOSYSTEM_INVALID;
  if (channels) {
    if (const std::string why = begin_sound(channels, &system); !why.empty()) return why;
  }
  const bool set = card.SetMode(channel_, NTV2_MODE_CAPTURE) &&
                   card.SetVideoFormat(video, false, false, channel_) &&
                   card.SetVANCMode(NTV2_VANCMODE_OFF, channel_) &&
                   card.SetFrameBufferFormat(channel_, pixels_of(format));
  if (!set) return "the card refuses " + words(format);
  if (!card.Connect(GetFrameStoreInputXptFromChannel(channel_),
                    GetSDIInputOutputXptFromChannel(channel_)))
    return "the card's input cannot be routed to its memory";
  card.AutoCirculateStop(channel_);
  if (!card.AutoCirculateInitForInput(channel_, static_cast<UWord>(frames), system))
    return "the card has no memory for " + std::to_string(frames) + " frames";
  if (!card.AutoCirculateStart(channel_)) return "the card does not start its capture";
  return "";
}

std::string AjaInput::begin_sound(uint32_t channels, NTV2AudioSystem *system) {
  CNTV2Card &card = **card_;
  auto features = card.features();
  if (channels != features.GetMaxAudioChannels())
    return "sound: this card captures " + std::to_string(features.GetMaxAudioChannels()) +
           " channels, no other number";
  if (static_cast<uint32_t>(channel_) >= features.GetNumAudioSystems())
    return "sound: this connector has none";
  *system = static_cast<NTV2AudioSystem>(channel_);
  const bool set = card.SetAudioSystemInputSource(*system, NTV2_AUDIO_EMBEDDED,
                                                  NTV2ChannelToEmbeddedAudioInput(channel_)) &&
                   card.SetNumberAudioChannels(channels, *system) &&
                   card.SetAudioRate(NTV2_AUDIO_48K, *system) &&
                   card.SetAudioBufferSize(NTV2_AUDIO_BUFFER_BIG, *system) &&
                   card.SetAudioLoopBack(NTV2_AUDIO_LOOPBACK_OFF, *system);
  return set ? "" : "sound: the card refuses its settings";
}

bool AjaInput::fetch(void *picture, size_t size, void *sound, size_t sound_size,
                     Transferred *done) {
  transfer_.SetVideoBuffer(static_cast<ULWord *>(picture), static_cast<ULWord>(size));
  transfer_.SetAudioBuffer(static_cast<ULWord *>(sound), static_cast<ULWord>(sound_size));
  if (!(*card_)->AutoCirculateTransfer(channel_, transfer_)) return false;
  const auto &status = transfer_.GetTransferStatus();
  done->stamp = status.GetFrameStamp().acFrameTime * 100;
  done->now = status.GetFrameStamp().acCurrentTime * 100;
  done->slot = static_cast<uint32_t>(status.GetTransferFrame());
  done->sound_bytes = sound ? transfer_.GetCapturedAudioByteCount() : 0;
  return true;
}

}  // namespace

std::unique_ptr<InputPort> aja_input(std::unique_ptr<AjaCard> card) {
  return std::make_unique<AjaInput>(std::move(card));
}

}  // namespace rtv::ntv2
