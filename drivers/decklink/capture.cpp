// SPDX-License-Identifier: Apache-2.0
// Opening, closing, and the consumer's side.
#include "capture.hpp"

#include "arrivals.hpp"
#include "newer.hpp"
#include "raster.hpp"

namespace rtv::decklink {

Capture::Capture(std::shared_ptr<Driver> driver, const CaptureOptions &options)
    : LiveSource(options.queue),
      driver_(std::move(driver)),
      options_(options),
      memory_(Ref<CardMemory>::adopt(new CardMemory(options.buffers))),
      views_(std::make_unique<InputFrames>(options.buffers, memory_)) {
  driver_->watch(options_.key, this);
}

Capture::~Capture() {
  driver_->unwatch(this);
  stop();
}

void Capture::removed() {
  counts.removals.fetch_add(1, std::memory_order_relaxed);
  say_gone(tai_now(), "card " + options_.key + " is unplugged");
}

int Capture::refuse(int result, const std::string &why) {
  fail(why);
  return result;
}

int Capture::open(bool slices) {
  if (slices)
    return refuse(RTV_REFUSED,
                  "slices: this card hands frames on whole only; start it without slices");
  const auto card = driver_->find(options_.key);
  if (!card)
    return refuse(RTV_GONE, "card " + options_.key + " is not there; see: rtvbox devices");
  const CardFacts facts = facts_of(card.get());
  const rtv_format &f = options_.format;
  if (!facts.why_no_capture.empty())
    return refuse(RTV_REFUSED, "card " + options_.key + ": " + facts.why_no_capture);
  const uint32_t pixels = pixel_format_of(f);
  if (pixels == 0)
    return refuse(RTV_REFUSED, "format: this card captures 4:2:2 of 8 or 10 bit; " + words(f) +
                                   " it does not");
  if (options_.channels > facts.channels)
    return refuse(RTV_REFUSED, "audio: " + facts.name + " has " + std::to_string(facts.channels) +
                                   " channels at most");
  std::lock_guard hold(control_);
  input_ = input_of(card.get());
  Ref<abi::DisplayModeIterator> modes;
  if (input_->GetDisplayModeIterator(modes.out()) != abi::kOk) modes = {};
  const ModeFacts mode = find_mode(modes.get(), f);
  uint32_t actual = 0;
  bool supported = false;
  if (mode.mode == 0 ||
      input_->DoesSupportVideoMode(options_.connector, mode.mode, pixels, 0, 0, &actual,
                                   &supported) != abi::kOk ||
      !supported)
    return refuse(RTV_REFUSED, "format: " + facts.name + " does not capture " + words(f));
  if (options_.connector) {
    const auto configuration = query<abi::Configuration>(card.get());
    if (!configuration ||
        configuration->SetInt(abi::configuration::kInputConnection, options_.connector) != abi::kOk)
      return refuse(RTV_REFUSED, "connector: " + facts.name + " has no such input");
  }
  detects_ = facts.detects_format;
  if (!memory_->fit(static_cast<size_t>(row_bytes_of(pixels, f.width)) * f.height))
    return refuse(RTV_BROKEN, "no memory for " + std::to_string(options_.buffers) +
                                  " pictures; ask for fewer buffers");
  // Old or odd drivers keep to memory of their own; the pictures are then used where they are.
  input_->SetVideoInputFrameMemoryAllocator(memory_.get());
  format_state_ = RTV_SIGNAL_LOCKED;
  stats.signal = RTV_SIGNAL_UNLOCKED;
  last_index_ = -1;
  map_ = ClockMap();
  enabled_ = mode;
  mode_ = mode.mode;
  pixels_ = pixels;
  arrivals_ = new Arrivals(this);
  input_->SetCallback(arrivals_);
  const abi::Result enabled =
      input_->EnableVideoInput(mode_, pixels_, detects_ ? abi::input_flag::kFormatDetection : 0);
  if (enabled == abi::kAccessDenied)
    return refuse(RTV_REFUSED,
                  "card " + options_.key + " is in use by another program; stop that");
  if (enabled == abi::kOk && options_.channels &&
      input_->EnableAudioInput(abi::audio::kRate48k, abi::audio::k32Bit, options_.channels) !=
          abi::kOk)
    return refuse(RTV_REFUSED, "audio: " + facts.name + " does not capture " +
                                   std::to_string(options_.channels) +
                                   " channels; choose 2, 8 or 16");
  if (enabled != abi::kOk || input_->StartStreams() != abi::kOk)
    return refuse(RTV_BROKEN, "card " + options_.key + " does not start its input in " + words(f));
  return RTV_OK;
}

void Capture::shut() {
  stopping_ = true;
  std::lock_guard hold(control_);
  stopping_ = false;
  if (!input_) return;
  input_->StopStreams();
  input_->SetCallback(nullptr);
  if (arrivals_) {
    arrivals_->go_deaf();
    arrivals_->Release();
    arrivals_ = nullptr;
  }
  if (options_.channels) input_->DisableAudioInput();
  input_->DisableVideoInput();
  input_->SetVideoInputFrameMemoryAllocator(nullptr);
  input_ = {};
}

rtv_format Capture::detected() const {
  std::lock_guard hold(found_mutex_);
  return found_;
}

}  // namespace rtv::decklink
