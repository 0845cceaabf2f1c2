// SPDX-License-Identifier: Apache-2.0
// Cards count durations too.
#pragma once
#include "rtvbox/histogram.hpp"
