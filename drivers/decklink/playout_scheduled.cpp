// SPDX-License-Identifier: Apache-2.0
// The scheduled output: a fixed number of frames is always with the card, and each that it reports
// as through is followed by another. So the delay is that number of frames, always.
#include <algorithm>
#include <chrono>

#include "playout.hpp"
#include "raster.hpp"

namespace rtv::decklink {

namespace {
constexpr uint32_t kLeastAhead = 2, kMostAhead = 16;
constexpr auto kBreath = std::chrono::milliseconds(100);
constexpr auto kStopping = std::chrono::milliseconds(500);
void bump(PlayoutStats::Count &c) { c.fetch_add(1, std::memory_order_relaxed); }
}  // namespace

// What the card calls when a scheduled frame is through. Deaf once the output is closed.
class Playout::Completions final : public abi::VideoOutputCallback {
  std::atomic<abi::Count> refs_{1};
  std::mutex mutex_;
  Playout *owner_;
  const std::shared_ptr<OutFrames> frames_;

 public:
  explicit Completions(Playout *owner) : owner_(owner), frames_(owner->out_) {}
  virtual ~Completions() = default;
  void go_deaf() {
    std::lock_guard hold(mutex_);
    owner_ = nullptr;
  }
  abi::Result QueryInterface(abi::Iid id, void **out) override {
    return query_self<abi::VideoOutputCallback>(this, id, out);
  }
  abi::Count AddRef() override { return ++refs_; }
  abi::Count Release() override {
    const abi::Count left = --refs_;
    if (left == 0) delete this;
    return left;
  }
  abi::Result ScheduledFrameCompleted(abi::VideoFrame *frame,
                                  uint32_t result) override {
    std::lock_guard hold(mutex_);
    if (owner_) owner_->completed(frames_->ours(frame), result);
    return abi::kOk;
  }
  abi::Result ScheduledPlaybackHasStopped() override {
    std::lock_guard hold(mutex_);
    if (!owner_) return abi::kOk;
    std::lock_guard inner(owner_->mutex_);
    owner_->has_stopped_ = true;
    owner_->changed_.notify_all();
    return abi::kOk;
  }
};

// On the card's thread.
void Playout::completed(OutFrame *frame, uint32_t result) {
  if (frame) {
    int64_t stamp = 0;
    if (result == abi::completion::kCompleted || result == abi::completion::kDisplayedLate) {
      const bool stamped =
          output_->GetFrameCompletionReferenceTimestamp(frame, kSecond, &stamp) == abi::kOk;
      // A frame is through when its raster ends.
      const int64_t end = stamped ? steering_->tai_of(stamp) : steering_->raster_at(tai_now());
      shown(frame->origin, end ? end - frame_ns(format_) : 0);
    }
  }
  if (result == abi::completion::kDisplayedLate) bump(stats.late);
  if (result == abi::completion::kDropped) bump(stats.card_dropped);
  if (result == abi::completion::kFlushed) bump(stats.flushed);
  {
    std::lock_guard hold(mutex_);
    if (in_flight_) --in_flight_;
    behind_ = behind_ || result == abi::completion::kDisplayedLate || result == abi::completion::kDropped;
  }
  changed_.notify_all();
}

bool Playout::schedule(rtv_frame *frame, bool fresh) {
  const auto wrapped =
      out_->wrap(frame, fresh && options_.ancillary ? &stats.anc_left_out : nullptr);
  if (!wrapped) {
    bump(stats.refused);
    return false;
  }
  wrapped->origin = fresh ? origin_of(frame) : 0;
  {
    std::lock_guard hold(mutex_);
    ++in_flight_;
  }
  const auto at = static_cast<int64_t>(next_slot_) * mode_.duration;
  sound_.play(output_.get(), fresh ? frame : nullptr, at, mode_.scale);
  if (output_->ScheduleVideoFrame(wrapped.get(), at, mode_.duration, mode_.scale) != abi::kOk) {
    bump(stats.refused);
    std::lock_guard hold(mutex_);
    if (in_flight_) --in_flight_;
    return false;
  }
  ++next_slot_;
  return true;
}

// Frames that are scheduled for the past are all late: begin anew ahead of where the card is.
void Playout::catch_up() {
  {
    std::lock_guard hold(mutex_);
    if (!behind_) return;
    behind_ = false;
  }
  int64_t time = 0;
  double speed = 0;
  if (output_->GetScheduledStreamTime(mode_.scale, &time, &speed) != abi::kOk) return;
  const auto now = static_cast<uint64_t>(std::max<int64_t>(time, 0) / mode_.duration);
  if (next_slot_ > now + 1) return;
  next_slot_ = now + 2;
  bump(stats.resyncs);
}

uint32_t Playout::frames_ahead() const {
  const auto least =
      static_cast<uint32_t>(std::clamp<int64_t>(facts_.preroll, kLeastAhead, kMostAhead));
  return std::clamp(options_.ahead, least, kMostAhead);
}

void Playout::run_scheduled() {
  const uint32_t ahead = frames_ahead();
  next_slot_ = 0;
  {
    std::lock_guard hold(mutex_);
    in_flight_ = 0;
    behind_ = has_stopped_ = false;
  }
  auto *completions = new Completions(this);
  output_->SetScheduledFrameCompletionCallback(completions);
  last_ = idle_frame();
  while (next_slot_ < ahead && schedule(last_, false)) {
  }
  bool idle = true;
  int64_t newest = 0;
  if (output_->StartScheduledPlayback(0, mode_.scale, 1.0) != abi::kOk) bump(stats.refused);
  while (!done()) {
    {
      std::unique_lock hold(mutex_);
      if (!changed_.wait_for(hold, kBreath, [&] { return in_flight_ < ahead || done(); })) continue;
    }
    if (done()) break;
    catch_up();
    Entry e;
    // What is due by the time this raster begins: as many frames from now as are with the card.
    const bool fresh = take_due(tai_now() + ahead * frame_ns(format_), &e);
    if (fresh) {
      steering_->expect(e.due);
      rtv_frame_unref(last_);
      last_ = e.frame;
      newest = mono_now();
      idle = false;
    } else if (!idle && mono_now() - newest >= options_.idle_ns) {
      rtv_frame_unref(last_);
      last_ = idle_frame();
      bump(stats.idle);
      idle = true;
    } else if (!idle) {
      bump(stats.repeated);
    }
    if (!schedule(last_, fresh)) wait_for(tai_now() + frame_ns(format_) / 2);
  }
  int64_t actual = 0;
  output_->StopScheduledPlayback(0, &actual, mode_.scale);
  {
    std::unique_lock hold(mutex_);
    changed_.wait_for(hold, gone_ ? kBreath : kStopping, [this] { return has_stopped_; });
  }
  completions->go_deaf();
  output_->SetScheduledFrameCompletionCallback(nullptr);
  completions->Release();
}

}  // namespace rtv::decklink
