"""What is wrong with a running pipeline, from its counters: issues and the panel's words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from drivers.video import Signal, VideoFormat

_SIGNALS = {
    Signal.LOCKED: "ok",
    Signal.ABSENT: "none",
    Signal.UNLOCKED: "unstable",
    Signal.MISMATCH: "mismatch",
    Signal.UNSUPPORTED: "mismatch",
    Signal.GONE: "none",
}
_WINDOW_NS = 10_000_000_000
_SILENT_NS = 1_000_000_000
_NAMED = 4  # modes that a person is told of


@dataclass(frozen=True)
class Fault:
    """An issue of the catalogue: raised while it is seen. values: for its text."""

    name: str
    subject: str
    values: Mapping[str, object]

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others."""
        return self.name, self.subject


@dataclass(frozen=True)
class Sample:
    """Counters of an engine at one time, monotonic ns."""

    at: int
    counters: Mapping[str, int]


def signal_word(counters: Mapping[str, int]) -> str:
    """The panel's word for a transmitter's input."""
    return _SIGNALS[Signal(counters["signal"])]


def tx_faults(
    card: str, wanted: str, found: str, patient: bool, samples: tuple[Sample, ...]
) -> Iterator[Fault]:
    """Of a transmitter. wanted, found: formats in words. samples: the last ten seconds'."""
    signal = Signal(samples[-1].counters["signal"])
    if signal in (Signal.MISMATCH, Signal.UNSUPPORTED):
        yield Fault("input-mismatch", card, {"found": found or "another", "wanted": wanted})
    elif signal is Signal.GONE:
        yield Fault("input-missing", card, {})
    elif signal is not Signal.LOCKED:
        yield Fault("input-no-signal", card, {})
    if not patient:
        yield Fault("no-patient", "", {})


def rx_state(samples: tuple[Sample, ...]) -> str:
    """The panel's word for a received flow: running while live pictures are presented."""
    return "running" if _grew("presented", samples, _SILENT_NS) else "waiting"


def rx_faults(flow: str, paths: int, samples: tuple[Sample, ...]) -> Iterator[Fault]:
    """Of a receiver."""
    if rx_state(samples) != "running":
        yield Fault("flow-none", flow, {})
        return
    lost = _growth("lost", samples, _WINDOW_NS) + _growth("metadata_lost", samples, _WINDOW_NS)
    if lost:
        yield Fault("flow-loss", flow, {"packets": lost})
    if paths == 2:
        every = _growth("packets", samples, _SILENT_NS)
        for path, key in ((1, "lost_a"), (2, "lost_b")):
            # Of a path that carries nothing, about every packet of the flow is missing.
            if every and _growth(key, samples, _SILENT_NS) * 10 > every * 8:
                yield Fault("flow-path-lost", flow, {"path": path})
    if _grew("no_patient", samples, _SILENT_NS):
        yield Fault("no-patient", "", {})


def output_there(stats: Mapping[str, int]) -> bool:
    """Whether pictures reach something. stats: of the card; each family says it in its way, and
    what has no cable always does."""
    return all(stats.get(key, 1) for key in ("connected", "open", "running"))


def pictures_a_second(fmt: VideoFormat) -> Fraction:
    """That a monitor shows of a flow: each field of an interlaced frame is one."""
    return fmt.rate * 2 if fmt.interlaced else fmt.rate


def refresh_remedy(rate: str, matching: Sequence[str]) -> str:
    """For a monitor whose refresh is not the flow's rate. matching: its modes that have it."""
    if not matching:
        return f"this monitor has no mode of {rate} Hz or a multiple: use one that has"
    more = ", ..." if len(matching) > _NAMED else ""
    return f"this monitor has {', '.join(matching[:_NAMED])}{more}: send a picture of such a size"


def output_faults(
    card: str, rate: Fraction, stats: Mapping[str, int], matching: Sequence[str] = ()
) -> Iterator[Fault]:
    """Of a receiver's output. rate: pictures a second of the flow. stats: of the card. matching:
    of a monitor, the modes that show this rate or a multiple of it."""
    if not output_there(stats):
        yield Fault("output-missing", card, {})
    elif not stats.get("matched", 1):
        found = f"{stats.get('nominal_mhz', 0) / 1000:g}"
        wanted = f"{round(float(rate), 2):g}"
        words = {"found": found, "wanted": wanted, "remedy": refresh_remedy(wanted, matching)}
        yield Fault("output-refresh", card, words)


def kept(samples: tuple[Sample, ...], fresh: Sample) -> tuple[Sample, ...]:
    """The samples of the last ten seconds, and this one."""
    return (*(one for one in samples if fresh.at - one.at <= _WINDOW_NS), fresh)


def _grew(key: str, samples: tuple[Sample, ...], within: int) -> bool:
    return _growth(key, samples, within) > 0


def _growth(key: str, samples: tuple[Sample, ...], within: int) -> int:
    newest = samples[-1]
    oldest = next(one for one in samples if newest.at - one.at <= within)
    return newest.counters.get(key, 0) - oldest.counters.get(key, 0)
