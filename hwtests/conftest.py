"""A test that takes `capture`, `playout`, `loop` or another of `bench.KINDS` runs once for each
that the bench has, and is skipped with that as its reason when it has none."""

from __future__ import annotations

import itertools
import json
import shlex
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from appliance import runner
from hwtests.bench import KINDS, Bench, name_of, read_bench
from hwtests.summary import BUDGET, Row, lines

_BENCH = pytest.StashKey[Bench]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bench", help="the bench file; see hwtests/benches/example.toml")


def pytest_configure(config: pytest.Config) -> None:
    path = config.getoption("--bench")
    if path is None and all("hwtests/image" in one for one in config.args):
        # The image brings its machine along.
        config.stash[_BENCH] = Bench(
            "virtual machines", {kind: [] for kind in KINDS}, real_time=False
        )
        return
    if path is None:
        raise pytest.UsageError(
            "these tests need devices: give --bench FILE (hwtests/benches/example.toml), "
            "or run them in a virtual machine: make hwtest-vm"
        )
    try:
        bench = read_bench(Path(path))
        for command in bench.prepare:
            runner.run(shlex.split(command), timeout=120)
    except (ValueError, runner.CommandError) as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[_BENCH] = bench


def pytest_report_header(config: pytest.Config) -> str:
    bench = config.stash[_BENCH]
    times = "budgets of time hold" if bench.real_time else "no budget of time holds: it is emulated"
    return f"bench: {bench.name}; {times}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    bench = metafunc.config.stash[_BENCH]
    for kind in KINDS:
        if kind not in metafunc.fixturenames:
            continue
        items: list[Any] = list(bench.items[kind])
        names = [name_of(kind, item) for item in items]
        if not items:
            missing = pytest.mark.skip(reason=f"the bench has no {kind}")
            items, names = [pytest.param(None, marks=missing)], ["none"]
        metafunc.parametrize(kind, items, ids=names, scope="module")


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest) -> Bench:
    """The bench."""
    return request.config.stash[_BENCH]


@pytest.fixture(scope="session")
def budget() -> dict[str, dict[str, float]]:
    """Numbers that must be kept, by area and name."""
    return tomllib.loads(Path(__file__).with_name("budgets.toml").read_text())


def pytest_exception_interact(
    node: pytest.Item, report: pytest.TestReport | pytest.CollectReport
) -> None:
    # At once, for a run that comes to no end.
    print(f"\n{node.nodeid}\n{report.longreprtext}")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    rows = [
        (report.nodeid, _row(result, report))
        for result in ("passed", "failed", "error", "skipped")
        for report in terminalreporter.stats.get(result, [])
        if isinstance(report, pytest.TestReport)
    ]
    rows.sort(key=lambda one: one[0].partition("::")[0])
    bench = config.stash[_BENCH]
    terminalreporter.section(f"bench: {bench.name}")
    for line in lines([row for _, row in rows], real_time=bench.real_time):
        terminalreporter.write_line(line)


def _row(result: str, report: pytest.TestReport) -> Row:
    reason = ""
    if isinstance(report.longrepr, tuple):  # file, line, why it was skipped
        reason = report.longrepr[2].removeprefix("Skipped: ")
    elif report.longrepr is not None:
        crash = getattr(report.longrepr, "reprcrash", None)
        reason = str(crash.message if crash else report.longrepr).splitlines()[0]
    return Row(
        report.nodeid.removeprefix("hwtests/"),
        "failed" if result == "error" else result,
        reason,
        tuple(report.user_properties),
        report.duration,
    )


class Figure(Protocol):
    """Takes a measured figure of a test, and its limit where it has a budget."""

    def __call__(self, name: str, value: object, limit: float | None = None) -> None:
        """Says it and keeps it."""


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figure:
    """Prints a measured figure, and keeps it for the list at the end and the report
    (--junit-xml)."""

    def say(name: str, value: object, limit: float | None = None) -> None:
        record_property(name, value)
        if limit is not None:
            record_property(BUDGET + name, limit)
        print(f"FIGURE {name}: {value}")

    return say


@pytest.fixture(autouse=True)
def generator(bench: Bench, request: pytest.FixtureRequest) -> None:
    """What is connected to an input sends what the bench file says; vivid is told to."""
    item = request.getfixturevalue("capture") if "capture" in request.fixturenames else None
    if bench.vivid and item is not None:
        from hwtests.playing import vivid_sends

        vivid_sends(item["key"], item["format"])


class Host:
    """What the host of a virtual machine does for a test; see vm/machine.py."""

    def __init__(self, share: Path) -> None:
        self.share = share
        self._numbers = itertools.count()

    def ask(self, do: str, **wish: Any) -> Any:
        """Asks, and waits for the answer. RuntimeError with what the host said."""
        number = next(self._numbers)
        ask = self.share / f"part-{number}"
        ask.write_text(json.dumps({"do": do, **wish}))
        ask.rename(self.share / f"ask-{number}")
        answer = self.share / f"answer-{number}"
        deadline = time.monotonic() + 60
        while not answer.exists():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{do}: the host does not answer")
            time.sleep(0.05)
        said = json.loads(answer.read_text())
        answer.unlink()
        if not said["ok"]:
            raise RuntimeError(f"{do}: {said['value']}")
        return said["value"]

    def events(self) -> list[dict[str, Any]]:
        """What happened to the machine so far."""
        file = self.share / "events"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def host(bench: Bench) -> Iterator[Host]:
    """The host of the virtual machine; skipped on a real bench."""
    if bench.host is None:
        pytest.skip("not in a virtual machine: nobody to do this from outside")
    yield Host(bench.host)
