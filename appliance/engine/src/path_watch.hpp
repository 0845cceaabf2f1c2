// SPDX-License-Identifier: Apache-2.0
// The two paths of a flow (ST 2022-7): says when one of them falls silent while the other carries
// on, and when it is back. One thread; time comes in from outside.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "events.hpp"

namespace rtv {

// A path as logs and errors name it, on both ends: "video path 2 (239.2.1.1:5000 on eth1)", or
// "video (239.1.1.1:5000 on eth0)" of a flow with one path. Leg: RxLeg or TxLeg.
template <typename Leg>
std::string path_name(const char *flow, const Leg &leg, size_t number, size_t paths) {
  return std::string(flow) + (paths > 1 ? " path " + std::to_string(number + 1) : "") + " (" +
         leg.address + ":" + std::to_string(leg.port) +
         (leg.interface.empty() ? "" : " on " + leg.interface) + ")";
}

class PathWatch {
 public:
  // patience: how long a path may be silent, ns: more than any gap between packets of the flow.
  template <typename Legs>
  PathWatch(const char *flow, const Legs &legs, int64_t patience)
      : patience_(patience), two_(legs.size() == 2) {
    for (size_t i = 0; two_ && i < 2; ++i) name_[i] = path_name(flow, legs[i], i, 2);
  }

  // A packet of the flow's own sender came on a path (0 or 1). True when the path was lost.
  bool heard(int leg, int64_t now) {
    const auto l = static_cast<size_t>(leg);
    // After a silence of the whole flow each path gets its time to begin.
    if (now - std::max(last_[0], last_[1]) > patience_) last_ = {now, now};
    last_[l] = std::max(last_[l], now);
    return lost_since_[l] != 0;
  }
  // The path that is lost from now on, or -1: the other one has outlived it.
  int newly_lost() {
    if (!two_) return -1;
    for (size_t l = 0; l < 2; ++l) {
      if (lost_since_[l] || last_[1 - l] - last_[l] <= patience_) continue;
      lost_since_[l] = last_[l];
      return static_cast<int>(l);
    }
    return -1;
  }
  void say_lost(int leg, Events &events) const {
    events.say(Severity::warning, "path-lost", "%s: no packets come; path %d carries on",
               name_[static_cast<size_t>(leg)].c_str(), 2 - leg);
  }
  // It was heard again.
  void say_back(int leg, int64_t now, Events &events) {
    const auto l = static_cast<size_t>(leg);
    events.say(Severity::info, "path-back", "%s: packets come again, after %.1f s",
               name_[l].c_str(), static_cast<double>(now - lost_since_[l]) / 1e9);
    lost_since_[l] = 0;
  }

 private:
  int64_t patience_;
  bool two_;
  std::array<std::string, 2> name_;
  std::array<int64_t, 2> last_{}, lost_since_{};
};

}  // namespace rtv
