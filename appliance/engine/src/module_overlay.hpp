// SPDX-License-Identifier: Apache-2.0
// From numpy arrays to what the compositor draws; shared by the bindings of both directions.
// All raise ValueError with one line that names the argument, the value and the remedy.
#pragma once
#include <nanobind/nanobind.h>

#include <memory>
#include <string_view>
#include <vector>

#include "composite.hpp"

// {reason: uint16 [h, w, 4]}; a reason that is not in `allowed` is refused.
std::vector<std::shared_ptr<const rtv::Banner>> banners_from(
    const nanobind::dict &slates, const rtv_format &format,
    const std::vector<std::string_view> &allowed);

// layers: (x, y, uint16 [h, w, 4]) each. fields: dicts with kind, x, y, chars, and if wanted
// colour (Y, Cb, Cr) and align "left" or "right".
std::shared_ptr<const rtv::Overlay> overlay_from(const rtv_format &format, uint32_t static_id,
                                                 const nanobind::sequence &layers,
                                                 const nanobind::sequence &fields);

std::shared_ptr<const rtv::Atlas> atlas_from(uint32_t cell_w, uint32_t cell_h,
                                             const nanobind::object &alpha);
