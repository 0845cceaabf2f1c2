// SPDX-License-Identifier: Apache-2.0
// The V4L2 input against a driver that does what drivers do on a bad day.
#include <functional>
#include <tuple>

#include "capture.hpp"
#include "fake_v4l2.hpp"

using rtv::v4l2::Capture;
using rtv::v4l2::CaptureOptions;

namespace {

constexpr int64_t kMs = 1'000'000, kWait = 8000 * kMs;
const rtv_format kUyvy{1280, 720, 50, 1, RTV_422, 8, RTV_PROGRESSIVE, RTV_UYVY, 2, 0, {}};
const rtv_format kV210{1280, 720, 50, 1, RTV_422, 10, RTV_PROGRESSIVE, RTV_V210, 2, 0, {}};

struct Input {
  FakeV4l2 &fake;
  Capture *card;
  rtv_event event{};
  Input(FakeV4l2 &f, const rtv_format &format = kUyvy, const char *memory = "") : fake(f) {
    CaptureOptions o;
    o.memory = memory;
    o.path = "fake", o.format = format, o.realtime = false, o.kernel = &f;
    card = new Capture(o);
  }
  ~Input() { card->release(); }
  int start() { return card->table()->start(card->table()->self, 0); }
  void stop() { card->stop(); }
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
    expect(RTV_SIGNAL_LOCKED);
    CHECK(fake.streaming());
  }
  rtv_frame *frame(uint8_t value) {
    CHECK(fake.film(value));
    CHECK(next() == RTV_OK);
    return event.frame;
  }
  void wait_until(const std::function<bool()> &what) {
    for (int i = 0; i < 8000; ++i) {
      if (what()) return;
      usleep(1000);
    }
    CHECK(!"in time");
  }
};

void frames_are_the_drivers_own_memory() {
  for (const bool multi : {false, true}) {
    FakeV4l2 fake(false, V4L2_PIX_FMT_UYVY, multi);
    Input in(fake);
    CHECK(in.start() == RTV_OK);
    in.lock();
    CHECK(fake.queued() == 8);
    rtv_frame *a = in.frame(7);
    CHECK(a->plane[0][0] == 7 && a->stride[0] == 2560 && a->signal == RTV_SIGNAL_LOCKED);
    CHECK(rtv_lines_ready(a) == 720 && in.card->copied == 0 && fake.queued() == 7);
    rtv_frame *b = in.frame(8);
    CHECK(b->sequence == a->sequence + 1 && a->plane[0][0] == 7);
    rtv_frame_unref(a);
    CHECK(fake.queued() == 7);
    in.stop();
    CHECK(b->plane[0][2560 * 720 - 1] == 8);  // valid after the stop
    rtv_frame_unref(b);
    CHECK(fake.maps == 0 && fake.opened == 0);
  }
}

void a_picture_may_begin_behind_something_else_in_its_memory() {
  FakeV4l2 fake(false, V4L2_PIX_FMT_UYVY, true);
  fake.head = 128;
  Input in(fake);
  CHECK(in.start() == RTV_OK);
  in.lock();
  for (const uint8_t value : {uint8_t{7}, uint8_t{8}}) {
    rtv_frame *f = in.frame(value);
    CHECK(f->plane[0][0] == value && f->plane[0][2560 * 720 - 1] == value);
    rtv_frame_unref(f);
  }
  CHECK(fake.film(9, 0, 0, true));  // half of it: what stands before does not count
  in.wait_until([&] { return in.card->stats.corrupt == 1; });
  fake.beyond = 1;  // it would end behind the memory
  CHECK(fake.film(10));
  in.expect(RTV_SIGNAL_UNLOCKED);
  CHECK(in.card->last_error().find("broke off") != std::string::npos);
}

void stamps_name_the_start_of_the_raster() {
  FakeV4l2 fake;
  Input in(fake);
  CHECK(in.start() == RTV_OK);
  in.lock();
  rtv_frame *f = in.frame(1);
  // ST 296: the picture ends 745 lines of 750 after the raster began, at 20 ms a frame.
  const int64_t age = rtv::tai_now() - f->capture_tai;
  CHECK(age >= 20 * kMs * 745 / 750 && age < 20 * kMs + kWait);
  const int64_t end_stamp = f->capture_tai;
  rtv_frame_unref(f);
  fake.stamp_flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | V4L2_BUF_FLAG_TSTAMP_SRC_SOE;
  const int64_t before = rtv::tai_now();
  f = in.frame(1);
  CHECK(f->capture_tai >= before - kMs && f->capture_tai <= rtv::tai_now());
  CHECK(f->capture_tai > end_stamp);
  rtv_frame_unref(f);
}

void a_consumer_that_holds_all_starves_only_itself() {
  FakeV4l2 fake;
  Input in(fake);
  CHECK(in.start() == RTV_OK);
  in.lock();
  std::vector<rtv_frame *> held;
  for (uint8_t i = 0; i < 8; ++i) held.push_back(in.frame(i));
  CHECK(!fake.film(99));
  for (uint8_t i = 0; i < 8; ++i) CHECK(held[i]->plane[0][100] == i);
  const uint64_t last = held.back()->sequence;
  for (rtv_frame *f : held) rtv_frame_unref(f);
  CHECK(fake.queued() == 8);
  rtv_frame *f = in.frame(9);
  CHECK(f->sequence == last + 2 && in.card->stats.lost == 1);
  rtv_frame_unref(f);
}

void noise_is_never_live() {
  FakeV4l2 fake;
  fake.signal_error = ENOLINK;
  Input in(fake);
  CHECK(in.start() == RTV_OK);
  in.wait_until([&] { return fake.queries > 1; });
  fake.signal_error = 0;
  fake.announce();
  in.lock();
  rtv_frame_unref(in.frame(1));
  // The driver goes on with noise, and its event came first.
  for (const auto &[error, state] : {std::pair{ENOLINK, RTV_SIGNAL_ABSENT},
                                     std::pair{ENOLCK, RTV_SIGNAL_UNLOCKED},
                                     std::pair{ERANGE, RTV_SIGNAL_UNSUPPORTED}}) {
    fake.signal_error = error;
    fake.announce();
    for (int i = 0; i < 3; ++i) fake.film(66);
    for (bool seen = false; !seen;) {
      CHECK(in.next() == RTV_SIGNAL_CHANGED);
      seen = in.event.signal == static_cast<uint32_t>(state);
    }
    for (int i = 0; i < 3; ++i) fake.film(66);
    CHECK(in.next(60 * kMs) == RTV_TIMEOUT);
    fake.signal_error = 0;
    fake.announce();
    for (bool seen = false; !seen;) {
      CHECK(in.next() == RTV_SIGNAL_CHANGED);
      seen = in.event.signal == RTV_SIGNAL_LOCKED;
    }
    while (!fake.film(2)) usleep(1000);
    CHECK(in.next() == RTV_OK && in.event.frame->plane[0][0] == 2);
    rtv_frame_unref(in.event.frame);
  }
}

void loss_without_events_is_noticed() {
  FakeV4l2 fake;
  fake.events = false;
  Input in(fake);
  CHECK(in.start() == RTV_OK);
  in.lock();
  fake.signal_error = ENOLINK;
  in.expect(RTV_SIGNAL_ABSENT);
}

void timings_are_not_measured_while_all_is_well() {
  FakeV4l2 fake;
  Input in(fake);
  CHECK(in.start() == RTV_OK);
  in.lock();
  const int before = fake.queries;
  for (int i = 0; i < 60; ++i) {
    rtv_frame_unref(in.frame(1));
    usleep(10'000);
  }
  CHECK(fake.queries == before);
}

void another_format_is_a_mismatch_until_the_right_one_is_back() {
  FakeV4l2 fake;
  Input in(fake);
  CHECK(in.start() == RTV_OK);
  in.lock();
  rtv_frame *held = in.frame(1);
  const uint32_t generation = held->generation;
  fake.set_timings(timings_720p(60));
  fake.announce();
  in.expect(RTV_SIGNAL_UNLOCKED);
  in.expect(RTV_SIGNAL_MISMATCH);
  CHECK(in.event.format.rate_num == 60 && !fake.streaming());
  CHECK(held->plane[0][5] == 1);  // held over the end of its stream
  fake.set_timings(timings_720p(50));
  fake.announce();
  in.lock();
  rtv_frame_unref(held);  // must not get into the new stream's queue
  CHECK(fake.queued() == 8);
  rtv_frame *f = in.frame(3);
  CHECK(f->generation != generation);
  rtv_frame_unref(f);
}

void a_glitch_is_no_news() {
  FakeV4l2 fake;
  Input in(fake);
  CHECK(in.start() == RTV_OK);
  in.lock();
  const int before = fake.queries;
  fake.announce();  // and yet the same timings
  in.wait_until([&] { return fake.queries > before; });
  rtv_frame_unref(in.frame(1));
  CHECK(in.card->stats.signal_changes == 1 && fake.streams == 1);
}

void bad_frames_are_counted_and_withheld() {
  FakeV4l2 fake;
  Input in(fake);
  CHECK(in.start() == RTV_OK);
  in.lock();
  CHECK(fake.film(1, V4L2_BUF_FLAG_ERROR));
  CHECK(fake.film(2, 0, 0, true));  // half a frame
  CHECK(fake.film(3, 0, 4));        // four lost before it
  CHECK(in.next() == RTV_OK && in.event.frame->plane[0][0] == 3);
  CHECK(in.card->stats.corrupt == 2 && in.card->stats.lost == 4);
  CHECK(in.event.frame->sequence == 7);
  rtv_frame_unref(in.event.frame);
  CHECK(fake.queued() == 8);
}

void unplugged() {
  FakeV4l2 fake;
  Input in(fake);
  CHECK(in.start() == RTV_OK);
  in.lock();
  rtv_frame *held = in.frame(5);
  fake.gone = true;
  CHECK(in.next() == RTV_GONE && in.event.signal == RTV_SIGNAL_GONE);
  CHECK(in.next() == RTV_GONE);
  CHECK(in.start() == RTV_GONE);
  CHECK(held->plane[0][9] == 5);
  fake.gone = false;
  CHECK(in.start() == RTV_OK);
  in.lock();
  rtv_frame_unref(held);
  rtv_frame_unref(in.frame(6));
}

void a_broken_queue_is_built_anew_but_not_for_ever() {
  FakeV4l2 fake;
  Input in(fake);
  CHECK(in.start() == RTV_OK);
  in.lock();
  rtv_frame_unref(in.frame(1));
  fake.fetch_error = EIO;
  in.expect(RTV_SIGNAL_UNLOCKED);
  fake.fetch_error = 0;
  for (bool seen = false; !seen;) {
    CHECK(in.next() == RTV_SIGNAL_CHANGED);
    seen = in.event.signal == RTV_SIGNAL_LOCKED;
  }
  CHECK(in.card->stats.restarts > 0);
  rtv_frame_unref(in.frame(2));
  fake.fetch_error = EIO;
  for (int result = 0; result != RTV_GONE;) {
    result = in.next();
    CHECK(result == RTV_SIGNAL_CHANGED || result == RTV_GONE);
  }
  CHECK(in.card->last_error().find("broke off") != std::string::npos);
}

void frames_stop_coming() {
  FakeV4l2 fake;
  Input in(fake);
  CHECK(in.start() == RTV_OK);
  in.lock();
  in.expect(RTV_SIGNAL_UNLOCKED);
}

void a_driver_whose_rows_do_not_fit_is_refused() {
  FakeV4l2 fake;
  fake.tight = 1280;  // half of what UYVY needs
  Input in(fake);
  CHECK(in.start() == RTV_OK);
  in.expect(RTV_SIGNAL_UNSUPPORTED);
  CHECK(fake.maps == 0 || !fake.streaming());
}

void eight_bits_serve_a_ten_bit_format_by_a_copy() {
  FakeV4l2 fake;
  Input in(fake, kV210);
  CHECK(in.start() == RTV_OK);
  in.lock();
  rtv_frame *f = in.frame(0x40);
  uint32_t word;
  std::memcpy(&word, f->plane[0], 4);
  CHECK(f->format.layout == RTV_V210 && word == (0x100u | 0x100u << 10 | 0x100u << 20));
  CHECK(in.card->copied == 1 && fake.queued() == 8);
  rtv_frame_unref(f);
}

void a_card_that_is_always_ahead_is_left_all_the_same() {
  FakeV4l2 fake;
  Input in(fake, kV210);  // copied, so its buffer is free again, and full again, at once
  CHECK(in.start() == RTV_OK);
  in.lock();
  fake.ahead = true;
  rtv_frame_unref(in.frame(0x40));
  in.wait_until([&] { return in.card->copied > 50; });
  fake.signal_error = ENOLINK;
  fake.announce();
  in.wait_until([&] { return in.card->stats.signal == RTV_SIGNAL_ABSENT; });
  alarm(20);
  in.stop();
  alarm(0);
}

void ten_bits_pass_uncopied() {
  FakeV4l2 fake(false, v4l2_fourcc('v', '2', '1', '0'));
  Input in(fake, kV210);
  CHECK(in.start() == RTV_OK);
  in.lock();
  rtv_frame *f = in.frame(0x11);
  CHECK(f->format.layout == RTV_V210 && f->stride[0] == 3456 && in.card->copied == 0);
  rtv_frame_unref(f);
}

const rtv_format kFields{1920, 1080, 25, 1, RTV_422, 8, RTV_INTERLACED, RTV_UYVY, 2, 0, {}};
constexpr int64_t kHalf = 20 * kMs;

bool rows_are(const rtv_frame *f, uint8_t even, uint8_t odd) {
  for (uint32_t r = 0; r < f->format.height; ++r) {
    const uint8_t *row = f->plane[0] + size_t{r} * f->stride[0], wanted = r % 2 ? odd : even;
    if (row[0] != wanted || row[f->format.width * 2 - 1] != wanted) return false;
  }
  return true;
}

struct Fields : Input {
  int64_t began = rtv::mono_now();
  explicit Fields(FakeV4l2 &f) : Input((f.set_timings(timings_1080i()), f), kFields) {
    CHECK(start() == RTV_OK);
    lock();
  }
  // Field `k` of a signal that began a while ago.
  void field(uint32_t k) {
    const auto value = static_cast<uint8_t>(k + 1);
    const uint32_t which = k % 2 ? V4L2_FIELD_BOTTOM : V4L2_FIELD_TOP;
    CHECK(fake.film_field(which, k / 2, began - kWait + k * kHalf, value, value));
  }
};

void fields_that_come_one_by_one_are_woven() {
  FakeV4l2 fake;
  fake.field = V4L2_FIELD_ALTERNATE;
  Fields in(fake);
  for (uint32_t k = 0; k < 4; ++k) in.field(k);
  for (const uint8_t top : {1, 3}) {
    CHECK(in.next() == RTV_OK && rows_are(in.event.frame, top, top + 1));
    CHECK(in.event.frame->format.scan == RTV_INTERLACED);
    rtv_frame_unref(in.event.frame);
  }
  CHECK(fake.queued() == 8 && in.card->copied == 2 && in.card->lone_fields == 0);
  // Lost: the bottom field of 4 (field 5) and the top field of the next (6).
  for (const uint32_t k : {4u, 7u, 8u, 9u}) in.field(k);
  CHECK(in.next() == RTV_OK && rows_are(in.event.frame, 9, 10) && in.event.frame->sequence == 5);
  rtv_frame_unref(in.event.frame);
  CHECK(in.card->lone_fields == 2 && in.card->stats.lost == 2);
}

void one_bad_field_costs_its_frame_alone() {
  FakeV4l2 fake;
  fake.field = V4L2_FIELD_ALTERNATE;
  Fields in(fake);
  in.field(0);
  CHECK(fake.film(9, V4L2_BUF_FLAG_ERROR));
  in.field(2), in.field(3);
  CHECK(in.next() == RTV_OK && rows_are(in.event.frame, 3, 4));
  rtv_frame_unref(in.event.frame);
  CHECK(fake.film_field(V4L2_FIELD_NONE, 2, in.began, 1, 1));  // it does not say which one
  in.wait_until([&] { return in.card->stats.corrupt == 2; });
  CHECK(fake.queued() == 8);
}

void a_stamp_of_either_field_gives_the_same_raster() {
  int64_t seen[2];
  for (const bool at_start : {false, true}) {
    FakeV4l2 fake;
    fake.field = V4L2_FIELD_ALTERNATE;
    if (at_start) fake.stamp_flags = fake.stamp_flags | V4L2_BUF_FLAG_TSTAMP_SRC_SOE;
    Fields in(fake);
    in.began = rtv::mono_now() + kWait - 100 * kMs;
    const int64_t now = rtv::tai_now() - 100 * kMs;
    in.field(0), in.field(1);
    CHECK(in.next() == RTV_OK);
    seen[at_start] = in.event.frame->capture_tai - now;
    rtv_frame_unref(in.event.frame);
  }
  // Stamped at its start, the top field's is the frame's; at its end, the bottom field's, which
  // comes half a frame after the first and names the end of the picture (1121 of 1125 lines).
  CHECK(std::abs(seen[1]) < 2 * kMs);
  CHECK(std::abs(seen[0] - (kHalf - 2 * kHalf * 1121 / 1125)) < 2 * kMs);
}

void rows_of_both_orders_in_one_buffer() {
  for (const uint32_t order : {V4L2_FIELD_INTERLACED_TB, V4L2_FIELD_INTERLACED_BT}) {
    FakeV4l2 fake;
    fake.field = order;
    Fields in(fake);
    CHECK(fake.film_field(order, 0, in.began - kWait, 10, 11));
    CHECK(fake.film_field(order, 1, in.began - kWait + 2 * kHalf, 20, 21));
    CHECK(in.next() == RTV_OK);
    // Bottom first: what follows the first one's top field is the second one's bottom field.
    const bool bottom_first = order == V4L2_FIELD_INTERLACED_BT;
    CHECK(rows_are(in.event.frame, 10, bottom_first ? 21 : 11));
    CHECK(in.card->copied == (bottom_first ? 1 : 0));
    rtv_frame_unref(in.event.frame);
  }
}

void a_picture_placed_by_somebody_else_fills_the_frame_again() {
  for (const bool stays : {false, true}) {
    FakeV4l2 fake;
    fake.placed = 360, fake.stays_placed = stays;
    Input in(fake);
    CHECK(in.start() == RTV_OK);
    in.expect(stays ? RTV_SIGNAL_UNSUPPORTED : RTV_SIGNAL_LOCKED);
    CHECK(stays || fake.placed == 720);
    CHECK(!stays || in.card->last_error().find("part of the picture") != std::string::npos);
  }
}

void a_progressive_picture_in_fields_is_refused() {
  FakeV4l2 fake;
  fake.field = V4L2_FIELD_ALTERNATE;
  Input in(fake);
  CHECK(in.start() == RTV_OK);
  in.expect(RTV_SIGNAL_UNSUPPORTED);
  CHECK(in.card->last_error().find("field order alternate") != std::string::npos);
}

void the_driver_writes_into_memory_that_it_is_lent() {
  for (const bool multi : {false, true}) {
    FakeV4l2 fake(false, V4L2_PIX_FMT_UYVY, multi);
    Input in(fake, kUyvy, "udmabuf");
    CHECK(in.start() == RTV_OK);
    in.lock();
    rtv_frame *held = in.frame(7);
    CHECK(held->plane[0][0] == 7 && in.card->copied == 0 && fake.queued() == 7);
    CHECK(fake.starts == 1 && fake.ends == 8);  // the CPU's turn, of the frame that is out
    rtv_frame_unref(in.frame(8));
    CHECK(fake.starts == 2 && fake.ends == 9);
    fake.set_timings(timings_720p(60));
    fake.announce();
    in.expect(RTV_SIGNAL_UNLOCKED);
    in.expect(RTV_SIGNAL_MISMATCH);
    CHECK(held->plane[0][2560 * 720 - 1] == 7 && fake.maps == 8);
    rtv_frame_unref(held);
    CHECK(fake.maps == 0);
    fake.set_timings(timings_720p(50));
    fake.announce();
    in.lock();
    rtv_frame_unref(in.frame(9));
    in.stop();
    CHECK(fake.maps == 0 && fake.opened == 0);
  }
}

void memory_that_cannot_be_lent_is_refused_and_said() {
  for (const auto &[lend, import, words] :
       {std::tuple{ENOENT, 0, "this system has none"}, std::tuple{EACCES, 0, "this user may not"},
        std::tuple{0, EINVAL, "its driver takes none"}, std::tuple{0, EFAULT, "its driver takes none"}}) {
    FakeV4l2 fake;
    fake.lend_error = lend, fake.import_error = import;
    {
      Input in(fake, kUyvy, "heap:system");
      CHECK(in.start() == RTV_OK);
      in.expect(RTV_SIGNAL_UNSUPPORTED);
      CHECK(in.card->last_error().find(std::string("memory=heap:system: ") + words) !=
            std::string::npos);
      CHECK(!fake.streaming());
    }
    CHECK(fake.maps == 0 && fake.opened == 0);
  }
}

}  // namespace

int main() {
  the_driver_writes_into_memory_that_it_is_lent();
  memory_that_cannot_be_lent_is_refused_and_said();
  fields_that_come_one_by_one_are_woven();
  one_bad_field_costs_its_frame_alone();
  a_stamp_of_either_field_gives_the_same_raster();
  rows_of_both_orders_in_one_buffer();
  a_picture_placed_by_somebody_else_fills_the_frame_again();
  a_progressive_picture_in_fields_is_refused();
  frames_are_the_drivers_own_memory();
  a_picture_may_begin_behind_something_else_in_its_memory();
  stamps_name_the_start_of_the_raster();
  a_consumer_that_holds_all_starves_only_itself();
  noise_is_never_live();
  loss_without_events_is_noticed();
  timings_are_not_measured_while_all_is_well();
  another_format_is_a_mismatch_until_the_right_one_is_back();
  a_glitch_is_no_news();
  bad_frames_are_counted_and_withheld();
  unplugged();
  a_broken_queue_is_built_anew_but_not_for_ever();
  frames_stop_coming();
  a_driver_whose_rows_do_not_fit_is_refused();
  eight_bits_serve_a_ten_bit_format_by_a_copy();
  a_card_that_is_always_ahead_is_left_all_the_same();
  ten_bits_pass_uncopied();
}
