// SPDX-License-Identifier: Apache-2.0
// A DeckLink card's input and output over the stand-in library, all in one process under the
// sanitizers: references, memory that outlives its card, and stops in the middle of everything.
#include <dlfcn.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "capture.hpp"
#include "check.hpp"
#include "playout.hpp"
#include "rtvbox/clock.hpp"

// The stand-in keeps its objects for ever, so that one used after its end is seen.
extern "C" const char *__lsan_default_suppressions() { return "leak:libdecklink_standin\n"; }

namespace {

using namespace rtv::decklink;

constexpr char kLibrary[] = STANDIN_LIBRARY;
const std::string kDuo = std::to_string(0x1a2b0010);

rtv_format hd() {
  rtv_format f{};
  f.width = 1280;
  f.height = 720;
  f.rate_num = 50;
  f.rate_den = 1;
  f.sampling = RTV_422;
  f.depth = 10;
  f.layout = RTV_V210;
  f.colorimetry = 2;
  return f;
}

std::string command(const std::string &line) {
  static void *library = dlopen(kLibrary, RTLD_NOW);
  CHECK(library);
  using Command = void (*)(const char *, char *, size_t);
  const auto run = reinterpret_cast<Command>(dlsym(library, "standin_command"));
  CHECK(run);
  std::vector<char> answer(1 << 16);
  run(line.c_str(), answer.data(), answer.size());
  return answer.data();
}

// Whether nobody holds an object of the library: every count in the answer is 0.
bool nothing_held() {
  const std::string text = command("objects");
  for (size_t i = 0; (i = text.find(": ", i)) != std::string::npos; i += 2)
    if (text[i + 2] != '0') return false;
  return true;
}

rtv_frame *next_frame(const rtv_source *s) {
  for (int i = 0; i < 100; ++i) {
    rtv_event e{};
    if (s->next(s->self, 1'000'000'000, &e) == RTV_OK) return e.frame;
  }
  return nullptr;
}

void frames_outlive_the_card() {
  rtv_frame *held[3];
  {
    CaptureOptions o;
    o.key = kDuo;
    o.format = hd();
    auto *capture = new Capture(std::make_shared<Driver>(kLibrary), o);
    const rtv_source *s = capture->table();
    CHECK(s->start(s->self, 0) == RTV_OK);
    for (rtv_frame *&f : held) {
      f = next_frame(s);
      CHECK(f);
    }
    s->stop(s->self);
    capture->release();
  }
  CHECK(!nothing_held());
  uint64_t sum = 0;
  for (rtv_frame *f : held) {
    for (uint32_t y = 0; y < 720; ++y) sum += f->plane[0][y * f->stride[0] + 7];
    CHECK(f->audio && f->audio_samples == 960 && f->audio_channels == 2);
    sum += static_cast<uint32_t>(f->audio[2 * 959 + 1]);
    rtv_frame_unref(f);
  }
  CHECK(sum != 0);
  CHECK(nothing_held());
}

void stops_at_any_time() {
  CaptureOptions o;
  o.key = kDuo;
  o.format = hd();
  auto *capture = new Capture(std::make_shared<Driver>(kLibrary), o);
  const rtv_source *s = capture->table();
  for (int i = 0; i < 12; ++i) {
    CHECK(s->start(s->self, 0) == RTV_OK);
    if (i % 3 == 1) command("source 0 Hp25 10");
    usleep(static_cast<useconds_t>(7'000 * i));
    s->stop(s->self);
    if (i % 3 == 2) command("source 0 hp50 10");
  }
  CHECK(s->start(s->self, 0) == RTV_OK);
  command("remove 0");
  rtv_event e{};
  int result = RTV_OK;
  for (int i = 0; i < 200 && result != RTV_GONE; ++i) {
    result = s->next(s->self, 100'000'000, &e);
    rtv_frame_unref(e.frame);
  }
  CHECK(result == RTV_GONE);
  CHECK(s->start(s->self, 0) == RTV_GONE);
  command("arrive 0");
  command("source 0 hp50 10");
  CHECK(s->start(s->self, 0) == RTV_OK);
  rtv_frame *f = next_frame(s);
  CHECK(f);
  rtv_frame_unref(f);
  capture->release();
  CHECK(nothing_held());
}

void plays_out(bool scheduled) {
  PlayoutOptions o;
  o.key = kDuo;
  o.scheduled = scheduled;
  o.idle_ns = 60'000'000;
  o.channels = 8;
  o.ancillary = true;
  const std::vector<int32_t> sound(960 * 2, 1 << 20);
  const uint8_t words[3] = {1, 2, 255};
  const std::vector<rtv_anc> packets(70, rtv_anc{0x50, 1, 0, 3, 12, words});
  const rtv_format f = hd();
  rtv::FramePool pool(f, 12);
  auto *playout = new Playout(std::make_shared<Driver>(kLibrary), o);
  const rtv_sink *s = playout->table();
  for (int round = 0; round < 3; ++round) {
    CHECK(s->start(s->self, &f, 0) == RTV_OK);
    for (int i = 0; i < 12; ++i) {
      if (rtv_frame *frame = pool.acquire()) {
        rtv_set_lines_ready(frame, f.height);
        frame->capture_tai = rtv::tai_now();
        frame->audio = sound.data();
        frame->audio_samples = 960;
        frame->audio_channels = 2;
        frame->anc = packets.data();
        frame->anc_count = 70;
        CHECK(s->submit(s->self, frame, rtv::tai_now() + 2'000'000) == RTV_OK);
        rtv_frame_unref(frame);
      }
      usleep(20'000);
    }
    if (round == 1) {
      command("remove 0");
      usleep(50'000);
      command("arrive 0");
      usleep(150'000);
    }
    s->stop(s->self);
  }
  CHECK(playout->stats.shown > 10);
  CHECK(playout->sound().samples > 960 * 10);
  CHECK(playout->stats.anc_left_out >= 10 * 6);
  playout->release();
  CHECK(nothing_held());
  // Every frame came back to its pool.
  std::vector<rtv_frame *> all;
  while (rtv_frame *frame = pool.acquire()) all.push_back(frame);
  CHECK(all.size() == 12);
  for (rtv_frame *frame : all) rtv_frame_unref(frame);
}

void memory_is_bounded_and_checked() {
  auto memory = Ref<CardMemory>::adopt(new CardMemory(2));
  CHECK(memory->fit(10'000));
  void *a = nullptr, *b = nullptr, *c = nullptr;
  CHECK(memory->AllocateBuffer(10'000, &a) == abi::kOk);
  CHECK(memory->AllocateBuffer(9'000, &b) == abi::kOk && a != b);
  CHECK(memory->AllocateBuffer(10'000, &c) == abi::kOutOfMemory && !c);
  CHECK(memory->refused() == 1 && memory->out() == 2);
  int other = 0;
  CHECK(memory->ReleaseBuffer(&other) == abi::kInvalidArgument);
  CHECK(memory->ReleaseBuffer(b) == abi::kOk);
  // Larger pictures while an old one is still held: that stays where it is.
  std::memset(a, 7, 10'000);
  CHECK(memory->fit(50'000));
  CHECK(memory->AllocateBuffer(50'000, &c) == abi::kOk);
  CHECK(static_cast<uint8_t *>(a)[9'999] == 7 && memory->holds(a) && !memory->holds(&other));
  CHECK(memory->ReleaseBuffer(a) == abi::kOk && memory->ReleaseBuffer(c) == abi::kOk);
  CHECK(memory->out() == 0);
}

}  // namespace

int main() {
  memory_is_bounded_and_checked();
  command("reset");
  command("source 0 hp50 10");
  for (const char *generation : {"a", "buffers", "c", "b-only"}) {
    command(std::string("generation ") + generation);
    frames_outlive_the_card();
    stops_at_any_time();
  }
  command("generation a");
  plays_out(false);
  plays_out(true);
  return 0;
}
