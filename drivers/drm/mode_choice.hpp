// SPDX-License-Identifier: Apache-2.0
// Which of a monitor's modes carries a flow. Pure: numbers in, a choice and its reasons out.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "rtvbox/video.h"

namespace rtv {

// A mode as the kernel describes it. The pixel clock is in whole kHz, so that a mode's rate is
// known to half a kHz only: 148352 kHz stands for 148.5 MHz / 1.001.
struct Mode {
  uint32_t clock_khz = 0;
  uint32_t width = 0, height = 0, htotal = 0, vtotal = 0;
  bool interlaced = false;
  bool other_timing = false;  // lines scanned more than once: not used
  bool preferred = false;
  size_t index = 0;  // in the monitor's list
};

// Refreshes a second as a fraction: exact for the clock as given.
struct Refresh {
  uint64_t num = 0, den = 1;
};
Refresh refresh_of(const Mode &m);

// Pictures a second that a progressive monitor must show: fields of interlaced flows are shown
// one after the other, each made whole from its own lines; the segments of PsF are one picture.
Refresh picture_rate(const rtv_format &f);

struct ModeChoice {
  bool found = false;
  Mode mode;
  uint32_t left = 0, top = 0;  // of the picture in the mode's raster; both even
  uint32_t repeats = 1;        // refreshes for each picture
  bool matched = false;        // within what the mode's clock says, or it follows
  bool follows = false;        // each refresh waits for its picture (VRR)
  int64_t error_ppb = 0;       // refresh / (repeats * picture rate) - 1
  int64_t slip_ns = 0;         // between repeated (fast) or dropped (slow) refreshes; 0: none
  std::string text;            // one line for a person: the choice, or why there is none
};

// Same raster first; a raster that the monitor lacks is centred in the next larger mode. Within
// a raster: the rate that matches, of several that match the highest up to 61 Hz (less delay, and
// no link carries it badly), else the one that slips least often.
ModeChoice choose_mode(const std::vector<Mode> &modes, const rtv_format &format);

// A monitor whose refresh can wait for the picture, as DisplayPort Adaptive-Sync and HDMI VRR have
// it. least, most: refreshes a second that it keeps up with; 0: it does not say.
struct VariableRefresh {
  bool offered = false;
  uint32_t least_hz = 0, most_hz = 0;
};

// The same raster with a refresh that follows the flow, where that can be: the mode (then the
// fastest refresh) has room of 2 % above the picture rate, so that a picture that comes early is
// never held up for long; and the rate is not below what the monitor waits for (if it does not say:
// 48 Hz), because there the driver repeats pictures at times of its own. The slowest such mode: it
// leaves the link most bits. Else `fixed` as it is.
ModeChoice following(const ModeChoice &fixed, const std::vector<Mode> &modes,
                     const rtv_format &format, const VariableRefresh &monitor);

// Of all rasters the modes that show this picture rate, or a multiple, without a slip; as
// mode_text, the largest raster first, no text twice.
std::vector<std::string> matching_modes(const std::vector<Mode> &modes, const rtv_format &format);

// "1920x1080 at 59.94 Hz"
std::string mode_text(const Mode &m);

}  // namespace rtv
