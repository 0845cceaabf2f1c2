// SPDX-License-Identifier: Apache-2.0
// Buffers, atomic commits and their events.
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "device.hpp"
#include "names.hpp"

namespace rtv::drm {

namespace {
uint64_t address(const void *p) { return reinterpret_cast<uint64_t>(p); }
std::string why(int error) { return std::strerror(error); }
}  // namespace

// Properties to set, in the order that the kernel wants: object by object.
struct Device::Request {
  std::vector<uint32_t> objects, counts, props;
  std::vector<uint64_t> values;

  void object(uint32_t id) {
    objects.push_back(id);
    counts.push_back(0);
  }
  // Left out where the driver has no such property, or not that value of it.
  void set(const Properties &of, const Setting &what) {
    const auto found = of.find(what.property);
    if (found == of.end()) return;
    uint64_t value = what.value;
    if (what.named) {
      const auto number = found->second.names.find(what.named);
      if (number == found->second.names.end()) return;
      value = number->second;
    }
    props.push_back(found->second.id);
    values.push_back(value);
    ++counts.back();
  }
};

Buffer Device::make_buffer(uint32_t width, uint32_t height, Pixel p) {
  Buffer b;
  drm_mode_create_dumb d{};
  d.width = width;
  d.height = height;
  d.bpp = bits_of(p);
  if (const int e = call(DRM_IOCTL_MODE_CREATE_DUMB, &d))
    throw Trouble("drm: no memory for a picture of " + std::to_string(width) + "x" +
                  std::to_string(height) + ": " + why(e));
  b.handle = d.handle;
  b.pitch = d.pitch;
  b.size = d.size;
  drm_mode_fb_cmd2 f{};
  f.width = width;
  f.height = height;
  f.pixel_format = fourcc_of(p);
  f.handles[0] = d.handle;
  f.pitches[0] = d.pitch;
  drm_mode_map_dumb m{};
  m.handle = d.handle;
  int e = call(DRM_IOCTL_MODE_ADDFB2, &f);
  if (!e) b.fb = f.fb_id;
  if (!e) e = call(DRM_IOCTL_MODE_MAP_DUMB, &m);
  void *at = MAP_FAILED;
  if (!e)
    at = mmap(nullptr, b.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.fd,
              static_cast<off_t>(m.offset));
  if (!e && at == MAP_FAILED) e = errno;
  if (e) {
    drop_buffer(b);
    throw Trouble("drm: a picture of " + std::to_string(width) + "x" + std::to_string(height) +
                  " cannot be made: " + why(e));
  }
  b.memory = static_cast<uint8_t *>(at);
  return b;
}

void Device::drop_buffer(Buffer &b) {
  if (b.memory) munmap(b.memory, b.size);
  if (b.fb) call(DRM_IOCTL_MODE_RMFB, &b.fb);
  drm_mode_destroy_dumb d{b.handle};
  if (b.handle) call(DRM_IOCTL_MODE_DESTROY_DUMB, &d);
  b = {};
}

int Device::commit(const std::vector<Setting> &plan, uint32_t flags) {
  Request r;
  const Setting *before = nullptr;
  for (const Setting &one : plan) {
    const bool plug = one.of == Of::connector, raster = one.of == Of::crtc;
    if (!before || before->of != one.of) r.object(plug ? connector_ : raster ? crtc_ : plane_);
    r.set(plug ? of_connector_ : raster ? of_crtc_ : of_plane_, one);
    before = &one;
  }
  drm_mode_atomic a{};
  a.flags = flags;
  a.count_objs = static_cast<uint32_t>(r.objects.size());
  a.objs_ptr = address(r.objects.data());
  a.count_props_ptr = address(r.counts.data());
  a.props_ptr = address(r.props.data());
  a.prop_values_ptr = address(r.values.data());
  return call(DRM_IOCTL_MODE_ATOMIC, &a);
}

int Device::set_mode(const Mode &mode, const Buffer &b, const rtv_format &f, Pixel p, bool follows,
                     bool only_try) {
  if (mode.index >= kernel_modes_.size()) return EINVAL;
  const drm_mode_modeinfo &k = kernel_modes_[mode.index];
  drm_mode_create_blob blob{};
  blob.data = address(&k);
  blob.length = sizeof k;
  if (const int e = call(DRM_IOCTL_MODE_CREATEPROPBLOB, &blob)) return e;
  const uint64_t max_bpc = max_bpc_for(link_, depth_of(p));
  const Wish wish{crtc_, blob.blob_id, b.fb, mode.width, mode.height, p, f, max_bpc, follows};
  const uint32_t flags =
      DRM_MODE_ATOMIC_ALLOW_MODESET | (only_try ? DRM_MODE_ATOMIC_TEST_ONLY : 0u);
  const int e = commit(light_plan(wish), flags);
  if (!e && !only_try && link_.most) max_bpc_ = max_bpc;
  drm_mode_destroy_blob gone{blob.blob_id};
  call(DRM_IOCTL_MODE_DESTROYPROPBLOB, &gone);
  return e;
}

int Device::flip(const Buffer &b, uint64_t cookie) {
  // On the playout path: no allocation.
  const auto fb = of_plane_.find("FB_ID");
  if (fb == of_plane_.end()) return EINVAL;
  uint32_t object = plane_, count = 1, prop = fb->second.id;
  uint64_t value = b.fb;
  drm_mode_atomic a{};
  a.flags = DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT;
  a.count_objs = 1;
  a.objs_ptr = address(&object);
  a.count_props_ptr = address(&count);
  a.props_ptr = address(&prop);
  a.prop_values_ptr = address(&value);
  a.user_data = cookie;
  return call(DRM_IOCTL_MODE_ATOMIC, &a);
}

bool Device::read_flip(Flip *flip) {
  for (;;) {
    if (event_at_ + sizeof(drm_event) > event_end_) {
      const ssize_t n = read(fd_.fd, events_.data(), events_.size());
      if (n <= 0) return false;
      event_at_ = 0;
      event_end_ = static_cast<size_t>(n);
    }
    drm_event head;
    std::memcpy(&head, events_.data() + event_at_, sizeof head);
    const size_t at = event_at_;
    if (head.length < sizeof head || at + head.length > event_end_) {
      event_at_ = event_end_ = 0;
      return false;
    }
    event_at_ += head.length;
    if (head.type != DRM_EVENT_FLIP_COMPLETE || head.length < sizeof(drm_event_vblank)) continue;
    drm_event_vblank v;
    std::memcpy(&v, events_.data() + at, sizeof v);
    *flip = {v.user_data, v.sequence,
             static_cast<int64_t>(v.tv_sec) * 1'000'000'000 + static_cast<int64_t>(v.tv_usec) * 1000};
    return true;
  }
}

void Device::off() { commit(dark_plan(link_.found), DRM_MODE_ATOMIC_ALLOW_MODESET); }

}  // namespace rtv::drm
