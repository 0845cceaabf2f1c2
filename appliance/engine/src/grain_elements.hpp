// SPDX-License-Identifier: Apache-2.0
// Walks the elements of a DICOM-RTV grain (PS3.22, 7.1): preamble, `DICM`, then Explicit VR
// Little Endian elements in ascending order; group 2 is the meta information, group 6 the dynamic
// part, groups from 8 the static part. Only positions and the few values the data plane uses are
// taken; everything else is Python's. Pure; hostile bytes end in `false`, never beyond the span.
#pragma once
#include <cstdint>
#include <span>

namespace rtv {

struct GrainPose {
  double position[3], look_at[3], up[3];
};

struct GrainParts {
  std::span<const uint8_t> meta;     // preamble, prefix and group 2
  std::span<const uint8_t> dynamic;  // group 6; may be empty
  std::span<const uint8_t> fixed;    // the static part; may be empty
  std::span<const uint8_t> instance_uid;         // (0002,0033) without padding
  std::span<const uint8_t> static_instance_uid;  // (0008,0018) of the static part, if there
  int64_t origin_tai = 0;                        // (0034,0007); 0 = not there
  int8_t imaging_subject = -1, information = -1;  // 1 YES, 0 NO, -1 unknown
  bool has_pose = false;
  GrainPose pose{};
};

constexpr size_t kGrainPrefix = 132;
// Whether a payload begins a grain: `DICM` after the preamble.
bool begins_grain(std::span<const uint8_t> payload);
// False when the bytes are not exactly one grain.
bool read_grain(std::span<const uint8_t> bytes, GrainParts *out);

}  // namespace rtv
