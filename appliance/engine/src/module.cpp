// SPDX-License-Identifier: Apache-2.0
#include "module.hpp"

NB_MODULE(_engine, m) {
  m.doc() = "The data plane: pack, pace, send, receive, assemble, present, count.";
  bind_kernels(m);
  bind_overlay(m);
  bind_transmitter(m);
  bind_receiver(m);
}
