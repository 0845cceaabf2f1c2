// SPDX-License-Identifier: Apache-2.0
// Codes of the DeckLink interfaces. Four characters are packed with the first on top.
// (memory) marks what no run and no header has confirmed.
#pragma once

#include <cstdint>

namespace rtvbox::decklink::abi {

consteval std::uint32_t code(const char (&text)[5]) {
    std::uint32_t out = 0;
    for (int i = 0; i < 4; ++i) {
        out = out << 8 | static_cast<std::uint8_t>(text[i]);
    }
    return out;
}

consteval std::int32_t failure(std::uint32_t low) {
    return static_cast<std::int32_t>(0x80000000u | low);
}

// Results. They are not those of Windows.
inline constexpr std::int32_t kOk = 0;
inline constexpr std::int32_t kFalse = 1;
inline constexpr std::int32_t kUnexpected = failure(0xffff);
inline constexpr std::int32_t kNotImplemented = failure(1);
inline constexpr std::int32_t kOutOfMemory = failure(2);
inline constexpr std::int32_t kInvalidArgument = failure(3);
inline constexpr std::int32_t kNoInterface = failure(4);
inline constexpr std::int32_t kPointer = failure(5);
inline constexpr std::int32_t kHandle = failure(6);
inline constexpr std::int32_t kAbort = failure(7);
inline constexpr std::int32_t kFail = failure(8);
inline constexpr std::int32_t kAccessDenied = failure(9);

namespace pixels {
inline constexpr std::uint32_t k2vuy = code("2vuy");  // 8 bits, Cb Y Cr Y
inline constexpr std::uint32_t kV210 = code("v210");  // 10 bits, rows of ceil(width / 48) * 128
inline constexpr std::uint32_t kArgb = 32;
inline constexpr std::uint32_t kBgra = code("BGRA");
inline constexpr std::uint32_t kR210 = code("r210");
inline constexpr std::uint32_t kR10l = code("R10l");
inline constexpr std::uint32_t kR10b = code("R10b");
inline constexpr std::uint32_t kR12l = code("R12L");
inline constexpr std::uint32_t kR12b = code("R12B");
inline constexpr std::uint32_t kAy10 = code("Ay10");
}  // namespace pixels

namespace field {
inline constexpr std::uint32_t kUnknown = 0;
inline constexpr std::uint32_t kProgressive = code("prog");
inline constexpr std::uint32_t kUpperFirst = code("uppr");  // (memory)
inline constexpr std::uint32_t kLowerFirst = code("lowr");  // (memory)
inline constexpr std::uint32_t kSegmented = code("psf ");   // (memory)
}  // namespace field

namespace mode_flag {  // (memory)
inline constexpr std::uint32_t kRec601 = 1u << 1;
inline constexpr std::uint32_t kRec709 = 1u << 2;
inline constexpr std::uint32_t kRec2020 = 1u << 3;
}  // namespace mode_flag

namespace frame_flag {
inline constexpr std::uint32_t kNoInputSource = 1u << 31;
inline constexpr std::uint32_t kCapturedAsSegmented = 1u << 30;
}  // namespace frame_flag

namespace input_flag {
inline constexpr std::uint32_t kFormatDetection = 1;
inline constexpr std::uint32_t kSyncToGroup = 4;
}  // namespace input_flag

namespace output_flag {  // (memory)
inline constexpr std::uint32_t kVanc = 1;
inline constexpr std::uint32_t kVitc = 2;
inline constexpr std::uint32_t kRp188 = 4;
}  // namespace output_flag

namespace changed {
inline constexpr std::uint32_t kMode = 1;
inline constexpr std::uint32_t kFieldDominance = 2;
inline constexpr std::uint32_t kColourSpace = 4;
}  // namespace changed

namespace detected {
inline constexpr std::uint32_t kYCbCr422 = 1;
inline constexpr std::uint32_t kRgb444 = 2;
inline constexpr std::uint32_t kDualStream = 4;
inline constexpr std::uint32_t k12Bit = 8;
inline constexpr std::uint32_t k10Bit = 16;
inline constexpr std::uint32_t k8Bit = 32;
}  // namespace detected

namespace completion {
inline constexpr std::uint32_t kCompleted = 0;
inline constexpr std::uint32_t kDisplayedLate = 1;
inline constexpr std::uint32_t kDropped = 2;
inline constexpr std::uint32_t kFlushed = 3;
}  // namespace completion

namespace reference {
inline constexpr std::uint32_t kUnlocked = 0;
inline constexpr std::uint32_t kNotSupported = 1;
inline constexpr std::uint32_t kLocked = 2;
}  // namespace reference

namespace audio {
inline constexpr std::uint32_t kRate48k = 48000;
inline constexpr std::uint32_t k16Bit = 16;
inline constexpr std::uint32_t k32Bit = 32;
inline constexpr std::uint32_t kContinuous = 0;   // (memory)
inline constexpr std::uint32_t kTimestamped = 2;  // (memory)
}  // namespace audio

namespace timecode {  // (memory)
inline constexpr std::uint32_t kRp188Vitc1 = code("rpv1");
inline constexpr std::uint32_t kRp188Vitc2 = code("rp12");
inline constexpr std::uint32_t kRp188Ltc = code("rplt");
inline constexpr std::uint32_t kRp188HighFrameRate = code("rphr");
inline constexpr std::uint32_t kRp188Any = code("rp18");
inline constexpr std::uint32_t kVitc = code("vitc");
inline constexpr std::uint32_t kVitcField2 = code("vit2");
inline constexpr std::uint32_t kDropFrame = 1;
}  // namespace timecode

namespace ancillary {  // (memory)
inline constexpr std::uint32_t kUint8 = code("ui08");
inline constexpr std::uint32_t kUint16 = code("ui16");
}  // namespace ancillary

namespace connection {
inline constexpr std::uint32_t kUnspecified = 0;
inline constexpr std::uint32_t kSdi = 1;
inline constexpr std::uint32_t kHdmi = 2;
}  // namespace connection

namespace information {
inline constexpr std::uint32_t kVersion = code("vers");  // integer 0xMMmmpp00, and a string
}  // namespace information

namespace attribute {
inline constexpr std::uint32_t kPersistentId = code("peid");  // the stable key
inline constexpr std::uint32_t kDeviceHandle = code("devh");
inline constexpr std::uint32_t kTopologicalId = code("toid");
inline constexpr std::uint32_t kDeviceGroup = code("dgid");
inline constexpr std::uint32_t kSubDeviceIndex = code("subi");
inline constexpr std::uint32_t kSubDeviceCount = code("nsbd");
inline constexpr std::uint32_t kVideoIo = code("vios");  // 1 capture, 2 playback
inline constexpr std::uint32_t kDuplex = code("dupx");
inline constexpr std::uint32_t kInputFormatDetection = code("infd");
inline constexpr std::uint32_t kMinimumPreroll = code("mprf");
inline constexpr std::uint32_t kClockTimingAdjustment = code("ctad");
inline constexpr std::uint32_t kReferenceInput = code("hrin");
inline constexpr std::uint32_t kInternalKeying = code("keyi");
inline constexpr std::uint32_t kExternalKeying = code("keye");
inline constexpr std::uint32_t kMaximumAudioChannels = code("mach");
inline constexpr std::uint32_t kInputConnections = code("vicn");
inline constexpr std::uint32_t kOutputConnections = code("vocn");
inline constexpr std::uint32_t kSerialPortName = code("slpn");
}  // namespace attribute

namespace video_io {
inline constexpr std::int64_t kCapture = 1;
inline constexpr std::int64_t kPlayback = 2;
}  // namespace video_io

namespace duplex {
inline constexpr std::uint32_t kFull = code("dxfu");
inline constexpr std::uint32_t kHalf = code("dxha");
inline constexpr std::uint32_t kSimplex = code("dxsp");
inline constexpr std::uint32_t kInactive = code("dxin");  // answers nothing useful: skip it
}  // namespace duplex

namespace status {
inline constexpr std::uint32_t kInputSignalLocked = code("visl");
inline constexpr std::uint32_t kReferenceLocked = code("refl");
inline constexpr std::uint32_t kReferenceMode = code("refm");
inline constexpr std::uint32_t kDetectedInputMode = code("dvim");
inline constexpr std::uint32_t kCurrentInputMode = code("cvim");
inline constexpr std::uint32_t kCurrentOutputMode = code("cvom");
inline constexpr std::uint32_t kDetectedFormatFlags = code("dvff");
inline constexpr std::uint32_t kDetectedColourSpace = code("dscl");
inline constexpr std::uint32_t kDetectedDynamicRange = code("dsdr");
inline constexpr std::uint32_t kBusy = code("busy");  // 1 capture, 2 playback, 4 serial
inline constexpr std::uint32_t kPcieWidth = code("pwid");
inline constexpr std::uint32_t kPcieSpeed = code("plnk");
inline constexpr std::uint32_t kEdid = code("edid");
}  // namespace status

namespace configuration {
inline constexpr std::uint32_t kLowLatencyOutput = code("llvo");
inline constexpr std::uint32_t kClockTimingAdjustment = code("ctad");  // -127 ... +127 ppm
inline constexpr std::int64_t kClockTimingLimit = 127;
inline constexpr std::uint32_t kReferenceOffset = code("glot");
inline constexpr std::uint32_t kCapturePassThrough = code("cptm");
inline constexpr std::uint32_t kIdleOutput = code("voio");
inline constexpr std::uint32_t kIdleBlack = code("blac");
inline constexpr std::uint32_t kIdleLastFrame = code("lafa");
inline constexpr std::uint32_t kOutputSegmented = code("pfpr");
inline constexpr std::uint32_t kCaptureSegmented = code("cfpr");
inline constexpr std::uint32_t kLevelA = code("smta");
inline constexpr std::uint32_t kLinkConfiguration = code("solc");
inline constexpr std::uint32_t kInputConnection = code("vicn");
inline constexpr std::uint32_t kOutputConnection = code("vocn");
inline constexpr std::uint32_t kSerialNumber = code("disn");
}  // namespace configuration

namespace topic {
inline constexpr std::uint32_t kPreferencesChanged = code("pref");
inline constexpr std::uint32_t kStatusChanged = code("stat");  // first parameter: which status
}  // namespace topic

}  // namespace rtvbox::decklink::abi
