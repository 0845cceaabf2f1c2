"""SDP: what is written reads back; what others write is read or refused with one line."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.rtv.pgroup import PGROUPS, pgroup
from appliance.rtv.rtp import DEFAULT_IDS
from appliance.rtv.sdp import (
    MetadataMedia,
    RefClock,
    SdpError,
    SdpLeg,
    Session,
    VideoMedia,
    parse_sdp,
    write_sdp,
)
from appliance.rtv.traffic import SenderType
from drivers.video import COLORIMETRY, Sampling, Scan, VideoFormat, format_named

# The constructed example of our notes on DICOM-RTV (an endoscope with sound and metadata).
ENDOSCOPE = """\
v=0
o=- 1795000000 1795000000 IN IP4 192.0.2.10
s=Example endoscope DICOM-RTV rendition
t=0 0
m=video 20000 RTP/AVP 96
c=IN IP4 239.1.1.1/32
a=source-filter: incl IN IP4 239.1.1.1 192.0.2.10
a=rtpmap:96 raw/90000
a=fmtp:96 sampling=RGB; width=1920; height=1080; exactframerate=60; depth=10; \
colorimetry=BT601; PM=2110GPM; SSN=ST2110-20:2017; TP=2110TPN; \

a=ts-refclk:ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB-D0:127
a=mediaclk:direct=0
a=mid:V1
m=audio 20002 RTP/AVP 97
c=IN IP4 239.1.1.2/32
a=source-filter: incl IN IP4 239.1.1.2 192.0.2.10
a=rtpmap:97 L24/48000/2
a=fmtp:97 channel-order=SMPTE2110.(ST)
a=ptime:1
a=ts-refclk:ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB-D0:127
a=mediaclk:direct=0
a=mid:A1
m=application 12345 RTP/AVP 104
c=IN IP4 239.1.1.3/32
a=source-filter: incl IN IP4 239.1.1.3 192.0.2.10
a=rtpmap:104 dicom/90000
a=extmap:1 urn:x-nmos:rtp-hdrext:origin-timestamp
a=extmap:3 urn:x-nmos:rtp-hdrext:flow-id
a=extmap:4 urn:x-nmos:rtp-hdrext:source-id
a=extmap:5 urn:x-nmos:rtp-hdrext:grain-flags
a=extmap:7 urn:x-nmos:rtp-hdrext:sync-timestamp
a=ts-refclk:ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB-D0:127
a=mediaclk:direct=0
a=mid:M1
"""

PLAIN = ENDOSCOPE.replace("sampling=RGB", "sampling=YCbCr-4:2:2").replace("BT601", "BT709")


@pytest.mark.parametrize("text", [ENDOSCOPE, ENDOSCOPE.replace("\n", "\r\n")])
def test_the_example_of_an_endoscope(text: str) -> None:
    session = parse_sdp(text)
    assert session.name == "Example endoscope DICOM-RTV rendition"
    video, metadata = session.video, session.metadata
    assert video.format == VideoFormat(
        1920, 1080, Fraction(60), sampling=Sampling.RGB, colorimetry="BT601"
    )
    assert video.legs == (SdpLeg("239.1.1.1", 20000, "192.0.2.10", 32),)
    assert (video.payload_type, video.pm, video.sender_type) == (96, "2110GPM", SenderType.N)
    assert video.ref_clock == RefClock("ptp", "39-A7-94-FF-FE-07-CB-D0", 127)
    assert metadata is not None
    assert metadata.legs == (SdpLeg("239.1.1.3", 12345, "192.0.2.10", 32),)
    assert (metadata.payload_type, metadata.clock_rate) == (104, 90_000)
    assert dict(metadata.extensions) == DEFAULT_IDS
    assert session.notes == ("m=audio 20002: not ours (audio L24/48000/2); passed over",)
    assert parse_sdp(write_sdp(session)) == session


def host(first: int) -> st.SearchStrategy[str]:
    part = st.integers(1, 254)
    return st.builds(lambda *p: ".".join(map(str, (first, *p))), part, part, part)


ports = st.integers(1, 65535)
legs_of_group = st.builds(
    SdpLeg, host(239), ports, st.one_of(st.just(""), host(10)), st.integers(1, 255)
)
legs_of_host = st.builds(SdpLeg, host(192), ports, st.one_of(st.just(""), host(10)))
legs = st.lists(
    st.one_of(legs_of_group, legs_of_host),
    min_size=1,
    max_size=2,
    unique_by=lambda leg: leg.address,
).map(tuple)
clocks = st.one_of(
    st.none(),
    st.builds(
        RefClock,
        st.just("ptp"),
        st.binary(min_size=8, max_size=8).map(lambda b: b.hex("-").upper()),
        st.one_of(st.none(), st.integers(0, 127)),
    ),
    st.just(RefClock("traceable")),
    st.builds(
        RefClock,
        st.just("localmac"),
        st.binary(min_size=6, max_size=6).map(lambda b: b.hex("-").upper()),
    ),
)
ids = st.lists(st.integers(1, 14), min_size=5, max_size=5, unique=True).map(
    lambda n: dict(zip(DEFAULT_IDS, n, strict=True))
)


@st.composite
def formats(draw: st.DrawFn) -> VideoFormat:
    sampling = draw(st.sampled_from(Sampling))
    depth = draw(st.sampled_from(sorted(PGROUPS[sampling])))
    pixels = pgroup(sampling, depth).pixels
    return VideoFormat(
        draw(st.integers(1, 1000)) * pixels * 2,
        draw(st.integers(1, 2000)) * 2,
        draw(
            st.sampled_from(
                [Fraction(25), Fraction(60), Fraction(30000, 1001), Fraction(60000, 1001)]
            )
        ),
        draw(st.sampled_from(Scan)),
        sampling,
        depth,
        draw(st.sampled_from(sorted(COLORIMETRY))),
        draw(st.booleans()),
    )


optional = st.one_of(st.none(), st.integers(1, 100_000))
videos = st.builds(
    VideoMedia,
    format=formats(),
    legs=legs,
    payload_type=st.integers(96, 127),
    pm=st.sampled_from(["2110GPM", "2110BPM"]),
    sender_type=st.one_of(st.none(), st.sampled_from(SenderType)),
    ssn=st.sampled_from(["ST2110-20:2017", "ST2110-20:2022"]),
    tcs=st.sampled_from(["SDR", "PQ", "HLG"]),
    par=st.sampled_from([(1, 1), (12, 11)]),
    troff_us=optional,
    cmax=optional,
    ts_mode=st.sampled_from([None, "SAMP", "NEW", "PRES"]),
    ts_delay_us=optional,
    extensions=st.one_of(st.just({}), ids),
    ref_clock=clocks,
    media_clock=st.sampled_from(["direct", "sender"]),
)
metadatas = st.builds(
    MetadataMedia,
    legs=legs,
    payload_type=st.integers(96, 127),
    clock_rate=st.sampled_from([90_000, 48_000]),
    extensions=ids,
    ref_clock=clocks,
    media_clock=st.sampled_from(["direct", "sender"]),
)
sessions = st.builds(
    Session,
    name=st.text(
        st.characters(codec="utf-8", categories=["L", "N"], include_characters=" -"), min_size=1
    ).map(lambda s: s.strip() or "x"),
    origin=host(10),
    videos=st.lists(videos, min_size=1, max_size=2).map(tuple),
    metadatas=st.lists(metadatas, max_size=2).map(tuple),
    session_id=st.integers(0, 2**63),
    version=st.integers(0, 2**63),
)


@settings(max_examples=100, deadline=None)
@given(sessions)
def test_what_is_written_reads_back(session: Session) -> None:
    text = write_sdp(session)
    assert parse_sdp(text) == session
    assert parse_sdp(text.replace("\r\n", "\n").encode()) == session
    assert all(line.endswith("\r") for line in text.split("\n")[:-1])


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=400), st.binary(max_size=400)))
def test_any_text_is_refused_in_one_line(text: str | bytes) -> None:
    with pytest.raises(SdpError) as caught:
        parse_sdp(text)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_sdp_is_read_or_refused(data: st.DataObject) -> None:
    """Replaces, drops or doubles parts of a good SDP, so that the parser's depths are reached."""
    words = st.sampled_from(
        ["", "=", ";", "/", ":", " ", "0", "-1", "99999999999", "٣", "interlace", "a=", "\x00", "é"]
    )
    text = PLAIN
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(at, min(len(text), at + 12)))
        text = text[:at] + data.draw(words) + text[end:]
    try:
        session = parse_sdp(text)
    except SdpError as error:
        assert "\n" not in str(error) and len(str(error)) < 300
    else:
        assert parse_sdp(write_sdp(session)) == session


@pytest.mark.parametrize("end", ["", ";", "; ", " ;", ";;"])
def test_fmtp_may_end_as_it_likes(end: str) -> None:
    text = PLAIN.replace("TP=2110TPN; ", f"TP=2110TPN{end}")
    assert parse_sdp(text).video.sender_type is SenderType.N


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        ("colorimetry=BT709", "colorimetry=BT709-2", "RFC 4175"),
        ("colorimetry=BT709; ", "", "colorimetry: missing"),
        ("PM=2110GPM; ", "", "PM: missing"),
        ("TP=2110TPN; ", "", "TP: missing"),
        ("exactframerate=60;", "exactframerate=60/1;", "lowest terms"),
        ("exactframerate=60;", "exactframerate=120/2;", "lowest terms"),
        ("239.1.1.1/32", "239.1.1.1", "without TTL"),
        ("a=source-filter: incl IN IP4 239.1.1.1 192.0.2.10\n", "", "no source-filter"),
        ("ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB-D0:127", "ptp=traceable", "traceable"),
        ("o=- 1795000000 1795000000 IN IP4 192.0.2.10", "o=me 1 1 IN IP4 host.example", "o:"),
    ],
)
def test_forgiven_with_a_note(old: str, new: str, note: str) -> None:
    assert old in PLAIN
    session = parse_sdp(PLAIN.replace(old, new))
    assert session.video.format == replace(format_named("1080p60"))
    assert any(note in line for line in session.notes), session.notes


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("v=0\n", "", "v=0"),
        ("sampling=YCbCr-4:2:2; ", "", "sampling: missing"),
        ("width=1920; ", "", "width: missing"),
        ("height=1080; ", "", "height: missing"),
        ("depth=10; ", "", "depth: missing"),
        ("exactframerate=60; ", "", "exactframerate: missing"),
        ("exactframerate=60", "exactframerate=59.94", "write 60000/1001"),
        ("exactframerate=60", "exactframerate=0", "exactframerate"),
        ("exactframerate=60", "exactframerate=60/0", "exactframerate"),
        ("sampling=YCbCr-4:2:2", "sampling=YCbCr-4:2:0", "sampling"),
        ("depth=10", "depth=16", "depth"),
        ("depth=10", "depth=9", "choose 8, 10, 12"),
        ("depth=10", "depth=16f", "depth"),
        ("width=1920", "width=1921", "width"),
        ("width=1920", "width=wide", "width"),
        ("width=1920;", "width=1920; width=1920;", "twice"),
        ("TP=2110TPN", "TP=2110TPN; segmented", "interlace"),
        ("TP=2110TPN", "TP=2110TPN; interlace=0", "interlace"),
        ("height=1080;", "height=1081; interlace;", "height"),
        ("TP=2110TPN", "TP=2110TPX", "TP"),
        ("TP=2110TPN", "TP=2110TPN; RANGE=SOME", "RANGE"),
        ("TP=2110TPN", "TP=2110TPN; MAXUDP=9100", "MAXUDP"),
        ("PM=2110GPM", "PM=2110BPM; MAXUDP=8960", "block packing"),
        ("TP=2110TPN", "TP=2110TPN; TROFF=0", "TROFF"),
        ("PM=2110GPM", "PM=whatever", "PM"),
        ("SSN=ST2110-20:2017", "SSN=ST2110-22:2019", "SSN"),
        ("colorimetry=BT709", "colorimetry=BT2100", "colorimetry"),
        ("c=IN IP4 239.1.1.1/32\n", "", "no address"),
        ("c=IN IP4 239.1.1.1/32", "c=IN IP4 239.1.1.1/32/2", "addresses in a row"),
        ("c=IN IP4 239.1.1.1/32", "c=IN IP4 192.0.2.7/32", "host"),
        ("c=IN IP4 239.1.1.1/32", "c=IN IP4 239.1.1.256/32", "239.1.1.256"),
        ("c=IN IP4 239.1.1.1/32", "c=IN IP4 239.9.9.9/32", "make them agree"),
        ("239.1.1.1 192.0.2.10", "239.1.1.1 239.0.0.1", "sends nothing"),
        ("239.1.1.1 192.0.2.10", "239.1.1.1 10.0.0.1 10.0.0.2", "name one"),
        ("incl IN IP4 239.1.1.1 192", "excl IN IP4 239.1.1.1 192", "excl"),
        ("m=video 20000", "m=video 70000", "port"),
        ("m=video 20000", "m=video 20000/2", "several ports"),
        ("m=video 20000 RTP/AVP", "m=video 20000 RTP/SAVP", "RTP/AVP"),
        ("a=rtpmap:96 raw/90000", "a=rtpmap:96 raw/48000", "write raw/90000"),
        ("a=rtpmap:96 raw/90000\n", "", "rtpmap: missing"),
        ("mediaclk:direct=0", "mediaclk:direct=123", "mediaclk"),
        ("extmap:3 ", "extmap:1 ", "extmap"),
        ("extmap:3 ", "extmap:15 ", "extmap"),
        (":127\na=mediaclk", ":128\na=mediaclk", "domain"),
    ],
)
def test_refused_with_field_and_remedy(old: str, new: str, words: str) -> None:
    assert old in PLAIN
    with pytest.raises(SdpError, match=words) as caught:
        parse_sdp(PLAIN.replace(old, new))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 250


def test_what_is_not_ours_is_refused() -> None:
    head, video, sound, metadata = (ENDOSCOPE.index(word) for word in ("v=", "m=v", "m=au", "m=ap"))
    audio = ENDOSCOPE[head:video] + ENDOSCOPE[sound:metadata]
    with pytest.raises(SdpError, match=r"audio L24/48000/2.*DICOM-RTV"):
        parse_sdp(audio)
    jpeg = PLAIN[: PLAIN.index("m=audio")].replace("raw/90000", "jxsv/90000")
    with pytest.raises(SdpError, match="neither raw video"):
        parse_sdp(jpeg)
    with pytest.raises(SdpError, match="65536"):
        parse_sdp("v=0\n" + "a=x\n" * 40_000)


def test_session_level_clocks_and_addresses_are_taken_with_a_note() -> None:
    clock = "a=ts-refclk:ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB-D0:127\na=mediaclk:direct=0\n"
    text = PLAIN[: PLAIN.index("m=audio")].replace(clock, "")
    text = text.replace("t=0 0\n", f"t=0 0\n{clock}")
    session = parse_sdp(text)
    assert session.video.ref_clock == RefClock("ptp", "39-A7-94-FF-FE-07-CB-D0", 127)
    assert sum("session level only" in note for note in session.notes) == 2
    moved = text.replace("c=IN IP4 239.1.1.1/32\n", "").replace(
        "t=0 0\n", "c=IN IP4 239.1.1.1/32\nt=0 0\n"
    )
    assert parse_sdp(moved).video.legs[0].address == "239.1.1.1"


def two_legs() -> Session:
    video = VideoMedia(
        format_named("1080i59.94"),
        (SdpLeg("239.1.1.1", 20000, "10.0.1.2"), SdpLeg("239.2.1.1", 20010, "10.0.2.2")),
    )
    return Session("two paths", "10.0.1.2", videos=(video,))


def test_two_legs_are_two_sections_in_a_group() -> None:
    text = write_sdp(two_legs())
    assert "a=group:DUP V1A V1B\r\n" in text
    assert text.count("m=video") == 2
    assert parse_sdp(text).video.legs == two_legs().video.legs


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("DUP V1A V1B", "DUP V1A V9", "does not join"),
        ("239.2.1.1", "239.1.1.1", None),
        ("a=mid:V1B", "a=mid:V1A", "two sections"),
    ],
)
def test_groups_that_join_nothing(old: str, new: str, words: str | None) -> None:
    text = write_sdp(two_legs()).replace(old, new)
    if words is None:  # one group, separated by source: still two paths
        assert [leg.source for leg in parse_sdp(text).video.legs] == ["10.0.1.2", "10.0.2.2"]
        return
    with pytest.raises(SdpError, match=words):
        parse_sdp(text)


def test_legs_that_differ_are_refused() -> None:
    first, second = write_sdp(two_legs()).split("m=video 20010")
    with pytest.raises(SdpError, match="legs differ in format"):
        parse_sdp(first + "m=video 20010" + second.replace("depth=10", "depth=8"))
    with pytest.raises(SdpError, match="separate"):
        VideoMedia(format_named("1080p50"), (SdpLeg("239.1.1.1", 1), SdpLeg("239.1.1.1", 2)))


def test_two_sources_of_one_section_are_two_legs() -> None:
    text = PLAIN.replace(
        "a=source-filter: incl IN IP4 239.1.1.1 192.0.2.10",
        "a=source-filter: incl IN IP4 239.1.1.1 192.0.2.10 192.0.2.11\na=ssrc-group:DUP 1 2",
    )
    assert [leg.source for leg in parse_sdp(text).video.legs] == ["192.0.2.10", "192.0.2.11"]


def test_ipv6_is_read() -> None:
    text = PLAIN[: PLAIN.index("m=audio")].replace("IN IP4 239.1.1.1/32", "IN IP6 ff3e::1")
    text = text.replace("IN IP4 239.1.1.1 192.0.2.10", "IN IP6 ff3e::1 2001:db8::1")
    session = parse_sdp(text)
    assert session.video.legs == (SdpLeg("ff3e::1", 20000, "2001:db8::1"),)
    assert parse_sdp(write_sdp(session)) == session


def test_an_sdp_without_or_with_several_videos_says_so() -> None:
    metadata = parse_sdp(
        ENDOSCOPE[: ENDOSCOPE.index("m=video")] + ENDOSCOPE[ENDOSCOPE.index("m=app") :]
    )
    with pytest.raises(SdpError, match="no raw video sections; one is wanted"):
        _ = metadata.video
    assert metadata.metadata is not None
    twice = parse_sdp(
        PLAIN + PLAIN[PLAIN.index("m=video") : PLAIN.index("m=audio")].replace("V1", "V2")
    )
    with pytest.raises(SdpError, match="split the SDP"):
        _ = twice.video


def test_metadata_without_extmap_takes_the_usual_identifiers() -> None:
    text = "\n".join(line for line in PLAIN.split("\n") if "extmap" not in line)
    session = parse_sdp(text)
    assert session.metadata is not None
    assert dict(session.metadata.extensions) == DEFAULT_IDS
    assert any("no extmap" in note for note in session.notes)
