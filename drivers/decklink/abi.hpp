// SPDX-License-Identifier: Apache-2.0
// What the driver of a DeckLink card looks like in memory: the generation of interfaces that
// libDeckLinkAPI.so 12.2 to 14.2 speaks (A), and in abi_newer.hpp what 14.3 and 16.0 replaced.
//
// Written from interface facts (names, identifiers, order of methods, types of arguments), for
// interoperability. No header, sentence or code of the vendor is here, and none may come in.
//
// Verified (compiled against, disassembled, or run with independent programs):
//   - every identifier, slot and argument list below but those marked otherwise;
//   - identifiers are 16 bytes by value, in the order in which they are printed;
//   - the error codes; counts of references are 64 bits wide;
//   - a pair of destructor slots follows the methods of every interface except Unknown, Iterator,
//     NotificationCallback and AudioOutputCallback. Behind a leaf it is harmless; between
//     VideoFrame and what derives from it, it moves every method by two.
// Inferred: newer libraries still answer generation A, because newer headers still name it.
// From memory, confirmed by no run: VideoFrameAncillary (GStreamer's element calls it when asked
// for VANC), the codes marked so in constants.hpp.
//
// The structures are abstract C++: their tables follow the Itanium rules that the library was
// built with. Destructors are where the slots are; nothing is ever deleted through them.
// tests/native/test_decklink_abi.cpp asks the compiler where it has put each method.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "constants.hpp"

namespace rtvbox::decklink::abi {

using Result = std::int32_t;
using Count = unsigned long;  // of references
using Long = long;
using Time = std::int64_t;
using Scale = std::int64_t;
using Code = std::uint32_t;  // four characters, an enumeration or flags

struct Iid {
    std::array<std::uint8_t, 16> bytes;
    friend constexpr bool operator==(const Iid&, const Iid&) = default;
};
static_assert(sizeof(Iid) == 16 && alignof(Iid) == 1);
static_assert(sizeof(Count) == 8 && sizeof(Long) == 8 && sizeof(bool) == 1,
              "the facts below were checked on 64-bit Linux only");

// An identifier as it is printed: 8-4-4-4-12 hexadecimal digits.
consteval Iid iid(const char (&text)[37]) {
    Iid out{};
    std::size_t at = 0;
    for (std::size_t i = 0; i < 36; ++i) {
        const char c = text[i];
        if (c == '-') {
            continue;
        }
        const int value = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : throw "not a hexadecimal digit";
        out.bytes[at / 2] = static_cast<std::uint8_t>(out.bytes[at / 2] * 16 + value);
        ++at;
    }
    return at == 32 ? out : throw "not 32 digits";
}

struct Unknown {
    static constexpr Iid kIid = iid("00000000-0000-0000-C000-000000000046");
    virtual Result QueryInterface(Iid, void** out) = 0;  // 0
    virtual Count AddRef() = 0;                          // 1
    virtual Count Release() = 0;                         // 2
};

struct DisplayMode : Unknown {
    static constexpr Iid kIid = iid("3EB2C1AB-0A3D-4523-A3AD-F40D7FB14E78");
    virtual Result GetName(char** malloced) = 0;                  // 3
    virtual Code GetDisplayMode() = 0;                            // 4
    virtual Long GetWidth() = 0;                                  // 5
    virtual Long GetHeight() = 0;                                 // 6
    virtual Result GetFrameRate(Time* duration, Scale* scale) = 0;  // 7
    virtual Code GetFieldDominance() = 0;                         // 8
    virtual Code GetFlags() = 0;                                  // 9
  protected:
    virtual ~DisplayMode() = default;
};

struct DisplayModeIterator : Unknown {
    static constexpr Iid kIid = iid("9C88499F-F601-4021-B80B-032E4EB41C35");
    virtual Result Next(DisplayMode**) = 0;  // 3
  protected:
    virtual ~DisplayModeIterator() = default;
};

struct DeckLink : Unknown {
    static constexpr Iid kIid = iid("C418FBDD-0587-48ED-8FE5-640F0A14AF91");
    virtual Result GetModelName(char** malloced) = 0;    // 3
    virtual Result GetDisplayName(char** malloced) = 0;  // 4
  protected:
    virtual ~DeckLink() = default;
};

struct Iterator : Unknown {
    static constexpr Iid kIid = iid("50FB36CD-3063-4B73-BDBB-958087F2D8BA");
    virtual Result Next(DeckLink**) = 0;  // 3, S_FALSE behind the last
};

struct ApiInformation : Unknown {
    static constexpr Iid kIid = iid("7BEA3C68-730D-4322-AF34-8A7152B532A4");
    virtual Result GetFlag(Code, bool*) = 0;            // 3
    virtual Result GetInt(Code, std::int64_t*) = 0;     // 4
    virtual Result GetFloat(Code, double*) = 0;         // 5
    virtual Result GetString(Code, char** malloced) = 0;  // 6
  protected:
    virtual ~ApiInformation() = default;
};

struct DeviceNotificationCallback : Unknown {
    static constexpr Iid kIid = iid("4997053B-0ADF-4CC8-AC70-7A50C4BE728F");
    virtual Result DeckLinkDeviceArrived(DeckLink*) = 0;  // 3
    virtual Result DeckLinkDeviceRemoved(DeckLink*) = 0;  // 4
  protected:
    virtual ~DeviceNotificationCallback() = default;
};

struct Discovery : Unknown {
    static constexpr Iid kIid = iid("CDBF631C-BC76-45FA-B44D-C55059BC6101");
    // Tells the arrival of every present device first, then what changes.
    virtual Result InstallDeviceNotifications(DeviceNotificationCallback*) = 0;  // 3
    virtual Result UninstallDeviceNotifications() = 0;                           // 4
  protected:
    virtual ~Discovery() = default;
};

struct ProfileAttributes : Unknown {
    static constexpr Iid kIid = iid("17D4BF8E-4911-473A-80A0-731CF6FF345B");
    virtual Result GetFlag(Code, bool*) = 0;            // 3
    virtual Result GetInt(Code, std::int64_t*) = 0;     // 4
    virtual Result GetFloat(Code, double*) = 0;         // 5
    virtual Result GetString(Code, char** malloced) = 0;  // 6
  protected:
    virtual ~ProfileAttributes() = default;
};

struct Configuration : Unknown {
    static constexpr Iid kIid = iid("912F634B-2D4E-40A4-8AAB-8D80B73F1289");
    virtual Result SetFlag(Code, bool) = 0;               // 3
    virtual Result GetFlag(Code, bool*) = 0;              // 4
    virtual Result SetInt(Code, std::int64_t) = 0;        // 5
    virtual Result GetInt(Code, std::int64_t*) = 0;       // 6
    virtual Result SetFloat(Code, double) = 0;            // 7
    virtual Result GetFloat(Code, double*) = 0;           // 8
    virtual Result SetString(Code, const char*) = 0;      // 9
    virtual Result GetString(Code, char** malloced) = 0;  // 10
    virtual Result WriteConfigurationToPreferences() = 0;  // 11
  protected:
    virtual ~Configuration() = default;
};

struct Status : Unknown {
    static constexpr Iid kIid = iid("5F558200-4028-49BC-BEAC-DB3FA4A96E46");
    virtual Result GetFlag(Code, bool*) = 0;                            // 3
    virtual Result GetInt(Code, std::int64_t*) = 0;                     // 4
    virtual Result GetFloat(Code, double*) = 0;                         // 5
    virtual Result GetString(Code, char** malloced) = 0;                // 6
    virtual Result GetBytes(Code, void* to, std::uint32_t* size) = 0;   // 7
  protected:
    virtual ~Status() = default;
};

struct NotificationCallback : Unknown {
    static constexpr Iid kIid = iid("B002A1EC-070D-4288-8289-BD5D36E5FF0D");
    virtual Result Notify(Code topic, std::uint64_t param1, std::uint64_t param2) = 0;  // 3
};

struct Notification : Unknown {
    static constexpr Iid kIid = iid("B85DF4C8-BDF5-47C1-8064-28162EBDD4EB");
    virtual Result Subscribe(Code topic, NotificationCallback*) = 0;    // 3
    virtual Result Unsubscribe(Code topic, NotificationCallback*) = 0;  // 4
  protected:
    virtual ~Notification() = default;
};

struct Timecode : Unknown {
    static constexpr Iid kIid = iid("BC6CFBD3-8317-4325-AC1C-1216391E9340");
    virtual Code GetBCD() = 0;  // 3
    virtual Result GetComponents(std::uint8_t* hours, std::uint8_t* minutes,
                                 std::uint8_t* seconds, std::uint8_t* frames) = 0;  // 4
    virtual Result GetString(char** malloced) = 0;                                  // 5
    virtual Code GetFlags() = 0;                                                    // 6
    virtual Result GetTimecodeUserBits(Code*) = 0;                                  // 7
  protected:
    virtual ~Timecode() = default;
};

// The older way to ancillary lines, from memory.
struct VideoFrameAncillary : Unknown {
    static constexpr Iid kIid = iid("732E723C-D1A4-4E29-9E8E-4A88797A0004");
    virtual Result GetBufferForVerticalBlankingLine(std::uint32_t line, void** samples) = 0;  // 3
    virtual Code GetPixelFormat() = 0;                                                        // 4
    virtual Code GetDisplayMode() = 0;                                                        // 5
  protected:
    virtual ~VideoFrameAncillary() = default;
};

struct AncillaryPacket : Unknown {
    static constexpr Iid kIid = iid("CC5BBF7E-029C-4D3B-9158-6000EF5E3670");
    // format: kAncillaryUint8 or kAncillaryUint16 (words of ten bits with parity)
    virtual Result GetBytes(Code format, const void** data, std::uint32_t* words) = 0;  // 3
    virtual std::uint8_t GetDID() = 0;                                                  // 4
    virtual std::uint8_t GetSDID() = 0;                                                 // 5
    virtual std::uint32_t GetLineNumber() = 0;                                          // 6
    virtual std::uint8_t GetDataStreamIndex() = 0;                                      // 7
  protected:
    virtual ~AncillaryPacket() = default;
};

struct AncillaryPacketIterator : Unknown {
    static constexpr Iid kIid = iid("3FC8994B-88FB-4C17-968F-9AAB69D964A7");
    virtual Result Next(AncillaryPacket**) = 0;  // 3
  protected:
    virtual ~AncillaryPacketIterator() = default;
};

struct VideoFrameAncillaryPackets : Unknown {
    static constexpr Iid kIid = iid("6C186C0F-459E-41D8-AEE2-4812D81AEE68");
    virtual Result GetPacketIterator(AncillaryPacketIterator**) = 0;  // 3
    virtual Result GetFirstPacketByID(std::uint8_t did, std::uint8_t sdid,
                                      AncillaryPacket**) = 0;         // 4
    virtual Result AttachPacket(AncillaryPacket*) = 0;                // 5
    virtual Result DetachPacket(AncillaryPacket*) = 0;                // 6
    virtual Result DetachAllPackets() = 0;                            // 7
  protected:
    virtual ~VideoFrameAncillaryPackets() = default;
};

struct VideoFrame : Unknown {
    static constexpr Iid kIid = iid("3F716FE0-F023-4111-BE5D-EF4414C05B17");
    virtual Long GetWidth() = 0;                                // 3
    virtual Long GetHeight() = 0;                               // 4
    virtual Long GetRowBytes() = 0;                             // 5
    virtual Code GetPixelFormat() = 0;                          // 6
    virtual Code GetFlags() = 0;                                // 7
    virtual Result GetBytes(void**) = 0;                        // 8
    virtual Result GetTimecode(Code format, Timecode**) = 0;    // 9
    virtual Result GetAncillaryData(VideoFrameAncillary**) = 0;  // 10
  protected:
    virtual ~VideoFrame() = default;  // 11, 12
};

struct VideoInputFrame : VideoFrame {
    static constexpr Iid kIid = iid("05CFE374-537C-4094-9A57-680525118F44");
    virtual Result GetStreamTime(Time*, Time* duration, Scale) = 0;                  // 13
    virtual Result GetHardwareReferenceTimestamp(Scale, Time*, Time* duration) = 0;  // 14
  protected:
    virtual ~VideoInputFrame() = default;
};

struct MutableVideoFrame : VideoFrame {
    static constexpr Iid kIid = iid("69E2639F-40DA-4E19-B6F2-20ACE815C390");
    virtual Result SetFlags(Code) = 0;                          // 13
    virtual Result SetTimecode(Code format, Timecode*) = 0;     // 14
    virtual Result SetTimecodeFromComponents(Code format, std::uint8_t hours, std::uint8_t minutes,
                                             std::uint8_t seconds, std::uint8_t frames,
                                             Code flags) = 0;        // 15
    virtual Result SetAncillaryData(VideoFrameAncillary*) = 0;       // 16
    virtual Result SetTimecodeUserBits(Code format, Code bits) = 0;  // 17
  protected:
    virtual ~MutableVideoFrame() = default;
};

struct AudioInputPacket : Unknown {
    static constexpr Iid kIid = iid("E43D5870-2894-11DE-8C30-0800200C9A66");
    virtual Long GetSampleFrameCount() = 0;         // 3
    virtual Result GetBytes(void**) = 0;            // 4
    virtual Result GetPacketTime(Time*, Scale) = 0;  // 5
  protected:
    virtual ~AudioInputPacket() = default;
};

struct InputCallback : Unknown {
    static constexpr Iid kIid = iid("C6FCE4C9-C4E4-4047-82FB-5D238232A902");
    virtual Result VideoInputFormatChanged(Code events, DisplayMode*, Code detected) = 0;  // 3
    virtual Result VideoInputFrameArrived(VideoInputFrame*, AudioInputPacket*) = 0;        // 4
  protected:
    virtual ~InputCallback() = default;
};

// We may offer this one: the card then writes into our memory.
struct MemoryAllocator : Unknown {
    static constexpr Iid kIid = iid("B36EB6E7-9D29-4AA8-92EF-843B87A289E8");
    virtual Result AllocateBuffer(std::uint32_t size, void** buffer) = 0;  // 3
    virtual Result ReleaseBuffer(void* buffer) = 0;                        // 4
    virtual Result Commit() = 0;                                           // 5
    virtual Result Decommit() = 0;                                         // 6
  protected:
    virtual ~MemoryAllocator() = default;
};

struct Input : Unknown {
    static constexpr Iid kIid = iid("C21CDB6E-F414-46E4-A636-80A566E0ED37");
    virtual Result DoesSupportVideoMode(Code connection, Code mode, Code pixels, Code conversion,
                                        Code flags, Code* actual, bool* supported) = 0;  // 3
    virtual Result GetDisplayMode(Code mode, DisplayMode**) = 0;                         // 4
    virtual Result GetDisplayModeIterator(DisplayModeIterator**) = 0;                    // 5
    virtual Result SetScreenPreviewCallback(Unknown*) = 0;                               // 6
    virtual Result EnableVideoInput(Code mode, Code pixels, Code flags) = 0;             // 7
    virtual Result DisableVideoInput() = 0;                                              // 8
    virtual Result GetAvailableVideoFrameCount(std::uint32_t*) = 0;                      // 9
    virtual Result SetVideoInputFrameMemoryAllocator(MemoryAllocator*) = 0;              // 10
    virtual Result EnableAudioInput(Code rate, Code bits, std::uint32_t channels) = 0;   // 11
    virtual Result DisableAudioInput() = 0;                                              // 12
    virtual Result GetAvailableAudioSampleFrameCount(std::uint32_t*) = 0;                // 13
    virtual Result StartStreams() = 0;                                                   // 14
    virtual Result StopStreams() = 0;                                                    // 15
    virtual Result PauseStreams() = 0;                                                   // 16
    virtual Result FlushStreams() = 0;                                                   // 17
    virtual Result SetCallback(InputCallback*) = 0;                                      // 18
    virtual Result GetHardwareReferenceClock(Scale, Time*, Time* in_frame,
                                             Time* per_frame) = 0;  // 19
  protected:
    virtual ~Input() = default;
};

struct VideoOutputCallback : Unknown {
    static constexpr Iid kIid = iid("20AA5225-1958-47CB-820B-80A8D521A6EE");
    virtual Result ScheduledFrameCompleted(VideoFrame*, Code result) = 0;  // 3
    virtual Result ScheduledPlaybackHasStopped() = 0;                      // 4
  protected:
    virtual ~VideoOutputCallback() = default;
};

struct AudioOutputCallback : Unknown {
    static constexpr Iid kIid = iid("403C681B-7F46-4A12-B993-2BB127084EE6");
    virtual Result RenderAudioSamples(bool preroll) = 0;  // 3
};

struct Output : Unknown {
    static constexpr Iid kIid = iid("BE2D9020-461E-442F-84B7-E949CB953B9D");
    virtual Result DoesSupportVideoMode(Code connection, Code mode, Code pixels, Code conversion,
                                        Code flags, Code* actual, bool* supported) = 0;  // 3
    virtual Result GetDisplayMode(Code mode, DisplayMode**) = 0;                         // 4
    virtual Result GetDisplayModeIterator(DisplayModeIterator**) = 0;                    // 5
    virtual Result SetScreenPreviewCallback(Unknown*) = 0;                               // 6
    virtual Result EnableVideoOutput(Code mode, Code flags) = 0;                         // 7
    virtual Result DisableVideoOutput() = 0;                                             // 8
    virtual Result SetVideoOutputFrameMemoryAllocator(MemoryAllocator*) = 0;             // 9
    virtual Result CreateVideoFrame(std::int32_t width, std::int32_t height,
                                    std::int32_t row_bytes, Code pixels, Code flags,
                                    MutableVideoFrame**) = 0;                       // 10
    virtual Result CreateAncillaryData(Code pixels, VideoFrameAncillary**) = 0;     // 11
    virtual Result DisplayVideoFrameSync(VideoFrame*) = 0;                          // 12
    virtual Result ScheduleVideoFrame(VideoFrame*, Time at, Time duration, Scale) = 0;  // 13
    virtual Result SetScheduledFrameCompletionCallback(VideoOutputCallback*) = 0;   // 14
    virtual Result GetBufferedVideoFrameCount(std::uint32_t*) = 0;                  // 15
    virtual Result EnableAudioOutput(Code rate, Code bits, std::uint32_t channels,
                                     Code stream) = 0;  // 16
    virtual Result DisableAudioOutput() = 0;            // 17
    virtual Result WriteAudioSamplesSync(void*, std::uint32_t frames,
                                         std::uint32_t* written) = 0;  // 18
    virtual Result BeginAudioPreroll() = 0;                            // 19
    virtual Result EndAudioPreroll() = 0;                              // 20
    virtual Result ScheduleAudioSamples(void*, std::uint32_t frames, Time at, Scale,
                                        std::uint32_t* written) = 0;        // 21
    virtual Result GetBufferedAudioSampleFrameCount(std::uint32_t*) = 0;    // 22
    virtual Result FlushBufferedAudioSamples() = 0;                         // 23
    virtual Result SetAudioCallback(AudioOutputCallback*) = 0;              // 24
    virtual Result StartScheduledPlayback(Time start, Scale, double speed) = 0;  // 25
    virtual Result StopScheduledPlayback(Time at, Time* actual, Scale) = 0;      // 26
    virtual Result IsScheduledPlaybackRunning(bool*) = 0;                        // 27
    virtual Result GetScheduledStreamTime(Scale, Time*, double* speed) = 0;      // 28
    virtual Result GetReferenceStatus(Code*) = 0;                                // 29
    virtual Result GetHardwareReferenceClock(Scale, Time*, Time* in_frame,
                                             Time* per_frame) = 0;                     // 30
    virtual Result GetFrameCompletionReferenceTimestamp(VideoFrame*, Scale, Time*) = 0;  // 31
  protected:
    virtual ~Output() = default;
};

struct Keyer : Unknown {
    static constexpr Iid kIid = iid("89AFCAF5-65F8-421E-98F7-96FE5F5BFBA3");
    virtual Result Enable(bool external) = 0;          // 3
    virtual Result SetLevel(std::uint8_t) = 0;         // 4
    virtual Result RampUp(std::uint32_t frames) = 0;   // 5
    virtual Result RampDown(std::uint32_t frames) = 0;  // 6
    virtual Result Disable() = 0;                      // 7
  protected:
    virtual ~Keyer() = default;
};

struct HdmiInputEdid : Unknown {
    static constexpr Iid kIid = iid("ABBBACBC-45BC-4665-9D92-ACE6E5A97902");
    virtual Result SetInt(Code, std::int64_t) = 0;   // 3
    virtual Result GetInt(Code, std::int64_t*) = 0;  // 4
    virtual Result WriteToEDID() = 0;                // 5
  protected:
    virtual ~HdmiInputEdid() = default;
};

// Entry points of the library: no argument, one reference, null without a driver.
using CreateIterator = Iterator* (*)();
using CreateDiscovery = Discovery* (*)();
using CreateApiInformation = ApiInformation* (*)();
inline constexpr char kLibrary[] = "libDeckLinkAPI.so";
inline constexpr char kCreateIterator[] = "CreateDeckLinkIteratorInstance_0004";
inline constexpr char kCreateDiscovery[] = "CreateDeckLinkDiscoveryInstance_0003";
inline constexpr char kCreateApiInformation[] = "CreateDeckLinkAPIInformationInstance_0001";

}  // namespace rtvbox::decklink::abi
