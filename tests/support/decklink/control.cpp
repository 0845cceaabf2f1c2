// SPDX-License-Identifier: Apache-2.0
// The commands that a test gives, one line each: what happens on the wires and to the cards.
// Through standin_command, or from outside through the Unix socket that STANDIN_SOCKET names
// (one line in, one line back), so that a third party's program can be driven too. What
// STANDIN_BEGIN holds, commands with semicolons between, is done when the library is loaded.
//
//   signal D on|off            the camera is plugged or unplugged
//   source D MODE 8|10|12|rgb  another format comes; code of the mode, '_' for a blank
//   camera D PPB               the camera's oscillator against true time
//   card D PPB                 the card's oscillator against true time
//   phase D NS                 each second of the output's clock begins NS after one of TAI; while
//                              the output is closed
//   colour D 601|709|2020      another colour space in the same samples
//   drop D N                   the next N captured frames are lost
//   late D N NS                the next N captured frames are handed over so late
//   outdrop D N | outlate D N  the next N scheduled frames are dropped | shown one frame late
//   reference D locked|unlocked
//   remove D | arrive D        the card is pulled and comes back
//   capture D | playout D      counters, and what was shown, as JSON
//   picture D PATH             writes the bytes last shown
//   generation a|b|c|buffers|b-only
//                              what the library answers: interfaces of the first generation, those
//                              of a newer one beside it; pictures only in buffers; b alone
//   objects                    references that are alive, by kind
//   reset                      everything as at the start, but for what clients hold
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "device.hpp"

namespace standin {

namespace {

std::string fail(const std::string& why) { return "error: " + why; }
constexpr char kDone[] = "{}";

Code mode_named(std::string text) {
  Code out = 0;
  text.resize(4, ' ');
  for (const char c : text) out = out << 8 | static_cast<uint8_t>(c == '_' ? ' ' : c);
  return out;
}

std::string change_source(Device& device, Source source, const std::string& word,
                          std::istringstream& in) {
  std::string first, second;
  in >> first >> second;
  if (word == "signal") {
    if (first != "on" && first != "off") return fail("signal on or off");
    source.signal = first == "on";
  } else if (word == "colour") {
    source.colour = std::atoi(first.c_str());
  } else if (word == "camera") {
    source.ppb = std::atoll(first.c_str());
  } else {
    source.mode = mode_named(first);
    if (!find_mode(source.mode)) return fail("no mode " + first);
    using namespace abi::detected;
    const Code depth = second == "8" ? k8Bit : second == "12" ? k12Bit : k10Bit;
    source.kind = (second == "rgb" ? kRgb444 : kYCbCr422) | depth;
  }
  device.capture.set_source(source);
  device.news.tell(abi::topic::kStatusChanged, word == "signal"
                                                   ? abi::status::kInputSignalLocked
                                                   : abi::status::kDetectedInputMode);
  return kDone;
}

std::string for_device(Device& device, const std::string& word, std::istringstream& in) {
  if (word == "signal" || word == "source" || word == "camera" || word == "colour")
    return change_source(device, device.capture.source(), word, in);
  if (word == "capture") return device.capture.json();
  if (word == "playout") return device.playout.json();
  if (word == "remove" || word == "arrive") {
    device.set_present(word == "arrive");
    return kDone;
  }
  if (word == "picture" || word == "reference") {
    std::string text;
    in >> text;
    if (word == "picture") {
      const auto bytes = device.playout.last();
      std::ofstream(text, std::ios::binary)
          .write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
      return "{\"bytes\": " + std::to_string(bytes.size()) + "}";
    }
    if (text != "locked" && text != "unlocked") return fail("reference locked or unlocked");
    device.playout.set_reference(text == "locked" ? abi::reference::kLocked
                                                  : abi::reference::kUnlocked);
    device.retune();
    device.news.tell(abi::topic::kStatusChanged, abi::status::kReferenceLocked);
    return kDone;
  }
  int64_t first = 0, second = 0;
  if (!(in >> first)) return fail(word + ": a number is missing");
  in >> second;
  if (word == "card") {
    device.card_ppb = first;
    device.retune();
  } else if (word == "phase") {
    device.output_clock.align(first);
  } else if (word == "drop") {
    device.capture.set_faults({first, 0, 0});
  } else if (word == "late") {
    device.capture.set_faults({0, first, second});
  } else if (word == "outdrop") {
    device.playout.set_faults({0, first});
  } else if (word == "outlate") {
    device.playout.set_faults({first, 0});
  } else {
    return fail("no command " + word);
  }
  return kDone;
}

std::string set_variant(const std::string& word) {
  if (word == "a") variant() = Variant::a;
  else if (word == "b") variant() = Variant::b;
  else if (word == "c") variant() = Variant::c;
  else if (word == "buffers") variant() = Variant::buffers;
  else if (word == "b-only") variant() = Variant::b_only;
  else return fail("no generation " + word);
  return kDone;
}

void reset() {
  variant() = Variant::a;
  for (Device* device : devices()) {
    device->set_present(true);
    device->capture.set_source({});
    device->capture.set_faults({});
    device->playout.set_faults({});
    device->playout.set_reference(abi::reference::kUnlocked);
    device->card_ppb = 0;
    device->settings.forget();
  }
}

void serve(int door) {
  for (;;) {
    const int peer = accept(door, nullptr, nullptr);
    if (peer < 0) return;
    std::string line;
    for (char c; read(peer, &c, 1) == 1;) {
      if (c != '\n') {
        line += c;
        continue;
      }
      const std::string answer = obey(line) + "\n";
      line.clear();
      for (size_t at = 0; at < answer.size();) {
        const ssize_t n = send(peer, answer.data() + at, answer.size() - at, MSG_NOSIGNAL);
        if (n <= 0) break;
        at += static_cast<size_t>(n);
      }
    }
    close(peer);
  }
}

__attribute__((constructor)) void begin() {
  std::istringstream commands(std::getenv("STANDIN_BEGIN") ? std::getenv("STANDIN_BEGIN") : "");
  for (std::string one; std::getline(commands, one, ';');)
    if (const std::string answer = obey(one); answer.starts_with("error"))
      broken(answer.c_str(), "STANDIN_BEGIN");
  const char* path = std::getenv("STANDIN_SOCKET");
  if (!path) return;
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (std::strlen(path) >= sizeof(name.sun_path)) broken("path too long", "STANDIN_SOCKET");
  std::strcpy(name.sun_path, path);
  unlink(path);
  const int door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (door < 0 || bind(door, reinterpret_cast<sockaddr*>(&name), sizeof(name)) != 0 ||
      listen(door, 4) != 0)
    broken("cannot listen", path);
  std::thread(serve, door).detach();
}

}  // namespace

std::string obey(const std::string& command) {
  std::istringstream in(command);
  std::string word;
  in >> word;
  if (word == "objects") return Census::get().json();
  if (word == "reset") {
    reset();
    return kDone;
  }
  if (word == "generation") {
    in >> word;
    return set_variant(word);
  }
  size_t number = 0;
  if (!(in >> number) || number >= devices().size()) return fail("which device? " + command);
  return for_device(*devices()[number], word, in);
}

}  // namespace standin
