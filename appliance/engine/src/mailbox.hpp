// SPDX-License-Identifier: Apache-2.0
// Hands whole objects from the control plane to one thread of the data plane without a lock.
// The data plane neither allocates nor frees: what it no longer needs goes back to the writer.
#pragma once
#include <atomic>
#include <memory>

namespace rtv {

// T needs a member `T *next = nullptr`. One writer at a time, one reader thread.
template <typename T>
class Mailbox {
  std::atomic<T *> incoming_{nullptr};
  std::atomic<T *> retired_{nullptr};
  T *current_ = nullptr;

  static void free_list(T *p) {
    while (p) {
      T *next = p->next;
      delete p;
      p = next;
    }
  }

 public:
  Mailbox() = default;
  Mailbox(const Mailbox &) = delete;
  Mailbox &operator=(const Mailbox &) = delete;
  ~Mailbox() {
    delete incoming_.load();
    free_list(retired_.load());
    delete current_;
  }
  // Writer. An object that the reader has not fetched yet is replaced.
  void post(std::unique_ptr<T> object) {
    free_list(retired_.exchange(nullptr, std::memory_order_acquire));
    delete incoming_.exchange(object.release(), std::memory_order_acq_rel);
  }
  // Reader: takes over what was posted last; true when that is new.
  bool fetch() {
    if (!incoming_.load(std::memory_order_relaxed)) return false;
    T *fresh = incoming_.exchange(nullptr, std::memory_order_acq_rel);
    if (!fresh) return false;
    if (T *old = current_) {
      old->next = retired_.load(std::memory_order_relaxed);
      while (!retired_.compare_exchange_weak(old->next, old, std::memory_order_release,
                                             std::memory_order_relaxed)) {
      }
    }
    current_ = fresh;
    return true;
  }
  // Reader: the object in force, or nullptr.
  T *current() { return current_; }
};

}  // namespace rtv
