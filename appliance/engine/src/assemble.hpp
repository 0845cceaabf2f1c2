// SPDX-License-Identifier: Apache-2.0
// Builds frames from packets: which frame a packet belongs to, when a frame is over, what then
// happens to it. One thread; time comes in from outside, so it runs in tests without a clock.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "composite.hpp"
#include "kernels.hpp"
#include "packet_reader.hpp"
#include "rtvbox/pool.hpp"
#include "rx_config.hpp"
#include "rx_counters.hpp"
#include "rx_coverage.hpp"
#include "rx_grains.hpp"
#include "rx_outbox.hpp"
#include "rx_picture.hpp"
#include "rx_timeline.hpp"

namespace rtv {

class Assembler {
 public:
  Assembler(const RxConfig &config, const Kernel &kernel, Compositor &compositor,
            RxCounters &counters, RxHistograms &histograms, Events &events, Outbox &outbox);
  ~Assembler();
  Assembler(const Assembler &) = delete;
  Assembler &operator=(const Assembler &) = delete;

  const VideoLayout &layout() const { return layout_; }
  const RxTiming &timing() const { return time_; }
  StaticParts &statics() { return grains_.statics(); }
  void set_tai_utc(int32_t seconds) { grains_.set_tai_utc(seconds); }
  // Whether the viewer asked for overlays: then live frames that lack them say why.
  void announce(bool on) { announce_ = on; }

  // A packet of the flow, checked by read_rtp and read_video. `first_copy`: no path brought it
  // before; a second copy only shows how far its path is.
  void video(int leg, const RtpPacket &rtp, const VideoPacket &packet, bool first_copy,
             int64_t arrival);
  void grain(const Grain &grain, int64_t now);
  // Closes what is over and keeps the output alive; call often, at least at deadline(). seen: up
  // to when the packets that came have been read, at most now: who was kept from reading for a
  // while has a backlog, and may not take for silence what is only unread.
  void tick(int64_t now, int64_t seen);
  int64_t deadline(int64_t now) const;
  // How long packets may gather before the next look at them: long in the middle of a frame,
  // where each wake-up costs and nothing waits, short where the last ones are near.
  int64_t gather() const;
  // The flow has another sender from here on: its timestamps and grains are unrelated.
  void sender_changed(int64_t now);
  // Grains so far were another device's: none belongs to a frame, no patient is confirmed.
  void forget_metadata();
  // Closes everything that was begun.
  void flush(int64_t now);
  uint64_t emitted() const { return sequence_; }

 private:
  struct Slot {
    explicit Slot(const VideoLayout &l) : coverage(l.rows, l.row_pgroups) {}
    Coverage coverage;
    rtv_frame *frame = nullptr;  // nullptr: no buffer was free, nothing is kept
    int64_t ticks = 0;           // of the first field
    uint32_t timestamp = 0;
    int64_t ref = 0;  // TAI
    int64_t first = 0, last = 0;
    int64_t leg_first[2]{}, leg_last[2]{}, leg_marked[2]{};
    int64_t passed_at = 0;  // when the first path had passed it
    bool has_grain = false;
    bool news = true;  // its picture was captured for it alone, see describe()
    uint64_t concealed = 0;
    // In slices:
    bool handed = false;
    uint32_t drawn = 0;         // rows blended and released
    uint32_t since_drawn = 0;   // packets since a row was released
    int64_t blocked_at = 0;
  };
  struct Path {
    int64_t last_packet = 0;
    int64_t newest = INT64_MIN;  // ticks
    uint32_t in_newest = 0;      // packets
  };

  Slot *find(uint32_t timestamp, bool second_field, int64_t *ticks);
  Slot *open_slot(int64_t ticks, uint32_t timestamp, int64_t arrival);
  bool timely(int64_t ticks, int64_t arrival) const;
  bool plausible(int64_t *ticks, uint32_t timestamp, bool second_field, int64_t arrival);
  void follow(int leg, int64_t ticks, int64_t arrival);
  void start_anew(uint32_t timestamp, int64_t arrival);
  bool passed(const Slot &s, int leg) const;
  bool over(Slot &s, int64_t now);
  bool metadata_over(const Slot &s, int64_t now) const;
  bool closable(Slot &s, int64_t now);
  void close(Slot &s, int64_t now);
  void describe(Slot &s, int64_t now);
  void hand_out(Slot &s, int64_t due, int64_t sending, int64_t now);
  int64_t presentation(Slot &s, int64_t now);
  void raise_offset(int64_t offset, int64_t now);
  void release(Slot &s);
  void grow(Slot &s, int64_t now);
  void keep_alive(int64_t now);
  Reason why_no_picture(int64_t now) const;
  int64_t turn(const Slot &s, uint32_t row) const;
  int64_t due(const Slot &s) const { return s.ref + offset_; }

  const RxConfig config_;
  const VideoLayout layout_;
  const Kernel &kernel_;
  const RxTiming time_;
  const bool sliced_;
  RxCounters &n_;
  RxHistograms &h_;
  Events &events_;
  Outbox &outbox_;
  FramePool pool_;
  Pictures pictures_;
  WaitingGrains grains_;
  Timeline line_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot *> free_, open_;  // open: oldest first
  std::array<Path, 2> paths_{};
  int64_t offset_;
  int64_t behind_ = 0;      // slices: by how much a row of the present frame missed its turn
  int64_t settling_need_ = 0;  // the longest way of a frame while the offset settles
  int64_t flow_since_ = 0;  // when the first frame came after a silence
  bool announce_ = false;
  bool anchored_ = false;
  bool joined_ = false;  // past the frame during which we joined
  int64_t closed_ = INT64_MIN;   // ticks of the frame closed last
  bool closed_had_grain_ = true;
  int64_t first_grain_ = INT64_MAX, newest_grain_ = INT64_MIN, grain_at_ = 0;
  int64_t odd_ticks_ = 0;        // a timestamp far from all before, and how often it came
  uint32_t odd_count_ = 0, late_row_ = 0;
  uint64_t sequence_ = 0;
  int64_t seen_ = 0;             // see tick()
  int64_t origin_ = 0;           // of the last frame that had a grain
  int64_t live_due_ = 0;         // when the last live frame is due
  int64_t slate_due_ = 0;
  rtv_frame *slate_ = nullptr;
  Reason slate_reason_ = Reason::no_flow;
  int64_t say_late_until_ = 0;
  bool flow_ = false, had_flow_ = false;
  bool said_buffer_ = false, said_clock_ = false, said_late_ = false;
};

}  // namespace rtv
