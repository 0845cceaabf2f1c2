// SPDX-License-Identifier: Apache-2.0
#include "grain_writer.hpp"

#include <sys/timex.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "octets.hpp"
#include "rtvbox/clock.hpp"

namespace rtv {
namespace {

void put_digits(uint8_t *out, int count, int64_t value) {
  for (int i = count - 1; i >= 0; --i, value /= 10)
    out[i] = static_cast<uint8_t>('0' + value % 10);
}

void put_double(uint8_t *out, double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  for (int i = 0; i < 8; ++i) out[i] = static_cast<uint8_t>(bits >> (8 * i));
}

template <size_t N>
void put_doubles(uint8_t *out, const std::array<double, N> &values) {
  for (size_t i = 0; i < N; ++i) put_double(out + 8 * i, values[i]);
}

}  // namespace

void put_dicom_dt(uint8_t *out, int64_t tai_ns, int64_t offset) {
  const int64_t seconds = tai_ns / kSecond - offset;
  const int64_t day = seconds / 86400, in_day = seconds % 86400;
  // Days since 1970 to a civil date; years start in March so that a leap day is the last.
  const int64_t z = day + 719468, era = z / 146097, doe = z % 146097;
  const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
  const int64_t month = mp < 10 ? mp + 3 : mp - 9;
  put_digits(out, 4, yoe + era * 400 + (month <= 2 ? 1 : 0));
  put_digits(out + 4, 2, month);
  put_digits(out + 6, 2, doy - (153 * mp + 2) / 5 + 1);
  put_digits(out + 8, 2, in_day / 3600);
  put_digits(out + 10, 2, in_day / 60 % 60);
  put_digits(out + 12, 2, in_day % 60);
  out[14] = '.';
  put_digits(out + 15, 6, tai_ns % kSecond / 1000);
  std::memcpy(out + 21, "+0000", 5);
}

bool GrainWriter::fill(GrainTemplate &grain, const GrainDynamic *dynamic,
                       const GrainMoment &moment, bool with_static) {
  const int64_t now = mono_now();
  if (offset_read_ == 0 || now - offset_read_ >= kSecond) {
    timex t{};
    if (adjtimex(&t) >= 0) tai_offset_ = t.tai;
    offset_read_ = now;
  }
  const int64_t age = dynamic ? moment.sync_tai - dynamic->tai : 0;
  const bool pose = moment.live && !grain.pose.bytes.empty() && dynamic && dynamic->has_pose() &&
                    age <= dynamic->life && age >= -dynamic->life;
  const GrainPart &head = pose ? grain.pose : grain.base;
  std::memcpy(grain.scratch.data(), head.bytes.data(), head.bytes.size());
  patch(head, grain.scratch.data(), dynamic, moment);
  size_ = head.bytes.size();
  if (with_static && !grain.statics.bytes.empty()) {
    uint8_t *at = grain.scratch.data() + size_;
    std::memcpy(at, grain.statics.bytes.data(), grain.statics.bytes.size());
    patch(grain.statics, at, dynamic, moment);
    size_ += grain.statics.bytes.size();
  }
  return pose;
}

void GrainWriter::patch(const GrainPart &part, uint8_t *bytes, const GrainDynamic *dynamic,
                        const GrainMoment &moment) {
  for (const GrainPatch &p : part.patches) {
    uint8_t *at = bytes + p.offset;
    // What was never set stays as the template says; a slate always says NO.
    const auto yes_no = [&](bool value) {
      const bool valid = dynamic && dynamic->has(p.value) &&
                         moment.sync_tai <= dynamic->answers_until;
      if (!moment.live || valid)
        std::memcpy(at, moment.live && value ? "YES " : "NO  ", 4);
    };
    const bool given = dynamic && dynamic->has(p.value);
    switch (p.value) {
      case GrainValue::origin_ptp: put_ptp(at, moment.origin_tai); break;
      case GrainValue::sync_ptp: put_ptp(at, moment.sync_tai); break;
      case GrainValue::utc_dt: put_dicom_dt(at, moment.origin_tai, tai_offset_); break;
      case GrainValue::viewpoint: if (given) put_doubles(at, dynamic->viewpoint); break;
      case GrainValue::look_at: if (given) put_doubles(at, dynamic->look_at); break;
      case GrainValue::up: if (given) put_doubles(at, dynamic->up); break;
      case GrainValue::field_of_view: if (given) put_doubles(at, dynamic->field_of_view); break;
      case GrainValue::imaging_subject: yes_no(dynamic && dynamic->imaging_subject); break;
      case GrainValue::information: yes_no(dynamic && dynamic->information); break;
    }
  }
}

size_t GrainWriter::cut(GrainTemplate &grain, const GrainMoment &moment, size_t &at) {
  const auto room = [&](const GrainPart &x) { return max_udp_ - 8 - 12 - x.bytes.size(); };
  const size_t left = size_ - at;
  const GrainPart *x = nullptr;
  size_t take = 0;
  bool last = false;
  if (at == 0 && left <= room(grain.single)) {
    x = &grain.single, take = left, last = true;
  } else if (at == 0) {
    // A grain that just misses a single packet still needs a second one.
    x = &grain.first, take = std::min(room(grain.first), left - 1);
  } else if (left <= room(grain.last)) {
    x = &grain.last, take = left, last = true;
  } else {
    x = &grain.middle, take = std::min(room(grain.middle), left - 1);
  }
  uint8_t *p = grain.packet.data();
  p[0] = static_cast<uint8_t>(0x80 | (x->bytes.empty() ? 0 : 0x10));
  p[1] = static_cast<uint8_t>((last ? 0x80 : 0) | payload_type_);
  put16(p + 2, sequence_++);
  put32(p + 4, moment.timestamp);
  put32(p + 8, ssrc_);
  if (!x->bytes.empty()) {
    std::memcpy(p + 12, x->bytes.data(), x->bytes.size());
    patch(*x, p + 12, nullptr, moment);
  }
  std::memcpy(p + 12 + x->bytes.size(), grain.scratch.data() + at, take);
  at += take;
  return 12 + x->bytes.size() + take;
}

}  // namespace rtv
