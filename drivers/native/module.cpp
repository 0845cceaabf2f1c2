// SPDX-License-Identifier: Apache-2.0
// `drivers._video`: what all cards share, as Python sees it.
#include "module.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <cstring>

#include "convert.hpp"
#include "samples.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

template <class T>
nb::object array_over(void *data, std::vector<size_t> shape, nb::handle owner, bool writable) {
  if (writable)
    return nb::cast(nb::ndarray<nb::numpy, T>(data, shape.size(), shape.data(), owner),
                    nb::rv_policy::reference);
  return nb::cast(nb::ndarray<nb::numpy, const T>(data, shape.size(), shape.data(), owner),
                  nb::rv_policy::reference);
}

nb::list planes(nb::handle_t<NativeFrame> self) {
  const NativeFrame &n = nb::cast<const NativeFrame &>(self);
  const rtv_frame *f = n.get();
  nb::list out;
  for (int p = 0; p < rtv::plane_count(f->format); ++p) {
    const size_t h = f->format.height, s = f->stride[p];
    if (f->format.layout == RTV_PLANAR16)
      out.append(array_over<uint16_t>(f->plane[p], {h, s / 2}, self, n.writable()));
    else
      out.append(array_over<uint8_t>(f->plane[p], {h, s}, self, n.writable()));
  }
  return out;
}

nb::object audio(nb::handle_t<NativeFrame> self) {
  const rtv_frame *f = nb::cast<const NativeFrame &>(self).get();
  if (!f->audio) return nb::none();
  return array_over<int32_t>(const_cast<int32_t *>(f->audio),
                             {f->audio_samples, f->audio_channels}, self, false);
}

nb::list ancillary(const NativeFrame &n) {
  const rtv_frame *f = n.get();
  nb::list out;
  for (uint32_t i = 0; f->anc && i < f->anc_count; ++i) {
    const rtv_anc &a = f->anc[i];
    out.append(nb::make_tuple(a.did, a.sdid, a.line, a.stream, nb::bytes(a.data, a.words)));
  }
  return out;
}

void set_metadata(NativeFrame &n, const nb::bytes &b) {
  rtv_frame *f = n.changing();
  if (b.size() > n.metadata_room())
    throw nb::value_error("metadata: does not fit beside this frame; make the pool with more");
  if (b.size()) std::memcpy(const_cast<uint8_t *>(f->metadata), b.c_str(), b.size());
  f->metadata_bytes = static_cast<uint32_t>(b.size());
}

template <class T>
using Picture = nb::ndarray<const T, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Plane = nb::ndarray<const uint16_t, nb::ndim<2>, nb::device::cpu>;

template <class T>
nb::object rgb_array(size_t h, size_t w, T **data) {
  *data = new T[h * w * 3];
  const size_t shape[3] = {h, w, 3};
  nb::capsule owner(*data, [](void *p) noexcept { delete[] static_cast<T *>(p); });
  return nb::cast(nb::ndarray<nb::numpy, T>(*data, 3, shape, owner), nb::rv_policy::reference);
}

void whole(const rtv_frame *f) {
  if (rtv::row_bytes(f->format, 0) == 0)
    throw nb::value_error("format: this memory layout cannot hold that sampling and depth");
}

nb::object preview(const NativeFrame &n, uint32_t width, uint32_t height) {
  const rtv_frame *f = n.get();
  whole(f);
  if (width == 0 || height == 0 || width > f->format.width || height > f->format.height)
    throw nb::value_error("preview: width and height lie between 1 and the picture's own");
  uint8_t *out;
  nb::object array = rgb_array(height, width, &out);
  nb::gil_scoped_release free;
  rtv::preview(f, width, height, out);
  return array;
}

nb::object to_rgb(const NativeFrame &n, int bits) {
  const rtv_frame *f = n.get();
  whole(f);
  if (bits == 8) {
    uint8_t *out;
    nb::object array = rgb_array(f->format.height, f->format.width, &out);
    nb::gil_scoped_release free;
    rtv::to_rgb8(f, out);
    return array;
  }
  if (bits != 16) throw nb::value_error("bits: 8 or 16");
  uint16_t *out;
  nb::object array = rgb_array(f->format.height, f->format.width, &out);
  nb::gil_scoped_release free;
  rtv::to_rgb16(f, out);
  return array;
}

void from_rgb(NativeFrame &n, const Picture<uint8_t> &rgb) {
  rtv_frame *f = n.changing();
  if (rgb.shape(0) != f->format.height || rgb.shape(1) != f->format.width || rgb.shape(2) != 3)
    throw nb::value_error("rgb: shape is not [height, width, 3] of the frame");
  nb::gil_scoped_release free;
  rtv::from_rgb8(f, rgb.data());
}

void from_planes(NativeFrame &n, const std::vector<Plane> &in, int depth) {
  rtv_frame *f = n.changing();
  if (in.size() != 3) throw nb::value_error("planes: three are needed");
  if (depth < 8 || depth > 16) throw nb::value_error("depth: 8 to 16");
  const uint16_t *plane[3];
  size_t stride[3];
  for (size_t p = 0; p < 3; ++p) {
    const size_t w = p ? rtv::chroma_width(f->format) : f->format.width;
    if (in[p].shape(0) < f->format.height || in[p].shape(1) < w || in[p].stride(1) != 1 ||
        in[p].stride(0) < 0)
      throw nb::value_error("planes: smaller than the frame, or not rows of samples");
    plane[p] = in[p].data();
    stride[p] = static_cast<size_t>(in[p].stride(0));
  }
  nb::gil_scoped_release free;
  rtv::from_planes(f, plane, stride, depth);
}

}  // namespace

NB_MODULE(_video, m) {
  m.doc() = "Frames, pools and conversions that all cards share.";

  nb::class_<NativeFrame>(m, "NativeFrame")
      .def("__init__",
           [](NativeFrame *self, nb::handle capsule) {
             new (self) NativeFrame(
                 rtv_frame_ref(rtv::from_capsule<rtv_frame>(capsule, RTV_FRAME_CAPSULE)), 0, false);
           })
      .def("capsule",
           [](NativeFrame &n) {
             n.hand_on();
             return rtv::frame_capsule(rtv_frame_ref(n.get()));
           })
      .def("borrow",
           [](NativeFrame &n) { return rtv::frame_capsule(rtv_frame_ref(n.get())); })
      .def("planes", &planes)
      .def("audio", &audio)
      .def("ancillary", &ancillary)
      .def("format", [](const NativeFrame &n) { return rtv::format_dict(n.get()->format); })
      .def_prop_ro("writable", &NativeFrame::writable)
      .def_prop_ro("address",
                   [](const NativeFrame &n) { return reinterpret_cast<uintptr_t>(n.get()); })
      .def_prop_ro("references",
                   [](const NativeFrame &n) {
                     return __atomic_load_n(&n.get()->refs, __ATOMIC_RELAXED);
                   })
      .def_prop_rw(
          "metadata",
          [](const NativeFrame &n) {
            const rtv_frame *f = n.get();
            return nb::bytes(reinterpret_cast<const char *>(f->metadata), f->metadata_bytes);
          },
          &set_metadata)
      .def_prop_rw(
          "lines_ready", [](const NativeFrame &n) { return rtv_lines_ready(n.get()); },
          [](NativeFrame &n, uint32_t v) {
            // Also after the hand-over: that is how a frame in slices grows.
            if (!n.made_here() || v > n.get()->format.height || v < rtv_lines_ready(n.get()))
              throw nb::value_error("lines_ready: only grows, up to the height, and by its maker");
            rtv_set_lines_ready(n.get(), v);
          })
#define FIELD(name)                                              \
  .def_prop_rw(                                                  \
      #name, [](const NativeFrame &n) { return n.get()->name; }, \
      [](NativeFrame &n, decltype(rtv_frame::name) v) { n.changing()->name = v; })
      // clang-format off
      FIELD(sequence) FIELD(capture_tai) FIELD(signal) FIELD(generation) FIELD(flags)
      FIELD(origin_tai) FIELD(presented_tai) FIELD(rtp_timestamp) FIELD(static_id);
  // clang-format on
#undef FIELD

  nb::class_<NativePool>(m, "NativePool")
      .def(
          "__init__",
          [](NativePool *self, const nb::dict &format, size_t count, size_t metadata) {
            if (count == 0 || count > 4096) throw nb::value_error("count: 1 to 4096 frames");
            new (self) NativePool(rtv::format_from(format), count, metadata);
          },
          "format"_a, "count"_a, "metadata"_a = 0)
      .def("acquire", &NativePool::acquire);

  m.def("preview", &preview, "frame"_a, "width"_a, "height"_a);
  m.def("to_rgb", &to_rgb, "frame"_a, "bits"_a = 8);
  m.def("from_rgb", &from_rgb, "frame"_a, "rgb"_a);
  m.def("from_planes", &from_planes, "frame"_a, "planes"_a, "depth"_a);
  m.def("fill_black", [](NativeFrame &n) { rtv::fill_black(n.changing()); });
  bind_tables(m);
  bind_relay(m);
  bind_card(m);
}
