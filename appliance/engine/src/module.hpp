// SPDX-License-Identifier: Apache-2.0
// What the files that bind the engine to Python share.
#pragma once
#include <nanobind/nanobind.h>

#include "events.hpp"
#include "histogram.hpp"

void bind_kernels(nanobind::module_ &m);
void bind_overlay(nanobind::module_ &m);
void bind_transmitter(nanobind::module_ &m);
void bind_receiver(nanobind::module_ &m);

// The Python forms of _engine.pyi.
nanobind::dict histogram_dict(const rtv::Histogram &h);
nanobind::list drain_events(rtv::Events &events);
// Reads `format` dictionaries; ValueError names a key that is missing or unknown.
struct rtv_format;
rtv_format format_from(const nanobind::dict &d);
