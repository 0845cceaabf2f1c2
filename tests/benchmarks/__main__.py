"""`make bench`: prints tables and writes build/bench.json."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks import callback, clock, composite, control, floor, kernels, pacing, stream

Rows = list[dict[str, Any]]


def figure(value: object) -> str:
    """A cell: floats to three significant places."""
    return f"{value:.3g}" if isinstance(value, float) and value < 1000 else str(value)


def table(title: str, rows: Rows) -> str:
    """Rows as a Markdown table."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[figure(row.get(key, "")) for key in keys] for row in rows]
    wide = [max(len(key), *(len(row[i]) for row in cells)) for i, key in enumerate(keys)]

    def line(values: list[str]) -> str:
        return "| " + " | ".join(v.ljust(w) for v, w in zip(values, wide, strict=True)) + " |"

    rule = "|" + "|".join("-" * (w + 2) for w in wide) + "|"
    return "\n".join(["", f"### {title}", "", line(keys), rule, *map(line, cells)])


def main() -> int:
    """Runs the wished parts; a part that fails says so and the exit code is 1."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of the one-minute run")
    parser.add_argument("--only", nargs="*", default=[], help="kernels floor real-time ...")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"))
    wish = parser.parse_args()
    short = min(wish.seconds, 10.0)
    result: dict[str, Any] = {"machine": f"{platform.machine()} {platform.release()}"}
    parts = {
        "kernels": ("v210 and pgroups against memcpy", kernels.run),
        "composite": ("the overlay, ms a frame", composite.run),
        "floor": ("bare loops over veth", floor.run),
        "unpaced": ("Tx and Rx unpaced against the bare loops", lambda: stream.unpaced(3)),
        "real-time": ("Tx and Rx in real time", lambda: stream.real_time(wish.seconds)),
        "latency": ("latency at 1080p50, ms", lambda: stream.latency(short)),
        "callback": ("a card's callback at 720p60, stand-in card", lambda: callback.run(short / 2)),
        "control": ("the control plane of a box", lambda: control.run(short)),
        "clock": ("PTP follower, software time stamps", lambda: clock.run(short * 3)),
        "pacing": ("ST 2110-21 at the receiver's end", lambda: pacing.run(short)),
    }
    failed = []
    for name, (title, run) in parts.items():
        if wish.only and name not in wish.only:
            continue
        try:
            rows = run()
        except Exception as error:
            failed.append(name)
            print(f"\n{name} failed: {error!r}", file=sys.stderr)
            continue
        result[name] = rows
        print(table(title, rows), flush=True)
    wish.json.parent.mkdir(parents=True, exist_ok=True)
    wish.json.write_text(json.dumps(result, indent=1))
    print(f"\nwritten to {wish.json}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
