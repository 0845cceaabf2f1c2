"""A service's socket and what services publish: real sockets, hostile lines."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.box.link import LARGEST, Link, LinkError, ask, watch
from appliance.box.notify import Notifier
from appliance.box.observe import publish, read
from appliance.box.problems import Problem, RefusedError


async def double(values: dict[str, Any]) -> Any:
    if not isinstance(values.get("n"), int):
        raise ValueError("n: is missing; give a number")
    return values["n"] * 2


async def refuse(_: dict[str, Any]) -> Any:
    raise RefusedError([Problem("a.b", "is wrong", "correct it")])


async def stand_still(_: dict[str, Any]) -> Any:
    await asyncio.sleep(60)


async def fail(_: dict[str, Any]) -> Any:
    raise RuntimeError("a fault of the program")


HANDLERS = {"double": double, "refuse": refuse, "stand_still": stand_still, "fail": fail}


@asynccontextmanager
async def service(path: Path) -> AsyncIterator[tuple[Link, asyncio.Task[None]]]:
    link = Link(path, HANDLERS)
    task = asyncio.create_task(link.serve())
    while not path.exists():
        await asyncio.sleep(0.01)
    try:
        yield link, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def run(coroutine: Any) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 20))


def test_a_question_has_its_answer_or_a_line(tmp_path: Path) -> None:
    async def go() -> None:
        path = tmp_path / "x.sock"
        async with service(path):
            assert await ask(path, "double", n=21) == 42
            with pytest.raises(LinkError, match="n: is missing; give a number"):
                await ask(path, "double")
            with pytest.raises(LinkError, match="'nothing' is not known; ask double, fail"):
                await ask(path, "nothing")
            with pytest.raises(LinkError) as refused:
                await ask(path, "refuse")
            assert refused.value.problems == (Problem("a.b", "is wrong", "correct it"),)
            with pytest.raises(LinkError, match=r"x: no answer after 0.1 s"):
                await ask(path, "stand_still", patience_s=0.1)
        assert not path.exists()
        with pytest.raises(LinkError, match="x: is not running"):
            await ask(path, "double", n=1)

    run(go())


def test_events_reach_everybody_who_watches(tmp_path: Path) -> None:
    async def follow(path: Path, count: int) -> list[Any]:
        found = []
        async for event in watch(path):
            found.append(event)
            if len(found) == count:
                break
        return found

    async def go() -> None:
        path = tmp_path / "x.sock"
        async with service(path) as (link, task):
            watchers = [asyncio.create_task(follow(path, 2)) for _ in range(3)]
            await asyncio.sleep(0.2)
            link.publish({"n": 1})
            link.publish({"n": 2})
            assert await asyncio.gather(*watchers) == [[{"n": 1}, {"n": 2}]] * 3
            late = asyncio.create_task(follow(path, 1))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(LinkError, match="ended"):
                await late

    run(go())


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"hello\n",
        b"[]\n",
        b'{"ask": 3}\n',
        b'{"ask": "double", "with": []}\n',
        b"[" * 50_000 + b"\n",
        b"\xff\xfe\n",
        b'{"ask": "\\ud800"}\n',
    ],
)
def test_a_line_that_is_none_is_answered_and_the_service_lives(tmp_path: Path, line: bytes) -> None:
    async def go() -> None:
        path = tmp_path / "x.sock"
        async with service(path):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(line)
            assert "refused" in json.loads(await reader.readline())
            writer.write(b'{"ask": "double", "with": {"n": 1}}\n')
            assert json.loads(await reader.readline()) == {"answer": 2}
            writer.close()

    run(go())


def test_a_line_without_end_and_a_crowd_do_no_harm(tmp_path: Path) -> None:
    async def go() -> None:
        path = tmp_path / "x.sock"
        async with service(path):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b"x" * (LARGEST + 10))
            assert "longer than" in json.loads(await reader.readline())["refused"]
            assert await reader.read() == b""
            writer.close()
            crowd = [await asyncio.open_unix_connection(path) for _ in range(80)]
            await asyncio.sleep(0.1)
            for _, one in crowd:
                one.close()
            await asyncio.sleep(0.1)
            assert await ask(path, "double", n=4) == 8

    run(go())


def test_who_says_nothing_keeps_nobody_out(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"

    async def go() -> None:
        async with service(path) as (link, _):
            events = watch(path)
            told = asyncio.ensure_future(anext(events))
            while not link._watchers:
                await asyncio.sleep(0.01)
            crowd = [await asyncio.open_unix_connection(path) for _ in range(100)]
            for _, writer in crowd[::2]:
                writer.write(b'{"ask": "dou')  # half a line, for ever
            await asyncio.sleep(0.1)
            assert await ask(path, "double", n=4) == 8
            link.publish({"state": "locked"})
            assert await told == {"state": "locked"}
            for _, writer in crowd:
                writer.close()

    run(go())


def test_a_watcher_that_does_not_read_is_dropped(tmp_path: Path) -> None:
    async def go() -> None:
        path = tmp_path / "x.sock"
        async with service(path) as (link, _):
            _, writer = await asyncio.open_unix_connection(path)
            writer.write(b'{"ask": "watch"}\n')
            await writer.drain()
            await asyncio.sleep(0.1)
            for count in range(2000):
                link.publish({"n": count, "long": "x" * 10_000})
                if count % 100 == 0:
                    await asyncio.sleep(0)
            assert await ask(path, "double", n=3) == 6
            writer.close()

    run(go())


def test_a_fault_of_the_program_ends_the_service(tmp_path: Path) -> None:
    async def go() -> None:
        path = tmp_path / "x.sock"
        async with service(path) as (_, task):
            with pytest.raises(LinkError):
                await ask(path, "fail")
            with pytest.raises(RuntimeError, match="a fault of the program"):
                await task

    run(go())


def test_only_owner_and_group_may_connect(tmp_path: Path) -> None:
    async def go() -> None:
        path = tmp_path / "x.sock"
        async with service(path):
            assert path.stat().st_mode & 0o777 == 0o660

    run(go())


def test_what_is_published_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    with pytest.raises(ValueError, match="says nothing"):
        read(path)
    publish(path, {"state": "locked", "label": "Saal 3 · Turm"})
    assert read(path) == {"state": "locked", "label": "Saal 3 · Turm"}
    assert [one.name for one in tmp_path.iterdir()] == ["clock.json"]
    for bad in ("", "[]", "{", "[" * 100_000, "x" * 2_000_000):
        path.write_text(bad)
        with pytest.raises(ValueError, match=r"is no|says more"):
            read(path)


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "4000000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        notifier = Notifier()
        assert notifier.watchdog_s == 2.0
        notifier.ready("tx: 1080p50,\nlocked")
        assert manager.recv(1000) == b"READY=1\nSTATUS=tx: 1080p50, locked"
        notifier.alive()
        assert manager.recv(1000) == b"WATCHDOG=1"
    notifier.alive()  # nobody listens any more
    monkeypatch.setenv("NOTIFY_SOCKET", "")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert Notifier().watchdog_s is None
    Notifier().ready()
