// SPDX-License-Identifier: Apache-2.0
// Which packets of a flow came, by sequence number, on one or two paths (ST 2022-7). Counting
// only: where a picture's samples belong says the packet itself.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace rtv {

class SequenceWindow {
 public:
  enum class Found : uint8_t {
    fresh,      // first copy
    reordered,  // first copy, after a later packet of its own path
    second,     // the other path was first
    duplicate,  // this path delivered it before
    stale,      // too old to be judged
    odd,        // far from all before, and alone so far: the caller judges by other means
    jumped,     // far from all before: the sender began anew
  };
  struct Counts {
    uint64_t lost = 0;       // on all paths
    uint64_t leg_lost[2]{};  // on each path
    uint64_t recovered = 0;  // lost on the first path, delivered by the second
  };

  // reach: how many packets back one can still be told from lost; legs: 1 or 2; sixteen: the
  // numbers have 16 bits only, as in a flow of metadata.
  SequenceWindow(uint32_t reach, int legs, bool sixteen = false)
      : mask_(std::bit_ceil(std::clamp(reach, 64u, 1u << 20)) - 1),
        legs_(legs),
        always_sixteen_(sixteen),
        sixteen_(sixteen) {
    for (int l = 0; l < legs_; ++l) seen_[l].assign((mask_ + 1) / 64, ~uint64_t{0});
  }

  // What lies before the first packet counts as seen: who joins late has lost nothing.
  Found add(int leg, uint32_t sequence) {
    if (!begun_) {
      restart(sequence);
      mark(leg, sequence);
      return Found::fresh;
    }
    // Senders that leave the upper half of the number at 0 (plain RFC 4175) wrap early.
    if (!sixteen_ && sequence >> 16 == 0 && highest_ >> 16 == 0 && near16(sequence) > 0 &&
        highest_ > sequence + kNear)
      sixteen_ = true;
    if (sixteen_) sequence = highest_ + static_cast<uint32_t>(near16(sequence));
    const auto ahead = static_cast<int32_t>(sequence - highest_);
    const int32_t jump = sixteen_ ? kNear : kJump;
    const auto window = static_cast<int32_t>(mask_);
    if (ahead > window || ahead < -jump) {
      // Far off: believed when another one follows it closely, so that one stray packet does not
      // make all that come after it old.
      const uint32_t step = sequence - odd_;
      const bool confirmed = has_odd_ && step >= 1 && step <= 64;
      const uint32_t before = odd_;
      odd_ = sequence;
      has_odd_ = !confirmed;
      if (!confirmed) return Found::odd;
      if (ahead > jump || ahead < 0) return jump_to(leg, sequence);
      advance(static_cast<uint32_t>(ahead));
      mark(leg, before);
      mark(leg, sequence);
      latest_[leg] = sequence;
      return Found::fresh;
    }
    if (ahead < -window) {
      // Old ones and nothing else: the sender began anew with lower numbers.
      return ++stale_row_ > kStale ? jump_to(leg, sequence) : Found::stale;
    }
    stale_row_ = 0;
    if (ahead > 0) {
      advance(static_cast<uint32_t>(ahead));
      mark(leg, sequence);
      latest_[leg] = sequence;
      return Found::fresh;
    }
    // From before we began to listen: nothing is known of it.
    if (static_cast<int32_t>(sequence - first_) < 0) return Found::odd;
    if (seen(leg, sequence)) return Found::duplicate;
    const bool other = legs_ == 2 && seen(1 - leg, sequence);
    mark(leg, sequence);
    const bool back = static_cast<int32_t>(sequence - latest_[leg]) < 0;
    if (!back) latest_[leg] = sequence;
    return other ? Found::second : back ? Found::reordered : Found::fresh;
  }
  // Judges all that is still open: the flow has ended.
  void finish() {
    if (!begun_) return;
    advance(mask_ + 1);
    begun_ = false;
    sixteen_ = always_sixteen_;
    for (int l = 0; l < legs_; ++l) std::fill(seen_[l].begin(), seen_[l].end(), ~uint64_t{0});
  }
  const Counts &counts() const { return counts_; }

 private:
  static constexpr int32_t kJump = 1 << 22, kNear = 1 << 14;
  static constexpr uint32_t kStale = 4096;

  int32_t near16(uint32_t sequence) const {
    return static_cast<int16_t>(static_cast<uint16_t>(sequence - highest_));
  }
  bool seen(int leg, uint32_t s) const { return seen_[leg][(s & mask_) / 64] >> (s % 64) & 1; }
  void mark(int leg, uint32_t s) { seen_[leg][(s & mask_) / 64] |= uint64_t{1} << (s % 64); }
  Found jump_to(int leg, uint32_t sequence) {
    finish();
    restart(sequence);
    mark(leg, sequence);
    return Found::jumped;
  }
  void restart(uint32_t sequence) {
    begun_ = true;
    has_odd_ = false;
    stale_row_ = 0;
    first_ = highest_ = latest_[0] = latest_[1] = sequence;
    for (int l = 0; l < legs_; ++l)
      seen_[l][(sequence & mask_) / 64] &= ~(uint64_t{1} << sequence % 64);
  }
  // Moves on by n: what falls out behind is judged, what comes in is not seen yet.
  void advance(uint32_t n) {
    const uint32_t each = std::min(n, mask_ + 1);
    for (uint32_t i = 1; i <= each; ++i) {
      const uint32_t s = highest_ + i;  // takes the place of s - size
      const uint64_t bit = uint64_t{1} << (s % 64);
      uint64_t &first = seen_[0][(s & mask_) / 64];
      const bool a = first & bit;
      first &= ~bit;
      bool b = false;
      if (legs_ == 2) {
        uint64_t &second = seen_[1][(s & mask_) / 64];
        b = second & bit;
        second &= ~bit;
        counts_.leg_lost[1] += !b;
        counts_.recovered += !a && b;
      }
      counts_.leg_lost[0] += !a;
      counts_.lost += !a && !b;
    }
    if (n > each) {  // a gap longer than the window: nobody saw what lies between
      counts_.lost += n - each;
      for (int l = 0; l < legs_; ++l) counts_.leg_lost[l] += n - each;
    }
    highest_ += n;
    if (highest_ - first_ > mask_) first_ = highest_ - mask_;
  }

  uint32_t mask_;
  int legs_;
  bool always_sixteen_, sixteen_, begun_ = false;
  bool has_odd_ = false;
  uint32_t odd_ = 0, stale_row_ = 0;
  uint32_t first_ = 0, highest_ = 0, latest_[2]{};
  std::vector<uint64_t> seen_[2];
  Counts counts_;
};

}  // namespace rtv
