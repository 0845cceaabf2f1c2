// SPDX-License-Identifier: Apache-2.0
// The pretend card's input for any content.
#include "card_source.hpp"
#include "module.hpp"
#include "rtvbox/python.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

class Card {
  rtv::CardSource *card_;

 public:
  Card(std::unique_ptr<rtv::Content> content, const rtv::CardOptions &options)
      : card_(new rtv::CardSource(std::move(content), options)) {}
  Card(const Card &) = delete;
  Card &operator=(const Card &) = delete;
  ~Card() {
    nb::gil_scoped_release free;
    card_->release();
  }
  nb::object capsule() { return rtv::source_capsule(card_->table()); }
  void stop() {
    nb::gil_scoped_release free;
    card_->stop();
  }
  void fault(rtv::Fault kind, int64_t value, uint64_t at) {
    if (!card_->fault(kind, value, at))
      throw nb::value_error("faults: too many are waiting for their frame");
  }
  void change(nb::handle content, uint64_t at) {
    if (!card_->fault(rtv::Fault::content, 0, at, rtv::take_content(content)))
      throw nb::value_error("faults: too many are waiting for their frame");
  }
  void replug() { card_->replug(); }
  nb::dict stats() {
    card_->sweep();
    const rtv::CardStats &s = card_->stats;
    nb::dict d;
#define COUNT(name) d[#name] = s.name.load()
    COUNT(frames), COUNT(taken), COUNT(dropped), COUNT(no_buffer), COUNT(missed);
    COUNT(signal_changes), COUNT(format_changes), COUNT(generation), COUNT(sequence);
    COUNT(late_max_ns), COUNT(realtime);
#undef COUNT
    d["running"] = card_->running() ? 1 : 0;
    return d;
  }
  nb::list late_wakes() const { return rtv::late_wakes_list(card_->late_wakes); }
};

}  // namespace

void bind_card(nb::module_ &m) {
  nb::enum_<rtv::Fault>(m, "Fault")
      .value("signal", rtv::Fault::signal)
      .value("signal_frames", rtv::Fault::signal_frames)
      .value("drift", rtv::Fault::drift)
      .value("freeze", rtv::Fault::freeze)
      .value("unplug", rtv::Fault::unplug);
  nb::class_<Card>(m, "Card")
      .def(
          "__init__",
          [](Card *self, nb::handle content, bool slices, uint32_t steps, uint32_t queue,
             int64_t phase_ns, nb::object drift_ppb, bool realtime) {
            rtv::CardOptions o;
            o.slices = slices;
            o.steps = steps;
            o.queue = queue;
            o.phase_ns = phase_ns;
            o.drifts = !drift_ppb.is_none();
            o.drift_ppb = o.drifts ? nb::cast<int64_t>(drift_ppb) : 0;
            o.realtime = realtime;
            new (self) Card(rtv::take_content(content), o);
          },
          "content"_a, nb::kw_only(), "slices"_a, "steps"_a, "queue"_a, "phase_ns"_a,
          "drift_ppb"_a.none(), "realtime"_a)
      .def("capsule", &Card::capsule)
      .def("stop", &Card::stop)
      .def("fault", &Card::fault, "kind"_a, "value"_a, "at"_a)
      .def("change", &Card::change, "content"_a, "at"_a)
      .def("replug", &Card::replug)
      .def("stats", &Card::stats)
      .def("late_wakes", &Card::late_wakes);
}
