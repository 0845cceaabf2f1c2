// SPDX-License-Identifier: Apache-2.0
// What one card (or one sub-device of a card) says of itself.
#pragma once
#include <cstdint>
#include <string>

#include "com.hpp"

namespace rtv::decklink {

struct CardFacts {
  std::string key;     // persistent id, decimal; the device handle where there is none
  std::string model, name, handle;
  int64_t persistent_id = 0;  // 0: none
  int64_t sub_device = 0, sub_devices = 1;
  std::string duplex;  // full, half, simplex, inactive; "" unknown
  bool capture = false, playout = false;
  uint32_t inputs = 0, outputs = 0;  // connectors: 1 SDI, 2 HDMI, 4 optical SDI ...
  bool detects_format = false;
  bool trims_clock = false;  // clock timing adjustment
  bool has_reference = false;
  int64_t preroll = 0;   // frames that a scheduled output needs ahead
  int64_t channels = 2;  // of embedded sound, at most
  std::string generation;  // of interfaces, the newest it answers: A, B, C; "" none of them
  bool statistics = false;
  uint32_t busy = 0;     // 1 capture, 2 playout, by whomever
  std::string why_no_capture, why_no_playout;  // "": can be used
};

// Asks the card; what it does not answer stays at its default.
CardFacts facts_of(abi::DeckLink *card);

// The key alone; cheaper, and "" when the card does not answer any more.
std::string key_of(abi::DeckLink *card);

// A string that a call returned in *out, freed as the vendor's library wants it.
template <class Call>
std::string text_from(Call &&call) {
  char *text = nullptr;
  if (call(&text) != abi::kOk || !text) return "";
  std::string s(text);
  std::free(text);
  return s;
}

}  // namespace rtv::decklink
