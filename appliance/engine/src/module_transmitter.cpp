// SPDX-License-Identifier: Apache-2.0
#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include "module.hpp"
#include "module_overlay.hpp"
#include "tx.hpp"

namespace nb = nanobind;

namespace {

using rtv::Transmitter;
using Packets = nb::ndarray<const int32_t, nb::shape<-1, 10>, nb::c_contig, nb::device::cpu>;

[[noreturn]] void refuse(const std::string &line) { throw nb::value_error(line.c_str()); }

// What the system refused becomes an OSError that names the interface or address.
template <typename F>
auto with_os_errors(F f) {
  try {
    return f();
  } catch (const std::system_error &e) {
    const std::string what = e.what();
    PyErr_SetObject(PyExc_OSError, nb::make_tuple(e.code().value(), what).ptr());
    throw nb::python_error();
  }
}

// Reads one key of a leg's dictionary and ticks it off.
struct LegReader {
  const nb::dict &dict;
  std::string where;
  size_t known = 0;

  template <typename T>
  void operator()(const char *key, T &into, bool needed = false) {
    if (!dict.contains(key)) {
      if (needed) refuse(where + "." + key + ": is missing");
      return;
    }
    ++known;
    if (!nb::try_cast<T>(nb::object(dict[key]), into)) refuse(where + "." + key + ": has a wrong type or size");
  }
};

std::vector<rtv::TxLeg> legs_from(const char *name, const nb::sequence &legs) {
  std::vector<rtv::TxLeg> out;
  for (size_t i = 0; i < nb::len(legs); ++i) {
    const nb::object item = legs[i];
    if (!nb::isinstance<nb::dict>(item))
      refuse(std::string(name) + "[" + std::to_string(i) + "]: is no dict");
    const auto d = nb::borrow<nb::dict>(item);
    LegReader read{d, std::string(name) + "[" + std::to_string(i) + "]"};
    rtv::TxLeg leg;
    read("interface", leg.interface, true);
    read("source_ip", leg.source_ip);
    read("source_port", leg.source_port);
    read("address", leg.address, true);
    read("port", leg.port, true);
    read("ttl", leg.ttl);
    read("dscp", leg.dscp);
    if (read.known != nb::len(d))
      refuse(read.where + ": has an unknown key; known are interface, source_ip, source_port, "
                          "address, port, ttl, dscp");
    out.push_back(leg);
  }
  return out;
}

std::vector<uint8_t> octets(const nb::bytes &b) {
  const auto *p = static_cast<const uint8_t *>(b.data());
  return {p, p + b.size()};
}

rtv::GrainPart part(const char *name, const nb::bytes &bytes, const nb::dict &patches,
                    size_t &known) {
  rtv::GrainPart out{octets(bytes), {}};
  if (!patches.contains(name)) return out;
  ++known;
  const nb::object places = patches[name];
  for (nb::handle item : places) {
    std::pair<nb::object, nb::object> pair;
    if (!nb::try_cast(item, pair)) refuse("patches." + std::string(name) + ": is no list of pairs");
    const std::string value_name = nb::str(pair.first).c_str();
    rtv::GrainPatch patch{};
    if (!rtv::grain_value_named(value_name, &patch.value))
      refuse("patches." + std::string(name) + ": '" + value_name + "' is no known value");
    if (!nb::try_cast<uint32_t>(pair.second, patch.offset))
      refuse("patches." + std::string(name) + "." + value_name + ": is no offset from 0");
    out.patches.push_back(patch);
  }
  return out;
}

template <size_t N>
void doubles(const std::string &name, const nb::handle &value, std::array<double, N> &into) {
  if (!nb::isinstance<nb::sequence>(value) || nb::len(value) != N)
    refuse(name + ": needs " + std::to_string(N) + " numbers");
  for (size_t i = 0; i < N; ++i)
    if (!nb::try_cast<double>(nb::object(value[i]), into[i])) refuse(name + ": is no number");
}

// The binding keeps the values in force, so that a call may name only some of them.
struct TransmitterObject {
  std::unique_ptr<Transmitter> engine;
  rtv::GrainDynamic dynamic;
  ~TransmitterObject() {
    nb::gil_scoped_release unlocked;  // a source may be written in Python
    engine.reset();
  }
};

void set_grain(TransmitterObject &self, uint32_t static_id, const nb::bytes &base,
               const nb::bytes &pose, const nb::bytes &statics, const nb::bytes &first,
               const nb::bytes &middle, const nb::bytes &last, const nb::bytes &single,
               const nb::dict &patches, int64_t from_tai) {
  auto g = std::make_unique<rtv::GrainTemplate>();
  size_t known = 0;
  g->static_id = static_id;
  g->from_tai = from_tai;
  g->base = part("base", base, patches, known);
  g->pose = part("pose", pose, patches, known);
  g->statics = part("static", statics, patches, known);
  g->first = part("extension_first", first, patches, known);
  g->middle = part("extension_middle", middle, patches, known);
  g->last = part("extension_last", last, patches, known);
  g->single = part("extension_single", single, patches, known);
  if (known != nb::len(patches)) refuse("patches: names an unknown part");
  self.engine->set_grain(std::move(g));
}

void set_dynamic(TransmitterObject &self, const nb::dict &values, int64_t tai, int64_t life_ns) {
  if (life_ns < 0 || life_ns > 60'000'000'000) refuse("life_ns: is not 0 to 60 s");
  rtv::GrainDynamic next = self.dynamic;
  bool position = false;
  for (auto [key, value] : values) {
    const std::string name = nb::str(key).c_str();
    rtv::GrainValue which;
    if (!rtv::grain_value_named(name, &which)) refuse("values: '" + name + "' is no known value");
    switch (which) {
      case rtv::GrainValue::viewpoint: doubles(name, value, next.viewpoint); break;
      case rtv::GrainValue::look_at: doubles(name, value, next.look_at); break;
      case rtv::GrainValue::up: doubles(name, value, next.up); break;
      case rtv::GrainValue::field_of_view: doubles(name, value, next.field_of_view); break;
      case rtv::GrainValue::imaging_subject:
      case rtv::GrainValue::information:
        (which == rtv::GrainValue::information ? next.information : next.imaging_subject) =
            nb::cast<bool>(value);
        next.answers_until = life_ns ? tai + life_ns : INT64_MAX;
        break;
      default: refuse("values: '" + name + "' is set by the transmitter itself");
    }
    next.given |= 1u << static_cast<unsigned>(which);
    position |= which != rtv::GrainValue::imaging_subject && which != rtv::GrainValue::information;
  }
  if (position) {  // an answer makes no position younger
    next.tai = tai;
    next.life = life_ns ? life_ns : rtv::GrainDynamic{}.life;
  }
  self.dynamic = next;
  self.engine->set_dynamic(std::make_unique<rtv::GrainDynamic>(next));
}

void set_slates(TransmitterObject &self, const nb::dict &slates) {
  self.engine->banners().publish(
      banners_from(slates, self.engine->config().format, {"no-signal", "format", "gone"}));
}

void construct(TransmitterObject *self, const nb::object &source, const nb::dict &format,
               const Packets &packets, const nb::sequence &video, const nb::sequence &metadata,
               uint8_t payload_type, uint32_t ssrc, uint8_t metadata_payload_type,
               uint32_t metadata_ssrc, uint32_t max_udp, int64_t tro_ns, int64_t active_ns,
               int64_t drain_ps, uint32_t cmax, uint32_t lead_packets, bool paced, uint32_t burst,
               const std::string &sync, bool slices, int64_t static_period_ns,
               uint64_t max_frames, int64_t spin_ns, bool realtime, int cpu, bool txtime,
               const std::string &ground) {
  auto *table =
      static_cast<rtv_source *>(PyCapsule_GetPointer(source.ptr(), RTV_SOURCE_CAPSULE));
  if (!table) {
    PyErr_Clear();
    refuse("source: is no source's capsule; give source.capsule()");
  }
  if (table->abi != RTV_ABI) refuse("source: speaks another version of video.h; rebuild its card");
  if (sync != "aligned" && sync != "direct")
    refuse("sync: '" + sync + "' is unknown; choose aligned or direct");
  rtv::TxConfig c;
  c.format = format_from(format);
  c.packets.assign(packets.data(), packets.data() + packets.size());
  c.video = legs_from("video", video);
  c.metadata = legs_from("metadata", metadata);
  c.payload_type = payload_type;
  c.ssrc = ssrc;
  c.metadata_payload_type = metadata_payload_type;
  c.metadata_ssrc = metadata_ssrc;
  c.max_udp = max_udp;
  c.tro_ns = tro_ns;
  c.active_ns = active_ns;
  c.drain_ps = drain_ps;
  c.cmax = cmax;
  c.lead_packets = lead_packets;
  c.paced = paced;
  c.burst = burst;
  c.aligned = sync == "aligned";
  c.slices = slices;
  c.static_period_ns = static_period_ns;
  c.max_frames = max_frames;
  c.spin_ns = spin_ns;
  c.realtime = realtime;
  c.cpu = cpu;
  c.txtime = txtime;
  if (!rtv::ground_named(ground, &c.ground))
    refuse("ground: '" + ground + "' is unknown; choose last, black or pattern");
  new (self) TransmitterObject{
      with_os_errors([&] { return std::make_unique<Transmitter>(table, std::move(c)); }), {}};
}

}  // namespace

void bind_transmitter(nb::module_ &m) {
  nb::class_<TransmitterObject>(m, "Transmitter")
      .def("__init__", &construct, nb::arg("source"), nb::kw_only(), nb::arg("format"),
           nb::arg("packets"), nb::arg("video"), nb::arg("metadata"), nb::arg("payload_type"),
           nb::arg("ssrc"), nb::arg("metadata_payload_type"), nb::arg("metadata_ssrc"),
           nb::arg("max_udp"), nb::arg("tro_ns"), nb::arg("active_ns"), nb::arg("drain_ps"),
           nb::arg("cmax"), nb::arg("lead_packets"), nb::arg("paced") = true,
           nb::arg("burst") = 0, nb::arg("sync") = "aligned", nb::arg("slices") = false,
           nb::arg("static_period_ns") = 500'000'000, nb::arg("max_frames") = 0,
           nb::arg("spin_ns") = -1, nb::arg("realtime") = true, nb::arg("cpu") = -1,
           nb::arg("txtime") = false, nb::arg("ground") = "last")
      .def("set_grain", &set_grain, nb::kw_only(), nb::arg("static_id"), nb::arg("base"),
           nb::arg("pose"), nb::arg("static"), nb::arg("extension_first"),
           nb::arg("extension_middle"), nb::arg("extension_last"), nb::arg("extension_single"),
           nb::arg("patches"), nb::arg("from_tai") = 0)
      .def("set_dynamic", &set_dynamic, nb::arg("values"), nb::arg("tai"),
           nb::arg("life_ns") = 0)
      .def("set_slates", &set_slates, nb::arg("slates"))
      .def("start", [](TransmitterObject &t) { t.engine->start(); })
      .def("stop",
           [](TransmitterObject &t) {
             nb::gil_scoped_release unlocked;
             t.engine->stop();
           })
      .def("running", [](const TransmitterObject &t) { return t.engine->running(); })
      .def("counters",
           [](const TransmitterObject &t) {
             nb::dict d;
             rtv::each_counter(t.engine->counters(),
                               [&](const char *name, uint64_t value) { d[name] = value; });
             return d;
           })
      .def("histograms",
           [](const TransmitterObject &t) {
             const rtv::TxHistograms &h = t.engine->histograms();
             nb::dict d;
             d["pacing_late"] = histogram_dict(h.pacing_late);
             d["handover"] = histogram_dict(h.handover);
             d["frame_send"] = histogram_dict(h.frame_send);
             return d;
           })
      .def("late_wakes",
           [](const TransmitterObject &t) {
             nb::dict d;
             d["send"] = late_wakes_list(t.engine->histograms().late_wakes);
             return d;
           })
      .def("events", [](TransmitterObject &t) { return drain_events(t.engine->events()); });
}
