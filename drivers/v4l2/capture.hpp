// SPDX-License-Identifier: Apache-2.0
// A V4L2 node as a source of frames: a thread that follows the signal and hands buffers on.
#pragma once
#include <memory>
#include <thread>

#include "agree.hpp"
#include "buffers.hpp"
#include "live_source.hpp"
#include "rtvbox/pool.hpp"

namespace rtv::v4l2 {

struct CaptureOptions {
  std::string path;
  rtv_format format{};    // what is expected; with its layout, UYVY or V210
  uint32_t buffers = 8;   // asked of the driver
  uint32_t queue = 3;     // frames that wait for a slow consumer
  std::string memory;     // what the driver is lent, as Kernel::lend has it; "": its own is taken
  bool realtime = true;
  int32_t input = -1;     // by the node's number; -1: the one that is chosen
  uint32_t pixels = 0;    // only this fourcc; 0: the best of those that are offered
  uint32_t field = 0;     // only this enum v4l2_field; 0: as it comes
  Kernel *kernel = &Kernel::real();
};

class Capture final : public LiveSource {
 public:
  explicit Capture(const CaptureOptions &options);

  // Counters of this family, and what the node gives now.
  std::atomic<uint64_t> copied{0};             // frames that needed a conversion
  std::atomic<uint64_t> lone_fields{0};        // without the other one of their frame: withheld
  std::atomic<uint32_t> seen_fourcc{0}, seen_field{0}, buffers{0};
  std::atomic<int64_t> realtime{0};

 private:
  ~Capture() override;
  int open(bool slices) override;
  void shut() override;

  void run();
  bool follow_signal(int64_t now);   // looks at the signal; false: the device is gone
  bool begin_stream(const Timings &timings);
  void end_stream();
  bool take_frames();                // false: the device is gone
  bool source_changed();             // an event says so; takes all that wait
  void hand_on(const Buffers::Filled &filled);
  void weave(const Buffers::Filled &filled);
  void deliver_at(rtv_frame *frame, uint64_t number, int64_t began);
  int64_t raster_start(int64_t stamp, uint32_t flags) const;
  int64_t frame_time() const;
  bool lost_device(int error, const char *what);

  const CaptureOptions options_;
  Device device_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
  int wake_ = -1;  // eventfd

  // The thread's own.
  std::unique_ptr<Buffers> stream_;
  std::unique_ptr<FramePool> pool_;  // for what must be converted
  Agreed agreed_{};
  Pairing pairing_;
  rtv_frame *half_ = nullptr;  // of the pool; holds a top field that waits for the other
  int64_t half_began_ = 0;     // its raster's start, where stamps name that
  uint64_t lone_ = 0, paired_at_ = 0;  // lone fields of this stream; and by the last pair
  FrameCount count_;
  Timings seen_{};
  rtv_format format_{};
  bool had_stream_ = false, announces_ = false, changed_ = false;  // announces_: source changes come as events
  uint32_t broke_ = 0;  // streams that broke off without a frame between
  int64_t last_frame_ = 0, looked_ = 0, settle_ = 0;
};

}  // namespace rtv::v4l2
