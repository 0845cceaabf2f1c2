// SPDX-License-Identifier: Apache-2.0
// A V4L2 node as a sink: a thread that gives the driver each frame a little before its time, and
// learns from the driver when it was really sent.
#pragma once
#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "agree.hpp"
#include "buffers.hpp"
#include "rtvbox/histogram.hpp"

namespace rtv::v4l2 {

struct PlayoutOptions {
  std::string path;
  uint32_t buffers = 3;
  bool realtime = true;
  int32_t output = -1;  // by the node's number; -1: the one that is chosen
  uint32_t pixels = 0;  // only this fourcc; 0: the best of those that are offered
  uint32_t field = 0;   // only this enum v4l2_field; 0: as the node likes
  Kernel *kernel = &Kernel::real();
};

struct PlayoutStats {
  using Count = std::atomic<uint64_t>;
  Count submitted{0}, shown{0}, late{0}, overflow{0}, black{0}, partial{0}, no_buffer{0}, errors{0};
  std::atomic<uint32_t> fourcc{0}, field{0};
  std::atomic<int64_t> gone{0}, realtime{0}, rounded{0};  // rounded: 10 bits shown as 8
};

class Playout {
 public:
  explicit Playout(const PlayoutOptions &options);
  const rtv_sink *table() const { return &table_; }
  void retain() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  int start(const rtv_format &format);
  int submit(rtv_frame *frame, int64_t due_tai);
  void stop();
  bool running() const { return running_; }
  std::string last_error() {
    std::lock_guard hold(mutex_);
    return error_;
  }

  PlayoutStats stats;
  Histogram after_due;  // when the driver sent it, less its due time; of those sent after it

 private:
  struct Entry {
    rtv_frame *frame;
    int64_t due;
  };
  static constexpr uint32_t kQueue = 8;

  ~Playout() { stop(); }
  int fail(int result, const std::string &why);
  int choose(const rtv_format &format);
  void run();
  bool give(const Entry &entry);
  bool give_black();
  bool reclaim();
  // Buffers for a picture, one or (fields one by one) two; false: not so many are free.
  bool free_buffers(std::array<uint32_t, 2> *found) const;
  uint32_t parts() const { return agreed_.order.place == FieldOrder::Place::apart ? 2 : 1; }
  void write(const rtv_frame *frame, const std::array<uint32_t, 2> &into) const;
  int queue(const std::array<uint32_t, 2> &filled, int64_t due);

  const PlayoutOptions options_;
  rtv_sink table_;
  std::atomic<uint32_t> refs_{1};
  std::atomic<bool> stop_{false}, running_{false};
  Device device_;
  std::unique_ptr<Buffers> stream_;
  Agreed agreed_{};
  rtv_format format_{};
  bool streaming_ = false;
  std::vector<int64_t> due_;    // of what a buffer holds
  std::vector<uint8_t> with_driver_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<Entry, kQueue> queue_{};
  uint32_t head_ = 0, waiting_ = 0;
  std::string error_, told_;
  std::thread thread_;
};

}  // namespace rtv::v4l2
