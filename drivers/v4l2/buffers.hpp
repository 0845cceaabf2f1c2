// SPDX-License-Identifier: Apache-2.0
// The buffers of a stream: the driver's memory, or memory lent to it (DMABUF), mapped. A captured
// frame is the buffer itself, counted, and goes back to the driver with its last reference; the
// memory outlives the stream while frames are out.
#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "device.hpp"
#include "pixels.hpp"

namespace rtv::v4l2 {

class Buffers {
 public:
  struct Filled {
    uint32_t index, sequence, flags, octets, field;
    int64_t stamp;  // ns on CLOCK_MONOTONIC when the flags say so
  };
  // Asks for buffers and maps them. `format` as set_format gave it. lent: what memory the driver is
  // lent, as Kernel::lend has it; "" its own is taken. Errors: an errno value.
  static int make(const Device &device, const v4l2_format &format, const Pixels &pixels,
                  uint32_t count, const std::string &lent, std::unique_ptr<Buffers> *made);
  ~Buffers();
  Buffers(const Buffers &) = delete;
  Buffers &operator=(const Buffers &) = delete;

  uint32_t count() const;
  const Memory &memory(uint32_t index) const;
  size_t octets(uint32_t index) const;  // of the first plane
  int queue(uint32_t index, uint32_t field = V4L2_FIELD_NONE);  // field: of a playout's picture
  int fetch(Filled *filled);  // EAGAIN: none is ready
  int stream_on();
  void stream_off();
  // A buffer as a frame; give_back is its release. The caller sets what the picture is.
  rtv_frame *wrap(uint32_t index);

 private:
  struct Shared;
  explicit Buffers(Shared *shared) : s_(shared) {}
  static void give_back(rtv_frame *frame);
  Shared *s_;
};

}  // namespace rtv::v4l2
