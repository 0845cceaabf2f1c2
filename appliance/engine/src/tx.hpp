// SPDX-License-Identifier: Apache-2.0
// The transmitter: one thread that takes frames from a source and sends them, with their
// metadata, as one DICOM-RTV stream on one or two paths.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "grain_writer.hpp"
#include "mailbox.hpp"
#include "thread.hpp"
#include "tx_sender.hpp"
#include "tx_slate.hpp"

namespace rtv {

struct TxConfig {
  rtv_format format{};
  std::vector<int32_t> packets;  // n x 10, see make_packet_plan
  std::vector<TxLeg> video, metadata;
  uint8_t payload_type = 96, metadata_payload_type = 104;
  uint32_t ssrc = 0, metadata_ssrc = 0;
  uint32_t max_udp = 1460;
  int64_t tro_ns = 0, active_ns = 0, drain_ps = 0;
  uint32_t cmax = 0, lead_packets = 0;
  bool paced = true, txtime = false;
  uint32_t burst = 0;
  bool aligned = true, slices = false;
  int64_t static_period_ns = 500'000'000;
  uint64_t max_frames = 0;
  int64_t spin_ns = -1;
  bool realtime = true;
  int cpu = -1;
  GroundKind ground = GroundKind::last;  // of slates
};

class Transmitter {
 public:
  // Opens the sockets and takes all memory. Throws std::invalid_argument (one line: field, value,
  // remedy) and std::system_error (naming interface or address). The source is retained.
  Transmitter(rtv_source *source, TxConfig config);
  ~Transmitter();
  Transmitter(const Transmitter &) = delete;
  Transmitter &operator=(const Transmitter &) = delete;

  // One control thread at a time.
  void set_grain(std::unique_ptr<GrainTemplate> grain);
  void set_dynamic(std::unique_ptr<GrainDynamic> values) { dynamic_.post(std::move(values)); }
  Compositor &banners() { return slate_.banners(); }
  void start();  // throws; does nothing when it runs
  void stop();   // after the frame being sent; idempotent

  bool running() const { return running_.load(std::memory_order_acquire); }
  const TxConfig &config() const { return config_; }
  const TxCounters &counters() const { return counters_; }
  const TxHistograms &histograms() const { return histograms_; }
  Events &events() { return events_; }

 private:
  struct Picture {
    rtv_frame *frame;
    bool live, repeated;
  };
  // The media time of a frame: as sync timestamp, and as RTP timestamps of its fields.
  struct Stamp {
    int64_t sync_tai;
    uint32_t rtp[2];
  };
  Stamp aligned_stamp(int64_t index) const;
  Stamp direct_stamp(int64_t capture_tai) const;
  void run();
  void run_aligned();
  void run_direct();
  bool wanted() const;
  Spin spin() const;
  bool too_late(const rtv_frame &frame) const;
  void follow_slices();
  Picture pick_aligned(int64_t alignment, int64_t frame_ns);
  bool waiting_for_source() const;
  bool settled() const;
  Picture slate();
  // Sends grain and picture. schedule_tai: TPR0 of the frame's first packet.
  void send_frame(const Picture &picture, const Stamp &stamp, int64_t schedule_tai);
  void send_grain(const Picture &picture, const Stamp &stamp);
  void hold(rtv_frame *frame);

  TxConfig config_;
  Events events_;
  TxCounters counters_;
  TxHistograms histograms_;
  const Kernel *kernel_;
  PacketPlan plan_;
  TxPacing pacing_;
  TxFeed feed_;
  TxSlate slate_;
  TxSender sender_;
  GrainWriter grain_writer_;
  TxPaths video_, metadata_;

  Mailbox<GrainTemplate> grain_;
  Mailbox<GrainDynamic> dynamic_;
  bool has_grain_ = false;  // control side

  // Of the thread.
  int64_t frame_ns_, read_before_ns_ = 0, slice_shift_ = 0;
  rtv_frame *held_ = nullptr;  // the last live frame sent
  bool locked_ = false;        // slices: the source's raster starts at the alignment points
  bool flowing_ = false;
  int64_t flowing_since_ = 0;
  int64_t started_tai_ = 0, last_sync_ = 0, last_static_ = 0;
  uint32_t last_static_id_ = 0;
  uint64_t frames_before_ = 0;  // of earlier starts

  std::thread thread_;
  std::atomic<bool> stop_{false}, running_{false};
};

}  // namespace rtv
