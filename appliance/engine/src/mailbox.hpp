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
  T *waiting_ = nullptr, *current_ = nullptr;  // the reader's

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
    delete waiting_;
    delete current_;
  }
  // Writer. An object that the reader has not fetched yet is replaced.
  void post(std::unique_ptr<T> object) {
    free_list(retired_.exchange(nullptr, std::memory_order_acquire));
    delete incoming_.exchange(object.release(), std::memory_order_acq_rel);
  }
  // Reader: takes over what was posted last; true when that is new.
  bool fetch() {
    return fetch([](const T &) { return true; });
  }
  // The same, once the object is due; until then it waits, unless another is posted.
  template <typename Due>
  bool fetch(Due &&due) {
    if (incoming_.load(std::memory_order_relaxed)) {
      if (T *fresh = incoming_.exchange(nullptr, std::memory_order_acq_rel)) {
        retire(waiting_);
        waiting_ = fresh;
      }
    }
    if (!waiting_ || !due(*waiting_)) return false;
    retire(current_);
    current_ = waiting_;
    waiting_ = nullptr;
    return true;
  }
  // Reader: the object in force, or nullptr.
  T *current() { return current_; }

 private:
  void retire(T *old) {
    if (!old) return;
    old->next = retired_.load(std::memory_order_relaxed);
    while (!retired_.compare_exchange_weak(old->next, old, std::memory_order_release,
                                           std::memory_order_relaxed)) {
    }
  }
};

}  // namespace rtv
