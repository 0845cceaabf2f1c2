// SPDX-License-Identifier: Apache-2.0
// A build without libajantv2.
#include "board.hpp"

namespace rtv::ntv2 {

std::shared_ptr<Boards> boards() { return nullptr; }
std::string why_none() {
  return "this build has no support for AJA cards; install libajantv2 "
         "(github.com/aja-video/libajantv2, with its CMake package), "
         "then: rm .venv/.built; make build";
}

}  // namespace rtv::ntv2
