// SPDX-License-Identifier: Apache-2.0
// Objects that travel with a frame: timecode, ancillary packets, the captured frame itself,
// its sound, and the frame that a client fills for playout.
#pragma once
#include <vector>

#include "modes.hpp"
#include "newer.hpp"
#include "oscillator.hpp"

namespace standin {

struct Digits {
  uint8_t hours = 0, minutes = 0, seconds = 0, frames = 0;
};
inline Digits digits_of(uint64_t n, const Mode& mode) {
  const auto rate = static_cast<uint64_t>((mode.scale + mode.duration / 2) / mode.duration);
  const uint64_t s = n / rate;
  return {static_cast<uint8_t>(s / 3600 % 24), static_cast<uint8_t>(s / 60 % 60),
          static_cast<uint8_t>(s % 60), static_cast<uint8_t>(n % rate)};
}

class TimecodeObject final : public Counted<abi::Timecode> {
  Digits d_;

 public:
  explicit TimecodeObject(Digits d) : Counted("Timecode"), d_(d) {}
  Code GetBCD() override {
    auto two = [](uint8_t v) { return static_cast<Code>(v / 10 << 4 | v % 10); };
    return two(d_.hours) << 24 | two(d_.minutes) << 16 | two(d_.seconds) << 8 | two(d_.frames);
  }
  Result GetComponents(uint8_t* h, uint8_t* m, uint8_t* s, uint8_t* f) override {
    *h = d_.hours, *m = d_.minutes, *s = d_.seconds, *f = d_.frames;
    return abi::kOk;
  }
  Result GetString(char** out) override {
    char text[16];
    std::snprintf(text, sizeof(text), "%02u:%02u:%02u:%02u", d_.hours, d_.minutes, d_.seconds,
                  d_.frames);
    return text_out(text, out);
  }
  Code GetFlags() override { return 0; }
  Result GetTimecodeUserBits(Code* bits) override {
    *bits = 0;
    return abi::kOk;
  }
};

class PacketObject final : public Counted<abi::AncillaryPacket> {
  uint8_t did_, sdid_;
  uint32_t line_;
  std::vector<uint8_t> bytes_;
  std::vector<uint16_t> words_;

 public:
  PacketObject(uint8_t did, uint8_t sdid, uint32_t line, std::vector<uint8_t> bytes)
      : Counted("AncillaryPacket"), did_(did), sdid_(sdid), line_(line), bytes_(std::move(bytes)) {
    for (const uint8_t b : bytes_) {  // parity on bit 8, its opposite on bit 9
      const auto odd = static_cast<uint16_t>(__builtin_parity(b));
      words_.push_back(static_cast<uint16_t>(b | odd << 8 | (odd ^ 1) << 9));
    }
  }
  Result GetBytes(Code format, const void** data, uint32_t* size) override {
    if (format == abi::ancillary::kUint8) *data = bytes_.data();
    else if (format == abi::ancillary::kUint16) *data = words_.data();
    else return abi::kInvalidArgument;
    *size = static_cast<uint32_t>(bytes_.size());
    return abi::kOk;
  }
  uint8_t GetDID() override { return did_; }
  uint8_t GetSDID() override { return sdid_; }
  uint32_t GetLineNumber() override { return line_; }
  uint8_t GetDataStreamIndex() override { return 0; }
};

using Packets = std::vector<Held<abi::AncillaryPacket>>;

class PacketIterator final : public Counted<abi::AncillaryPacketIterator> {
  Packets packets_;
  size_t next_ = 0;
  void gone() override { packets_.clear(); }

 public:
  explicit PacketIterator(Packets packets)
      : Counted("AncillaryPacketIterator"), packets_(std::move(packets)) {}
  Result Next(abi::AncillaryPacket** out) override {
    *out = next_ < packets_.size() ? packets_[next_++].get() : nullptr;
    if (!*out) return abi::kFalse;
    (*out)->AddRef();
    return abi::kOk;
  }
};

class PacketsObject final : public Counted<abi::VideoFrameAncillaryPackets> {
  std::mutex mutex_;
  Packets packets_;
  void gone() override { packets_.clear(); }

 public:
  PacketsObject() : Counted("VideoFrameAncillaryPackets") {}
  Packets all() {
    const std::lock_guard lock(mutex_);
    return packets_;
  }
  Result GetPacketIterator(abi::AncillaryPacketIterator** out) override {
    *out = new PacketIterator(all());
    return abi::kOk;
  }
  Result GetFirstPacketByID(uint8_t did, uint8_t sdid, abi::AncillaryPacket** out) override {
    for (const auto& packet : all())
      if (packet->GetDID() == did && packet->GetSDID() == sdid) {
        *out = packet.get();
        (*out)->AddRef();
        return abi::kOk;
      }
    *out = nullptr;
    return abi::kFalse;
  }
  Result AttachPacket(abi::AncillaryPacket* packet) override {
    const std::lock_guard lock(mutex_);
    packets_.emplace_back(packet);
    return abi::kOk;
  }
  Result DetachPacket(abi::AncillaryPacket* packet) override {
    const std::lock_guard lock(mutex_);
    const auto n = std::erase_if(packets_, [&](const auto& p) { return p.get() == packet; });
    return n ? abi::kOk : abi::kInvalidArgument;
  }
  Result DetachAllPackets() override {
    const std::lock_guard lock(mutex_);
    packets_.clear();
    return abi::kOk;
  }
};

// What captured frames and frames for playout have in common.
template <class Interface>
class FrameBase : public Counted<Interface> {
 protected:
  int32_t width_, height_, row_;
  Code pixels_, flags_;
  void* bytes_ = nullptr;
  Digits timecode_;
  bool has_timecode_ = false;
  PacketsObject* packets_ = new PacketsObject;
  Held<abi::MemoryAllocator> allocator_;
  BufferB buffer_b_;
  BufferC buffer_c_;

  FrameBase(const char* name, int32_t width, int32_t height, int32_t row, Code pixels, Code flags,
            Held<abi::MemoryAllocator> allocator)
      : Counted<Interface>(name), width_(width), height_(height), row_(row), pixels_(pixels),
        flags_(flags), allocator_(std::move(allocator)), buffer_b_(this, &bytes_),
        buffer_c_(this, &bytes_, static_cast<uint64_t>(row) * static_cast<uint64_t>(height)) {
    if (!allocator_)
      bytes_ = std::aligned_alloc(4096, (size() + 4095) / 4096 * 4096);
    else if (allocator_->AllocateBuffer(static_cast<uint32_t>(size()), &bytes_) != abi::kOk)
      bytes_ = nullptr;
  }
  ~FrameBase() = default;
  void gone() override {
    if (buffer_b_.open() || buffer_c_.open())
      broken("given back while its bytes are accessed", "VideoFrame");
    if (!allocator_)
      std::free(bytes_);
    else if (bytes_)
      allocator_->ReleaseBuffer(bytes_);
    bytes_ = nullptr;
    // Not = {}: Clang 14 then keeps the reference.
    allocator_ = Held<abi::MemoryAllocator>();
    packets_->Release();
  }
  void* ask(const Iid& id) override {
    if (id == abi::VideoFrame::kIid && answers_a()) return this;
    if (id == abi::VideoFrameAncillaryPackets::kIid) return packets_;
    if (id == abi::b::VideoBuffer::kIid && answers_b()) return &buffer_b_;
    if (id == abi::c::VideoBuffer::kIid && answers_c()) return &buffer_c_;
    return Counted<Interface>::ask(id);
  }

 public:
  size_t size() const { return static_cast<size_t>(row_) * static_cast<size_t>(height_); }
  uint8_t* bytes() const { return static_cast<uint8_t*>(bytes_); }
  PacketsObject* packets() const { return packets_; }
  long GetWidth() override { return width_; }
  long GetHeight() override { return height_; }
  long GetRowBytes() override { return row_; }
  Code GetPixelFormat() override { return pixels_; }
  Code GetFlags() override { return flags_; }
  Result GetBytes(void** out) override {
    if (!bytes_) broken("its picture was asked for after it was given back", "VideoFrame");
    *out = bytes_outright() ? bytes_ : nullptr;
    return *out ? abi::kOk : abi::kNotImplemented;
  }
  Result GetTimecode(Code, abi::Timecode** out) override {
    *out = has_timecode_ ? new TimecodeObject(timecode_) : nullptr;
    return has_timecode_ ? abi::kOk : abi::kFalse;
  }
  Result GetAncillaryData(abi::VideoFrameAncillary** out) override {
    *out = nullptr;  // the older way to ancillary lines is not pretended
    return abi::kNotImplemented;
  }
};

class CapturedFrame final : public FrameBase<abi::VideoInputFrame> {
  const Mode& mode_;
  int64_t index_;
  Time due_;
  FrameB face_b_{this};
  std::atomic<long>* held_;
  Time in_stream(int64_t frames, Scale scale) const {
    return static_cast<Time>(static_cast<__int128>(frames) * mode_.duration * scale / mode_.scale);
  }
  void gone() override {
    FrameBase::gone();
    held_->fetch_sub(1);
  }
  void* ask(const Iid& id) override {
    if (id == abi::VideoInputFrame::kIid && !answers_a()) return nullptr;
    if (id == abi::b::VideoInputFrame::kIid && answers_b()) return &face_b_;
    return FrameBase::ask(id);
  }

 public:
  // index: since the stream began; due: the card's clock when the last line was in, ns.
  CapturedFrame(const Mode& mode, Code pixels, Code flags, int64_t index, Time due,
                Held<abi::MemoryAllocator> allocator, std::atomic<long>* held)
      : FrameBase("VideoInputFrame", mode.width, mode.height, row_bytes(pixels, mode.width), pixels,
                  flags, std::move(allocator)),
        mode_(mode), index_(index), due_(due), held_(held) {
    held_->fetch_add(1);
  }
  void set_timecode(Digits d) {
    timecode_ = d;
    has_timecode_ = true;
  }
  Result GetStreamTime(Time* time, Time* duration, Scale scale) override {
    *time = in_stream(index_, scale);
    *duration = in_stream(1, scale);
    return abi::kOk;
  }
  Result GetHardwareReferenceTimestamp(Scale scale, Time* time, Time* duration) override {
    *time = in_scale(due_, scale);
    *duration = in_stream(1, scale);
    return abi::kOk;
  }
};

class SoundPacket final : public Counted<abi::AudioInputPacket> {
  std::vector<uint8_t> bytes_;
  uint32_t samples_;
  int64_t first_;
  void gone() override { std::vector<uint8_t>().swap(bytes_); }

 public:
  SoundPacket(std::vector<uint8_t> bytes, uint32_t samples, int64_t first)
      : Counted("AudioInputPacket"), bytes_(std::move(bytes)), samples_(samples), first_(first) {}
  long GetSampleFrameCount() override { return samples_; }
  Result GetBytes(void** out) override {
    *out = bytes_.data();
    return abi::kOk;
  }
  Result GetPacketTime(Time* time, Scale scale) override {
    *time = static_cast<Time>(static_cast<__int128>(first_) * scale / abi::audio::kRate48k);
    return abi::kOk;
  }
};

class PlayoutFrame final : public FrameBase<abi::MutableVideoFrame> {
 public:
  std::atomic<Time> completed{-1};  // the output's clock, ns
  PlayoutFrame(int32_t width, int32_t height, int32_t row, Code pixels, Code flags,
               Held<abi::MemoryAllocator> allocator)
      : FrameBase("MutableVideoFrame", width, height, row, pixels, flags, std::move(allocator)) {}
  Result SetFlags(Code flags) override {
    flags_ = flags;
    return abi::kOk;
  }
  Result SetTimecode(Code, abi::Timecode* from) override {
    has_timecode_ = from != nullptr;
    return from ? from->GetComponents(&timecode_.hours, &timecode_.minutes, &timecode_.seconds,
                                      &timecode_.frames)
                : abi::kOk;
  }
  Result SetTimecodeFromComponents(Code, uint8_t h, uint8_t m, uint8_t s, uint8_t f,
                                   Code) override {
    timecode_ = {h, m, s, f};
    has_timecode_ = true;
    return abi::kOk;
  }
  Result SetAncillaryData(abi::VideoFrameAncillary*) override { return abi::kNotImplemented; }
  Result SetTimecodeUserBits(Code, Code) override { return abi::kOk; }
};

}  // namespace standin
