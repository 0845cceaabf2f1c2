// SPDX-License-Identifier: Apache-2.0
#include "module_overlay.hpp"

#include "composite_speed.hpp"
#include "module.hpp"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace nb = nanobind;

namespace {

using Pixels = nb::ndarray<const uint16_t, nb::shape<-1, -1, 4>, nb::c_contig, nb::device::cpu>;
using Coverage = nb::ndarray<const uint8_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

[[noreturn]] void refuse(const std::string &where, const std::string &why) {
  throw nb::value_error((where + ": " + why).c_str());
}

rtv::Raster raster_from(const std::string &where, const nb::object &array) {
  Pixels p;
  if (!nb::try_cast<Pixels>(array, p, false))
    refuse(where, "is no C-contiguous uint16 array of shape [h, w, 4]; give Y Cb Cr A at 10 bit");
  if (p.shape(0) > 32767 || p.shape(1) > 32767) refuse(where, "is larger than any frame");
  // The caller's sequence keeps the array alive while it is read.
  return {static_cast<uint32_t>(p.shape(1)), static_cast<uint32_t>(p.shape(0)), p.data()};
}

uint32_t number(const std::string &where, const nb::handle &value) {
  uint32_t n;
  if (!nb::try_cast<uint32_t>(value, n, false)) refuse(where, "is no whole number from 0");
  return n;
}

rtv::Field field_from(const std::string &where, const nb::object &item) {
  if (!nb::isinstance<nb::dict>(item)) refuse(where, "is no dict");
  const auto d = nb::cast<nb::dict>(item);
  rtv::Field f;
  for (const char *key : {"kind", "x", "y", "chars"})
    if (!d.contains(key)) refuse(where, std::string(key) + " is missing");
  for (auto [k, value] : d) {
    const std::string key = nb::cast<std::string>(nb::str(k)), path = where + "." + key;
    if (key == "kind") {
      const std::string name = nb::cast<std::string>(nb::str(value));
      if (!rtv::field_kind(name, &f.kind)) refuse(path, "'" + name + "' is unknown");
    } else if (key == "x") {
      f.x = number(path, value);
    } else if (key == "y") {
      f.y = number(path, value);
    } else if (key == "chars") {
      f.max_chars = number(path, value);
    } else if (key == "align") {
      const std::string name = nb::cast<std::string>(nb::str(value));
      if (name != "left" && name != "right") refuse(path, "'" + name + "'; choose left or right");
      f.right = name == "right";
    } else if (key == "colour") {
      if (!nb::isinstance<nb::sequence>(value) || nb::len(value) != 3)
        refuse(path, "is not (Y, Cb, Cr)");
      for (size_t i = 0; i < 3; ++i) {
        const uint32_t v = number(path, value[i]);
        if (v > 1023) refuse(path, std::to_string(v) + " is above 1023; give 10-bit values");
        f.colour[i] = static_cast<uint16_t>(v);
      }
    } else {
      refuse(path, "is unknown; known are kind, x, y, chars, colour, align");
    }
  }
  return f;
}

}  // namespace

std::vector<std::shared_ptr<const rtv::Banner>> banners_from(
    const nb::dict &slates, const rtv_format &format,
    const std::vector<std::string_view> &allowed) {
  std::vector<std::shared_ptr<const rtv::Banner>> out;
  for (auto [k, value] : slates) {
    const std::string name = nb::cast<std::string>(nb::str(k)), where = "slates." + name;
    rtv::Reason reason;
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end() ||
        !rtv::reason_named(name, &reason)) {
      std::string known;
      for (auto a : allowed) known += (known.empty() ? "" : ", ") + std::string(a);
      refuse(where, "is unknown; known are " + known);
    }
    try {
      out.push_back(std::make_shared<const rtv::Banner>(
          format, reason, raster_from(where, nb::borrow(value))));
    } catch (const std::invalid_argument &e) {
      refuse(where, e.what());
    }
  }
  return out;
}

std::shared_ptr<const rtv::Overlay> overlay_from(const rtv_format &format, uint32_t static_id,
                                                 const nb::sequence &layers,
                                                 const nb::sequence &fields) {
  std::vector<rtv::Overlay::Layer> l;
  std::vector<rtv::Field> f;
  std::vector<nb::object> keep;  // a sequence may make its items anew each time
  for (size_t i = 0; i < nb::len(layers); ++i) {
    const std::string where = "layers[" + std::to_string(i) + "]";
    nb::object item = layers[i];
    if (!nb::isinstance<nb::sequence>(item) || nb::len(item) != 3) refuse(where, "is not (x, y, array)");
    nb::object array = item[2];
    keep.push_back(array);
    l.push_back({number(where + ".x", item[0]), number(where + ".y", item[1]),
                 raster_from(where, array)});
  }
  for (size_t i = 0; i < nb::len(fields); ++i)
    f.push_back(field_from("fields[" + std::to_string(i) + "]", fields[i]));
  try {
    return std::make_shared<const rtv::Overlay>(format, static_id, l, f);
  } catch (const std::invalid_argument &e) {
    refuse("overlay", e.what());
  }
}

std::shared_ptr<const rtv::Atlas> atlas_from(uint32_t cell_w, uint32_t cell_h,
                                             const nb::object &alpha) {
  Coverage c;
  if (!nb::try_cast<Coverage>(alpha, c, false))
    refuse("alpha", "is no C-contiguous uint8 array of shape [cell_h, 95 * cell_w]");
  if (c.shape(0) != cell_h || c.shape(1) != size_t{95} * cell_w)
    refuse("alpha", "has not the shape [cell_h, 95 * cell_w]");
  try {
    return std::make_shared<const rtv::Atlas>(
        cell_w, cell_h, std::vector<uint8_t>(c.data(), c.data() + c.size()));
  } catch (const std::invalid_argument &e) {
    refuse("atlas", e.what());
  }
}

void bind_overlay(nb::module_ &m) {
  m.def(
      "composite_speed",
      [](const nb::dict &fmt, const nb::sequence &layers, const nb::sequence &fields,
         uint32_t cell_w, uint32_t cell_h, const nb::object &alpha, double seconds) {
        if (!(seconds > 0 && seconds <= 60))
          throw nb::value_error("seconds: must be above 0 and at most 60");
        const auto overlay = overlay_from(format_from(fmt), 0, layers, fields);
        const auto atlas = atlas_from(cell_w, cell_h, alpha);
        rtv::CompositeSpeed speed;
        {
          const nb::gil_scoped_release released;
          speed = rtv::composite_speed(*overlay, *atlas, static_cast<int64_t>(seconds * 1e9));
        }
        return nb::make_tuple(speed.blend_ns, speed.copy_ns);
      },
      nb::arg("fmt"), nb::arg("layers"), nb::arg("fields"), nb::arg("cell_w"), nb::arg("cell_h"),
      nb::arg("alpha"), nb::kw_only(), nb::arg("seconds") = 0.2);
}
