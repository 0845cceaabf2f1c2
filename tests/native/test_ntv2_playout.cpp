// SPDX-License-Identifier: Apache-2.0
// The AJA output against the same card.
#include <thread>

#include "fake_ntv2.hpp"
#include "playout.hpp"

using fake::kMs;
using rtv::ntv2::Playout;
using rtv::ntv2::PlayoutOptions;
using rtv::ntv2::Reference;

namespace {

const rtv_format kV210{1280, 720, 50, 1, RTV_422, 10, RTV_PROGRESSIVE, RTV_V210, 2, 0, {}};
constexpr uint32_t kBlack = 512u | 64u << 10 | 512u << 20;  // Cb Y Cr

struct Output {
  fake::Card fake;
  Playout *card;
  rtv::FramePool pool{kV210, 12};
  explicit Output(Reference reference = Reference::as_set) {
    PlayoutOptions o;
    o.key = "1", o.realtime = false, o.reference = reference;
    card = new Playout(std::make_shared<fake::Boards>(fake), o);
  }
  ~Output() {
    card->stop();
    card->release();
    CHECK(fake.opened == 0);
  }
  int start(const rtv_format &f = kV210) { return card->table()->start(card->table()->self, &f, 0); }
  std::string error() { return card->table()->error(card->table()->self); }
  int submit(uint32_t word, int64_t due) {
    rtv_frame *f = pool.acquire();
    CHECK(f);
    std::memcpy(f->plane[0], &word, 4);
    rtv_set_lines_ready(f, 720);
    f->capture_tai = rtv::tai_now() - 50 * kMs;
    const int result = card->table()->submit(card->table()->self, f, due);
    rtv_frame_unref(f);
    return result;
  }
  void started() {
    CHECK(start() == RTV_OK);
    fake.vertical();
    fake.vertical();
    CHECK(fake.last_word == kBlack && fake.played == 2 && fake.level() == 0);
  }
  void put(uint32_t word) {
    const uint64_t before = card->stats.put;
    CHECK(submit(word, rtv::tai_now()) == RTV_OK);
    fake::wait_until([&] { return card->stats.put == before + 1; });
  }
};

void frames_are_put_at_their_time_and_told_when_they_left() {
  Output out;
  out.started();
  const int64_t due = rtv::tai_now() + 60 * kMs;
  CHECK(out.submit(0x12345678, due) == RTV_OK);
  fake::wait_until([&] { return out.card->stats.put == 1; });
  CHECK(rtv::tai_now() >= due && out.card->stats.late == 0);
  usleep(5000);
  out.fake.vertical();
  CHECK(out.fake.last_word == 0x12345678);
  fake::wait_until([&] { return out.card->stats.shown == 1; });
  CHECK(out.card->after_due.min() >= 5 * kMs && out.card->after_due.count() == 1);
  CHECK(out.card->latency.min() >= 100 * kMs && out.card->stats.underruns == 0);
}

void rasters_without_a_new_frame_are_underruns() {
  Output out;
  CHECK(out.start() == RTV_OK);
  for (int i = 0; i < 6; ++i) out.fake.vertical();  // before the first frame: none
  usleep(30'000);
  CHECK(out.card->stats.underruns == 0);
  out.put(1);
  out.fake.vertical();
  out.put(2);
  out.fake.vertical();
  out.fake.vertical();
  out.fake.vertical();
  out.put(3);
  fake::wait_until([&] { return out.card->stats.underruns == 2; });
}

void an_output_that_is_too_slow_gets_no_longer_a_queue() {
  Output out;
  out.started();
  for (uint32_t i = 0; i < 6; ++i) CHECK(out.submit(i, rtv::tai_now()) == RTV_OK);
  fake::wait_until([&] { return out.card->stats.behind == 4; });
  CHECK(out.fake.level() == 2 && out.card->stats.put == 2);
}

void what_is_not_live_turns_black() {
  Output out;
  out.started();
  out.put(0xAAAAAAAA);
  out.fake.vertical();
  fake::wait_until([&] { return out.card->stats.black == 1; });
  out.fake.vertical();
  CHECK(out.fake.last_word == kBlack);
  for (int i = 0; i < 5; ++i) out.fake.vertical();
  usleep(40'000);
  CHECK(out.card->stats.underruns == 0 && out.card->stats.black == 1);
}

void a_stopped_output_leaves_black_and_no_old_picture() {
  Output out;
  out.started();
  for (const uint32_t waiting : {1u, 2u}) {  // in the card when it ends
    for (uint32_t i = 0; i < waiting; ++i) out.put(0xAAAAAAAA);
    if (waiting == 1) out.fake.vertical();
    CHECK(waiting == 2 || out.fake.last_word == 0xAAAAAAAA);
    std::atomic<bool> over{false};
    std::thread raster([&] {
      for (; !over; usleep(20'000)) out.fake.vertical();
    });
    out.card->stop();
    over = true;
    raster.join();
    CHECK(out.fake.last_word == kBlack);
    out.fake.played = 0;
    if (waiting == 1) out.started();
  }
  // A card whose raster stands still keeps nobody waiting.
  out.started();
  out.put(0xAAAAAAAA);
  const int64_t began = rtv::tai_now();
  out.card->stop();
  CHECK(rtv::tai_now() - began < 1000 * kMs);
}

void a_frame_that_the_driver_never_tells_of_is_counted() {
  Output out;
  out.started();
  out.put(1);
  fake::wait_until([&] { return out.card->stats.unconfirmed == 1; });
  CHECK(out.card->stats.shown == 0 && out.card->after_due.count() == 0);
}

void unplugged_and_back() {
  Output out;
  out.started();
  out.fake.gone = true;
  fake::wait_until([&] { return out.card->stats.gone == 1; });
  CHECK(out.submit(1, 0) == RTV_GONE && out.error().find("unplugged") != std::string::npos);
  CHECK(out.start() == RTV_GONE);
  out.fake.gone = false;
  out.fake.played = 0;
  out.started();
  out.put(5);
  out.fake.vertical();
  CHECK(out.fake.last_word == 5);
}

void what_cannot_be_shown_is_refused() {
  Output out;
  CHECK(out.submit(0, 0) == RTV_REFUSED);  // not started
  rtv_format planar = kV210;
  planar.layout = RTV_PLANAR16;
  CHECK(out.start(planar) == RTV_REFUSED && out.error().find("carried") != std::string::npos);
  out.fake.refuses = "the card says no";
  CHECK(out.start() == RTV_REFUSED && out.error() == "the card says no");
  out.fake.refuses = "";
  CHECK(out.start() == RTV_OK);
  rtv_format other = kV210;
  other.width = 1920, other.height = 1080;
  rtv::FramePool pool(other, 1);
  rtv_frame *f = pool.acquire();
  CHECK(out.card->table()->submit(out.card->table()->self, f, 0) == RTV_REFUSED);
  rtv_frame_unref(f);
}

void the_reference_is_the_one_asked_for() {
  for (const Reference r : {Reference::as_set, Reference::external, Reference::free_run}) {
    Output out(r);
    out.fake.reference = r == Reference::external;
    CHECK(out.start() == RTV_OK && out.fake.asked == r);
    fake::wait_until([&] { return out.card->stats.reference == (r == Reference::external); });
  }
}

}  // namespace

int main() {
  frames_are_put_at_their_time_and_told_when_they_left();
  rasters_without_a_new_frame_are_underruns();
  an_output_that_is_too_slow_gets_no_longer_a_queue();
  what_is_not_live_turns_black();
  a_stopped_output_leaves_black_and_no_old_picture();
  a_frame_that_the_driver_never_tells_of_is_counted();
  unplugged_and_back();
  what_cannot_be_shown_is_refused();
  the_reference_is_the_one_asked_for();
}
