// SPDX-License-Identifier: Apache-2.0
// An AJA card that is its registers and its driver's answers, in this process: libajantv2 believes
// that it is somewhere else and asks it for everything. No transfer hardware, no interrupts but the
// test's own. Only where libajantv2 is.
#pragma once
#include <ntv2card.h>
#include <ntv2nubaccess.h>
#include <ntv2utils.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>

#include "check.hpp"
#include "rtvbox/clock.hpp"

namespace model {

struct Slot {
  uint8_t value = 0;
  uint32_t word = 0, number = 0;
  int64_t stamp = 0;  // 100 ns
};

struct Channel {  // one AutoCirculate channel, as the driver keeps it
  NTV2AutoCirculateState state = NTV2_AUTOCIRCULATE_DISABLED;
  bool input = false;
  int first = 0, last = 0, audio = 0;
  uint32_t next = 0, dropped = 0, processed = 0;
  std::deque<Slot> ring;
  std::map<uint32_t, int64_t> stamps;
};

class Registers {
 public:
  explicit Registers(NTV2DeviceID id, const char *serial) {
    registers_[kRegBoardID] = id;
    std::memcpy(&registers_[kRegReserved54], serial, 4);
    std::memcpy(&registers_[kRegReserved55], serial + 4, 4);
    // Frames of 8 MB, as cards wake up; else what somebody left who wanted none of what we want.
    write(kRegCh1Control, NTV2_FRAMESIZE_8MB, kK2RegMaskFrameSize, kK2RegShiftFrameSize);
    for (const ULWord channel : {kRegCh1Control, kRegCh3Control}) {
      write(channel, 1, kRegMaskChannelDisable, kRegShiftChannelDisable);
      write(channel, NTV2_FBF_ARGB, kRegMaskFrameFormat, kRegShiftFrameFormat);
    }
  }
  std::atomic<bool> gone{false};
  std::atomic<int> locks{0};

  // The operating system's clock as the Linux driver reads it: UTC.
  static int64_t clock() { return rtv::now_ns(CLOCK_REALTIME) / 100; }

  bool read(ULWord number, ULWord &value, ULWord mask, ULWord shift) {
    if (gone) return false;
    std::lock_guard hold(mutex_);
    value = (registers_[number] & mask) >> shift;
    return true;
  }
  bool write(ULWord number, ULWord value, ULWord mask = 0xFFFFFFFF, ULWord shift = 0) {
    if (gone) return false;
    std::lock_guard hold(mutex_);
    ULWord &r = registers_[number];
    switch (number) {  // what the driver does not take as it comes
      case kVRegApplicationPID:
      case kVRegApplicationCode:
        if (registers_[kVRegApplicationPID] == 0) r = value;
        return true;
      case kVRegReleaseApplication:
        if (registers_[kVRegApplicationPID] == value)
          registers_[kVRegApplicationPID] = registers_[kVRegApplicationCode] = 0;
        return true;
      case kVRegAcquireLinuxReferenceCount:
        r = value ? r + 1 : 0;
        return true;
      case kVRegReleaseLinuxReferenceCount:
        if (registers_[kVRegAcquireLinuxReferenceCount]) --registers_[kVRegAcquireLinuxReferenceCount];
        return true;
      default:
        r = (r & ~mask) | (value << shift & mask);
        return true;
    }
  }
  ULWord get(ULWord number, ULWord mask = 0xFFFFFFFF, ULWord shift = 0) {
    std::lock_guard hold(mutex_);
    return (registers_[number] & mask) >> shift;
  }
  void own(ULWord process) {
    std::lock_guard hold(mutex_);
    registers_[kVRegApplicationPID] = process;
  }

  // At the reference connector: 1080i at 25 frames a second.
  void reference() {
    write(kRegInputStatus, NTV2_FRAMERATE_2500, kRegMaskReferenceFrameRate,
          kRegShiftReferenceFrameRate);
    write(kRegInputStatus, NTV2_SG_1125, kRegMaskReferenceFrameLines,
          kRegShiftReferenceFrameLines);
  }
  // SDI input 1. payload: octet 1 in the high bits; 0 none.
  void signal(NTV2FrameRate rate, NTV2ScanGeometry geometry, bool progressive, bool fast,
              ULWord payload = 0) {
    const ULWord r = static_cast<ULWord>(rate), g = static_cast<ULWord>(geometry);
    write(kRegInputStatus, r & 7, kRegMaskInput1FrameRate, kRegShiftInput1FrameRate);
    write(kRegInputStatus, r >> 3, kRegMaskInput1FrameRateHigh, kRegShiftInput1FrameRateHigh);
    write(kRegInputStatus, g & 7, kRegMaskInput1Geometry, kRegShiftInput1Geometry);
    write(kRegInputStatus, g >> 3, kRegMaskInput1GeometryHigh, kRegShiftInput1GeometryHigh);
    write(kRegInputStatus, progressive, kRegMaskInput1Progressive, kRegShiftInput1Progressive);
    write(kRegSDIInput3GStatus, fast, kRegMaskSDIIn3GbpsMode, 0);
    write(kRegSDIInput3GStatus, payload ? kRegMaskSDIInVPIDLinkAValid : 0,
          kRegMaskSDIInVPIDLinkAValid, 0);
    write(kRegSDIIn1VPIDA, __builtin_bswap32(payload));
    write(kRegRXSDI1Status, rate != NTV2_FRAMERATE_UNKNOWN ? kRegMaskSDIInLocked : 0,
          kRegMaskSDIInLocked, 0);
  }
  void no_signal() { signal(NTV2_FRAMERATE_UNKNOWN, NTV2_SG_UNKNOWN, false, false); }

  Channel channel(NTV2Channel c) {
    std::lock_guard hold(mutex_);
    return channels_[c];
  }
  // The end of a raster whose recording began so long ago.
  void record(NTV2Channel c, uint8_t value, int64_t age_ns) {
    {
      std::lock_guard hold(mutex_);
      Channel &ch = channels_[c];
      if (ch.state != NTV2_AUTOCIRCULATE_RUNNING) return;
      if (static_cast<int>(ch.ring.size()) > ch.last - ch.first - 1)
        ++ch.dropped;
      else
        ch.ring.push_back({value, 0, slot(ch), clock() - age_ns / 100});
    }
    changed_.notify_all();
  }
  // The beginning of a raster that is sent; its first word, or 0: the frame before again.
  uint32_t vertical(NTV2Channel c) {
    std::lock_guard hold(mutex_);
    Channel &ch = channels_[c];
    CHECK(ch.state == NTV2_AUTOCIRCULATE_RUNNING && !ch.input);
    if (ch.ring.empty()) return ++ch.dropped, 0;
    const Slot s = ch.ring.front();
    ch.ring.pop_front();
    ch.stamps[s.number] = clock();
    return s.word;
  }

  bool circulate(AUTOCIRCULATE_DATA &data) {
    if (gone) return false;
    std::lock_guard hold(mutex_);
    Channel &ch = channels_[NTV2CrosspointToNTV2Channel(data.channelSpec)];
    switch (data.eCommand) {
      case eInitAutoCirc:
        CHECK(ch.state == NTV2_AUTOCIRCULATE_DISABLED);
        ch = Channel{};
        ch.state = NTV2_AUTOCIRCULATE_INIT;
        ch.input = NTV2_IS_INPUT_CROSSPOINT(data.channelSpec);
        ch.first = data.lVal1, ch.last = data.lVal2, ch.audio = data.lVal3;
        return true;
      case eStartAutoCirc:
        if (ch.state != NTV2_AUTOCIRCULATE_INIT) return false;
        ch.state = NTV2_AUTOCIRCULATE_RUNNING;
        return true;
      case eStopAutoCirc:
      case eAbortAutoCirc:
        ch.state = NTV2_AUTOCIRCULATE_DISABLED;
        ch.ring.clear();
        return true;
      default:
        return false;
    }
  }
  bool message(NTV2_HEADER *header) {
    if (gone) return false;
    std::lock_guard hold(mutex_);
    switch (header->GetType()) {
      case NTV2_TYPE_ACSTATUS:
        return status(*reinterpret_cast<AUTOCIRCULATE_STATUS *>(header));
      case NTV2_TYPE_ACXFER:
        return transfer(*reinterpret_cast<AUTOCIRCULATE_TRANSFER *>(header));
      case NTV2_TYPE_ACFRAMESTAMP:
        return stamp(*reinterpret_cast<FRAME_STAMP *>(header));
      case NTV2_TYPE_AJABUFFERLOCK:
        ++locks;
        return true;
      default:
        return false;
    }
  }
  bool wait(ULWord timeout_ms) {
    std::unique_lock hold(mutex_);
    const auto most = std::chrono::milliseconds(std::min<ULWord>(timeout_ms, 10));
    return changed_.wait_for(hold, most) == std::cv_status::no_timeout;
  }

 private:
  static uint32_t slot(Channel &ch) {
    const auto n = static_cast<uint32_t>(ch.last - ch.first + 1);
    return static_cast<uint32_t>(ch.first) + ch.next++ % n;
  }
  bool status(AUTOCIRCULATE_STATUS &s) {
    const Channel &ch = channels_[NTV2CrosspointToNTV2Channel(s.acCrosspoint)];
    s.acState = ch.state;
    s.acStartFrame = ch.first, s.acEndFrame = ch.last;
    s.acRDTSCCurrentTime = static_cast<ULWord64>(clock());
    s.acFramesDropped = ch.dropped;
    s.acBufferLevel = static_cast<ULWord>(ch.ring.size());
    s.acAudioSystem = static_cast<NTV2AudioSystem>(ch.audio);
    return true;
  }
  bool transfer(AUTOCIRCULATE_TRANSFER &x) {
    Channel &ch = channels_[NTV2CrosspointToNTV2Channel(x.acCrosspoint)];
    CHECK(ch.input == bool(NTV2_IS_INPUT_CROSSPOINT(x.acCrosspoint)));
    auto &done = x.acTransferStatus;
    done.acFrameStamp.acCurrentTime = clock();
    if (ch.input) {
      if (ch.ring.empty()) return false;
      const Slot s = ch.ring.front();
      ch.ring.pop_front();
      std::memset(x.acVideoBuffer.GetHostPointer(), s.value, x.acVideoBuffer.GetByteCount());
      done.acFrameStamp.acFrameTime = s.stamp;
      done.acTransferFrame = static_cast<LWord>(s.number);
      if (x.acAudioBuffer.GetByteCount()) {
        done.acAudioTransferSize = 960 * 16 * 4;
        CHECK(done.acAudioTransferSize <= x.acAudioBuffer.GetByteCount());
        std::memset(x.acAudioBuffer.GetHostPointer(), s.value, done.acAudioTransferSize);
      }
      return true;
    }
    if (static_cast<int>(ch.ring.size()) > ch.last - ch.first - 1) return false;
    Slot s{0, 0, slot(ch), 0};
    std::memcpy(&s.word, x.acVideoBuffer.GetHostPointer(), 4);
    done.acTransferFrame = static_cast<LWord>(s.number);
    ch.ring.push_back(s);
    return true;
  }
  bool stamp(FRAME_STAMP &s) {
    const Channel &ch = channels_[static_cast<NTV2Channel>(s.acFrameTime)];
    const auto found = ch.stamps.find(s.acRequestedFrame);
    s.acFrameTime = found == ch.stamps.end() ? 0 : found->second;
    return true;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<ULWord, ULWord> registers_;
  std::map<NTV2Channel, Channel> channels_;
};

class Link final : public NTV2RPCClientAPI {
 public:
  explicit Link(Registers &card) : NTV2RPCClientAPI(NTV2ConnectParams(), nullptr), card_(card) {}
  bool IsConnected() const override { return true; }
  bool NTV2Disconnect() override { return true; }
  bool NTV2ReadRegisterRemote(const ULWord n, ULWord &value, const ULWord mask,
                              const ULWord shift) override {
    return card_.read(n, value, mask, shift);
  }
  bool NTV2WriteRegisterRemote(const ULWord n, const ULWord value, const ULWord mask,
                               const ULWord shift) override {
    return card_.write(n, value, mask, shift);
  }
  bool NTV2AutoCirculateRemote(AUTOCIRCULATE_DATA &data) override { return card_.circulate(data); }
  bool NTV2WaitForInterruptRemote(const INTERRUPT_ENUMS, const ULWord timeout) override {
    return card_.wait(timeout);
  }
  bool NTV2MessageRemote(NTV2_HEADER *message) override { return card_.message(message); }
  bool NTV2GetBoolParamRemote(const ULWord, ULWord &) override { return false; }
  bool NTV2GetNumericParamRemote(const ULWord, ULWord &) override { return false; }
  bool NTV2GetSupportedRemote(const ULWord, ULWordSet &) override { return false; }

 private:
  Registers &card_;
};

class OpenModel final : public CNTV2Card {
 public:
  explicit OpenModel(Registers &card) {
    _pRPCAPI = new Link(card);
    _boardOpened = true;
    _boardID = static_cast<NTV2DeviceID>(card.get(kRegBoardID));
    FinishOpen();
  }
  ~OpenModel() override { Close(); }
};

}  // namespace model
