"""The EDID that an HDMI input shows to its source: made for the one format that is expected, read,
and checked. VESA E-EDID 1.3 base block, CTA-861 extension, HDMI data blocks. Pure."""

from __future__ import annotations

from fractions import Fraction

from drivers.discover.edid import monitor_name
from drivers.video import Sampling, VideoFormat

_HEADER = bytes.fromhex("00ffffffffffff00")
# By raster, whole frames (interlaced: fields) a second, interlaced: the video code of CTA-861,
# pixel clock MHz * 100, horizontal front porch, sync, back porch, vertical ones (of a field).
_TIMINGS: dict[tuple[int, int, bool], tuple[int, int, tuple[int, int, int], tuple[int, ...]]] = {
    (720, 50, False): (19, 7425, (440, 40, 220), (5, 5, 20)),
    (720, 60, False): (4, 7425, (110, 40, 220), (5, 5, 20)),
    (1080, 50, True): (20, 7425, (528, 44, 148), (2, 5, 15)),
    (1080, 60, True): (5, 7425, (88, 44, 148), (2, 5, 15)),
    (1080, 24, False): (32, 7425, (638, 44, 148), (4, 5, 36)),
    (1080, 25, False): (33, 7425, (528, 44, 148), (4, 5, 36)),
    (1080, 30, False): (34, 7425, (88, 44, 148), (4, 5, 36)),
    (1080, 50, False): (31, 14850, (528, 44, 148), (4, 5, 36)),
    (1080, 60, False): (16, 14850, (88, 44, 148), (4, 5, 36)),
    (2160, 24, False): (93, 29700, (1276, 88, 296), (8, 10, 72)),
    (2160, 25, False): (94, 29700, (1056, 88, 296), (8, 10, 72)),
    (2160, 30, False): (95, 29700, (176, 88, 296), (8, 10, 72)),
    (2160, 50, False): (96, 59400, (1056, 88, 296), (8, 10, 72)),
    (2160, 60, False): (97, 59400, (176, 88, 296), (8, 10, 72)),
}
_HDMI_VIC = {95: 1, 94: 2, 93: 3}  # HDMI 1.4's own codes of the first 2160p formats


def edid_for(fmt: VideoFormat, name: str = "rtvbox") -> bytes:
    """An EDID of two blocks that offers this format and no other (and 640x480, which HDMI wants of
    everybody), so that the source has no choice. 4:2:2 over HDMI always has 12 bits, so it holds
    for 8 and 10 bits alike. name: ASCII, 13 characters at most. Raises ValueError for a format
    that CTA-861 has no code for."""
    fields = fmt.rate * 2 if fmt.interlaced else fmt.rate
    found = _TIMINGS.get((fmt.height, round(fields), fmt.interlaced))
    wide = {720: 1280, 1080: 1920, 2160: 3840}.get(fmt.height)
    if found is None or fmt.width != wide or fmt.sampling is not Sampling.YCBCR_422:
        raise ValueError(
            f"EDID: {fmt.width}x{fmt.height} at {fmt.rate} {fmt.sampling} has no code in CTA-861; "
            "give a file"
        )
    code, clock, across, down = found
    if fields.denominator == 1001:
        clock = round(Fraction(clock * 1000, 1001))
    detailed = _detailed(fmt, clock, across, down)
    lines = _lines(fmt, down)
    khz = -(-lines * fields // 1000)
    limits = bytes([23, 61, 15, max(32, int(khz) + 1), -(-clock // 1000), 0])
    base = (
        _HEADER
        # RTV, product 1, no serial number, week 0 of 2026, 1.3
        + bytes.fromhex("4a96 0100 00000000 0024 0103")
        # digital, no size, gamma 2.2, sRGB with a preferred timing; its primaries; 640x480
        + bytes.fromhex("80 00 00 78 0e ee91a3544c99260f5054 200000")
        + b"\x01\x01" * 8
        + detailed
        + _text(0xFC, name)
        + b"\x00\x00\x00\xfd\x00"
        + limits
        + b"\n      "
        + b"\x00\x00\x00\x10"
        + bytes(14)
        + b"\x01"
    )
    return _summed(base) + _summed(_extension(code, clock, fmt.interlaced))


def _lines(fmt: VideoFormat, down: tuple[int, ...]) -> Fraction:
    """Of a frame or a field, with blanking."""
    if fmt.interlaced:
        return Fraction(fmt.height, 2) + sum(down) + Fraction(1, 2)
    return Fraction(fmt.height + sum(down))


def _detailed(
    fmt: VideoFormat, clock: int, across: tuple[int, ...], down: tuple[int, ...]
) -> bytes:
    rows = fmt.height // 2 if fmt.interlaced else fmt.height
    blank, empty = sum(across), sum(down)
    # Ten bits: of 2160p at 24, 25 and 50 the rest of the front porch is told as back porch. Line
    # and rate stay; a source that goes by the code has the porches from CTA-861.
    front = min(across[0], 1023)
    return clock.to_bytes(2, "little") + bytes(
        [
            fmt.width & 255,
            blank & 255,
            fmt.width >> 8 << 4 | blank >> 8,
            rows & 255,
            empty & 255,
            rows >> 8 << 4 | empty >> 8,
            front & 255,
            across[1] & 255,
            (down[0] & 15) << 4 | down[1] & 15,
            front >> 8 << 6 | across[1] >> 8 << 4 | down[0] >> 4 << 2 | down[1] >> 4,
            *(0, 0, 0, 0, 0),  # no size, no border
            0x9E if fmt.interlaced else 0x1E,  # digital separate sync, both positive
        ]
    )


def _text(tag: int, text: str) -> bytes:
    octets = text.encode("ascii")[:13]
    return b"\x00\x00\x00" + bytes([tag, 0]) + (octets + b"\n")[:13].ljust(13)


def _extension(code: int, clock: int, interlaced: bool) -> bytes:
    """CTA-861: the one format; 4:2:2 and 4:4:4 (HDMI wants both or none); no sound."""
    video = bytes([0x41, code])
    # HDMI 1.4: address 1.0.0.0, no deep colour, the clock in steps of 5 MHz
    hdmi = bytes.fromhex("030c00 1000 00") + bytes([min(68, -(-clock // 500))])
    if code in _HDMI_VIC:
        hdmi += bytes([0x20, 0x00, 0x20, _HDMI_VIC[code]])
    # Either range as the source says, nothing cut off at the edges.
    blocks = video + bytes.fromhex("e2 00 ca") + bytes([0x60 | len(hdmi)]) + hdmi
    if clock > 34000:  # HDMI 2.0: 600 MHz, with its status channel
        blocks += bytes.fromhex("67 d85dc4 01 78 80 00")
    # Native is the detailed timing; CTA-861 wants no native format to be interlaced alone.
    native = 0xB0 if interlaced else 0xB1
    return bytes([0x02, 0x03, 4 + len(blocks), native]) + blocks


def _summed(block: bytes) -> bytes:
    block = block.ljust(127, b"\x00")
    return block + bytes([-sum(block) % 256])


def checked(edid: bytes) -> bytes:
    """The same octets. Raises ValueError, one line, for what no source could read."""
    if len(edid) % 128 or not 128 <= len(edid) <= 256 * 128:
        raise ValueError(f"EDID: {len(edid)} octets are no whole blocks of 128")
    if edid[:8] != _HEADER:
        raise ValueError("EDID: it does not begin with an EDID's header")
    for number in range(len(edid) // 128):
        if sum(edid[number * 128 : number * 128 + 128]) % 256:
            raise ValueError(f"EDID: the checksum of block {number} is wrong")
    if edid[126] != len(edid) // 128 - 1:
        raise ValueError(
            f"EDID: it tells of {edid[126]} more blocks, {len(edid) // 128 - 1} are here"
        )
    return edid


def same(one: bytes, other: bytes) -> bool:
    """Whether two say the same but for the address in the HDMI tree, which a driver may fill in
    by itself (two octets of HDMI's data block, and the checksum)."""
    return _without_address(one) == _without_address(other)


def _without_address(edid: bytes) -> bytes:
    at = edid.find(b"\x03\x0c\x00", 128)
    if at < 0 or len(edid) < 256 or at > 250:
        return edid
    return edid[: at + 3] + bytes(2) + edid[at + 5 : 255] + bytes(1) + edid[256:]


def from_file(octets: bytes) -> bytes:
    """The EDID in a file's octets: as it is, or in hexadecimal as tools print it. Raises
    ValueError."""
    if octets[:8] == _HEADER:
        return checked(octets)
    try:
        return checked(bytes.fromhex(octets.decode("ascii")))
    except UnicodeDecodeError:
        raise ValueError("EDID: the file has neither an EDID nor hexadecimal digits") from None


def told(edid: bytes) -> str:
    """An EDID in a few words: octets, name, preferred format."""
    if not edid:
        return "none: a source sees no monitor"
    words = [f"{len(edid)} octets"]
    if name := monitor_name(edid):
        words.append(name)
    try:
        words += _preferred(checked(edid))
    except ValueError as error:
        words.append(str(error))
    return ", ".join(words)


def _preferred(edid: bytes) -> list[str]:
    """From the first detailed timing (18 octets at 54)."""
    d = edid[54:72]
    clock = int.from_bytes(d[:2], "little") * 10_000
    width, rows = d[2] | d[4] >> 4 << 8, d[5] | d[7] >> 4 << 8
    across, down = width + (d[3] | (d[4] & 15) << 8), rows + (d[6] | (d[7] & 15) << 8)
    if not clock or not width or not rows:
        return []
    if d[17] & 0x80:  # the timing is that of a field; two of them have a line more
        rate = Fraction(clock * 2, across * (2 * down + 1))
        return [f"prefers {width}x{rows * 2} interlaced, {float(rate):.2f} fields a second"]
    return [
        f"prefers {width}x{rows} at {float(Fraction(clock, across * down)):.2f} frames a second"
    ]
