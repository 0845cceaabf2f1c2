// SPDX-License-Identifier: Apache-2.0
#include "device.hpp"

namespace standin {

namespace attribute = abi::attribute;
namespace status = abi::status;
namespace setting = abi::configuration;

Attributes::Attributes(Device& device)
    : Face(&device, "ProfileAttributes " + device.label), device_(device) {}

Result Attributes::GetFlag(Code what, bool* out) {
  const Traits& t = device_.traits;
  switch (what) {
    case attribute::kInputFormatDetection: *out = t.detects; return abi::kOk;
    case attribute::kClockTimingAdjustment: *out = t.trims; return abi::kOk;
    case attribute::kReferenceInput: *out = t.has_reference; return abi::kOk;
    case attribute::kInternalKeying:
    case attribute::kExternalKeying: *out = false; return abi::kOk;
    default: return abi::kInvalidArgument;
  }
}

Result Attributes::GetInt(Code what, int64_t* out) {
  const Traits& t = device_.traits;
  switch (what) {
    case attribute::kPersistentId: *out = t.persistent_id; return abi::kOk;
    case attribute::kTopologicalId: *out = 0x100 + t.persistent_id % 256; return abi::kOk;
    case attribute::kDeviceGroup: *out = t.persistent_id / 16 * 16; return abi::kOk;
    case attribute::kSubDeviceIndex: *out = t.sub_device; return abi::kOk;
    case attribute::kSubDeviceCount: *out = t.sub_devices; return abi::kOk;
    case attribute::kVideoIo:
      *out = (t.active && t.capture ? abi::video_io::kCapture : 0) |
             (t.active && t.playback ? abi::video_io::kPlayback : 0);
      return abi::kOk;
    case attribute::kDuplex:
      *out = !t.active                  ? abi::duplex::kInactive
             : t.capture && t.playback ? abi::duplex::kFull
                                        : abi::duplex::kSimplex;
      return abi::kOk;
    case attribute::kMinimumPreroll: *out = 2; return abi::kOk;
    case attribute::kMaximumAudioChannels: *out = 16; return abi::kOk;
    case attribute::kInputConnections:
      *out = t.capture ? abi::connection::kSdi | abi::connection::kHdmi : 0;
      return abi::kOk;
    case attribute::kOutputConnections:
      *out = t.playback ? abi::connection::kSdi : 0;
      return abi::kOk;
    default: return abi::kInvalidArgument;
  }
}

Result Attributes::GetString(Code what, char** out) {
  if (what == attribute::kDeviceHandle) {
    char text[32];
    std::snprintf(text, sizeof(text), "stand-in:%lx", device_.traits.persistent_id);
    return text_out(text, out);
  }
  return abi::kInvalidArgument;
}

Settings::Settings(Device& device)
    : Face(&device, "Configuration " + device.label), device_(device) {}

void Settings::forget() {
  {
    const std::lock_guard lock(mutex_);
    numbers_.clear();
    flags_.clear();
  }
  device_.playout.set_low_latency(false);
  device_.retune();
}

Result Settings::SetFlag(Code what, bool on) {
  if (!device_.present) return abi::kFail;
  if (what != setting::kLowLatencyOutput && what != setting::kOutputSegmented &&
      what != setting::kCaptureSegmented && what != setting::kLevelA)
    return abi::kInvalidArgument;
  {
    const std::lock_guard lock(mutex_);
    flags_[what] = on;
  }
  if (what == setting::kLowLatencyOutput) device_.playout.set_low_latency(on);
  return abi::kOk;
}
Result Settings::GetFlag(Code what, bool* out) {
  const std::lock_guard lock(mutex_);
  *out = flags_[what];
  return abi::kOk;
}
Result Settings::SetInt(Code what, int64_t value) {
  if (!device_.present) return abi::kFail;
  if (what == setting::kClockTimingAdjustment) {
    if (!device_.traits.trims) return abi::kNotImplemented;
    if (value < -setting::kClockTimingLimit || value > setting::kClockTimingLimit)
      return abi::kInvalidArgument;
  }
  {
    const std::lock_guard lock(mutex_);
    numbers_[what] = value;
  }
  if (what == setting::kClockTimingAdjustment) device_.retune();
  return abi::kOk;
}
Result Settings::GetInt(Code what, int64_t* out) {
  const std::lock_guard lock(mutex_);
  *out = numbers_[what];
  return abi::kOk;
}
Result Settings::GetString(Code what, char** out) {
  if (what != setting::kSerialNumber) return abi::kInvalidArgument;
  char text[32];
  std::snprintf(text, sizeof(text), "%08lx", device_.traits.persistent_id);
  return text_out(text, out);
}

State::State(Device& device) : Face(&device, "Status " + device.label), device_(device) {}

Result State::GetFlag(Code what, bool* out) {
  switch (what) {
    case status::kInputSignalLocked: *out = device_.capture.source().signal; return abi::kOk;
    case status::kReferenceLocked:
      *out = device_.playout.reference() == abi::reference::kLocked;
      return abi::kOk;
    default: return abi::kInvalidArgument;
  }
}
Result State::GetInt(Code what, int64_t* out) {
  const Source source = device_.capture.source();
  auto maybe = [&](std::optional<Code> mode) {
    *out = mode.value_or(0);
    return mode ? abi::kOk : abi::kFalse;
  };
  switch (what) {
    case status::kDetectedInputMode:
      return maybe(source.signal ? std::optional(source.mode) : std::nullopt);
    case status::kDetectedFormatFlags: *out = source.kind; return abi::kOk;
    case status::kCurrentInputMode: return maybe(device_.capture.current_mode());
    case status::kCurrentOutputMode: return maybe(device_.playout.current_mode());
    case status::kBusy:
      *out = (device_.capture.current_mode() ? 1 : 0) | (device_.playout.current_mode() ? 2 : 0);
      return abi::kOk;
    case status::kPcieWidth: *out = 4; return abi::kOk;
    case status::kPcieSpeed: *out = 2; return abi::kOk;
    default: return abi::kInvalidArgument;
  }
}

News::News(Device& device) : Face(&device, "Notification " + device.label) {}

void News::tell(Code topic, uint64_t first, uint64_t second) {
  std::unique_lock lock(mutex_);
  const auto readers = readers_;
  lock.unlock();
  for (const auto& [wanted, reader] : readers)
    if (wanted == topic) reader->Notify(topic, first, second);
}
Result News::Subscribe(Code topic, abi::NotificationCallback* reader) {
  const std::lock_guard lock(mutex_);
  readers_.emplace_back(topic, Held(reader));
  return abi::kOk;
}
Result News::Unsubscribe(Code topic, abi::NotificationCallback* reader) {
  const std::lock_guard lock(mutex_);
  const auto n = std::erase_if(readers_, [&](const auto& entry) {
    return entry.first == topic && entry.second.get() == reader;
  });
  return n ? abi::kOk : abi::kInvalidArgument;
}

Device::Device(const Traits& what, int number)
    : traits(what), label(std::to_string(number)),
      capture(this, "Input " + label, what.capture && what.active, what.detects, input_clock),
      playout(this, "Output " + label, what.playback && what.active, what.has_reference,
              output_clock),
      attributes(*this), settings(*this), state(*this), news(*this),
      input_b(this, "Input B " + label, capture), statistics(this, "Statistics " + label) {}

void Device::retune() {
  int64_t trim = 0;
  settings.GetInt(setting::kClockTimingAdjustment, &trim);
  const bool locked = playout.reference() == abi::reference::kLocked;
  output_clock.run_at(locked ? 0 : card_ppb + trim * 1000);
  input_clock.run_at(card_ppb);
}

void Device::set_present(bool now) {
  if (present.exchange(now) == now) return;
  capture.set_gone(!now);
  playout.set_gone(!now);
  announce(this, now);
}

Result Device::QueryInterface(Iid id, void** out) {
  if (!out) return abi::kPointer;
  abi::Unknown* found = nullptr;
  if (id == abi::Unknown::kIid || id == abi::DeckLink::kIid) found = this;
  if (id == abi::Input::kIid && traits.capture && answers_a()) found = &capture;
  if (id == abi::b::Input::kIid && traits.capture && answers_b()) found = &input_b;
  if (id == abi::c::kInput && traits.capture && answers_c()) found = &input_b;
  if (id == abi::c::Statistics::kIid && answers_c()) found = &statistics;
  if (id == abi::Output::kIid && traits.playback) found = &playout;
  if (id == abi::ProfileAttributes::kIid) found = &attributes;
  if (id == abi::Configuration::kIid) found = &settings;
  if (id == abi::Status::kIid) found = &state;
  if (id == abi::Notification::kIid) found = &news;
  *out = found;
  if (!found) return abi::kNoInterface;
  found->AddRef();
  return abi::kOk;
}
Count Device::AddRef() {
  Census::get().count(("DeckLink " + label).c_str(), 1);
  return static_cast<Count>(++count_);
}
Count Device::Release() {
  const long left = --count_;
  if (left < 0) broken("given back more often than taken", ("DeckLink " + label).c_str());
  Census::get().count(("DeckLink " + label).c_str(), -1);
  return static_cast<Count>(left);
}

}  // namespace standin
