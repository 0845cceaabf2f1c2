// SPDX-License-Identifier: Apache-2.0
// What replaced generation A: B with 14.3 (pictures in buffers of their own, offered by the
// client), C with 16.0 (a parameter beside each code, sizes, statistics). Asked for extras, and
// where a card answers nothing else: generation A reaches every library that is known. Identifiers
// and slots are verified against the headers' shapes; only the stand-in has ever answered them.
#pragma once

#include "abi.hpp"

namespace rtvbox::decklink::abi {

namespace access {  // of a VideoBuffer, from memory
inline constexpr std::uint32_t kRead = 1;
inline constexpr std::uint32_t kWrite = 2;
}  // namespace access

namespace b {

// Asked for from a frame: GetBytes is valid between StartAccess and EndAccess.
struct VideoBuffer : Unknown {
    static constexpr Iid kIid = iid("CCB4B64A-5C86-4E02-B778-885D352709FE");
    virtual Result GetBytes(void**) = 0;     // 3
    virtual Result StartAccess(Code) = 0;    // 4
    virtual Result EndAccess(Code) = 0;      // 5
  protected:
    virtual ~VideoBuffer() = default;
};

struct VideoBufferAllocator : Unknown {
    static constexpr Iid kIid = iid("3481A4DF-2B11-4E55-AC61-836B87985E9A");
    virtual Result AllocateVideoBuffer(VideoBuffer**) = 0;  // 3
  protected:
    virtual ~VideoBufferAllocator() = default;
};

struct VideoBufferAllocatorProvider : Unknown {
    static constexpr Iid kIid = iid("08B80403-BFF2-49D0-B448-8C908B9E9FC9");
    // Five numbers: size, width, height, bytes of a row, pixels (order of names inferred).
    virtual Result GetVideoBufferAllocator(std::uint32_t, std::uint32_t, std::uint32_t,
                                           std::uint32_t, Code, VideoBufferAllocator**) = 0;  // 3
  protected:
    virtual ~VideoBufferAllocatorProvider() = default;
};

struct VideoFrame : Unknown {
    static constexpr Iid kIid = iid("6502091C-615F-4F51-BAF6-45C4256DD5B0");
    virtual Long GetWidth() = 0;                                // 3
    virtual Long GetHeight() = 0;                               // 4
    virtual Long GetRowBytes() = 0;                             // 5
    virtual Code GetPixelFormat() = 0;                          // 6
    virtual Code GetFlags() = 0;                                // 7
    virtual Result GetTimecode(Code format, Timecode**) = 0;    // 8
    virtual Result GetAncillaryData(VideoFrameAncillary**) = 0;  // 9
  protected:
    virtual ~VideoFrame() = default;  // 10, 11
};

struct VideoInputFrame : VideoFrame {
    static constexpr Iid kIid = iid("C9ADD3D2-BE52-488D-AB2D-7FDEF7AF0C95");
    virtual Result GetStreamTime(Time*, Time* duration, Scale) = 0;                  // 12
    virtual Result GetHardwareReferenceTimestamp(Scale, Time*, Time* duration) = 0;  // 13
  protected:
    virtual ~VideoInputFrame() = default;
};

struct MutableVideoFrame : VideoFrame {
    static constexpr Iid kIid = iid("CF9EB134-0374-4C5B-95FA-1EC14819FF62");
    virtual Result SetFlags(Code) = 0;                       // 12
    virtual Result SetTimecode(Code format, Timecode*) = 0;  // 13
    virtual Result SetTimecodeFromComponents(Code format, std::uint8_t hours, std::uint8_t minutes,
                                             std::uint8_t seconds, std::uint8_t frames,
                                             Code flags) = 0;        // 14
    virtual Result SetAncillaryData(VideoFrameAncillary*) = 0;       // 15
    virtual Result SetTimecodeUserBits(Code format, Code bits) = 0;  // 16
    virtual Result SetInterfaceProvider(Iid, Unknown*) = 0;          // 17
  protected:
    virtual ~MutableVideoFrame() = default;
};

struct InputCallback : Unknown {
    static constexpr Iid kIid = iid("3A94F075-C37D-4BA8-BCC0-1D778C8F881B");
    virtual Result VideoInputFormatChanged(Code events, DisplayMode*, Code detected) = 0;  // 3
    virtual Result VideoInputFrameArrived(VideoInputFrame*, AudioInputPacket*) = 0;        // 4
  protected:
    virtual ~InputCallback() = default;
};

struct Input : Unknown {
    static constexpr Iid kIid = iid("4095DB82-E294-4B8C-AAA8-3B9E80C49336");
    virtual Result DoesSupportVideoMode(Code connection, Code mode, Code pixels, Code conversion,
                                        Code flags, Code* actual, bool* supported) = 0;  // 3
    virtual Result GetDisplayMode(Code mode, DisplayMode**) = 0;                         // 4
    virtual Result GetDisplayModeIterator(DisplayModeIterator**) = 0;                    // 5
    virtual Result SetScreenPreviewCallback(Unknown*) = 0;                               // 6
    virtual Result EnableVideoInput(Code mode, Code pixels, Code flags) = 0;             // 7
    virtual Result EnableVideoInputWithAllocatorProvider(
        Code mode, Code pixels, Code flags, VideoBufferAllocatorProvider*) = 0;         // 8
    virtual Result DisableVideoInput() = 0;                                             // 9
    virtual Result GetAvailableVideoFrameCount(std::uint32_t*) = 0;                     // 10
    virtual Result EnableAudioInput(Code rate, Code bits, std::uint32_t channels) = 0;  // 11
    virtual Result DisableAudioInput() = 0;                                             // 12
    virtual Result GetAvailableAudioSampleFrameCount(std::uint32_t*) = 0;               // 13
    virtual Result StartStreams() = 0;                                                  // 14
    virtual Result StopStreams() = 0;                                                   // 15
    virtual Result PauseStreams() = 0;                                                  // 16
    virtual Result FlushStreams() = 0;                                                  // 17
    virtual Result SetCallback(InputCallback*) = 0;                                     // 18
    virtual Result GetHardwareReferenceClock(Scale, Time*, Time* in_frame,
                                             Time* per_frame) = 0;  // 19
  protected:
    virtual ~Input() = default;
};

struct VideoOutputCallback : Unknown {
    static constexpr Iid kIid = iid("5BE6DF26-02CE-433E-99D9-9A87C3AC171F");
    virtual Result ScheduledFrameCompleted(VideoFrame*, Code result) = 0;  // 3
    virtual Result ScheduledPlaybackHasStopped() = 0;                      // 4
  protected:
    virtual ~VideoOutputCallback() = default;
};

struct Output : Unknown {
    static constexpr Iid kIid = iid("1A8077F1-9FE2-4533-8147-2294305E253F");
    virtual Result DoesSupportVideoMode(Code connection, Code mode, Code pixels, Code conversion,
                                        Code flags, Code* actual, bool* supported) = 0;  // 3
    virtual Result GetDisplayMode(Code mode, DisplayMode**) = 0;                         // 4
    virtual Result GetDisplayModeIterator(DisplayModeIterator**) = 0;                    // 5
    virtual Result SetScreenPreviewCallback(Unknown*) = 0;                               // 6
    virtual Result EnableVideoOutput(Code mode, Code flags) = 0;                         // 7
    virtual Result DisableVideoOutput() = 0;                                             // 8
    virtual Result CreateVideoFrame(std::int32_t width, std::int32_t height,
                                    std::int32_t row_bytes, Code pixels, Code flags,
                                    MutableVideoFrame**) = 0;  // 9
    virtual Result CreateVideoFrameWithBuffer(std::int32_t width, std::int32_t height,
                                              std::int32_t row_bytes, Code pixels, Code flags,
                                              VideoBuffer*, MutableVideoFrame**) = 0;  // 10
    virtual Result RowBytesForPixelFormat(Code pixels, std::int32_t width,
                                          std::int32_t* row_bytes) = 0;             // 11
    virtual Result CreateAncillaryData(Code pixels, VideoFrameAncillary**) = 0;     // 12
    virtual Result DisplayVideoFrameSync(VideoFrame*) = 0;                          // 13
    virtual Result ScheduleVideoFrame(VideoFrame*, Time at, Time duration, Scale) = 0;  // 14
    virtual Result SetScheduledFrameCompletionCallback(VideoOutputCallback*) = 0;   // 15
    virtual Result GetBufferedVideoFrameCount(std::uint32_t*) = 0;                  // 16
    virtual Result EnableAudioOutput(Code rate, Code bits, std::uint32_t channels,
                                     Code stream) = 0;  // 17
    virtual Result DisableAudioOutput() = 0;            // 18
    virtual Result WriteAudioSamplesSync(void*, std::uint32_t frames,
                                         std::uint32_t* written) = 0;  // 19
    virtual Result BeginAudioPreroll() = 0;                            // 20
    virtual Result EndAudioPreroll() = 0;                              // 21
    virtual Result ScheduleAudioSamples(void*, std::uint32_t frames, Time at, Scale,
                                        std::uint32_t* written) = 0;        // 22
    virtual Result GetBufferedAudioSampleFrameCount(std::uint32_t*) = 0;    // 23
    virtual Result FlushBufferedAudioSamples() = 0;                         // 24
    virtual Result SetAudioCallback(AudioOutputCallback*) = 0;              // 25
    virtual Result StartScheduledPlayback(Time start, Scale, double speed) = 0;  // 26
    virtual Result StopScheduledPlayback(Time at, Time* actual, Scale) = 0;      // 27
    virtual Result IsScheduledPlaybackRunning(bool*) = 0;                        // 28
    virtual Result GetScheduledStreamTime(Scale, Time*, double* speed) = 0;      // 29
    virtual Result GetReferenceStatus(Code*) = 0;                                // 30
    virtual Result GetHardwareReferenceClock(Scale, Time*, Time* in_frame,
                                             Time* per_frame) = 0;                     // 31
    virtual Result GetFrameCompletionReferenceTimestamp(VideoFrame*, Scale, Time*) = 0;  // 32
  protected:
    virtual ~Output() = default;
};

}  // namespace b

namespace c {

// Same methods as in generation B under a new identifier.
inline constexpr Iid kInput = iid("6A515F8A-FBCE-4853-B0F7-2A09DB1ECA0B");
inline constexpr Iid kOutput = iid("5F227C95-39D7-46C7-8B7D-9C81795FBBE4");
inline constexpr Iid kVideoBufferAllocator = iid("F35DFA8D-9078-4622-95BB-56894054EB0F");
inline constexpr Iid kVideoBufferAllocatorProvider = iid("6DF6F20A-D8DF-45D2-8914-383CE7E6243F");
// Same methods as in generation A under a new identifier.
inline constexpr Iid kNotification = iid("1D70FAAC-FD27-4866-9DE6-0939D1E4C7F1");

struct VideoBuffer : Unknown {
    static constexpr Iid kIid = iid("81F03D70-DE13-4B17-873A-C8AC9689C682");
    virtual Result GetBytes(void**) = 0;          // 3
    virtual Result GetSize(std::uint64_t*) = 0;   // 4
    virtual Result StartAccess(Code) = 0;         // 5
    virtual Result EndAccess(Code) = 0;           // 6
  protected:
    virtual ~VideoBuffer() = default;
};

struct ProfileAttributes : Unknown {
    static constexpr Iid kIid = iid("F47551D7-AD22-47AF-BCFD-6BE88AA879D9");
    virtual Result GetFlag(Code, bool*) = 0;              // 3
    virtual Result GetInt(Code, std::int64_t*) = 0;       // 4
    virtual Result GetFloat(Code, double*) = 0;           // 5
    virtual Result GetString(Code, char** malloced) = 0;  // 6
    virtual Result GetStringWithParam(Code, std::uint64_t, char** malloced) = 0;  // 7
  protected:
    virtual ~ProfileAttributes() = default;
};

struct Status : Unknown {
    static constexpr Iid kIid = iid("2A04A635-ED42-41EF-9342-0E11F8CF6B5E");
    virtual Result GetFlag(Code, bool*) = 0;                               // 3
    virtual Result GetInt(Code, std::int64_t*) = 0;                        // 4
    virtual Result GetFloat(Code, double*) = 0;                            // 5
    virtual Result GetString(Code, char** malloced) = 0;                   // 6
    virtual Result GetBytes(Code, void* to, std::uint32_t* size) = 0;      // 7
    virtual Result GetInterface(Code, void**) = 0;                         // 8
    virtual Result GetFlagWithParam(Code, std::uint64_t, bool*) = 0;       // 9
    virtual Result GetIntWithParam(Code, std::uint64_t, std::int64_t*) = 0;  // 10
    virtual Result GetFloatWithParam(Code, std::uint64_t, double*) = 0;    // 11
    virtual Result GetStringWithParam(Code, std::uint64_t, char** malloced) = 0;  // 12
    virtual Result GetBytesWithParam(Code, std::uint64_t, void* to, std::uint32_t* size) = 0;  // 13
  protected:
    virtual ~Status() = default;
};

struct Statistics : Unknown {
    static constexpr Iid kIid = iid("21CB2ED1-4429-42BE-AAF3-22A3B1DD3AE0");
    virtual Result GetInt(Code, std::int64_t*) = 0;                               // 3
    virtual Result GetIntWithParam(Code, std::uint64_t, std::int64_t*) = 0;       // 4
    virtual Result GetStringWithParam(Code, std::uint64_t, char** malloced) = 0;  // 5
  protected:
    virtual ~Statistics() = default;
};

}  // namespace c

}  // namespace rtvbox::decklink::abi
