// SPDX-License-Identifier: Apache-2.0
#include "device.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <numeric>

namespace rtv::v4l2 {

namespace {

template <size_t n>
std::string text_of(const uint8_t (&field)[n]) {
  const auto *chars = reinterpret_cast<const char *>(field);
  return {chars, strnlen(chars, n)};
}

uint32_t state_of(uint32_t status) {
  if (status & (V4L2_IN_ST_NO_POWER | V4L2_IN_ST_NO_SIGNAL)) return RTV_SIGNAL_ABSENT;
  if (status & (V4L2_IN_ST_NO_H_LOCK | V4L2_IN_ST_NO_V_LOCK | V4L2_IN_ST_NO_SYNC))
    return RTV_SIGNAL_UNLOCKED;
  return RTV_SIGNAL_LOCKED;
}

}  // namespace

int Device::open() {
  close();
  fd_ = kernel_.open(path_.c_str());
  if (fd_ < 0) return -fd_;
  v4l2_capability cap{};
  if (int e = control(VIDIOC_QUERYCAP, &cap)) return close(), e;
  flags_ = cap.capabilities & V4L2_CAP_DEVICE_CAPS ? cap.device_caps : cap.capabilities;
  driver_ = text_of(cap.driver);
  card_ = text_of(cap.card);
  bus_ = text_of(cap.bus_info);
  uint32_t index = 0;
  Connector now{};
  const bool known = current(&index, nullptr) == 0 && describe(index, &now) == 0;
  timings_ = known && now.dv_timings;
  standards_ = known && now.standards;
  return 0;
}

void Device::close() {
  if (fd_ >= 0) kernel_.close(fd_);
  fd_ = -1;
}

uint32_t Device::buffer_type() const {
  if (captures())
    return flags_ & V4L2_CAP_VIDEO_CAPTURE_MPLANE ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
                                                  : V4L2_BUF_TYPE_VIDEO_CAPTURE;
  return flags_ & V4L2_CAP_VIDEO_OUTPUT_MPLANE ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
                                               : V4L2_BUF_TYPE_VIDEO_OUTPUT;
}

std::vector<Offer> Device::offers() const {
  std::vector<Offer> found;
  v4l2_fmtdesc desc{};
  desc.type = buffer_type();
  for (; control(VIDIOC_ENUM_FMT, &desc) == 0 && desc.index < 512; ++desc.index)
    found.push_back({desc.pixelformat, text_of(desc.description)});
  return found;
}

int Device::describe(uint32_t index, Connector *found) const {
  found->index = index;
  if (captures()) {
    v4l2_input in{};
    in.index = index;
    if (int e = control(VIDIOC_ENUMINPUT, &in)) return e;
    found->name = text_of(in.name);
    found->dv_timings = in.capabilities & V4L2_IN_CAP_DV_TIMINGS;
    found->standards = in.capabilities & V4L2_IN_CAP_STD;
    found->state = state_of(in.status);
    return 0;
  }
  v4l2_output out{};
  out.index = index;
  if (int e = control(VIDIOC_ENUMOUTPUT, &out)) return e;
  found->name = text_of(out.name);
  found->dv_timings = out.capabilities & V4L2_OUT_CAP_DV_TIMINGS;
  found->standards = out.capabilities & V4L2_OUT_CAP_STD;
  found->state = RTV_SIGNAL_LOCKED;
  return 0;
}

std::vector<Connector> Device::connectors() const {
  std::vector<Connector> found;
  uint32_t now = 0;
  if (current(&now, nullptr) != 0) return found;
  Connector one{};
  for (uint32_t i = 0; i < 64 && describe(i, &one) == 0; ++i) {
    one.chosen = i == now;
    found.push_back(one);
  }
  return found;
}

int Device::current(uint32_t *index, std::string *name) const {
  int number = 0;
  if (int e = control(captures() ? VIDIOC_G_INPUT : VIDIOC_G_OUTPUT, &number)) return e;
  *index = static_cast<uint32_t>(number);
  if (!name) return 0;
  Connector one{};
  if (int e = describe(*index, &one)) return e;
  *name = one.name;
  return 0;
}

int Device::choose(uint32_t index) {
  uint32_t now = 0;
  if (int e = current(&now, nullptr)) return e;
  int number = static_cast<int>(index);
  // Only when it is another: somebody else may stream from the same one.
  if (now != index)
    if (int e = control(captures() ? VIDIOC_S_INPUT : VIDIOC_S_OUTPUT, &number)) return e;
  Connector one{};
  if (int e = describe(index, &one)) return e;
  timings_ = one.dv_timings;
  standards_ = one.standards;
  return 0;
}

bool Device::of_525_lines() const {
  v4l2_std_id now = 0;
  return standards_ && control(VIDIOC_G_STD, &now) == 0 && (now & V4L2_STD_525_60);
}

int Device::set_standard_for(const rtv_format &f) const {
  if (f.scan != RTV_INTERLACED) return EDOM;
  const bool pal = f.height == 576 && f.rate_num == 25 && f.rate_den == 1;
  const bool ntsc = f.height == 480 && f.rate_num == 30000 && f.rate_den == 1001;
  if (!pal && !ntsc) return EDOM;
  v4l2_std_id now = 0, wish = pal ? V4L2_STD_PAL : V4L2_STD_NTSC;
  // Which of its family (PAL or SECAM) somebody has set is left alone.
  if (control(VIDIOC_G_STD, &now) == 0 && (now & (pal ? V4L2_STD_625_50 : V4L2_STD_525_60)))
    return 0;
  return control(VIDIOC_S_STD, &wish);
}

int Device::query_timings(Timings *found) const {
  *found = Timings{};
  const int e = control(VIDIOC_QUERY_DV_TIMINGS, &found->dv);
  // ERANGE comes with the timings that were seen.
  if ((e == 0 || e == ERANGE) && found->dv.type == V4L2_DV_BT_656_1120)
    found->format = format_of(found->dv.bt);
  return e;
}

int Device::set_timings(const Timings &wish) const {
  v4l2_dv_timings dv = wish.dv;
  return control(VIDIOC_S_DV_TIMINGS, &dv);
}

int Device::timings_for(const rtv_format &format, Timings *found) const {
  *found = Timings{};
  v4l2_enum_dv_timings entry{};
  for (; entry.index < 4096 && control(VIDIOC_ENUM_DV_TIMINGS, &entry) == 0; ++entry.index) {
    if (entry.timings.type != V4L2_DV_BT_656_1120) continue;
    // A format of 1000/1001 is the whole one with a flag.
    for (const bool reduced : {false, true}) {
      v4l2_bt_timings bt = entry.timings.bt;
      if (reduced && !(bt.flags & V4L2_DV_FL_CAN_REDUCE_FPS)) continue;
      if (reduced) {
        bt.pixelclock = bt.pixelclock * 1000 / 1001;
        bt.flags |= V4L2_DV_FL_REDUCED_FPS;
      }
      if (!same_signal(format, format_of(bt), true)) continue;
      // Consumer timings (CTA-861) before the computers' of the same raster.
      const bool consumer = bt.standards & V4L2_DV_BT_STD_CEA861;
      if (!consumer && found->format.width) continue;
      found->dv.type = V4L2_DV_BT_656_1120;
      found->dv.bt = bt;
      found->format = format_of(bt);
      if (consumer) return 0;
    }
  }
  return found->format.width ? 0 : ENODATA;
}

uint32_t Device::input_state() const {
  uint32_t index = 0;
  Connector one{};
  // Where it cannot tell, frames will.
  if (current(&index, nullptr) != 0 || describe(index, &one) != 0) return RTV_SIGNAL_LOCKED;
  return one.state;
}

int Device::set_format(uint32_t width, uint32_t height, uint32_t fourcc, uint32_t field,
                       v4l2_format *got) const {
  *got = v4l2_format{};
  got->type = buffer_type();
  if (planes()) {
    got->fmt.pix_mp.width = width;
    got->fmt.pix_mp.height = height;
    got->fmt.pix_mp.pixelformat = fourcc;
    got->fmt.pix_mp.field = field;
  } else {
    got->fmt.pix.width = width;
    got->fmt.pix.height = height;
    got->fmt.pix.pixelformat = fourcc;
    got->fmt.pix.field = field;
  }
  return control(VIDIOC_S_FMT, got);
}

int Device::use_whole(uint32_t width, uint32_t rows) const {
  // The calls know no types of several planes.
  const uint32_t type = captures() ? V4L2_BUF_TYPE_VIDEO_CAPTURE : V4L2_BUF_TYPE_VIDEO_OUTPUT;
  const uint32_t of_signal = captures() ? V4L2_SEL_TGT_CROP : V4L2_SEL_TGT_COMPOSE;
  const uint32_t all_signal = captures() ? V4L2_SEL_TGT_CROP_DEFAULT : V4L2_SEL_TGT_COMPOSE_DEFAULT;
  const uint32_t of_buffer = captures() ? V4L2_SEL_TGT_COMPOSE : V4L2_SEL_TGT_CROP;
  v4l2_selection wish{};
  wish.type = type;
  wish.target = all_signal;
  const bool signal_known = control(VIDIOC_G_SELECTION, &wish) == 0;
  const v4l2_rect whole[] = {wish.r, {0, 0, width, rows}};
  const uint32_t targets[] = {of_signal, of_buffer};
  for (int i = signal_known ? 0 : 1; i < 2; ++i) {
    v4l2_selection now{};
    now.type = type;
    now.target = targets[i];
    const auto same = [&] { return std::memcmp(&now.r, &whole[i], sizeof now.r) == 0; };
    if (control(VIDIOC_G_SELECTION, &now) != 0 || same()) continue;
    now.r = whole[i];
    now.flags = 0;
    if (const int e = control(VIDIOC_S_SELECTION, &now)) return e;
    if (!same()) return ERANGE;
  }
  return 0;
}

int Device::set_rate(uint32_t num, uint32_t den) const {
  v4l2_streamparm parm{};
  parm.type = buffer_type();
  v4l2_fract &time = captures() ? parm.parm.capture.timeperframe : parm.parm.output.timeperframe;
  time.numerator = den;
  time.denominator = num;
  return control(VIDIOC_S_PARM, &parm);
}

int Device::subscribe(uint32_t type, uint32_t id) const {
  v4l2_event_subscription wish{};
  wish.type = type;
  wish.id = id;
  return control(VIDIOC_SUBSCRIBE_EVENT, &wish);
}

int Device::get_edid(uint32_t connector, std::vector<uint8_t> *edid) const {
  v4l2_edid request{};
  request.pad = connector;
  edid->assign(256 * 128, 0);
  request.blocks = 256;
  request.edid = edid->data();
  if (int e = control(VIDIOC_G_EDID, &request)) return edid->clear(), e;
  edid->resize(request.blocks * size_t{128});
  return 0;
}

int Device::set_edid(uint32_t connector, const std::vector<uint8_t> &edid) const {
  v4l2_edid request{};
  if (edid.size() % 128 != 0 || edid.size() > 256 * 128) return EINVAL;
  request.pad = connector;
  request.blocks = static_cast<uint32_t>(edid.size() / 128);
  request.edid = const_cast<uint8_t *>(edid.data());
  return control(VIDIOC_S_EDID, &request);
}

rtv_format format_of(const v4l2_bt_timings &bt) {
  rtv_format f{};
  f.width = bt.width;
  f.height = bt.height;
  f.scan = bt.interlaced == V4L2_DV_INTERLACED ? RTV_INTERLACED : RTV_PROGRESSIVE;
  const uint64_t across = uint64_t{bt.width} + bt.hfrontporch + bt.hsync + bt.hbackporch;
  uint64_t down = uint64_t{bt.height} + bt.vfrontporch + bt.vsync + bt.vbackporch;
  if (bt.interlaced == V4L2_DV_INTERLACED)
    down += uint64_t{bt.il_vfrontporch} + bt.il_vsync + bt.il_vbackporch;
  const uint64_t total = across * down;
  if (total == 0 || bt.pixelclock == 0) return f;
  static constexpr struct {
    uint32_t num, den;
  } kUsual[] = {{24000, 1001}, {24, 1}, {25, 1},       {30000, 1001}, {30, 1},
                {50, 1},       {60, 1}, {60000, 1001}, {100, 1},      {120, 1}};
  for (const auto &rate : kUsual) {
    // |clock/total - num/den| <= 200 ppm of it
    const auto left = static_cast<__int128>(bt.pixelclock) * rate.den * 1'000'000;
    const auto right = static_cast<__int128>(rate.num) * total * 1'000'000;
    const __int128 apart = left > right ? left - right : right - left;
    if (apart <= static_cast<__int128>(rate.num) * total * 200) {
      f.rate_num = rate.num;
      f.rate_den = rate.den;
      return f;
    }
  }
  const uint64_t common = std::gcd<uint64_t>(bt.pixelclock, total);
  if (bt.pixelclock / common <= UINT32_MAX && total / common <= UINT32_MAX) {
    f.rate_num = static_cast<uint32_t>(bt.pixelclock / common);
    f.rate_den = static_cast<uint32_t>(total / common);
  }
  return f;
}

bool same_signal(const rtv_format &wanted, const rtv_format &seen, bool tells_reduced) {
  const bool interlaced = wanted.scan != RTV_PROGRESSIVE, fields = seen.scan != RTV_PROGRESSIVE;
  if (wanted.width != seen.width || wanted.height != seen.height || interlaced != fields)
    return false;
  if (wanted.rate_num == 0 || seen.rate_num == 0) return false;
  const auto a = static_cast<uint64_t>(wanted.rate_num) * seen.rate_den;
  const auto b = static_cast<uint64_t>(seen.rate_num) * wanted.rate_den;
  if (a == b) return true;
  return !tells_reduced && (a * 1001 == b * 1000 || b * 1001 == a * 1000);
}

}  // namespace rtv::v4l2
