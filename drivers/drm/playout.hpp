// SPDX-License-Identifier: Apache-2.0
// A monitor as a sink: one thread converts frames, commits them for the vblank that steering
// chose, and takes the kernel's word (page-flip events) for when they were shown.
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "device.hpp"
#include "journal.hpp"
#include "mode_choice.hpp"
#include "pixels.hpp"
#include "rtvbox/clock.hpp"
#include "rtvbox/histogram.hpp"
#include "rtvbox/video.h"
#include "steering.hpp"

namespace rtv::drm {

struct Options {
  std::string node, connector;
  std::string status_file;  // sysfs: "connected" or not
  bool realtime = true;
};

struct Stats {
  using Count = std::atomic<int64_t>;
  Count submitted{0}, overflow{0}, shown{0}, slates{0};
  Count slips_repeat{0}, slips_drop{0};  // steps of the steering, in refreshes
  Count late_dropped{0};      // not ready for their vblank
  Count missed_vblanks{0};    // shown later than committed for
  Count incomplete{0};        // slices that did not come
  Count into_nothing{0};      // no monitor
  Count blacks{0}, unplugs{0}, modesets{0}, commit_errors{0}, flips_lost{0};
  // As of now.
  Count running{0}, realtime{0}, connected{0}, black{0}, vblank{0};
  Count width{0}, height{0}, bits{0}, link_bits{0}, repeats{0}, matched{0}, follows{0};
  Count refresh_mhz{0}, nominal_mhz{0};  // millihertz: measured (0: not yet), the mode's own
  Count error_ppb{0};                    // the mode's rate against the flow's
  Count drift_ppb{0};                    // measured refreshes against the flow; + monitor fast
  Count next_slip_ns{0};                 // 0: none in sight
  Count wait_ns{0}, lead_ns{0};          // due + lead to vblank; what the way to it costs
  Count wait_min_ns{0}, wait_max_ns{0};  // since the last slip
  Count last_flip_tai{0}, last_sequence{-1};
};

class Playout {
 public:
  // Opens the connector; throws Trouble.
  explicit Playout(const Options &options);
  const rtv_sink *table() const { return &table_; }
  void retain() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  int start(const rtv_format &format, bool slices);
  int submit(rtv_frame *frame, int64_t due_tai);
  void stop();   // shows black
  void close();  // stops, and gives the screen back
  // As the monitor was last asked; and of these, what shows the flow's rate without a slip.
  std::vector<Mode> modes() const;
  std::vector<std::string> matching() const;

  Stats stats;
  Histogram due_to_flip, capture_to_flip, convert;
  Journal journal;

 private:
  struct Entry {
    rtv_frame *frame = nullptr;
    int64_t due = 0, submitted = 0;
  };
  // A picture in a buffer of ours, on its way to the screen.
  struct Picture {
    bool valid = false, live = false;
    int buffer = -1;
    int64_t due = 0, capture = 0, vblank = 0;
    int64_t cost = 0;  // from due to converted, without waiting for a place
    uint64_t sequence = 0;
    uint32_t field = 0;
  };
  static constexpr uint32_t kQueue = 8;
  static constexpr int kBuffers = 3, kBlack = kBuffers;

  ~Playout();
  void halt();
  // Chooses mode and plane format and lights the monitor. "" or why not.
  std::string light();
  std::string try_planes(const ModeChoice &choice);
  std::string set_up(const ModeChoice &choice, Pixel pixel);
  void note_modes();
  void drop_buffers();

  void run();
  int64_t step(int64_t now);  // when to wake
  void take_flips();
  void shown(const Flip &flip);
  bool convert_next(int64_t now);
  bool fill(const Entry &e, uint32_t field, int buffer);
  void place(Picture *p);
  int64_t commit_ready(int64_t now);
  void go_black(int64_t now);
  bool commit(const Picture &p);
  void check_plug(int64_t now);
  void into_nothing(int64_t now);
  void publish_phase();
  bool pop(Entry *e, int64_t now);
  bool queued();
  int free_buffer() const;
  int64_t refresh_ns() const { return clock_ ? clock_->period() : 16'666'667; }
  int64_t lead() const { return std::min(lead_.value(), 2 * picture_ns_); }
  int64_t flip_tai(int64_t mono);
  bool plugged() const;
  void sleep(int64_t until);

  const Options options_;
  rtv_sink table_;
  std::atomic<uint32_t> refs_{1};
  std::string error_;
  std::unique_ptr<Device> device_;

  std::mutex life_;  // start, stop and close come from different threads
  std::mutex mutex_;
  mutable std::mutex listed_;  // guards modes_, matching_
  std::vector<Mode> modes_;
  std::vector<std::string> matching_;
  std::array<Entry, kQueue> queue_{};
  uint32_t head_ = 0, count_ = 0;
  std::atomic<int64_t> last_submit_{0};
  std::atomic<bool> stop_{false}, running_{false}, gone_{false};
  int wake_ = -1;
  std::thread thread_;

  // The thread's own, and start's before it runs.
  rtv_format format_{};
  bool slices_ = false;
  int64_t picture_ns_ = 0;  // of the flow: a field of interlaced ones
  ModeChoice choice_;
  Pixel pixel_ = Pixel::xrgb8888;
  std::unique_ptr<Painter> painter_;
  std::array<Buffer, kBuffers + 1> buffers_{};
  bool lit_ = false, has_vblank_ = false, black_ = true;
  std::unique_ptr<VblankClock> clock_;
  std::unique_ptr<Steering> steering_;
  Lead lead_;
  Picture ready_, flying_;
  Entry field_;          // the second field of a frame is still to come
  int on_screen_ = kBlack;
  int64_t flying_since_ = 0, seq_ = 0, last_shown_vblank_ = 0, last_due_ = 0;
  int64_t offset_ = 0, offset_doubt_ = -1;  // TAI - monotonic
  int64_t place_free_ = 0;  // since when the next picture has a buffer and nothing before it
  int64_t placed_due_ = 0;
  int64_t followed_ = 0;  // pictures shown since the refresh follows them
  int64_t next_plug_check_ = 0, next_light_ = 0, blocked_until_ = 0;
  uint64_t cookie_ = 0;
  bool said_busy_ = false;
};

}  // namespace rtv::drm
