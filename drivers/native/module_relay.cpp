// SPDX-License-Identifier: Apache-2.0
// The ends of a relay for Python, which makes and lets go of them; engines use their tables.
#include <nanobind/stl/unique_ptr.h>

#include "module.hpp"
#include "relay.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

class End {
  rtv::Relay *relay_;
  rtv::RelayInput *input_;

  explicit End(rtv::Relay *relay) : relay_(relay), input_(new rtv::RelayInput(relay)) {
    relay_->retain();
  }

 public:
  explicit End(nb::handle capsule) {
    auto *card = rtv::from_capsule<const rtv_sink>(capsule, RTV_SINK_CAPSULE);
    if (card->abi != RTV_ABI) throw nb::value_error("sink: made by a module of another version");
    relay_ = new rtv::Relay(card);
    input_ = new rtv::RelayInput(relay_);
  }
  End(const End &) = delete;
  End &operator=(const End &) = delete;
  ~End() {
    nb::gil_scoped_release free;
    input_->release();
    relay_->release();
  }
  std::unique_ptr<End> another() { return std::unique_ptr<End>(new End(relay_)); }
  nb::object capsule() { return rtv::sink_capsule(input_->table()); }
  void take_over() {
    nb::gil_scoped_release free;
    input_->take_over();
  }
  bool shown() {
    nb::gil_scoped_release free;
    return input_->shown();
  }
};

}  // namespace

void bind_relay(nb::module_ &m) {
  nb::class_<End>(m, "RelayEnd")
      .def(nb::init<nb::handle>(), "sink"_a)
      .def("another", &End::another)
      .def("capsule", &End::capsule)
      .def("take_over", &End::take_over)
      .def("shown", &End::shown);
}
