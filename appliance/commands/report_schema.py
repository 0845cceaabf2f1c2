"""`rtvbox report-schema`: the documentation of every report, as JSON Schema."""

from __future__ import annotations

import argparse
import json
from typing import Any

from appliance.report import json_schema


def add(commands: Any) -> None:
    """Declares the command."""
    own = commands.add_parser(
        "report-schema",
        help="print the JSON Schema of the reports",
        description="Prints the JSON Schema (draft 2020-12) of what --report writes.",
    )
    own.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:  # noqa: ARG001 - as every command
    """Prints the schema."""
    print(json.dumps(json_schema(), indent=2))
    return 0
