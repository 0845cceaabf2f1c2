// SPDX-License-Identifier: Apache-2.0
// Where the compiler puts each method of drivers/decklink/abi.hpp, against the table of slots
// that was read from compiled programs: the two were written down independently.
#include <cstring>
#include <string>

#include "../../drivers/decklink/abi_newer.hpp"
#include "check.hpp"

namespace abi = rtvbox::decklink::abi;

namespace {

// A pointer to a virtual method holds the method's offset in the table (Itanium rules: one more
// than it on x86-64, itself on AArch64).
template <class Method>
std::size_t slot_of(Method method) {
    std::size_t words[2];
    static_assert(sizeof(words) == sizeof(method));
    std::memcpy(words, &method, sizeof(words));
    return (words[0] & ~std::size_t{1}) / sizeof(void*);
}

std::string printed(const abi::Iid& id) {
    std::string out;
    char two[3];
    for (std::size_t i = 0; i < id.bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            out += '-';
        }
        std::snprintf(two, sizeof(two), "%02X", id.bytes[i]);
        out += two;
    }
    return out;
}

#define AT(slot, interface, method) CHECK(slot_of(&abi::interface::method) == slot)
#define IS(interface, id) CHECK(printed(abi::interface::kIid) == id)

void test_slots() {
    AT(0, Unknown, QueryInterface);
    AT(1, Unknown, AddRef);
    AT(2, Unknown, Release);
    IS(Iterator, "50FB36CD-3063-4B73-BDBB-958087F2D8BA");
    AT(3, Iterator, Next);
    IS(DeckLink, "C418FBDD-0587-48ED-8FE5-640F0A14AF91");
    AT(3, DeckLink, GetModelName);
    AT(4, DeckLink, GetDisplayName);
    IS(ApiInformation, "7BEA3C68-730D-4322-AF34-8A7152B532A4");
    AT(3, ApiInformation, GetFlag);
    AT(4, ApiInformation, GetInt);
    AT(5, ApiInformation, GetFloat);
    AT(6, ApiInformation, GetString);
    IS(Discovery, "CDBF631C-BC76-45FA-B44D-C55059BC6101");
    AT(3, Discovery, InstallDeviceNotifications);
    AT(4, Discovery, UninstallDeviceNotifications);
    IS(DeviceNotificationCallback, "4997053B-0ADF-4CC8-AC70-7A50C4BE728F");
    AT(3, DeviceNotificationCallback, DeckLinkDeviceArrived);
    AT(4, DeviceNotificationCallback, DeckLinkDeviceRemoved);
    IS(ProfileAttributes, "17D4BF8E-4911-473A-80A0-731CF6FF345B");
    AT(3, ProfileAttributes, GetFlag);
    AT(4, ProfileAttributes, GetInt);
    AT(5, ProfileAttributes, GetFloat);
    AT(6, ProfileAttributes, GetString);
    IS(Configuration, "912F634B-2D4E-40A4-8AAB-8D80B73F1289");
    AT(3, Configuration, SetFlag);
    AT(4, Configuration, GetFlag);
    AT(5, Configuration, SetInt);
    AT(6, Configuration, GetInt);
    AT(7, Configuration, SetFloat);
    AT(8, Configuration, GetFloat);
    AT(9, Configuration, SetString);
    AT(10, Configuration, GetString);
    AT(11, Configuration, WriteConfigurationToPreferences);
    IS(Status, "5F558200-4028-49BC-BEAC-DB3FA4A96E46");
    AT(3, Status, GetFlag);
    AT(4, Status, GetInt);
    AT(5, Status, GetFloat);
    AT(6, Status, GetString);
    AT(7, Status, GetBytes);
    IS(Notification, "B85DF4C8-BDF5-47C1-8064-28162EBDD4EB");
    AT(3, Notification, Subscribe);
    AT(4, Notification, Unsubscribe);
    IS(NotificationCallback, "B002A1EC-070D-4288-8289-BD5D36E5FF0D");
    AT(3, NotificationCallback, Notify);
    IS(DisplayModeIterator, "9C88499F-F601-4021-B80B-032E4EB41C35");
    AT(3, DisplayModeIterator, Next);
    IS(DisplayMode, "3EB2C1AB-0A3D-4523-A3AD-F40D7FB14E78");
    AT(3, DisplayMode, GetName);
    AT(4, DisplayMode, GetDisplayMode);
    AT(5, DisplayMode, GetWidth);
    AT(6, DisplayMode, GetHeight);
    AT(7, DisplayMode, GetFrameRate);
    AT(8, DisplayMode, GetFieldDominance);
    AT(9, DisplayMode, GetFlags);
    IS(Timecode, "BC6CFBD3-8317-4325-AC1C-1216391E9340");
    AT(3, Timecode, GetBCD);
    AT(4, Timecode, GetComponents);
    AT(5, Timecode, GetString);
    AT(6, Timecode, GetFlags);
    AT(7, Timecode, GetTimecodeUserBits);
    IS(Input, "C21CDB6E-F414-46E4-A636-80A566E0ED37");
    AT(3, Input, DoesSupportVideoMode);
    AT(4, Input, GetDisplayMode);
    AT(5, Input, GetDisplayModeIterator);
    AT(6, Input, SetScreenPreviewCallback);
    AT(7, Input, EnableVideoInput);
    AT(8, Input, DisableVideoInput);
    AT(9, Input, GetAvailableVideoFrameCount);
    AT(10, Input, SetVideoInputFrameMemoryAllocator);
    AT(11, Input, EnableAudioInput);
    AT(12, Input, DisableAudioInput);
    AT(13, Input, GetAvailableAudioSampleFrameCount);
    AT(14, Input, StartStreams);
    AT(15, Input, StopStreams);
    AT(16, Input, PauseStreams);
    AT(17, Input, FlushStreams);
    AT(18, Input, SetCallback);
    AT(19, Input, GetHardwareReferenceClock);
    IS(InputCallback, "C6FCE4C9-C4E4-4047-82FB-5D238232A902");
    AT(3, InputCallback, VideoInputFormatChanged);
    AT(4, InputCallback, VideoInputFrameArrived);
    IS(VideoFrame, "3F716FE0-F023-4111-BE5D-EF4414C05B17");
    AT(3, VideoFrame, GetWidth);
    AT(4, VideoFrame, GetHeight);
    AT(5, VideoFrame, GetRowBytes);
    AT(6, VideoFrame, GetPixelFormat);
    AT(7, VideoFrame, GetFlags);
    AT(8, VideoFrame, GetBytes);
    AT(9, VideoFrame, GetTimecode);
    AT(10, VideoFrame, GetAncillaryData);
    IS(VideoInputFrame, "05CFE374-537C-4094-9A57-680525118F44");
    AT(13, VideoInputFrame, GetStreamTime);
    AT(14, VideoInputFrame, GetHardwareReferenceTimestamp);
    IS(MutableVideoFrame, "69E2639F-40DA-4E19-B6F2-20ACE815C390");
    AT(13, MutableVideoFrame, SetFlags);
    AT(14, MutableVideoFrame, SetTimecode);
    AT(15, MutableVideoFrame, SetTimecodeFromComponents);
    AT(16, MutableVideoFrame, SetAncillaryData);
    AT(17, MutableVideoFrame, SetTimecodeUserBits);
    IS(AudioInputPacket, "E43D5870-2894-11DE-8C30-0800200C9A66");
    AT(3, AudioInputPacket, GetSampleFrameCount);
    AT(4, AudioInputPacket, GetBytes);
    AT(5, AudioInputPacket, GetPacketTime);
    IS(Output, "BE2D9020-461E-442F-84B7-E949CB953B9D");
    AT(3, Output, DoesSupportVideoMode);
    AT(4, Output, GetDisplayMode);
    AT(5, Output, GetDisplayModeIterator);
    AT(6, Output, SetScreenPreviewCallback);
    AT(7, Output, EnableVideoOutput);
    AT(8, Output, DisableVideoOutput);
    AT(9, Output, SetVideoOutputFrameMemoryAllocator);
    AT(10, Output, CreateVideoFrame);
    AT(11, Output, CreateAncillaryData);
    AT(12, Output, DisplayVideoFrameSync);
    AT(13, Output, ScheduleVideoFrame);
    AT(14, Output, SetScheduledFrameCompletionCallback);
    AT(15, Output, GetBufferedVideoFrameCount);
    AT(16, Output, EnableAudioOutput);
    AT(17, Output, DisableAudioOutput);
    AT(18, Output, WriteAudioSamplesSync);
    AT(19, Output, BeginAudioPreroll);
    AT(20, Output, EndAudioPreroll);
    AT(21, Output, ScheduleAudioSamples);
    AT(22, Output, GetBufferedAudioSampleFrameCount);
    AT(23, Output, FlushBufferedAudioSamples);
    AT(24, Output, SetAudioCallback);
    AT(25, Output, StartScheduledPlayback);
    AT(26, Output, StopScheduledPlayback);
    AT(27, Output, IsScheduledPlaybackRunning);
    AT(28, Output, GetScheduledStreamTime);
    AT(29, Output, GetReferenceStatus);
    AT(30, Output, GetHardwareReferenceClock);
    AT(31, Output, GetFrameCompletionReferenceTimestamp);
    IS(VideoOutputCallback, "20AA5225-1958-47CB-820B-80A8D521A6EE");
    AT(3, VideoOutputCallback, ScheduledFrameCompleted);
    AT(4, VideoOutputCallback, ScheduledPlaybackHasStopped);
    IS(AudioOutputCallback, "403C681B-7F46-4A12-B993-2BB127084EE6");
    AT(3, AudioOutputCallback, RenderAudioSamples);
    IS(MemoryAllocator, "B36EB6E7-9D29-4AA8-92EF-843B87A289E8");
    AT(3, MemoryAllocator, AllocateBuffer);
    AT(4, MemoryAllocator, ReleaseBuffer);
    AT(5, MemoryAllocator, Commit);
    AT(6, MemoryAllocator, Decommit);
    IS(Keyer, "89AFCAF5-65F8-421E-98F7-96FE5F5BFBA3");
    AT(3, Keyer, Enable);
    AT(4, Keyer, SetLevel);
    AT(5, Keyer, RampUp);
    AT(6, Keyer, RampDown);
    AT(7, Keyer, Disable);
    IS(VideoFrameAncillaryPackets, "6C186C0F-459E-41D8-AEE2-4812D81AEE68");
    AT(3, VideoFrameAncillaryPackets, GetPacketIterator);
    AT(4, VideoFrameAncillaryPackets, GetFirstPacketByID);
    AT(5, VideoFrameAncillaryPackets, AttachPacket);
    AT(6, VideoFrameAncillaryPackets, DetachPacket);
    AT(7, VideoFrameAncillaryPackets, DetachAllPackets);
    IS(AncillaryPacketIterator, "3FC8994B-88FB-4C17-968F-9AAB69D964A7");
    AT(3, AncillaryPacketIterator, Next);
    IS(AncillaryPacket, "CC5BBF7E-029C-4D3B-9158-6000EF5E3670");
    AT(3, AncillaryPacket, GetBytes);
    AT(4, AncillaryPacket, GetDID);
    AT(5, AncillaryPacket, GetSDID);
    AT(6, AncillaryPacket, GetLineNumber);
    AT(7, AncillaryPacket, GetDataStreamIndex);
    IS(HdmiInputEdid, "ABBBACBC-45BC-4665-9D92-ACE6E5A97902");
    AT(3, HdmiInputEdid, SetInt);
    AT(4, HdmiInputEdid, GetInt);
    AT(5, HdmiInputEdid, WriteToEDID);
    IS(b::Input, "4095DB82-E294-4B8C-AAA8-3B9E80C49336");
    AT(3, b::Input, DoesSupportVideoMode);
    AT(4, b::Input, GetDisplayMode);
    AT(5, b::Input, GetDisplayModeIterator);
    AT(6, b::Input, SetScreenPreviewCallback);
    AT(7, b::Input, EnableVideoInput);
    AT(8, b::Input, EnableVideoInputWithAllocatorProvider);
    AT(9, b::Input, DisableVideoInput);
    AT(10, b::Input, GetAvailableVideoFrameCount);
    AT(11, b::Input, EnableAudioInput);
    AT(12, b::Input, DisableAudioInput);
    AT(13, b::Input, GetAvailableAudioSampleFrameCount);
    AT(14, b::Input, StartStreams);
    AT(15, b::Input, StopStreams);
    AT(16, b::Input, PauseStreams);
    AT(17, b::Input, FlushStreams);
    AT(18, b::Input, SetCallback);
    AT(19, b::Input, GetHardwareReferenceClock);
    IS(b::InputCallback, "3A94F075-C37D-4BA8-BCC0-1D778C8F881B");
    AT(3, b::InputCallback, VideoInputFormatChanged);
    AT(4, b::InputCallback, VideoInputFrameArrived);
    IS(b::VideoBuffer, "CCB4B64A-5C86-4E02-B778-885D352709FE");
    AT(3, b::VideoBuffer, GetBytes);
    AT(4, b::VideoBuffer, StartAccess);
    AT(5, b::VideoBuffer, EndAccess);
    IS(b::VideoBufferAllocator, "3481A4DF-2B11-4E55-AC61-836B87985E9A");
    AT(3, b::VideoBufferAllocator, AllocateVideoBuffer);
    IS(b::VideoBufferAllocatorProvider, "08B80403-BFF2-49D0-B448-8C908B9E9FC9");
    AT(3, b::VideoBufferAllocatorProvider, GetVideoBufferAllocator);
    IS(b::VideoFrame, "6502091C-615F-4F51-BAF6-45C4256DD5B0");
    AT(3, b::VideoFrame, GetWidth);
    AT(4, b::VideoFrame, GetHeight);
    AT(5, b::VideoFrame, GetRowBytes);
    AT(6, b::VideoFrame, GetPixelFormat);
    AT(7, b::VideoFrame, GetFlags);
    AT(8, b::VideoFrame, GetTimecode);
    AT(9, b::VideoFrame, GetAncillaryData);
    IS(b::VideoInputFrame, "C9ADD3D2-BE52-488D-AB2D-7FDEF7AF0C95");
    AT(12, b::VideoInputFrame, GetStreamTime);
    AT(13, b::VideoInputFrame, GetHardwareReferenceTimestamp);
    IS(b::MutableVideoFrame, "CF9EB134-0374-4C5B-95FA-1EC14819FF62");
    AT(12, b::MutableVideoFrame, SetFlags);
    AT(13, b::MutableVideoFrame, SetTimecode);
    AT(14, b::MutableVideoFrame, SetTimecodeFromComponents);
    AT(15, b::MutableVideoFrame, SetAncillaryData);
    AT(16, b::MutableVideoFrame, SetTimecodeUserBits);
    AT(17, b::MutableVideoFrame, SetInterfaceProvider);
    IS(b::Output, "1A8077F1-9FE2-4533-8147-2294305E253F");
    AT(3, b::Output, DoesSupportVideoMode);
    AT(4, b::Output, GetDisplayMode);
    AT(5, b::Output, GetDisplayModeIterator);
    AT(6, b::Output, SetScreenPreviewCallback);
    AT(7, b::Output, EnableVideoOutput);
    AT(8, b::Output, DisableVideoOutput);
    AT(9, b::Output, CreateVideoFrame);
    AT(10, b::Output, CreateVideoFrameWithBuffer);
    AT(11, b::Output, RowBytesForPixelFormat);
    AT(12, b::Output, CreateAncillaryData);
    AT(13, b::Output, DisplayVideoFrameSync);
    AT(14, b::Output, ScheduleVideoFrame);
    AT(15, b::Output, SetScheduledFrameCompletionCallback);
    AT(16, b::Output, GetBufferedVideoFrameCount);
    AT(17, b::Output, EnableAudioOutput);
    AT(18, b::Output, DisableAudioOutput);
    AT(19, b::Output, WriteAudioSamplesSync);
    AT(20, b::Output, BeginAudioPreroll);
    AT(21, b::Output, EndAudioPreroll);
    AT(22, b::Output, ScheduleAudioSamples);
    AT(23, b::Output, GetBufferedAudioSampleFrameCount);
    AT(24, b::Output, FlushBufferedAudioSamples);
    AT(25, b::Output, SetAudioCallback);
    AT(26, b::Output, StartScheduledPlayback);
    AT(27, b::Output, StopScheduledPlayback);
    AT(28, b::Output, IsScheduledPlaybackRunning);
    AT(29, b::Output, GetScheduledStreamTime);
    AT(30, b::Output, GetReferenceStatus);
    AT(31, b::Output, GetHardwareReferenceClock);
    AT(32, b::Output, GetFrameCompletionReferenceTimestamp);
    IS(b::VideoOutputCallback, "5BE6DF26-02CE-433E-99D9-9A87C3AC171F");
    AT(3, b::VideoOutputCallback, ScheduledFrameCompleted);
    AT(4, b::VideoOutputCallback, ScheduledPlaybackHasStopped);
    IS(c::ProfileAttributes, "F47551D7-AD22-47AF-BCFD-6BE88AA879D9");
    AT(3, c::ProfileAttributes, GetFlag);
    AT(4, c::ProfileAttributes, GetInt);
    AT(5, c::ProfileAttributes, GetFloat);
    AT(6, c::ProfileAttributes, GetString);
    AT(7, c::ProfileAttributes, GetStringWithParam);
    IS(c::Status, "2A04A635-ED42-41EF-9342-0E11F8CF6B5E");
    AT(3, c::Status, GetFlag);
    AT(4, c::Status, GetInt);
    AT(5, c::Status, GetFloat);
    AT(6, c::Status, GetString);
    AT(7, c::Status, GetBytes);
    AT(8, c::Status, GetInterface);
    AT(9, c::Status, GetFlagWithParam);
    AT(10, c::Status, GetIntWithParam);
    AT(11, c::Status, GetFloatWithParam);
    AT(12, c::Status, GetStringWithParam);
    AT(13, c::Status, GetBytesWithParam);
    IS(c::VideoBuffer, "81F03D70-DE13-4B17-873A-C8AC9689C682");
    AT(3, c::VideoBuffer, GetBytes);
    AT(4, c::VideoBuffer, GetSize);
    AT(5, c::VideoBuffer, StartAccess);
    AT(6, c::VideoBuffer, EndAccess);
    IS(c::Statistics, "21CB2ED1-4429-42BE-AAF3-22A3B1DD3AE0");
    AT(3, c::Statistics, GetInt);
    AT(4, c::Statistics, GetIntWithParam);
    AT(5, c::Statistics, GetStringWithParam);
}

void test_codes() {
    CHECK(abi::pixels::kV210 == 0x76323130);
    CHECK(abi::pixels::k2vuy == 0x32767579);
    CHECK(static_cast<std::uint32_t>(abi::kNoInterface) == 0x80000004);
    CHECK(static_cast<std::uint32_t>(abi::kUnexpected) == 0x8000ffff);
}

}  // namespace

int main() {
    test_slots();
    test_codes();
    return 0;
}
