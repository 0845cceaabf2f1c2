// SPDX-License-Identifier: Apache-2.0
// One output for several users after one another, without a gap between them: a new one is let in
// while the old one still shows its picture, and takes the output over with its first live frame.
#pragma once
#include <atomic>
#include <mutex>

#include "rtvbox/video.h"

namespace rtv {

class RelayInput;

// Life: as long as an input is, or somebody holds a reference. The card is stopped when the last
// input has stopped.
class Relay {
  const rtv_sink *card_;
  std::atomic<uint32_t> refs_{1};
  // Held for the hand-over of one frame; only engines' threads and those that start and stop them
  // take it, and they wait for each other only while one replaces the other.
  std::mutex busy_;
  RelayInput *shown_ = nullptr;  // whose frames reach the card
  uint32_t started_ = 0;         // inputs that are
  rtv_format format_{};
  bool slices_ = false;

  ~Relay();
  friend class RelayInput;

 public:
  explicit Relay(const rtv_sink *card);  // retains it
  Relay(const Relay &) = delete;
  Relay &operator=(const Relay &) = delete;
  void retain() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release();
};

// A user's end: a sink of its own. Frames that are no live pictures (RTV_SLATE) do not displace
// what another input shows.
class RelayInput {
  rtv_sink table_;
  Relay *relay_;
  std::atomic<uint32_t> refs_{1};
  bool started_ = false;
  bool displaced_ = false;  // by another's live frame: does not come back by itself
  const char *error_ = "";

  ~RelayInput();
  int start(const rtv_format &format, bool slices);
  int submit(rtv_frame *frame, int64_t due_tai);
  void stop();
  void show();

 public:
  explicit RelayInput(Relay *relay);
  RelayInput(const RelayInput &) = delete;
  RelayInput &operator=(const RelayInput &) = delete;
  rtv_sink *table() { return &table_; }
  // From now on this one's frames are shown, live or not.
  void take_over();
  bool shown();
  void retain() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release();
};

}  // namespace rtv
