// SPDX-License-Identifier: Apache-2.0
#include "mode_choice.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <tuple>

namespace rtv {

namespace {

using Wide = __int128;
constexpr int64_t kBillion = 1'000'000'000;

// a / b to the nearest, b > 0.
int64_t divided(Wide a, Wide b) {
  return static_cast<int64_t>((a >= 0 ? a + b / 2 : a - b / 2) / b);
}

Refresh reduced(uint64_t num, uint64_t den) {
  const uint64_t g = std::gcd(num, den);
  return {num / g, den / g};
}

std::string hertz(const Refresh &r) {
  char text[32];
  const int64_t milli = divided(static_cast<Wide>(r.num) * 1000, static_cast<Wide>(r.den));
  std::snprintf(text, sizeof text, "%lld.%03lld", static_cast<long long>(milli / 1000),
                static_cast<long long>(milli % 1000));
  std::string s = text;
  while (s.back() == '0') s.pop_back();
  if (s.back() == '.') s.pop_back();
  return s + " Hz";
}

// "16.7 s", "2 min", "3 h": how long until something, for a person.
std::string duration(int64_t ns) {
  char text[32];
  const int64_t tenths = ns / 100'000'000;
  if (ns < kBillion)
    std::snprintf(text, sizeof text, "%lld ms", static_cast<long long>(ns / 1'000'000));
  else if (tenths < 1200)
    std::snprintf(text, sizeof text, "%lld.%lld s", static_cast<long long>(tenths / 10),
                  static_cast<long long>(tenths % 10));
  else if (tenths < 72'000)
    std::snprintf(text, sizeof text, "%lld min", static_cast<long long>(tenths / 600));
  else
    std::snprintf(text, sizeof text, "%lld h", static_cast<long long>(tenths / 36'000));
  return text;
}

struct Fit {
  uint32_t repeats;
  bool matched;
  int64_t error_ppb, slip_ns;
};

// How a refresh carries a picture rate.
Fit fit(const Mode &m, const Refresh &pictures) {
  const Refresh r = refresh_of(m);
  // refresh / pictures, to the nearest whole number of refreshes for each picture.
  const Wide up = static_cast<Wide>(r.num) * static_cast<Wide>(pictures.den);
  const Wide down = static_cast<Wide>(r.den) * static_cast<Wide>(pictures.num);
  const Wide k = std::max<Wide>(1, (2 * up + down) / (2 * down));
  const Wide off = up - k * down;  // over r.den * pictures.den: refreshes too many a second
  Fit f{};
  f.repeats = static_cast<uint32_t>(k);
  f.error_ppb = divided(off * kBillion, k * down);
  // Half a kHz of the clock, relative: |off| / (k down) <= 1 / (2 clock).
  f.matched = (off < 0 ? -off : off) * 2 * m.clock_khz <= k * down;
  const Wide size = off < 0 ? -off : off;
  if (!f.matched && size > 0)
    f.slip_ns = divided(static_cast<Wide>(kBillion) * static_cast<Wide>(r.den) *
                            static_cast<Wide>(pictures.den),
                        size);
  return f;
}

bool usable(const Mode &m) {
  return !m.interlaced && !m.other_timing && m.clock_khz && m.htotal && m.vtotal && m.width &&
         m.height;
}

// Smaller is better. Above 61 Hz lower is better, up to there higher: see the header.
std::tuple<bool, int64_t, int64_t> rank(const Mode &m, const Fit &f) {
  const Refresh r = refresh_of(m);
  const int64_t milli = divided(static_cast<Wide>(r.num) * 1000, static_cast<Wide>(r.den));
  const int64_t slips = f.matched || f.slip_ns == 0 ? 0 : kBillion * 1000 / f.slip_ns;
  const int64_t height = milli <= 61'000 ? -milli : milli;
  return {!f.matched, slips, height};
}

std::string listed(const std::vector<Mode> &modes) {
  std::string text;
  for (const Mode &m : modes) {
    if (!usable(m)) continue;
    const std::string one = mode_text(m);
    if (text.find(one) != std::string::npos) continue;
    text += (text.empty() ? "" : ", ") + one;
  }
  return text.empty() ? "none that is progressive" : text;
}

std::string described(const ModeChoice &c, const rtv_format &f, const Refresh &pictures) {
  std::string text = mode_text(c.mode) + (c.follows ? " at most" : "");
  if (c.mode.width != f.width || c.mode.height != f.height)
    text += "; the monitor has no " + std::to_string(f.width) + "x" + std::to_string(f.height) +
            ": the picture is centred";
  if (f.scan == RTV_INTERLACED) text += "; fields are shown one after the other";
  if (c.follows) return text + "; the refresh follows the flow: each picture is shown when it is due";
  if (c.matched) {
    text += c.repeats == 1 ? "; the flow's rate"
                           : "; " + std::to_string(c.repeats) + " refreshes for each picture";
    return text;
  }
  char ppm[40];
  const int64_t tenth = divided(c.error_ppb, 100);
  std::snprintf(ppm, sizeof ppm, "%+.1f ppm", static_cast<double>(tenth) / 10);
  text += std::string("; ") + ppm + " against the flow's " + hertz(pictures) + ": ";
  // A refresh too many shows a picture longer; one too few either shortens a picture that has
  // several, or leaves one out.
  text += c.error_ppb > 0     ? "a refresh is repeated every "
          : c.repeats > 1     ? "a refresh is left out every "
                              : "a picture is dropped every ";
  return text + duration(c.slip_ns);
}

}  // namespace

Refresh refresh_of(const Mode &m) {
  if (!m.htotal || !m.vtotal) return {};
  return reduced(static_cast<uint64_t>(m.clock_khz) * 1000 * (m.interlaced ? 2 : 1),
                 static_cast<uint64_t>(m.htotal) * m.vtotal);
}

Refresh picture_rate(const rtv_format &f) {
  return reduced(static_cast<uint64_t>(f.rate_num) * (f.scan == RTV_INTERLACED ? 2 : 1),
                 f.rate_den);
}

std::string mode_text(const Mode &m) {
  return std::to_string(m.width) + "x" + std::to_string(m.height) + (m.interlaced ? "i" : "") +
         " at " + hertz(refresh_of(m));
}

ModeChoice choose_mode(const std::vector<Mode> &modes, const rtv_format &format) {
  const Refresh pictures = picture_rate(format);
  ModeChoice best;
  std::tuple<bool, bool, uint64_t, std::tuple<bool, int64_t, int64_t>, bool> best_rank;
  for (const Mode &m : modes) {
    if (!usable(m) || m.width < format.width || m.height < format.height) continue;
    const Fit f = fit(m, pictures);
    const bool same = m.width == format.width && m.height == format.height;
    const uint64_t area = static_cast<uint64_t>(m.width) * m.height;
    // Of larger modes one that matches is worth a margin; it is the picture's time that counts.
    const auto r = std::make_tuple(!same, !same && !f.matched, area, rank(m, f), !m.preferred);
    if (best.found && !(r < best_rank)) continue;
    best_rank = r;
    best.found = true;
    best.mode = m;
    best.repeats = f.repeats;
    best.matched = f.matched;
    best.error_ppb = f.error_ppb;
    best.slip_ns = f.slip_ns;
  }
  if (!best.found) {
    best.text = "format: the monitor has no mode that holds " + std::to_string(format.width) + "x" +
                std::to_string(format.height) + "; it has " + listed(modes) +
                "; send one of these or connect a larger monitor";
    return best;
  }
  best.left = (best.mode.width - format.width) / 2 & ~1u;
  best.top = (best.mode.height - format.height) / 2 & ~1u;
  best.text = described(best, format, pictures);
  return best;
}

ModeChoice following(const ModeChoice &fixed, const std::vector<Mode> &modes,
                     const rtv_format &format, const VariableRefresh &monitor) {
  constexpr uint32_t kUsualLeast = 48, kRoom = 102;  // Hz, percent
  const Refresh pictures = picture_rate(format);
  const auto reaches = [&pictures](const Refresh &r, uint32_t percent) {
    return static_cast<Wide>(r.num) * 100 * static_cast<Wide>(pictures.den) >=
           static_cast<Wide>(pictures.num) * percent * static_cast<Wide>(r.den);
  };
  const uint64_t least = monitor.least_hz ? monitor.least_hz : kUsualLeast;
  if (!fixed.found || !monitor.offered || pictures.num < least * pictures.den) return fixed;
  if (monitor.most_hz && !reaches({monitor.most_hz, 1}, kRoom)) return fixed;
  ModeChoice best;
  for (const Mode &m : modes) {
    if (!usable(m) || m.width != fixed.mode.width || m.height != fixed.mode.height) continue;
    const Refresh r = refresh_of(m), so_far = refresh_of(best.mode);
    if (!reaches(r, kRoom)) continue;
    if (best.found &&
        static_cast<Wide>(r.num) * static_cast<Wide>(so_far.den) >=
            static_cast<Wide>(so_far.num) * static_cast<Wide>(r.den))
      continue;
    best.found = true;
    best.mode = m;
  }
  if (!best.found) return fixed;
  best.left = fixed.left;
  best.top = fixed.top;
  best.matched = best.follows = true;
  best.text = described(best, format, pictures);
  return best;
}

std::vector<std::string> matching_modes(const std::vector<Mode> &modes, const rtv_format &format) {
  const Refresh pictures = picture_rate(format);
  std::vector<Mode> found;
  for (const Mode &m : modes)
    if (usable(m) && fit(m, pictures).matched) found.push_back(m);
  std::stable_sort(found.begin(), found.end(), [](const Mode &a, const Mode &b) {
    return static_cast<uint64_t>(a.width) * a.height > static_cast<uint64_t>(b.width) * b.height;
  });
  std::vector<std::string> texts;
  for (const Mode &m : found)
    if (std::find(texts.begin(), texts.end(), mode_text(m)) == texts.end())
      texts.push_back(mode_text(m));
  return texts;
}

}  // namespace rtv
