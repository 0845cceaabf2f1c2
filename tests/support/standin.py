"""The stand-in libDeckLinkAPI.so: built here, driven from here (commands: decklink/control.cpp)."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = Path(__file__).with_name("decklink")
ANSWER = 1 << 20


@cache
def library() -> Path:
    """Path of libDeckLinkAPI.so, alone in its folder; built once for each state of its sources."""
    sources = sorted(SOURCES.glob("*.cpp"))
    read = [*sources, *sorted(SOURCES.glob("*.hpp"))]
    read += [
        ROOT / "drivers/decklink" / name for name in ("abi.hpp", "abi_newer.hpp", "constants.hpp")
    ]
    read += [ROOT / "drivers/synthetic/stamp.hpp", ROOT / "drivers/native/samples.hpp"]
    state = hashlib.sha256(b"".join(path.read_bytes() for path in read)).hexdigest()[:16]
    out = ROOT / "build" / "standin" / state / "libDeckLinkAPI.so"
    if out.exists():
        return out
    out.parent.mkdir(parents=True, exist_ok=True)
    flags = "-std=c++20 -O2 -g1 -fPIC -Wall -Wextra -Werror -fno-strict-aliasing -D_GNU_SOURCE"
    flags += " -fvisibility=hidden -pthread"
    includes = [f"-I{ROOT / name}" for name in ("drivers/include", "drivers/native")]
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        parts = [Path(folder) / f"{source.stem}.o" for source in sources]
        running = [
            subprocess.Popen(["g++", *flags.split(), *includes, "-c", str(source), "-o", str(part)])
            for source, part in zip(sources, parts, strict=True)
        ]
        failed = [one.args for one in running if one.wait() != 0]
        if failed:
            raise RuntimeError(f"the stand-in does not compile: {failed}")
        whole = Path(folder) / out.name
        link = ["g++", "-shared", "-pthread", "-Wl,-z,nodelete", "-o", str(whole)]
        subprocess.run([*link, *map(str, parts)], check=True)
        whole.rename(out)
    return out


def understood(answer: str) -> dict[str, Any]:
    """A command's answer; ValueError with the stand-in's reason when it was refused."""
    if answer.startswith("error: "):
        raise ValueError(answer.removeprefix("error: "))
    found: dict[str, Any] = json.loads(answer)
    return found


class Local:
    """The stand-in inside this process: the same one that whatever loads `library()` talks to."""

    def __init__(self) -> None:
        self.library = ctypes.CDLL(str(library()))

    def __call__(self, command: str) -> dict[str, Any]:
        answer = ctypes.create_string_buffer(ANSWER)
        self.library.standin_command(command.encode(), answer, ctypes.c_size_t(ANSWER))
        return understood(answer.value.decode())


class Remote:
    """The stand-in inside another process that was started with `environment`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket: socket.socket | None = None

    def environment(self, begin: str = "") -> dict[str, str]:
        """What the other process must have: where the library is, where it listens, and what is
        done when it is loaded (commands with semicolons between)."""
        return {
            **os.environ,
            "LD_LIBRARY_PATH": str(library().parent),
            "STANDIN_SOCKET": str(self._path),
            "STANDIN_BEGIN": begin,
        }

    def connect(self, seconds: float = 20) -> None:
        """Waits until the other process has loaded the library. TimeoutError: it has not."""
        until = time.monotonic() + seconds
        while True:
            door = socket.socket(socket.AF_UNIX)
            try:
                door.connect(str(self._path))
            except OSError:
                door.close()
                if time.monotonic() > until:
                    raise TimeoutError("nobody loaded the stand-in") from None
                time.sleep(0.02)
            else:
                door.settimeout(seconds)
                self._socket = door
                return

    def __call__(self, command: str) -> dict[str, Any]:
        assert self._socket is not None
        self._socket.sendall(command.encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            more = self._socket.recv(1 << 16)
            if not more:
                raise ConnectionError("the other process has ended")
            answer += more
        return understood(answer.decode())

    def close(self) -> None:
        """Hangs up; idempotent."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
