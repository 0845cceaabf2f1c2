// SPDX-License-Identifier: Apache-2.0
#include "card_memory.hpp"

#include <sys/mman.h>

namespace rtv::decklink {

namespace {
constexpr size_t kPage = 4096;
}

CardMemory::Arena::~Arena() {
  if (base) munmap(base, size);
}

bool CardMemory::Arena::free() const {
  for (const auto &b : busy)
    if (b.load(std::memory_order_relaxed)) return false;
  return true;
}

bool CardMemory::add(size_t bytes) {
  std::unique_ptr<Arena> *place = nullptr;
  for (auto &a : arenas_)
    if (!a) place = &a;
  if (!place) return false;
  auto made = std::make_unique<Arena>(buffers_);
  made->each = (bytes + kPage - 1) / kPage * kPage;
  made->size = made->each * buffers_;
  void *m = mmap(nullptr, made->size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (m == MAP_FAILED) return false;
  made->base = static_cast<uint8_t *>(m);
  *place = std::move(made);
  return true;
}

bool CardMemory::fit(size_t bytes) {
  std::lock_guard hold(mutex_);
  bool there = false;
  for (auto &a : arenas_) {
    if (!a) continue;
    if (a->each >= bytes && a->each < bytes + 2 * kPage)
      there = true;
    else if (a->free())
      a.reset();
  }
  return there || add(bytes);
}

bool CardMemory::holds(const void *p) const {
  std::lock_guard hold(mutex_);
  for (const auto &a : arenas_)
    if (a && p >= a->base && p < a->base + a->size) return true;
  return false;
}

abi::Result CardMemory::AllocateBuffer(uint32_t bytes, void **out) {
  *out = nullptr;
  std::lock_guard hold(mutex_);
  bool fits = false;
  for (int again = 0; again < 2; ++again) {
    for (auto &a : arenas_) {
      if (!a || a->each < bytes) continue;
      fits = true;
      for (size_t i = 0; i < a->busy.size(); ++i) {
        if (a->busy[i].load(std::memory_order_relaxed)) continue;
        a->busy[i].store(true, std::memory_order_relaxed);
        *out = a->base + i * a->each;
        out_.fetch_add(1, std::memory_order_relaxed);
        return abi::kOk;
      }
    }
    // The card wants more than its row bytes say; once, before its first frame.
    if (fits || !add(bytes)) break;
  }
  refused_.fetch_add(1, std::memory_order_relaxed);
  return abi::kOutOfMemory;
}

abi::Result CardMemory::ReleaseBuffer(void *buffer) {
  std::lock_guard hold(mutex_);
  const auto *p = static_cast<const uint8_t *>(buffer);
  for (auto &a : arenas_) {
    if (!a || p < a->base || p >= a->base + a->size) continue;
    a->busy[static_cast<size_t>(p - a->base) / a->each].store(false, std::memory_order_relaxed);
    out_.fetch_sub(1, std::memory_order_relaxed);
    return abi::kOk;
  }
  return abi::kInvalidArgument;
}

}  // namespace rtv::decklink
