// SPDX-License-Identifier: Apache-2.0
#include "display_mode.hpp"

#include <cstdio>
#include <numeric>

namespace rtv::decklink {

namespace {

// DeckLink calls a field's dominance by four characters.
uint8_t scan_of(uint32_t dominance, bool *carried) {
  *carried = true;
  switch (dominance) {
    case abi::field::kUpperFirst:
      return RTV_INTERLACED;
    case abi::field::kSegmented:
      return RTV_PSF;
    case abi::field::kLowerFirst:
      *carried = false;
      return RTV_INTERLACED;
    default:
      return RTV_PROGRESSIVE;
  }
}

}  // namespace

ModeFacts mode_facts(abi::DisplayMode *mode) {
  ModeFacts m;
  m.mode = mode->GetDisplayMode();
  m.width = static_cast<uint32_t>(mode->GetWidth());
  m.height = static_cast<uint32_t>(mode->GetHeight());
  if (mode->GetFrameRate(&m.duration, &m.scale) != abi::kOk || m.duration <= 0 || m.scale <= 0)
    m.duration = m.scale = 1;
  const int64_t common = std::gcd(m.duration, m.scale);
  m.rate_num = static_cast<uint32_t>(m.scale / common);
  m.rate_den = static_cast<uint32_t>(m.duration / common);
  m.scan = scan_of(mode->GetFieldDominance(), &m.carried);
  return m;
}

bool same_raster(const ModeFacts &m, const rtv_format &f) {
  return m.carried && m.width == f.width && m.height == f.height && m.rate_num == f.rate_num &&
         m.rate_den == f.rate_den && m.scan == f.scan;
}

ModeFacts find_mode(abi::DisplayModeIterator *modes, const rtv_format &f) {
  Ref<abi::DisplayMode> mode;
  while (modes && modes->Next(mode.out()) == abi::kOk && mode)
    if (const ModeFacts m = mode_facts(mode.get()); same_raster(m, f)) return m;
  return {};
}

uint32_t pixel_format_of(const rtv_format &f) {
  if (f.sampling != RTV_422) return 0;
  if (f.layout == RTV_V210 && f.depth == 10) return abi::pixels::kV210;
  if (f.layout == RTV_UYVY && f.depth == 8) return abi::pixels::k2vuy;
  return 0;
}

uint32_t row_bytes_of(uint32_t pixel_format, uint32_t width) {
  return pixel_format == abi::pixels::kV210 ? (width + 47) / 48 * 128 : width * 2;
}

rtv_format detected_format(const ModeFacts &m, uint32_t flags, const rtv_format &assumed) {
  rtv_format f{};
  f.width = m.width;
  f.height = m.height;
  f.rate_num = m.rate_num;
  f.rate_den = m.rate_den;
  f.scan = m.scan;
  f.sampling = flags & abi::detected::kRgb444 ? RTV_RGB : RTV_422;
  f.depth = flags & abi::detected::k12Bit ? 12 : flags & abi::detected::k10Bit ? 10 : flags & abi::detected::k8Bit ? 8 : assumed.depth;
  const bool carried = m.carried && f.sampling == RTV_422 && !(flags & abi::detected::kDualStream);
  if (carried && f.depth == 10) f.layout = RTV_V210;
  if (carried && f.depth == 8) f.layout = RTV_UYVY;
  // The card does not tell; what was configured is believed.
  f.colorimetry = assumed.colorimetry;
  f.full_range = assumed.full_range;
  return f;
}

std::string words(const rtv_format &f) {
  const char *scan = f.scan == RTV_INTERLACED ? "i" : f.scan == RTV_PSF ? "psf" : "p";
  char rate[32], text[96];
  std::snprintf(rate, sizeof rate, f.rate_den == 1 ? "%u" : "%u/%u", f.rate_num, f.rate_den);
  std::snprintf(text, sizeof text, "%ux%u%s %s frames/s, %u bit%s", f.width, f.height, scan, rate,
                f.depth, f.sampling == RTV_RGB ? " RGB" : f.sampling == RTV_444 ? " 4:4:4" : "");
  return text;
}

}  // namespace rtv::decklink
