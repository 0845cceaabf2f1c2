// SPDX-License-Identifier: Apache-2.0
// Memory that the card writes its pictures into: ours, taken and touched before video runs. The
// vendor's library asks for a buffer and gives it back when the last holder of the frame has let
// go of it, which may be long after the card was closed.
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "com.hpp"

namespace rtv::decklink {

class CardMemory final : public abi::MemoryAllocator {
 public:
  // buffers: how many pictures may be out at a time.
  explicit CardMemory(uint32_t buffers) : buffers_(buffers) {}

  // Before streams start: room for pictures of that many bytes; what nobody holds any more and
  // does not fit goes. False: no memory.
  bool fit(size_t bytes);
  uint32_t out() const { return out_.load(std::memory_order_relaxed); }
  uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }
  bool holds(const void *p) const;

  abi::Result QueryInterface(abi::Iid id, void **out) override {
    return query_self<abi::MemoryAllocator>(this, id, out);
  }
  abi::Count AddRef() override { return refs_.fetch_add(1, std::memory_order_relaxed) + 1; }
  abi::Count Release() override {
    const abi::Count left = refs_.fetch_sub(1, std::memory_order_acq_rel) - 1;
    if (left == 0) delete this;
    return left;
  }
  abi::Result AllocateBuffer(uint32_t bytes, void **out) override;
  abi::Result ReleaseBuffer(void *buffer) override;
  abi::Result Commit() override { return abi::kOk; }
  abi::Result Decommit() override { return abi::kOk; }

 private:
  struct Arena {
    uint8_t *base = nullptr;
    size_t each = 0, size = 0;
    std::vector<std::atomic<bool>> busy;
    explicit Arena(size_t n) : busy(n) {}
    ~Arena();
    bool free() const;
  };
  static constexpr size_t kArenas = 4;

  virtual ~CardMemory() = default;
  bool add(size_t bytes);  // under mutex_

  const uint32_t buffers_;
  std::atomic<abi::Count> refs_{1};
  std::atomic<uint32_t> out_{0};
  std::atomic<uint64_t> refused_{0};
  mutable std::mutex mutex_;  // for a search among a few flags, never while memory is made
  std::array<std::unique_ptr<Arena>, kArenas> arenas_;
};

}  // namespace rtv::decklink
