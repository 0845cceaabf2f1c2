// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <stdexcept>
#include <string>

#include "grain_writer.hpp"

namespace rtv {
namespace {

struct Named {
  const char *name;
  uint32_t octets;
};
constexpr Named kValues[kGrainValues] = {
    {"origin_ptp", 10}, {"sync_ptp", 10},      {"utc_dt", 26},
    {"viewpoint", 24},  {"look_at", 24},       {"up", 24},
    {"field_of_view", 48}, {"imaging_subject", 4}, {"information", 4},
};

void check_patches(const char *name, const GrainPart &part) {
  for (const GrainPatch &p : part.patches) {
    const size_t end = static_cast<size_t>(p.offset) + grain_value_octets(p.value);
    if (end > part.bytes.size())
      throw std::invalid_argument(std::string("patches: ") + name + ": " +
                                  kValues[static_cast<size_t>(p.value)].name +
                                  " reaches beyond the end of the part");
  }
}

// RFC 8285: profile, length in words, elements.
void check_extension(const char *name, const GrainPart &part, uint32_t max_udp) {
  const auto &b = part.bytes;
  check_patches(name, part);
  if (b.empty()) return;
  if (b.size() < 4 || b.size() % 4 || (b[2] * 256u + b[3] + 1) * 4 != b.size())
    throw std::invalid_argument(std::string(name) +
                                ": is no whole RTP header extension; its length field must match");
  if (b.size() + 8 + 12 + 64 > max_udp)
    throw std::invalid_argument(std::string(name) + ": leaves no room in a packet");
}

}  // namespace

bool grain_value_named(std::string_view name, GrainValue *value) {
  for (size_t i = 0; i < kGrainValues; ++i)
    if (name == kValues[i].name) {
      *value = static_cast<GrainValue>(i);
      return true;
    }
  return false;
}

uint32_t grain_value_octets(GrainValue value) { return kValues[static_cast<size_t>(value)].octets; }

void GrainTemplate::prepare(uint32_t max_udp) {
  if (base.bytes.empty()) throw std::invalid_argument("base: is empty; every frame needs it");
  check_patches("base", base);
  check_patches("pose", pose);
  check_patches("static", statics);
  check_extension("extension_first", first, max_udp);
  check_extension("extension_middle", middle, max_udp);
  check_extension("extension_last", last, max_udp);
  check_extension("extension_single", single, max_udp);
  scratch.resize(std::max(base.bytes.size(), pose.bytes.size()) + statics.bytes.size());
  packet.resize(max_udp);
}

}  // namespace rtv
