// SPDX-License-Identifier: Apache-2.0
#include "module.hpp"

void bind_kernels(nanobind::module_ &) {}
