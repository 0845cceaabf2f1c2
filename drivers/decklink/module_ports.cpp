// SPDX-License-Identifier: Apache-2.0
// A card's input and output.
#include <nanobind/stl/string.h>

#include "binding.hpp"
#include "capture.hpp"
#include "module.hpp"
#include "playout.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using namespace rtv::decklink;

namespace {

// Holds one reference of a port; its last release may wait for a thread of the card.
template <class T>
class Port {
 protected:
  T *port_;

 public:
  explicit Port(T *port) : port_(port) {}
  Port(const Port &) = delete;
  Port &operator=(const Port &) = delete;
  ~Port() {
    nb::gil_scoped_release free;
    port_->stop();
    port_->release();
  }
  void stop() {
    nb::gil_scoped_release free;
    port_->stop();
  }
};

void put(nb::dict &d, const char *name, const rtv::Histogram &h) {
  const std::string n(name);
  d[(n + "_min_ns").c_str()] = h.min();
  d[(n + "_p50_ns").c_str()] = h.quantile(500);
  d[(n + "_p99_ns").c_str()] = h.quantile(990);
  d[(n + "_max_ns").c_str()] = h.max();
}

class Input : public Port<Capture> {
 public:
  using Port::Port;
  nb::object capsule() { return rtv::source_capsule(port_->table()); }
  nb::object detected() {
    const rtv_format f = port_->detected();
    if (f.width == 0) return nb::none();
    return rtv::format_dict(f);
  }
  nb::dict stats() const {
    const rtv::LiveStats &live = port_->stats;
    const CaptureStats &own = port_->counts;
    nb::dict d;
#define COUNT(of, name) d[#name] = of.name.load()
    COUNT(live, frames), COUNT(live, taken), COUNT(live, dropped), COUNT(live, lost);
    COUNT(live, withheld), COUNT(live, signal_changes), COUNT(live, format_changes);
    COUNT(live, starts), COUNT(live, sequence), COUNT(live, generation), COUNT(live, signal);
    COUNT(own, no_signal), COUNT(own, colour_changes), COUNT(own, removals);
    COUNT(own, audio_samples), COUNT(own, timecodes), COUNT(own, timecode);
    COUNT(own, anc_packets), COUNT(own, anc_timecodes), COUNT(own, anc_payload_ids);
    COUNT(own, impossible_stamps), COUNT(own, card_ppb);
#undef COUNT
    d["anc_left_out"] = port_->packets_left_out();
    d["no_buffer"] = live.no_buffer.load() + port_->buffers_refused();
    put(d, "arrival", port_->arrival);
    put(d, "callback", port_->callback);
    d["frames_out"] = port_->frames_out();
    d["buffers_out"] = port_->buffers_out();
    d["running"] = port_->running() ? 1 : 0;
    return d;
  }
};

class Output : public Port<Playout> {
 public:
  using Port::Port;
  nb::object capsule() { return rtv::sink_capsule(port_->table()); }
  void set_slate(nb::handle frame) {
    port_->set_slate(frame.is_none() ? nullptr
                                     : rtv::from_capsule<rtv_frame>(frame, RTV_FRAME_CAPSULE));
  }
  nb::dict latency() const { return rtv::histogram_dict(port_->latency); }
  nb::list events() {
    nb::list out;
    for (const Said &s : port_->said())
      out.append(nb::make_tuple(s.tai, s.warning ? "warning" : "info", nb::str(s.text.c_str())));
    return out;
  }
  nb::dict stats() const {
    const PlayoutStats &s = port_->stats;
    nb::dict d;
#define COUNT(name) d[#name] = s.name.load()
    COUNT(submitted), COUNT(overflow), COUNT(shown), COUNT(late), COUNT(dropped);
    COUNT(card_dropped), COUNT(flushed), COUNT(repeated), COUNT(idle), COUNT(refused);
    COUNT(resyncs), COUNT(restarts), COUNT(losses), COUNT(due_late_max_ns), COUNT(realtime);
#undef COUNT
    d["anc_left_out"] = s.anc_left_out.load();
    d["audio_samples"] = port_->sound().samples.load();
    d["audio_silence"] = port_->sound().silence.load();
    d["audio_dropped"] = port_->sound().dropped.load();
    put(d, "latency", port_->latency);
    const SteeringStatus t = port_->steering();
    d["clock_known"] = t.known ? 1 : 0;
    d["clock_trims"] = t.trims ? 1 : 0;
    d["clock_state"] = static_cast<int>(t.state);
    d["clock_trim_ppm"] = t.trim_ppm;
    d["clock_error_ns"] = t.error_ns;
    d["clock_phase_ns"] = t.phase_ns;
    d["clock_drift_ppb"] = t.drift_ppb;
    d["next_slip"] = static_cast<int>(t.slip.kind);
    d["next_slip_ns"] = t.slip.in_ns;
    d["with_card"] = port_->with_card();
    d["open"] = port_->open() ? 1 : 0;
    d["running"] = port_->running() ? 1 : 0;
    return d;
  }
};

}  // namespace

void bind_ports(nb::module_ &m) {
  nb::class_<Input>(m, "Input")
      .def(
          "__init__",
          [](Input *self, const PyDriver &driver, const std::string &key, const nb::dict &format,
             uint32_t buffers, uint32_t queue, uint32_t channels, uint32_t connector,
             bool stamp_at_end) {
            CaptureOptions o;
            o.key = key;
            o.format = rtv::format_from(format);
            o.buffers = buffers;
            o.queue = queue;
            o.channels = channels;
            o.connector = connector;
            o.stamp_at_end = stamp_at_end;
            new (self) Input(new Capture(driver.get(), o));
          },
          "driver"_a, "key"_a, "format"_a, nb::kw_only(), "buffers"_a, "queue"_a, "channels"_a,
          "connector"_a, "stamp_at_end"_a)
      .def("capsule", &Input::capsule)
      .def("detected", &Input::detected)
      .def("stats", &Input::stats)
      .def("stop", &Input::stop);
  nb::class_<Output>(m, "Output")
      .def(
          "__init__",
          [](Output *self, const PyDriver &driver, const std::string &key, bool scheduled,
             uint32_t ahead, int64_t margin_ns, int64_t idle_ns, bool trim, int64_t trim_tau_ms,
             bool realtime, uint32_t channels, bool ancillary) {
            PlayoutOptions o;
            o.key = key;
            o.scheduled = scheduled;
            o.ahead = ahead;
            o.margin_ns = margin_ns;
            o.idle_ns = idle_ns;
            o.trim = trim;
            o.trim_tau_ms = trim_tau_ms;
            o.realtime = realtime;
            o.channels = channels;
            o.ancillary = ancillary;
            new (self) Output(new Playout(driver.get(), o));
          },
          "driver"_a, "key"_a, nb::kw_only(), "scheduled"_a, "ahead"_a, "margin_ns"_a, "idle_ns"_a,
          "trim"_a, "trim_tau_ms"_a, "realtime"_a, "channels"_a, "ancillary"_a)
      .def("capsule", &Output::capsule)
      .def("set_slate", &Output::set_slate, "frame"_a.none())
      .def("latency", &Output::latency)
      .def("events", &Output::events)
      .def("stats", &Output::stats)
      .def("stop", &Output::stop);
}
