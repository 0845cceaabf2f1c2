// SPDX-License-Identifier: Apache-2.0
// What the files that bind the engine to Python share.
#pragma once
#include <nanobind/nanobind.h>

#include "events.hpp"
#include "rtvbox/python.hpp"

void bind_kernels(nanobind::module_ &m);
void bind_overlay(nanobind::module_ &m);
void bind_transmitter(nanobind::module_ &m);
void bind_receiver(nanobind::module_ &m);

// The Python forms of _engine.pyi.
using rtv::format_from;
using rtv::histogram_dict;
using rtv::late_wakes_list;
nanobind::list drain_events(rtv::Events &events);
