// SPDX-License-Identifier: Apache-2.0
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <string>
#include <vector>

#include "kernels.hpp"
#include "kernels_speed.hpp"
#include "module.hpp"
#include "rtvbox/video.h"

namespace nb = nanobind;

namespace {

using Octets = nb::ndarray<const uint8_t, nb::c_contig, nb::device::cpu>;

[[noreturn]] void refuse(const std::string &line) { throw nb::value_error(line.c_str()); }

const rtv::Kernel &kernel_for(const rtv_format &format, const std::string &family) {
  if (const std::string why = rtv::format_refusal(format); !why.empty()) refuse(why);
  if (const rtv::Kernel *kernel = rtv::find_kernel(format, family)) return *kernel;
  std::string known;
  for (const char *name : rtv::cpu_families())
    known += (known.empty() ? "" : ", ") + std::string(name);
  refuse("kernel: '" + family + "' does not run here; choose " + known);
}



// A frame whose planes are Python's arrays, for the length of a call.
rtv_frame frame_over(const nb::sequence &planes, const rtv_format &format) {
  rtv_frame frame{};
  frame.abi = RTV_ABI;
  frame.format = format;
  const uint32_t count = rtv::memory_planes(format);
  if (nb::len(planes) != count)
    refuse("planes: " + std::to_string(nb::len(planes)) + " given; this layout has " +
           std::to_string(count));
  const bool wide = format.layout == RTV_PLANAR16;
  for (uint32_t k = 0; k < count; ++k) {
    const std::string name = "planes[" + std::to_string(k) + "]";
    nb::ndarray<nb::ro, nb::device::cpu> plane;
    if (!nb::try_cast(planes[k], plane) || plane.ndim() != 2 ||
        plane.dtype() != (wide ? nb::dtype<uint16_t>() : nb::dtype<uint8_t>()))
      refuse(name + ": is not a 2-D array of " + (wide ? "uint16" : "uint8"));
    const size_t item = wide ? 2 : 1, width = plane.shape(1) * item;
    if (plane.shape(1) > 1 && plane.stride(1) != 1)
      refuse(name + ": rows are not contiguous; pass numpy.ascontiguousarray of it");
    if (plane.shape(0) != format.height || width < rtv::row_octets(format, k))
      refuse(name + ": is " + std::to_string(plane.shape(0)) + " rows of " + std::to_string(width) +
             " bytes; the format needs " + std::to_string(format.height) + " of at least " +
             std::to_string(rtv::row_octets(format, k)));
    const int64_t stride = plane.stride(0) * static_cast<int64_t>(item);
    if (format.height > 1 && (stride < static_cast<int64_t>(width) || stride > INT32_MAX))
      refuse(name + ": rows do not follow each other; pass numpy.ascontiguousarray of it");
    frame.stride[k] = static_cast<uint32_t>(format.height > 1 ? static_cast<size_t>(stride) : width);
    frame.plane[k] = static_cast<uint8_t *>(const_cast<void *>(plane.data()));
  }
  return frame;
}

template <class T>
nb::ndarray<nb::numpy, T> owned(std::unique_ptr<T[]> data, std::initializer_list<size_t> shape) {
  T *p = data.release();
  nb::capsule owner(p, [](void *q) noexcept { delete[] static_cast<T *>(q); });
  return nb::ndarray<nb::numpy, T>(p, shape, owner);
}

nb::ndarray<nb::numpy, uint8_t> pack(const nb::sequence &planes, const nb::dict &fmt,
                                     const std::string &family) {
  const rtv_format format = format_from(fmt);
  const rtv::Kernel &kernel = kernel_for(format, family);
  const rtv_frame frame = frame_over(planes, format);
  const uint32_t groups = rtv::row_pgroups(format, kernel);
  const size_t row_octets = size_t{groups} * kernel.pgroup_octets;
  std::unique_ptr<uint8_t[]> out(new uint8_t[row_octets * format.height]);
  for (uint32_t row = 0; row < format.height; ++row)
    kernel.pack_run(frame, row, 0, groups, out.get() + row * row_octets);
  return owned(std::move(out), {row_octets * format.height});
}

template <class T>
nb::list unpack_planes(const uint8_t *in, const rtv_format &format, const rtv::Kernel &kernel) {
  rtv_frame frame{};
  frame.abi = RTV_ABI;
  frame.format = format;
  nb::list planes;
  for (uint32_t k = 0; k < rtv::memory_planes(format); ++k) {
    frame.stride[k] = rtv::row_octets(format, k);
    const size_t columns = frame.stride[k] / sizeof(T);
    std::unique_ptr<T[]> data(new T[columns * format.height]());
    frame.plane[k] = reinterpret_cast<uint8_t *>(data.get());
    planes.append(owned(std::move(data), {size_t{format.height}, columns}));
  }
  const uint32_t groups = rtv::row_pgroups(format, kernel);
  for (uint32_t row = 0; row < format.height; ++row)
    kernel.unpack_run(in + size_t{row} * groups * kernel.pgroup_octets, frame, row, 0, groups);
  return planes;
}

nb::list unpack(const Octets &octets, const nb::dict &fmt, const std::string &family) {
  const rtv_format format = format_from(fmt);
  const rtv::Kernel &kernel = kernel_for(format, family);
  const size_t need =
      size_t{rtv::row_pgroups(format, kernel)} * kernel.pgroup_octets * format.height;
  if (octets.size() != need)
    refuse("pgroups: " + std::to_string(octets.size()) + " octets; this picture has " +
           std::to_string(need));
  if (format.layout == RTV_PLANAR16) return unpack_planes<uint16_t>(octets.data(), format, kernel);
  return unpack_planes<uint8_t>(octets.data(), format, kernel);
}

double kernel_speed(const nb::dict &fmt, const std::string &what, const std::string &family,
                    uint32_t run, size_t window, double seconds) {
  const rtv_format format = format_from(fmt);
  const rtv::Kernel &kernel = kernel_for(format, family);
  if (!(seconds > 0 && seconds <= 60)) refuse("seconds: must be above 0 and at most 60");
  rtv::Direction direction = rtv::Direction::kPack;
  if (what == "unpack")
    direction = rtv::Direction::kUnpack;
  else if (what == "memcpy")
    direction = rtv::Direction::kCopy;
  else if (what == "memcpy-back")
    direction = rtv::Direction::kCopyBack;
  else if (what != "pack")
    refuse("what: '" + what + "' cannot be measured; choose pack, unpack, memcpy or memcpy-back");
  const nb::gil_scoped_release released;
  return rtv::conversion_speed(format, kernel, direction, run, window,
                               static_cast<int64_t>(seconds * 1e9));
}

}  // namespace

void bind_kernels(nb::module_ &m) {
  m.def("cpu_kernels", [] {
    nb::list names;
    for (const char *name : rtv::cpu_families()) names.append(name);
    return names;
  });
  m.def("pack", &pack, nb::arg("frame_planes"), nb::arg("fmt"), nb::kw_only(),
        nb::arg("kernel") = "");
  m.def(
      "kernel_name",
      [](const nb::dict &fmt, const std::string &family) {
        return kernel_for(format_from(fmt), family).name;
      },
      nb::arg("fmt"), nb::kw_only(), nb::arg("kernel") = "");
  m.def("kernel_speed", &kernel_speed, nb::arg("fmt"), nb::arg("what"), nb::kw_only(),
        nb::arg("kernel") = "", nb::arg("run") = 0, nb::arg("window") = 0,
        nb::arg("seconds") = 0.2);
  m.def("unpack", &unpack, nb::arg("pgroups"), nb::arg("fmt"), nb::kw_only(),
        nb::arg("kernel") = "");
}
