// SPDX-License-Identifier: Apache-2.0
// `drivers.drm._drm`: the monitor as Python sees it, and its pure parts for whoever asks what
// would happen.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "binding.hpp"
#include "holder.hpp"
#include "playout.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using rtv::drm::Playout;

namespace {

// clock kHz, width, height, htotal, vtotal, interlaced
using ModeTuple = std::tuple<uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, bool>;

nb::dict histogram(const rtv::Histogram &h) {
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
    if (const uint32_t n = h.bucket(i)) buckets.append(nb::make_tuple(rtv::Histogram::upper(i), n));
  d["buckets"] = buckets;
  return d;
}

// Its name is its own: nanobind knows types of all modules by their C++ names.
class MonitorSink {
  Playout *p_;

 public:
  MonitorSink(const std::string &node, const std::string &connector,
              const std::string &status_file, bool realtime) {
    try {
      p_ = new Playout({node, connector, status_file, realtime});
    } catch (const rtv::drm::Trouble &t) {
      throw nb::value_error(t.what());
    }
  }
  MonitorSink(const MonitorSink &) = delete;
  MonitorSink &operator=(const MonitorSink &) = delete;
  ~MonitorSink() {
    nb::gil_scoped_release free;
    p_->close();
    p_->release();
  }
  nb::object capsule() { return rtv::sink_capsule(p_->table()); }
  void close() {
    nb::gil_scoped_release free;
    p_->close();
  }
  nb::list events() {
    nb::list out;
    rtv::drm::Event e;
    while (p_->journal.events.take(&e)) out.append(nb::make_tuple(e.tai, e.warning ? "warning" : "info", nb::str(e.text)));
    return out;
  }
  nb::list shown() {
    nb::list out;
    rtv::drm::Shown s;
    while (p_->journal.pictures.take(&s))
      out.append(nb::make_tuple(s.sequence, s.field, s.due, s.flip_tai, s.vblank, s.wanted_vblank));
    return out;
  }
  nb::list modes() {
    nb::list out;
    for (const rtv::Mode &m : p_->modes()) out.append(rtv::mode_text(m));
    return out;
  }
  nb::list matching() const {
    nb::list out;
    for (const std::string &one : p_->matching()) out.append(one);
    return out;
  }
  nb::dict stats() const {
    const rtv::drm::Stats &s = p_->stats;
    nb::dict d;
#define COUNT(name) d[#name] = s.name.load()
    COUNT(submitted), COUNT(overflow), COUNT(shown), COUNT(slates), COUNT(slips_repeat);
    COUNT(slips_drop), COUNT(late_dropped), COUNT(missed_vblanks), COUNT(incomplete);
    COUNT(into_nothing), COUNT(blacks), COUNT(unplugs), COUNT(modesets), COUNT(commit_errors);
    COUNT(flips_lost), COUNT(running), COUNT(realtime), COUNT(connected), COUNT(black);
    COUNT(vblank), COUNT(width), COUNT(height), COUNT(bits), COUNT(link_bits);
    COUNT(repeats), COUNT(matched), COUNT(follows);
    COUNT(refresh_mhz), COUNT(nominal_mhz), COUNT(error_ppb), COUNT(drift_ppb);
    COUNT(next_slip_ns), COUNT(wait_ns), COUNT(lead_ns), COUNT(wait_min_ns), COUNT(wait_max_ns);
    COUNT(last_flip_tai), COUNT(last_sequence);
#undef COUNT
    auto figures = [&d](const char *name, const rtv::Histogram &h) {
      d[(std::string(name) + "_min_ns").c_str()] = h.min();
      d[(std::string(name) + "_p50_ns").c_str()] = h.quantile(500);
      d[(std::string(name) + "_p99_ns").c_str()] = h.quantile(990);
      d[(std::string(name) + "_max_ns").c_str()] = h.max();
    };
    figures("due_to_flip", p_->due_to_flip);
    figures("capture_to_flip", p_->capture_to_flip);
    figures("convert", p_->convert);
    return d;
  }
  nb::dict histograms() const {
    nb::dict d;
    d["due_to_flip"] = histogram(p_->due_to_flip);
    d["capture_to_flip"] = histogram(p_->capture_to_flip);
    d["convert"] = histogram(p_->convert);
    return d;
  }
};

std::vector<rtv::Mode> modes_from(const std::vector<ModeTuple> &list) {
  std::vector<rtv::Mode> modes;
  for (const auto &[clock, w, h, ht, vt, interlaced] : list)
    modes.push_back({clock, w, h, ht, vt, interlaced, false, false, modes.size()});
  return modes;
}

nb::dict choose(const std::vector<ModeTuple> &list, const nb::dict &format,
                const std::optional<std::tuple<uint32_t, uint32_t>> &variable) {
  const std::vector<rtv::Mode> modes = modes_from(list);
  const rtv_format f = rtv::format_from(format);
  rtv::ModeChoice c = rtv::choose_mode(modes, f);
  if (variable)
    c = rtv::following(c, modes, f, {true, std::get<0>(*variable), std::get<1>(*variable)});
  nb::dict d;
  d["found"] = c.found;
  d["index"] = c.mode.index;
  d["left"] = c.left;
  d["top"] = c.top;
  d["repeats"] = c.repeats;
  d["matched"] = c.matched;
  d["follows"] = c.follows;
  d["error_ppb"] = c.error_ppb;
  d["slip_ns"] = c.slip_ns;
  d["text"] = c.text;
  return d;
}

rtv::Pixel pixel_named(const std::string &name) {
  try {
    return rtv::pixel_named(name.c_str());
  } catch (const std::invalid_argument &e) {
    throw nb::value_error(e.what());
  }
}

nb::list settings(const std::vector<rtv::drm::Setting> &plan) {
  static constexpr const char *objects[] = {"connector", "crtc", "plane"};
  nb::list out;
  for (const rtv::drm::Setting &one : plan) {
    const nb::object value = one.named ? nb::object(nb::str(one.named)) : nb::int_(one.value);
    out.append(nb::make_tuple(objects[static_cast<int>(one.of)], one.property, value));
  }
  return out;
}

nb::list light_plan(uint32_t crtc, uint32_t mode_blob, uint32_t fb, uint32_t width, uint32_t height,
                    const std::string &pixel, const nb::dict &format, uint64_t max_bpc,
                    bool follows) {
  return settings(rtv::drm::light_plan({crtc, mode_blob, fb, width, height, pixel_named(pixel),
                                        rtv::format_from(format), max_bpc, follows}));
}

nb::list plane_formats(const nb::dict &format, bool yuv) {
  nb::list out;
  for (const rtv::Pixel p : rtv::candidates(rtv::format_from(format), yuv))
    out.append(rtv::name_of(p));
  return out;
}

nb::dict edid_says(const nb::bytes &edid) {
  const rtv::MonitorSays says =
      rtv::read_edid(reinterpret_cast<const uint8_t *>(edid.c_str()), edid.size());
  nb::dict d;
  d["bits"] = says.bits;
  d["least_hz"] = says.least_hz;
  d["most_hz"] = says.most_hz;
  return d;
}

// A frame as it would lie in a black buffer of width x height, [height, pitch] octets.
nb::ndarray<nb::numpy, uint8_t> paint(nb::handle capsule, const std::string &pixel, uint32_t width,
                                      uint32_t height, int field) {
  auto *f = rtv::from_capsule<rtv_frame>(capsule, RTV_FRAME_CAPSULE);
  const rtv::Pixel p = pixel_named(pixel);
  if (width < f->format.width || height < f->format.height)
    throw nb::value_error("paint: the buffer is smaller than the frame");
  if (!rtv::is_rgb(p) && f->format.sampling != RTV_422)
    throw nb::value_error("paint: only 4:2:2 goes into that pixel");
  const uint32_t pitch = width * rtv::bits_of(p) / 8;
  auto *memory = new uint8_t[static_cast<size_t>(pitch) * height];
  nb::capsule owner(memory, [](void *m) noexcept { delete[] static_cast<uint8_t *>(m); });
  {
    nb::gil_scoped_release free;
    rtv::Painter::black(memory, pitch, width, height, p, f->format.full_range);
    rtv::Painter painter(f->format, p);
    const rtv::Canvas canvas{memory, pitch, (width - f->format.width) / 2 & ~1u,
                             (height - f->format.height) / 2 & ~1u};
    if (field < 0)
      painter.rows(f, canvas, 0, f->format.height);
    else
      painter.field(f, canvas, static_cast<uint32_t>(field) & 1u);
  }
  const size_t shape[2] = {height, pitch};
  return nb::ndarray<nb::numpy, uint8_t>(memory, 2, shape, owner);
}

// Clock and steering together, driven by hand.
struct Rehearsal {
  rtv::VblankClock clock;
  rtv::Steering steering;
  Rehearsal(uint64_t num, uint64_t den, uint32_t repeats) : clock(num, den), steering(repeats) {}
};

}  // namespace

NB_MODULE(_drm, m) {
  m.doc() = "Playout on monitors through the kernel's atomic mode setting.";
  nb::class_<MonitorSink>(m, "Sink")
      .def(nb::init<const std::string &, const std::string &, const std::string &, bool>(),
           nb::kw_only(), "node"_a, "connector"_a, "status_file"_a, "realtime"_a)
      .def("capsule", &MonitorSink::capsule)
      .def("close", &MonitorSink::close)
      .def("events", &MonitorSink::events)
      .def("shown", &MonitorSink::shown)
      .def("modes", &MonitorSink::modes)
      .def("matching", &MonitorSink::matching)
      .def("stats", &MonitorSink::stats)
      .def("histograms", &MonitorSink::histograms);
  m.def("choose_mode", &choose, "modes"_a, "format"_a, "variable"_a = nb::none());
  m.def(
      "matching_modes",
      [](const std::vector<ModeTuple> &modes, const nb::dict &format) {
        return rtv::matching_modes(modes_from(modes), rtv::format_from(format));
      },
      "modes"_a, "format"_a);
  m.def("light_plan", &light_plan, nb::kw_only(), "crtc"_a, "mode_blob"_a, "fb"_a, "width"_a,
        "height"_a, "pixel"_a, "format"_a, "max_bpc"_a, "follows"_a);
  m.def("dark_plan", [](uint64_t max_bpc) { return settings(rtv::drm::dark_plan(max_bpc)); },
        "max_bpc"_a);
  m.def("paint", &paint, "frame"_a, "pixel"_a, "width"_a, "height"_a, "field"_a = -1);
  m.def("plane_formats", &plane_formats, "format"_a, "yuv"_a);
  m.def("edid_says", &edid_says, "edid"_a);
  m.def(
      "max_bpc_for",
      [](uint64_t found, uint64_t least, uint64_t most, uint32_t bits) {
        return rtv::max_bpc_for({found, least, most}, bits);
      },
      "found"_a, "least"_a, "most"_a, "plane_bits"_a);
  m.def(
      "depth_loss",
      [](uint32_t flow, const std::string &plane, uint64_t max_bpc, uint32_t monitor_bits) {
        return rtv::depth_loss(flow, pixel_named(plane), max_bpc, {monitor_bits, 0, 0});
      },
      "flow_bits"_a, "plane"_a, "max_bpc"_a, "monitor_bits"_a);
  m.def(
      "held_by",
      [](const std::string &proc, const std::string &node, int own) {
        return rtv::drm::held_by(rtv::drm::holders(proc, node, own));
      },
      "proc"_a, "node"_a, "own"_a = -1);
  nb::class_<Rehearsal>(m, "Rehearsal")
      .def(nb::init<uint64_t, uint64_t, uint32_t>(), "rate_num"_a, "rate_den"_a, "repeats"_a)
      .def("seen", [](Rehearsal &r, int64_t seq, int64_t time) { r.clock.seen(seq, time); })
      .def("next",
           [](Rehearsal &r, int64_t wanted) {
             const rtv::Assignment a = r.steering.next(r.clock, wanted);
             return nb::make_tuple(a.vblank, a.wait, a.slip);
           })
      .def("at", [](const Rehearsal &r, int64_t seq) { return r.clock.at(seq); })
      .def_prop_ro("period", [](const Rehearsal &r) { return r.clock.period(); })
      .def_prop_ro("error_ppb", [](const Rehearsal &r) { return r.clock.error_ppb(); })
      .def_prop_ro("band",
                   [](const Rehearsal &r) { return rtv::Steering::band(r.clock.period()); });
  m.def("lead", [](const std::vector<int64_t> &samples) {
    rtv::Lead lead;
    for (const int64_t s : samples) lead.add(s);
    return lead.value();
  });
  m.def("next_slip_ns", &rtv::next_slip_ns, "wait_ns"_a, "drift_16"_a, "period_ns"_a,
        "picture_ns"_a);
}
