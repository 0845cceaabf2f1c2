// SPDX-License-Identifier: Apache-2.0
// One output for users after one another: who is shown, when the card starts and stops.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "check.hpp"
#include "relay.hpp"
#include "rtvbox/pool.hpp"

namespace {

struct Card {
  rtv_sink table{};
  std::atomic<int> refs{1}, starts{0}, stops{0}, inside{0}, most{0};
  std::vector<uint64_t> shown;
  int answer = RTV_OK;

  Card() {
    table = {RTV_ABI,
             sizeof(rtv_sink),
             this,
             [](void *s) { static_cast<Card *>(s)->refs++; },
             [](void *s) { static_cast<Card *>(s)->refs--; },
             [](void *s, const rtv_format *, int) {
               auto *c = static_cast<Card *>(s);
               if (c->answer == RTV_OK) c->starts++;
               return c->answer;
             },
             [](void *s, rtv_frame *f, int64_t) {
               auto *c = static_cast<Card *>(s);
               const int now = ++c->inside;
               if (now > c->most) c->most = now;
               c->shown.push_back(f->sequence);
               c->inside--;
               return static_cast<int>(RTV_OK);
             },
             [](void *s) { static_cast<Card *>(s)->stops++; },
             [](void *) { return "not today"; }};
  }
};

constexpr rtv_format kFormat{96, 4, 50, 1, RTV_422, 10, RTV_PROGRESSIVE, RTV_V210, 2, 0, {}};

struct User {
  rtv::RelayInput *input;
  rtv_sink *t;
  explicit User(rtv::Relay *relay) : input(new rtv::RelayInput(relay)), t(input->table()) {}
  ~User() { input->release(); }
  int start(const rtv_format &f = kFormat, int slices = 0) { return t->start(t->self, &f, slices); }
  int submit(rtv::FramePool &pool, uint64_t number, uint32_t flags = 0) {
    rtv_frame *f = pool.acquire();
    CHECK(f);
    f->sequence = number;
    f->flags = flags;
    const int said = t->submit(t->self, f, 0);
    rtv_frame_unref(f);
    return said;
  }
  void stop() { t->stop(t->self); }
  std::string error() { return t->error(t->self); }
};

void one_follows_the_other() {
  Card card;
  rtv::FramePool pool(kFormat, 4, 0);
  auto *relay = new rtv::Relay(&card.table);
  {
    User a(relay), b(relay);
    CHECK(a.start() == RTV_OK && card.starts == 1);
    CHECK(a.submit(pool, 1) == RTV_OK);
    CHECK(b.start() == RTV_OK && card.starts == 1);
    CHECK(b.submit(pool, 100, RTV_SLATE) == RTV_OK);  // nothing live yet: a stays
    CHECK(a.submit(pool, 2, RTV_SLATE) == RTV_OK);    // its own slate is shown
    CHECK(b.submit(pool, 101) == RTV_OK);
    CHECK(b.input->shown() && !a.input->shown());
    CHECK(a.submit(pool, 3, RTV_SLATE) == RTV_OK);
    a.stop();
    CHECK(card.stops == 0);
    CHECK(b.submit(pool, 102, RTV_SLATE) == RTV_OK);
    b.stop();
    b.stop();
    CHECK(card.stops == 1);
    CHECK((card.shown == std::vector<uint64_t>{1, 2, 101, 102}));
    CHECK(b.start() == RTV_OK && card.starts == 2);
  }
  relay->release();
  CHECK(card.stops == 2 && card.refs == 1);
}

void live_pictures_of_the_old_one_do_not_come_back() {
  Card card;
  rtv::FramePool pool(kFormat, 4, 0);
  auto *relay = new rtv::Relay(&card.table);
  {
    User a(relay), b(relay);
    CHECK(a.start() == RTV_OK && b.start() == RTV_OK);
    CHECK(a.submit(pool, 1) == RTV_OK);
    CHECK(b.submit(pool, 2) == RTV_OK);
    CHECK(a.submit(pool, 3) == RTV_OK);
    CHECK((card.shown == std::vector<uint64_t>{1, 2}));
  }
  relay->release();
}

void taking_over_and_refusals() {
  Card card;
  rtv::FramePool pool(kFormat, 4, 0);
  auto *relay = new rtv::Relay(&card.table);
  {
    User a(relay), b(relay);
    card.answer = RTV_REFUSED;
    CHECK(a.start() == RTV_REFUSED && a.error() == "not today");
    card.answer = RTV_OK;
    CHECK(a.start() == RTV_OK);
    rtv_format other = kFormat;
    other.rate_num = 60;
    CHECK(b.start(other) == RTV_REFUSED && b.error().find("another format") != std::string::npos);
    CHECK(b.start(kFormat, 1) == RTV_REFUSED);
    b.input->take_over();  // has not started: nothing changes
    CHECK(a.input->shown());
    CHECK(b.start() == RTV_OK);
    b.input->take_over();
    CHECK(b.submit(pool, 7, RTV_SLATE) == RTV_OK);
    CHECK(a.submit(pool, 8, RTV_SLATE) == RTV_OK);
    CHECK((card.shown == std::vector<uint64_t>{7}));
  }
  relay->release();
  CHECK(card.refs == 1);
}

void two_threads_never_meet_in_the_card() {
  Card card;
  auto *relay = new rtv::Relay(&card.table);
  {
    User a(relay), b(relay);
    CHECK(a.start() == RTV_OK && b.start() == RTV_OK);
    auto flood = [](User &user, uint64_t first) {
      rtv::FramePool pool(kFormat, 2, 0);
      for (uint64_t n = 0; n < 2000; n++) user.submit(pool, first + n);
    };
    std::thread one([&] { flood(a, 0); }), two([&] { flood(b, 10000); });
    one.join();
    two.join();
    CHECK(card.most == 1);
    a.stop();
    b.stop();
  }
  relay->release();
}

}  // namespace

int main() {
  one_follows_the_other();
  live_pictures_of_the_old_one_do_not_come_back();
  taking_over_and_refusals();
  two_threads_never_meet_in_the_card();
  return 0;
}
