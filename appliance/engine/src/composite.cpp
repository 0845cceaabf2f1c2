// SPDX-License-Identifier: Apache-2.0
#include "composite.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace rtv {
namespace {

constexpr std::pair<std::string_view, Reason> kNames[kReasons] = {
    {"no-signal", Reason::no_signal},     {"format", Reason::format},
    {"gone", Reason::gone},               {"no-flow", Reason::no_flow},
    {"no-metadata", Reason::no_metadata}, {"no-patient", Reason::no_patient},
    {"late", Reason::late},
};

uint32_t centred(uint32_t room, uint32_t size) { return size > room ? 0 : (room - size) / 2; }

uint32_t banner_top(const rtv_format &f, Reason reason, const Raster &r) {
  const uint32_t middle = centred(f.height, r.height);
  const uint32_t above = std::min(middle, f.height / 6);
  if (reason == Reason::late) return f.height < r.height ? 0 : f.height - r.height - above;
  return holds_picture(reason) ? middle : above;
}

}  // namespace

bool reason_named(std::string_view name, Reason *reason) {
  for (const auto &[text, r] : kNames)
    if (text == name) {
      *reason = r;
      return true;
    }
  return false;
}

Banner::Banner(const rtv_format &format, Reason reason, const Raster &raster)
    : format_(format),
      reason_(reason),
      stencil_(format, centred(format.width, raster.width) & ~1u, banner_top(format, reason, raster),
               raster) {}

bool draw_banner(rtv_frame &frame, const Banner &banner) {
  if (!same_memory(frame.format, banner.format())) return false;
  banner.stencil().blend(frame, 0, frame.format.height);
  return true;
}

void darken(rtv_frame &frame) {
  constexpr uint32_t kTwoThirds = 682, kAlmostAll = 870;
  tint_rows(frame, convert_pixel(frame.format, 64, 512, 512), kTwoThirds,
            frame.format.sampling == RTV_RGB ? kTwoThirds : kAlmostAll);
}

Overlay::Overlay(const rtv_format &format, uint32_t static_id, const std::vector<Layer> &layers,
                 const std::vector<Field> &fields)
    : format_(format), static_id_(static_id) {
  if (layers.size() > kMaxLayers)
    throw std::invalid_argument("layers: more than " + std::to_string(kMaxLayers));
  if (fields.size() > kMaxFields)
    throw std::invalid_argument("fields: more than " + std::to_string(kMaxFields));
  layers_.reserve(layers.size());
  for (const Layer &l : layers) layers_.emplace_back(format, l.x, l.y, l.raster);
  for (const Field &f : fields) fields_.emplace_back(format, f);
}

bool Overlay::touches(uint32_t row, const Atlas *atlas) const {
  for (const Stencil &s : layers_)
    if (row >= s.top() && row < s.bottom()) return true;
  if (!atlas) return false;
  return std::any_of(fields_.begin(), fields_.end(), [&](const FieldPainter &f) {
    return row >= f.top() && row - f.top() < atlas->cell_h;
  });
}

void Overlay::blend(rtv_frame &frame, const Atlas *atlas, const FrameValues &values, uint32_t from,
                    uint32_t to) const {
  if (!same_memory(frame.format, format_)) return;
  to = std::min(to, format_.height);
  for (const Stencil &s : layers_) s.blend(frame, from, to);
  if (!atlas) return;
  for (const FieldPainter &f : fields_) f.draw(frame, *atlas, values, from, to);
}

Compositor::Compositor() : current_(new State) {}
Compositor::~Compositor() { delete current_.load(); }

void Compositor::publish(std::shared_ptr<const Overlay> overlay) {
  std::lock_guard lock(control_);
  State next = *current_.load();
  if (overlay->static_id() == 0) {
    next.nobody = std::move(overlay);
  } else {
    auto &all = next.overlays;
    std::erase_if(all, [&](const auto &o) { return o->static_id() == overlay->static_id(); });
    all.insert(all.begin(), std::move(overlay));
    if (all.size() > kKeep) all.resize(kKeep);
  }
  replace(std::move(next));
}
void Compositor::publish(std::shared_ptr<const Atlas> atlas) {
  std::lock_guard lock(control_);
  State next = *current_.load();
  next.atlas = std::move(atlas);
  replace(std::move(next));
}
void Compositor::publish(std::vector<std::shared_ptr<const Banner>> banners) {
  std::lock_guard lock(control_);
  State next = *current_.load();
  for (auto &b : banners) {
    auto &place = next.banners[static_cast<size_t>(b->reason())];
    place = std::move(b);
  }
  replace(std::move(next));
}
size_t Compositor::retired() const {
  std::lock_guard lock(control_);
  return retired_.size();
}

void Compositor::replace(State next) {
  ++next.edition;
  auto fresh = std::make_unique<const State>(std::move(next));
  retired_.emplace_back(current_.exchange(fresh.release()));
  sweep();
}
// A state that was replaced before the render side's pin was read, and is not that pin, can never
// be drawn from again: pin() looks at current_ once more after it has said what it pins.
void Compositor::sweep() {
  const State *in_use = pinned_.load();
  std::erase_if(retired_, [&](const auto &s) { return s.get() != in_use; });
}

const Compositor::State *Compositor::pin() {
  const State *s = current_.load();
  for (;;) {
    pinned_.store(s);
    const State *again = current_.load();
    if (again == s) return s;
    s = again;  // replaced just now; as often as the control side publishes, which is rare
  }
}

bool Compositor::begin(uint32_t static_id, const FrameValues &values) {
  state_ = pin();
  begun_ = true;
  values_ = values;
  overlay_ = nullptr;
  if (static_id == 0) {
    overlay_ = state_->nobody.get();
  } else {
    for (const auto &o : state_->overlays)
      if (o->static_id() == static_id) overlay_ = o.get();
  }
  return overlay_ != nullptr;
}
bool Compositor::touches(uint32_t row) const {
  return overlay_ && overlay_->touches(row, state_->atlas.get());
}
void Compositor::blend(rtv_frame &frame, uint32_t from, uint32_t to) const {
  if (overlay_) overlay_->blend(frame, state_->atlas.get(), values_, from, to);
}
const Banner *Compositor::banner(Reason reason) {
  const State *s = begun_ ? state_ : pin();
  edition_ = s->edition;
  return s->banners[static_cast<size_t>(reason)].get();
}
void Compositor::end() {
  begun_ = false;
  overlay_ = nullptr;
  state_ = nullptr;
  pinned_.store(nullptr);
}

}  // namespace rtv
