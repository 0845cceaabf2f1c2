// SPDX-License-Identifier: Apache-2.0
// What a node and a stream agree on: timings or standard, pixel format, and the order of fields.
#pragma once
#include <string>

#include "device.hpp"
#include "fields.hpp"

namespace rtv::v4l2 {

struct Agreed {
  v4l2_format format{};  // as the driver took it
  const Pixels *pixels = nullptr;
  FieldOrder order{};
  uint32_t rows = 0;  // of a buffer
};

struct Wish {
  rtv_format format{};
  uint32_t pixels = 0;  // only this fourcc; 0: the best of those that are offered
  uint32_t field = 0;   // only this enum v4l2_field; 0: what suits the scan
};

// Sets the pixel format (timings are set before). "" or why not, one line without the node's name.
std::string agree(const Device &device, const Wish &wish, Agreed *agreed);

}  // namespace rtv::v4l2
