// SPDX-License-Identifier: Apache-2.0
// The sink's table: what the engine's thread calls. The playout thread is in playout_thread.cpp.
#include "playout.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstring>

#include "rtvbox/pool.hpp"

namespace rtv::drm {

namespace {
Playout *playout(void *self) { return static_cast<Playout *>(self); }
int64_t milli(const Refresh &r) { return static_cast<int64_t>((r.num * 1000 + r.den / 2) / r.den); }
}  // namespace

Playout::Playout(const Options &options) : options_(options) {
  table_ = rtv_sink{
      RTV_ABI,
      sizeof(rtv_sink),
      this,
      [](void *s) { playout(s)->retain(); },
      [](void *s) { playout(s)->release(); },
      [](void *s, const rtv_format *f, int slices) { return playout(s)->start(*f, slices != 0); },
      [](void *s, rtv_frame *f, int64_t due) { return playout(s)->submit(f, due); },
      [](void *s) { playout(s)->stop(); },
      [](void *s) { return playout(s)->error_.c_str(); },
  };
  device_ = std::make_unique<Device>(options.node, options.connector);
  modes_ = device_->modes();
  wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_ < 0) throw Trouble(std::string("drm: no eventfd: ") + std::strerror(errno));
}

Playout::~Playout() {
  close();
  if (wake_ >= 0) ::close(wake_);
}

int Playout::start(const rtv_format &format, bool slices) {
  std::lock_guard hold(life_);
  halt();
  if (row_bytes(format, 0) == 0 || format.rate_num == 0 || format.rate_den == 0 ||
      format.width == 0 || format.height == 0 || format.depth < 8 || format.depth > 12) {
    error_ = "format: this memory layout cannot hold that sampling and depth";
    return RTV_REFUSED;
  }
  try {
    if (gone_) {  // its file is dead for good
      drop_buffers();
      device_.reset();
    }
    if (!device_) device_ = std::make_unique<Device>(options_.node, options_.connector);
    format_ = format;
    slices_ = slices;
    const Refresh pictures = picture_rate(format);
    picture_ns_ = static_cast<int64_t>((pictures.den * kSecond + pictures.num / 2) / pictures.num);
    lit_ = false;
    gone_ = false;
    const bool there = device_->probe() && plugged();
    note_modes();
    stats.connected = there;
    if (there) {
      const std::string why = light();
      if (!lit_) {
        error_ = why;
        return RTV_REFUSED;
      }
    } else {
      journal.say(tai_now(), true, "no monitor is connected to %s: pictures go into nothing",
                  options_.connector.c_str());
    }
  } catch (const Trouble &t) {
    error_ = t.what();
    return RTV_BROKEN;
  }
  ready_ = flying_ = {};
  field_ = {};
  last_due_ = last_submit_ = tai_now();
  lead_ = {};
  place_free_ = placed_due_ = 0;
  stop_ = false;
  running_ = true;
  stats.running = 1;
  thread_ = std::thread([this] { run(); });
  return RTV_OK;
}

std::string Playout::light() {
  const ModeChoice fixed = choose_mode(device_->modes(), format_);
  if (!fixed.found) return fixed.text;
  choice_ = following(fixed, device_->modes(), format_, device_->variable());
  std::string why = try_planes(choice_);
  if (!lit_ && choice_.follows) {
    choice_ = fixed;
    why = try_planes(choice_);
  }
  if (!lit_) return why;
  const Refresh r = refresh_of(choice_.mode);
  clock_ = std::make_unique<VblankClock>(r.num, r.den);
  steering_ = std::make_unique<Steering>(choice_.repeats);
  has_vblank_ = device_->vblanks();
  on_screen_ = kBlack;
  black_ = true;
  seq_ = last_shown_vblank_ = 0;
  stats.black = 1;
  stats.vblank = has_vblank_;
  stats.width = choice_.mode.width;
  stats.height = choice_.mode.height;
  stats.bits = depth_of(pixel_);
  stats.link_bits = link_bits(device_->max_bpc(), device_->monitor());
  stats.repeats = choice_.repeats;
  stats.matched = choice_.matched;
  stats.follows = device_->follows();
  stats.wait_ns = stats.wait_min_ns = stats.wait_max_ns = stats.lead_ns = 0;
  stats.drift_ppb = stats.next_slip_ns = 0;
  followed_ = 0;
  stats.nominal_mhz = milli(r);
  stats.refresh_mhz = 0;
  stats.error_ppb = choice_.error_ppb;
  stats.modesets.fetch_add(1);
  journal.say(tai_now(), !choice_.matched, "monitor: %s", choice_.text.c_str());
  const std::string lost =
      depth_loss(format_.depth, pixel_, device_->max_bpc(), device_->monitor());
  if (!lost.empty()) journal.say(tai_now(), false, "monitor: %s", lost.c_str());
  if (!has_vblank_)
    journal.say(tai_now(), true,
                "the driver %s counts no vblanks: pictures are shown at their due time by our own "
                "clock, and when the glass shows them is not known",
                device_->driver().c_str());
  return "";
}

std::string Playout::try_planes(const ModeChoice &choice) {
  std::string why = "drm: the plane takes none of our formats; use another output";
  for (const Pixel p : candidates(format_, device_->knows_yuv(format_))) {
    if (!device_->takes(p)) continue;
    why = set_up(choice, p);
    if (lit_) break;
  }
  return why;
}

// The monitor was asked: what it has, for whoever asks us.
void Playout::note_modes() {
  std::vector<std::string> matching = matching_modes(device_->modes(), format_);
  std::lock_guard hold(listed_);
  modes_ = device_->modes();
  matching_ = std::move(matching);
}

std::vector<Mode> Playout::modes() const {
  std::lock_guard hold(listed_);
  return modes_;
}

std::vector<std::string> Playout::matching() const {
  std::lock_guard hold(listed_);
  return matching_;
}

// Buffers and mode; the old buffers are dropped once the new ones are on.
std::string Playout::set_up(const ModeChoice &choice, Pixel pixel) {
  std::array<Buffer, kBuffers + 1> made{};
  auto undo = [&] {
    for (Buffer &b : made) device_->drop_buffer(b);
  };
  try {
    for (Buffer &b : made) {
      b = device_->make_buffer(choice.mode.width, choice.mode.height, pixel);
      Painter::black(b.memory, b.pitch, choice.mode.width, choice.mode.height, pixel,
                     format_.full_range);
    }
  } catch (const Trouble &t) {
    undo();
    return t.what();
  }
  int e = 0;
  for (const bool only_try : {true, false})
    if (!e)
      e = device_->set_mode(choice.mode, made[kBlack], format_, pixel, choice.follows, only_try);
  if (e) {
    undo();
    return "drm: the display refuses " + mode_text(choice.mode) + ": " + std::strerror(e) +
           (e == EACCES ? "; another program holds the screen" : "");
  }
  drop_buffers();
  buffers_ = made;
  pixel_ = pixel;
  painter_ = std::make_unique<Painter>(format_, pixel);
  lit_ = true;
  return "";
}

void Playout::drop_buffers() {
  if (device_)
    for (Buffer &b : buffers_) device_->drop_buffer(b);
}

int Playout::submit(rtv_frame *frame, int64_t due_tai) {
  if (gone_) return RTV_GONE;
  if (!running_) {
    error_ = "the sink is not started";
    return RTV_REFUSED;
  }
  const rtv_format &f = frame->format;
  if (f.width != format_.width || f.height != format_.height || f.layout != format_.layout ||
      f.sampling != format_.sampling || f.depth != format_.depth) {
    error_ = "format: the frame is not of the format that the sink was started with";
    return RTV_REFUSED;
  }
  const int64_t now = tai_now();
  stats.submitted.fetch_add(1, std::memory_order_relaxed);
  {
    std::lock_guard hold(mutex_);
    if (count_ == kQueue) {
      stats.overflow.fetch_add(1, std::memory_order_relaxed);
      return RTV_OK;
    }
    queue_[(head_ + count_++) % kQueue] = {rtv_frame_ref(frame), due_tai ? due_tai : now, now};
  }
  last_submit_ = now;
  const uint64_t one = 1;
  // It can only fail when the count is full, and then the thread is awake.
  if (write(wake_, &one, sizeof one) < 0) return RTV_OK;
  return RTV_OK;
}

void Playout::stop() {
  std::lock_guard hold(life_);
  halt();
}

void Playout::halt() {
  stop_ = true;
  const uint64_t one = 1;
  if (wake_ >= 0 && write(wake_, &one, sizeof one) < 0) stop_ = true;
  if (thread_.joinable()) thread_.join();
  running_ = false;
  stats.running = 0;
  for (; count_; --count_, head_ = (head_ + 1) % kQueue) rtv_frame_unref(queue_[head_].frame);
}

void Playout::close() {
  std::lock_guard hold(life_);
  halt();
  if (!device_) return;
  device_->off();
  drop_buffers();
  device_.reset();
  lit_ = false;
}

}  // namespace rtv::drm
