// SPDX-License-Identifier: Apache-2.0
// A V4L2 node: what it is, its formats and timings, its input's state. Control calls only; no
// frame passes here. Errors are errno values, as the kernel gives them.
#pragma once
#include <linux/videodev2.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kernel.hpp"
#include "rtvbox/video.h"

namespace rtv::v4l2 {

struct Timings {
  v4l2_dv_timings dv{};
  rtv_format format{};  // raster, rate and scan; sampling, depth and layout are not its
};

// An input of a capture node or an output of a playout node.
struct Connector {
  uint32_t index;
  std::string name;
  bool chosen, dv_timings, standards;  // standards: of 525 or 625 lines
  uint32_t state;  // enum rtv_signal, of an input; a driver knows that of the chosen one
};

struct Offer {
  uint32_t fourcc;
  std::string text;  // the driver's description
};

class Device {
 public:
  explicit Device(std::string path, Kernel &kernel = Kernel::real())
      : path_(std::move(path)), kernel_(kernel) {}
  ~Device() { close(); }
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;

  int open();  // 0 or errno
  void close();
  int fd() const { return fd_; }
  Kernel &kernel() const { return kernel_; }
  int control(unsigned long request, void *argument) const {
    return kernel_.control(fd_, request, argument);
  }
  const std::string &path() const { return path_; }

  bool captures() const { return flags_ & (V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_CAPTURE_MPLANE); }
  bool plays() const { return flags_ & (V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_VIDEO_OUTPUT_MPLANE); }
  bool planes() const {
    return flags_ & (V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_VIDEO_OUTPUT_MPLANE);
  }
  uint32_t buffer_type() const;
  const std::string &driver() const { return driver_; }
  const std::string &card() const { return card_; }
  const std::string &bus() const { return bus_; }

  std::vector<Offer> offers() const;
  std::vector<Connector> connectors() const;
  // The input's or output's index, and its name.
  int current(uint32_t *index, std::string *name) const;
  // Makes another one the current one, for all who use the node. EBUSY while somebody streams.
  int choose(uint32_t index);
  bool has_timings() const { return timings_; }  // of the input or output, after open()
  bool has_standards() const { return standards_; }
  // Whether its video standard is one of 525 lines; false where it has none.
  bool of_525_lines() const;
  // Sets the standard of a format, if it is not one of its family already. EDOM: no standard is.
  int set_standard_for(const rtv_format &format) const;

  // What the signal is now: ENOLINK none, ENOLCK not locked, ERANGE beyond the card.
  int query_timings(Timings *found) const;
  int set_timings(const Timings &wish) const;
  // The timings that this node offers for a format; ENODATA when it has none.
  int timings_for(const rtv_format &format, Timings *found) const;
  // State of the input as enum rtv_signal by its status bits.
  uint32_t input_state() const;

  // Sets the pixel format; the driver may change what it likes, which is what is returned.
  int set_format(uint32_t width, uint32_t height, uint32_t fourcc, uint32_t field,
                 v4l2_format *got) const;
  // Makes all of the signal fill all of a buffer of that size, whatever another program cropped or
  // placed before. ERANGE: the node does not. 0 also where it has no such choice.
  int use_whole(uint32_t width, uint32_t rows) const;
  int set_rate(uint32_t num, uint32_t den) const;
  int subscribe(uint32_t type, uint32_t id) const;

  // What an input shows to its source, or what an output's monitor shows to us.
  int get_edid(uint32_t connector, std::vector<uint8_t> *edid) const;
  // Of an input; empty: none, the source sees no sink.
  int set_edid(uint32_t connector, const std::vector<uint8_t> &edid) const;

 private:
  int describe(uint32_t index, Connector *found) const;

  std::string path_, driver_, card_, bus_;
  Kernel &kernel_;
  int fd_ = -1;
  uint32_t flags_ = 0;
  bool timings_ = false, standards_ = false;
};

// Raster, rate and scan of DV timings; the rate is that of the usual table within 200 ppm, else
// the exact one. reduced: the driver said that the rate is a 1000th of a 1001th lower.
rtv_format format_of(const v4l2_bt_timings &bt);
// Whether two formats show the same raster at the same rate (1000/1001 told apart only where the
// card can detect it).
bool same_signal(const rtv_format &wanted, const rtv_format &seen, bool tells_reduced);

}  // namespace rtv::v4l2
