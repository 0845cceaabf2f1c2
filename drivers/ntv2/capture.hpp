// SPDX-License-Identifier: Apache-2.0
// An SDI input of an AJA card as a source of frames: a thread that follows the signal, and fetches
// each frame from the ring in the card's memory when it is whole.
#pragma once
#include <memory>
#include <optional>
#include <thread>

#include "board.hpp"
#include "clock_map.hpp"
#include "live_source.hpp"
#include "rtvbox/histogram.hpp"
#include "rtvbox/pool.hpp"
#include "signal_settle.hpp"
#include "stamp_point.hpp"

namespace rtv::ntv2 {

// The driver stamps a frame in the vertical interrupt at which its recording begins.
constexpr StampPoint kStampPoint = StampPoint::raster_start;

struct CaptureOptions {
  std::string key;
  uint32_t connector = 1;
  rtv_format format{};     // what is expected; with its layout, V210 or UYVY
  uint32_t buffers = 8;    // frames that may be out at a time
  uint32_t queue = 3;      // frames that wait for a slow consumer
  uint32_t ring = 7;       // frames in the card's memory
  uint32_t channels = 0;   // of embedded sound, which delays frames by one
  bool realtime = true;
};

struct CaptureStats {
  using Count = std::atomic<uint64_t>;
  Count unlocks{0}, crc_errors{0};  // lock lost; lines with errors, as the receiver counts them
  Count unstamped{0};               // frames without a stamp, or with an impossible one: withheld
  Count clock_steps{0};             // how often the stamps' clock was set
  std::atomic<uint32_t> payload_id{0};
  std::atomic<int64_t> realtime{0}, clock_uncertainty_ns{0};
};

class Capture final : public LiveSource {
 public:
  Capture(std::shared_ptr<Boards> boards, const CaptureOptions &options);

  CaptureStats card;
  Histogram arrival;  // from the end of a frame's raster to its hand-over, ns

 private:
  ~Capture() override;
  int open(bool slices) override;
  void shut() override;

  void run();
  bool follow_signal();  // false: the card is gone
  bool take_frames();    // false: the card is gone
  bool begin_stream();
  void end_stream();
  bool live();
  bool lost_card();
  bool read_ring(RingState *state);
  void hand_on(rtv_frame *frame, const Transferred &done);

  const std::shared_ptr<Boards> boards_;
  const CaptureOptions options_;
  std::thread thread_;
  std::atomic<bool> stop_{false};

  // The thread's own.
  std::unique_ptr<InputPort> port_;
  std::unique_ptr<FramePool> pool_;
  rtv_frame *spare_ = nullptr;  // takes what there is no frame for
  std::optional<SignalSettle> settle_;
  ClockMap map_;
  bool streams_ = false, had_stream_ = false, looked_ = false;
  uint32_t unlocks_ = 0, crc_ = 0, dropped_ = 0;  // as seen last
  uint64_t number_ = 0;
  int64_t last_frame_ = 0;
};

}  // namespace rtv::ntv2
