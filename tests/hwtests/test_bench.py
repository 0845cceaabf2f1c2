"""A bench file: what it may say, and what is said of one that is wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hwtests import bench

FOLDER = Path(bench.__file__).parent
LOOP = '[[loop]]\nplayout = "decklink:1"\ncapture = "decklink:2"\nformat = "1080p50"\n'


def write(folder: Path, text: str) -> Path:
    file = folder / "bench.toml"
    file.write_text(text)
    return file


@pytest.mark.parametrize("name", [file.name for file in (FOLDER / "benches").glob("*.toml")])
def test_ours_are_in_order(name: str) -> None:
    found = bench.read_bench(FOLDER / "benches" / name)
    assert found.items["capture"] or found.box


def test_what_is_left_out(tmp_path: Path) -> None:
    found = bench.read_bench(write(tmp_path, LOOP))
    assert found.name == "bench" and found.real_time and not found.vivid and found.host is None
    assert found.items["loop"][0]["playout"] == "decklink:1"
    assert found.items["capture"] == [] and found.watchdog == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("captures = 1", "captures: is unknown; is capture meant?"),
        ("real_tim = true", "real_tim: is unknown; is real_time meant?"),
        ("xyzzy = 1", "xyzzy: is unknown; choose name, real_time"),
        ('real_time = "yes"', "real_time: 'yes' is none; write true or false"),
        ("soak_seconds = 0", "soak_seconds: 0 is none; write a number of seconds, above 0"),
        ("soak_seconds = true", "soak_seconds: True is none; write a number of seconds"),
        ('prepare = "modprobe vivid"', "prepare: 'modprobe vivid' is none; write a list of"),
        ('[capture]\nkey = "v4l2:1"', "capture: is no list of tables; write [[capture]]"),
        ("capture = [1]", "capture: is no list of tables"),
        ('[[capture]]\nformat = "1080p50"', "[[capture]] 1: key: is missing; see hwtests/"),
        (f"{LOOP}{LOOP}exakt = true", "[[loop]] 2: exakt: is unknown; is exact meant?"),
        (f'{LOOP}exact = "no"', "[[loop]] 1: exact: 'no' is none; write true or false"),
        (LOOP.replace("1080p50", "1080p51"), "[[loop]] 1: format: '1080p51' is none; choose"),
        (
            LOOP.replace("decklink:1", "card 1"),
            "playout: 'card 1' is none; write a key",
        ),
        (LOOP.replace("decklink:1", "decklink:"), "[[loop]] 1: playout: 'decklink:' is none"),
        ('[[panel]]\nport = "/dev/x"\nmodel = "cfa1"', "model: 'cfa1' is none; choose cfa533"),
        ('[[ptp]]\ninterface = "eno1"\ndomain = 128', "domain: 128 is none; write a PTP domain"),
        ('[[ptp]]\ninterface = "eno1"\ntimestamps = "soft"', "choose hardware, software"),
        ('[[watchdog]]\ndevice = "/dev/watchdog"', "watchdog: is no table; write [watchdog]"),
        ('[watchdog]\ndriver = "x"', "[watchdog]: device: is missing"),
        ("name = ", "Invalid value"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ValueError) as error:
        bench.read_bench(file)
    assert str(error.value).startswith(f"bench: {file}: ")
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No such file"):
        bench.read_bench(tmp_path / "none.toml")


def test_the_check_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main([str(write(tmp_path, LOOP))]) == 0
    said = capsys.readouterr().out
    assert "loop      decklink:1-to-decklink:2" in said
    assert "capture   none: its tests will be skipped" in said
    assert bench.main([str(write(tmp_path, "nmae = 'x'"))]) == 2
    assert "is name meant?" in capsys.readouterr().err
    assert bench.main([]) == 2


def test_each_budget_has_its_reason() -> None:
    text = (FOLDER / "budgets.toml").read_text()
    for area, numbers in tomllib.loads(text).items():
        for name in numbers:
            lines = [line for line in text.splitlines() if line.startswith(f"{name} = ")]
            assert lines and all("#" in line for line in lines), f"[{area}] {name} is not explained"
