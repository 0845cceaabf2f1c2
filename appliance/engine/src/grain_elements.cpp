// SPDX-License-Identifier: Apache-2.0
#include "grain_elements.hpp"

#include <bit>
#include <cmath>
#include <cstring>

#include "packet_reader.hpp"

namespace rtv {
namespace {

constexpr uint32_t kUndefined = 0xffffffff;
constexpr uint32_t kItem = 0xfffee000, kItemEnd = 0xfffee00d, kSequenceEnd = 0xfffee0dd;
constexpr int kMaxDepth = 16;

struct Element {
  uint32_t tag;
  bool sequence;  // SQ, or UN of undefined length
  bool implicit;  // its inside has no VRs (PS3.5, 6.2.2: UN of undefined length)
  uint32_t length;
};

uint32_t le16(const uint8_t *p) { return p[0] | static_cast<uint32_t>(p[1]) << 8; }
uint32_t le32(const uint8_t *p) { return le16(p) | le16(p + 2) << 16; }

class Walk {
 public:
  Walk(Octets bytes, GrainParts *out) : b_(bytes), out_(out) {}

  bool run() {
    size_t at = kGrainPrefix;
    uint32_t last = 0;
    size_t meta_end = at, dynamic_end = at;
    while (at < b_.size()) {
      Element e;
      if (!header(&at, b_.size(), false, &e) || e.tag <= last || e.tag >= kItem) return false;
      last = e.tag;
      const uint32_t group = e.tag >> 16;
      if (group < 2) return false;
      dynamic_ = group > 2 && group < 8;
      top_ = true;
      if (!value(&at, b_.size(), e, 0)) return false;
      if (group == 2) meta_end = at;
      if (group < 8) dynamic_end = at;
    }
    out_->meta = b_.first(meta_end);
    out_->dynamic = b_.subspan(meta_end, dynamic_end - meta_end);
    out_->fixed = b_.subspan(dynamic_end);
    return meta_end > kGrainPrefix && !out_->instance_uid.empty();
  }

 private:
  bool header(size_t *at, size_t end, bool implicit, Element *e) const {
    if (end - *at < 8) return false;
    const uint8_t *p = b_.data() + *at;
    e->tag = le16(p) << 16 | le16(p + 2);
    e->sequence = e->implicit = false;
    if (e->tag >> 16 == 0xfffe || implicit) {
      e->length = le32(p + 4);
      *at += 8;
      e->implicit = implicit;
      e->sequence = implicit && e->length == kUndefined;
      return true;
    }
    const char v[2] = {static_cast<char>(p[4]), static_cast<char>(p[5])};
    auto is = [&](const char *vr) { return v[0] == vr[0] && v[1] == vr[1]; };
    if (v[0] < 'A' || v[0] > 'Z' || v[1] < 'A' || v[1] > 'Z') return false;
    if (is("OB") || is("OW") || is("OF") || is("OD") || is("OL") || is("OV") || is("SQ") ||
        is("UT") || is("UN") || is("UC") || is("UR") || is("SV") || is("UV")) {
      if (end - *at < 12) return false;
      e->length = le32(p + 8);
      *at += 12;
      e->implicit = is("UN") && e->length == kUndefined;
      e->sequence = is("SQ") || e->implicit;
    } else {
      e->length = le16(p + 6);
      *at += 8;
    }
    return e->length != kUndefined || e->sequence;
  }

  // Steps over the value of an element, into it where it is a sequence.
  bool value(size_t *at, size_t end, const Element &e, int depth) {
    const bool open = e.length == kUndefined;
    if (!open && e.length > end - *at) return false;
    const size_t stop = open ? end : *at + e.length;
    if (!e.sequence) {
      take(e.tag, b_.subspan(*at, e.length));
      *at = stop;
      return true;
    }
    if (depth == kMaxDepth) return false;
    top_ = false;
    while (open || *at < stop) {
      Element item;
      if (!header(at, stop, e.implicit, &item)) return false;
      if (item.tag == kSequenceEnd) return open && item.length == 0;
      if (item.tag != kItem) return false;
      if (!items(at, stop, item.length, e.implicit, depth + 1)) return false;
    }
    return true;
  }

  bool items(size_t *at, size_t end, uint32_t length, bool implicit, int depth) {
    const bool open = length == kUndefined;
    if (!open && length > end - *at) return false;
    const size_t stop = open ? end : *at + length;
    while (open || *at < stop) {
      Element e;
      if (!header(at, stop, implicit, &e)) return false;
      if (e.tag == kItemEnd) return open && e.length == 0;
      if (e.tag >> 16 == 0xfffe) return false;
      if (!value(at, stop, e, depth)) return false;
    }
    return true;
  }

  static bool doubles(Octets v, double *out, size_t n) {
    if (v.size() != 8 * n) return false;
    for (size_t i = 0; i < n; ++i) {
      const uint8_t *p = v.data() + 8 * i;
      out[i] = std::bit_cast<double>(uint64_t{le32(p + 4)} << 32 | le32(p));
      if (!std::isfinite(out[i])) return false;
    }
    return true;
  }
  static Octets trimmed(Octets v) {
    while (!v.empty() && (v.back() == 0 || v.back() == ' ')) v = v.first(v.size() - 1);
    return v;
  }
  static int8_t yes_no(Octets v) {
    v = trimmed(v);
    if (v.size() == 3 && std::memcmp(v.data(), "YES", 3) == 0) return 1;
    if (v.size() == 2 && std::memcmp(v.data(), "NO", 2) == 0) return 0;
    return -1;
  }

  void take(uint32_t tag, Octets v) {
    if (top_) {
      if (tag == 0x00020033) out_->instance_uid = trimmed(v);
      if (tag == 0x00080018) out_->static_instance_uid = trimmed(v);
      return;
    }
    if (!dynamic_) return;
    switch (tag) {
      case 0x00340007:
        if (v.size() != 10 || !read_tai(v.data(), &out_->origin_tai)) out_->origin_tai = 0;
        break;
      case 0x00340008:
        out_->imaging_subject = yes_no(v);
        break;
      case 0x0034000c:
        out_->information = yes_no(v);
        break;
      case 0x00701603:
        position_ = doubles(v, out_->pose.position, 3);
        break;
      case 0x00701604:
        look_at_ = doubles(v, out_->pose.look_at, 3);
        break;
      case 0x00701605:
        out_->has_pose = doubles(v, out_->pose.up, 3) && position_ && look_at_;
        break;
      default:
        break;
    }
  }

  Octets b_;
  GrainParts *out_;
  bool dynamic_ = false, top_ = false, position_ = false, look_at_ = false;
};

}  // namespace

bool begins_grain(Octets payload) {
  return payload.size() >= kGrainPrefix && std::memcmp(&payload[128], "DICM", 4) == 0;
}

bool read_grain(Octets bytes, GrainParts *out) {
  *out = GrainParts{};
  return begins_grain(bytes) && Walk(bytes, out).run();
}

}  // namespace rtv
