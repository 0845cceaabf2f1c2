// SPDX-License-Identifier: Apache-2.0
// Opening, closing, and the consumer's side.
#include "capture.hpp"

#include "arrivals.hpp"
#include "newer.hpp"
#include "raster.hpp"

namespace rtv::decklink {

namespace {
Capture *self_of(void *self) { return static_cast<Capture *>(self); }
}  // namespace

Capture::Capture(std::shared_ptr<Driver> driver, const CaptureOptions &options)
    : driver_(std::move(driver)),
      options_(options),
      handover_(options.queue),
      memory_(Ref<CardMemory>::adopt(new CardMemory(options.buffers))),
      views_(std::make_unique<InputFrames>(options.buffers, memory_)) {
  table_ = rtv_source{
      RTV_ABI,
      sizeof(rtv_source),
      this,
      [](void *s) { self_of(s)->retain(); },
      [](void *s) { self_of(s)->release(); },
      [](void *s, int slices) { return self_of(s)->start(slices != 0); },
      [](void *s, int64_t t, rtv_event *e) { return self_of(s)->next(t, e); },
      [](void *s, rtv_frame *f, uint32_t n, int64_t) { return self_of(s)->wait_lines(f, n); },
      [](void *s) { self_of(s)->stop(); },
      [](void *s) { return self_of(s)->error_.c_str(); },
  };
  driver_->watch(options_.key, this);
}

Capture::~Capture() {
  driver_->unwatch(this);
  stop();
}

void Capture::removed() {
  unplugged_ = true;
  stats.removals.fetch_add(1, std::memory_order_relaxed);
  stats.signal = RTV_SIGNAL_GONE;
  if (!running_) return;
  rtv_event e{};
  e.signal = RTV_SIGNAL_GONE;
  e.tai = tai_now();
  stats.dropped += handover_.push(RTV_GONE, e);
}

int Capture::start(bool slices) {
  if (slices) {
    error_ = "slices: this card hands frames on whole only; start it without slices";
    return RTV_REFUSED;
  }
  stop();
  handover_.wake(false);
  std::string why;
  const int opened = open(&why);
  if (opened != RTV_OK) {
    close();
    error_ = why;
    return opened;
  }
  return RTV_OK;
}

int Capture::open(std::string *why) {
  const auto card = driver_->find(options_.key);
  if (!card) {
    unplugged_ = true;
    *why = "card " + options_.key + " is not there; see: rtvbox devices";
    return RTV_GONE;
  }
  const CardFacts facts = facts_of(card.get());
  const rtv_format &f = options_.format;
  if (!facts.why_no_capture.empty()) {
    *why = "card " + options_.key + ": " + facts.why_no_capture;
    return RTV_REFUSED;
  }
  const uint32_t pixels = pixel_format_of(f);
  if (pixels == 0) {
    *why = "format: this card captures 4:2:2 of 8 or 10 bit; " + words(f) + " it does not";
    return RTV_REFUSED;
  }
  if (options_.channels > facts.channels) {
    *why = "audio: " + facts.name + " has " + std::to_string(facts.channels) + " channels at most";
    return RTV_REFUSED;
  }
  std::lock_guard hold(control_);
  unplugged_ = false;
  input_ = input_of(card.get());
  Ref<abi::DisplayModeIterator> modes;
  if (input_->GetDisplayModeIterator(modes.out()) != abi::kOk) modes = {};
  const ModeFacts mode = find_mode(modes.get(), f);
  uint32_t actual = 0;
  bool supported = false;
  if (mode.mode == 0 ||
      input_->DoesSupportVideoMode(options_.connector, mode.mode, pixels, 0, 0, &actual,
                                   &supported) != abi::kOk ||
      !supported) {
    *why = "format: " + facts.name + " does not capture " + words(f);
    return RTV_REFUSED;
  }
  if (options_.connector) {
    const auto configuration = query<abi::Configuration>(card.get());
    if (!configuration ||
        configuration->SetInt(abi::configuration::kInputConnection, options_.connector) != abi::kOk) {
      *why = "connector: " + facts.name + " has no such input";
      return RTV_REFUSED;
    }
  }
  detects_ = facts.detects_format;
  if (!memory_->fit(static_cast<size_t>(row_bytes_of(pixels, f.width)) * f.height)) {
    *why = "no memory for " + std::to_string(options_.buffers) + " pictures; ask for fewer buffers";
    return RTV_BROKEN;
  }
  // Old or odd drivers keep to memory of their own; the pictures are then used where they are.
  input_->SetVideoInputFrameMemoryAllocator(memory_.get());
  format_state_ = RTV_SIGNAL_LOCKED;
  signal_ = RTV_SIGNAL_UNLOCKED;
  stats.signal = signal_;
  last_index_ = -1;
  map_ = ClockMap();
  enabled_ = mode;
  mode_ = mode.mode;
  pixels_ = pixels;
  arrivals_ = new Arrivals(this);
  input_->SetCallback(arrivals_);
  const abi::Result enabled =
      input_->EnableVideoInput(mode_, pixels_, detects_ ? abi::input_flag::kFormatDetection : 0);
  if (enabled == abi::kAccessDenied) {
    *why = "card " + options_.key + " is in use by another program; stop that";
    return RTV_REFUSED;
  }
  if (enabled == abi::kOk && options_.channels &&
      input_->EnableAudioInput(abi::audio::kRate48k, abi::audio::k32Bit, options_.channels) != abi::kOk) {
    *why = "audio: " + facts.name + " does not capture " + std::to_string(options_.channels) +
           " channels; choose 2, 8 or 16";
    return RTV_REFUSED;
  }
  running_ = true;
  if (enabled != abi::kOk || input_->StartStreams() != abi::kOk) {
    *why = "card " + options_.key + " does not start its input in " + words(f);
    return RTV_BROKEN;
  }
  stats.starts.fetch_add(1, std::memory_order_relaxed);
  return RTV_OK;
}

void Capture::close() {
  stopping_ = true;
  std::lock_guard hold(control_);
  stopping_ = false;
  running_ = false;
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

void Capture::stop() {
  handover_.wake(true);
  close();
  handover_.clear();
}

int Capture::next(int64_t timeout_ns, rtv_event *event) {
  Handover::Item item;
  *event = rtv_event{};
  if (!handover_.pop(timeout_ns, &item)) {
    if (!unplugged_) return RTV_TIMEOUT;
    event->signal = RTV_SIGNAL_GONE;
    event->tai = tai_now();
    error_ = "card " + options_.key + " is unplugged";
    return RTV_GONE;
  }
  *event = item.event;
  if (event->frame) stats.taken.fetch_add(1, std::memory_order_relaxed);
  if (event->signal == RTV_SIGNAL_MISMATCH || event->signal == RTV_SIGNAL_UNSUPPORTED)
    error_ = "the input is " + words(event->format) + "; configured is " + words(options_.format);
  if (item.result == RTV_GONE) error_ = "card " + options_.key + " is unplugged";
  return item.result;
}

int Capture::wait_lines(rtv_frame *frame, uint32_t lines) const {
  if (rtv_lines_ready(frame) >= lines) return RTV_OK;
  return unplugged_ ? RTV_GONE : RTV_TIMEOUT;
}

rtv_format Capture::detected() const {
  std::lock_guard hold(found_mutex_);
  return found_;
}

}  // namespace rtv::decklink
