// SPDX-License-Identifier: Apache-2.0
// One sub-device of a pretend card: its faces, what it says about itself, what it can be told.
#pragma once
#include "capture.hpp"
#include "newer_input.hpp"
#include "playout.hpp"

namespace standin {

struct Traits {  // what a device is
  const char* model;
  const char* name;
  int64_t persistent_id;
  int64_t sub_device, sub_devices;
  bool capture, playback, active, detects, trims, has_reference;
};

class Device;

class Attributes final : public Face<abi::ProfileAttributes> {
  Device& device_;

 public:
  explicit Attributes(Device& device);
  Result GetFlag(Code, bool*) override;
  Result GetInt(Code, int64_t*) override;
  Result GetFloat(Code, double*) override { return abi::kInvalidArgument; }
  Result GetString(Code, char**) override;
};

class Settings final : public Face<abi::Configuration> {
  Device& device_;
  std::mutex mutex_;
  std::map<Code, int64_t> numbers_;
  std::map<Code, bool> flags_;

 public:
  explicit Settings(Device& device);
  void forget();
  Result SetFlag(Code, bool) override;
  Result GetFlag(Code, bool*) override;
  Result SetInt(Code, int64_t) override;
  Result GetInt(Code, int64_t*) override;
  Result SetFloat(Code, double) override { return abi::kInvalidArgument; }
  Result GetFloat(Code, double*) override { return abi::kInvalidArgument; }
  Result SetString(Code, const char*) override { return abi::kInvalidArgument; }
  Result GetString(Code, char**) override;
  Result WriteConfigurationToPreferences() override { return abi::kOk; }
};

class State final : public Face<abi::Status> {
  Device& device_;

 public:
  explicit State(Device& device);
  Result GetFlag(Code, bool*) override;
  Result GetInt(Code, int64_t*) override;
  Result GetFloat(Code, double*) override { return abi::kInvalidArgument; }
  Result GetString(Code, char**) override { return abi::kInvalidArgument; }
  Result GetBytes(Code, void*, uint32_t*) override { return abi::kInvalidArgument; }
};

class News final : public Face<abi::Notification> {
  std::mutex mutex_;
  std::vector<std::pair<Code, Held<abi::NotificationCallback>>> readers_;

 public:
  explicit News(Device& device);
  void tell(Code topic, uint64_t first, uint64_t second = 0);
  Result Subscribe(Code topic, abi::NotificationCallback*) override;
  Result Unsubscribe(Code topic, abi::NotificationCallback*) override;
};

class Device final : public abi::DeckLink {
  std::atomic<long> count_{0};

 public:
  const Traits traits;
  const std::string label;  // "0", "1", ...: how commands name it
  std::atomic<bool> present{true};
  std::atomic<int64_t> card_ppb{0};  // the card's oscillator, against true time
  Oscillator input_clock, output_clock;
  Capture capture;
  Playout playout;
  Attributes attributes;
  Settings settings;
  State state;
  News news;
  InputB input_b;
  Statistics statistics;

  Device(const Traits& what, int number);
  // The output's oscillator: the card's own, trimmed; a reference that is locked overrules both.
  void retune();
  void set_present(bool now);

  Result QueryInterface(Iid id, void** out) override;
  Count AddRef() override;
  Count Release() override;
  Result GetModelName(char** out) override { return text_out(traits.model, out); }
  Result GetDisplayName(char** out) override { return text_out(traits.name, out); }
};

// All devices, in the order of enumeration; they are never destroyed.
std::span<Device* const> devices();
// Tells every installed discovery; on a thread of each discovery's own.
void announce(Device* device, bool arrived);
// What a command of control.cpp answers: JSON, or "error: ..." with the reason.
std::string obey(const std::string& command);

}  // namespace standin
