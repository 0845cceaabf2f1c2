// SPDX-License-Identifier: Apache-2.0
// `drivers.synthetic._synthetic`: the pretend card, as Python sees it.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "binding.hpp"
#include "card_sink.hpp"
#include "pattern.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

class Sink {
  rtv::CardSink *card_;

 public:
  explicit Sink(const rtv::SinkOptions &options) : card_(new rtv::CardSink(options)) {}
  Sink(const Sink &) = delete;
  Sink &operator=(const Sink &) = delete;
  ~Sink() {
    nb::gil_scoped_release free;
    card_->stop();
    card_->release();
  }
  nb::object capsule() { return rtv::sink_capsule(card_->table()); }
  void stop() {
    nb::gil_scoped_release free;
    card_->stop();
  }
  void keep(size_t frames) { card_->keep(frames); }
  nb::object take() {
    rtv_frame *f = card_->take();
    return f ? rtv::frame_capsule(f) : nb::none();
  }
  nb::object latest() {
    rtv_frame *f = card_->latest();
    return f ? rtv::frame_capsule(f) : nb::none();
  }
  nb::dict stats() const {
    const rtv::SinkStats &s = card_->stats;
    nb::dict d;
#define COUNT(name) d[#name] = s.name.load()
    COUNT(submitted), COUNT(overflow), COUNT(shown), COUNT(late), COUNT(live), COUNT(slates);
    COUNT(concealed), COUNT(flagged_repeated), COUNT(flagged_late), COUNT(no_metadata);
    COUNT(no_patient), COUNT(lost), COUNT(repeated), COUNT(out_of_order), COUNT(torn);
    COUNT(unreadable), COUNT(stamp_concealed), COUNT(strips_unreadable), COUNT(metadata_mismatch), COUNT(origin_unknown);
    COUNT(underruns), COUNT(underrun_rows), COUNT(kept), COUNT(keep_dropped);
    COUNT(audio_samples), COUNT(late_max_ns), COUNT(realtime), COUNT(last_sequence);
#undef COUNT
    const rtv::Histogram &h = card_->latency;
    d["latency_min_ns"] = h.min();
    d["latency_p50_ns"] = h.quantile(500);
    d["latency_p99_ns"] = h.quantile(990);
    d["latency_p999_ns"] = h.quantile(999);
    d["latency_max_ns"] = h.max();
    d["running"] = card_->running() ? 1 : 0;
    return d;
  }
  nb::dict latency() const { return rtv::histogram_dict(card_->latency); }
  nb::list late_wakes() const { return rtv::late_wakes_list(card_->late_wakes); }
};

rtv_frame *whole_frame(nb::handle capsule) {
  auto *f = rtv::from_capsule<rtv_frame>(capsule, RTV_FRAME_CAPSULE);
  if (!rtv::StampPlace(f->format).fits(f->format))
    throw nb::value_error("stamp: the raster is too small for three strips of blocks");
  return f;
}

}  // namespace

NB_MODULE(_synthetic, m) {
  m.doc() = "The pretend card: the test picture, and a sink that checks what it shows.";
  m.def(
      "pattern",
      [](const nb::dict &format, size_t buffers) {
        return rtv::content_capsule(
            std::make_unique<rtv::Pattern>(rtv::format_from(format), buffers));
      },
      "format"_a, "buffers"_a);
  nb::class_<Sink>(m, "Sink")
      .def(
          "__init__",
          [](Sink *self, bool check_stamps, bool line_clock, uint32_t steps, bool realtime) {
            new (self) Sink({check_stamps, line_clock, steps, realtime});
          },
          nb::kw_only(), "check_stamps"_a, "line_clock"_a, "steps"_a, "realtime"_a)
      .def("capsule", &Sink::capsule)
      .def("stop", &Sink::stop)
      .def("keep", &Sink::keep, "frames"_a)
      .def("take", &Sink::take)
      .def("latest", &Sink::latest)
      .def("stats", &Sink::stats)
      .def("latency", &Sink::latency)
      .def("late_wakes", &Sink::late_wakes);
  m.def(
      "write_stamp",
      [](nb::handle capsule, uint64_t sequence, int64_t tai, unsigned strips) {
        rtv_frame *f = whole_frame(capsule);
        rtv::StampWriter(f->format).write(f, {sequence, tai}, strips);
      },
      "frame"_a, "sequence"_a, "tai"_a, "strips"_a = unsigned{rtv::kAllStrips});
  m.def(
      "read_stamp",
      [](nb::handle capsule) -> nb::object {
        const rtv::StampReading got = rtv::read_stamps(whole_frame(capsule));
        if (!got.readable) return nb::none();
        return nb::make_tuple(got.stamp.sequence, got.stamp.tai, got.readable, got.torn);
      },
      "frame"_a);
  m.def("stamp_rows", [](const nb::dict &format) {
    const rtv_format f = rtv::format_from(format);
    const rtv::StampPlace at(f);
    nb::list rows;
    if (at.fits(f))
      for (const rtv::StampStrip s : {rtv::kTop, rtv::kMiddle, rtv::kBottom})
        rows.append(nb::make_tuple(at.top_row(f, s), at.height()));
    return rows;
  });
}
