// SPDX-License-Identifier: Apache-2.0
// Counted references to the vendor's objects.
#pragma once
#include <cstdlib>
#include <string>
#include <utility>

#include "abi.hpp"

namespace rtv::decklink {

namespace abi = rtvbox::decklink::abi;

// Holds one reference. adopt() takes over one that a call returned; share() adds one.
template <class T>
class Ref {
  T *p_ = nullptr;

 public:
  Ref() = default;
  Ref(Ref &&o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  Ref(const Ref &o) : p_(o.p_) {
    if (p_) p_->AddRef();
  }
  Ref &operator=(Ref o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  ~Ref() {
    if (p_) p_->Release();
  }
  static Ref adopt(T *p) {
    Ref r;
    r.p_ = p;
    return r;
  }
  static Ref share(T *p) {
    if (p) p->AddRef();
    return adopt(p);
  }
  T *get() const { return p_; }
  T *operator->() const { return p_; }
  explicit operator bool() const { return p_ != nullptr; }
  // For calls that return a reference through a pointer.
  T **out() {
    *this = Ref();
    return &p_;
  }
};

// Another interface of the same object; empty where it has none.
template <class T>
Ref<T> query(abi::Unknown *of) {
  void *p = nullptr;
  if (!of || of->QueryInterface(T::kIid, &p) != abi::kOk) return {};
  return Ref<T>::adopt(static_cast<T *>(p));
}

// QueryInterface of an object of ours, which has one interface.
template <class T, class Self>
abi::Result query_self(Self *self, abi::Iid id, void **out) {
  if (!out) return abi::kPointer;
  *out = nullptr;
  if (id != T::kIid && id != abi::Unknown::kIid) return abi::kNoInterface;
  self->AddRef();
  *out = static_cast<T *>(self);
  return abi::kOk;
}

}  // namespace rtv::decklink
