// SPDX-License-Identifier: Apache-2.0
// A card's input without a card: a thread that plays the DMA engine and hands frames on at the
// instants at which a real card would, with faults on demand. What the pictures show is Content.
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "card_clock.hpp"
#include "content.hpp"
#include "handover.hpp"
#include "raster.hpp"
#include "rtvbox/late_wakes.hpp"

namespace rtv {

struct CardOptions {
  bool slices = true;      // able to hand frames on before they are whole
  uint32_t steps = 16;     // hand-overs of rows in a frame
  uint32_t queue = 3;      // frames kept for a slow consumer
  int64_t phase_ns = 0;    // raster start after the alignment point
  bool drifts = false;     // runs on its own oscillator from the start
  int64_t drift_ppb = 0;
  bool realtime = true;    // ask for SCHED_FIFO, as DMA does not wait for a scheduler
};

struct CardStats {
  std::atomic<uint64_t> frames{0}, taken{0}, dropped{0}, no_buffer{0}, missed{0};
  std::atomic<uint64_t> signal_changes{0}, format_changes{0}, generation{0}, sequence{0};
  std::atomic<int64_t> late_max_ns{0};  // of a hand-over against its instant
  std::atomic<int64_t> realtime{0};
};

enum class Fault : uint8_t {
  signal,         // value: enum rtv_signal; frames stop
  signal_frames,  // value: enum rtv_signal; black frames come, marked with it
  drift,          // value: ppb
  freeze,         // value: 1 on, 0 off
  content,        // another format or picture
  unplug,
};

class CardSource {
 public:
  CardSource(std::unique_ptr<Content> content, const CardOptions &options);

  const rtv_source *table() const { return &table_; }
  void retain() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  int start(bool slices);
  int next(int64_t timeout_ns, rtv_event *event);
  int wait_lines(rtv_frame *frame, uint32_t lines, int64_t timeout_ns);
  void stop();

  // Faults; one caller at a time (Python's, under its lock). at: sequence number of the first
  // frame concerned, 0 = the next. False: too many are waiting.
  bool fault(Fault kind, int64_t value, uint64_t at, std::unique_ptr<Content> content = nullptr);
  void replug() { unplugged_ = false; }
  bool running() const { return running_; }
  void sweep();  // frees content that is out of use; never called by the card's thread

  CardStats stats;
  LateWakes late_wakes;  // of the card's thread

 private:
  struct Command {
    Fault kind;
    int64_t value;
    uint64_t at;
    Content *content;
  };
  static constexpr size_t kCommands = 64, kRetired = 2 * kCommands;

  ~CardSource();
  void run();
  void obey(int64_t k);
  void apply(const Command &c, int64_t k);
  rtv_frame *prepare(int64_t k);
  void hand_over(rtv_frame *frame, int64_t due);
  void play_whole(int64_t k);
  void play_sliced(int64_t k);
  void announce(int result, uint32_t signal, int64_t tai);
  void vanish(int64_t tai);
  void set_lines(rtv_frame *frame, uint32_t lines);
  void note_late(int64_t due);
  void sleep_until(int64_t tai);
  uint32_t step_row(uint32_t step) const {
    return static_cast<uint32_t>(static_cast<uint64_t>(content_->format().height) * step /
                                 options_.steps);
  }

  const CardOptions options_;
  rtv_source table_;
  std::atomic<uint32_t> refs_{1};
  std::string error_;  // the consumer's thread

  // Shared between the card's thread and the others.
  std::atomic<bool> stop_{false}, running_{false}, unplugged_{false}, unplug_now_{false};
  Handover handover_;
  std::array<Command, kCommands> ring_;
  std::atomic<size_t> ring_in_{0}, ring_out_{0};
  std::array<Content *, kRetired> retired_{};
  std::atomic<size_t> retired_in_{0}, retired_out_{0};

  // The card's thread only, while it runs.
  std::thread thread_;
  std::unique_ptr<Content> content_;
  CardClock clock_;
  std::array<Command, kCommands> waiting_;
  size_t waiting_n_ = 0;
  bool slices_ = false, moved_ = false;
  bool frozen_ = false;
  uint64_t frozen_picture_ = 0;
  int64_t frozen_tai_ = 0;
  uint32_t signal_ = RTV_SIGNAL_LOCKED;
  bool frames_flow_ = true;
  uint64_t sequence_ = 0;
  uint32_t generation_ = 0;
  rtv_frame *ready_ = nullptr;  // sliced: prepared ahead for the raster start
  Shot ready_shot_{};
};

}  // namespace rtv
