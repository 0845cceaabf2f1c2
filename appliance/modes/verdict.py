"""What reports of both directions have in common. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.report import Format, Verdict
from drivers.video import VideoFormat


def format_of(fmt: VideoFormat) -> Format:
    """A video format in a report."""
    return Format(
        width=fmt.width,
        height=fmt.height,
        rate=str(fmt.rate),
        scan=fmt.scan.name.lower(),
        sampling=str(fmt.sampling),
        depth=fmt.depth,
    )


def verdict(figures: Mapping[str, int], faults: Mapping[str, str], live: str, none: str) -> Verdict:
    """One line for each figure of `faults` that is not 0; `none` when `live` is 0."""
    lines = [f"{figures[name]} {text}" for name, text in faults.items() if figures[name]]
    if not figures[live]:
        lines.insert(0, none)
    return Verdict(good=not lines, faults=lines)
