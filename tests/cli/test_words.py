"""Help, lists and schemas: complete, and true."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest

from appliance.cli import parser

from .conftest import Command

COMMANDS = ["tx", "rx", "inspect", "demo", "devices", "panel", "formats", "report-schema"]


def test_help_names_every_command(rtvbox: Command) -> None:
    code, out, err = rtvbox("--help")
    assert (code, err) == (0, "")
    for command in COMMANDS:
        assert re.search(rf"^    {command}\s+\w", out, re.M), command
    assert "130" in out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(rtvbox: Command, command: str) -> None:
    code, out, err = rtvbox(command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: rtvbox {command}")
    assert max(map(len, out.splitlines())) <= 200


def test_every_option_is_explained() -> None:
    commands = parser()._subparsers
    assert commands is not None
    for name, own in commands._group_actions[0].choices.items():  # type: ignore[union-attr]
        for action in own._actions:
            assert action.help, f"{name} {action.option_strings}"


def test_formats_as_table_and_json(rtvbox: Command) -> None:
    code, out, _ = rtvbox("formats")
    assert code == 0
    assert re.search(r"^1080p50\s+1920x1080\s+50\s+progressive\s+\d+\s+2\.\d+$", out, re.M)
    rows = {row["name"]: row for row in json.loads(rtvbox("formats", "--json").out)}
    assert rows["1080i59.94"]["rate"] == "30000/1001"
    assert rows["1080i59.94"]["scan"] == "interlaced"
    assert rows["2160p60"]["gigabits"] > 4 * rows["1080p59.94"]["gigabits"]


def test_report_schema_is_a_schema(rtvbox: Command) -> None:
    schema = json.loads(rtvbox("report-schema").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    for name, definition in schema["$defs"].items():
        assert definition["description"], name
        for field, kind in definition["properties"].items():
            if field not in ("role", "version"):
                assert kind["description"], f"{name}.{field}"
