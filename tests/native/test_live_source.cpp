// SPDX-License-Identifier: Apache-2.0
// What every real card's input shares: order, loss, formats, states, and a card that vanishes.
#include <atomic>
#include <thread>
#include <vector>

#include "check.hpp"
#include "live_source.hpp"
#include "rtvbox/pool.hpp"
#include "signal_settle.hpp"

namespace {

constexpr int64_t kMs = 1'000'000;

rtv_format raster(uint32_t width, uint32_t height) {
  rtv_format f{};
  f.width = width, f.height = height, f.rate_num = 50, f.rate_den = 1;
  f.sampling = RTV_422, f.depth = 10, f.layout = RTV_V210, f.colorimetry = 2;
  return f;
}
const rtv_format kSmall = raster(96, 54), kOther = raster(96, 60);

class Fake final : public rtv::LiveSource {
 public:
  explicit Fake(uint32_t queue = 3) : LiveSource(queue), pool(kSmall, 8), other(kOther, 8) {}
  using LiveSource::deliver, LiveSource::grow, LiveSource::say_format, LiveSource::say_gone,
      LiveSource::say_signal;

  rtv_frame *make(uint64_t sequence, rtv::FramePool *from = nullptr) {
    rtv_frame *f = (from ? from : &pool)->acquire();
    CHECK(f);
    f->sequence = sequence;
    f->capture_tai = rtv::tai_now();
    rtv_set_lines_ready(f, f->format.height);
    return f;
  }
  int start(int slices = 0) { return table()->start(table()->self, slices); }
  int next(rtv_event *e, int64_t timeout = 0) { return table()->next(table()->self, timeout, e); }
  size_t out(rtv::FramePool &p) {  // how many frames somebody holds
    std::vector<rtv_frame *> all;
    while (rtv_frame *f = p.acquire()) all.push_back(f);
    const size_t held = p.size() - all.size();
    for (rtv_frame *f : all) rtv_frame_unref(f);
    return held;
  }

  rtv::FramePool pool, other;
  int opens = 0, shuts = 0, answer = RTV_OK;
  bool vanish_in_open = false;

 private:
  ~Fake() override { shut(); }
  int open(bool) override {
    ++opens;
    if (vanish_in_open) say_gone(1, "pulled out while it was opened");
    if (answer != RTV_OK) fail("the answer was set");
    return answer;
  }
  void shut() override { ++shuts; }
};

struct Holder {
  Fake *card;
  explicit Holder(uint32_t queue = 3) : card(new Fake(queue)) {}
  ~Holder() {
    card->stop();
    card->release();
  }
  Fake *operator->() const { return card; }
};

void frames_wait_for_a_locked_signal() {
  Holder c;
  rtv_event e;
  CHECK(!c->deliver(c->make(1)));  // before the start
  CHECK(c->start() == RTV_OK);
  CHECK(!c->deliver(c->make(2)));
  c->say_signal(RTV_SIGNAL_UNLOCKED, 10);
  CHECK(!c->deliver(c->make(3)));
  CHECK(c->stats.not_live == 2);
  c->say_signal(RTV_SIGNAL_LOCKED, 20);
  c->say_signal(RTV_SIGNAL_LOCKED, 21);  // no news
  CHECK(c->deliver(c->make(4)));
  c->say_signal(RTV_SIGNAL_ABSENT, 30);
  CHECK(!c->deliver(c->make(5)));
  CHECK(c->out(c->pool) == 1);
  CHECK(c->next(&e) == RTV_SIGNAL_CHANGED && e.signal == RTV_SIGNAL_UNLOCKED && e.tai == 10);
  CHECK(c->next(&e) == RTV_SIGNAL_CHANGED && e.signal == RTV_SIGNAL_LOCKED && e.tai == 20);
  CHECK(c->next(&e) == RTV_OK && e.frame->sequence == 4 && e.frame->signal == RTV_SIGNAL_LOCKED);
  rtv_frame_unref(e.frame);
  CHECK(c->next(&e) == RTV_SIGNAL_CHANGED && e.signal == RTV_SIGNAL_ABSENT);
  CHECK(c->next(&e) == RTV_TIMEOUT);
  CHECK(c->stats.signal_changes == 3 && c->stats.frames == 1 && c->stats.taken == 1);
}

void formats_are_never_mixed() {
  Holder c;
  rtv_event e;
  CHECK(c->start() == RTV_OK);
  c->say_signal(RTV_SIGNAL_LOCKED, 1);
  c->say_format(kSmall, 2);
  CHECK(c->deliver(c->make(1)));
  c->say_format(kOther, 3);
  CHECK(!c->deliver(c->make(2)));  // was on its way
  CHECK(c->stats.withheld == 1);
  CHECK(c->deliver(c->make(3, &c->other)));
  CHECK(c->next(&e) == RTV_SIGNAL_CHANGED);
  CHECK(c->next(&e) == RTV_FORMAT_CHANGED && e.format.height == 54);
  const uint32_t first = e.generation;
  CHECK(c->next(&e) == RTV_OK && e.frame->format.height == 54 && e.frame->generation == first);
  rtv_frame_unref(e.frame);
  CHECK(c->next(&e) == RTV_FORMAT_CHANGED && e.format.height == 60 && e.generation == first + 1);
  CHECK(c->next(&e) == RTV_OK && e.frame->sequence == 3 && e.frame->generation == first + 1);
  rtv_frame_unref(e.frame);
}

void a_slow_consumer_loses_the_oldest() {
  Holder c(2);
  rtv_event e;
  CHECK(c->start() == RTV_OK);
  c->say_signal(RTV_SIGNAL_LOCKED, 1);
  for (uint64_t n = 1; n <= 5; ++n) CHECK(c->deliver(c->make(n)));
  CHECK(c->stats.dropped == 3 && c->out(c->pool) == 2);
  CHECK(c->next(&e) == RTV_SIGNAL_CHANGED);
  for (uint64_t n = 4; n <= 5; ++n) {
    CHECK(c->next(&e) == RTV_OK && e.frame->sequence == n);
    rtv_frame_unref(e.frame);
  }
}

void gone_stays_until_a_start_works() {
  Holder c;
  rtv_event e;
  CHECK(c->start() == RTV_OK);
  c->say_signal(RTV_SIGNAL_LOCKED, 1);
  c->say_gone(5, "pulled out");
  c->say_gone(6, "pulled out");
  CHECK(!c->deliver(c->make(1)));
  c->say_signal(RTV_SIGNAL_ABSENT, 7);  // nothing follows it
  CHECK(c->next(&e) == RTV_SIGNAL_CHANGED);
  CHECK(c->next(&e) == RTV_GONE && e.tai == 5);
  CHECK(c->next(&e, 10'000 * kMs) == RTV_GONE && e.signal == RTV_SIGNAL_GONE);  // at once
  CHECK(std::string(c->table()->error(c->table()->self)) == "pulled out");
  c->answer = RTV_BROKEN;
  CHECK(c->start() == RTV_BROKEN);
  CHECK(c->next(&e) == RTV_GONE);
  CHECK(c->shuts == c->opens + 1);  // a failed open is shut again
  c->answer = RTV_OK;
  CHECK(c->start() == RTV_OK);
  CHECK(c->next(&e) == RTV_TIMEOUT && !c->gone());
  c->vanish_in_open = true;
  CHECK(c->start() == RTV_OK);
  CHECK(c->next(&e) == RTV_GONE);
}

void what_comes_after_a_stop_is_given_back() {
  Holder c;
  rtv_event e;
  CHECK(c->start() == RTV_OK);
  c->say_signal(RTV_SIGNAL_LOCKED, 1);
  CHECK(c->deliver(c->make(1)));
  c->stop();
  c->stop();
  CHECK(!c->deliver(c->make(2)));
  c->say_signal(RTV_SIGNAL_ABSENT, 2);
  CHECK(c->out(c->pool) == 0 && c->next(&e) == RTV_TIMEOUT);
}

void rows_wake_who_waits_for_them() {
  Holder c;
  rtv_event e;
  CHECK(c->start(1) == RTV_OK);
  c->say_signal(RTV_SIGNAL_LOCKED, 1);
  rtv_frame *mine = c->make(1);
  mine->lines_ready = 0;
  rtv_frame_ref(mine);
  CHECK(c->deliver(mine));
  CHECK(c->next(&e) == RTV_SIGNAL_CHANGED && c->next(&e) == RTV_OK);
  const rtv_source *t = c->table();
  CHECK(t->wait_lines(t->self, e.frame, 10, 2 * kMs) == RTV_TIMEOUT);
  std::thread card([&] {
    for (uint32_t n : {10u, 20u, 30u}) c->grow(mine, n);
  });
  CHECK(t->wait_lines(t->self, e.frame, 30, 5000 * kMs) == RTV_OK);
  card.join();
  c->say_gone(2, "pulled out in the middle of a frame");
  CHECK(t->wait_lines(t->self, e.frame, 54, 5000 * kMs) == RTV_GONE);
  rtv_frame_unref(e.frame);
  rtv_frame_unref(mine);
}

void threads_that_push_and_stop_together() {
  Holder c(2);
  for (int round = 0; round < 30; ++round) {
    CHECK(c->start() == RTV_OK);
    std::atomic<bool> over{false};
    std::thread frames([&] {
      for (uint64_t n = 1; !over; ++n)
        if (rtv_frame *f = c->pool.acquire()) {
          f->sequence = n;
          c->deliver(f);
        }
    });
    std::thread events([&] {
      for (uint32_t i = 0; i < 50; ++i)
        c->say_signal(i % 3 ? RTV_SIGNAL_LOCKED : RTV_SIGNAL_ABSENT, i);
      if (round % 2) c->say_gone(1, "pulled out");
    });
    rtv_event e;
    uint64_t last = 0;
    for (int i = 0; i < 40; ++i)
      if (c->next(&e, kMs) == RTV_OK) {
        CHECK(e.frame->sequence > last);
        last = e.frame->sequence;
        rtv_frame_unref(e.frame);
      }
    c->stop();
    over = true;
    frames.join();
    events.join();
    CHECK(c->out(c->pool) == 0);
  }
}

void what_comes_must_stand_still() {
  rtv::SignalSettle s(30);
  CHECK(!s.see(RTV_SIGNAL_LOCKED, kSmall, 100) && s.signal() == RTV_SIGNAL_ABSENT);
  CHECK(s.look_at() == 130);
  CHECK(!s.see(RTV_SIGNAL_LOCKED, kOther, 120) && s.look_at() == 150);  // begins anew
  CHECK(s.see(RTV_SIGNAL_LOCKED, kOther, 150) && s.signal() == RTV_SIGNAL_LOCKED);
  CHECK(s.look_at() == 0 && s.format().height == 60);
  CHECK(!s.see(RTV_SIGNAL_LOCKED, kOther, 160));
  // Another format: not live at once, news when it stands.
  CHECK(s.see(RTV_SIGNAL_MISMATCH, kSmall, 200) && s.signal() == RTV_SIGNAL_UNLOCKED);
  CHECK(!s.see(RTV_SIGNAL_MISMATCH, kSmall, 210));
  CHECK(s.see(RTV_SIGNAL_MISMATCH, kSmall, 230) && s.signal() == RTV_SIGNAL_MISMATCH);
  // Loss is believed at once.
  CHECK(s.see(RTV_SIGNAL_ABSENT, kSmall, 231) && s.signal() == RTV_SIGNAL_ABSENT);
  CHECK(!s.see(RTV_SIGNAL_ABSENT, kOther, 232));
}

void counts_go_on_over_wraps_and_restarts() {
  rtv::FrameCount n;
  uint64_t lost = 9;
  CHECK(n.add(UINT32_MAX, &lost) == 1 && lost == 0);
  CHECK(n.add(0, &lost) == 2 && lost == 0);
  CHECK(n.add(4, &lost) == 6 && lost == 3);
  CHECK(n.add(4, &lost) == 7 && lost == 0);  // a driver that does not count
  CHECK(n.add(0, &lost) == 8 && lost == 0);  // one that counts anew
  n.restart();
  CHECK(n.add(77, &lost) == 9 && lost == 0);
}

}  // namespace

int main() {
  frames_wait_for_a_locked_signal();
  formats_are_never_mixed();
  a_slow_consumer_loses_the_oldest();
  gone_stays_until_a_start_works();
  what_comes_after_a_stop_is_given_back();
  rows_wake_who_waits_for_them();
  threads_that_push_and_stop_together();
  what_comes_must_stand_still();
  counts_go_on_over_wraps_and_restarts();
}
