// SPDX-License-Identifier: Apache-2.0
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

#include "module.hpp"
#include "module_overlay.hpp"
#include "rx.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

template <typename T>
T field(const std::string &where, const nb::handle &value, const char *what) {
  T out;
  if (!nb::try_cast<T>(value, out)) throw nb::value_error((where + ": is no " + what).c_str());
  return out;
}

std::vector<rtv::RxLeg> legs_from(const char *name, const nb::sequence &legs) {
  std::vector<rtv::RxLeg> out;
  for (size_t i = 0; i < nb::len(legs); ++i) {
    const std::string where = std::string(name) + "[" + std::to_string(i) + "]";
    if (!nb::isinstance<nb::dict>(legs[i]))
      throw nb::value_error((where + ": is no leg; give a dict").c_str());
    rtv::RxLeg leg;
    for (auto [k, value] : nb::cast<nb::dict>(legs[i])) {
      const auto key = nb::cast<std::string>(nb::str(k));
      const std::string path = where + "." + key;
      if (key == "interface")
        leg.interface = field<std::string>(path, value, "text");
      else if (key == "address")
        leg.address = field<std::string>(path, value, "text");
      else if (key == "source_ip")
        leg.source_ip = field<std::string>(path, value, "text");
      else if (key == "port")
        leg.port = field<uint16_t>(path, value, "port; give 1 to 65535");
      else if (key != "source_port" && key != "ttl" && key != "dscp")  // a sender's
        throw nb::value_error((path + ": is unknown").c_str());
    }
    if (leg.address.empty()) throw nb::value_error((where + ".address: is missing").c_str());
    out.push_back(leg);
  }
  return out;
}

rtv::ExtensionIds ids_from(const nb::dict &extensions) {
  rtv::ExtensionIds ids;
  for (auto [k, value] : extensions) {
    const auto key = nb::cast<std::string>(nb::str(k));
    const std::string path = "extensions." + key;
    const auto id = field<uint8_t>(path, value, "id; give 1 to 14");
    if (id < 1 || id > 14) throw nb::value_error((path + ": is no id; give 1 to 14").c_str());
    if (key == "origin")
      ids.origin = id;
    else if (key == "sync")
      ids.sync = id;
    else if (key == "flow")
      ids.flow = id;
    else if (key == "source")
      ids.source = id;
    else if (key == "flags")
      ids.flags = id;
    else
      throw nb::value_error(
          (path + ": is unknown; known are origin, sync, flow, source, flags").c_str());
  }
  return ids;
}

[[noreturn]] void raise_os_error(const std::system_error &e) {
  nb::object error = nb::steal(
      PyObject_CallFunction(PyExc_OSError, "is", e.code().value(), e.what()));
  if (error.is_valid()) PyErr_SetObject(PyExc_OSError, error.ptr());
  throw nb::python_error();
}

void release_frame(PyObject *capsule) {
  rtv_frame_unref(static_cast<rtv_frame *>(PyCapsule_GetPointer(capsule, RTV_FRAME_CAPSULE)));
}

// The capsule stays alive with the receiver, and with it the sink's table.
struct PyReceiver {
  PyReceiver(nb::object s, std::unique_ptr<rtv::Receiver> r)
      : sink(std::move(s)), rx(std::move(r)) {}
  ~PyReceiver() {
    nb::gil_scoped_release off;  // joins threads
    rx.reset();
  }
  nb::object sink;
  std::unique_ptr<rtv::Receiver> rx;
};

void construct(PyReceiver *self, nb::object sink, const nb::dict &format,
               const nb::sequence &video, const nb::sequence &metadata, int payload_type,
               int metadata_payload_type, uint32_t rtp_rate, const nb::dict &extensions,
               int64_t link_offset_ns, int64_t skew_ns, uint32_t reorder_packets, bool slices,
               uint64_t max_frames, bool realtime, int cpu, int rcvbuf, const std::string &ground) {
  auto *table = static_cast<rtv_sink *>(PyCapsule_GetPointer(sink.ptr(), RTV_SINK_CAPSULE));
  if (!table) throw nb::python_error();
  if (table->abi != RTV_ABI || table->size < sizeof(rtv_sink))
    throw nb::value_error("sink: built for another version of video.h; rebuild it");
  rtv::RxConfig c;
  c.format = format_from(format);
  c.video = legs_from("video", video);
  c.metadata = legs_from("metadata", metadata);
  c.payload_type = static_cast<uint8_t>(payload_type < 0 || payload_type > 255 ? 0 : payload_type);
  c.metadata_payload_type = static_cast<uint8_t>(
      metadata_payload_type < 0 || metadata_payload_type > 255 ? 0 : metadata_payload_type);
  c.rtp_rate = rtp_rate;
  c.ids = ids_from(extensions);
  c.link_offset_ns = link_offset_ns;
  c.skew_ns = skew_ns;
  c.reorder_packets = reorder_packets;
  c.slices = slices;
  c.max_frames = max_frames;
  c.realtime = realtime;
  c.cpu = cpu;
  c.rcvbuf = rcvbuf;
  if (!rtv::ground_named(ground, &c.ground))
    throw nb::value_error(("ground: '" + ground + "' is unknown; choose last, black or pattern").c_str());
  std::unique_ptr<rtv::Receiver> rx;
  try {
    rx = std::make_unique<rtv::Receiver>(table, c);
  } catch (const std::invalid_argument &e) {
    throw nb::value_error(e.what());
  }
  new (self) PyReceiver(std::move(sink), std::move(rx));
}

nb::dict histograms(const PyReceiver &self) {
  const rtv::RxHistograms &h = self.rx->histograms();
  nb::dict d;
  d["latency"] = histogram_dict(h.latency);
  d["added"] = histogram_dict(h.added);
  d["arrival"] = histogram_dict(h.arrival);
  d["skew"] = histogram_dict(h.skew);
  return d;
}

}  // namespace

void bind_receiver(nb::module_ &m) {
  nb::dict ids;
  for (auto [name, id] : {std::pair{"origin", 1}, {"flow", 3}, {"source", 4}, {"flags", 5},
                          {"sync", 7}})
    ids[name] = id;

  nb::class_<PyReceiver>(m, "Receiver", "One stream in; see _engine.pyi.")
      .def("__init__", &construct, "sink"_a, nb::kw_only(), "format"_a, "video"_a, "metadata"_a,
           "payload_type"_a, "metadata_payload_type"_a, "rtp_rate"_a = 90'000,
           "extensions"_a = ids, "link_offset_ns"_a = -1, "skew_ns"_a = 10'000'000,
           "reorder_packets"_a = 64, "slices"_a = false, "max_frames"_a = 0, "realtime"_a = true,
           "cpu"_a = -1, "rcvbuf"_a = 64 << 20, "ground"_a = "last")
      .def("start",
           [](PyReceiver &self) {
             try {
               nb::gil_scoped_release off;  // it waits for its thread
               self.rx->start();
             } catch (const std::system_error &e) {
               raise_os_error(e);
             }
           })
      .def("stop",
           [](PyReceiver &self) {
             nb::gil_scoped_release off;  // the sink's own end may need Python
             self.rx->stop();
           })
      .def("running", [](const PyReceiver &self) { return self.rx->running(); })
      .def("counters",
           [](const PyReceiver &self) {
             nb::dict d;
             self.rx->counters().each([&](const char *name, uint64_t n) { d[name] = n; });
             d["events_dropped"] = self.rx->events().dropped();
             return d;
           })
      .def("histograms", &histograms)
      .def("late_wakes",
           [](const PyReceiver &self) {
             const rtv::RxHistograms &h = self.rx->histograms();
             nb::dict d;
             d["receive"] = late_wakes_list(h.receiving_late);
             d["present"] = late_wakes_list(h.presenting_late);
             return d;
           })
      .def("events", [](PyReceiver &self) { return drain_events(self.rx->events()); })
      .def("static_part",
           [](PyReceiver &self) -> nb::object {
             uint32_t id;
             rtv::Octets bytes;
             if (!self.rx->static_part(&id, &bytes)) return nb::none();
             return nb::make_tuple(id, nb::bytes(reinterpret_cast<const char *>(bytes.data()),
                                                 bytes.size()));
           })
      .def(
          "set_overlay",
          [](PyReceiver &self, uint32_t static_id, const nb::sequence &layers,
             const nb::sequence &fields) {
            self.rx->compositor().publish(
                overlay_from(self.rx->format(), static_id, layers, fields));
            self.rx->announce();
          },
          "static_id"_a, "layers"_a, "fields"_a = nb::tuple())
      .def(
          "set_atlas",
          [](PyReceiver &self, uint32_t cell_w, uint32_t cell_h, const nb::object &alpha) {
            self.rx->compositor().publish(atlas_from(cell_w, cell_h, alpha));
          },
          "cell_w"_a, "cell_h"_a, "alpha"_a)
      .def(
          "set_slates",
          [](PyReceiver &self, const nb::dict &slates) {
            self.rx->compositor().publish(banners_from(
                slates, self.rx->format(), {"no-flow", "late", "no-metadata", "no-patient"}));
          },
          "slates"_a)
      .def("snapshot", [](PyReceiver &self) -> nb::object {
        rtv_frame *f = self.rx->snapshot();
        if (!f) return nb::none();
        PyObject *capsule = PyCapsule_New(f, RTV_FRAME_CAPSULE, release_frame);
        if (!capsule) {
          rtv_frame_unref(f);
          throw nb::python_error();
        }
        return nb::steal(capsule);
      });
}
