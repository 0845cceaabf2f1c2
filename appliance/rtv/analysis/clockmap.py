"""The capture's clock against TAI, and RTP timestamps unwrapped on it."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.rtv.timing import rtp_ticks, tai_from_rtp, tai_from_ticks, unwrap

_NS = 1_000_000_000
_GUESSES = (37 * _NS, 0, 36 * _NS, 35 * _NS)
_BELIEVABLE = 2 * _NS


@dataclass(frozen=True)
class ClockMap:
    """tai_offset_ns: TAI less the capture's clock. known: it was given, or the flows' own
    timestamps agree with it within two seconds; otherwise instants are relative only."""

    tai_offset_ns: int
    known: bool

    def ticks(self, timestamp: int, time_ns: int, clock_rate: int) -> int:
        """Ticks since the epoch of an RTP timestamp that arrived at a time of the capture."""
        return unwrap(timestamp, rtp_ticks(time_ns + self.tai_offset_ns, clock_rate))

    def time(self, ticks: int, clock_rate: int) -> int:
        """The capture's clock at a tick count, ns."""
        return tai_from_ticks(ticks, clock_rate) - self.tai_offset_ns


def find_clock(
    given_ns: int | None, seen: list[tuple[int, int]], clock_rate: int = 90_000
) -> ClockMap:
    """given_ns: TAI less the capture's clock, if the user knows it. seen: (time ns, RTP timestamp)
    of the first packet of each flow of 90 kHz.

    A capture is stamped in UTC, whose distance from TAI the file does not tell. A sender stamps in
    TAI (ST 2110-10), so the distance that puts timestamps next to their arrivals is the right one:
    37 s, or 0 on a host whose kernel has not been told.
    """
    if given_ns is not None:
        return ClockMap(given_ns, True)
    best: tuple[int, int] | None = None
    for guess in _GUESSES:
        for time, timestamp in seen:
            apart = abs(time + guess - tai_from_rtp(timestamp, time + guess, clock_rate))
            if best is None or apart < best[0]:
                best = apart, guess
    if best is None or best[0] > _BELIEVABLE:
        return ClockMap(0, False)
    return ClockMap(best[1], True)
