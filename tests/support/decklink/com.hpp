// SPDX-License-Identifier: Apache-2.0
// Counted objects of the stand-in, and what they complain about: a reference given back more
// often than it was taken, or taken of an object that is gone, ends the process with a message.
#pragma once
#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>

#include "../../../drivers/decklink/abi.hpp"

namespace standin {
namespace abi = rtvbox::decklink::abi;
using abi::Code;
using abi::Count;
using abi::Iid;
using abi::Result;
using abi::Scale;
using abi::Time;
constexpr int64_t kSecond = 1'000'000'000;

[[noreturn]] inline void broken(const char* text, const char* name) {
  std::fprintf(stderr, "stand-in DeckLink: %s: %s\n", name, text);
  std::abort();
}

// How many objects of each kind are alive. Never destroyed: threads outlive main.
class Census {
  std::mutex mutex_;
  std::map<std::string, long> alive_;

 public:
  static Census& get() {
    static Census* one = new Census;
    return *one;
  }
  void count(const char* name, long change) {
    const std::lock_guard lock(mutex_);
    alive_[name] += change;
  }
  std::string json() {
    const std::lock_guard lock(mutex_);
    std::string out = "{";
    for (const auto& [name, n] : alive_)
      if (n != 0) out += (out.size() > 1 ? ", \"" : "\"") + name + "\": " + std::to_string(n);
    return out + "}";
  }
};

// An object of its own. It is never freed, so that its misuse is seen: gone() frees what is big.
template <class Interface>
class Counted : public Interface {
  std::atomic<long> count_{1};
  const char* name_;

 protected:
  virtual void gone() {}
  virtual void* ask(const Iid& id) {
    return id == Interface::kIid || id == abi::Unknown::kIid ? this : nullptr;
  }
  explicit Counted(const char* name) : name_(name) { Census::get().count(name, 1); }
  ~Counted() = default;

 public:
  Result QueryInterface(Iid id, void** out) override {
    if (!out) return abi::kPointer;
    *out = ask(id);
    if (!*out) return abi::kNoInterface;
    static_cast<abi::Unknown*>(*out)->AddRef();
    return abi::kOk;
  }
  Count AddRef() override {
    if (count_.load() <= 0) broken("a reference was taken of an object that is gone", name_);
    return static_cast<Count>(count_.fetch_add(1) + 1);
  }
  Count Release() override {
    const long left = count_.fetch_sub(1) - 1;
    if (left < 0) broken("given back more often than taken", name_);
    if (left == 0) {
      gone();
      Census::get().count(name_, -1);
    }
    return static_cast<Count>(left);
  }
};

// One of the faces of a device: lives as long as it; its own references are counted apart.
template <class Interface>
class Face : public Interface {
  abi::Unknown* whole_;
  std::string name_;
  std::atomic<long> count_{0};

 protected:
  Face(abi::Unknown* whole, std::string name) : whole_(whole), name_(std::move(name)) {}
  ~Face() = default;

 public:
  Result QueryInterface(Iid id, void** out) override {
    if (id == Interface::kIid && out) {
      *out = this;
      AddRef();
      return abi::kOk;
    }
    return whole_->QueryInterface(id, out);
  }
  Count AddRef() override {
    Census::get().count(name_.c_str(), 1);
    return static_cast<Count>(count_.fetch_add(1) + 1);
  }
  Count Release() override {
    const long left = count_.fetch_sub(1) - 1;
    if (left < 0) broken("given back more often than taken", name_.c_str());
    Census::get().count(name_.c_str(), -1);
    return static_cast<Count>(left);
  }
};

// The client's object that we hold.
template <class Interface>
class Held {
  Interface* object_ = nullptr;

 public:
  Held() = default;
  explicit Held(Interface* object) : object_(object) {
    if (object_) object_->AddRef();
  }
  Held(const Held& other) : Held(other.object_) {}
  Held(Held&& other) noexcept : object_(other.object_) { other.object_ = nullptr; }
  Held& operator=(Held other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Held() {
    if (object_) object_->Release();
  }
  Interface* get() const { return object_; }
  Interface* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
};

inline Result text_out(const char* text, char** out) {
  if (!out) return abi::kPointer;
  *out = strdup(text);
  return *out ? abi::kOk : abi::kOutOfMemory;
}

}  // namespace standin
