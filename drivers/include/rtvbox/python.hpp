// SPDX-License-Identifier: Apache-2.0
// The Python forms of what cards and engine both speak of. For the files that bind, only.
#pragma once
#include <nanobind/nanobind.h>

#include <string>

#include "rtvbox/histogram.hpp"
#include "rtvbox/late_wakes.hpp"
#include "rtvbox/video.h"

namespace rtv {

// The dictionary of VideoFormat.native(). ValueError names a key that is missing or unknown.
inline rtv_format format_from(const nanobind::dict &d) {
  namespace nb = nanobind;
  rtv_format f{};
  size_t known = 0;
  auto field = [&](const char *key) {
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

// The Histogram of _engine.pyi.
inline nanobind::dict histogram_dict(const Histogram &h) {
  nanobind::dict d;
  d["count"] = h.count();
  d["min"] = h.min();
  d["max"] = h.max();
  d["sum"] = h.sum();
  d["p50"] = h.quantile(500);
  d["p99"] = h.quantile(990);
  d["p999"] = h.quantile(999);
  nanobind::list buckets;
  for (int i = 0; i < Histogram::kBuckets; ++i)
    if (const uint32_t n = h.bucket(i))
      buckets.append(nanobind::make_tuple(Histogram::upper(i), n));
  d["buckets"] = buckets;
  return d;
}

// [(due, woke), ...], TAI ns, oldest first.
inline nanobind::list late_wakes_list(const LateWakes &wakes) {
  nanobind::list out;
  wakes.each([&](const LateWakes::Wake &w) { out.append(nanobind::make_tuple(w.due, w.woke)); });
  return out;
}

}  // namespace rtv
