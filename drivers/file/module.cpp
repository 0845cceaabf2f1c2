// SPDX-License-Identifier: Apache-2.0
// `drivers.file._file`: clips, as Python feeds them.
#include <nanobind/nanobind.h>
#include <nanobind/stl/vector.h>

#include "binding.hpp"
#include "clip.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

class Feeder {
  std::shared_ptr<rtv::Clip> clip_;
  size_t kept_ = 0;
  rtv_frame *picture(nb::handle capsule) const {
    auto *f = rtv::from_capsule<rtv_frame>(capsule, RTV_FRAME_CAPSULE);
    if (!rtv::same_picture(f->format, clip_->format()))
      throw nb::value_error("frame: not of the clip's format");
    return f;
  }

 public:
  Feeder(const nb::dict &format, size_t buffers, bool stamp)
      : clip_(std::make_shared<rtv::Clip>(rtv::format_from(format), buffers, stamp)) {}
  void keep(nb::handle frame) {
    clip_->keep(picture(frame));
    ++kept_;
  }
  void loop(const std::vector<uint32_t> &order) {
    for (const uint32_t i : order)
      if (i >= kept_) throw nb::value_error("loop: a picture that was not kept");
    clip_->loop(order);
  }
  bool push(nb::handle frame, uint64_t first, uint64_t count) {
    return clip_->push(picture(frame), first, count);
  }
  size_t waiting() const { return clip_->waiting(); }
  uint64_t underruns() const { return clip_->underruns(); }
  nb::object content() { return rtv::content_capsule(std::make_unique<rtv::ClipContent>(clip_)); }
};

}  // namespace

NB_MODULE(_file, m) {
  m.doc() = "Clips: pictures from files, fed ahead of time to a pretend card.";
  m.attr("RING") = rtv::Clip::kRing;
  nb::class_<Feeder>(m, "Feeder")
      .def(nb::init<const nb::dict &, size_t, bool>(), "format"_a, "buffers"_a, "stamp"_a)
      .def("keep", &Feeder::keep, "frame"_a)
      .def("loop", &Feeder::loop, "order"_a)
      .def("push", &Feeder::push, "frame"_a, "first"_a, "count"_a)
      .def_prop_ro("waiting", &Feeder::waiting)
      .def_prop_ro("underruns", &Feeder::underruns)
      .def("content", &Feeder::content);
}
