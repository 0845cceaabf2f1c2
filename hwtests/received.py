"""What came out at the receiver's end, and what the metadata of each frame said to a witness."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from appliance.rtv import rtp
from appliance.rtv.grain_packets import GrainAssembler
from appliance.rtv.grain_parse import Grain, parse_grain
from drivers.synthetic import Stamp
from hwtests.pictures import Banners, Texture

_BACKLOG = 12


@dataclass(frozen=True)
class Shown:
    """A frame that the receiver showed. exact: every octet is that of the picture that was played
    under the number in it. black: nothing but black, as an output shows that is not fed in time.
    banner: what stands over it. flags: the receiver's own marks. rtp: RTP timestamp, as the flow
    had it. presented, origin: TAI ns."""

    rtp: int
    presented: int
    origin: int
    flags: frozenset[str]
    stamp: Stamp | None
    exact: bool
    black: bool
    banner: str | None


class Received:
    """The folder of `rtvbox rx --sink capture:FOLDER`, emptied as it fills. A slow machine compares
    what it can: `passed` counts the others."""

    def __init__(self, folder: Path, texture: Texture, banners: Banners) -> None:
        self._folder, self._texture, self._banners = folder, texture, banners
        self.passed = 0

    def take(self) -> list[Shown]:
        """What was written last, the oldest first."""
        found: list[Shown] = []
        for facts in self._waiting():
            try:
                told = json.loads(facts.read_text())
            except json.JSONDecodeError:  # it is being written
                break
            raw = facts.with_suffix(".raw")
            if raw.exists():  # else it was passed over before it was whole
                found.append(self._look(told, raw))
            self._remove(facts)
        return found

    def drop(self) -> None:
        """Passes over what was written so far."""
        for facts in self._folder.glob("*.json"):
            self._remove(facts)

    def _waiting(self) -> list[Path]:
        waiting = sorted(self._folder.glob("*.json"))
        for facts in waiting[:-_BACKLOG]:
            self._remove(facts)
            self.passed += 1
        return waiting[-_BACKLOG:]

    def _remove(self, facts: Path) -> None:
        facts.with_suffix(".raw").unlink(missing_ok=True)
        facts.unlink()

    def _look(self, told: dict[str, Any], raw: Path) -> Shown:
        row = told["planes"][0]["row_bytes"]
        octets = np.fromfile(raw, np.uint8).reshape(told["height"], row)[:, : told["width"] * 2]
        stamp = self._texture.stamp_of(octets)
        exact = stamp is not None and self._texture.is_exact(octets, stamp)
        return Shown(
            rtp=told["rtp_timestamp"],
            presented=told["presented_tai"],
            origin=told["origin_tai"],
            flags=frozenset(told["flags"]),
            stamp=stamp,
            exact=exact,
            black=stamp is None and bool((octets.reshape(-1, 2) == (128, 16)).all()),
            banner=None if exact else self._banners.over(octets),
        )


class Witness:
    """Grains by RTP timestamp, out of a capture file of one metadata flow that still grows
    (tcpdump on Ethernet)."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._at = 24  # behind the file's header
        self._assembler = GrainAssembler()
        self._whole: dict[int, bytes] = {}
        self._read: dict[int, Grain] = {}

    def grain(self, timestamp: int) -> Grain | None:
        """What the metadata said of the frame with this RTP timestamp; None: it has none."""
        if timestamp not in self._read:
            if timestamp not in self._whole:
                self._read_on()
            if timestamp not in self._whole:
                return None
            self._read[timestamp] = parse_grain(self._whole[timestamp])
        return self._read[timestamp]

    def _read_on(self) -> None:
        with self._file.open("rb") as file:
            file.seek(self._at)
            data = file.read()
        at = 0
        while at + 16 <= len(data):
            octets = int.from_bytes(data[at + 8 : at + 12], sys.byteorder)
            if at + 16 + octets > len(data):
                break  # it is being written
            self._add(data[at + 16 : at + 16 + octets])
            at += 16 + octets
        self._at += at
        assert self._assembler.dropped == 0, "the witness missed packets"

    def _add(self, frame: bytes) -> None:
        payload = 14 + (frame[14] & 15) * 4 + 8
        for whole in self._assembler.add(rtp.decode_packet(frame[payload:])):
            self._whole[whole.timestamp] = whole.data
