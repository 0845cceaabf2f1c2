"""What the services wrote: read, refused, too old; and never more than is described."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.panel.look import OLD_S, look
from appliance.panel.place import Menu
from appliance.panel.screen import Screen
from appliance.panel.screens import render
from appliance.panel.status import SECTIONS, Status, status_of

from .boxes import GLASSES, document, walk


def folder(tmp_path: Path, sections: dict[str, Any]) -> Path:
    for name, value in sections.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    return tmp_path


def test_a_folder_and_a_file_say_the_same(tmp_path: Path) -> None:
    one = tmp_path / "status"
    one.write_text(json.dumps(document()))
    status = look(folder(tmp_path, document()))
    assert status == look(one) == status_of(document())
    assert not status.silent


def test_what_is_not_there_is_not_known(tmp_path: Path) -> None:
    status = look(tmp_path)
    assert status == replace(Status(), silent=status.silent)
    assert dict(status.silent) == dict.fromkeys(SECTIONS, "is not running")
    assert set(look(tmp_path / "missing").silent) == set(SECTIONS)


def test_what_a_dead_service_left_is_not_shown(tmp_path: Path) -> None:
    folder(tmp_path, document())
    before = time.time() - OLD_S - 1
    os.utime(tmp_path / "clock.json", (before, before))
    status = look(tmp_path)
    assert dict(status.silent) == {"clock": "does not answer"}
    assert status.clock.state is None
    assert status.converter.mode == "tx"


@pytest.mark.parametrize(
    ("section", "value", "words"),
    [
        ("clock", "locked", "clock: is no object"),
        ("clock", {"state": "good"}, "clock.state: is none of free-run, acquiring"),
        ("clock", {"offset_ns": 1.5}, "clock.offset_ns: is no whole number"),
        ("clock", {"offset_ns": True}, "clock.offset_ns: is no whole number"),
        ("converter", {"mode": 3}, "converter.mode: is no text"),
        ("converter", {"input": []}, "converter.input: is no object"),
        ("converter", {"input": {"signal": "yes"}}, "converter.input.signal: is none of"),
        ("converter", {"flow": "on"}, "converter.flow: is no object"),
        ("network", {"data": {"prefix": 33}}, "network.data.prefix: is not 0..32"),
        ("network", {"data": {"carrier": 1}}, "network.data.carrier: is neither true nor"),
        ("agent", {"modes": "tx"}, "agent.modes: is no list"),
        ("issues", {}, "issues: is no list"),
        ("issues", [{"severity": "error"}], "issues[0]: an issue has a severity and a text"),
        ("issues", [{"text": "x", "severity": "bad"}], "issues[0].severity: is none of info"),
    ],
)
def test_a_section_that_makes_no_sense(section: str, value: object, words: str) -> None:
    status = status_of(document() | {section: value})
    assert list(status.silent) == [section]
    assert status.silent[section].startswith(words)


@pytest.mark.parametrize("octets", [b"", b"{", b"\xff\xfe", b"[" * 100000, b"null", b"[1]"])
def test_files_that_are_no_status(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "clock.json").write_bytes(octets)
    (tmp_path / "one").write_bytes(octets)
    assert "clock" in look(tmp_path).silent
    assert set(look(tmp_path / "one").silent) == set(SECTIONS)


def test_a_patient_never_reaches_the_glass() -> None:
    """Whatever a service writes beside what is described here."""
    marked = "Sauerbruch^Ferdinand"

    def infested(value: Any) -> Any:
        if isinstance(value, dict):
            more = {"patient": marked, "patient_name": {"text": marked}, "name": marked}
            return {key: infested(own) for key, own in value.items()} | more
        return [infested(one) for one in value] if isinstance(value, list) else value

    status = status_of(infested(document()))
    assert not status.silent
    assert "Sauerbruch" not in repr(status)
    ways = [walk(way, status)[0] for way in ("", "e", "ee", "ede", "edee", "edde", "eddde", "euee")]
    assert {menu.at for menu in ways} >= {Screen.STATE, Screen.IDENTITY, Screen.ISSUE}
    for menu in [Menu(), *ways]:
        for glass in GLASSES:
            for cursor in range(20):
                text = "".join(render(replace(menu, cursor=cursor), status, glass).lines)
                assert "Sauer" not in text


def test_line_breaks_and_control_codes_are_spaces() -> None:
    status = status_of(document(agent={"label": "a\nb\x1b[2J\tc"}))
    text = render(Menu(), status, GLASSES[0]).lines[0]
    assert "\n" not in text
    assert "\x1b" not in text
