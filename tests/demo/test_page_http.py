"""The page's server against what no browser sends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from appliance.demo.boxes import Line
from appliance.demo.page import Page


class OneLine:
    """A line that counts what is asked of it."""

    stream = SimpleNamespace(name="room", title="Room")

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cut = False
        self.patients = 0

    def file(self, name: str) -> Path:
        return self.folder / name

    def dead(self) -> list[str]:
        return []

    def toggle_cut(self) -> None:
        self.cut = not self.cut

    def change_patient(self) -> None:
        self.patients += 1


async def answer(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        return await asyncio.wait_for(reader.readline(), 10)
    except ConnectionError:
        return b""
    finally:
        writer.close()


HOST = b"Host: 127.0.0.1:%d\r\n"
GET, POST = b"GET %s HTTP/1.1\r\n" + HOST, b"POST %s HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n"


def test_what_no_browser_sends_is_refused_without_a_word(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    line = OneLine(tmp_path)

    async def attack() -> None:
        def nothing() -> list[dict[str, Any]]:
            return [{}]

        page = Page([cast(Line, line)], nothing, lambda _line, _lasting: None)
        async with page.served(0) as address:
            port = int(address.rsplit(":", 1)[1].strip("/"))

            async def code(head: bytes, path: bytes = b"/", more: bytes = b"") -> int:
                said = await answer(port, head % (path, port) + more + b"\r\n")
                return int(said.split()[1]) if said else 0

            assert await code(GET) == 200
            for path in (b"/../page.py", b"/%2e%2e/page.py", b"/page.py", b"//", b"/%ff%00"):
                assert await code(GET, path) == 404, path
            for path in (
                b"/cut/none",
                b"/cut/%ff",
                b"/patient/" + b"n" * 4000,
                b"/patient/%0d%0aX:1",
            ):
                assert await code(POST, path) == 404, path
            for path in (b"/" + b"a" * 9000, b"*"):
                assert await code(GET, path) == 400, path
            assert await code(POST, b"/") == 405 and await code(GET, b"/cut/room") == 405
            assert await code(POST, b"/stop", b"Origin: http://elsewhere.example\r\n") == 403
            assert await code(GET, b"/", b"X: " + b"y" * 100_000 + b"\r\n") == 400
            assert await code(GET, b"/", b"Content-Length: -1\r\n") == 400
            for noise in (b"\x16\x03\x01\x00\xa5\x01" + bytes(160), b"\r\n\r\n\xff\xfe\r\n\r\n"):
                assert b" 400 " in await answer(port, noise)
            slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(100)]
            for _, writer in slow:
                writer.write(b"GET / HT")  # and never more
            assert await code(GET) == 200
            for _, writer in slow:
                writer.close()
            assert not page.stopped

    asyncio.run(attack())
    assert (line.cut, line.patients) == (False, 0)
    out, err = capfd.readouterr()
    assert "Traceback" not in out + err + caplog.text
