// SPDX-License-Identifier: Apache-2.0
// Who has a device open, for the line that refuses it: a display controller has one master.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace rtv::drm {

struct Holder {
  pid_t pid = 0;
  std::string name;  // of its program, printable ASCII
};

// Programs that have the node open, lowest PID first; `own`: a descriptor of this process that does
// not count. Only what this user may see: of other users' programs root alone sees the open files.
// proc: "/proc".
std::vector<Holder> holders(const std::string &proc, const std::string &node, int own);

// "is held by rtvbox (PID 4711); stop that program first ..."; without any: by another program.
std::string held_by(const std::vector<Holder> &found);

}  // namespace rtv::drm
