// SPDX-License-Identifier: Apache-2.0
#include "kernels.hpp"

#include "kernels_families.hpp"

namespace rtv {
namespace {

struct Families {
  const char *names[4];
  size_t count = 0;
};

const Families &families() {
  static const Families found = [] {
    Families f{};
#if defined(__x86_64__)
    if (cpu_has_avx512vbmi()) f.names[f.count++] = "avx512vbmi";
    if (cpu_has_avx2()) f.names[f.count++] = "avx2";
#endif
    f.names[f.count++] = "portable";
    f.names[f.count++] = "scalar";
    return f;
  }();
  return found;
}

const Kernel *kernel_of(std::string_view family, const rtv_format &format) {
#if defined(__x86_64__)
  if (family == "avx512vbmi") return avx512vbmi_kernel(format);
  if (family == "avx2") return avx2_kernel(format);
#endif
  if (family == "portable") return portable_kernel(format);
  return scalar_kernel(format);
}

const char *layout_name(uint8_t layout) {
  return layout == RTV_V210 ? "v210" : layout == RTV_UYVY ? "UYVY" : "planar16";
}

}  // namespace

std::span<const char *const> cpu_families() {
  const Families &f = families();
  return {f.names, f.count};
}

const Kernel *find_kernel(const rtv_format &format, std::string_view family) {
  bool allowed = family.empty();
  for (const char *name : cpu_families()) {
    allowed = allowed || family == name;
    if (!allowed) continue;
    if (const Kernel *k = kernel_of(name, format)) return k;
  }
  return nullptr;
}

std::string format_refusal(const rtv_format &format) {
  if (format.width == 0 || format.height == 0 || format.width > 32767 || format.height > 32767)
    return "raster: " + std::to_string(format.width) + "x" + std::to_string(format.height) +
           " is out of range; ST 2110-20 carries 1 to 32767 each way";
  if (format.layout < RTV_V210 || format.layout > RTV_PLANAR16)
    return "layout: " + std::to_string(format.layout) +
           " is none; choose 1 v210, 2 UYVY or 3 planar16";
  if (format.sampling < RTV_422 || format.sampling > RTV_RGB)
    return "sampling: " + std::to_string(format.sampling) +
           " is none; choose 1 4:2:2, 2 4:4:4 or 3 RGB";
  const Kernel *kernel = find_kernel(format);
  if (!kernel && format.layout != RTV_PLANAR16)
    return std::string("layout: ") + layout_name(format.layout) + " holds only 4:2:2 of " +
           (format.layout == RTV_V210 ? "10" : "8") + " bit; choose planar16 for other pictures";
  if (!kernel)
    return "depth: " + std::to_string(format.depth) + " is not carried; choose 8, 10 or 12";
  if (format.width % kernel->pgroup_pixels)
    return "width: " + std::to_string(format.width) + " is not whole pgroups of " +
           std::to_string(kernel->pgroup_pixels) + " pixels; choose a multiple of " +
           std::to_string(kernel->pgroup_pixels) + ", or another depth or sampling";
  return {};
}

uint32_t memory_planes(const rtv_format &format) { return format.layout == RTV_PLANAR16 ? 3 : 1; }

uint32_t row_octets(const rtv_format &format, uint32_t plane) {
  if (format.layout == RTV_V210) return (format.width + 47) / 48 * 128;
  if (format.layout == RTV_UYVY) return format.width * 2;
  return format.sampling == RTV_422 && plane > 0 ? format.width : format.width * 2;
}

}  // namespace rtv
