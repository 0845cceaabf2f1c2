// SPDX-License-Identifier: Apache-2.0
// A V4L2 node as a source of frames: a thread that follows the signal and hands buffers on.
#pragma once
#include <memory>
#include <thread>

#include "buffers.hpp"
#include "live_source.hpp"
#include "rtvbox/pool.hpp"

namespace rtv::v4l2 {

struct CaptureOptions {
  std::string path;
  rtv_format format{};    // what is expected; with its layout, UYVY or V210
  uint32_t buffers = 8;   // asked of the driver
  uint32_t queue = 3;     // frames that wait for a slow consumer
  bool realtime = true;
  int32_t input = -1;     // by the node's number; -1: the one that is chosen
  uint32_t pixels = 0;    // only this fourcc; 0: the best of those that are offered
  Kernel *kernel = &Kernel::real();
};

class Capture final : public LiveSource {
 public:
  explicit Capture(const CaptureOptions &options);

  // Counters of this family, and what the node gives now.
  std::atomic<uint64_t> copied{0};             // frames that needed a conversion
  std::atomic<uint32_t> seen_fourcc{0}, buffers{0};
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
  int64_t raster_start(const Buffers::Filled &filled) const;
  bool lost_device(int error, const char *what);

  const CaptureOptions options_;
  Device device_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
  int wake_ = -1;  // eventfd

  // The thread's own.
  std::unique_ptr<Buffers> stream_;
  std::unique_ptr<FramePool> pool_;  // for what must be converted
  const Pixels *pixels_ = nullptr;
  FrameCount count_;
  Timings seen_{};
  rtv_format format_{};
  bool had_stream_ = false, announces_ = false, changed_ = false;  // announces_: source changes come as events
  uint32_t broke_ = 0;  // streams that broke off without a frame between
  int64_t last_frame_ = 0, looked_ = 0, settle_ = 0;
};

}  // namespace rtv::v4l2
