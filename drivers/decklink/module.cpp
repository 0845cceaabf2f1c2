// SPDX-License-Identifier: Apache-2.0
// `drivers.decklink._decklink`: the cards and their ports, as Python sees them.
#include "module.hpp"

#include <nanobind/stl/string.h>

#include "binding.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using rtv::decklink::CardFacts;
using rtv::decklink::Driver;

PyDriver::PyDriver(const std::string &library) {
  nb::gil_scoped_release free;
  driver_ = std::make_shared<Driver>(library);
}

PyDriver::~PyDriver() {
  nb::gil_scoped_release free;
  driver_.reset();
}

namespace {

// Names come from a card, as it pleases.
nb::object text(const std::string &s) {
  return nb::steal(PyUnicode_DecodeUTF8(s.data(), static_cast<Py_ssize_t>(s.size()), "replace"));
}

nb::dict card_dict(const CardFacts &f) {
  nb::dict d;
  d["key"] = text(f.key);
  d["model"] = text(f.model);
  d["name"] = text(f.name);
  d["handle"] = text(f.handle);
  d["persistent_id"] = f.persistent_id;
  d["sub_device"] = f.sub_device;
  d["sub_devices"] = f.sub_devices;
  d["duplex"] = f.duplex;
  d["capture"] = f.capture;
  d["playout"] = f.playout;
  d["inputs"] = f.inputs;
  d["outputs"] = f.outputs;
  d["detects_format"] = f.detects_format;
  d["trims_clock"] = f.trims_clock;
  d["has_reference"] = f.has_reference;
  d["preroll"] = f.preroll;
  d["channels"] = f.channels;
  d["generation"] = f.generation;
  d["statistics"] = f.statistics;
  d["busy"] = f.busy;
  d["why_no_capture"] = f.why_no_capture;
  d["why_no_playout"] = f.why_no_playout;
  return d;
}

nb::list cards(const PyDriver &self) {
  std::vector<CardFacts> all;
  {
    nb::gil_scoped_release free;
    all = self.get()->cards();
  }
  nb::list out;
  for (const CardFacts &f : all) out.append(card_dict(f));
  return out;
}

}  // namespace

NB_MODULE(_decklink, m) {
  m.doc() = "DeckLink cards through the vendor's library, which is looked for when it is asked.";
  nb::register_exception_translator([](const std::exception_ptr &p, void *) {
    try {
      std::rethrow_exception(p);
    } catch (const rtv::decklink::Refusal &e) {
      PyErr_SetString(PyExc_ValueError, e.what());
    }
  });
  nb::class_<PyDriver>(m, "Driver")
      .def(nb::init<const std::string &>(), "library"_a = "libDeckLinkAPI.so")
      .def_prop_ro("version", [](const PyDriver &d) { return d.get()->version(); })
      .def("cards", &cards)
      .def("fileno", [](const PyDriver &d) { return d.get()->news_fd(); })
      .def("news", [](const PyDriver &d) {
        nb::list out;
        for (const Driver::News &n : d.get()->news())
          out.append(nb::make_tuple(n.arrived, text(n.key)));
        return out;
      });
  bind_ports(m);
}
