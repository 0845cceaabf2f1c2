"""From the instant a frame is whole in the card to the body of the callback: the least that native
code must do, our binding, and Python.

The card is the stand-in, so this is the machine's scheduling and Python's lock, not a card's DMA.
"""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from drivers import _video
from drivers.decklink import DeckLinkSource, Driver
from drivers.video import format_named
from tests.support.decklink_client import (
    I64,
    INPUT,
    POINTER,
    U32,
    Callback,
    Thing,
    clock,
    code,
    devices,
)
from tests.support.standin import ROOT, Local, library

NS = 1_000_000_000
MODE = "hp60"
MOST = 1 << 16


def native_probe() -> ctypes.CDLL:
    """callback.cpp, compiled."""
    out = Path(tempfile.mkdtemp(prefix="callback-")) / "callback.so"
    source = Path(__file__).with_name("callback.cpp")
    flags = ["-std=c++20", "-O2", "-shared", "-fPIC", f"-I{ROOT / 'drivers'}"]
    subprocess.run(["g++", *flags, str(source), "-o", str(out)], check=True)
    found = ctypes.CDLL(str(out))
    found.probe_new.restype = POINTER
    found.probe_new.argtypes = [POINTER]
    found.probe_read.restype = ctypes.c_size_t
    found.probe_read.argtypes = [POINTER, ctypes.POINTER(I64), ctypes.c_size_t]
    found.probe_empty.argtypes = [POINTER]
    return found


@contextmanager
def busy(threads: int) -> Iterator[None]:
    """Python threads that never wait."""
    done = threading.Event()

    def spin() -> None:
        n = 0
        while not done.is_set():
            n = (n * 31 + 1) % 1_000_003

    running = [threading.Thread(target=spin) for _ in range(threads)]
    for one in running:
        one.start()
    try:
        yield
    finally:
        done.set()
        for one in running:
            one.join()


def collect(port: Thing, callback: int, seconds: float) -> None:
    """Streams for a while into a callback object."""
    port.do(18, [POINTER], callback)
    port.do(7, [U32, U32, U32], code(MODE), code("v210"), 0)
    port.do(14, [])
    time.sleep(seconds)
    port.do(15, [])
    port.do(8, [])
    port.do(18, [POINTER], None)


def with_ours() -> Callable[[float], dict[str, float]]:
    """Streams into our binding; nobody takes the frames, so that its thread gives each back too."""
    driver = Driver(str(library()))
    key = driver.cards()[0].key

    def stream(seconds: float) -> dict[str, float]:
        made = DeckLinkSource(key, format_named("720p60"), channels=0, driver=driver)
        reader = _video.SourceReader(made.capsule())
        if reader.start() != 0:
            raise RuntimeError(reader.error())
        time.sleep(seconds)
        stats = made.stats()
        reader.stop()
        made.close()
        names = {"p50": "p50 ms", "p99": "p99 ms", "max": "max ms"}
        late = {name: stats[f"arrival_{at}_ns"] / 1e6 for at, name in names.items()}
        kept = {"kept p50 ms": stats["callback_p50_ns"] / 1e6}
        return {"frames": stats["frames"], **late, **kept}

    return stream


def with_python(port: Thing, seconds: float) -> list[int]:
    """Latencies, ns, of a callback in Python."""
    late: list[int] = []

    def came(address: int, _: int | None) -> int:
        now = clock(port, False)
        due, long = I64(), I64()
        pair = [ctypes.POINTER(I64), ctypes.POINTER(I64)]
        Thing(address).do(14, [I64, *pair], NS, ctypes.byref(due), ctypes.byref(long))
        late.append(now - due.value)
        return 0

    callback = Callback(
        ([U32, POINTER, U32], lambda *_: 0),
        ([POINTER, POINTER], came),
    )
    collect(port, callback.address, seconds)
    return late


def with_native(port: Thing, probe: ctypes.CDLL, seconds: float) -> list[int]:
    """Latencies, ns, of the callback in C++."""
    one = probe.probe_new(port.address)
    collect(port, one, seconds)
    values = (I64 * MOST)()
    count = probe.probe_read(one, values, MOST)
    probe.probe_empty(one)
    return list(values[:count])


def figures(late: list[int]) -> dict[str, float]:
    """What a table shows of latencies, ns."""
    late.sort()
    p50, p99 = (late[min(len(late) - 1, len(late) * n // 1000)] / 1e6 for n in (500, 990))
    return {"frames": len(late), "p50 ms": p50, "p99 ms": p99, "max ms": late[-1] / 1e6}


def run(seconds: float = 5) -> list[dict[str, Any]]:
    """One row for each kind of callback and number of busy Python threads."""
    standin = Local()
    probe = native_probe()
    standin(f"source 0 {MODE} 10")
    found = devices()
    port = found[0].ask(INPUT)
    kinds: dict[str, Callable[[float], dict[str, float]]] = {
        "native, least": lambda s: figures(with_native(port, probe, s)),
        "our binding": with_ours(),
        "Python": lambda s: figures(with_python(port, s)),
    }
    rows = []
    for kind, stream in kinds.items():
        for threads in (0, 3):
            before = standin("capture 0")["overrun"]
            with busy(threads):
                seen = stream(seconds)
            missed = standin("capture 0")["overrun"] - before
            rows.append({"callback": kind, "busy threads": threads, **seen, "missed": missed})
    for one in [port, *found]:
        one.release()
    return rows
