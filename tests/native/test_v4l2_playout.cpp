// SPDX-License-Identifier: Apache-2.0
// The V4L2 output against the same driver.
#include <functional>

#include "fake_v4l2.hpp"
#include "playout.hpp"
#include "rtvbox/pool.hpp"

using rtv::v4l2::Playout;
using rtv::v4l2::PlayoutOptions;

namespace {

constexpr int64_t kMs = 1'000'000;
const rtv_format kUyvy{1280, 720, 50, 1, RTV_422, 8, RTV_PROGRESSIVE, RTV_UYVY, 2, 0, {}};
const rtv_format kV210{1280, 720, 50, 1, RTV_422, 10, RTV_PROGRESSIVE, RTV_V210, 2, 0, {}};

struct Output {
  FakeV4l2 fake;
  Playout *card;
  explicit Output(uint32_t code = V4L2_PIX_FMT_UYVY, bool multi = false) : fake(true, code, multi) {
    PlayoutOptions o;
    o.path = "fake", o.realtime = false, o.kernel = &fake;
    card = new Playout(o);
  }
  ~Output() {
    card->stop();
    card->release();
  }
  int start(const rtv_format &f, int slices = 0) {
    return card->table()->start(card->table()->self, &f, slices);
  }
  int submit(rtv_frame *f, int64_t due) {
    return card->table()->submit(card->table()->self, f, due);
  }
  std::string error() { return card->table()->error(card->table()->self); }
  void wait_until(const std::function<bool()> &what) {
    for (int i = 0; i < 8000; ++i) {
      if (what()) return;
      usleep(1000);
    }
    CHECK(!"in time");
  }
};

rtv_frame *filled(rtv::FramePool &pool, uint32_t word) {
  rtv_frame *f = pool.acquire();
  CHECK(f);
  for (size_t i = 0; i < f->bytes; i += 4) std::memcpy(f->plane[0] + i, &word, 4);
  rtv_set_lines_ready(f, f->format.height);
  return f;
}

void frames_are_sent_at_their_time() {
  for (const bool multi : {false, true}) {
    Output out(V4L2_PIX_FMT_UYVY, multi);
    rtv::FramePool pool(kUyvy, 4);
    CHECK(out.start(kUyvy) == RTV_OK);
    rtv_frame *f = filled(pool, 0x10801080);
    const int64_t due = rtv::tai_now() + 60 * kMs;
    CHECK(out.submit(f, due) == RTV_OK);
    rtv_frame_unref(f);
    out.wait_until([&] { return out.fake.played > 0; });
    CHECK(rtv::tai_now() >= due);
    CHECK(out.fake.last_first_octets == 0x10801080 && out.card->stats.shown == 1);
    CHECK(out.card->stats.rounded == 0);
    out.wait_until([&] { return out.card->after_due.count() == 1; });
    rtv_frame *all[4];  // nobody holds it any more
    for (rtv_frame *&one : all) CHECK(one = pool.acquire());
    for (rtv_frame *one : all) rtv_frame_unref(one);
  }
}

void ten_bits_are_rounded_to_eight_and_it_says_so() {
  Output out;
  rtv::FramePool pool(kV210, 4);
  CHECK(out.start(kV210) == RTV_OK && out.card->stats.rounded == 1);
  // Cb 514 -> 129 (128.5 rounds up), Y 65 -> 16, Cr 1019 -> 254 (255 is kept for timing).
  rtv_frame *f = filled(pool, 514u | 65u << 10 | 1019u << 20);
  CHECK(out.submit(f, 0) == RTV_OK);
  rtv_frame_unref(f);
  out.wait_until([&] { return out.fake.played > 0; });
  CHECK((out.fake.last_first_octets & 0xffffff) == (129u | 16u << 8 | 254u << 16));
}

void frames_of_another_format_are_refused() {
  Output out;
  rtv::FramePool other(kV210, 2);
  rtv_frame *f = filled(other, 0);
  CHECK(out.submit(f, 0) == RTV_REFUSED);  // not started
  CHECK(out.start(kUyvy) == RTV_OK);
  CHECK(out.submit(f, 0) == RTV_REFUSED && out.error().find("format") != std::string::npos);
  rtv_frame_unref(f);
  rtv_format strange = kUyvy;
  strange.width = 720, strange.height = 300;
  CHECK(out.start(strange) == RTV_REFUSED && out.error().find("timings") != std::string::npos);
  strange = kUyvy, strange.layout = RTV_PLANAR16;
  CHECK(out.start(strange) == RTV_REFUSED);
}

void a_growing_frame_is_sent_when_it_is_whole() {
  Output out;
  rtv::FramePool pool(kUyvy, 2);
  CHECK(out.start(kUyvy, 1) == RTV_OK);
  rtv_frame *f = filled(pool, 0x11111111);
  rtv_set_lines_ready(f, 1);
  CHECK(out.submit(f, rtv::tai_now() + 200 * kMs) == RTV_OK);
  usleep(30'000);
  const uint32_t word = 0x22222222;
  std::memcpy(f->plane[0], &word, 4);
  rtv_set_lines_ready(f, 720);
  rtv_frame_unref(f);
  out.wait_until([&] { return out.fake.played > 0; });
  CHECK(out.fake.last_first_octets == word && out.card->stats.partial == 0);
}

void what_is_not_live_turns_black() {
  Output out;
  rtv::FramePool pool(kUyvy, 2);
  CHECK(out.start(kUyvy) == RTV_OK);
  rtv_frame *f = filled(pool, 0xAAAAAAAA);
  CHECK(out.submit(f, 0) == RTV_OK);
  rtv_frame_unref(f);
  out.wait_until([&] { return out.card->stats.black == 1; });
  CHECK(out.fake.last_first_octets == 0x10801080);  // Cb 128, Y 16, Cr 128, Y 16
}

void unplugged_and_back() {
  Output out;
  rtv::FramePool pool(kUyvy, 4);
  CHECK(out.start(kUyvy) == RTV_OK);
  out.fake.gone = true;
  rtv_frame *f = filled(pool, 0x10801080);
  CHECK(out.submit(f, 0) == RTV_OK);
  out.wait_until([&] { return out.card->stats.gone == 1; });
  CHECK(out.submit(f, 0) == RTV_GONE);
  CHECK(out.start(kUyvy) == RTV_GONE);
  out.fake.gone = false;
  CHECK(out.start(kUyvy) == RTV_OK && out.submit(f, 0) == RTV_OK);
  out.wait_until([&] { return out.fake.played > 0; });
  rtv_frame_unref(f);
}

const rtv_format kFields{1920, 1080, 25, 1, RTV_422, 8, RTV_INTERLACED, RTV_UYVY, 2, 0, {}};

void fields_leave_with_the_top_one_first() {
  for (const uint32_t order : {V4L2_FIELD_INTERLACED, V4L2_FIELD_SEQ_TB, V4L2_FIELD_ALTERNATE}) {
    Output out;
    out.fake.field = order;
    rtv::FramePool pool(kFields, 2);
    CHECK(out.start(kFields) == RTV_OK);
    rtv_frame *f = pool.acquire();
    for (uint32_t r = 0; r < 1080; ++r)
      std::memset(f->plane[0] + size_t{r} * f->stride[0], r % 2 ? 200 : 100, f->stride[0]);
    rtv_set_lines_ready(f, 1080);
    CHECK(out.submit(f, 0) == RTV_OK);
    rtv_frame_unref(f);
    const bool apart = order == V4L2_FIELD_ALTERNATE;
    out.wait_until([&] { return out.fake.played >= (apart ? 2u : 1u); });
    const auto sent = out.fake.sent();
    const auto all = [](const std::vector<uint8_t> &rows, size_t from, size_t to, uint8_t value) {
      for (size_t r = from; r < to; ++r)
        if (rows[r] != value) return false;
      return true;
    };
    if (apart) {
      CHECK(sent[0].field == V4L2_FIELD_TOP && sent[1].field == V4L2_FIELD_BOTTOM);
      CHECK(sent[0].first_of_row.size() == 540 && all(sent[0].first_of_row, 0, 540, 100));
      CHECK(all(sent[1].first_of_row, 0, 540, 200));
    } else if (order == V4L2_FIELD_SEQ_TB) {
      CHECK(all(sent[0].first_of_row, 0, 540, 100) && all(sent[0].first_of_row, 540, 1080, 200));
    } else {
      for (size_t r = 0; r < 1080; ++r) CHECK(sent[0].first_of_row[r] == (r % 2 ? 200 : 100));
    }
    CHECK(sent[0].field == (apart ? uint32_t{V4L2_FIELD_TOP} : order));
    CHECK(out.card->stats.shown == 1);
    // Without more frames, black: by fields too.
    out.wait_until([&] { return out.card->stats.black == 1; });
    const auto after = out.fake.sent();
    CHECK(after.size() == (apart ? 4u : 2u));
    CHECK(after.back().first_of_row[0] == 128);
    CHECK(!apart || (after[2].field == V4L2_FIELD_TOP && after[3].field == V4L2_FIELD_BOTTOM));
  }
}

void the_bottom_field_first_is_refused() {
  Output out;
  out.fake.field = V4L2_FIELD_INTERLACED_BT;
  CHECK(out.start(kFields) == RTV_REFUSED);
  CHECK(out.error().find("bottom field first") != std::string::npos);
}

}  // namespace

int main() {
  fields_leave_with_the_top_one_first();
  the_bottom_field_first_is_refused();
  frames_are_sent_at_their_time();
  ten_bits_are_rounded_to_eight_and_it_says_so();
  frames_of_another_format_are_refused();
  a_growing_frame_is_sent_when_it_is_whole();
  what_is_not_live_turns_black();
  unplugged_and_back();
}
