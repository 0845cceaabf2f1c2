// SPDX-License-Identifier: Apache-2.0
// The pretend card from its native side: ownership, threads and the hand-over, for sanitizers.
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "card_sink.hpp"
#include "card_source.hpp"
#include "clip.hpp"
#include "convert.hpp"
#include "pattern.hpp"

#define CHECK(x)                                                       \
  do {                                                                 \
    if (!(x)) {                                                        \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);     \
      std::exit(1);                                                    \
    }                                                                  \
  } while (0)

using namespace rtv;

namespace {

constexpr int64_t kWait = 2 * kSecond;

rtv_format format(uint32_t w, uint32_t h, rtv_layout layout = RTV_V210,
                  rtv_sampling sampling = RTV_422, uint8_t depth = 10) {
  rtv_format f{};
  f.width = w, f.height = h, f.rate_num = 100, f.rate_den = 1;
  f.sampling = static_cast<uint8_t>(sampling), f.depth = depth;
  f.layout = static_cast<uint8_t>(layout), f.colorimetry = 2;
  return f;
}

CardSource *source(const rtv_format &f, size_t buffers = 8, const CardOptions &o = {}) {
  return new CardSource(std::make_unique<Pattern>(f, buffers), o);
}

rtv_frame *next_frame(CardSource *s) {
  rtv_event e;
  for (;;) {
    const int r = s->next(kWait, &e);
    CHECK(r >= RTV_OK && r != RTV_TIMEOUT && r != RTV_GONE);
    if (r == RTV_OK) return e.frame;
  }
}

void pictures_of_every_layout() {
  struct {
    rtv_layout layout;
    rtv_sampling sampling;
    uint8_t depth;
  } const kinds[] = {{RTV_V210, RTV_422, 10},     {RTV_UYVY, RTV_422, 8},
                     {RTV_PLANAR16, RTV_422, 12}, {RTV_PLANAR16, RTV_444, 10},
                     {RTV_PLANAR16, RTV_RGB, 8},  {RTV_PLANAR16, RTV_RGB, 12}};
  // Widths that are no multiple of any group; rasters without room for stamps or text.
  const uint32_t rasters[][2] = {{48, 32}, {50, 34}, {322, 182}, {718, 405}, {1280, 720}};
  for (const auto &k : kinds)
    for (const auto &r : rasters) {
      const rtv_format f = format(r[0], r[1], k.layout, k.sampling, k.depth);
      Pattern p(f, 2);
      for (uint64_t n = 0; n < 40; ++n) {
        const Shot shot{n,     static_cast<int64_t>(n) * 10'000'000,
                        static_cast<int64_t>(n + 1) * 10'000'000,
                        n,     static_cast<int64_t>(n) * 10'000'000,
                        n % 7 == 3};
        rtv_frame *frame = p.begin(shot);
        CHECK(frame);
        p.fill(frame, shot, 0, f.height);
        CHECK(frame->audio && frame->audio_samples == 480);
        const StampReading got = read_stamps(frame);
        if (shot.black || !StampPlace(f).fits(f)) {
          CHECK(got.readable == 0);
        } else {
          CHECK(got.readable == 6 && !got.torn);
          CHECK(got.stamp.sequence == n && got.stamp.tai == shot.tai);
        }
        rtv_frame_unref(frame);
      }
      rtv_frame *frame = p.begin({});
      std::vector<uint8_t> rgb(static_cast<size_t>(f.width) * f.height * 3);
      std::vector<uint16_t> deep(rgb.size());
      preview(frame, 16, 9, rgb.data());
      to_rgb8(frame, rgb.data());
      to_rgb16(frame, deep.data());
      from_rgb8(frame, rgb.data());
      fill_black(frame);
      rtv_frame_unref(frame);
    }
}

void frames_outlive_their_card() {
  CardSource *s = source(format(320, 180));
  CHECK(s->start(false) == RTV_OK);
  std::vector<rtv_frame *> held;
  for (int i = 0; i < 5; ++i) held.push_back(next_frame(s));
  s->stop();
  s->stop();
  s->release();
  for (rtv_frame *f : held) {
    const StampReading got = read_stamps(f);
    CHECK(got.readable == 6 && got.stamp.sequence == f->sequence);
    CHECK(rtv_lines_ready(f) == 180);
    rtv_frame_unref(f);
  }
}

void a_consumer_that_holds_everything() {
  CardSource *s = source(format(320, 180), 5);
  CHECK(s->start(true) == RTV_OK);
  std::vector<rtv_frame *> held;
  for (int i = 0; i < 4; ++i) held.push_back(next_frame(s));
  std::this_thread::sleep_for(std::chrono::milliseconds(80));
  CHECK(s->stats.no_buffer > 0);
  for (rtv_frame *f : held) rtv_frame_unref(f);
  rtv_frame *f = next_frame(s);
  CHECK(f->sequence > 3);
  rtv_frame_unref(f);
  s->release();
}

void slices_grow_in_order() {
  CardSource *s = source(format(320, 180));
  CHECK(s->start(true) == RTV_OK);
  for (int i = 0; i < 10; ++i) {
    rtv_frame *f = next_frame(s);
    uint32_t last = 0;
    for (uint32_t want = 30; want <= 180; want += 30) {
      CHECK(s->wait_lines(f, want, kWait) == RTV_OK);
      const uint32_t have = rtv_lines_ready(f);
      CHECK(have >= want && have >= last);
      last = have;
    }
    const StampReading got = read_stamps(f);
    CHECK(got.readable == 6 && got.stamp.sequence == f->sequence && !got.torn);
    rtv_frame_unref(f);
  }
  rtv_frame *f = next_frame(s);
  CHECK(s->wait_lines(f, 181, 1'000'000) == RTV_TIMEOUT);  // never
  rtv_frame_unref(f);
  s->release();
}

void faults_in_a_row() {
  CardSource *s = source(format(320, 180));
  CHECK(s->start(true) == RTV_OK);
  for (int round = 0; round < 6; ++round) {
    CHECK(s->fault(Fault::signal, RTV_SIGNAL_ABSENT, 0));
    CHECK(s->fault(Fault::signal, RTV_SIGNAL_LOCKED, 0));
    CHECK(s->fault(Fault::content, 0, 0,
                   std::make_unique<Pattern>(format(round % 2 ? 320 : 640, 180), 8)));
    CHECK(s->fault(Fault::drift, round * 1000, 0));
    for (int i = 0; i < 3; ++i) rtv_frame_unref(next_frame(s));
  }
  CHECK(s->stats.format_changes == 6);
  CHECK(s->stats.signal_changes == 12);
  // Faults that never come due do not leak.
  CHECK(s->fault(Fault::content, 0, 1u << 30, std::make_unique<Pattern>(format(640, 360), 8)));
  rtv_frame *f = next_frame(s);
  CHECK(s->fault(Fault::unplug, 0, 0));
  rtv_event e;
  int r = RTV_OK;
  for (int i = 0; i < 10 && r != RTV_GONE; ++i) {
    r = s->next(kWait, &e);
    rtv_frame_unref(e.frame);
  }
  CHECK(r == RTV_GONE);
  CHECK(s->wait_lines(f, 181, kWait) == RTV_GONE);
  CHECK(s->next(0, &e) == RTV_GONE && e.signal == RTV_SIGNAL_GONE);
  CHECK(s->start(true) == RTV_GONE);
  s->replug();
  CHECK(s->start(true) == RTV_OK);
  rtv_frame_unref(f);
  rtv_frame_unref(next_frame(s));
  s->release();
}

void from_source_to_sink() {
  CardSource *s = source(format(320, 180));
  auto *k = new CardSink({});
  k->keep(4);
  const rtv_format f = format(320, 180);
  CHECK(k->submit(nullptr, 0) == RTV_REFUSED);  // before the start nothing is looked at
  CHECK(k->start(f, true) == RTV_OK);
  CHECK(s->start(true) == RTV_OK);
  std::thread viewer([k] {
    for (int i = 0; i < 300; ++i) {
      rtv_frame_unref(k->latest());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  for (int i = 0; i < 30; ++i) {
    rtv_frame *frame = next_frame(s);
    CHECK(k->submit(frame, frame->capture_tai + 30'000'000) == RTV_OK);
    rtv_frame_unref(frame);
    if (i > 20) rtv_frame_unref(k->take());
  }
  viewer.join();
  k->stop();
  CHECK(k->stats.shown == 30 && k->stats.kept >= 4);
  CHECK(k->stats.torn == 0 && k->stats.unreadable == 0 && k->stats.repeated == 0);
  rtv_frame *last = k->latest();
  CHECK(last);
  s->release();
  k->release();
  CHECK(read_stamps(last).readable == 6);
  rtv_frame_unref(last);
}

void a_clip_kept_and_a_clip_streamed() {
  const rtv_format f = format(320, 180);
  for (const bool stamp : {false, true})
    for (const bool kept : {false, true}) {
      auto clip = std::make_shared<Clip>(f, 8, stamp);
      FramePool pool(f, 16);
      for (uint64_t i = 0; i < 6; ++i) {
        rtv_frame *p = pool.acquire();
        fill_black(p);
        if (kept)
          clip->keep(p);
        else
          CHECK(clip->push(p, i * 2, 2));
        rtv_frame_unref(p);
      }
      if (kept) clip->loop({0, 0, 1, 2, 5});
      auto *s = new CardSource(std::make_unique<ClipContent>(clip), {});
      CHECK(s->start(true) == RTV_OK);
      bool held = false;
      for (int i = 0; i < 20; ++i) {
        rtv_frame *frame = next_frame(s);
        CHECK(s->wait_lines(frame, 180, kWait) == RTV_OK);
        held = held || (frame->flags & RTV_REPEATED);
        Stamp at;
        CHECK(read_strip(frame, kBottom, 0, &at) == stamp);
        if (stamp) CHECK(at.sequence == frame->sequence && at.tai == frame->capture_tai);
        rtv_frame_unref(frame);
      }
      CHECK(held == !kept);
      CHECK((clip->underruns() > 0) == !kept);
      s->release();
    }
}

void clocks_are_exact() {
  rtv_format f = format(320, 180);
  f.rate_num = 60000, f.rate_den = 1001;
  CardClock c(f, 0);
  const int64_t decade = 2'000'000'000 * kSecond, k = c.index(decade);
  CHECK(c.at(k) <= decade && decade < c.at(k + 1));
  CHECK(c.at(k) == alignment_point(k, 60000, 1001));
  CardClock d = c;
  d.run_free(k, 100'000);  // 100 ppm fast
  // After exactly one nominal million frames the fast clock is ahead by 100 ppm of the time.
  const auto nominal = static_cast<int64_t>(static_cast<__int128>(1'000'000) * 1001 * kSecond / 60000);
  const int64_t fast = d.at(k + 1'000'000) - d.at(k);
  CHECK(std::llabs(nominal - fast - fast / 10'000) <= 2);
  for (const int64_t n : {k, k + 1, k + 999'983}) {
    CHECK(d.index(d.at(n)) == n);
    CHECK(d.index(d.at(n + 1) - 1) == n);
  }
}

}  // namespace

int main() {
  clocks_are_exact();
  pictures_of_every_layout();
  frames_outlive_their_card();
  a_consumer_that_holds_everything();
  slices_grow_in_order();
  faults_in_a_row();
  from_source_to_sink();
  a_clip_kept_and_a_clip_streamed();
  std::puts("ok");
}
