// SPDX-License-Identifier: Apache-2.0
#include "holder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

namespace rtv::drm {

namespace {

// Entries of a folder that are numbers.
std::vector<int> numbers(const std::string &folder) {
  std::vector<int> found;
  const std::unique_ptr<DIR, int (*)(DIR *)> dir(opendir(folder.c_str()), closedir);
  if (!dir) return found;
  while (const dirent *entry = readdir(dir.get())) {
    int number = 0;
    const char *end = entry->d_name + std::strlen(entry->d_name);
    const auto [stop, error] = std::from_chars(entry->d_name, end, number);
    if (error == std::errc{} && stop == end) found.push_back(number);
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool same(const struct stat &a, const struct stat &b) {
  if (S_ISCHR(a.st_mode)) return S_ISCHR(b.st_mode) && a.st_rdev == b.st_rdev;
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// A program names itself: nothing that a terminal would obey comes through.
std::string name_of(const std::string &proc, int pid) {
  const int fd = open((proc + "/" + std::to_string(pid) + "/comm").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "?";
  char text[64];
  const ssize_t n = read(fd, text, sizeof text);
  close(fd);
  std::string name;
  for (ssize_t i = 0; i < n && text[i] != '\n'; ++i)
    name += text[i] >= ' ' && text[i] < 127 ? text[i] : '?';
  return name.empty() ? "?" : name;
}

}  // namespace

std::vector<Holder> holders(const std::string &proc, const std::string &node, int own) {
  std::vector<Holder> found;
  struct stat wanted;
  if (stat(node.c_str(), &wanted)) return found;
  for (const int pid : numbers(proc)) {
    const std::string folder = proc + "/" + std::to_string(pid) + "/fd";
    for (const int fd : numbers(folder)) {
      struct stat there;
      if (pid == getpid() && fd == own) continue;
      if (stat((folder + "/" + std::to_string(fd)).c_str(), &there) || !same(wanted, there))
        continue;
      found.push_back({pid, name_of(proc, pid)});
      break;
    }
  }
  return found;
}

std::string held_by(const std::vector<Holder> &found) {
  if (found.empty())
    return "is held by another program (of another user: root sees which); stop that desktop or "
           "player first";
  std::string text = found.size() == 1 ? "is held by " : "is held by one of ";
  constexpr size_t kMost = 4;
  for (size_t i = 0; i < std::min(found.size(), kMost); ++i) {
    text += i ? ", " : "";
    text += found[i].name + " (PID " + std::to_string(found[i].pid) + ")";
  }
  if (found.size() > kMost) text += ", ...";
  return text + "; stop that program first, or use a monitor of another card";
}

}  // namespace rtv::drm
