"""`rtvbox formats`: what can be asked for with --format."""

from __future__ import annotations

import argparse
import json
from fractions import Fraction
from typing import Any

from appliance.modes.flow import tx_plan
from appliance.rtv.packing import UDP_STANDARD
from appliance.rtv.traffic import SenderType
from drivers.video import FORMATS, VideoFormat


def add(commands: Any) -> None:
    """Declares the command."""
    own = commands.add_parser(
        "formats",
        help="list the video formats, with what they need on the network",
        description="Lists the video formats by name, at 10 bit 4:2:2 with standard UDP size.",
    )
    own.add_argument("--json", action="store_true", help="as JSON")
    own.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the table."""
    rows = [_row(name, fmt) for name, fmt in FORMATS.items()]
    if args.json:
        print(json.dumps(rows, indent=2))
        return 0
    print(f"{'format':<12}{'raster':<12}{'frames/s':<12}{'scan':<13}{'packets':>8}{'Gb/s':>7}")
    for row in rows:
        raster = f"{row['width']}x{row['height']}"
        print(
            f"{row['name']:<12}{raster:<12}{row['rate']:<12}{row['scan']:<13}"
            f"{row['packets']:>8}{row['gigabits']:>7.2f}"
        )
    print("\nAn interlaced format is named by its fields; packets are those of a whole frame.")
    print("Other rasters: WIDTHxHEIGHT, p or i, rate, as in 1280x1024p60 or 720x576i50")
    print("Other depths and samplings: rtvbox tx --depth 8|10|12 --sampling 4:2:2|4:4:4|RGB")
    return 0


def _row(name: str, fmt: VideoFormat) -> dict[str, Any]:
    plan = tx_plan(fmt, (), sender_type=SenderType.N)
    data = plan.packets[:, [1, 4, 7]].sum() * (2 if fmt.interlaced else 1)
    wire = int(data) + plan.model.packets * (6 + 2 + 12 + 8 + 20 + 38)
    return {
        "name": name,
        "width": fmt.width,
        "height": fmt.height,
        "rate": str(fmt.rate),
        "scan": fmt.scan.name.lower(),
        "packets": plan.model.packets,
        "max_udp": UDP_STANDARD,
        "gigabits": round(float(wire * 8 * Fraction(fmt.rate)) / 1e9, 3),
    }
