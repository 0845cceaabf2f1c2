// SPDX-License-Identifier: Apache-2.0
// The real way to AJA cards, through libajantv2, against a model of a card's registers. Exit code
// 77 where the library is not installed: not run.
#ifndef RTVBOX_AJANTV2
#include <cstdio>

int main() {
  std::puts("libajantv2 is not installed here");
  return 77;
}
#else
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "aja_card.hpp"
#include "capture.hpp"
#include "model_ntv2.hpp"
#include "playout.hpp"
#include "rtvbox/pool.hpp"

using model::Registers;
using rtv::ntv2::Boards;
using rtv::ntv2::Capture;
using rtv::ntv2::CaptureOptions;
using rtv::ntv2::InputLook;
using rtv::ntv2::Playout;
using rtv::ntv2::PlayoutOptions;
using rtv::ntv2::Reference;

namespace {

constexpr int64_t kMs = 1'000'000;
const rtv_format k1080p50{1920, 1080, 50, 1, RTV_422, 10, RTV_PROGRESSIVE, RTV_V210, 2, 0, {}};
const rtv_format k720p50{1280, 720, 50, 1, RTV_422, 8, RTV_PROGRESSIVE, RTV_UYVY, 2, 0, {}};
// ST 352 of 1080p50 on 3 Gbit/s level A, 4:2:2, 10 bit.
constexpr ULWord kPayload = 0x89C90001;

struct Bench {
  // The first counts its receivers' errors, the second does not.
  Registers one{DEVICE_ID_CORVID44, "3MX00001"}, two{DEVICE_ID_KONA5, "5XT00002"};
  std::atomic<bool> plugged{true};
  std::shared_ptr<Boards> boards = rtv::ntv2::boards_through(
      [this](uint32_t index) -> std::unique_ptr<CNTV2Card> {
        if (index == 1) return std::make_unique<model::OpenModel>(two);
        if (index == 3 && plugged) return std::make_unique<model::OpenModel>(one);
        return nullptr;
      });
  std::string key(NTV2DeviceID id) {
    for (const auto &facts : boards->list())
      if (facts.model == NTV2DeviceIDToString(id)) return facts.key;
    CHECK(!"the card is listed");
    return "";
  }
  std::unique_ptr<rtv::ntv2::InputPort> input(uint32_t connector, int *result, std::string *why) {
    return boards->input(key(DEVICE_ID_CORVID44), connector, result, why);
  }
};

void wait_until(const std::function<bool()> &what) {
  for (int i = 0; i < 8000; ++i) {
    if (what()) return;
    usleep(1000);
  }
  CHECK(!"in time");
}

void cards_are_known_by_their_serial_numbers() {
  Bench bench;
  const auto found = bench.boards->list();
  CHECK(found.size() == 2 && found[0].key != found[1].key);
  CHECK(found[0].key.find("5XT00002") != std::string::npos);
  CHECK(found[1].key.find("3MX00001") != std::string::npos);
  CHECK(found[1].inputs == 4 && found[1].outputs == 4 && found[1].either_way);
  CHECK(found[1].channels == 16 && found[1].why_not.empty());
  int result = 0;
  std::string why;
  CHECK(!bench.boards->input("nobody", 1, &result, &why) && result == RTV_GONE);
  CHECK(!bench.input(5, &result, &why) && result == RTV_REFUSED);
  CHECK(why.find("choose 1 to 4") != std::string::npos);
}

void a_card_belongs_to_one_program_at_a_time() {
  Bench bench;
  int result = 0;
  std::string why;
  bench.one.own(1);  // another program, alive
  CHECK(!bench.input(1, &result, &why) && result == RTV_REFUSED);
  CHECK(why.find("process 1") != std::string::npos && bench.one.get(kVRegApplicationPID) == 1);
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  bench.one.own(static_cast<ULWord>(child));  // one that has died without letting go
  {
    auto a = bench.input(1, &result, &why);
    CHECK(a && bench.one.get(kVRegApplicationPID) == static_cast<ULWord>(getpid()));
    auto b = bench.input(2, &result, &why);  // this program may use it twice
    CHECK(b && bench.one.get(kVRegAcquireLinuxReferenceCount) == 2);
    why = a->begin(k1080p50, 7, 0);
    if (!why.empty()) std::fprintf(stderr, "%s\n", why.c_str());
    CHECK(why.empty());
    CHECK(!bench.input(1, &result, &why) && result == RTV_REFUSED);
    CHECK(why.find("by this program already") != std::string::npos);
    b.reset();
    CHECK(bench.one.get(kVRegApplicationPID) == static_cast<ULWord>(getpid()));
    CHECK(bench.one.channel(NTV2_CHANNEL1).state == NTV2_AUTOCIRCULATE_RUNNING);
  }
  CHECK(bench.one.get(kVRegApplicationPID) == 0);
  CHECK(bench.one.channel(NTV2_CHANNEL1).state == NTV2_AUTOCIRCULATE_DISABLED);
}

void what_the_registers_say_of_a_signal() {
  Bench bench;
  int result = 0;
  std::string why;
  auto in = bench.input(1, &result, &why);
  CHECK(in);
  bench.one.no_signal();
  InputLook look = in->look();
  CHECK(look.there && !look.locked && look.format.width == 0 && look.payload_id == 0);
  bench.one.signal(NTV2_FRAMERATE_5000, NTV2_SG_1125, true, true, kPayload);
  look = in->look();
  CHECK(look.locked && !look.timing_error && look.payload_id == kPayload);
  CHECK(look.format.width == 1920 && look.format.height == 1080);
  CHECK(look.format.rate_num == 50 && look.format.rate_den == 1);
  CHECK(look.format.scan == RTV_PROGRESSIVE);
  bench.one.signal(NTV2_FRAMERATE_5994, NTV2_SG_750, true, false);  // without an identifier
  look = in->look();
  CHECK(look.format.width == 1280 && look.format.rate_num == 60000 && look.payload_id == 0);
  bench.one.signal(NTV2_FRAMERATE_2500, NTV2_SG_1125, false, false);
  look = in->look();
  CHECK(look.format.scan == RTV_INTERLACED && look.format.rate_num == 25);
  bench.one.signal(NTV2_FRAMERATE_2500, NTV2_SG_1125, false, false, 0x85450001);
  CHECK(in->look().format.scan == RTV_PSF);
  bench.one.write(kRegRXSDI1Status, 1, kRegMaskSDIInTRSError, kRegShiftSDIInTRSError);
  bench.one.write(kRegRXSDI1Status, 17, kRegMaskSDIInUnlockCount, 0);
  look = in->look();
  CHECK(look.timing_error && look.unlocks == 17);
  bench.one.gone = true;
  CHECK(!in->look().there && !in->there());
  bench.one.gone = false;
  CHECK(in->there());
  bench.one.write(kRegBoardID, DEVICE_ID_CORVID88);  // another one in its place
  CHECK(!in->look().there && !in->there());
  auto plain = bench.boards->input(bench.key(DEVICE_ID_KONA5), 1, &result, &why);
  CHECK(plain && !plain->look().locked);
  bench.two.signal(NTV2_FRAMERATE_5000, NTV2_SG_1125, true, true);
  look = plain->look();  // a raster that is known is all that it tells
  CHECK(look.locked && look.format.width == 1920 && look.unlocks == 0);
}

struct Input {
  Bench bench;
  Capture *card;
  rtv_event event{};
  explicit Input(const rtv_format &format = k1080p50, uint32_t channels = 0) {
    bench.one.signal(NTV2_FRAMERATE_5000, NTV2_SG_1125, true, true, kPayload);
    CaptureOptions o;
    o.key = bench.key(DEVICE_ID_CORVID44), o.format = format, o.realtime = false;
    o.channels = channels;
    card = new Capture(bench.boards, o);
  }
  ~Input() {
    card->stop();
    card->release();
    CHECK(bench.one.get(kVRegApplicationPID) == 0 || bench.one.gone);
  }
  int next(int64_t timeout = 8000 * kMs) {
    return card->table()->next(card->table()->self, timeout, &event);
  }
  int start() { return card->table()->start(card->table()->self, 0); }
  void expect(uint32_t signal) {
    CHECK(next() == RTV_SIGNAL_CHANGED);
    if (event.signal != signal)
      std::fprintf(stderr, "signal %u, %s\n", event.signal, card->last_error().c_str());
    CHECK(event.signal == signal);
  }
};

void frames_through_the_library() {
  Input in;
  CHECK(in.start() == RTV_OK);
  in.expect(RTV_SIGNAL_LOCKED);
  Registers &card = in.bench.one;
  CHECK(card.channel(NTV2_CHANNEL1).input && card.locks > 8);
  // What the card was told: to write v210 of 1080p50, from SDI in 1.
  model::OpenModel look(card);
  NTV2VideoFormat format = NTV2_FORMAT_UNKNOWN;
  NTV2PixelFormat pixels = NTV2_FBF_INVALID;
  NTV2OutputXptID from = NTV2_OUTPUT_CROSSPOINT_INVALID;
  bool enabled = false, apart = false;  // apart: each channel has its own format
  CHECK(look.IsChannelEnabled(NTV2_CHANNEL1, enabled) && enabled);
  CHECK(look.GetMultiFormatMode(apart) && apart);
  CHECK(look.GetVideoFormat(format, NTV2_CHANNEL1) && format == NTV2_FORMAT_1080p_5000_A);
  CHECK(look.GetFrameBufferFormat(NTV2_CHANNEL1, pixels) && pixels == NTV2_FBF_10BIT_YCBCR);
  CHECK(look.GetConnectedOutput(GetFrameStoreInputXptFromChannel(NTV2_CHANNEL1), from));
  CHECK(from == GetSDIInputOutputXptFromChannel(NTV2_CHANNEL1));
  uint64_t last = 0;
  for (uint8_t i = 1; i < 4; ++i) {
    const int64_t before = rtv::tai_now();
    card.record(NTV2_CHANNEL1, i, 20 * kMs);
    const int64_t after = rtv::tai_now();
    CHECK(in.next() == RTV_OK);
    rtv_frame *f = in.event.frame;
    CHECK(f->plane[0][0] == i && f->plane[0][5120 * 1080 - 1] == i && f->stride[0] == 5120);
    const int64_t recorded = f->capture_tai + 20 * kMs;
    CHECK(recorded > before - kMs && recorded < after + kMs);
    CHECK(last == 0 || f->sequence == last + 1);
    last = f->sequence;
    rtv_frame_unref(f);
  }
  card.signal(NTV2_FRAMERATE_5994, NTV2_SG_750, true, false);
  in.expect(RTV_SIGNAL_UNLOCKED);
  in.expect(RTV_SIGNAL_MISMATCH);
  CHECK(in.event.format.height == 720);
  CHECK(card.channel(NTV2_CHANNEL1).state == NTV2_AUTOCIRCULATE_DISABLED);
  card.no_signal();
  in.expect(RTV_SIGNAL_ABSENT);
  card.signal(NTV2_FRAMERATE_5000, NTV2_SG_1125, true, true, kPayload);
  in.expect(RTV_SIGNAL_LOCKED);
  card.record(NTV2_CHANNEL1, 9, 20 * kMs);
  CHECK(in.next() == RTV_OK);
  rtv_frame_unref(in.event.frame);
}

void unplugged_and_back() {
  Input in;
  CHECK(in.start() == RTV_OK);
  in.expect(RTV_SIGNAL_LOCKED);
  in.bench.one.gone = true;
  CHECK(in.next() == RTV_GONE);
  in.bench.plugged = false;
  CHECK(in.start() == RTV_GONE);
  in.bench.one.gone = false;
  in.bench.plugged = true;
  in.bench.one.own(0);  // the driver forgets with the card
  CHECK(in.start() == RTV_OK);
  in.expect(RTV_SIGNAL_LOCKED);
}

void sound_through_the_library() {
  Input wrong(k1080p50, 8);
  CHECK(wrong.start() == RTV_OK);
  wrong.expect(RTV_SIGNAL_UNSUPPORTED);
  CHECK(wrong.card->last_error().find("16 channels") != std::string::npos);
  Input in(k1080p50, 16);
  CHECK(in.start() == RTV_OK);
  in.expect(RTV_SIGNAL_LOCKED);
  CHECK(in.bench.one.channel(NTV2_CHANNEL1).audio == NTV2_AUDIOSYSTEM_1);
  in.bench.one.record(NTV2_CHANNEL1, 0x11, 20 * kMs);
  in.bench.one.record(NTV2_CHANNEL1, 0x12, 20 * kMs);
  CHECK(in.next() == RTV_OK);
  rtv_frame *f = in.event.frame;
  CHECK(f->audio_samples == 960 && f->audio_channels == 16 && f->audio[0] == 0x11111111);
  rtv_frame_unref(f);
}

void playout_through_the_library() {
  Bench bench;
  PlayoutOptions o;
  o.key = bench.key(DEVICE_ID_KONA5), o.connector = 3, o.realtime = false;
  o.reference = Reference::external;
  auto *card = new Playout(bench.boards, o);
  rtv_format wide = k720p50;
  wide.colorimetry = 3;
  CHECK(card->start(wide) == RTV_OK);
  model::OpenModel look(bench.two);
  NTV2ReferenceSource reference = NTV2_REFERENCE_INVALID;
  NTV2VideoFormat format = NTV2_FORMAT_UNKNOWN;
  NTV2PixelFormat pixels = NTV2_FBF_INVALID;
  NTV2OutputXptID from = NTV2_OUTPUT_CROSSPOINT_INVALID;
  bool sends = false;
  CHECK(look.GetReference(reference) && reference == NTV2_REFERENCE_EXTERNAL);
  CHECK(look.GetVideoFormat(format, NTV2_CHANNEL3) && format == NTV2_FORMAT_720p_5000);
  CHECK(look.GetFrameBufferFormat(NTV2_CHANNEL3, pixels) && pixels == NTV2_FBF_8BIT_YCBCR);
  CHECK(look.GetConnectedOutput(GetSDIOutputInputXpt(NTV2_CHANNEL3), from));
  CHECK(from == GetFrameStoreOutputXptFromChannel(NTV2_CHANNEL3));
  NTV2VPIDColorimetry colours = NTV2_VPID_Color_Unknown;
  CHECK(look.GetVPIDColorimetry(colours, NTV2_CHANNEL3) && colours == NTV2_VPID_Color_UHDTV);
  NTV2Standard standard = NTV2_STANDARD_INVALID;
  CHECK(look.GetSDIOutputStandard(NTV2_CHANNEL3, standard) && standard == NTV2_STANDARD_720);
  CHECK(look.GetSDITransmitEnable(NTV2_CHANNEL3, sends) && sends);
  usleep(50'000);
  CHECK(card->stats.reference == 0);
  bench.two.reference();
  wait_until([&] { return card->stats.reference == 1; });
  const uint32_t black = 0x10801080;
  CHECK(bench.two.vertical(NTV2_CHANNEL3) == black && bench.two.vertical(NTV2_CHANNEL3) == black);
  rtv::FramePool pool(wide, 4);
  for (uint32_t i = 1; i < 6; ++i) {
    rtv_frame *f = pool.acquire();
    CHECK(f);
    const uint32_t word = 0x01010101 * i;
    std::memcpy(f->plane[0], &word, 4);
    rtv_set_lines_ready(f, 720);
    CHECK(card->submit(f, rtv::tai_now()) == RTV_OK);
    rtv_frame_unref(f);
    wait_until([&] { return card->stats.put == i; });
    usleep(3000);
    CHECK(bench.two.vertical(NTV2_CHANNEL3) == word);
    wait_until([&] { return card->stats.shown == i; });
  }
  CHECK(card->after_due.count() == 5 && card->after_due.min() >= 3 * kMs);
  CHECK(card->stats.underruns == 0 && card->stats.unconfirmed == 0);
  bench.two.gone = true;
  wait_until([&] { return card->stats.gone == 1; });
  bench.two.gone = false;
  card->stop();
  card->release();
  CHECK(bench.two.get(kVRegApplicationPID) == 0);
}

}  // namespace

int main() {
  cards_are_known_by_their_serial_numbers();
  a_card_belongs_to_one_program_at_a_time();
  what_the_registers_say_of_a_signal();
  frames_through_the_library();
  unplugged_and_back();
  sound_through_the_library();
  playout_through_the_library();
}
#endif
