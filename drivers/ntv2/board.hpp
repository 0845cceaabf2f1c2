// SPDX-License-Identifier: Apache-2.0
// What the state machines need of an AJA card, in our own words: one connector of one card, opened
// for capture or for playout. The real one (aja_*.cpp) is built where libajantv2 is; tests have a
// scripted one.
//
// Times are nanoseconds of the clock that the driver stamps frames with (the operating system's, in
// steps of 100 ns); what it is to TAI is measured, not assumed. Texts: "" is success, else one line
// for a person. One thread uses a port, but for its making and its end.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rtvbox/video.h"

namespace rtv::ntv2 {

struct BoardFacts {
  std::string key;               // serial number
  std::string model;
  uint32_t inputs = 0, outputs = 0;  // SDI connectors, numbered from 1
  bool either_way = false;       // a connector is an input or an output, as one asks
  uint32_t channels = 0;         // of embedded sound
  std::string why_not;           // why it cannot be used; "" it can
};

// What the receiver of an SDI input sees now.
struct InputLook {
  bool there = false;         // the card answers at all
  bool locked = false;        // to a serial data stream
  bool timing_error = false;  // timing references (SAV, EAV) are missing or moved
  rtv_format format{};        // raster, rate and scan; width 0: none that it knows
  uint32_t payload_id = 0;    // ST 352, octet 1 in the high bits; 0: none
  uint32_t unlocks = 0;       // how often lock was lost; wraps at 16 bits
  uint32_t crc_errors = 0;    // lines; wraps at 16 bits
};

// The ring of frames in the card's memory.
struct RingState {
  bool running = false;
  uint32_t level = 0;    // frames that wait to be fetched, or to be shown
  uint32_t dropped = 0;  // by the card since the start: no room (capture), nothing to show (playout)
  int64_t now = 0;
};

struct Transferred {
  int64_t stamp = 0;         // capture: when the recording of the frame began; 0: unknown
  int64_t now = 0;           // when the driver handled the call
  uint32_t slot = 0;         // of the ring
  uint32_t sound_bytes = 0;  // capture
};

enum class Reference : uint8_t { as_set, external, free_run };

class Port {
 public:
  virtual ~Port() = default;  // ends, and lets go of the card
  virtual bool there() = 0;   // the card still answers, and is the one that was opened
  virtual bool ring(RingState *state) = 0;
  virtual void end() = 0;  // idempotent
  // Memory that frames will be transferred from or to, made ready for it; only saves time.
  virtual void pin(const void *memory, size_t size) = 0;
};

class InputPort : public Port {
 public:
  virtual InputLook look() = 0;
  // Sets the card up and records into a ring of so many frames. channels: of sound; 0 none.
  virtual std::string begin(const rtv_format &format, uint32_t frames, uint32_t channels) = 0;
  // Until the next vertical interrupt, a tenth of a second at most. False: none came.
  virtual bool wait() = 0;
  virtual bool fetch(void *picture, size_t size, void *sound, size_t sound_size,
                     Transferred *done) = 0;
};

class OutputPort : public Port {
 public:
  virtual std::string begin(const rtv_format &format, uint32_t frames, Reference reference) = 0;
  virtual bool start() = 0;  // after the first frames were put
  virtual bool put(const void *picture, size_t size, Transferred *done) = 0;
  // When what is in a slot began to be shown last; 0: never.
  virtual int64_t shown(uint32_t slot) = 0;
  virtual bool reference_present() = 0;  // a signal that can be locked to is at the connector
};

class Boards {
 public:
  virtual ~Boards() = default;
  virtual std::vector<BoardFacts> list() = 0;
  // The port, or nothing with *result (RTV_GONE, RTV_REFUSED, RTV_BROKEN) and *why.
  virtual std::unique_ptr<InputPort> input(const std::string &key, uint32_t connector, int *result,
                                           std::string *why) = 0;
  virtual std::unique_ptr<OutputPort> output(const std::string &key, uint32_t connector,
                                             int *result, std::string *why) = 0;
};

// The cards of this machine through libajantv2; in a build without it, none, and why_none() says so.
std::shared_ptr<Boards> boards();
std::string why_none();

}  // namespace rtv::ntv2
