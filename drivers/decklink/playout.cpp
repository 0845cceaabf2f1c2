// SPDX-License-Identifier: Apache-2.0
#include "playout.hpp"

#include <pthread.h>
#include <sys/prctl.h>

#include <algorithm>
#include <chrono>

#include "content.hpp"
#include "convert.hpp"
#include "raster.hpp"

namespace rtv::decklink {

namespace {

constexpr size_t kSaid = 64;

Playout *self_of(void *self) { return static_cast<Playout *>(self); }
void bump(PlayoutStats::Count &c, uint64_t n = 1) { c.fetch_add(n, std::memory_order_relaxed); }
std::chrono::nanoseconds ns(int64_t n) { return std::chrono::nanoseconds(n); }

bool same_picture(const rtv_format &a, const rtv_format &b) {
  return a.width == b.width && a.height == b.height && a.layout == b.layout && a.scan == b.scan;
}

}  // namespace

Playout::Playout(std::shared_ptr<Driver> driver, const PlayoutOptions &options)
    : driver_(std::move(driver)), options_(options) {
  table_ = rtv_sink{
      RTV_ABI,
      sizeof(rtv_sink),
      this,
      [](void *s) { self_of(s)->retain(); },
      [](void *s) { self_of(s)->release(); },
      [](void *s, const rtv_format *f, int slices) { return self_of(s)->start(*f, slices != 0); },
      [](void *s, rtv_frame *f, int64_t due) { return self_of(s)->submit(f, due); },
      [](void *s) { self_of(s)->stop(); },
      [](void *s) { return self_of(s)->error_.c_str(); },
  };
  driver_->watch(options_.key, this);
}

Playout::~Playout() {
  driver_->unwatch(this);
  stop();
  rtv_frame_unref(slate_.exchange(nullptr));
}

void Playout::removed() {
  gone_ = true;
  back_ = false;
  bump(stats.losses);
  if (running_) say(true, "card " + options_.key + " is unplugged: nothing is shown");
  std::lock_guard hold(mutex_);
  changed_.notify_all();
}

void Playout::arrived() {
  back_ = true;
  std::lock_guard hold(mutex_);
  changed_.notify_all();
}

int Playout::start(const rtv_format &format, bool slices) {
  stop();
  if (slices) {
    error_ = "slices: this card takes whole frames only; start it without slices";
    return RTV_REFUSED;
  }
  if (pixel_format_of(format) == 0) {
    error_ = "format: this card shows 4:2:2 of 8 or 10 bit; " + words(format) + " it does not";
    return RTV_REFUSED;
  }
  if (row_bytes(format, 0) != row_bytes_of(pixel_format_of(format), format.width)) {
    error_ = "format: rows of " + words(format) + " lie otherwise in this card's memory";
    return RTV_REFUSED;
  }
  format_ = format;
  black_pool_ = std::make_unique<FramePool>(format, 1);
  black_ = black_pool_->acquire();
  fill_black(black_);
  rtv_set_lines_ready(black_, format.height);
  black_->flags = RTV_SLATE;
  out_ = std::make_shared<OutFrames>(kQueue + 24);
  gone_ = back_ = stop_ = false;
  const int opened = open_card(&error_);
  if (opened != RTV_OK) {
    close_card();
    rtv_frame_unref(black_);
    black_ = nullptr;
    return opened;
  }
  running_ = true;
  thread_ = std::thread([this] { run(); });
  return RTV_OK;
}

int Playout::submit(rtv_frame *frame, int64_t due_tai) {
  if (!running_) {
    error_ = "the output is not started";
    return RTV_REFUSED;
  }
  if (!same_picture(frame->format, format_)) {
    error_ = "format: the frame is not of the format that the output was started with";
    return RTV_REFUSED;
  }
  bump(stats.submitted);
  if (gone_) {
    error_ = "card " + options_.key + " is unplugged";
    return RTV_GONE;
  }
  {
    std::lock_guard hold(mutex_);
    if (count_ == kQueue) {
      bump(stats.overflow);
      return RTV_OK;
    }
    queue_[(head_ + count_++) % kQueue] = {rtv_frame_ref(frame), due_tai ? due_tai : tai_now()};
  }
  changed_.notify_all();
  return RTV_OK;
}

void Playout::stop() {
  {
    std::lock_guard hold(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  running_ = false;
  for (; count_; --count_, head_ = (head_ + 1) % kQueue) rtv_frame_unref(queue_[head_].frame);
  rtv_frame_unref(black_);
  black_ = nullptr;
}

void Playout::set_slate(rtv_frame *slate) {
  rtv_frame_unref(slate_.exchange(slate ? rtv_frame_ref(slate) : nullptr));
}

void Playout::say(bool warning, const std::string &text) {
  std::lock_guard hold(said_mutex_);
  if (said_.size() == kSaid) said_.pop_front();
  said_.push_back({tai_now(), warning, text});
}

std::vector<Said> Playout::said() {
  std::lock_guard hold(said_mutex_);
  std::vector<Said> out(said_.begin(), said_.end());
  said_.clear();
  return out;
}

SteeringStatus Playout::steering() const {
  std::lock_guard hold(steering_mutex_);
  return steering_ ? steering_->status() : SteeringStatus{};
}

// ---- the card ----

int Playout::open_card(std::string *why) {
  const auto card = driver_->find(options_.key);
  if (!card) {
    *why = "card " + options_.key + " is not there; see: rtvbox devices";
    return RTV_GONE;
  }
  facts_ = facts_of(card.get());
  if (!facts_.why_no_playout.empty()) {
    *why = "card " + options_.key + ": " + facts_.why_no_playout;
    return RTV_REFUSED;
  }
  output_ = query<abi::Output>(card.get());
  configuration_ = query<abi::Configuration>(card.get());
  Ref<abi::DisplayModeIterator> modes;
  if (output_->GetDisplayModeIterator(modes.out()) != abi::kOk) modes = {};
  mode_ = find_mode(modes.get(), format_);
  uint32_t actual = 0;
  bool supported = false;
  const uint32_t pixels = pixel_format_of(format_);
  if (mode_.mode == 0 ||
      output_->DoesSupportVideoMode(0, mode_.mode, pixels, 0, 0, &actual, &supported) != abi::kOk ||
      !supported) {
    *why = "format: " + facts_.name + " does not show " + words(format_);
    return RTV_REFUSED;
  }
  if (configuration_) {
    configuration_->SetFlag(abi::configuration::kLowLatencyOutput, !options_.scheduled);
    // A picture that nobody sends any more does not stay on the screen.
    configuration_->SetInt(abi::configuration::kIdleOutput, abi::configuration::kIdleBlack);
  }
  const abi::Result enabled = output_->EnableVideoOutput(
      mode_.mode, options_.ancillary ? abi::output_flag::kVanc : 0);
  if (enabled != abi::kOk) {
    *why = enabled == abi::kAccessDenied
               ? "card " + options_.key + " is in use by another program; stop that"
               : "card " + options_.key + " does not start its output in " + words(format_);
    output_ = {};
    return enabled == abi::kAccessDenied ? RTV_REFUSED : RTV_BROKEN;
  }
  if (!sound_.open(output_.get(), options_.channels, format_,
                   options_.scheduled ? frames_ahead() : 0))
    say(true, facts_.name + " plays no " + std::to_string(options_.channels) +
                  " channels of sound: the picture is shown without");
  SteeringOptions steering;
  steering.format = format_;
  steering.trims = options_.trim && facts_.trims_clock && configuration_;
  steering.margin_ns = options_.margin_ns;
  steering.tau_ms = options_.trim_tau_ms;
  {
    auto made = std::make_unique<Steering>(output_, configuration_, steering);
    std::lock_guard hold(steering_mutex_);
    steering_ = std::move(made);
  }
  open_ = true;
  return RTV_OK;
}

void Playout::close_card() {
  open_ = false;
  std::unique_ptr<Steering> old;
  {
    std::lock_guard hold(steering_mutex_);
    old = std::move(steering_);
  }
  old.reset();
  if (output_) {
    sound_.close(output_.get());
    output_->DisableVideoOutput();
  }
  output_ = {};
  configuration_ = {};
  rtv_frame_unref(last_);
  last_ = nullptr;
}

// ---- the output's thread ----

void Playout::run() {
  pthread_setname_np(pthread_self(), "rtv-dl-out");
  prctl(PR_SET_TIMERSLACK, 1UL);
  if (options_.realtime) {
    sched_param p{};
    p.sched_priority = 55;
    stats.realtime = pthread_setschedparam(pthread_self(), SCHED_FIFO, &p) == 0;
  }
  for (;;) {
    if (options_.scheduled)
      run_scheduled();
    else
      run_sync();
    close_card();
    do {
      std::unique_lock hold(mutex_);
      changed_.wait(hold, [this] { return stop_ || back_; });
      if (stop_) return;
      back_ = false;
      hold.unlock();
    } while (!reopened());
    gone_ = false;
    bump(stats.restarts);
    say(false, "card " + options_.key + " is back and shows frames again");
  }
}

// A card that is back and cannot be used waits for its next arrival.
bool Playout::reopened() {
  std::string why;
  if (open_card(&why) == RTV_OK) return true;
  say(true, "card " + options_.key + " is back and cannot be used: " + why);
  return false;
}

bool Playout::wait_for(int64_t tai) {
  constexpr int64_t kNap = 10'000'000;
  for (;;) {
    if (done()) return false;
    const int64_t now = tai_now();
    if (now >= tai) return true;
    sleep_until_tai(std::min(tai, now + kNap));
  }
}

// The newest frame that is due at tai; what is older goes, so that a delay is made up at once.
bool Playout::take_due(int64_t tai, Entry *out) {
  std::lock_guard hold(mutex_);
  bool found = false;
  while (count_ && queue_[head_].due <= tai) {
    if (found) {
      rtv_frame_unref(out->frame);
      bump(stats.dropped);
    }
    *out = queue_[head_];
    head_ = (head_ + 1) % kQueue;
    --count_;
    found = true;
  }
  return found;
}

rtv_frame *Playout::idle_frame() {
  // Taken out while a reference is added; if another was set meanwhile, that stays.
  rtv_frame *f = slate_.exchange(nullptr, std::memory_order_acq_rel);
  if (!f) return rtv_frame_ref(black_);
  rtv_frame_ref(f);
  rtv_frame *none = nullptr;
  if (!slate_.compare_exchange_strong(none, f, std::memory_order_acq_rel)) rtv_frame_unref(f);
  if (same_picture(f->format, format_)) return f;
  rtv_frame_unref(f);
  return rtv_frame_ref(black_);
}

void Playout::shown(int64_t origin, int64_t raster_tai) {
  bump(stats.shown);
  if (origin && raster_tai) latency.add(raster_tai - origin);
}

// Capture of what a frame shows; 0 where nobody can say.
int64_t Playout::origin_of(const rtv_frame *f) {
  if (f->flags & RTV_SLATE) return 0;
  return f->origin_tai ? f->origin_tai : f->capture_tai;
}

bool Playout::show_now(rtv_frame *frame, bool fresh) {
  sound_.play(output_.get(), fresh ? frame : nullptr, 0, 0);
  const auto wrapped =
      out_->wrap(frame, fresh && options_.ancillary ? &stats.anc_left_out : nullptr);
  if (!wrapped || output_->DisplayVideoFrameSync(wrapped.get()) != abi::kOk) {
    bump(stats.refused);
    return false;
  }
  // The call returns when the raster that shows the frame has begun.
  shown(origin_of(frame), steering_->raster_at(tai_now()));
  return true;
}

void Playout::run_sync() {
  bool idle = false;
  int64_t newest = 0;  // when a frame last came; 0: show the idle picture at once
  while (!done()) {
    int64_t due = 0;
    {
      std::unique_lock hold(mutex_);
      if (count_ == 0 && newest)
        changed_.wait_for(hold, ns(idle ? kSecond : newest + options_.idle_ns - mono_now()),
                          [this] { return count_ || done(); });
      if (count_) due = queue_[head_].due;
    }
    if (done()) break;
    if (due == 0) {
      if (idle || (newest && mono_now() - newest < options_.idle_ns)) continue;
      rtv_frame *f = idle_frame();
      show_now(f, false);
      rtv_frame_unref(f);
      if (newest) bump(stats.idle);
      newest = mono_now();
      idle = true;
      continue;
    }
    steering_->expect(due);
    Entry e;
    if (!wait_for(due) || !take_due(tai_now(), &e)) continue;
    note_late(e.due);
    if (!show_now(e.frame, true) && !wait_for(tai_now() + frame_ns(format_) / 2)) {
      // A card that refuses at once must not make this thread spin.
    }
    rtv_frame_unref(e.frame);
    newest = mono_now();
    idle = false;
  }
}

void Playout::note_late(int64_t due) {
  const int64_t late = tai_now() - due;
  if (late > stats.due_late_max_ns.load(std::memory_order_relaxed))
    stats.due_late_max_ns.store(late, std::memory_order_relaxed);
}

}  // namespace rtv::decklink
