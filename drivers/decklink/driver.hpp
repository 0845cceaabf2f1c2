// SPDX-License-Identifier: Apache-2.0
// The cards of this machine, and news of those that come and go.
#pragma once
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "card_facts.hpp"
#include "library.hpp"

namespace rtv::decklink {

// Told of one card's coming and going, on the vendor's thread: must not block.
class Watcher {
 public:
  virtual void removed() = 0;
  virtual void arrived() = 0;

 protected:
  ~Watcher() = default;
};

class Driver {
 public:
  explicit Driver(const std::string &library = "libDeckLinkAPI.so");  // throws Refusal
  ~Driver();
  Driver(const Driver &) = delete;
  Driver &operator=(const Driver &) = delete;

  std::string version() const { return library_.version_text(); }
  uint32_t version_number() const { return library_.version(); }
  // Those that are there now, in the driver's order; sub-devices that the card's profile leaves
  // inactive are among them and say so.
  std::vector<CardFacts> cards() const;
  // Empty: no card of that key is there now.
  Ref<abi::DeckLink> find(const std::string &key) const;

  void watch(const std::string &key, Watcher *watcher);
  void unwatch(Watcher *watcher);  // no call is under way any more when it returns

  struct News {
    bool arrived;
    std::string key;
  };
  // What happened since the last call; a bounded number, the oldest are forgotten.
  std::vector<News> news();
  // Readable while there is news; of this object, not to be closed or read by anybody else.
  int news_fd() const { return news_fd_; }

 private:
  class Notices;
  void note(abi::DeckLink *card, bool arrived);

  Library library_;
  mutable std::mutex mutex_;
  struct Known {
    Ref<abi::DeckLink> card;
    std::string key;
  };
  std::vector<Known> known_;  // a card that is gone may not say its key any more
  struct Watch {
    std::string key;
    Watcher *watcher;
  };
  std::vector<Watch> watches_;
  std::deque<News> news_;
  const int news_fd_;
  Ref<abi::Discovery> discovery_;
  Notices *notices_ = nullptr;
};

}  // namespace rtv::decklink
