// SPDX-License-Identifier: Apache-2.0
// The cards of this machine, known by their serial numbers.
#include "aja_card.hpp"

#include <ntv2utils.h>

#include <algorithm>
#include <filesystem>

namespace rtv::ntv2 {

namespace {

// The driver's nodes. The library numbers those that it can open, and tries them all each time.
uint32_t nodes() {
  uint32_t n = 0;
  std::error_code unreadable;
  for (uint32_t i = 0; i < kMostCards; ++i)
    n += std::filesystem::exists("/dev/ajantv2" + std::to_string(i), unreadable);
  return n;
}

std::string serial_of(CNTV2Card &card) {
  std::string serial;
  card.GetSerialNumberString(serial);
  return serial;
}

class AjaBoards final : public Boards {
 public:
  explicit AjaBoards(OpenCard open) : open_(std::move(open)) {}

  std::vector<BoardFacts> list() override {
    std::vector<BoardFacts> found;
    for (uint32_t i = 0; i < kMostCards; ++i) {
      const auto card = open_(i);
      if (!card) continue;
      auto features = card->features();
      BoardFacts f;
      f.key = serial_of(*card);
      f.model = NTV2DeviceIDToString(card->GetDeviceID());
      f.inputs = std::min(features.GetNumVideoInputs(), features.GetNumFrameStores());
      f.outputs = std::min(features.GetNumVideoOutputs(), features.GetNumFrameStores());
      f.either_way = features.HasBiDirectionalSDI();
      f.channels = features.GetMaxAudioChannels();
      if (!card->IsDeviceReady(false)) f.why_not = "its firmware is not ready";
      if (f.key.empty()) f.why_not = "it does not tell its serial number";
      found.push_back(std::move(f));
    }
    return found;
  }
  std::unique_ptr<InputPort> input(const std::string &key, uint32_t connector, int *result,
                                   std::string *why) override {
    auto card = take(key, connector, false, result, why);
    return card ? aja_input(std::move(card)) : nullptr;
  }
  std::unique_ptr<OutputPort> output(const std::string &key, uint32_t connector, int *result,
                                     std::string *why) override {
    auto card = take(key, connector, true, result, why);
    return card ? aja_output(std::move(card)) : nullptr;
  }

 private:
  std::unique_ptr<AjaCard> take(const std::string &key, uint32_t connector, bool output,
                                int *result, std::string *why) {
    for (uint32_t i = 0; i < kMostCards; ++i) {
      auto card = open_(i);
      if (!card || serial_of(*card) != key) continue;
      auto taken = std::make_unique<AjaCard>(std::move(card), connector);
      *result = taken->take(output, why);
      if (*result == RTV_OK) return taken;
      *why = "card " + key + ": " + *why;
      return nullptr;
    }
    *result = RTV_GONE;
    *why = "card " + key + " is not there; see: rtvbox devices";
    return nullptr;
  }

  const OpenCard open_;
};

}  // namespace

std::shared_ptr<Boards> boards_through(OpenCard open) {
  return std::make_shared<AjaBoards>(std::move(open));
}

std::shared_ptr<Boards> boards() {
  return boards_through([](uint32_t index) -> std::unique_ptr<CNTV2Card> {
    if (index >= nodes()) return nullptr;
    auto card = std::make_unique<CNTV2Card>();
    if (!card->Open(static_cast<UWord>(index))) return nullptr;
    return card;
  });
}

std::string why_none() { return ""; }

}  // namespace rtv::ntv2
