"""RTP headers and extensions: round trips, hostile octets, and the worked packet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.rtv.rtp import (
    GrainElements,
    RtpError,
    decode_elements,
    decode_extension,
    decode_packet,
    encode_elements,
    encode_extension,
    encode_header,
    ptp_bytes,
    ptp_from,
)

element = st.tuples(st.integers(1, 14), st.binary(min_size=1, max_size=16))
uuids = st.binary(min_size=16, max_size=16)

WORKED = bytes.fromhex(
    "906803e8ca5d0c000badcafebede000f"
    "1900006afd86c00000000079"
    "00006afd86c0000000003f66666666777748888999aaaaaaaaaaaa"
    "4f11111111222243338444555555555555"
    "50800000"
)


@given(
    st.integers(0, 127),
    st.integers(0, 65535),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.booleans(),
    st.lists(element, max_size=12),
    st.binary(max_size=64),
)
def test_round_trip(
    payload_type: int,
    sequence: int,
    timestamp: int,
    ssrc: int,
    marker: bool,
    elements: list[tuple[int, bytes]],
    payload: bytes,
) -> None:
    header = encode_header(
        payload_type,
        sequence,
        timestamp,
        ssrc,
        marker=marker,
        extension=encode_extension(elements),
    )
    packet = decode_packet(header + payload)
    assert (packet.payload_type, packet.sequence, packet.timestamp) == (
        payload_type,
        sequence,
        timestamp,
    )
    assert (packet.ssrc, packet.marker, packet.payload) == (ssrc, marker, payload)
    assert packet.elements == tuple(elements)
    assert packet.payload_offset == len(header)
    assert packet.profile == (0xBEDE if elements else None)


@given(st.binary(max_size=120))
def test_any_octets_are_decoded_or_refused(data: bytes) -> None:
    try:
        packet = decode_packet(data)
    except RtpError as error:
        assert "\n" not in str(error)
        return
    assert data[packet.payload_offset :].startswith(packet.payload)


@given(st.integers(0, 15), st.binary(max_size=40))
def test_any_extension_is_decoded_or_refused(low: int, body: bytes) -> None:
    for profile in (0xBEDE, 0x1000 | low, 0x1234):
        try:
            found = decode_extension(profile, body)
        except RtpError:
            continue
        assert sum(len(value) for _, value in found) <= len(body)


def test_two_byte_form_is_read() -> None:
    body = bytes([20, 3, 1, 2, 3, 0, 21, 0]) + bytes([1, 1, 9]) + b"\0"
    assert decode_extension(0x1000, body) == ((20, b"\1\2\3"), (21, b""), (1, b"\x09"))


def test_padding_and_sources_are_taken_off() -> None:
    data = bytes([0xA2, 96]) + bytes(10) + bytes(8) + b"payload" + bytes([0, 0, 3])
    packet = decode_packet(data)
    assert packet.csrc == (0, 0)
    assert packet.payload == b"payload"
    with pytest.raises(RtpError, match="padding"):
        decode_packet(bytes([0xA0, 96]) + bytes(9) + bytes([99]) + bytes([200]))


def test_worked_packet_of_a_first_grain() -> None:
    tai = 1_795_000_000 * 10**9
    elements = GrainElements(
        origin=tai,
        sync=tai,
        flow=bytes.fromhex("66666666777748888999aaaaaaaaaaaa"),
        source=bytes.fromhex("11111111222243338444555555555555"),
        start=True,
        end=False,
    )
    extension = encode_extension(encode_elements(elements))
    assert encode_header(104, 1000, 0xCA5D0C00, 0x0BADCAFE, extension=extension) == WORKED
    assert decode_elements(decode_packet(WORKED).elements) == elements


@given(st.integers(0, 2**48 * 10**9 - 1), uuids, uuids, st.booleans(), st.booleans())
def test_elements_round_trip(tai: int, flow: bytes, source: bytes, start: bool, end: bool) -> None:
    ids = {"origin": 2, "sync": 9, "flow": 14, "source": 1, "flags": 3, "duration": 4}
    elements = GrainElements(tai, tai, flow, source, start, end, (1001, 60000))
    packet = decode_packet(
        encode_header(104, 1, 2, 3, extension=encode_extension(encode_elements(elements, ids)))
    )
    assert decode_elements(packet.elements, ids) == elements
    assert ptp_from(ptp_bytes(tai)) == tai


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ([(0, b"x")], "id: 0"),
        ([(15, b"x")], "id: 15"),
        ([(1, b"")], "0 octets"),
        ([(1, bytes(17))], "17 octets"),
    ],
)
def test_what_the_one_byte_form_cannot_carry(elements: list[tuple[int, bytes]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        encode_extension(elements)


def test_elements_of_wrong_length_are_refused() -> None:
    for ident, value in ((1, b"123"), (3, b"123"), (5, b"12"), (1, bytes(6) + b"\xff" * 4)):
        with pytest.raises(RtpError):
            decode_elements([(ident, value)])
