// SPDX-License-Identifier: Apache-2.0
// What stands under the banner while no picture is live, as the site wishes it.
#pragma once
#include <memory>
#include <string_view>

#include "composite_stencil.hpp"

namespace rtv {

enum class GroundKind : uint8_t {
  last,     // the last live picture, darkened; black before the first
  black,
  pattern,  // eight bars, so that a monitor far away is seen to be driven
};
// Kind of a name ("last", "black", "pattern"); false when there is none.
bool ground_named(std::string_view name, GroundKind *kind);

class Ground {
 public:
  // Takes all memory. format: one whose layout holds it.
  Ground(const rtv_format &format, GroundKind kind);
  bool keeps_last() const { return kind_ == GroundKind::last; }
  // Fills all rows of a frame of that format: bars, or black.
  void lay(rtv_frame &frame) const;

 private:
  rtv_format format_;
  GroundKind kind_;
  std::unique_ptr<Stencil> bars_;
};

}  // namespace rtv
