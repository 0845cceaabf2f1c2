// SPDX-License-Identifier: Apache-2.0
// A connector of a display controller, through the kernel's own interface (no libdrm): what it
// can do, its buffers, and atomic commits.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <drm.h>
#include <drm_mode.h>

#include "commit_plan.hpp"
#include "link.hpp"
#include "mode_choice.hpp"
#include "pixels.hpp"

namespace rtv::drm {

// One line for a person: what, why, and the remedy.
struct Trouble : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Fd {
  int fd = -1;
  Fd() = default;
  explicit Fd(int f) : fd(f) {}
  Fd(const Fd &) = delete;
  Fd &operator=(const Fd &) = delete;
  ~Fd();
};

// A buffer that the CPU writes and the display scans out.
struct Buffer {
  uint32_t handle = 0, fb = 0, pitch = 0;
  uint8_t *memory = nullptr;
  size_t size = 0;
};

// A property of a kernel object: its number, and the numbers of its named values.
struct Property {
  uint32_t id = 0;
  uint64_t value = 0;
  std::map<std::string, uint64_t> names;
};
using Properties = std::map<std::string, Property>;

struct Flip {
  uint64_t cookie;
  uint32_t sequence;
  int64_t mono_ns;
};

class Device {
 public:
  // Opens the card and becomes its master. connector: as the kernel names it, "HDMI-A-1".
  // Throws Trouble.
  Device(const std::string &node, const std::string &connector);
  ~Device();
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;

  int fd() const { return fd_.fd; }
  // Asks the monitor again; its modes as of now. False: none is connected.
  bool probe();
  const std::vector<Mode> &modes() const { return modes_; }
  // What the monitor said of itself then.
  const MonitorSays &monitor() const { return monitor_; }
  // Whether its refresh can follow the pictures, and the driver can be told so.
  VariableRefresh variable() const;
  // Whether it follows them now, as the kernel has it.
  bool follows() const;
  // The link's limit as it is set; 0: the connector has none.
  uint64_t max_bpc() const { return max_bpc_; }
  bool vblanks() const;  // whether this driver has vblanks to count
  const std::string &driver() const { return driver_; }

  // What the plane takes, of linear layouts.
  bool takes(Pixel p) const;
  // Whether the display can be told how to read 4:2:2 of this format.
  bool knows_yuv(const rtv_format &f) const;

  Buffer make_buffer(uint32_t width, uint32_t height, Pixel p);
  void drop_buffer(Buffer &b);

  // Lights the monitor with a mode and a buffer; errno on failure. only_try: nothing changes.
  // follows: the refresh follows the pictures.
  int set_mode(const Mode &mode, const Buffer &b, const rtv_format &f, Pixel p, bool follows,
               bool only_try);
  // Shows a buffer from the next vblank on; errno (EBUSY: one is in flight). Does not wait.
  int flip(const Buffer &b, uint64_t cookie);
  // Takes one event; false: none waits.
  bool read_flip(Flip *flip);
  // Dark: no mode, nothing scanned out.
  void off();

 private:
  struct Request;
  void find_connector(const std::string &name);
  void find_crtc();
  void find_plane();
  void read_monitor();
  void read_formats(const std::vector<uint32_t> &plain);
  Properties properties(uint32_t id, uint32_t type) const;
  std::vector<uint8_t> blob(uint32_t id) const;
  int commit(const std::vector<Setting> &plan, uint32_t flags);
  int call(unsigned long request, void *argument) const;

  Fd fd_;
  std::string node_, name_, driver_;
  uint32_t connector_ = 0, crtc_ = 0, crtc_index_ = 0, plane_ = 0;
  Properties of_connector_, of_crtc_, of_plane_;
  MonitorSays monitor_;
  bool variable_ = false;
  LinkLimit link_;
  uint64_t max_bpc_ = 0;
  std::vector<Mode> modes_;
  std::vector<drm_mode_modeinfo> kernel_modes_;
  std::vector<uint32_t> formats_;
  std::vector<uint8_t> events_;
  size_t event_at_ = 0, event_end_ = 0;
};

}  // namespace rtv::drm
