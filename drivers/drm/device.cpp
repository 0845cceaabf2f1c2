// SPDX-License-Identifier: Apache-2.0
#include "device.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "holder.hpp"
#include "names.hpp"

namespace rtv::drm {

namespace {

// As the kernel spells connectors in /sys/class/drm.
const char *const kConnectorTypes[] = {
    "Unknown", "VGA",   "DVI-I",  "DVI-D",   "DVI-A", "Composite", "SVIDEO",
    "LVDS",    "Component", "DIN", "DP",     "HDMI-A", "HDMI-B",   "TV",
    "eDP",     "Virtual", "DSI",  "DPI",     "Writeback", "SPI",   "USB"};

uint64_t address(const void *p) { return reinterpret_cast<uint64_t>(p); }

std::string why(int error) { return std::strerror(error); }

}  // namespace

Fd::~Fd() {
  if (fd >= 0) close(fd);
}

int Device::call(unsigned long request, void *argument) const {
  int r;
  do {
    r = ioctl(fd_.fd, request, argument);
  } while (r < 0 && (errno == EINTR || errno == EAGAIN));
  return r < 0 ? errno : 0;
}

Device::Device(const std::string &node, const std::string &connector)
    : fd_(open(node.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK)), node_(node), name_(connector) {
  if (fd_.fd < 0)
    throw Trouble("drm: " + node + " cannot be opened: " + why(errno) +
                  (errno == EACCES ? "; add the user to the group video" : ""));
  if (const int e = call(DRM_IOCTL_SET_MASTER, nullptr))
    throw Trouble("drm: " + node +
                  (e == EACCES || e == EBUSY ? " " + held_by(holders("/proc", node, fd_.fd))
                                             : " cannot be taken: " + why(e)));
  for (const uint64_t cap : {DRM_CLIENT_CAP_UNIVERSAL_PLANES, DRM_CLIENT_CAP_ATOMIC}) {
    drm_set_client_cap c{cap, 1};
    if (call(DRM_IOCTL_SET_CLIENT_CAP, &c))
      throw Trouble("drm: " + node + "'s driver has no atomic mode setting; use another output");
  }
  drm_get_cap dumb{DRM_CAP_DUMB_BUFFER, 0};
  if (call(DRM_IOCTL_GET_CAP, &dumb) || !dumb.value)
    throw Trouble("drm: " + node + "'s driver gives no buffers to write; use another output");
  char name[64] = {};
  drm_version v{};
  v.name = name;
  v.name_len = sizeof name - 1;
  if (call(DRM_IOCTL_VERSION, &v) == 0) driver_ = name;
  events_.resize(4096);
  find_connector(connector);
  find_crtc();
  find_plane();
  probe();
}

Device::~Device() {
  // The kernel takes back buffers and mode with the file; its console returns where it has one.
}

void Device::find_connector(const std::string &name) {
  drm_mode_card_res r{};
  std::vector<uint32_t> ids;
  std::string others;
  if (call(DRM_IOCTL_MODE_GETRESOURCES, &r)) throw Trouble("drm: " + node_ + " has no outputs");
  ids.resize(r.count_connectors);
  r.connector_id_ptr = address(ids.data());
  r.count_fbs = r.count_crtcs = r.count_encoders = 0;
  if (call(DRM_IOCTL_MODE_GETRESOURCES, &r)) throw Trouble("drm: " + node_ + " has no outputs");
  if (r.count_connectors < ids.size()) ids.resize(r.count_connectors);
  for (const uint32_t id : ids) {
    drm_mode_get_connector c{};
    drm_mode_modeinfo one{};
    c.connector_id = id;
    c.count_modes = 1;  // not 0: that would ask the monitor
    c.modes_ptr = address(&one);
    if (call(DRM_IOCTL_MODE_GETCONNECTOR, &c)) continue;
    const bool known = c.connector_type < std::size(kConnectorTypes);
    const std::string its = std::string(known ? kConnectorTypes[c.connector_type] : "Unknown") +
                            "-" + std::to_string(c.connector_type_id);
    if (its == name) {
      connector_ = id;
      return;
    }
    others += (others.empty() ? "" : ", ") + its;
  }
  throw Trouble("drm: " + node_ + " has no connector " + name + "; it has " + others);
}

void Device::find_crtc() {
  drm_mode_card_res r{};
  std::vector<uint32_t> crtcs(64);
  r.count_crtcs = static_cast<uint32_t>(crtcs.size());
  r.crtc_id_ptr = address(crtcs.data());
  if (call(DRM_IOCTL_MODE_GETRESOURCES, &r)) throw Trouble("drm: " + node_ + " has no outputs");
  crtcs.resize(std::min<size_t>(r.count_crtcs, crtcs.size()));
  drm_mode_get_connector c{};
  drm_mode_modeinfo one{};
  std::vector<uint32_t> encoders(32);
  c.connector_id = connector_;
  c.count_modes = 1;
  c.modes_ptr = address(&one);
  c.count_encoders = static_cast<uint32_t>(encoders.size());
  c.encoders_ptr = address(encoders.data());
  if (const int e = call(DRM_IOCTL_MODE_GETCONNECTOR, &c))
    throw Trouble("drm: " + name_ + ": " + why(e));
  encoders.resize(std::min<size_t>(c.count_encoders, encoders.size()));
  of_connector_ = properties(connector_, DRM_MODE_OBJECT_CONNECTOR);
  const auto bound = of_connector_.find("CRTC_ID");
  for (const uint32_t id : encoders) {
    drm_mode_get_encoder e{};
    e.encoder_id = id;
    if (call(DRM_IOCTL_MODE_GETENCODER, &e)) continue;
    for (uint32_t i = 0; i < crtcs.size(); ++i) {
      if (!(e.possible_crtcs & 1u << i)) continue;
      const bool its = bound != of_connector_.end() && bound->second.value == crtcs[i];
      if (crtc_ && !its) continue;  // the first that can, or the one it has
      crtc_ = crtcs[i];
      crtc_index_ = i;
    }
  }
  if (!crtc_) throw Trouble("drm: nothing can feed " + name_ + "; unplug another monitor");
  of_crtc_ = properties(crtc_, DRM_MODE_OBJECT_CRTC);
  auto depth = of_connector_.find("max bpc");
  if (depth == of_connector_.end()) return;
  max_bpc_ = depth->second.value;
  link_ = {max_bpc_, depth->second.names["(least)"], depth->second.names["(most)"]};
}

void Device::find_plane() {
  drm_mode_get_plane_res r{};
  std::vector<uint32_t> planes(256);
  r.count_planes = static_cast<uint32_t>(planes.size());
  r.plane_id_ptr = address(planes.data());
  if (const int e = call(DRM_IOCTL_MODE_GETPLANERESOURCES, &r))
    throw Trouble("drm: " + node_ + ": " + why(e));
  planes.resize(std::min<size_t>(r.count_planes, planes.size()));
  for (const uint32_t id : planes) {
    drm_mode_get_plane p{};
    std::vector<uint32_t> formats(256);
    p.plane_id = id;
    p.count_format_types = static_cast<uint32_t>(formats.size());
    p.format_type_ptr = address(formats.data());
    if (call(DRM_IOCTL_MODE_GETPLANE, &p) || !(p.possible_crtcs & 1u << crtc_index_)) continue;
    Properties of = properties(id, DRM_MODE_OBJECT_PLANE);
    const auto type = of.find("type");
    if (type == of.end() || type->second.value != type->second.names["Primary"]) continue;
    formats.resize(std::min<size_t>(p.count_format_types, formats.size()));
    plane_ = id;
    of_plane_ = std::move(of);
    read_formats(formats);
    return;
  }
  throw Trouble("drm: " + name_ + " has no primary plane");
}

void Device::read_formats(const std::vector<uint32_t> &plain) {
  formats_ = plain;
  const auto property = of_plane_.find("IN_FORMATS");
  if (property == of_plane_.end()) return;
  const std::vector<uint8_t> b = blob(static_cast<uint32_t>(property->second.value));
  drm_format_modifier_blob head;
  if (b.size() < sizeof head) return;
  std::memcpy(&head, b.data(), sizeof head);
  std::vector<uint32_t> linear;
  for (uint32_t i = 0; i < head.count_modifiers; ++i) {
    drm_format_modifier m;
    const size_t at = head.modifiers_offset + sizeof m * i;
    if (at + sizeof m > b.size()) return;
    std::memcpy(&m, b.data() + at, sizeof m);
    if (m.modifier != DRM_FORMAT_MOD_LINEAR) continue;
    for (uint32_t bit = 0; bit < 64; ++bit) {
      const size_t entry = m.offset + bit;
      if (!(m.formats >> bit & 1) || entry >= head.count_formats) continue;
      uint32_t fourcc;
      if (head.formats_offset + (entry + 1) * 4 > b.size()) return;
      std::memcpy(&fourcc, b.data() + head.formats_offset + entry * 4, 4);
      linear.push_back(fourcc);
    }
  }
  formats_ = linear;
}

bool Device::takes(Pixel p) const {
  for (const uint32_t f : formats_)
    if (f == fourcc_of(p)) return true;
  return false;
}

bool Device::knows_yuv(const rtv_format &f) const {
  const auto encoding = of_plane_.find("COLOR_ENCODING"), range = of_plane_.find("COLOR_RANGE");
  return encoding != of_plane_.end() && range != of_plane_.end() &&
         encoding->second.names.count(encoding_name(f)) && range->second.names.count(range_name(f));
}

Properties Device::properties(uint32_t id, uint32_t type) const {
  std::vector<uint32_t> ids(256);
  std::vector<uint64_t> values(256);
  drm_mode_obj_get_properties o{};
  o.obj_id = id;
  o.obj_type = type;
  o.count_props = static_cast<uint32_t>(ids.size());
  o.props_ptr = address(ids.data());
  o.prop_values_ptr = address(values.data());
  Properties found;
  if (call(DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &o)) return found;
  for (uint32_t i = 0; i < std::min<uint32_t>(o.count_props, 256); ++i) {
    drm_mode_get_property p{};
    std::vector<drm_mode_property_enum> names(64);
    std::vector<uint64_t> range(64);
    p.prop_id = ids[i];
    p.count_enum_blobs = static_cast<uint32_t>(names.size());
    p.enum_blob_ptr = address(names.data());
    p.count_values = static_cast<uint32_t>(range.size());
    p.values_ptr = address(range.data());
    if (call(DRM_IOCTL_MODE_GETPROPERTY, &p)) continue;
    Property one{ids[i], values[i], {}};
    if (p.flags & (DRM_MODE_PROP_ENUM | DRM_MODE_PROP_BITMASK))
      for (uint32_t k = 0; k < std::min<uint32_t>(p.count_enum_blobs, 64); ++k)
        one.names[std::string(names[k].name, strnlen(names[k].name, DRM_PROP_NAME_LEN))] =
            names[k].value;
    if (p.flags & DRM_MODE_PROP_RANGE && p.count_values == 2) {
      one.names["(least)"] = range[0];
      one.names["(most)"] = range[1];
    }
    found[std::string(p.name, strnlen(p.name, DRM_PROP_NAME_LEN))] = std::move(one);
  }
  return found;
}

std::vector<uint8_t> Device::blob(uint32_t id) const {
  drm_mode_get_blob g{};
  g.blob_id = id;
  if (call(DRM_IOCTL_MODE_GETPROPBLOB, &g)) return {};
  std::vector<uint8_t> data(g.length);
  g.data = address(data.data());
  if (call(DRM_IOCTL_MODE_GETPROPBLOB, &g)) return {};
  return data;
}

bool Device::probe() {
  drm_mode_get_connector c{};
  kernel_modes_.clear();
  modes_.clear();
  for (int attempt = 0; attempt < 4; ++attempt) {  // the monitor may change between two calls
    c = {};
    c.connector_id = connector_;
    c.count_modes = static_cast<uint32_t>(kernel_modes_.size());
    c.modes_ptr = address(kernel_modes_.data());
    if (call(DRM_IOCTL_MODE_GETCONNECTOR, &c)) return false;
    const bool fits = c.count_modes <= kernel_modes_.size();
    kernel_modes_.resize(c.count_modes);
    if (fits) break;
  }
  for (size_t i = 0; i < kernel_modes_.size(); ++i) {
    const drm_mode_modeinfo &k = kernel_modes_[i];
    modes_.push_back({k.clock, k.hdisplay, k.vdisplay, k.htotal, k.vtotal,
                      (k.flags & DRM_MODE_FLAG_INTERLACE) != 0,
                      (k.flags & DRM_MODE_FLAG_DBLSCAN) != 0 || k.vscan > 1,
                      (k.type & DRM_MODE_TYPE_PREFERRED) != 0, i});
  }
  read_monitor();
  return c.connection == 1;
}

void Device::read_monitor() {
  monitor_ = {};
  variable_ = false;
  const Properties now = properties(connector_, DRM_MODE_OBJECT_CONNECTOR);
  const auto capable = now.find("vrr_capable");
  variable_ = capable != now.end() && capable->second.value && of_crtc_.count("VRR_ENABLED");
  const auto edid = now.find("EDID");
  if (edid == now.end() || !edid->second.value) return;
  const std::vector<uint8_t> b = blob(static_cast<uint32_t>(edid->second.value));
  monitor_ = read_edid(b.data(), b.size());
}

VariableRefresh Device::variable() const {
  return {variable_, monitor_.least_hz, monitor_.most_hz};
}

bool Device::follows() const {
  const Properties now = properties(crtc_, DRM_MODE_OBJECT_CRTC);
  const auto enabled = now.find("VRR_ENABLED");
  return enabled != now.end() && enabled->second.value;
}

bool Device::vblanks() const {
  drm_crtc_get_sequence s{};
  s.crtc_id = crtc_;
  const int e = call(DRM_IOCTL_CRTC_GET_SEQUENCE, &s);
  return e != EOPNOTSUPP && e != EINVAL;
}

}  // namespace rtv::drm
