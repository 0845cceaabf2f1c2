"""How fast card layouts become pgroups and back, against memcpy of the same octets.

Ratios hold within one run: memcpy is measured next to each kernel, again and again, and the median
of the ratios is reported. Rates are octets of pgroups a second, whatever the layout.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

from appliance.engine import _engine
from drivers.video import Layout, Sampling, VideoFormat, format_named

ROUNDS = 5
SECONDS = 0.03  # of each measurement


@dataclass(frozen=True)
class Use:
    """How a picture is walked: pgroups at a time, and the size of the pgroup buffer in octets."""

    name: str
    run: int
    window: int


# A type N burst of five packets of 1200 octets is what the packet side of the box touches at once.
USES = (
    Use("frame", 0, 0),
    Use("packets of 240", 240, 0),
    Use("packets of 286", 286, 0),
    Use("burst buffer", 240, 6000),
)


def _pictures() -> list[tuple[str, VideoFormat, Layout]]:
    base = format_named("1080p50")
    rows = [("v210", base, Layout.V210)]
    rows += [
        (
            f"planar {sampling.value} {depth}",
            VideoFormat(base.width, base.height, base.rate, sampling=sampling, depth=depth),
            Layout.PLANAR16,
        )
        for sampling in Sampling
        for depth in (8, 10, 12)
    ]
    rows.append(("UYVY", VideoFormat(base.width, base.height, base.rate, depth=8), Layout.UYVY))
    return rows


FLOOR = {"pack": "memcpy", "unpack": "memcpy-back"}


def _measure(fmt: dict[str, int], use: Use, what: str, kernel: str) -> tuple[float, float]:
    """Octets a second, and the ratio to memcpy the same way between buffers of the same size."""
    rates, ratios = [], []
    for _ in range(ROUNDS):
        options: dict[str, Any] = {"run": use.run, "window": use.window, "seconds": SECONDS}
        floor = _engine.kernel_speed(fmt, FLOOR.get(what, "memcpy"), **options)
        rate = _engine.kernel_speed(fmt, what, kernel=kernel, **options)
        rates.append(rate)
        ratios.append(rate / floor)
    return median(rates), median(ratios)


def run() -> list[dict[str, Any]]:
    """Rows of {name, GB/s, ratio to memcpy}; v210 in every use, the others packet by packet."""
    rows: list[dict[str, Any]] = []
    for name, video, layout in _pictures():
        fmt = video.native(layout)
        families = [k for k in _engine.cpu_kernels() if _engine.kernel_name(fmt, kernel=k) == k]
        for use in USES if layout is Layout.V210 else USES[1:2]:
            floor, _ = _measure(fmt, use, "memcpy", "")
            rows.append({"name": f"{name}, {use.name}: memcpy", "GB/s": floor / 1e9, "ratio": 1.0})
            for family in families or [""]:
                for what in ("pack", "unpack"):
                    rate, ratio = _measure(fmt, use, what, family)
                    label = f"{name}, {use.name}: {what} {family or 'memcpy'}"
                    rows.append({"name": label, "GB/s": rate / 1e9, "ratio": ratio})
    return rows


def main() -> None:
    """Prints the table."""
    print(f"{'1080p50 pictures to pgroups and back':<56} {'GB/s':>7} {'of memcpy':>10}")
    for row in run():
        print(f"{row['name']:<56} {row['GB/s']:>7.1f} {row['ratio']:>10.2f}")


if __name__ == "__main__":
    main()
