// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nanobind/nanobind.h>

#include <memory>

#include "driver.hpp"

// The driver as Python holds it; sources and sinks keep it alive.
class PyDriver {
  std::shared_ptr<rtv::decklink::Driver> driver_;

 public:
  explicit PyDriver(const std::string &library);
  ~PyDriver();
  const std::shared_ptr<rtv::decklink::Driver> &get() const { return driver_; }
};

void bind_ports(nanobind::module_ &m);
