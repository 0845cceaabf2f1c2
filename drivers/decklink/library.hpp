// SPDX-License-Identifier: Apache-2.0
// The vendor's library, found when the program runs. Nothing of it is needed to build or import.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>

#include "com.hpp"

namespace rtv::decklink {

// What keeps a card from being used, in one line with the remedy.
struct Refusal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Library {
 public:
  // By the usual search path of shared libraries. Throws Refusal when it is not installed, is no
  // DeckLink library, or its driver does not answer.
  explicit Library(const std::string &name = "libDeckLinkAPI.so");
  Library(const Library &) = delete;
  Library &operator=(const Library &) = delete;

  Ref<abi::Iterator> iterator() const;
  Ref<abi::Discovery> discovery() const;  // empty where the driver has none
  // 0xMMmmpp00, and as text: 14.2.1.
  uint32_t version() const { return version_; }
  std::string version_text() const;

 private:
  template <class T>
  using Make = T *(*)();
  Make<abi::Iterator> make_iterator_ = nullptr;
  Make<abi::Discovery> make_discovery_ = nullptr;
  uint32_t version_ = 0;
};

}  // namespace rtv::decklink
