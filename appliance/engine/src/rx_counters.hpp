// SPDX-License-Identifier: Apache-2.0
// What a receiver counts. Each figure has one writing thread; anybody may read at any time.
#pragma once
#include <atomic>
#include <cstdint>

#include "histogram.hpp"
#include "rtvbox/late_wakes.hpp"

namespace rtv {

class Count {
 public:
  void add(uint64_t n = 1) {
    v_.store(v_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(uint64_t n) { v_.store(n, std::memory_order_relaxed); }
  uint64_t get() const { return v_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> v_{0};
};

// name, meaning. The name is the key that Python sees.
#define RTV_RX_COUNTERS(X)                                                            \
  X(frames)              /* closed and handed on, live ones */                        \
  X(complete)            /* of them without a gap */                                  \
  X(concealed_frames)    /* of them with a gap filled from the frame before */        \
  X(concealed_pgroups)                                                                \
  X(joined_midway)       /* incomplete frames at the start, not shown */              \
  X(mostly_lost)         /* frames of which less than half came, not shown */         \
  X(packets)             /* video, all paths */                                       \
  X(bytes)               /* of UDP payload, video, all paths */                       \
  X(metadata_packets)                                                                 \
  X(lost)                /* video packets that no path delivered */                   \
  X(lost_a) X(lost_b)    /* on each path */                                           \
  X(recovered)           /* lost on the first path, delivered by the second */        \
  X(redundant)           /* second copies (ST 2022-7) */                              \
  X(duplicates)          /* second copies on one path */                              \
  X(reordered)                                                                        \
  X(path_losses)         /* times one path of two fell silent (ST 2022-7) */          \
  X(late_packets)        /* after their frame was closed */                           \
  X(metadata_lost)       /* metadata packets that no path delivered */                \
  X(bad_rtp) X(bad_srd) X(bad_pt) X(bad_size) X(bad_timestamp)                        \
  X(invalid)             /* the sum of the bad ones */                                \
  X(foreign_packets)     /* of another sender on the same group */                    \
  X(sender_changes)                                                                   \
  X(kernel_drops)        /* socket buffer overflow */                                 \
  X(no_buffer)           /* frames dropped because the sink holds all buffers */      \
  X(grains)              /* whole grains */                                           \
  X(grain_lost)          /* grains of which a packet missed */                        \
  X(grain_invalid)       /* no DICOM, or not as PS3.22 has it */                      \
  X(metadata_missing)    /* frames closed without a grain of their timestamp */       \
  X(metadata_late)       /* grains after their frame was closed */                    \
  X(metadata_unpaired)   /* grains whose frame never came */                          \
  X(metadata_mismatch)   /* timestamps within a grain that contradict each other */   \
  X(no_patient)          /* frames without a confirmed static part */                 \
  X(patient_changes)                                                                  \
  X(static_id)           /* of the static part confirmed last */                      \
  X(late)                /* frames complete only after their time */                  \
  X(shown_late)          /* frames that were whole in time and handed on after it */  \
  X(offset_raises) X(link_offset_ns)                                                  \
  X(flow_losses)                                                                      \
  X(presented)           /* handed to the sink, live ones */                          \
  X(sender_held)         /* the sender's repeats and banners: of no latency */        \
  X(repeats)             /* slates handed to the sink */                              \
  X(sink_errors)                                                                      \
  X(cpu_receive_ns) X(cpu_present_ns)

struct RxCounters {
#define RTV_ONE(name) Count name;
  RTV_RX_COUNTERS(RTV_ONE)
#undef RTV_ONE
  template <typename Visit>
  void each(Visit &&visit) const {
#define RTV_ONE(name) visit(#name, name.get());
    RTV_RX_COUNTERS(RTV_ONE)
#undef RTV_ONE
  }
};

struct RxHistograms {
  Histogram latency;  // capture to presentation
  Histogram added;    // the same less the frame's own sending time
  Histogram arrival;  // capture to the last packet
  Histogram skew;     // between the first packets of a frame on the two paths
  LateWakes receiving_late, presenting_late;  // of the two threads
};

}  // namespace rtv
