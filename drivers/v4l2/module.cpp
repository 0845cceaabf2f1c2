// SPDX-License-Identifier: Apache-2.0
// `drivers.v4l2._v4l2`: V4L2 nodes, as Python sees them. Errors of a node are OSError.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cerrno>

#include "binding.hpp"
#include "capture.hpp"
#include "playout.hpp"
#include "rtvbox/python.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using namespace rtv::v4l2;

namespace {

[[noreturn]] void raise(int error, const std::string &path) {
  errno = error;
  PyErr_SetFromErrnoWithFilename(PyExc_OSError, path.c_str());
  throw nb::python_error();
}

std::string code_text(uint32_t code) {
  std::string text;
  for (int i = 0; i < 4; ++i) {
    const char c = static_cast<char>(code >> (8 * i) & 0x7F);
    text += c >= ' ' && c < 127 ? c : '?';
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return code >> 31 ? text + "-BE" : text;  // big-endian, as the kernel's headers mark it
}

// The fourcc of one that is carried; 0 for "".
uint32_t code_of(const std::string &text) {
  if (text.empty()) return 0;
  const PixelList list = known(10);
  for (auto at = list.begin; at != list.end; ++at)
    if (code_text((*at)->fourcc) == text) return (*at)->fourcc;
  const std::string why = "pixels: " + text + " is not carried; choose UYVY, YUYV, NV16, NM16, "
                          "Y210, v210 or V210";
  throw nb::value_error(why.c_str());
}

// The enum v4l2_field of a name; 0 for "".
uint32_t field_of(const std::string &name) {
  const uint32_t field = field_named(name.c_str());
  FieldOrder order{};
  if (name.empty() || (field && order_of(field, RTV_INTERLACED, true, false, &order))) return field;
  const std::string why = "fields: " + name + " is not carried; choose interlaced, interlaced_tb, "
                          "interlaced_bt, seq_tb, seq_bt or alternate";
  throw nb::value_error(why.c_str());
}

std::string memory_of(const std::string &text) {
  const bool heap = text.starts_with("heap:") && text.size() > 5 &&
                    text.find('/') == std::string::npos && text != "heap:." && text != "heap:..";
  if (text.empty() || text == "udmabuf" || heap) return text;
  const std::string why =
      "memory: " + text + " is not known; choose udmabuf, or heap:NAME of /dev/dma_heap";
  throw nb::value_error(why.c_str());
}

std::string path_of(nb::handle path) {
  return nb::cast<std::string>(nb::module_::import_("os").attr("fspath")(path));
}

void opened(Device &device) {
  if (int e = device.open()) raise(e, device.path());
}

nb::dict raster_dict(const rtv_format &f) {
  nb::dict d;
  d["width"] = f.width;
  d["height"] = f.height;
  d["rate_num"] = f.rate_num;
  d["rate_den"] = f.rate_den;
  d["scan"] = f.scan;
  return d;
}

nb::dict describe(nb::handle path, bool measure) {
  Device device(path_of(path));
  opened(device);
  nb::dict d;
  d["driver"] = device.driver();
  d["card"] = device.card();
  d["bus"] = device.bus();
  d["captures"] = device.captures();
  d["plays"] = device.plays();
  d["planes"] = device.planes();
  d["dv_timings"] = device.has_timings();
  std::string name;
  uint32_t index = 0;
  device.current(&index, &name);
  d["connector"] = name;
  nb::list connectors;
  for (const Connector &one : device.connectors()) {
    nb::dict c;
    c["number"] = one.index;
    c["name"] = one.name;
    c["chosen"] = one.chosen;
    c["dv_timings"] = one.dv_timings;
    c["signal"] = one.state;
    connectors.append(c);
  }
  d["connectors"] = connectors;
  nb::list formats;
  // Those that are carried first, as a 10-bit stream would choose them.
  auto offers = device.offers();
  const PixelList list = known(10);
  for (auto at = list.begin; at != list.end; ++at) {
    const auto mine = std::find_if(offers.begin(), offers.end(),
                                   [&](const Offer &one) { return one.fourcc == (*at)->fourcc; });
    if (mine == offers.end()) continue;
    formats.append(nb::make_tuple(code_text(mine->fourcc), mine->text, (*at)->depth));
    offers.erase(mine);
  }
  for (const Offer &offer : offers)
    formats.append(nb::make_tuple(code_text(offer.fourcc), offer.text, 0));
  d["formats"] = formats;
  if (device.captures() && measure) {
    Timings seen{};
    const int e = device.has_timings() ? device.query_timings(&seen) : ENODATA;
    d["signal"] = e == 0 || e == ENODATA ? device.input_state()
                  : e == ENOLCK          ? uint32_t{RTV_SIGNAL_UNLOCKED}
                  : e == ERANGE          ? uint32_t{RTV_SIGNAL_UNSUPPORTED}
                                         : uint32_t{RTV_SIGNAL_ABSENT};
    if (e == 0) d["timings"] = raster_dict(seen.format);
  }
  return d;
}

uint32_t connector_of(const Device &device, int32_t number) {
  uint32_t index = static_cast<uint32_t>(number);
  if (number < 0)
    if (int e = device.current(&index, nullptr)) raise(e, device.path());
  return index;
}

nb::bytes get_edid(nb::handle path, int32_t connector) {
  Device device(path_of(path));
  opened(device);
  std::vector<uint8_t> edid;
  if (int e = device.get_edid(connector_of(device, connector), &edid)) raise(e, device.path());
  return nb::bytes(reinterpret_cast<const char *>(edid.data()), edid.size());
}

void set_edid(nb::handle path, nb::bytes edid, int32_t connector) {
  Device device(path_of(path));
  opened(device);
  const auto *octets = reinterpret_cast<const uint8_t *>(edid.c_str());
  const uint32_t at = connector_of(device, connector);
  if (int e = device.set_edid(at, {octets, octets + edid.size()})) raise(e, device.path());
}

// Names of their own: nanobind tells types apart by name, over all our modules.
// One node at a time; the table keeps it alive for the engine.
template <class T>
class Held {
 public:
  Held() = default;
  Held(const Held &) = delete;
  Held &operator=(const Held &) = delete;
  ~Held() {
    if (node_) node_->release();
  }
  void set(T *node) { node_ = node; }
  T *operator->() const { return node_; }

 private:
  T *node_ = nullptr;
};

class NodeInput {
  Held<Capture> node_;

 public:
  NodeInput(nb::handle path, const nb::dict &format, uint32_t buffers, uint32_t queue,
            bool realtime, int32_t input, const std::string &pixels, const std::string &fields,
            const std::string &memory) {
    CaptureOptions o;
    o.memory = memory_of(memory);
    o.path = path_of(path);
    o.format = rtv::format_from(format);
    o.buffers = buffers;
    o.queue = queue;
    o.realtime = realtime;
    o.input = input;
    o.pixels = code_of(pixels);
    o.field = field_of(fields);
    node_.set(new Capture(o));
  }
  nb::object capsule() const { return rtv::source_capsule(node_->table()); }
  void stop() const {
    nb::gil_scoped_release free;
    node_->table()->stop(node_->table()->self);
  }
  std::string error() const { return node_->last_error(); }
  nb::dict stats() const {
    nb::dict d;
    const rtv::LiveStats &s = node_->stats;
    d["frames"] = s.frames.load();
    d["taken"] = s.taken.load();
    d["dropped"] = s.dropped.load();
    d["missed"] = s.lost.load();
    d["corrupt"] = s.corrupt.load();
    d["not_live"] = s.not_live.load();
    d["no_buffer"] = s.no_buffer.load();
    d["signal_changes"] = s.signal_changes.load();
    d["restarts"] = s.restarts.load();
    d["signal"] = s.signal.load();
    d["generation"] = s.generation.load();
    d["copied"] = node_->copied.load();
    d["lone_fields"] = node_->lone_fields.load();
    d["buffers"] = node_->buffers.load();
    d["realtime"] = node_->realtime.load();
    d["running"] = node_->running();
    return d;
  }
  std::string fourcc() const {
    const uint32_t code = node_->seen_fourcc.load();
    return code ? code_text(code) : "";
  }
  std::string fields() const { return name_of_field(node_->seen_field.load()); }
};

class NodeOutput {
  Held<Playout> node_;

 public:
  NodeOutput(nb::handle path, uint32_t buffers, bool realtime, int32_t output,
             const std::string &pixels, const std::string &fields) {
    PlayoutOptions o;
    o.path = path_of(path);
    o.buffers = buffers;
    o.realtime = realtime;
    o.output = output;
    o.pixels = code_of(pixels);
    o.field = field_of(fields);
    node_.set(new Playout(o));
  }
  nb::object capsule() const { return rtv::sink_capsule(node_->table()); }
  void stop() const {
    nb::gil_scoped_release free;
    node_->stop();
  }
  std::string error() const { return node_->last_error(); }
  nb::dict stats() const {
    nb::dict d;
    const PlayoutStats &s = node_->stats;
    d["submitted"] = s.submitted.load();
    d["shown"] = s.shown.load();
    d["late"] = s.late.load();
    d["overflow"] = s.overflow.load();
    d["black"] = s.black.load();
    d["no_buffer"] = s.no_buffer.load();
    d["partial"] = s.partial.load();
    d["errors"] = s.errors.load();
    d["gone"] = s.gone.load();
    d["rounded"] = s.rounded.load();
    d["realtime"] = s.realtime.load();
    d["running"] = node_->running();
    return d;
  }
  nb::dict after_due() const { return rtv::histogram_dict(node_->after_due); }
  std::string fourcc() const {
    const uint32_t code = node_->stats.fourcc.load();
    return code ? code_text(code) : "";
  }
  std::string fields() const { return name_of_field(node_->stats.field.load()); }
};

}  // namespace

NB_MODULE(_v4l2, m) {
  m.def("describe", &describe, "path"_a, "measure"_a);
  m.def("get_edid", &get_edid, "path"_a, "connector"_a);
  m.def("set_edid", &set_edid, "path"_a, "edid"_a, "connector"_a);
  m.def("struct_sizes", [] {
    nb::dict d;
    d["v4l2_dv_timings"] = sizeof(v4l2_dv_timings);
    d["v4l2_buffer"] = sizeof(v4l2_buffer);
    d["v4l2_format"] = sizeof(v4l2_format);
    return d;
  });
  // A conversion on octets, for tests: rows of a driver's format into a frame of ours, and back.
  m.def(
      "convert",
      [](nb::handle frame, const std::string &code, nb::handle memory, uint32_t stride,
         bool into_frame) {
        auto *f = rtv::from_capsule<rtv_frame>(frame, RTV_FRAME_CAPSULE);
        Py_buffer view;
        if (PyObject_GetBuffer(memory.ptr(), &view, PyBUF_WRITABLE) != 0) throw nb::python_error();
        auto *base = static_cast<uint8_t *>(view.buf);
        const size_t rows = f->format.height;
        bool done = false;
        const PixelList list = known(10);
        for (auto at = list.begin; at != list.end && !done; ++at) {
          const Pixels &pixels = **at;
          const size_t size = size_t{stride} * rows * (pixels.two_planes ? 2 : 1);
          const size_t row = pixels.bytes_a_pixel
                                 ? size_t{f->format.width} * pixels.bytes_a_pixel
                                 : (size_t{f->format.width} + 5) / 6 * 16;
          if (stride < row) continue;
          if (code_text(pixels.fourcc) != code || static_cast<size_t>(view.len) < size) continue;
          const Memory m{{base, base + size_t{stride} * rows}, {stride, stride}};
          if (into_frame)
            pixels.in(m, f, 0, f->format.height);
          else
            pixels.out(f, m, 0, f->format.height);
          done = true;
        }
        PyBuffer_Release(&view);
        if (!done) throw nb::value_error("convert: no such format, or too little memory");
      },
      "frame"_a, "code"_a, "memory"_a, "stride"_a, "into_frame"_a);
  nb::class_<NodeInput>(m, "Input")
      .def(nb::init<nb::handle, const nb::dict &, uint32_t, uint32_t, bool, int32_t,
                    const std::string &, const std::string &, const std::string &>(),
           "path"_a, "format"_a, "buffers"_a, "queue"_a, "realtime"_a, "input"_a,
           "pixels"_a, "fields"_a, "memory"_a)
      .def("capsule", &NodeInput::capsule)
      .def("stop", &NodeInput::stop)
      .def("error", &NodeInput::error)
      .def("stats", &NodeInput::stats)
      .def("fourcc", &NodeInput::fourcc)
      .def("fields", &NodeInput::fields);
  nb::class_<NodeOutput>(m, "Output")
      .def(nb::init<nb::handle, uint32_t, bool, int32_t, const std::string &,
                    const std::string &>(),
           "path"_a, "buffers"_a, "realtime"_a, "output"_a, "pixels"_a, "fields"_a)
      .def("capsule", &NodeOutput::capsule)
      .def("stop", &NodeOutput::stop)
      .def("error", &NodeOutput::error)
      .def("stats", &NodeOutput::stats)
      .def("after_due", &NodeOutput::after_due)
      .def("fourcc", &NodeOutput::fourcc)
      .def("fields", &NodeOutput::fields);
}
