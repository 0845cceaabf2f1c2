// SPDX-License-Identifier: Apache-2.0
#include "module.hpp"

#include <string>

#include "rtvbox/video.h"

namespace nb = nanobind;

nb::dict histogram_dict(const rtv::Histogram &h) {
  nb::dict d;
  d["count"] = h.count();
  d["min"] = h.min();
  d["max"] = h.max();
  d["sum"] = h.sum();
  d["p50"] = h.quantile(500);
  d["p99"] = h.quantile(990);
  d["p999"] = h.quantile(999);
  nb::list buckets;
  for (int i = 0; i < rtv::Histogram::kBuckets; ++i)
    if (uint32_t n = h.bucket(i)) buckets.append(nb::make_tuple(rtv::Histogram::upper(i), n));
  d["buckets"] = buckets;
  return d;
}

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

rtv_format format_from(const nb::dict &d) {
  rtv_format f{};
  size_t known = 0;
  auto field = [&](const char *key) -> uint32_t {
    if (!d.contains(key))
      throw nb::value_error((std::string("format: ") + key + " is missing").c_str());
    ++known;
    return nb::cast<uint32_t>(d[key]);
  };
  f.width = field("width");
  f.height = field("height");
  f.rate_num = field("rate_num");
  f.rate_den = field("rate_den");
  f.sampling = static_cast<uint8_t>(field("sampling"));
  f.depth = static_cast<uint8_t>(field("depth"));
  f.scan = static_cast<uint8_t>(field("scan"));
  f.layout = static_cast<uint8_t>(field("layout"));
  f.colorimetry = static_cast<uint8_t>(field("colorimetry"));
  f.full_range = static_cast<uint8_t>(field("full_range"));
  if (d.size() != known) throw nb::value_error("format: has a key that is not a format's");
  if (f.width == 0 || f.height == 0 || f.rate_num == 0 || f.rate_den == 0)
    throw nb::value_error("format: width, height and rate must not be 0");
  return f;
}
