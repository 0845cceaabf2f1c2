// SPDX-License-Identifier: Apache-2.0
// A V4L2 driver in a few lines, for tests: one node with DV timings, buffers in this process's
// memory, and faults when the test says so. It refuses what the kernel refuses (a buffer queued
// twice, timings set while buffers exist), so that wrong order shows.
#pragma once
#include <linux/dma-buf.h>
#include <linux/videodev2.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "check.hpp"
#include "kernel.hpp"
#include "rtvbox/clock.hpp"

inline v4l2_bt_timings timings_720p(uint32_t rate) {
  v4l2_bt_timings t{};
  t.width = 1280, t.height = 720;
  t.hsync = 40, t.hbackporch = 220, t.hfrontporch = rate == 50 ? 440 : 110;
  t.vsync = 5, t.vbackporch = 20, t.vfrontporch = 5;
  t.pixelclock = 74'250'000;
  t.standards = V4L2_DV_BT_STD_CEA861;
  return t;
}

inline v4l2_bt_timings timings_1080i() {
  v4l2_bt_timings t{};
  t.width = 1920, t.height = 1080, t.interlaced = V4L2_DV_INTERLACED;
  t.hfrontporch = 528, t.hsync = 44, t.hbackporch = 148;
  t.vfrontporch = t.il_vfrontporch = 2, t.vsync = t.il_vsync = 5;
  t.vbackporch = 15, t.il_vbackporch = 16;
  t.pixelclock = 74'250'000;
  t.standards = V4L2_DV_BT_STD_CEA861;
  return t;
}

class FakeV4l2 final : public rtv::v4l2::Kernel {
 public:
  explicit FakeV4l2(bool output = false, uint32_t code = V4L2_PIX_FMT_UYVY, bool multi = false)
      : output_(output), multi_(multi), code_(code) {}
  static constexpr int kFd = 100'000;  // no descriptor of this process

  // What the test sets.
  std::atomic<int> signal_error{0};  // of QUERY_DV_TIMINGS: ENOLINK, ENOLCK, ERANGE
  std::atomic<bool> gone{false}, events{true};
  std::atomic<bool> ahead{false};  // a queued buffer is full at once
  std::atomic<int> fetch_error{0}, stream_error{0};
  std::atomic<uint32_t> head{0}, beyond{0};  // octets before the picture; said too many
  std::atomic<uint32_t> stamp_flags{V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC}, tight{0};
  std::atomic<uint32_t> field{V4L2_FIELD_NONE};  // the order that it has
  std::atomic<uint32_t> placed{0};               // rows that somebody composes into; 0: no choice
  std::atomic<bool> stays_placed{false};
  std::atomic<int> lend_error{0}, import_error{0};
  // What it sees.
  std::atomic<int> queries{0}, streams{0}, opened{0}, maps{0};
  std::atomic<uint32_t> starts{0}, ends{0};  // of the CPU's turn with lent memory
  std::atomic<uint32_t> played{0}, last_first_octets{0};
  struct Sent {
    uint32_t field;
    std::vector<uint8_t> first_of_row;
  };
  std::vector<Sent> sent() {
    std::lock_guard hold(mutex_);
    return sent_;
  }

  void set_timings(const v4l2_bt_timings &bt) {
    std::lock_guard hold(mutex_);
    seen_ = bt;
  }
  void announce() {
    std::lock_guard hold(mutex_);
    if (subscribed_) ++pending_;
  }
  // Fills a queued buffer as the card would at the end of a frame; false: the driver has none.
  bool film(uint8_t value, uint32_t flags = 0, uint32_t skip = 0, bool short_of_memory = false) {
    std::lock_guard hold(mutex_);
    sequence_ += skip;
    const uint32_t number = sequence_++;
    if (!streaming_ || queued_.empty()) return false;
    Done d{queued_.front(), number, flags, rtv::mono_now(), short_of_memory};
    queued_.pop_front();
    std::memset(memory_[d.index] + head, value, size_);
    done_.push_back(d);
    return true;
  }
  // A field as the card would give it: number and stamp are what the test says, the rows' value
  // alternates between two.
  bool film_field(uint32_t which, uint32_t number, int64_t stamp, uint8_t even, uint8_t odd) {
    std::lock_guard hold(mutex_);
    if (!streaming_ || queued_.empty()) return false;
    Done d{queued_.front(), number, 0, stamp, false, which};
    queued_.pop_front();
    for (size_t r = 0; r * row_ < size_; ++r)
      std::memset(memory_[d.index] + r * row_, r % 2 ? odd : even, row_);
    done_.push_back(d);
    return true;
  }
  size_t queued() {
    std::lock_guard hold(mutex_);
    return queued_.size();
  }
  bool streaming() {
    std::lock_guard hold(mutex_);
    return streaming_;
  }

  int open(const char *) override {
    if (gone) return -ENODEV;
    std::lock_guard hold(mutex_);
    if (was_gone_.exchange(false)) {  // plugged in again: another device, with nothing set up
      streaming_ = subscribed_ = false;
      size_of_set_ = pending_ = 0;
      queued_.clear(), done_.clear();
    }
    ++opened;
    return kFd;
  }
  // Lent memory has descriptors of its own behind kFd.
  int lend(const std::string &, size_t size) override {
    if (lend_error) return -lend_error;
    std::lock_guard hold(mutex_);
    lent_.push_back({size, nullptr});
    ++opened;
    return kFd + static_cast<int>(lent_.size());
  }
  int duplicate(int) override { return ++opened, kFd; }
  void close(int fd) override {
    if (fd >= kFd) --opened;
  }
  void *map(int fd, size_t size, int64_t offset) override {
    std::lock_guard hold(mutex_);
    void *m = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fd > kFd) {
      Lent &lent = lent_[static_cast<size_t>(fd - kFd - 1)];
      CHECK(size <= lent.size && offset == 0);
      lent.memory = static_cast<uint8_t *>(m);
      return ++maps, m;
    }
    memory_[static_cast<size_t>(offset) / kPage] = static_cast<uint8_t *>(m);
    ++maps;
    return m;
  }
  void unmap(void *m, size_t size) override {
    --maps;
    munmap(m, size);
  }
  int poll(pollfd *fds, unsigned count, int timeout_ms) override {
    for (int i = 0;; ++i) {
      int ready = 0;
      for (unsigned n = 0; n < count; ++n) {
        fds[n].revents = 0;
        if (fds[n].fd == kFd) {
          std::lock_guard hold(mutex_);
          const bool frame = !done_.empty() || fetch_error || (output_ && streaming_);
          if (frame) fds[n].revents |= fds[n].events & POLLIN;
          if (pending_) fds[n].revents |= fds[n].events & POLLPRI;
          if (gone) fds[n].revents |= POLLERR;
        } else {
          ::poll(&fds[n], 1, 0);
        }
        ready += fds[n].revents != 0;
      }
      if (ready || i >= timeout_ms) return ready;
      usleep(1000);
    }
  }

  int control(int fd, unsigned long request, void *p) override {
    if (request == DMA_BUF_IOCTL_SYNC) {
      CHECK(fd > kFd);
      (static_cast<dma_buf_sync *>(p)->flags & DMA_BUF_SYNC_END ? ends : starts) += 1;
      return 0;
    }
    if (gone) return was_gone_ = true, ENODEV;
    std::lock_guard hold(mutex_);
    switch (request) {
      case VIDIOC_QUERYCAP:
        return capabilities(*static_cast<v4l2_capability *>(p));
      case VIDIOC_G_INPUT:
      case VIDIOC_G_OUTPUT:
        return *static_cast<int *>(p) = 0, 0;
      case VIDIOC_ENUMINPUT: {
        auto &in = *static_cast<v4l2_input *>(p);
        in.capabilities = V4L2_IN_CAP_DV_TIMINGS;
        in.status = signal_error == ENOLINK  ? V4L2_IN_ST_NO_SIGNAL
                    : signal_error == ENOLCK ? V4L2_IN_ST_NO_H_LOCK
                                             : 0;
        return 0;
      }
      case VIDIOC_ENUMOUTPUT:
        static_cast<v4l2_output *>(p)->capabilities = V4L2_OUT_CAP_DV_TIMINGS;
        return 0;
      case VIDIOC_ENUM_DV_TIMINGS: {
        auto &t = *static_cast<v4l2_enum_dv_timings *>(p);
        if (t.index > 2) return EINVAL;
        t.timings.type = V4L2_DV_BT_656_1120;
        t.timings.bt = t.index == 2 ? timings_1080i() : timings_720p(t.index ? 50 : 60);
        return 0;
      }
      case VIDIOC_QUERY_DV_TIMINGS: {
        auto &t = *static_cast<v4l2_dv_timings *>(p);
        ++queries;
        t.type = V4L2_DV_BT_656_1120;
        t.bt = seen_;
        return signal_error;
      }
      case VIDIOC_S_DV_TIMINGS:
        if (!size_of_set_) return set_ = static_cast<v4l2_dv_timings *>(p)->bt, 0;
        return EBUSY;
      case VIDIOC_ENUM_FMT: {
        auto &f = *static_cast<v4l2_fmtdesc *>(p);
        if (f.index > 1) return EINVAL;
        f.pixelformat = f.index ? code_ : v4l2_fourcc('X', 'q', '0', '7');  // a vendor's own
        return 0;
      }
      case VIDIOC_S_FMT:
        return set_format(*static_cast<v4l2_format *>(p));
      case VIDIOC_G_SELECTION:
      case VIDIOC_S_SELECTION: {
        auto &one = *static_cast<v4l2_selection *>(p);
        if (!placed) return ENOTTY;
        if (one.target != (output_ ? V4L2_SEL_TGT_CROP : V4L2_SEL_TGT_COMPOSE)) return EINVAL;
        if (request == VIDIOC_S_SELECTION && !stays_placed) placed = one.r.height;
        one.r = {0, 0, set_.width, placed};
        return 0;
      }
      case VIDIOC_SUBSCRIBE_EVENT:
        return events ? (subscribed_ = true, 0) : EINVAL;
      case VIDIOC_DQEVENT:
        if (!pending_) return ENOENT;
        --pending_;
        static_cast<v4l2_event *>(p)->type = V4L2_EVENT_SOURCE_CHANGE;
        return 0;
      case VIDIOC_REQBUFS: {
        auto &r = *static_cast<v4l2_requestbuffers *>(p);
        CHECK(!streaming_ || r.count == 0);
        if (r.memory == V4L2_MEMORY_DMABUF && import_error == EINVAL) return EINVAL;
        imports_ = r.memory == V4L2_MEMORY_DMABUF;
        streaming_ = false;
        queued_.clear(), done_.clear();
        size_of_set_ = r.count = std::min(r.count, 8u);
        return 0;
      }
      case VIDIOC_QUERYBUF: {
        auto &b = *static_cast<v4l2_buffer *>(p);
        CHECK(!imports_);
        if (multi_) {
          b.m.planes[0].length = static_cast<uint32_t>(size_ + head);
          b.m.planes[0].m.mem_offset = b.index * static_cast<uint32_t>(kPage);
        } else {
          b.length = static_cast<uint32_t>(size_);
          b.m.offset = b.index * static_cast<uint32_t>(kPage);
        }
        return 0;
      }
      case VIDIOC_QBUF: {
        const auto &b = *static_cast<v4l2_buffer *>(p);
        if (b.index >= size_of_set_) return EINVAL;
        for (uint32_t i : queued_) CHECK(i != b.index);
        for (const Done &d : done_) CHECK(d.index != b.index);
        CHECK((b.memory == V4L2_MEMORY_DMABUF) == imports_);
        if (imports_) {
          if (import_error) return import_error;
          const int from = multi_ ? b.m.planes[0].m.fd : b.m.fd;
          const Lent &lent = lent_[static_cast<size_t>(from - kFd - 1)];
          CHECK((multi_ ? b.m.planes[0].length : b.length) >= size_ && lent.size >= size_);
          memory_[b.index] = lent.memory;
        }
        field_of_[b.index] = b.field;
        if (ahead && streaming_)
          done_.push_back({b.index, sequence_++, 0, rtv::mono_now(), false});
        else
          queued_.push_back(b.index);
        if (output_) send();
        return 0;
      }
      case VIDIOC_DQBUF:
        return fetch(*static_cast<v4l2_buffer *>(p));
      case VIDIOC_STREAMON:
        if (stream_error) return stream_error;
        streaming_ = true, ++streams;
        if (output_) send();
        return 0;
      case VIDIOC_STREAMOFF:
        streaming_ = false;
        queued_.clear(), done_.clear();
        return 0;
      default:
        return ENOTTY;
    }
  }

 private:
  struct Done {
    uint32_t index, sequence, flags;
    int64_t stamp;
    bool short_of_memory;
    uint32_t field = V4L2_FIELD_NONE;
  };
  static constexpr size_t kPage = 4096;

  int capabilities(v4l2_capability &c) const {
    c.capabilities = V4L2_CAP_DEVICE_CAPS;
    c.device_caps = multi_   ? (output_ ? V4L2_CAP_VIDEO_OUTPUT_MPLANE : V4L2_CAP_VIDEO_CAPTURE_MPLANE)
                    : output_ ? V4L2_CAP_VIDEO_OUTPUT
                              : V4L2_CAP_VIDEO_CAPTURE;
    return 0;
  }
  int set_format(v4l2_format &f) {
    const bool apart = field == V4L2_FIELD_ALTERNATE;
    const uint32_t width = set_.width, height = set_.height / (apart ? 2 : 1);
    const uint32_t row = tight ? tight.load()
                         : code_ == v4l2_fourcc('v', '2', '1', '0') ? (width + 47) / 48 * 128
                                                                    : width * 2;
    row_ = row;
    size_ = size_t{row} * height;
    if (multi_) {
      f.fmt.pix_mp.width = width, f.fmt.pix_mp.height = height, f.fmt.pix_mp.num_planes = 1;
      f.fmt.pix_mp.pixelformat = code_, f.fmt.pix_mp.field = field;
      f.fmt.pix_mp.plane_fmt[0].bytesperline = row;
      f.fmt.pix_mp.plane_fmt[0].sizeimage = static_cast<uint32_t>(size_);
    } else {
      f.fmt.pix.width = width, f.fmt.pix.height = height;
      f.fmt.pix.pixelformat = code_, f.fmt.pix.field = field;
      f.fmt.pix.bytesperline = row;
      f.fmt.pix.sizeimage = static_cast<uint32_t>(size_);
    }
    return 0;
  }
  int fetch(v4l2_buffer &b) {
    if (fetch_error) return fetch_error;
    if (done_.empty()) return EAGAIN;
    const Done d = done_.front();
    done_.pop_front();
    const auto octets = static_cast<uint32_t>(d.short_of_memory ? size_ / 2 : size_);
    b.field = d.field;
    b.index = d.index, b.sequence = d.sequence, b.flags = d.flags | stamp_flags;
    b.timestamp.tv_sec = d.stamp / rtv::kSecond;
    b.timestamp.tv_usec = d.stamp % rtv::kSecond / 1000;
    (multi_ ? b.m.planes[0].bytesused : b.bytesused) = octets + head;
    if (multi_) b.m.planes[0].data_offset = head + beyond;
    return 0;
  }
  void send() {  // an output sends at once what it is given
    if (!streaming_) return;
    for (; !queued_.empty(); queued_.pop_front()) {
      const uint8_t *m = memory_[queued_.front()];
      last_first_octets = static_cast<uint32_t>(m[0]) | static_cast<uint32_t>(m[1]) << 8 |
                          static_cast<uint32_t>(m[2]) << 16 | static_cast<uint32_t>(m[3]) << 24;
      ++played;
      Sent one{field_of_[queued_.front()], {}};
      for (size_t r = 0; r * row_ < size_; ++r) one.first_of_row.push_back(m[r * row_]);
      if (sent_.size() < 16) sent_.push_back(one);
      done_.push_back({queued_.front(), sequence_++, 0, rtv::mono_now(), false});
    }
  }

  std::atomic<bool> was_gone_{false};
  const bool output_, multi_;
  const uint32_t code_;
  std::mutex mutex_;
  v4l2_bt_timings seen_ = timings_720p(50), set_{};
  bool streaming_ = false, subscribed_ = false;
  uint32_t pending_ = 0, sequence_ = 0, size_of_set_ = 0;
  size_t size_ = 0, row_ = 1;
  uint32_t field_of_[32]{};
  std::vector<Sent> sent_;
  struct Lent {
    size_t size;
    uint8_t *memory;
  };
  std::vector<Lent> lent_;
  bool imports_ = false;
  std::deque<uint32_t> queued_;
  std::deque<Done> done_;
  uint8_t *memory_[32]{};
};
