// SPDX-License-Identifier: Apache-2.0
#include "aja_card.hpp"

#include <ntv2formatdescriptor.h>
#include <ntv2utils.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <numeric>

#include "judge.hpp"
#include "rtvbox/pool.hpp"

namespace rtv::ntv2 {

namespace {

constexpr ULWord kApplication = 'r' << 24 | 't' << 16 | 'v' << 8 | 'b';

// The library's counted pair (AcquireStreamForApplicationWithReference) never looks at the owner's
// process in 18.1: it takes cards from others and never lets go. So the registers are used here
// as the driver means them, one port of this process at a time.
std::mutex &taking() {
  static std::mutex mutex;
  return mutex;
}

bool alive(ULWord process) {
  return kill(static_cast<pid_t>(process), 0) == 0 || errno == EPERM;
}

}  // namespace

rtv_format raster_of_format(NTV2VideoFormat format) {
  rtv_format f{};
  ULWord num = 0, den = 0;
  if (!NTV2_IS_HD_VIDEO_FORMAT(format) ||
      !GetFramesPerSecond(GetNTV2FrameRateFromVideoFormat(format), num, den) || !num || !den)
    return f;
  const ULWord common = std::gcd(num, den);
  f.width = GetDisplayWidth(format);
  f.height = GetDisplayHeight(format);
  f.rate_num = num / common;
  f.rate_den = den / common;
  f.scan = IsPSF(format)                                             ? RTV_PSF
           : NTV2_VIDEO_FORMAT_HAS_PROGRESSIVE_PICTURE(format) ? RTV_PROGRESSIVE
                                                                     : RTV_INTERLACED;
  return f;
}

NTV2VideoFormat format_on(CNTV2Card &card, const rtv_format &wanted) {
  for (int i = NTV2_FORMAT_UNKNOWN + 1; i < NTV2_MAX_NUM_VIDEO_FORMATS; ++i) {
    const auto format = static_cast<NTV2VideoFormat>(i);
    if (NTV2_VIDEO_FORMAT_IS_B(format)) continue;
    const rtv_format f = raster_of_format(format);
    if (f.width == wanted.width && f.height == wanted.height && f.rate_num == wanted.rate_num &&
        f.rate_den == wanted.rate_den && f.scan == wanted.scan &&
        card.features().CanDoVideoFormat(format))
      return format;
  }
  return NTV2_FORMAT_UNKNOWN;
}

std::string why_not_laid_out(NTV2VideoFormat format, const rtv_format &wanted) {
  const NTV2FormatDescriptor card(format, pixels_of(wanted));
  if (card.GetBytesPerRow() == row_bytes(wanted, 0) &&
      card.GetVisibleRasterHeight() == wanted.height)
    return "";
  return "rows of " + words(wanted) + " lie otherwise in this card's memory";
}

AjaCard::AjaCard(std::unique_ptr<CNTV2Card> card, uint32_t connector)
    : card_(std::move(card)),
      channel_(static_cast<NTV2Channel>(connector - 1)),
      id_(card_->GetDeviceID()) {}

int AjaCard::take(bool output, std::string *why) {
  auto features = card_->features();
  const uint32_t has = std::min<uint32_t>(
      output ? features.GetNumVideoOutputs() : features.GetNumVideoInputs(),
      features.GetNumFrameStores());
  if (static_cast<uint32_t>(channel_) >= has) {
    *why = std::string("connector: ") + (has ? "choose 1 to " + std::to_string(has) : "it has none") +
           " of SDI " + (output ? "out" : "in");
    return RTV_REFUSED;
  }
  if (!card_->IsDeviceReady(false)) {
    *why = "its firmware is not ready; wait, or load it with the vendor's tools";
    return RTV_BROKEN;
  }
  std::lock_guard hold(taking());
  const auto self = static_cast<ULWord>(getpid());
  ULWord code = 0;
  int32_t owner = 0;
  card_->CNTV2DriverInterface::GetStreamingApplication(code, owner);
  if (owner && static_cast<ULWord>(owner) != self && !alive(static_cast<ULWord>(owner))) {
    card_->ReleaseStreamForApplication(code, owner);
    owner = 0;
  }
  const bool first = static_cast<ULWord>(owner) != self;
  if (first && !owner) {
    card_->AcquireStreamForApplication(kApplication, getpid());
    card_->CNTV2DriverInterface::GetStreamingApplication(code, owner);
  }
  if (static_cast<ULWord>(owner) != self) {
    *why = "it is in use by process " + std::to_string(owner) + "; stop that";
    return RTV_REFUSED;
  }
  if (first) card_->WriteRegister(kVRegAcquireLinuxReferenceCount, 0);
  card_->WriteRegister(kVRegAcquireLinuxReferenceCount, 1);
  acquired_ = true;
  // Nobody but the owner's ports can have left something running.
  AUTOCIRCULATE_STATUS status;
  if (card_->AutoCirculateGetStatus(channel_, status) && !status.IsStopped()) {
    if (!first) {
      acquired_ = false;
      card_->WriteRegister(kVRegReleaseLinuxReferenceCount, 1);
      *why = "connector " + std::to_string(channel_ + 1) + " is in use by this program already";
      return RTV_REFUSED;
    }
    card_->AutoCirculateStop(channel_);
  }
  card_->SetTaskMode(NTV2_OEM_TASKS);
  if (features.CanDoMultiFormat()) card_->SetMultiFormatMode(true);
  if (features.HasBiDirectionalSDI()) card_->SetSDITransmitEnable(channel_, output);
  card_->EnableChannel(channel_);
  card_->SetMode(channel_, output ? NTV2_MODE_DISPLAY : NTV2_MODE_CAPTURE);
  return RTV_OK;
}

AjaCard::~AjaCard() {
  if (!acquired_) return;
  end();
  std::lock_guard hold(taking());
  ULWord count = 0;
  card_->ReadRegister(kVRegAcquireLinuxReferenceCount, count);
  if (count > 1) {
    card_->WriteRegister(kVRegReleaseLinuxReferenceCount, 1);
  } else {
    card_->WriteRegister(kVRegAcquireLinuxReferenceCount, 0);
    card_->ReleaseStreamForApplication(kApplication, getpid());
  }
}

bool AjaCard::there() const {
  ULWord id = 0;
  return card_->ReadRegister(kRegBoardID, id) && id == static_cast<ULWord>(id_);
}

bool AjaCard::ring(RingState *state) const {
  AUTOCIRCULATE_STATUS status;
  if (!card_->AutoCirculateGetStatus(channel_, status)) return false;
  state->running = status.IsRunning();
  state->level = status.GetBufferLevel();
  state->dropped = status.GetDroppedFrameCount();
  state->now = static_cast<int64_t>(status.acRDTSCCurrentTime) * 100;
  return true;
}

void AjaCard::end() const {
  card_->AutoCirculateStop(channel_);
  card_->DMABufferUnlockAll();
}

void AjaCard::pin(const void *memory, size_t size) const {
  card_->DMABufferLock(NTV2Buffer(memory, size), true);
}

}  // namespace rtv::ntv2
