"""Media time in exact integers: ST 2059-1 alignment points and ST 2110-10 RTP timestamps.

Instants are TAI in integer nanoseconds since 1970-01-01 00:00:00 TAI, the SMPTE epoch. Nothing
here is a float. An alignment point need not fall on a whole nanosecond (1/60 s does not); as an
instant it is floored, so the RTP timestamp of a frame that is aligned comes from its index
(`alignment_rtp`), not from the floored instant, which can lie a tick too low.
"""

from __future__ import annotations

from fractions import Fraction

NS = 1_000_000_000
RTP_VIDEO = 90_000
"""RTP clock of ST 2110-20, Hz."""

_WRAP = 1 << 32


def alignment_point(index: int, rate: Fraction) -> int:
    """TAI ns of the alignment point `index` of a rate per second, floored (ST 2059-1)."""
    return index * rate.denominator * NS // rate.numerator


def alignment_index(tai_ns: int, rate: Fraction) -> int:
    """Index of the last alignment point (floored to ns) at or before an instant."""
    return ((tai_ns + 1) * rate.numerator - 1) // (rate.denominator * NS)


def next_alignment(tai_ns: int, rate: Fraction) -> int:
    """Index of the first alignment point (floored to ns) at or after an instant."""
    index = alignment_index(tai_ns, rate)
    return index if alignment_point(index, rate) == tai_ns else index + 1


def alignment_ticks(index: int, rate: Fraction, clock_rate: int = RTP_VIDEO) -> int:
    """Media clock ticks at an alignment point since the epoch, floored, not wrapped.

    Steps of 59.94 Hz at 90 kHz are 1501 and 1502.
    """
    return index * rate.denominator * clock_rate // rate.numerator


def alignment_rtp(index: int, rate: Fraction, clock_rate: int = RTP_VIDEO) -> int:
    """RTP timestamp of an alignment point, 0 .. 2**32 - 1 (ST 2110-10 section 7)."""
    return alignment_ticks(index, rate, clock_rate) % _WRAP


def rtp_ticks(tai_ns: int, clock_rate: int = RTP_VIDEO) -> int:
    """Media clock ticks since the epoch at an instant, floored, not wrapped."""
    return tai_ns * clock_rate // NS


def rtp_timestamp(tai_ns: int, clock_rate: int = RTP_VIDEO) -> int:
    """RTP timestamp of an instant, 0 .. 2**32 - 1."""
    return rtp_ticks(tai_ns, clock_rate) % _WRAP


def unwrap(timestamp: int, reference_ticks: int) -> int:
    """The tick count whose low 32 bits are `timestamp` and that is nearest to a reference:
    within 2**31 ticks (6.6 h at 90 kHz) of it."""
    delta = (timestamp - reference_ticks) % _WRAP
    if delta >= _WRAP // 2:
        delta -= _WRAP
    return reference_ticks + delta


def tai_from_ticks(ticks: int, clock_rate: int = RTP_VIDEO) -> int:
    """First TAI ns at which the media clock shows `ticks`."""
    return -(-ticks * NS // clock_rate)


def tai_from_rtp(timestamp: int, reference_tai_ns: int, clock_rate: int = RTP_VIDEO) -> int:
    """TAI ns at which the media clock first shows an RTP timestamp, nearest to a reference
    instant. `rtp_timestamp` of the answer is the timestamp again."""
    ticks = unwrap(timestamp, rtp_ticks(reference_tai_ns, clock_rate))
    return tai_from_ticks(ticks, clock_rate)


def frame_steps(rate: Fraction, clock_rate: int = RTP_VIDEO) -> tuple[int, int]:
    """Smallest and largest difference between RTP timestamps of neighbouring aligned frames."""
    low = rate.denominator * clock_rate // rate.numerator
    return low, low if low * rate == clock_rate else low + 1


def nearest_index(ticks: int, rate: Fraction, clock_rate: int = RTP_VIDEO) -> tuple[int, int]:
    """The alignment point nearest to a tick count: (index, ticks beyond that point)."""
    below = ticks * rate.numerator // (rate.denominator * clock_rate)
    best = min(
        (below, below + 1), key=lambda i: (abs(ticks - alignment_ticks(i, rate, clock_rate)), i)
    )
    return best, ticks - alignment_ticks(best, rate, clock_rate)
