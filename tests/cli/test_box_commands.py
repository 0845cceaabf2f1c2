"""The commands of a box with bad arguments, garbage in its folders, and a terminal that goes away:
one line with what is wrong and what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.box.store import Store, _checksum
from tests.cli.conftest import Command

RTVBOX = [sys.executable, "-m", "appliance.cli"]
LABEL = {"schema": 1, "label": "OR 3"}


@pytest.fixture
def root(rtvbox: Command, tmp_path: Path) -> Path:
    """A box that was told its label."""
    file = tmp_path / "tower.json"
    file.write_text(json.dumps(LABEL))
    assert rtvbox("config", "--root", tmp_path, "apply", file).code == 0
    return tmp_path


def entries(root: Path) -> Path:
    return root / "var/lib/rtvbox/generations"


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {' '.join(RTVBOX)} {line}"],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_names_that_are_no_generations_are_passed_over(rtvbox: Command, root: Path) -> None:
    for name in ("².json", "0x1.json", "9" * 100 + ".json", "-1.json", ".json", "１.json"):
        (entries(root) / name).touch()
    assert Store(root / "var/lib/rtvbox").numbers() == [1]
    again = rtvbox("config", "--root", root, "apply", root / "tower.json")
    assert (again.code, again.err) == (0, "")


def test_a_generation_that_lacks_a_key_is_damage(rtvbox: Command, root: Path) -> None:
    entry = entries(root) / "000001.json"
    tree = json.loads(entry.read_text())
    del tree["made"]
    entry.write_text(json.dumps(tree))
    said = rtvbox("config", "--root", root, "show")
    assert said.code == 2
    assert "generation 1 cannot be used: it does not say when and by whom" in said.err
    assert rtvbox("config", "--root", root, "apply", root / "tower.json").code == 0


def test_a_pipe_in_the_store_is_not_waited_for(root: Path) -> None:
    entry = entries(root) / "000001.json"
    entry.unlink()
    os.mkfifo(entry)
    said = shell(f"config --root {root} show")
    assert b"generation 1 cannot be used: it is no file" in said.stderr


def test_a_document_laid_in_place_of_the_link_is_said(rtvbox: Command, root: Path) -> None:
    link = root / "var/lib/rtvbox/desired.json"
    link.unlink()
    link.write_text(json.dumps(LABEL))
    said = rtvbox("config", "--root", root, "show")
    assert (said.code, json.loads(said.out)["label"]) == (0, "OR 3")
    assert "desired.json is no link to a generation" in said.err


def test_an_earlier_state_of_a_newer_box(rtvbox: Command, root: Path) -> None:
    entry = entries(root) / "000001.json"
    tree = json.loads(entry.read_text())
    tree["document"]["schema"] = 2
    tree["sha256"] = _checksum(tree["document"])
    entry.write_text(json.dumps(tree))
    said = rtvbox("config", "--root", root, "rollback", "1")
    assert said.err == (
        "rtvbox config: generation: 1 cannot be used (schema: 2 is of a newer box; "
        "update this box, or write 1); choose none\n"
    )


def test_a_folder_that_is_a_file_is_not_for_root(rtvbox: Command, tmp_path: Path) -> None:
    (tmp_path / "var/lib/rtvbox").mkdir(parents=True)
    (tmp_path / "var/lib/rtvbox/generations").touch()
    (tmp_path / "tower.json").write_text(json.dumps(LABEL))
    said = rtvbox("config", "--root", tmp_path, "apply", tmp_path / "tower.json")
    assert said.code == 2
    assert said.err.endswith("generations: File exists; look at the box's disk\n")


@pytest.mark.parametrize("schema", ["true", "1.0"])
def test_what_equals_one_is_not_one(rtvbox: Command, tmp_path: Path, schema: str) -> None:
    (tmp_path / "x.json").write_text(f'{{"schema": {schema}}}')
    said = rtvbox("config", "check", tmp_path / "x.json")
    assert said.code == 2
    assert "is not possible here; write 1" in said.err


def test_half_a_character_is_named(rtvbox: Command, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"schema": 1, "label": "a\\ud800b"}')
    said = rtvbox("config", "check", tmp_path / "x.json")
    assert said.err.endswith("document: has half a character ('\\ud800'); save it as UTF-8\n")


@pytest.mark.parametrize("what", ["show", "history"])
def test_a_reader_that_goes_away_and_a_full_disk(root: Path, what: str) -> None:
    gone = shell(f"config --root {root} {what} | true")
    assert (gone.returncode, gone.stderr) == (1, b"")
    full = shell(f"config --root {root} {what} >/dev/full")
    assert full.returncode == 1
    assert full.stderr == (b"rtvbox: standard output: cannot be written: No space left on device\n")


@pytest.mark.parametrize("line", ["panel --emulate", "status", "config schema"])
def test_without_standard_input(line: str) -> None:
    assert shell(f"{line} <&-").stderr == b""


def test_a_box_in_the_c_locale(root: Path) -> None:
    (root / "tower.json").write_text(json.dumps({"schema": 1, "label": "手術室"}))
    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    applied = shell(f"config --root {root} apply {root}/tower.json", **plain)
    assert (applied.returncode, applied.stderr) == (0, b"")
    assert applied.stdout.startswith(b"label: OR 3 ? ???\n")
    assert b"rtvbox ? mode unknown" in shell(f"status --root {root}/none", **plain).stdout


def test_a_machine_where_no_service_speaks_is_not_well(rtvbox: Command, tmp_path: Path) -> None:
    said = rtvbox("status", "--root", tmp_path)
    assert said.code == 1
    assert "agent         says nothing" in said.out


@pytest.mark.parametrize(
    ("command", "service", "tree"),
    [
        ("clock", "clock", {"offset_ns": "soon"}),
        ("clock", "clock", {"ports": []}),
        ("network", "network", {"data": {"address": "10.0.0.1"}}),
        ("network", "network", {"open": [7]}),
        ("network", "network", {"issues": [3]}),
        ("status", "converter", {"histograms": {"latency": {"count": 1}}}),
        ("status", "network", {"data": {"carrier": True, "prefix": {}, "address": []}}),
        ("status --metrics", "converter", {"counters": {"lost": "many"}, "histograms": 3}),
        ("status --metrics", "clock", {"offset_ns": "soon", "state": []}),
    ],
)
def test_what_a_service_says_may_be_anything(
    rtvbox: Command, tmp_path: Path, command: str, service: str, tree: object
) -> None:
    folder = tmp_path / "run/rtvbox"
    folder.mkdir(parents=True)
    (folder / f"{service}.json").write_text(json.dumps(tree))
    said = rtvbox(*command.split(), "--root", tmp_path)
    assert said.code in (0, 1)
    assert len(said.err.splitlines()) <= 1
    assert not said.err or "is not understood" in said.err


@pytest.mark.parametrize(
    ("boxes", "words"),
    [
        ("", "box: '' is no address; write HOST or HOST:PORT"),
        (",", "box: '' is no address"),
        ("10.0.0.1,", "box: '' is no address"),
        ("localhost:99999", "box: 'localhost:99999' is no address"),
        ("localhost:abc", "box: 'localhost:abc' is no address"),
        ("https://localhost", "is no address"),
        ("[::1", "is no address"),
        ("a\nb", "is no address"),
        ("a,b,a", "box: a is named twice; leave one out"),
    ],
)
def test_addresses_of_boxes(rtvbox: Command, tmp_path: Path, boxes: str, words: str) -> None:
    said = rtvbox("remote", "--site", tmp_path, boxes, "identity")
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert len(said.err.splitlines()) == 1


def test_a_box_that_is_not_there(rtvbox: Command, tmp_path: Path) -> None:
    said = rtvbox("remote", "--site", tmp_path, "localhost:1", "identity")
    assert said.code == 1
    assert "localhost:1: cannot be reached (" in said.err
    assert "is it on, and is this its address?" in said.err


def test_a_site_wants_a_name(rtvbox: Command, tmp_path: Path) -> None:
    for name, length in (("", 0), ("x" * 65, 65)):
        said = rtvbox("remote", "--site", tmp_path / "site", "site", name)
        assert said.err == (
            f"rtvbox remote: site: its name has {length} characters; give it 1..64\n"
        )
    assert not (tmp_path / "site").exists()


def test_a_patient_in_another_encoding_is_refused_and_not_guessed(
    rtvbox: Command, tmp_path: Path
) -> None:
    assert rtvbox("remote", "--site", tmp_path / "site", "site", "X").code == 0
    file = tmp_path / "patient.json"
    file.write_bytes('{"patient": {"name": "Müller^Zoë"}}'.encode("latin-1"))
    for what in ("patient", "apply"):
        said = rtvbox("remote", "--site", tmp_path / "site", "localhost:1", what, file)
        assert said.code == 2
        assert said.err == f"rtvbox remote: file: {file} is not UTF-8; save it as UTF-8\n"


@pytest.mark.parametrize("key", ["/dev/null", "/nowhere", "nope"])
def test_what_has_no_edid(rtvbox: Command, key: str) -> None:
    said = rtvbox("edid", key)
    assert said.code == 2
    assert key in said.err
    assert "rtvbox devices" in said.err
