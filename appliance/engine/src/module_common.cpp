// SPDX-License-Identifier: Apache-2.0
#include "module.hpp"

namespace nb = nanobind;

nb::list drain_events(rtv::Events &events) {
  static constexpr const char *kNames[] = {"info", "warning", "error"};
  nb::list out;
  rtv::EventLine line;
  while (events.take(&line)) {
    nb::dict d;
    d["severity"] = kNames[static_cast<int>(line.severity)];
    d["tai"] = line.tai;
    d["code"] = line.code;
    d["text"] = line.text;
    out.append(d);
  }
  return out;
}
