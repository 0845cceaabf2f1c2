// SPDX-License-Identifier: Apache-2.0
// Which pgroups of a frame have arrived. Knows nothing of packets, so any sender's way of cutting
// a picture into packets will do, also two ways at once.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace rtv {

class Coverage {
 public:
  Coverage(uint32_t rows, uint32_t row_pgroups)
      : rows_(rows),
        row_pgroups_(row_pgroups),
        words_((row_pgroups + 63) / 64),
        bits_(size_t{rows} * words_),
        row_missing_(rows) {
    reset();
  }
  void reset() {
    std::fill(bits_.begin(), bits_.end(), 0);
    std::fill(row_missing_.begin(), row_missing_.end(), row_pgroups_);
    missing_ = uint64_t{rows_} * row_pgroups_;
    whole_ = 0;
  }
  // Marks a run that the caller checked against the raster; calls fresh(first, count) for each
  // part of it that was not there yet. Returns how many pgroups were new.
  template <typename Fresh>
  uint32_t add(uint32_t row, uint32_t first, uint32_t count, Fresh &&fresh) {
    return visit<true>(row, first, count, fresh);
  }
  // Calls gap(first, count) for what is missing of a row.
  template <typename Gap>
  void gaps(uint32_t row, Gap &&gap) {
    if (row_missing_[row]) visit<false>(row, 0, row_pgroups_, gap);
  }
  uint64_t missing() const { return missing_; }
  uint32_t row_missing(uint32_t row) const { return row_missing_[row]; }
  // Rows from the top without a gap.
  uint32_t whole_rows() {
    while (whole_ < rows_ && row_missing_[whole_] == 0) ++whole_;
    return whole_;
  }

 private:
  template <bool mark, typename Visit>
  uint32_t visit(uint32_t row, uint32_t first, uint32_t count, Visit &&visit) {
    uint64_t *words = &bits_[size_t{row} * words_];
    const uint32_t end = first + count;
    uint32_t total = 0, open = 0, length = 0;  // a run that may go on in the next word
    for (uint32_t at = first; at < end;) {
      const uint32_t low = at % 64, n = std::min(64 - low, end - at);
      const uint64_t mask = (n == 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1) << low;
      uint64_t free = mask & ~words[at / 64];
      if constexpr (mark) words[at / 64] |= mask;
      const uint32_t base = at - low;
      while (free) {
        const auto from = static_cast<uint32_t>(std::countr_zero(free));
        const auto run = static_cast<uint32_t>(std::countr_one(free >> from));
        if (length && open + length == base + from) {
          length += run;
        } else {
          if (length) visit(open, length);
          open = base + from;
          length = run;
        }
        total += run;
        if (from + run == 64) break;
        free &= ~uint64_t{0} << (from + run);
      }
      at += n;
    }
    if (length) visit(open, length);
    if constexpr (mark) {
      row_missing_[row] -= total;
      missing_ -= total;
    }
    return total;
  }

  uint32_t rows_, row_pgroups_, words_;
  std::vector<uint64_t> bits_;
  std::vector<uint32_t> row_missing_;
  uint64_t missing_ = 0;
  uint32_t whole_ = 0;
};

}  // namespace rtv
