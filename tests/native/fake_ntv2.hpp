// SPDX-License-Identifier: Apache-2.0
// An AJA card in a few lines, for tests: the test records and shows each raster by hand, and says
// what the receiver sees. It refuses what a card refuses, so that wrong order shows.
#pragma once
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <mutex>

#include "board.hpp"
#include "check.hpp"
#include "rtvbox/clock.hpp"
#include "rtvbox/pool.hpp"

namespace fake {

using rtv::ntv2::InputLook;

constexpr int64_t kMs = 1'000'000;

class Card {
 public:
  // What the test sets.
  std::atomic<bool> gone{false}, broken_copy{false};
  std::atomic<int64_t> clock_offset{-37 * rtv::kSecond};  // of the driver's clock to TAI
  std::atomic<bool> reference{false};
  std::string refuses;  // what begin answers; before a start only
  // What it sees.
  std::atomic<int> opened{0}, begins{0}, ends{0}, pinned{0};
  std::atomic<uint32_t> played{0}, last_word{0};

  int64_t clock() const { return (rtv::tai_now() + clock_offset) / 100 * 100; }
  void see(const InputLook &look) {
    std::lock_guard hold(mutex);
    look_ = look;
  }
  InputLook look() {
    std::lock_guard hold(mutex);
    InputLook l = look_;
    l.there = !gone;
    return l;
  }
  // The end of a raster whose recording began so long ago; stamped false: without a stamp.
  void record(uint8_t value, int64_t age = 20 * kMs, bool stamped = true) {
    {
      std::lock_guard hold(mutex);
      if (!running) return;
      if (ring.size() + 1 >= frames)
        ++dropped;
      else
        ring.push_back({value, stamped ? clock() - age : 0, next_slot++ % frames});
    }
    changed.notify_all();
  }
  // The beginning of a raster that is sent.
  void vertical() {
    std::lock_guard hold(mutex);
    if (!running) return;
    if (ring.empty()) {
      ++dropped;
      return;
    }
    last_word = ring.front().word;
    shown[ring.front().slot] = clock();
    ring.pop_front();
    ++played;
  }
  size_t level() {
    std::lock_guard hold(mutex);
    return ring.size();
  }
  bool recording() {
    std::lock_guard hold(mutex);
    return running;
  }

  struct Slot {
    uint8_t value;
    int64_t stamp;
    uint32_t slot;
    uint32_t word = 0;
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Slot> ring;
  std::map<uint32_t, int64_t> shown;
  bool begun = false, running = false;
  uint32_t frames = 0, dropped = 0, next_slot = 0, channels = 0;
  size_t octets = 0;
  rtv::ntv2::Reference asked = rtv::ntv2::Reference::as_set;

  std::string begin(const rtv_format &format, uint32_t n) {
    std::lock_guard hold(mutex);
    ++begins;
    CHECK(!begun);
    if (!refuses.empty()) return refuses;
    begun = true;
    frames = n;
    dropped = 0;
    ring.clear();
    shown.clear();
    octets = size_t{rtv::row_bytes(format, 0)} * format.height;
    return "";
  }
  void end() {
    std::lock_guard hold(mutex);
    ends += begun;
    begun = running = false;
    ring.clear();
  }
  bool state(rtv::ntv2::RingState *s) {
    if (gone) return false;
    std::lock_guard hold(mutex);
    s->running = running;
    s->level = static_cast<uint32_t>(ring.size());
    s->dropped = dropped;
    s->now = clock();
    return true;
  }

 private:
  InputLook look_;
};

template <class Base>
class PortOf : public Base {
 public:
  explicit PortOf(Card &card) : card_(card) { ++card_.opened; }
  ~PortOf() override {
    card_.end();
    --card_.opened;
  }
  bool there() override { return !card_.gone; }
  bool ring(rtv::ntv2::RingState *s) override { return card_.state(s); }
  void end() override { card_.end(); }
  void pin(const void *memory, size_t size) override {
    CHECK(memory && size);
    ++card_.pinned;
  }

 protected:
  Card &card_;
};

class Input final : public PortOf<rtv::ntv2::InputPort> {
 public:
  using PortOf::PortOf;
  InputLook look() override { return card_.look(); }
  std::string begin(const rtv_format &format, uint32_t n, uint32_t channels) override {
    std::string why = card_.begin(format, n);
    std::lock_guard hold(card_.mutex);
    card_.channels = channels;
    card_.running = why.empty();
    return why;
  }
  bool wait() override {
    std::unique_lock hold(card_.mutex);
    return card_.changed.wait_for(hold, std::chrono::milliseconds(10)) ==
           std::cv_status::no_timeout;
  }
  bool fetch(void *picture, size_t size, void *sound, size_t sound_size,
             rtv::ntv2::Transferred *done) override {
    if (card_.gone || card_.broken_copy) return false;
    std::lock_guard hold(card_.mutex);
    CHECK(card_.running && !card_.ring.empty() && size == card_.octets);
    const Card::Slot s = card_.ring.front();
    card_.ring.pop_front();
    std::memset(picture, s.value, size);
    *done = {s.stamp, card_.clock(), s.slot, 0};
    if (sound) {
      done->sound_bytes = 960 * card_.channels * 4;
      CHECK(done->sound_bytes <= sound_size);
      std::memset(sound, s.value, done->sound_bytes);
    }
    return true;
  }
};

class Output final : public PortOf<rtv::ntv2::OutputPort> {
 public:
  using PortOf::PortOf;
  std::string begin(const rtv_format &format, uint32_t n, rtv::ntv2::Reference r) override {
    card_.asked = r;
    return card_.begin(format, n);
  }
  bool start() override {
    std::lock_guard hold(card_.mutex);
    CHECK(card_.begun && card_.ring.size() >= 2);
    return card_.running = true;
  }
  bool put(const void *picture, size_t size, rtv::ntv2::Transferred *done) override {
    if (card_.gone) return false;
    std::lock_guard hold(card_.mutex);
    CHECK(card_.begun && size == card_.octets);
    if (card_.ring.size() + 1 >= card_.frames) return false;
    Card::Slot s{0, 0, card_.next_slot++ % card_.frames, 0};
    std::memcpy(&s.word, picture, 4);
    card_.ring.push_back(s);
    *done = {0, card_.clock(), s.slot, 0};
    return true;
  }
  int64_t shown(uint32_t slot) override {
    std::lock_guard hold(card_.mutex);
    return card_.shown[slot];
  }
  bool reference_present() override { return card_.reference; }
};

class Boards final : public rtv::ntv2::Boards {
 public:
  explicit Boards(Card &card) : card_(card) {}
  std::vector<rtv::ntv2::BoardFacts> list() override { return {}; }
  std::unique_ptr<rtv::ntv2::InputPort> input(const std::string &, uint32_t, int *result,
                                              std::string *why) override {
    if (missing(result, why)) return nullptr;
    return std::make_unique<Input>(card_);
  }
  std::unique_ptr<rtv::ntv2::OutputPort> output(const std::string &, uint32_t, int *result,
                                                std::string *why) override {
    if (missing(result, why)) return nullptr;
    return std::make_unique<Output>(card_);
  }

 private:
  bool missing(int *result, std::string *why) const {
    *result = card_.gone ? RTV_GONE : RTV_OK;
    if (card_.gone) *why = "card is not there";
    return card_.gone;
  }
  Card &card_;
};

inline InputLook locked_to(uint32_t width, uint32_t height, uint32_t rate, uint32_t payload = 0) {
  InputLook l;
  l.there = l.locked = true;
  l.format.width = width, l.format.height = height;
  l.format.rate_num = rate, l.format.rate_den = 1;
  l.payload_id = payload;
  return l;
}

inline void wait_until(const std::function<bool()> &what) {
  for (int i = 0; i < 8000; ++i) {
    if (what()) return;
    usleep(1000);
  }
  CHECK(!"in time");
}

}  // namespace fake
