// SPDX-License-Identifier: Apache-2.0
// The transmitter without Python: its arithmetic against models of its own, its packets octet by
// octet, and the whole of it over loopback.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "check.hpp"
#include "clock_source.hpp"
#include "octets.hpp"
#include "tx.hpp"

using namespace rtv;

namespace {

// The network model drained packet by packet: one leaves every TDRAIN while any is there.
struct ModelQueue {
  int64_t drain_ps, next_ps = 0;
  int64_t held = 0, most = 0;
  void arrive(int64_t at_ps, uint32_t n) {
    while (held && next_ps <= at_ps) --held, next_ps += drain_ps;
    if (!held) next_ps = at_ps + drain_ps;
    held += n;
    most = std::max(most, held);
  }
};

void bucket_never_exceeds_cmax() {
  std::mt19937_64 random(2110);
  struct Case {
    uint32_t cmax, burst, lead, packets;
    int64_t active_ns, drain_ps;
  };
  for (const Case &c : {Case{5, 4, 4, 4320, 19'200'000, 4'208'754}, Case{5, 5, 3, 4320, 19'200'000, 4'208'754},
                        Case{16, 16, 100, 4320, 20'000'000, 4'208'754},
                        Case{20, 16, 16, 17280, 19'200'000, 1'052'188}}) {
    for (int round = 0; round < 20; ++round) {
      LeakyBucket bucket(c.drain_ps, c.cmax, c.burst);
      ModelQueue model{c.drain_ps};
      const ReadSchedule schedule{764'000, c.active_ns, c.packets, c.lead};
      int64_t now = 0;
      for (uint32_t j = 0; j + c.burst <= c.packets; j += c.burst) {
        // Wakes late by anything from nothing to 2 ms; the call takes its usual 6 us.
        const int64_t late = random() % 50 == 0 ? static_cast<int64_t>(random() % 2'000'000)
                                                : static_cast<int64_t>(random() % 3'000);
        now = std::max(now, bucket.earliest(c.burst, std::max(now, schedule.due(j)))) + late;
        bucket.sent(c.burst, now, now + 6'000);
        model.arrive((now + 6'000) * 1000, c.burst);
        now += 6'000;
      }
      CHECK(model.most <= c.cmax);
      CHECK(model.most >= c.burst);
    }
  }
}

void calls_that_take_long_are_charged() {
  // A preempted call lets its burst out at its end: the next may not follow at once.
  LeakyBucket bucket(4'208'754, 5, 4);
  bucket.sent(4, 0, 5'000);
  bucket.sent(4, 20'000, 520'000);
  CHECK(bucket.earliest(4, 520'000) >= 520'000 - 5'200 + 12'600);
  CHECK(bucket.earliest(1, 520'000) == 520'000);
}

void schedule_is_exact() {
  const ReadSchedule s{1'000'000'000'764'444, 19'200'000, 4320, 3};
  CHECK(s.read_at(0) == 1'000'000'000'764'444);
  CHECK(s.read_at(4320) == 1'000'000'000'764'444 + 19'200'000);
  CHECK(s.due(3) == s.read_at(0));
  CHECK(s.due(0) == s.read_at(0) - 13'334);  // -13333.33 rounds down
}

rtv_format small(uint8_t scan = RTV_PROGRESSIVE) {
  rtv_format f{};
  f.width = 48, f.height = 32, f.rate_num = 50, f.rate_den = 1;
  f.sampling = RTV_422, f.depth = 10, f.scan = scan, f.layout = RTV_V210, f.colorimetry = 2;
  return f;
}

// One row a packet, 48 pixels = 120 octets.
std::vector<int32_t> one_row_packets(const rtv_format &f) {
  std::vector<int32_t> rows;
  const uint32_t height = f.scan == RTV_PROGRESSIVE ? f.height : f.height / 2;
  for (uint32_t y = 0; y < height; ++y) {
    const int32_t row[10] = {1, 120, static_cast<int32_t>(y)};
    rows.insert(rows.end(), row, row + 10);
  }
  return rows;
}

void packet_octets() {
  const rtv_format f = small(RTV_INTERLACED);
  // Two segments: the last pgroup of row 2, the first of row 3; then one pgroup; then three.
  const std::vector<int32_t> rows{2, 5, 2, 46, 5, 3, 0, 0, 0, 0,   //
                                  1, 5, 4, 2,  0, 0, 0, 0, 0, 0,   //
                                  1, 15, 5, 0, 0, 0, 0, 0, 0, 0};
  const PacketPlan plan =
      make_packet_plan(rows.data(), 3, f, {5, 2}, 1460, 96, 0x01020304);
  CHECK(plan.packets[0].size == 36 && plan.packets[1].size == 25 && plan.packets[2].size == 35);
  CHECK(plan.packets[0].run == 2 && plan.packets[1].run == 1 && plan.packets[2].run == 1);
  CHECK(rows_needed(plan, f, 1, 0) == 8);

  FramePool pool(f, 1);
  rtv_frame *frame = pool.acquire();
  std::memset(frame->plane[0], 0, frame->bytes);
  // Row 3 of the second field is row 7: Cb 514 Y 943 Cr 514 Y 943, the example of the reference.
  const uint32_t words[2] = {514u | 943u << 10 | 514u << 20, 943u};
  std::memcpy(frame->plane[0] + 7 * frame->stride[0], words, 8);
  PacketWriter writer(plan, *find_kernel(f), 4);
  CHECK(writer.write(*frame, 1, 0, 2, 0xa1b2c3d4, 0x1234fffe) == 61);
  const uint8_t want[61] = {
      0x80, 96,   0xff, 0xfe, 0xa1, 0xb2, 0xc3, 0xd4, 1, 2, 3, 4, 0x12, 0x34,
      0,    5,    0x80, 2,    0x80, 46,   0,    5,    0x80, 3, 0, 0,
      0,    0,    0,    0,    0,    0x80, 0xba, 0xf8, 0x0b, 0xaf,
      0x80, 96,   0xff, 0xff, 0xa1, 0xb2, 0xc3, 0xd4, 1, 2, 3, 4, 0x12, 0x34,
      0,    5,    0x80, 4,    0,    2,    0,    0,    0, 0, 0};
  CHECK(std::memcmp(writer.data(), want, sizeof want) == 0);
  CHECK(writer.write(*frame, 0, 2, 1, 0, 0x12350000) == 35);
  CHECK(writer.data()[1] == (0x80 | 96));  // marker on the last packet
  CHECK(writer.data()[2] == 0 && writer.data()[3] == 0 && writer.data()[13] == 0x35);
  CHECK(writer.data()[16] == 0);  // first field
  rtv_frame_unref(frame);
}

void bad_tables_are_refused() {
  const auto refused = [](std::vector<int32_t> row) {
    row.resize(10);
    try {
      make_packet_plan(row.data(), 1, small(), {5, 2}, 1460, 96, 1);
    } catch (const std::invalid_argument &) {
      return true;
    }
    return false;
  };
  CHECK(!refused({1, 120, 31, 0}));
  CHECK(refused({0, 120, 0, 0}) && refused({4, 5, 0, 0}) && refused({1, 0, 0, 0}));
  CHECK(refused({1, 121, 0, 0}) && refused({1, -5, 0, 0}) && refused({1, 120, 32, 0}));
  CHECK(refused({1, 120, -1, 0}) && refused({1, 120, 0, 2}) && refused({1, 5, 0, 1}));
  CHECK(refused({1, 5, 0, -2}) && refused({1, 5, 0, 48}) && refused({1, 65535, 0, 0}));
}

void grains() {
  uint8_t dt[26];
  put_dicom_dt(dt, 951'782'437'123'456'789 + 37 * kSecond, 37);
  CHECK(std::memcmp(dt, "20000229000037.123456+0000", 26) == 0);
  put_dicom_dt(dt, 1'795'391'999'999'999'999 + 37 * kSecond, 37);
  CHECK(std::memcmp(dt, "20261122235959.999999+0000", 26) == 0);

  for (const size_t size : {100u, 1'344u, 1'375u, 1'376u, 1'377u, 2'806u, 2'807u, 20'000u}) {
    GrainTemplate g;
    g.static_id = 7;
    g.base.bytes.assign(100, 1);
    g.base.patches = {{GrainValue::sync_ptp, 3}, {GrainValue::information, 96}};
    g.statics.bytes.assign(size - 99, 3);
    g.first.bytes.assign(64, 0xf1), g.single.bytes.assign(64, 0xf4);
    g.middle.bytes.assign(8, 0xf2), g.last.bytes.assign(12, 0xf3);
    for (auto *p : {&g.first, &g.single, &g.middle, &g.last}) {
      p->bytes[2] = 0;
      p->bytes[3] = static_cast<uint8_t>(p->bytes.size() / 4 - 1);
    }
    g.first.patches = g.single.patches = {{GrainValue::origin_ptp, 5}};
    g.prepare(1460);
    GrainWriter writer(104, 0xabcdef01, 1460, 0xfffe);
    std::vector<std::vector<uint8_t>> packets;
    GrainDynamic dynamic;
    dynamic.information = true;
    dynamic.given = 1u << static_cast<unsigned>(GrainValue::information);
    const auto sent = writer.write(g, &dynamic, {5 * kSecond + 6, (int64_t{1} << 33) * kSecond, 99, true},
                                   true, [&](const uint8_t *p, size_t n) {
                                     packets.emplace_back(p, p + n);
                                   });
    CHECK(sent.packets == packets.size() && sent.with_static && !sent.with_pose);
    std::vector<uint8_t> all;
    for (size_t i = 0; i < packets.size(); ++i) {
      const auto &p = packets[i];
      const bool last = i + 1 == packets.size();
      const auto &x = packets.size() == 1 ? g.single : i == 0 ? g.first : last ? g.last : g.middle;
      CHECK(p.size() <= 1452);
      CHECK(p[0] == 0x90 && p[1] == (last ? 0x80 | 104 : 104) && p[7] == 99);
      CHECK(p[2] * 256u + p[3] == ((0xfffe + i) & 0xffff));
      CHECK(p[12 + 3] == x.bytes[3] && p.size() > 12 + x.bytes.size());
      if (i == 0) {
        const uint8_t ptp[10] = {0, 0, 0, 0, 0, 5, 0, 0, 0, 6};
        CHECK(std::memcmp(p.data() + 12 + 5, ptp, 10) == 0);
      }
      all.insert(all.end(), p.begin() + 12 + static_cast<long>(x.bytes.size()), p.end());
    }
    CHECK(packets.size() > 1 || size < 1377);
    std::vector<uint8_t> want = g.base.bytes;
    const uint8_t sync[10] = {0, 2, 0, 0, 0, 0, 0, 0, 0, 0};
    std::memcpy(want.data() + 3, sync, 10);
    std::memcpy(want.data() + 96, "YES ", 4);
    want.insert(want.end(), g.statics.bytes.begin(), g.statics.bytes.end());
    CHECK(all == want);
  }
}

void mailbox_hands_over() {
  struct Thing {
    int value;
    Thing *next = nullptr;
    static int &alive() {
      static int n = 0;
      return n;
    }
    explicit Thing(int v) : value(v) { ++alive(); }
    ~Thing() { --alive(); }
  };
  {
    Mailbox<Thing> box;
    CHECK(!box.fetch() && !box.current());
    box.post(std::make_unique<Thing>(1));
    box.post(std::make_unique<Thing>(2));
    CHECK(box.fetch() && box.current()->value == 2 && !box.fetch());
    box.post(std::make_unique<Thing>(3));
    CHECK(box.fetch() && box.current()->value == 3 && Thing::alive() == 2);
    box.post(std::make_unique<Thing>(4));  // frees what the reader left behind
    CHECK(Thing::alive() == 2);
    // What is not due yet waits; what is posted meanwhile takes its place.
    const auto due = [](const Thing &t) { return t.value != 5; };
    CHECK(box.fetch() && box.current()->value == 4);
    box.post(std::make_unique<Thing>(5));
    CHECK(!box.fetch(due) && box.current()->value == 4 && !box.fetch(due));
    CHECK(box.fetch([](const Thing &) { return true; }) && box.current()->value == 5);
    box.post(std::make_unique<Thing>(5));
    CHECK(!box.fetch(due) && Thing::alive() == 2);
    box.post(std::make_unique<Thing>(6));
    CHECK(box.fetch(due) && box.current()->value == 6);
    box.post(std::make_unique<Thing>(5));
    CHECK(!box.fetch(due));  // waits when the box ends
  }
  CHECK(Thing::alive() == 0);
}

// ------------------------------------------------------------------ over loopback

struct Listener {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  uint16_t port = 0;
  Listener() {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(fd, reinterpret_cast<sockaddr *>(&a), sizeof a) == 0);
    socklen_t n = sizeof a;
    getsockname(fd, reinterpret_cast<sockaddr *>(&a), &n);
    port = ntohs(a.sin_port);
    const int size = 32 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  }
  ~Listener() { close(fd); }
  std::vector<std::vector<uint8_t>> all() {
    std::vector<std::vector<uint8_t>> out;
    uint8_t b[2048];
    for (ssize_t n; (n = recv(fd, b, sizeof b, MSG_DONTWAIT)) >= 0;) out.emplace_back(b, b + n);
    return out;
  }
};

TxConfig config_for(const rtv_format &f, uint16_t port) {
  TxConfig c;
  c.format = f;
  c.packets = one_row_packets(f);
  c.video.push_back({"lo", "127.0.0.1", "127.0.0.1", 0, port});
  c.ssrc = 42;
  c.tro_ns = 764'444;
  const int64_t unit = 20'000'000 / (f.scan == RTV_PROGRESSIVE ? 1 : 2);
  const auto packets = static_cast<int64_t>(c.packets.size() / 10);
  c.active_ns = unit * 24 / 25;
  c.drain_ps = unit * 10'000 / 11 / packets;
  c.cmax = 5, c.lead_packets = 0;
  c.spin_ns = 0;
  c.realtime = false;
  return c;
}

void finish(Transmitter &tx) {
  const int64_t until = mono_now() + 10 * kSecond;
  while (tx.running() && mono_now() < until) usleep(2000);
  CHECK(!tx.running());
  tx.stop();
}

void progressive_over_loopback(bool aligned, bool slices) {
  const rtv_format f = small();
  Listener in;
  TxConfig c = config_for(f, in.port);
  c.max_frames = 8;
  c.aligned = aligned, c.slices = slices;
  const int64_t first = (tai_now() / 20'000'000 + 3) * 20'000'000;
  ClockSource source(f, first, 20'000'000);
  Transmitter tx(source.table(), c);
  tx.start();
  finish(tx);
  const auto packets = in.all();
  CHECK(packets.size() == 8 * 32);
  uint32_t sequence = 0;
  for (size_t i = 0; i < packets.size(); ++i) {
    const auto &p = packets[i];
    const uint32_t at = static_cast<uint32_t>(p[12] << 24 | p[13] << 16 | p[2] << 8 | p[3]);
    CHECK(i == 0 || at == sequence + 1);
    sequence = at;
    CHECK((p[1] >> 7) == (i % 32 == 31));
    CHECK((p[16] << 8 | p[17]) == static_cast<int>(i % 32));
    const auto ts = static_cast<uint32_t>(p[4] << 24 | p[5] << 16 | p[6] << 8 | p[7]);
    if (i < 32) continue;
    // Source and alignment points coincide here: both stampings step by whole frames.
    const auto &q = packets[i - 32];
    const auto before = static_cast<uint32_t>(q[4] << 24 | q[5] << 16 | q[6] << 8 | q[7]);
    CHECK(ts != before && (ts - before) % 1800 == 0 && ts - before < 90'000);
  }
  CHECK(tx.counters().frames.get() == 8 && tx.counters().packets.get() == 256);
  CHECK(tx.counters().slates.get() == 0);
}

// A socket without UDP checksums may not cut bursts: the kernel then says EINVAL by itself.
void without_udp_segment() {
  Listener in;
  Events events;
  TxCounters counters;
  TxSocket out("video", {"lo", "127.0.0.1", "127.0.0.1", 0, in.port}, 1460, false, events);
  for (int fd = 3; fd < 64; ++fd) {
    sockaddr_in a{};
    socklen_t n = sizeof a;
    const int on = 1;
    if (getpeername(fd, reinterpret_cast<sockaddr *>(&a), &n) == 0 && ntohs(a.sin_port) == in.port)
      CHECK(setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &on, sizeof on) == 0);
  }
  std::vector<uint8_t> bytes(10 * 100 + 30);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 7);
  for (int round = 0; round < 2; ++round) {
    out.send(bytes.data(), bytes.size(), 100, 0, counters);
    const auto got = in.all();
    CHECK(got.size() == 11 && got.front().size() == 100 && got.back().size() == 30);
    std::vector<uint8_t> all;
    for (const auto &p : got) all.insert(all.end(), p.begin(), p.end());
    CHECK(all == bytes);
  }
  EventLine line;
  CHECK(events.take(&line) && std::strcmp(line.code, "no-udp-segment") == 0);
  CHECK(!events.take(&line) && counters.packets_unsent.get() == 0);
}

void nobody_listens() {
  uint16_t port;
  {
    Listener in;
    port = in.port;
  }
  const rtv_format f = small();
  TxConfig c = config_for(f, port);
  ClockSource source(f, (tai_now() / 20'000'000 + 1) * 20'000'000, 20'000'000);
  c.max_frames = 3;
  Transmitter tx(source.table(), c);
  for (int round = 1; round <= 2; ++round) {  // a second start sends as many again
    tx.start();
    finish(tx);
    CHECK(tx.counters().frames.get() == 3u * static_cast<unsigned>(round));
  }
  CHECK(tx.counters().send_errors.get() == 0);
}

void loss_and_return() {
  const rtv_format f = small();
  Listener in;
  TxConfig c = config_for(f, in.port);
  ClockSource source(f, (tai_now() / 20'000'000 + 1) * 20'000'000, 20'000'000);
  Transmitter tx(source.table(), c);
  tx.start();
  usleep(150'000);
  source.signal = RTV_SIGNAL_ABSENT;
  usleep(150'000);
  source.signal = RTV_SIGNAL_LOCKED;
  source.other_format = true;
  usleep(150'000);
  source.other_format = false;
  usleep(100'000);
  source.gone = true;
  usleep(200'000);
  source.gone = false;
  usleep(1'300'000);
  tx.stop();
  std::map<std::string, int> seen;
  EventLine line;
  while (tx.events().take(&line)) ++seen[line.code];
  CHECK(seen["signal-lost"] == 1 && seen["format-changed"] == 1 && seen["source-gone"] == 1);
  CHECK(seen["signal-back"] == 2);
  CHECK(source.starts == 2);
  CHECK(tx.counters().slates.get() >= 20);
  // The flow never stopped: one timestamp for every alignment point but those counted as skipped.
  std::set<uint32_t> stamps;
  for (const auto &p : in.all())
    stamps.insert(static_cast<uint32_t>(p[4] << 24 | p[5] << 16 | p[6] << 8 | p[7]));
  CHECK(stamps.size() == tx.counters().frames.get());
  const uint64_t span = (static_cast<uint64_t>(*stamps.rbegin() - *stamps.begin())) / 1800 + 1;
  CHECK(span == stamps.size() + tx.counters().skipped.get());
}

}  // namespace

int main() {
  bucket_never_exceeds_cmax();
  calls_that_take_long_are_charged();
  schedule_is_exact();
  packet_octets();
  bad_tables_are_refused();
  grains();
  mailbox_hands_over();
  progressive_over_loopback(true, false);
  progressive_over_loopback(true, true);
  progressive_over_loopback(false, false);
  progressive_over_loopback(false, true);
  without_udp_segment();
  nobody_listens();
  loss_and_return();
  std::puts("ok");
}
