// SPDX-License-Identifier: Apache-2.0
// `drivers.ntv2._ntv2`: AJA cards, as Python sees them.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "binding.hpp"
#include "capture.hpp"
#include "playout.hpp"
#include "rtvbox/python.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using rtv::ntv2::BoardFacts;
using rtv::ntv2::Boards;
using rtv::ntv2::Capture;
using rtv::ntv2::CaptureOptions;
using rtv::ntv2::Playout;
using rtv::ntv2::PlayoutOptions;

namespace {

// Names of their own: nanobind tells types apart by name, over all our modules.
class AjaCardInput {
  Capture *card_;

 public:
  explicit AjaCardInput(Capture *card) : card_(card) {}
  AjaCardInput(const AjaCardInput &) = delete;
  AjaCardInput &operator=(const AjaCardInput &) = delete;
  ~AjaCardInput() {
    nb::gil_scoped_release free;
    card_->stop();
    card_->release();
  }
  nb::object capsule() const { return rtv::source_capsule(card_->table()); }
  void stop() const {
    nb::gil_scoped_release free;
    card_->stop();
  }
  std::string error() const { return card_->last_error(); }
  nb::dict arrival() const { return rtv::histogram_dict(card_->arrival); }
  nb::dict stats() const {
    nb::dict d;
    const rtv::LiveStats &s = card_->stats;
    const rtv::ntv2::CaptureStats &c = card_->card;
#define COUNT(from, name) d[#name] = from.name.load()
    COUNT(s, frames), COUNT(s, taken), COUNT(s, dropped), COUNT(s, lost), COUNT(s, corrupt);
    COUNT(s, no_buffer), COUNT(s, not_live), COUNT(s, signal_changes), COUNT(s, restarts);
    COUNT(s, sequence), COUNT(s, signal), COUNT(s, generation), COUNT(c, unlocks);
    COUNT(c, crc_errors), COUNT(c, unstamped), COUNT(c, clock_steps), COUNT(c, payload_id);
    COUNT(c, clock_uncertainty_ns), COUNT(c, realtime);
#undef COUNT
    d["running"] = card_->running() ? 1 : 0;
    return d;
  }
};

class AjaCardOutput {
  Playout *card_;

 public:
  explicit AjaCardOutput(Playout *card) : card_(card) {}
  AjaCardOutput(const AjaCardOutput &) = delete;
  AjaCardOutput &operator=(const AjaCardOutput &) = delete;
  ~AjaCardOutput() {
    nb::gil_scoped_release free;
    card_->stop();
    card_->release();
  }
  nb::object capsule() const { return rtv::sink_capsule(card_->table()); }
  void stop() const {
    nb::gil_scoped_release free;
    card_->stop();
  }
  std::string error() const { return card_->last_error(); }
  nb::dict after_due() const { return rtv::histogram_dict(card_->after_due); }
  nb::dict latency() const { return rtv::histogram_dict(card_->latency); }
  nb::dict stats() const {
    nb::dict d;
    const rtv::ntv2::PlayoutStats &s = card_->stats;
#define COUNT(name) d[#name] = s.name.load()
    COUNT(submitted), COUNT(put), COUNT(shown), COUNT(late), COUNT(overflow), COUNT(behind);
    COUNT(underruns), COUNT(unconfirmed), COUNT(black), COUNT(partial), COUNT(errors);
    COUNT(gone), COUNT(realtime), COUNT(reference);
#undef COUNT
    d["running"] = card_->running() ? 1 : 0;
    return d;
  }
};

class AjaCardList {
  std::shared_ptr<Boards> boards_;

 public:
  AjaCardList() : boards_(rtv::ntv2::boards()) {
    if (!boards_) throw nb::value_error(rtv::ntv2::why_none().c_str());
  }
  const std::shared_ptr<Boards> &get() const { return boards_; }
  nb::list list() const {
    std::vector<BoardFacts> all;
    {
      nb::gil_scoped_release free;
      all = boards_->list();
    }
    nb::list out;
    for (const BoardFacts &f : all) {
      nb::dict d;
      // Of a card's memory, as it pleases.
      d["key"] = nb::steal(PyUnicode_DecodeUTF8(
          f.key.data(), static_cast<Py_ssize_t>(f.key.size()), "replace"));
      d["model"] = f.model;
      d["inputs"] = f.inputs;
      d["outputs"] = f.outputs;
      d["either_way"] = f.either_way;
      d["channels"] = f.channels;
      d["why_not"] = f.why_not;
      out.append(d);
    }
    return out;
  }
};

}  // namespace

NB_MODULE(_ntv2, m) {
  m.doc() = "AJA cards through libajantv2, where it was there when this was built.";
  nb::enum_<rtv::ntv2::Reference>(m, "Reference")
      .value("as_set", rtv::ntv2::Reference::as_set)
      .value("external", rtv::ntv2::Reference::external)
      .value("free_run", rtv::ntv2::Reference::free_run);
  nb::class_<AjaCardInput>(m, "Input")
      .def("capsule", &AjaCardInput::capsule)
      .def("stop", &AjaCardInput::stop)
      .def("error", &AjaCardInput::error)
      .def("arrival", &AjaCardInput::arrival)
      .def("stats", &AjaCardInput::stats);
  nb::class_<AjaCardOutput>(m, "Output")
      .def("capsule", &AjaCardOutput::capsule)
      .def("stop", &AjaCardOutput::stop)
      .def("error", &AjaCardOutput::error)
      .def("after_due", &AjaCardOutput::after_due)
      .def("latency", &AjaCardOutput::latency)
      .def("stats", &AjaCardOutput::stats);
  nb::class_<AjaCardList>(m, "Boards")
      .def(nb::init<>())
      .def("list", &AjaCardList::list)
      .def(
          "input",
          [](const AjaCardList &boards, const std::string &key, uint32_t connector,
             const nb::dict &format, uint32_t buffers, uint32_t queue, uint32_t channels,
             bool realtime) {
            CaptureOptions o;
            o.key = key;
            o.connector = connector;
            o.format = rtv::format_from(format);
            o.buffers = buffers;
            o.queue = queue;
            o.channels = channels;
            o.realtime = realtime;
            return new AjaCardInput(new Capture(boards.get(), o));
          },
          nb::rv_policy::take_ownership, "key"_a, "connector"_a, "format"_a, "buffers"_a,
          "queue"_a, "channels"_a, "realtime"_a)
      .def(
          "output",
          [](const AjaCardList &boards, const std::string &key, uint32_t connector,
             rtv::ntv2::Reference reference, bool realtime) {
            PlayoutOptions o;
            o.key = key;
            o.connector = connector;
            o.reference = reference;
            o.realtime = realtime;
            return new AjaCardOutput(new Playout(boards.get(), o));
          },
          nb::rv_policy::take_ownership, "key"_a, "connector"_a, "reference"_a, "realtime"_a);
}
