// SPDX-License-Identifier: Apache-2.0
// The AJA input against a card that does what cards do on a bad day.
#include "capture.hpp"
#include "fake_ntv2.hpp"
#include "judge.hpp"

using fake::kMs;
using fake::locked_to;
using rtv::ntv2::Capture;
using rtv::ntv2::CaptureOptions;
using rtv::ntv2::InputLook;
using rtv::ntv2::judge;

namespace {

constexpr int64_t kWait = 8000 * kMs;
const rtv_format kV210{1280, 720, 50, 1, RTV_422, 10, RTV_PROGRESSIVE, RTV_V210, 2, 0, {}};
const rtv_format k1080i{1920, 1080, 25, 1, RTV_422, 10, RTV_INTERLACED, RTV_V210, 2, 0, {}};
const InputLook kGood = locked_to(1280, 720, 50);

struct Input {
  fake::Card fake;
  Capture *card;
  rtv_event event{};
  explicit Input(uint32_t channels = 0, uint32_t buffers = 8) {
    fake.see(kGood);
    CaptureOptions o;
    o.key = "1", o.format = kV210, o.realtime = false, o.channels = channels, o.buffers = buffers;
    card = new Capture(std::make_shared<fake::Boards>(fake), o);
  }
  ~Input() {
    card->stop();
    card->release();
    CHECK(fake.opened == 0);
  }
  int start() { return card->table()->start(card->table()->self, 0); }
  int next(int64_t timeout = kWait) {
    return card->table()->next(card->table()->self, timeout, &event);
  }
  void expect(uint32_t signal) {
    CHECK(next() == RTV_SIGNAL_CHANGED);
    if (event.signal != signal)
      std::fprintf(stderr, "signal %u, %s\n", event.signal, card->last_error().c_str());
    CHECK(event.signal == signal);
  }
  void lock() {
    CHECK(start() == RTV_OK);
    expect(RTV_SIGNAL_LOCKED);
    CHECK(fake.recording());
  }
  rtv_frame *frame(uint8_t value) {
    fake.record(value);
    CHECK(next() == RTV_OK);
    return event.frame;
  }
};

void frames_are_handed_on_with_their_start() {
  Input in;
  in.lock();
  CHECK(in.fake.pinned >= 8);
  const int64_t before = rtv::tai_now();
  rtv_frame *a = in.frame(7);
  CHECK(a->plane[0][0] == 7 && a->stride[0] == 3456 && a->signal == RTV_SIGNAL_LOCKED);
  CHECK(a->format.layout == RTV_V210 && rtv_lines_ready(a) == 720);
  // The driver's stamp is of the beginning of the recording, 20 ms before.
  CHECK(a->capture_tai >= before - 21 * kMs && a->capture_tai <= rtv::tai_now() - 20 * kMs + kMs);
  rtv_frame *b = in.frame(8);
  CHECK(b->sequence == a->sequence + 1 && a->plane[0][0] == 7 && b->generation == a->generation);
  in.card->stop();
  CHECK(b->plane[0][3456 * 720 - 1] == 8);  // valid after the stop
  rtv_frame_unref(a);
  rtv_frame_unref(b);
}

void a_clock_that_is_set_leads_no_frame_astray() {
  Input in;
  in.lock();
  rtv_frame_unref(in.frame(1));
  in.fake.clock_offset -= 3600 * rtv::kSecond;
  int right = 0;
  for (int i = 0; i < 20 && right < 3; ++i) {
    const int64_t before = rtv::tai_now();
    in.fake.record(2);
    const int64_t after = rtv::tai_now();
    const int result = in.next(40 * kMs);
    if (result == RTV_TIMEOUT) continue;  // withheld: nobody can say when it was
    CHECK(result == RTV_OK);
    const int64_t recorded = in.event.frame->capture_tai + 20 * kMs;
    CHECK(recorded > before - 5 * kMs && recorded < after + 5 * kMs);
    ++right;
    rtv_frame_unref(in.event.frame);
  }
  CHECK(right == 3 && in.card->card.clock_steps == 1);
}

void noise_is_never_live() {
  Input in;
  in.lock();
  rtv_frame_unref(in.frame(1));
  InputLook none = kGood, torn = kGood, strange = kGood;
  none.locked = false, none.format = {};
  torn.timing_error = true;
  strange.format = {};
  for (const auto &[look, state] : {std::pair{none, RTV_SIGNAL_ABSENT},
                                    std::pair{torn, RTV_SIGNAL_UNLOCKED}}) {
    in.fake.see(look);
    for (int i = 0; i < 3; ++i) in.fake.record(66);
    in.expect(state);
    fake::wait_until([&] { return !in.fake.recording(); });
    CHECK(in.next(40 * kMs) == RTV_TIMEOUT);
    in.fake.see(kGood);
    in.expect(RTV_SIGNAL_LOCKED);
    rtv_frame *f = in.frame(2);
    CHECK(f->plane[0][0] == 2);
    rtv_frame_unref(f);
  }
  in.fake.see(strange);
  in.expect(RTV_SIGNAL_UNLOCKED);
  in.expect(RTV_SIGNAL_UNSUPPORTED);
  CHECK(in.card->stats.frames == 3);
}

void another_format_is_a_mismatch_until_the_right_one_is_back() {
  Input in;
  in.lock();
  const uint32_t generation = in.event.generation;
  in.fake.see(locked_to(1920, 1080, 50));
  in.expect(RTV_SIGNAL_UNLOCKED);
  in.expect(RTV_SIGNAL_MISMATCH);
  CHECK(in.event.format.width == 1920);
  CHECK(in.card->last_error().find("1920x1080p 50 frames/s") != std::string::npos);
  CHECK(in.card->last_error().find("configured is 1280x720p") != std::string::npos);
  CHECK(!in.fake.recording());
  in.fake.see(kGood);
  in.expect(RTV_SIGNAL_UNLOCKED);
  in.expect(RTV_SIGNAL_LOCKED);
  CHECK(in.event.generation > generation && in.card->stats.restarts == 1);
  rtv_frame_unref(in.frame(3));
}

void a_slip_between_two_looks_ends_the_stream() {
  Input in;
  in.lock();
  InputLook slipped = kGood;
  slipped.unlocks = 1;
  in.fake.see(slipped);
  in.expect(RTV_SIGNAL_UNLOCKED);
  in.expect(RTV_SIGNAL_LOCKED);
  CHECK(in.fake.begins == 2 && in.card->card.unlocks == 1);
  rtv_frame_unref(in.frame(4));
}

void a_frame_that_was_whole_before_a_loss_was_seen_is_withheld() {
  Input in;
  in.lock();
  // Both at once, as when the loss falls into the frame: the look comes after the copy.
  in.fake.see(locked_to(1280, 720, 60));
  in.fake.record(9);
  in.expect(RTV_SIGNAL_UNLOCKED);
  in.expect(RTV_SIGNAL_MISMATCH);
  CHECK(in.card->stats.frames == 0);
}

void frames_that_found_no_room_are_counted() {
  Input in;
  in.lock();
  rtv_frame *f = in.frame(1);
  const uint64_t last = f->sequence;
  rtv_frame_unref(f);
  {
    std::lock_guard hold(in.fake.mutex);
    in.fake.dropped += 3;
  }
  f = in.frame(2);
  CHECK(f->sequence == last + 4 && in.card->stats.lost == 3);
  rtv_frame_unref(f);
}

void a_consumer_that_holds_all_starves_only_itself() {
  Input in(0, 4);
  in.lock();
  std::vector<rtv_frame *> held;
  for (uint8_t i = 0; i < 4; ++i) held.push_back(in.frame(i));
  in.fake.record(99);
  fake::wait_until([&] { return in.card->stats.no_buffer == 1; });
  CHECK(in.fake.level() == 0);  // the card's ring does not fill up with old frames
  for (uint8_t i = 0; i < 4; ++i) CHECK(held[i]->plane[0][100] == i);
  const uint64_t last = held.back()->sequence;
  for (rtv_frame *f : held) rtv_frame_unref(f);
  rtv_frame *f = in.frame(5);
  CHECK(f->sequence == last + 2);
  rtv_frame_unref(f);
}

void unplugged_and_back() {
  Input in;
  in.lock();
  in.fake.gone = true;
  CHECK(in.next() == RTV_GONE && in.event.signal == RTV_SIGNAL_GONE);
  CHECK(in.next(0) == RTV_GONE && in.card->last_error().find("unplugged") != std::string::npos);
  CHECK(in.start() == RTV_GONE);
  in.fake.gone = false;
  in.lock();
  rtv_frame_unref(in.frame(1));
}

void frames_stop_coming() {
  Input in;
  in.lock();
  in.expect(RTV_SIGNAL_UNLOCKED);
  in.expect(RTV_SIGNAL_LOCKED);  // it is tried again
  CHECK(in.fake.begins == 2);
}

void a_card_that_refuses_says_why() {
  Input in;
  in.fake.refuses = "the card has no memory";
  CHECK(in.start() == RTV_OK);
  in.expect(RTV_SIGNAL_UNSUPPORTED);
  CHECK(in.card->last_error() == "the card has no memory");
}

void frames_without_a_stamp_are_withheld() {
  Input in;
  in.lock();
  in.fake.record(1, 20 * kMs, false);
  in.fake.record(1, -30 * rtv::kSecond);    // of the future
  in.fake.record(1, 30 * rtv::kSecond);     // older than the ring
  fake::wait_until([&] { return in.card->card.unstamped == 3; });
  rtv_frame *f = in.frame(2);
  CHECK(f->plane[0][0] == 2 && in.card->stats.frames == 1);
  rtv_frame_unref(f);
}

void a_copy_that_fails_is_counted() {
  Input in;
  in.lock();
  in.fake.broken_copy = true;
  in.fake.record(1);
  fake::wait_until([&] { return in.card->stats.corrupt > 0; });
  in.fake.broken_copy = false;
  CHECK(in.next() == RTV_OK);
  rtv_frame_unref(in.event.frame);
}

void sound_comes_with_its_frame() {
  Input in(8);
  in.lock();
  in.fake.record(0x11);
  CHECK(in.next(40 * kMs) == RTV_TIMEOUT);  // its sound is being written
  in.fake.record(0x12);
  CHECK(in.next() == RTV_OK);
  rtv_frame *f = in.event.frame;
  CHECK(f->audio && f->audio_samples == 960 && f->audio_channels == 8);
  CHECK(f->audio[0] == 0x11111111 && f->audio[960 * 8 - 1] == 0x11111111);
  rtv_frame_unref(f);
}

void what_the_payload_identifier_says() {
  // ST 352: 1080 lines on 1.5 Gbit/s, interlaced wire, 25 Hz, 4:2:2, 10 bit; then as PsF.
  InputLook l = locked_to(1920, 1080, 25, 0x85050001);
  l.format.scan = RTV_INTERLACED;
  CHECK(judge(l, k1080i).signal == RTV_SIGNAL_LOCKED);
  l.payload_id = 0x85450001;
  CHECK(judge(l, k1080i).signal == RTV_SIGNAL_MISMATCH && judge(l, k1080i).format.scan == RTV_PSF);
  rtv_format psf = k1080i;
  psf.scan = RTV_PSF;
  CHECK(judge(l, psf).signal == RTV_SIGNAL_LOCKED);
  l.payload_id = 0;  // without one the two look the same
  CHECK(judge(l, psf).signal == RTV_SIGNAL_LOCKED && judge(l, k1080i).signal == RTV_SIGNAL_LOCKED);
  l.payload_id = 0xFF450001;  // of no kind that is read
  CHECK(judge(l, k1080i).signal == RTV_SIGNAL_LOCKED);
  for (const uint32_t word : {0x89C90101u, 0x89C90201u, 0x89C90002u}) {  // 4:4:4, RGB, 12 bit
    InputLook p = locked_to(1280, 720, 50, word);
    CHECK(judge(p, kV210).signal == RTV_SIGNAL_UNSUPPORTED);
  }
  InputLook film = locked_to(1280, 720, 60);
  film.format.rate_num = 60000, film.format.rate_den = 1001;
  rtv_format sixty = kV210;
  sixty.rate_num = 60;
  CHECK(judge(film, sixty).signal == RTV_SIGNAL_MISMATCH);
}

void formats_that_are_not_carried_are_refused() {
  fake::Card fake;
  for (rtv_format f : {rtv_format{3840, 2160, 50, 1, RTV_422, 10, 0, RTV_V210, 2, 0, {}},
                       rtv_format{1920, 1080, 50, 1, RTV_444, 10, 0, RTV_PLANAR16, 2, 0, {}}}) {
    CaptureOptions o;
    o.format = f;
    auto *card = new Capture(std::make_shared<fake::Boards>(fake), o);
    CHECK(card->table()->start(card->table()->self, 0) == RTV_REFUSED);
    CHECK(card->last_error().find("carried") != std::string::npos);
    card->release();
  }
}

}  // namespace

int main() {
  frames_are_handed_on_with_their_start();
  a_clock_that_is_set_leads_no_frame_astray();
  noise_is_never_live();
  another_format_is_a_mismatch_until_the_right_one_is_back();
  a_slip_between_two_looks_ends_the_stream();
  a_frame_that_was_whole_before_a_loss_was_seen_is_withheld();
  frames_that_found_no_room_are_counted();
  a_consumer_that_holds_all_starves_only_itself();
  unplugged_and_back();
  frames_stop_coming();
  a_card_that_refuses_says_why();
  frames_without_a_stamp_are_withheld();
  a_copy_that_fails_is_counted();
  sound_comes_with_its_frame();
  what_the_payload_identifier_says();
  formats_that_are_not_carried_are_refused();
}
