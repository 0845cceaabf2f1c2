// SPDX-License-Identifier: Apache-2.0
// Text over the picture, on the data plane: overlays that belong to exactly one static part
// (patient), slates for a picture that is not live, and how both reach the thread that draws.
//
// Blending writes into the frame. A receiver that conceals lost packets from the frame before
// must take them from rows that nobody drew on (see Compositor::touches): otherwise text is laid
// over text, and after a change of patient over another patient's.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "composite_field.hpp"
#include "composite_stencil.hpp"

namespace rtv {

// Why a picture is not live or not complete.
enum class Reason : uint8_t {
  no_signal,    // Tx: the input lost its signal
  format,       // Tx: the input has another format than the configured one
  gone,         // Tx: the card was unplugged
  no_flow,      // Rx: no video arrives
  no_metadata,  // Rx: live picture, but its metadata did not arrive
  no_patient,   // Rx: live picture, no patient confirmed
  late,         // Rx: the picture is the newest there is, and later than it should be
};
constexpr size_t kReasons = 7;
// Reason of a name as in set_slates ("no-signal"); false when there is none.
bool reason_named(std::string_view name, Reason *reason);
// A held picture is darkened under its banner; a live one keeps its light, and the banner stands
// in the upper part, clear of the middle. "Late" has the lower part, so that it can stand beside
// another, and keeps the light: late pictures alternate with held ones, and a screen must not
// flicker between light and dark.
constexpr bool holds_picture(Reason r) { return r < Reason::no_metadata; }

// A slate's raster ready for one format.
class Banner {
 public:
  // Throws std::invalid_argument, one line, when it does not fit the frame.
  Banner(const rtv_format &format, Reason reason, const Raster &raster);
  const rtv_format &format() const { return format_; }
  Reason reason() const { return reason_; }
  const Stencil &stencil() const { return stencil_; }

 private:
  rtv_format format_;
  Reason reason_;
  Stencil stencil_;
};

// Draws the banner in its place. False, and nothing drawn, when the frame has other memory than
// the banner was made for.
bool draw_banner(rtv_frame &frame, const Banner &banner);
// A held picture: luma to a third, colour almost gone. All rows.
void darken(rtv_frame &frame);

// What stands over the frames of one static part; immutable.
class Overlay {
 public:
  struct Layer {
    uint32_t x, y;
    Raster raster;
  };
  static constexpr size_t kMaxLayers = 64, kMaxFields = 32;
  // Throws std::invalid_argument, one line.
  Overlay(const rtv_format &format, uint32_t static_id, const std::vector<Layer> &layers,
          const std::vector<Field> &fields);
  uint32_t static_id() const { return static_id_; }
  const rtv_format &format() const { return format_; }
  // Whether anything may be drawn in this row; cells are those of the atlas (nullptr: no fields).
  bool touches(uint32_t row, const Atlas *atlas) const;
  void blend(rtv_frame &frame, const Atlas *atlas, const FrameValues &values, uint32_t from,
             uint32_t to) const;

 private:
  rtv_format format_;
  uint32_t static_id_;
  std::vector<Stencil> layers_;
  std::vector<FieldPainter> fields_;
};

// Hands overlays, atlas and banners from the control side (any thread but the render thread) to
// the render side (one thread). The render side takes no lock, allocates and frees nothing.
class Compositor {
 public:
  static constexpr size_t kKeep = 4;  // overlays of patients kept, newest first

  Compositor();
  ~Compositor();
  Compositor(const Compositor &) = delete;
  Compositor &operator=(const Compositor &) = delete;

  // Control side. An overlay replaces the one of the same static_id.
  void publish(std::shared_ptr<const Overlay> overlay);
  void publish(std::shared_ptr<const Atlas> atlas);
  // Each replaces the banner of its reason; the others stay.
  void publish(std::vector<std::shared_ptr<const Banner>> banners);
  // How many states still wait for the render side to move on (a test's figure).
  size_t retired() const;

  // Render side.
  // Takes the overlay of exactly this static_id (0: frames with no confirmed patient) and pins
  // what is published now until end() or the next begin(). False: there is none, nothing will be
  // drawn. The values are copied.
  bool begin(uint32_t static_id, const FrameValues &values);
  // Whether blend may write in this row of the frame begun.
  bool touches(uint32_t row) const;
  // Draws rows from <= row < to of the frame begun; each row once. Nothing when the frame's
  // memory is not what the overlay was made for.
  void blend(rtv_frame &frame, uint32_t from, uint32_t to) const;
  // The newest banner (within begin and end: the newest at begin) or nullptr; valid until the
  // next begin(), end() or banner() outside begin and end.
  const Banner *banner(Reason reason);
  // Which publication the last banner() came from: it grows with each publish(). Two banners may
  // lie at the same address one after the other, so that this and no pointer tells them apart.
  uint64_t edition() const { return edition_; }
  // The frame is done; lets the control side free what it replaced. Idempotent.
  void end();

 private:
  struct State {
    uint64_t edition = 0;
    std::vector<std::shared_ptr<const Overlay>> overlays;  // newest first
    std::shared_ptr<const Overlay> nobody;                 // static_id 0
    std::shared_ptr<const Atlas> atlas;
    std::array<std::shared_ptr<const Banner>, kReasons> banners;
  };
  void replace(State next);  // control side, mutex held
  void sweep();
  const State *pin();

  // Shared: the state to draw from, and the one the render side draws from now.
  std::atomic<const State *> current_;
  std::atomic<const State *> pinned_{nullptr};
  // Control side only.
  mutable std::mutex control_;
  std::vector<std::unique_ptr<const State>> retired_;
  // Render side only.
  bool begun_ = false;
  const State *state_ = nullptr;
  uint64_t edition_ = 0;
  const Overlay *overlay_ = nullptr;
  FrameValues values_;
};

}  // namespace rtv
