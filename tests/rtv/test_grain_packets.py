"""Grains from packets: our own cut, and other senders' ways."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.rtv import rtp
from appliance.rtv.grain import MAX_GRAIN
from appliance.rtv.grain_packets import GrainAssembler, WholeGrain
from tests.support import grains

MADE = grains.session().templates
VALUES = grains.moment(grains.TAI)
WHOLE = grains.grain(MADE, VALUES, pose=True)
BARE = grains.grain(MADE, VALUES, static=False)


def stream(count: int, room: int = 800) -> list[rtp.RtpPacket]:
    """Grains with the timestamps 0, 1800, ...; each third one has a static part."""
    made: list[rtp.RtpPacket] = []
    for n in range(count):
        data = WHOLE if n % 3 == 0 else BARE
        raw = grains.packets(
            MADE, data, VALUES, sequence=65_530 + len(made), timestamp=1800 * n, room=room
        )
        made += [rtp.decode_packet(p) for p in raw]
    return made


def assembled(packets: list[rtp.RtpPacket]) -> tuple[list[WholeGrain], GrainAssembler]:
    assembler = GrainAssembler()
    return [grain for packet in packets for grain in assembler.add(packet)], assembler


def test_our_grains_come_back_over_the_wrap_of_sequence_numbers() -> None:
    packets = stream(7)
    found, assembler = assembled(packets)
    assert [g.timestamp for g in found] == [1800 * n for n in range(7)]
    assert [g.data for g in found] == [WHOLE, BARE, BARE, WHOLE, BARE, BARE, WHOLE]
    assert found[0].elements.origin == grains.TAI and found[0].packets > 1
    assert (assembler.dropped, assembler.stray) == (0, 0)


@pytest.mark.parametrize("gone", range(4))
def test_a_missing_packet_drops_its_grain_only(gone: int) -> None:
    packets = stream(4)
    per_grain = [p for p in packets if p.timestamp == 0]
    assert len(per_grain) >= 3
    gone = min(gone, len(per_grain) - 1)
    found, assembler = assembled(packets[:gone] + packets[gone + 1 :])
    assert [g.timestamp for g in found] == [1800, 3600, 5400]
    assert assembler.dropped + assembler.stray >= 1


def test_the_same_packet_twice_does_no_harm() -> None:
    packets = [p for packet in stream(4) for p in (packet, packet)]
    found, assembler = assembled(packets)
    assert len(found) == 4 and assembler.dropped == 0


def bare_extension(packet: rtp.RtpPacket, marker: bool | None = None) -> rtp.RtpPacket:
    """The same without an extension (X = 0), and with another marker if told."""
    kept = packet.marker if marker is None else marker
    return replace(packet, profile=None, extension=b"", elements=(), marker=kept)


def test_continuations_without_extension() -> None:
    found, _ = assembled([p if p.elements[0][0] == 1 else bare_extension(p) for p in stream(4)])
    assert len(found) == 4


def test_no_extension_at_all_begins_at_dicm() -> None:
    found, _ = assembled([bare_extension(p) for p in stream(4)])
    assert [g.data for g in found] == [WHOLE, BARE, BARE, WHOLE]
    assert found[0].elements == rtp.GrainElements()


def test_no_marks_of_the_end_end_at_the_next_beginning() -> None:
    found, assembler = assembled([bare_extension(p, marker=False) for p in stream(4)])
    assert [g.data for g in found] == [WHOLE, BARE, BARE]  # the last one may go on
    assert assembler.dropped == 0


def test_other_identifiers_follow_the_sdp() -> None:
    ids = {"origin": 2, "sync": 3, "flow": 9, "source": 10, "flags": 14}
    made = rtp.encode_elements(rtp.GrainElements(origin=5, start=True, end=True), ids)
    raw = rtp.encode_header(104, 1, 2, 3, extension=rtp.encode_extension([(1, b"x"), *made]))
    (found,) = GrainAssembler(ids).add(rtp.decode_packet(raw + BARE))
    assert found.elements.origin == 5 and found.data == BARE


def test_an_endless_grain_is_dropped() -> None:
    assembler = GrainAssembler()
    first = rtp.decode_packet(rtp.encode_header(104, 0, 7, 3) + WHOLE[:1400])
    assembler.add(first)
    for n in range(1, 200):
        raw = rtp.encode_header(104, n, 7, 3) + bytes(1400)
        assert assembler.add(rtp.decode_packet(raw)) == []
    assert assembler.dropped == 1 and assembler.stray >= 200 - 2 - MAX_GRAIN // 1400


@settings(max_examples=60, deadline=None)
@given(
    order=st.lists(st.integers(0, 11), max_size=30),
    noise=st.lists(st.binary(max_size=60), max_size=6),
)
def test_whatever_comes_only_whole_grains_go_on(order: list[int], noise: list[bytes]) -> None:
    packets = stream(5)
    raw = [packets[n % len(packets)] for n in order]
    assembler = GrainAssembler()
    for packet in raw:
        for grain in assembler.add(packet):
            assert grain.data in (WHOLE, BARE)
    for octets in noise:
        try:
            assembler.add(rtp.decode_packet(octets))
        except rtp.RtpError:
            continue
