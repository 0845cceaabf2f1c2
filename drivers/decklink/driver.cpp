// SPDX-License-Identifier: Apache-2.0
#include "driver.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

namespace rtv::decklink {

namespace {
constexpr size_t kNews = 256;
}

// What the vendor's library calls. Counted by both sides; deaf once the driver is taken down.
class Driver::Notices final : public abi::DeviceNotificationCallback {
  std::atomic<unsigned long> refs_{1};
  std::mutex mutex_;
  Driver *driver_;

 public:
  explicit Notices(Driver *driver) : driver_(driver) {}
  virtual ~Notices() = default;
  void go_deaf() {
    std::lock_guard hold(mutex_);
    driver_ = nullptr;
  }
  abi::Result QueryInterface(abi::Iid id, void **out) override {
    return query_self<abi::DeviceNotificationCallback>(this, id, out);
  }
  abi::Count AddRef() override { return ++refs_; }
  abi::Count Release() override {
    const unsigned long left = --refs_;
    if (left == 0) delete this;
    return left;
  }
  abi::Result DeckLinkDeviceArrived(abi::DeckLink *card) override {
    std::lock_guard hold(mutex_);
    if (driver_) driver_->note(card, true);
    return abi::kOk;
  }
  abi::Result DeckLinkDeviceRemoved(abi::DeckLink *card) override {
    std::lock_guard hold(mutex_);
    if (driver_) driver_->note(card, false);
    return abi::kOk;
  }
};

Driver::Driver(const std::string &library)
    : library_(library),
      news_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      discovery_(library_.discovery()) {
  if (!discovery_) return;
  notices_ = new Notices(this);
  if (discovery_->InstallDeviceNotifications(notices_) != abi::kOk) discovery_ = {};
}

Driver::~Driver() {
  if (discovery_) discovery_->UninstallDeviceNotifications();
  if (notices_) {
    notices_->go_deaf();
    notices_->Release();
  }
  close(news_fd_);
}

std::vector<CardFacts> Driver::cards() const {
  std::vector<CardFacts> all;
  const auto iterator = library_.iterator();
  Ref<abi::DeckLink> card;
  while (iterator && iterator->Next(card.out()) == abi::kOk && card) all.push_back(facts_of(card.get()));
  return all;
}

Ref<abi::DeckLink> Driver::find(const std::string &key) const {
  const auto iterator = library_.iterator();
  Ref<abi::DeckLink> card;
  while (iterator && iterator->Next(card.out()) == abi::kOk && card)
    if (key_of(card.get()) == key) return card;
  return {};
}

void Driver::watch(const std::string &key, Watcher *watcher) {
  std::lock_guard hold(mutex_);
  watches_.push_back({key, watcher});
}

void Driver::unwatch(Watcher *watcher) {
  std::lock_guard hold(mutex_);
  std::erase_if(watches_, [&](const Watch &w) { return w.watcher == watcher; });
}

std::vector<Driver::News> Driver::news() {
  std::lock_guard hold(mutex_);
  // It counts what has come; only whether it has matters, and reading makes it quiet.
  eventfd_t seen = 0;
  eventfd_read(news_fd_, &seen);
  std::vector<News> out(news_.begin(), news_.end());
  news_.clear();
  return out;
}

void Driver::note(abi::DeckLink *card, bool arrived) {
  std::string key = key_of(card);
  std::lock_guard hold(mutex_);
  const auto at = std::find_if(known_.begin(), known_.end(),
                               [&](const Known &k) { return k.card.get() == card; });
  if (arrived) {
    if (at == known_.end()) known_.push_back({Ref<abi::DeckLink>::share(card), key});
  } else if (at != known_.end()) {
    key = at->key;
    known_.erase(at);
  }
  if (news_.size() == kNews) news_.pop_front();
  news_.push_back({arrived, key});
  eventfd_write(news_fd_, 1);
  for (const Watch &w : watches_) {
    if (w.key != key) continue;
    if (arrived)
      w.watcher->arrived();
    else
      w.watcher->removed();
  }
}

}  // namespace rtv::decklink
