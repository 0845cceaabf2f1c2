// SPDX-License-Identifier: Apache-2.0
#include "library.hpp"

#include <dlfcn.h>

#include <cstdio>

namespace rtv::decklink {

namespace {
constexpr char kInstall[] = "no driver: install Desktop Video";
}

Library::Library(const std::string &name) {
  // Never closed: the vendor's threads may outlive every object of theirs that we know of.
  void *so = dlopen(name.c_str(), RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  if (!so) {
    const char *why = dlerror();
    const std::string said = why ? why : "";
    // A library that is there and does not load is another matter than one that is not there.
    if (said.find("No such file") != std::string::npos)
      throw Refusal(std::string(kInstall) + " (" + name + " is not there)");
    throw Refusal(std::string(kInstall) + " anew (" + said + ")");
  }
  make_iterator_ = reinterpret_cast<Make<abi::Iterator>>(
      dlsym(so, "CreateDeckLinkIteratorInstance_0004"));
  make_discovery_ = reinterpret_cast<Make<abi::Discovery>>(
      dlsym(so, "CreateDeckLinkDiscoveryInstance_0003"));
  const auto make_information = reinterpret_cast<Make<abi::ApiInformation>>(
      dlsym(so, "CreateDeckLinkAPIInformationInstance_0001"));
  if (!make_iterator_ || !make_information)
    throw Refusal(std::string(kInstall) + " 12.2 or newer (" + name + " is of another kind)");
  const auto information = Ref<abi::ApiInformation>::adopt(make_information());
  int64_t version = 0;
  if (!information || information->GetInt(abi::information::kVersion, &version) != abi::kOk)
    throw Refusal(std::string(kInstall) + " (its library is there, its driver does not answer)");
  version_ = static_cast<uint32_t>(version);
}

Ref<abi::Iterator> Library::iterator() const {
  return Ref<abi::Iterator>::adopt(make_iterator_());
}

Ref<abi::Discovery> Library::discovery() const {
  return Ref<abi::Discovery>::adopt(make_discovery_ ? make_discovery_() : nullptr);
}

std::string Library::version_text() const {
  char text[32];
  std::snprintf(text, sizeof text, "%u.%u.%u", version_ >> 24, version_ >> 16 & 0xff,
                version_ >> 8 & 0xff);
  return text;
}

}  // namespace rtv::decklink
