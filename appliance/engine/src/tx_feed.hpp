// SPDX-License-Identifier: Apache-2.0
// The source as the transmitter sees it: takes its frames, follows the state of its signal and
// keeps the few newest frames until they are sent. No picture of another format passes.
#pragma once
#include <array>
#include <cstdint>

#include "composite.hpp"
#include "events.hpp"
#include "rtvbox/video.h"
#include "tx_counters.hpp"

namespace rtv {

class TxFeed {
 public:
  TxFeed(rtv_source *source, const rtv_format &format, bool slices, Events &events,
         TxCounters &counters);
  ~TxFeed();
  TxFeed(const TxFeed &) = delete;
  TxFeed &operator=(const TxFeed &) = delete;

  // RTV_OK, or what the source answered; gone is no error: it is tried again every second.
  int start();
  void stop();
  const char *error() const;

  // Takes what the source has; returns at once.
  void poll();
  // Waits for one answer of the source, at most so long.
  void wait(int64_t timeout_ns);
  // Waits until rows of a frame from this feed are there; false: they do not come.
  bool wait_rows(rtv_frame *frame, uint32_t rows, int64_t timeout_ns);

  // Whether pictures of the source may be shown now, and if not, why not.
  bool live() const { return state_ == RTV_SIGNAL_LOCKED; }
  bool known() const { return known_; }  // the source has said anything at all yet
  Reason reason() const;

  // From the first frame sent on, a frame left out is one that is missed.
  // settled: long enough that what is dropped now is a fault of the source or of this machine.
  void set_flowing(bool flowing, bool settled) { flowing_ = flowing, settled_ = settled; }

  // For the aligned transmitter, at a read instant: the frame to send now, or nullptr when there
  // is none newer. Frames that are left out are counted as drops. The caller owns a reference.
  rtv_frame *take_synchronous(int64_t read_tai);
  // The frame whose raster starts at this alignment point within the tolerance, whole or not.
  rtv_frame *take_starting_at(int64_t tai, int64_t tolerance_ns);
  // For the direct transmitter: the next frame; when it has fallen behind, the newest.
  rtv_frame *take_next();

 private:
  static constexpr uint32_t kStock = 4;
  struct Held {
    rtv_frame *frame;
    int64_t arrived_tai;
  };
  bool accept(int result, const rtv_event &event);  // false: nothing came
  void keep(rtv_frame *frame);
  rtv_frame *take(uint32_t index);  // drops all older ones
  void become(uint32_t signal, const rtv_format *found);
  void drop_stock();
  void release_stock();
  void watch_silence();
  void try_again();
  bool same_format(const rtv_format &f) const;

  rtv_source *source_;
  rtv_format format_;
  bool slices_;
  Events &events_;
  TxCounters &counters_;
  int64_t silence_ns_;

  std::array<Held, kStock> stock_{};
  uint32_t stocked_ = 0;
  uint32_t state_ = RTV_SIGNAL_ABSENT;
  bool known_ = false, stalled_ = false, flowing_ = false, settled_ = false;
  int64_t last_frame_tai_ = 0, last_try_ = 0;
  uint64_t next_sequence_ = 0;
  uint32_t generation_ = 0;
};

}  // namespace rtv
