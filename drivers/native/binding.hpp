// SPDX-License-Identifier: Apache-2.0
// What every card family's binding needs: capsules, content, and formats back to Python.
#pragma once
#include <nanobind/nanobind.h>

#include <memory>
#include <string>

#include "content.hpp"
#include "rtvbox/python.hpp"
#include "rtvbox/video.h"

namespace rtv {

inline nanobind::dict format_dict(const rtv_format &f) {
  nanobind::dict d;
  d["width"] = f.width;
  d["height"] = f.height;
  d["rate_num"] = f.rate_num;
  d["rate_den"] = f.rate_den;
  d["sampling"] = f.sampling;
  d["depth"] = f.depth;
  d["scan"] = f.scan;
  d["layout"] = f.layout;
  d["colorimetry"] = f.colorimetry;
  d["full_range"] = f.full_range;
  return d;
}

// A capsule that retains the table for as long as it lives.
inline nanobind::object source_capsule(const rtv_source *s) {
  s->retain(s->self);
  return nanobind::capsule(s, RTV_SOURCE_CAPSULE, [](void *p) noexcept {
    auto *t = static_cast<const rtv_source *>(p);
    t->release(t->self);
  });
}
inline nanobind::object sink_capsule(const rtv_sink *s) {
  s->retain(s->self);
  return nanobind::capsule(s, RTV_SINK_CAPSULE, [](void *p) noexcept {
    auto *t = static_cast<const rtv_sink *>(p);
    t->release(t->self);
  });
}
// Takes over one reference.
inline nanobind::object frame_capsule(rtv_frame *f) {
  return nanobind::capsule(f, RTV_FRAME_CAPSULE,
                           [](void *p) noexcept { rtv_frame_unref(static_cast<rtv_frame *>(p)); });
}
// The pointer in a capsule of that name; TypeError says what was expected.
template <class T>
T *from_capsule(nanobind::handle h, const char *name) {
  void *p = PyCapsule_GetPointer(h.ptr(), name);
  if (!p) {
    PyErr_Clear();
    throw nanobind::type_error((std::string("expected a capsule \"") + name + "\"").c_str());
  }
  return static_cast<T *>(p);
}

// Content on its way from the module that makes it to the card that shows it.
struct ContentBox {
  std::unique_ptr<Content> content;
};
constexpr char kContentCapsule[] = "rtvbox.content.1";

inline nanobind::object content_capsule(std::unique_ptr<Content> content) {
  return nanobind::capsule(new ContentBox{std::move(content)}, kContentCapsule,
                           [](void *p) noexcept { delete static_cast<ContentBox *>(p); });
}
inline std::unique_ptr<Content> take_content(nanobind::handle h) {
  auto content = std::move(from_capsule<ContentBox>(h, kContentCapsule)->content);
  if (!content) throw nanobind::value_error("content: was given to a card already");
  return content;
}

}  // namespace rtv
