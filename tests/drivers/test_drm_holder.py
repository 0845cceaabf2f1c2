"""Who holds a card: the open files of the programs that this user may see."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.drm import _drm


@contextmanager
def holding(file: Path) -> Iterator[int]:
    """Another program that has the file open; its PID."""
    program = "import sys; f = open(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None and child.stdin is not None
        assert child.stdout.readline() == b"open\n"
        yield child.pid
        child.stdin.close()


def name_of(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def test_the_program_that_has_it_open_is_named(tmp_path: Path) -> None:
    node = tmp_path / "card0"
    node.touch()
    other = tmp_path / "card1"
    other.symlink_to(node)  # found under whatever name it was opened
    with holding(other) as pid:
        said = _drm.held_by("/proc", str(node))
        assert said.startswith(f"is held by {name_of(pid)} (PID {pid}); stop that program first")
        assert "another program" not in said
        with holding(node) as second:
            said = _drm.held_by("/proc", str(node))
            both = sorted((pid, second))
            named = ", ".join(f"{name_of(one)} (PID {one})" for one in both)
            assert f"is held by one of {named}; " in said
    assert "held by another program" in _drm.held_by("/proc", str(node))


def test_our_own_descriptor_is_not_the_holder_but_another_one_is(tmp_path: Path) -> None:
    node = tmp_path / "card0"
    with node.open("w") as first:
        assert "another program" in _drm.held_by("/proc", str(node), first.fileno())
        with node.open() as second:
            assert f"(PID {os.getpid()})" in _drm.held_by("/proc", str(node), second.fileno())


def test_devices_are_told_apart_by_their_numbers() -> None:
    pid = os.getpid()
    with Path("/dev/full").open("wb"):
        assert f"(PID {pid})" in _drm.held_by("/proc", "/dev/full")
    assert f"(PID {pid})" not in _drm.held_by("/proc", "/dev/full")


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc of six programs that have /dev/full open, under names of all kinds."""
    names = [b"kwin wayland\n", b"\x1b[2J\xff\n", b"", *(3 * [b"mpv\n"])]
    for number, name in enumerate(names, start=7):
        fds = tmp_path / str(number) / "fd"
        fds.mkdir(parents=True)
        (fds / "3").symlink_to("/dev/full")
        (fds / "4").symlink_to("/nowhere")
        (tmp_path / str(number) / "comm").write_bytes(name)
    (tmp_path / "self").mkdir()
    (tmp_path / "12x" / "fd").mkdir(parents=True)
    (tmp_path / "99").mkdir()  # of another user
    return tmp_path


def test_names_do_nothing_to_a_terminal_and_many_stay_one_line(proc: Path) -> None:
    said = _drm.held_by(str(proc), "/dev/full")
    assert "kwin wayland (PID 7), ?[2J? (PID 8), ? (PID 9), mpv (PID 10), ...; stop" in said
    assert said.isprintable()


def test_nothing_to_see_is_another_program(tmp_path: Path) -> None:
    for proc, node in ((tmp_path, "/dev/full"), (tmp_path / "none", "/dev/full"), ("/proc", "/x")):
        assert "is held by another program" in _drm.held_by(str(proc), str(node))
