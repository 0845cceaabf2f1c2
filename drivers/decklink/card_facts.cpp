// SPDX-License-Identifier: Apache-2.0
#include "card_facts.hpp"

#include "newer.hpp"

namespace rtv::decklink {

namespace {

class Attributes {
  Ref<abi::ProfileAttributes> a_;

 public:
  explicit Attributes(abi::DeckLink *card) : a_(query<abi::ProfileAttributes>(card)) {}
  explicit operator bool() const { return static_cast<bool>(a_); }
  int64_t number(uint32_t id, int64_t otherwise) const {
    int64_t v = 0;
    return a_ && a_->GetInt(id, &v) == abi::kOk ? v : otherwise;
  }
  bool flag(uint32_t id) const {
    bool v = false;
    return a_ && a_->GetFlag(id, &v) == abi::kOk && v;
  }
  std::string text(uint32_t id) const {
    if (!a_) return "";
    return text_from([&](char **out) { return a_->GetString(id, out); });
  }
};

std::string key_from(const Attributes &a) {
  if (const int64_t id = a.number(abi::attribute::kPersistentId, 0)) return std::to_string(id);
  return a.text(abi::attribute::kDeviceHandle);
}

std::string duplex_word(int64_t v) {
  switch (static_cast<uint32_t>(v)) {
    case abi::duplex::kFull:
      return "full";
    case abi::duplex::kHalf:
      return "half";
    case abi::duplex::kSimplex:
      return "simplex";
    case abi::duplex::kInactive:
      return "inactive";
    default:
      return "";
  }
}

}  // namespace

std::string key_of(abi::DeckLink *card) { return key_from(Attributes(card)); }

CardFacts facts_of(abi::DeckLink *card) {
  CardFacts f;
  const Attributes a(card);
  f.key = key_from(a);
  f.model = text_from([&](char **out) { return card->GetModelName(out); });
  f.name = text_from([&](char **out) { return card->GetDisplayName(out); });
  f.handle = a.text(abi::attribute::kDeviceHandle);
  f.persistent_id = a.number(abi::attribute::kPersistentId, 0);
  f.sub_device = a.number(abi::attribute::kSubDeviceIndex, 0);
  f.sub_devices = a.number(abi::attribute::kSubDeviceCount, 1);
  f.duplex = duplex_word(a.number(abi::attribute::kDuplex, 0));
  const int64_t io = a.number(abi::attribute::kVideoIo, 0);
  const bool inactive = f.duplex == "inactive";
  f.capture = (io & 1) != 0 && !inactive;
  f.playout = (io & 2) != 0 && !inactive;
  f.inputs = static_cast<uint32_t>(a.number(abi::attribute::kInputConnections, 0));
  f.outputs = static_cast<uint32_t>(a.number(abi::attribute::kOutputConnections, 0));
  f.detects_format = a.flag(abi::attribute::kInputFormatDetection);
  f.trims_clock = a.flag(abi::attribute::kClockTimingAdjustment);
  f.has_reference = a.flag(abi::attribute::kReferenceInput);
  f.preroll = a.number(abi::attribute::kMinimumPreroll, 0);
  if (const char newest = generation_of(card)) f.generation = newest;
  f.statistics = has_statistics(card);
  f.channels = a.number(abi::attribute::kMaximumAudioChannels, 2);
  if (const auto status = query<abi::Status>(card)) {
    int64_t busy = 0;
    if (status->GetInt(abi::status::kBusy, &busy) == abi::kOk) f.busy = static_cast<uint32_t>(busy);
  }
  std::string why;
  if (!a) {
    why = "its driver is older than 12.2; install a newer Desktop Video";
  } else if (inactive) {
    why = "sub-device is inactive in the card's profile; choose another profile in Desktop Video";
  } else if (f.key.empty()) {
    why = "it has neither persistent id nor device handle; install a newer Desktop Video";
  }
  f.why_no_capture = f.why_no_playout = why;
  if (!why.empty()) return f;
  if (!f.capture) f.why_no_capture = "it has no input";
  if (!f.playout) f.why_no_playout = "it has no output";
  if (f.capture && !input_of(card))
    f.why_no_capture = "its driver offers no input interface that is known here; see version";
  if (f.playout && !query<abi::Output>(card))
    f.why_no_playout = "its driver does not offer the output interface of version 12; see version";
  return f;
}

}  // namespace rtv::decklink
