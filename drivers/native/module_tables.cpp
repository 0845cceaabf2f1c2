// SPDX-License-Identifier: Apache-2.0
// The function tables driven from Python: for tests, tools and slow consumers. The engine uses
// the tables directly.
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>

#include "module.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

class SourceReader {
  const rtv_source *s_;

 public:
  explicit SourceReader(nb::handle capsule)
      : s_(rtv::from_capsule<const rtv_source>(capsule, RTV_SOURCE_CAPSULE)) {
    if (s_->abi != RTV_ABI) throw nb::value_error("source: made by a module of another version");
    s_->retain(s_->self);
  }
  SourceReader(const SourceReader &) = delete;
  SourceReader &operator=(const SourceReader &) = delete;
  ~SourceReader() {
    nb::gil_scoped_release free;
    s_->stop(s_->self);
    s_->release(s_->self);
  }
  int start(bool slices) {
    nb::gil_scoped_release free;
    return s_->start(s_->self, slices);
  }
  nb::tuple next(int64_t timeout_ns) {
    rtv_event e{};
    int result;
    {
      nb::gil_scoped_release free;
      result = s_->next(s_->self, timeout_ns, &e);
    }
    nb::object frame = nb::none();
    if (e.frame) frame = nb::cast(std::make_unique<NativeFrame>(e.frame, 0, false));
    nb::dict d;
    d["signal"] = e.signal;
    d["generation"] = e.generation;
    d["tai"] = e.tai;
    if (result == RTV_FORMAT_CHANGED) d["format"] = rtv::format_dict(e.format);
    return nb::make_tuple(result, frame, d);
  }
  int wait_lines(const NativeFrame &n, uint32_t lines, int64_t timeout_ns) {
    nb::gil_scoped_release free;
    return s_->wait_lines(s_->self, n.get(), lines, timeout_ns);
  }
  void stop() {
    nb::gil_scoped_release free;
    s_->stop(s_->self);
  }
  std::string error() { return s_->error(s_->self); }
};

class SinkWriter {
  const rtv_sink *s_;

 public:
  explicit SinkWriter(nb::handle capsule)
      : s_(rtv::from_capsule<const rtv_sink>(capsule, RTV_SINK_CAPSULE)) {
    if (s_->abi != RTV_ABI) throw nb::value_error("sink: made by a module of another version");
    s_->retain(s_->self);
  }
  SinkWriter(const SinkWriter &) = delete;
  SinkWriter &operator=(const SinkWriter &) = delete;
  ~SinkWriter() {
    nb::gil_scoped_release free;
    s_->stop(s_->self);
    s_->release(s_->self);
  }
  int start(const nb::dict &format, bool slices) {
    const rtv_format f = rtv::format_from(format);
    nb::gil_scoped_release free;
    return s_->start(s_->self, &f, slices);
  }
  int submit(NativeFrame &n, int64_t due_tai) {
    n.hand_on();
    nb::gil_scoped_release free;
    return s_->submit(s_->self, n.get(), due_tai);
  }
  void stop() {
    nb::gil_scoped_release free;
    s_->stop(s_->self);
  }
  std::string error() { return s_->error(s_->self); }
};

}  // namespace

void bind_tables(nb::module_ &m) {
  nb::class_<SourceReader>(m, "SourceReader")
      .def(nb::init<nb::handle>())
      .def("start", &SourceReader::start, "slices"_a = false)
      .def("next", &SourceReader::next, "timeout_ns"_a)
      .def("wait_lines", &SourceReader::wait_lines, "frame"_a, "lines"_a, "timeout_ns"_a)
      .def("stop", &SourceReader::stop)
      .def("error", &SourceReader::error);
  nb::class_<SinkWriter>(m, "SinkWriter")
      .def(nb::init<nb::handle>())
      .def("start", &SinkWriter::start, "format"_a, "slices"_a = false)
      .def("submit", &SinkWriter::submit, "frame"_a, "due_tai"_a)
      .def("stop", &SinkWriter::stop)
      .def("error", &SinkWriter::error);
}
