// SPDX-License-Identifier: Apache-2.0
// The library's entry points: enumeration, discovery, version. And which devices there are.
#include <set>

#include "device.hpp"

namespace standin {

namespace {

constexpr Traits kTraits[] = {
    // model, name, id, sub-device of, captures, plays, active, detects, trims, reference
    {"Stand-in Duo", "Stand-in Duo (1)", 0x1a2b0010, 0, 2, true, true, true, true, true, true},
    {"Stand-in Duo", "Stand-in Duo (2)", 0x1a2b0011, 1, 2, true, true, false, true, true, true},
    {"Stand-in Recorder", "Stand-in Recorder", 0x1a2b0020, 0, 1, true, false, true, false, false,
     false},
    {"Stand-in Monitor", "Stand-in Monitor", 0x1a2b0030, 0, 1, false, true, true, false, false,
     false},
};

class DeviceIterator final : public Counted<abi::Iterator> {
  size_t next_ = 0;

 public:
  DeviceIterator() : Counted("Iterator") {}
  Result Next(abi::DeckLink** out) override {
    const auto all = devices();
    while (next_ < all.size() && !all[next_]->present) ++next_;
    *out = next_ < all.size() ? all[next_++] : nullptr;
    if (!*out) return abi::kFalse;
    (*out)->AddRef();
    return abi::kOk;
  }
};

class Information final : public Counted<abi::ApiInformation> {
 public:
  Information() : Counted("ApiInformation") {}
  Result GetFlag(Code, bool*) override { return abi::kInvalidArgument; }
  Result GetInt(Code what, int64_t* out) override {
    if (what != abi::information::kVersion) return abi::kInvalidArgument;
    *out = answers_c() ? 0x10000000 : answers_b() ? 0x0f030000 : 0x0e020000;
    return abi::kOk;
  }
  Result GetFloat(Code, double*) override { return abi::kInvalidArgument; }
  Result GetString(Code what, char** out) override {
    return what == abi::information::kVersion ? text_out("stand-in", out)
                                              : abi::kInvalidArgument;
  }
};

class Watcher;
struct Watchers {
  std::mutex mutex;
  std::set<Watcher*> all;
  static Watchers& get() {
    static Watchers* one = new Watchers;
    return *one;
  }
};

// Tells arrivals and removals on a thread that lives from install to uninstall.
class Watcher final : public Counted<abi::Discovery> {
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::pair<Device*, bool>> events_;
  Held<abi::DeviceNotificationCallback> callback_;
  std::thread thread_;
  bool ends_ = false;
  void gone() override { UninstallDeviceNotifications(); }

 public:
  Watcher() : Counted("Discovery") {}
  void add(Device* device, bool arrived) {
    const std::lock_guard lock(mutex_);
    events_.emplace_back(device, arrived);
    wake_.notify_all();
  }
  Result InstallDeviceNotifications(abi::DeviceNotificationCallback* callback) override {
    if (!callback) return abi::kInvalidArgument;
    if (thread_.joinable()) return abi::kAccessDenied;
    callback_ = Held(callback);
    ends_ = false;
    for (Device* device : devices())
      if (device->present) events_.emplace_back(device, true);
    thread_ = std::thread([this] { run(); });
    const std::lock_guard lock(Watchers::get().mutex);
    Watchers::get().all.insert(this);
    return abi::kOk;
  }
  Result UninstallDeviceNotifications() override {
    {
      const std::lock_guard lock(Watchers::get().mutex);
      Watchers::get().all.erase(this);
    }
    if (!thread_.joinable()) return abi::kFail;
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
      wake_.notify_all();
    }
    thread_.join();
    events_.clear();
    callback_ = {};
    return abi::kOk;
  }
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return ends_ || !events_.empty(); });
      if (ends_) return;
      const auto [device, arrived] = events_.front();
      events_.pop_front();
      lock.unlock();
      if (arrived)
        callback_->DeckLinkDeviceArrived(device);
      else
        callback_->DeckLinkDeviceRemoved(device);
      lock.lock();
    }
  }
};

}  // namespace

std::span<Device* const> devices() {
  static const auto* all = [] {
    auto* out = new std::vector<Device*>;
    for (const Traits& traits : kTraits)
      out->push_back(new Device(traits, static_cast<int>(out->size())));
    return out;
  }();
  return *all;
}

void announce(Device* device, bool arrived) {
  const std::lock_guard lock(Watchers::get().mutex);
  for (Watcher* watcher : Watchers::get().all) watcher->add(device, arrived);
}

}  // namespace standin

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED standin::abi::Iterator* CreateDeckLinkIteratorInstance_0004() {
  return new standin::DeviceIterator;
}
EXPORTED standin::abi::Discovery* CreateDeckLinkDiscoveryInstance_0003() {
  return new standin::Watcher;
}
EXPORTED standin::abi::ApiInformation* CreateDeckLinkAPIInformationInstance_0001() {
  return new standin::Information;
}
EXPORTED standin::abi::VideoFrameAncillaryPackets*
CreateVideoFrameAncillaryPacketsInstance_0001() {
  return new standin::PacketsObject;
}
// For the program that has loaded the library: one command, its answer (cut to size, with a 0).
EXPORTED void standin_command(const char* command, char* answer, size_t size) {
  std::snprintf(answer, size, "%s", standin::obey(command).c_str());
}
