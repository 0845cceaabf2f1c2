"""Who means the box ill and has no certificate of the site: what he can reach, and what he cannot
take from others."""

from __future__ import annotations

import asyncio
import functools
import json
import resource
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from aiohttp import web

from appliance.agent import errors
from appliance.agent.pairing import BoxSide, SiteSide, Window
from appliance.agent.tls import client_context
from tests.support.agent_box import AgentBox

FILES = 256
GUESS = json.dumps({"message": SiteSide("000000000", b"\0" * 32).message}).encode()


def _few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentBox]:
    popen = functools.partial(subprocess.Popen, preexec_fn=_few_files)
    with AgentBox(tmp_path_factory.mktemp("hostile"), popen=popen) as made:
        yield made


def guest(box: AgentBox, source: str = "127.0.0.1") -> ssl.SSLSocket:
    host, _, port = box.where.partition(":")
    plain = socket.create_connection((host, int(port)), 10, (source, 0))
    return client_context(None).wrap_socket(plain)


def head(path: str, length: int) -> bytes:
    return f"POST /box/v1{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()


def said(one: ssl.SSLSocket) -> bytes:
    return one.recv(4096)


def ask(box: AgentBox, path: str, data: bytes, source: str = "127.0.0.1") -> bytes:
    with guest(box, source) as one:
        one.sendall(head(path, len(data)) + data)
        return said(one)


def test_tries_that_are_made_at_once_are_counted_too(box: AgentBox) -> None:
    box.at_the_box("open_pairing", seconds=60)
    with ExitStack() as stack:
        guests = [stack.enter_context(guest(box)) for _ in range(20)]
        for one in guests:
            one.sendall(head("/pairing/begin", len(GUESS)))
        time.sleep(0.3)  # all of them have been found worthy of being read
        for one in guests:
            one.sendall(GUESS)
        assert sum(b"200 OK" in said(one) for one in guests) == 5


def test_a_closed_window_ends_the_exchange_that_was_begun_in_it(box: AgentBox) -> None:
    box.at_the_box("open_pairing", seconds=60)
    assert b"200 OK" in ask(box, "/pairing/begin", GUESS)
    box.at_the_box("close_pairing")
    assert b"begin first" in ask(box, "/pairing/prove", b'{"proof": "", "sealed": ""}')


def test_the_last_try_may_be_finished() -> None:
    window = Window.open(0.0, 60)
    window.tries = 0
    assert window.stands(59.0)
    assert not window.stands(60.0)
    window.closed = True
    assert not window.stands(59.0)


def test_a_proof_in_other_letters_is_a_wrong_one(box: AgentBox) -> None:
    box.at_the_box("open_pairing", seconds=60)
    assert b"200 OK" in ask(box, "/pairing/begin", GUESS)
    refused = ask(box, "/pairing/prove", '{"proof": "é", "sealed": "x"}'.encode())
    assert b"403" in refused
    assert b"code: is not the one" in refused
    channel = BoxSide("000000000", b"\0" * 32).channel(json.loads(GUESS)["message"])
    with pytest.raises(ValueError, match="code: is not the one"):
        channel.check("site", "\ud800")


def test_what_is_no_http_leaves_nothing_in_the_journal(box: AgentBox) -> None:
    before = box.log.read_text()
    for line in (
        b"\x00\xff\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        head("/pairing/begin", 7).replace(
            b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\nno gzip"
        ),
    ):
        with guest(box) as one:
            one.sendall(line)
            assert b" 40" in said(one)[:20]
    assert box.log.read_text() == before


def test_one_address_cannot_take_the_doors_from_the_others(box: AgentBox) -> None:
    host, _, port = box.where.partition(":")
    with ExitStack() as stack:
        for _ in range(2 * FILES):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex((host, int(port)))
        time.sleep(1.5)
        assert box.process.poll() is None
        files = len(list(Path(f"/proc/{box.process.pid}/fd").iterdir()))
        assert files < FILES // 2
        assert b"begin first" in ask(box, "/pairing/prove", b"{}", "127.0.0.2")
        box.wait(lambda: box.about()["port"], "life")


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "BODY_S", 0.2)

    async def take(request: web.Request) -> web.Response:
        return errors.answer(await errors.body(request))

    async def fail(_: web.Request) -> web.Response:
        raise KeyError("Quastenflosser")

    async def full(_: web.Request) -> web.Response:
        raise OSError(28, "No space left on device")

    async def go() -> list[bytes]:
        app = web.Application(middlewares=[errors.say_errors])
        for path, handler in (("/take", take), ("/fail", fail), ("/full", full)):
            app.router.add_post(path, handler)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            answers = []
            for path in ("/take", "/fail", "/full"):
                reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
                writer.write(
                    f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n".encode()
                )
                answers.append(await asyncio.wait_for(reader.read(4096), 5))
                writer.close()
            return answers
        finally:
            await runner.cleanup()

    slow, wrong, full_disk = asyncio.run(go())
    assert b" 408 " in slow
    assert b"the box made a mistake; its journal says where" in wrong
    assert b"Quastenflosser" not in wrong
    assert b"No space left on device" in full_disk
