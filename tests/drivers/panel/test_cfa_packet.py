"""Packets: known vectors, and every packet found whatever noise is around it."""

from __future__ import annotations

import itertools
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.panel.cfa_packet import (
    FROM_HOST,
    FROM_PANEL,
    MAX_DATA,
    Command,
    Decoder,
    Kind,
    Packet,
    crc,
)

PACKETS = st.builds(
    Packet,
    st.sampled_from(sorted(FROM_PANEL)),
    st.integers(0, 35),
    st.binary(max_size=MAX_DATA),
)


def plainly(octets: bytes) -> tuple[list[Packet], int]:
    """What is in a line that has fallen silent: packet by packet from the left, octet by octet
    where there is none. Slow and obvious."""
    found, dropped, at = [], 0, 0
    while at < len(octets):
        length = octets[at + 1] if at + 1 < len(octets) else 99
        body, check = octets[at : at + 2 + length], octets[at + 2 + length : at + 4 + length]
        kind = Kind(octets[at] & 0xC0)
        good = len(check) == 2 and length <= MAX_DATA and kind in FROM_PANEL
        if good and crc(body).to_bytes(2, "little") == check:
            found.append(Packet(kind, octets[at] & 0x3F, body[2:]))
            at += 4 + length
        else:
            dropped, at = dropped + 1, at + 1
    return found, dropped


def test_known_vectors() -> None:
    assert crc(b"123456789") == 0x906E  # the catalogue's check value of CRC-16/X-25
    hello = Packet(Kind.COMMAND, Command.WRITE, b"\x00\x01HELLO").encode()
    assert hello.hex(" ") == "1f 07 00 01 48 45 4c 4c 4f 7c 55"


@pytest.mark.parametrize(
    ("code", "data", "words"),
    [(64, b"", "0..63"), (-1, b"", "0..63"), (31, bytes(23), "22")],
)
def test_what_is_no_packet(code: int, data: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Packet(Kind.COMMAND, code, data)


@given(st.lists(PACKETS, max_size=8), st.data())
@settings(max_examples=60, deadline=None)
def test_any_split(packets: list[Packet], data: st.DataObject) -> None:
    octets = b"".join(packet.encode() for packet in packets)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=6)))
    decoder = Decoder()
    found = [
        packet
        for begin, end in itertools.pairwise([0, *cuts, len(octets)])
        for packet in decoder.feed(octets[begin:end])
    ]
    assert found == packets
    assert (decoder.dropped, decoder.waiting) == (0, 0)


@given(st.lists(st.one_of(st.binary(max_size=30), PACKETS), max_size=12), st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_as_the_plain_one(parts: list[bytes | Packet], step: int) -> None:
    octets = b"".join(part.encode() if isinstance(part, Packet) else part for part in parts)
    decoder, found = Decoder(), []
    for at in range(0, len(octets), step):
        found += decoder.feed(octets[at : at + step])
    found += decoder.quiet()
    assert (found, decoder.dropped) == plainly(octets)
    assert decoder.waiting == 0


@pytest.mark.parametrize("seed", range(20))
def test_noise_of_500_octets(seed: int) -> None:
    noise = random.Random(seed).randbytes(500)
    key = Packet(Kind.REPORT, 0, b"\x05")
    decoder = Decoder()
    found = decoder.feed(noise + key.encode()) + decoder.quiet()
    assert found[-1] == key
    assert decoder.dropped == 500 - sum(len(other.encode()) for other in found[:-1])


@given(PACKETS, PACKETS, st.data())
@settings(max_examples=80, deadline=None, derandomize=True)
def test_half_a_packet_costs_only_itself(broken: Packet, good: Packet, data: st.DataObject) -> None:
    octets = broken.encode()
    half = octets[: data.draw(st.integers(1, len(octets) - 1))]
    decoder = Decoder()
    found = decoder.feed(half + good.encode()) + decoder.quiet()
    assert found == plainly(half + good.encode())[0]
    # One time in 65536 the half and its neighbour make a packet by chance: hence derandomize.
    assert good in found


@given(PACKETS, st.data())
@settings(max_examples=80, deadline=None)
def test_a_wrong_bit_is_seen(packet: Packet, data: st.DataObject) -> None:
    octets = bytearray(packet.encode())
    at = data.draw(st.integers(0, len(octets) * 8 - 1))
    octets[at // 8] ^= 1 << at % 8
    decoder = Decoder()
    assert packet not in decoder.feed(bytes(octets)) + decoder.quiet()


def test_a_packet_of_the_own_side_is_noise() -> None:
    ping = Packet(Kind.COMMAND, Command.PING).encode()
    assert Decoder().feed(ping) == []
    assert Decoder(FROM_HOST).feed(ping) == [Packet(Kind.COMMAND, Command.PING)]


def test_time_is_linear() -> None:
    def seconds(octets: bytes) -> float:
        best = 9.0
        for _ in range(3):
            decoder, begin = Decoder(), time.process_time()
            decoder.feed(octets)
            best = min(best, time.process_time() - begin)
        return best

    # The worst line there is: every octet could begin a packet of the longest kind.
    worst = bytes((0x80, MAX_DATA)) * 4000
    assert seconds(worst * 8) < 25 * seconds(worst)
