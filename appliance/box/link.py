"""The socket of a service: live commands and events, JSON lines.

    → {"ask": "set_patient", "with": {...}}
    ← {"answer": ...}      or  {"refused": "one line", "problems": [...]}
    → {"ask": "watch"}
    ← {"answer": null}, then {"event": ...} for each

Who may connect is decided by the socket's owner and mode. A patient's data may pass through it,
and never into a log.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from appliance.box.problems import Problem, RefusedError

LARGEST = 1 << 20
"""Octets of a line."""
_WAITING = 256  # events that a slow watcher may be behind before it is dropped
_MOST = 64  # connections at a time; beyond them the one that has been silent longest is ended

Handler = Callable[[dict[str, Any]], Awaitable[Any]]


class LinkError(Exception):
    """The service is not there, or refused. One line. problems: of a refused document."""

    def __init__(self, line: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(line)
        self.problems = problems


class Link:
    """A service's side. handlers: by the name that is asked; they raise ValueError (one line) or
    RefusedError to refuse. Any other error ends the service: systemd starts it again."""

    def __init__(
        self,
        path: Path,
        handlers: Mapping[str, Handler],
        *,
        mode: int = 0o660,
        given: socket.socket | None = None,
    ) -> None:
        """given: the listening socket, where systemd opened it; it stays when the service ends."""
        self._path, self._handlers, self._mode, self._given = path, handlers, mode, given
        self._watchers: set[asyncio.Queue[bytes]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._silent: dict[asyncio.Task[None], None] = {}  # that say nothing, the longest first
        self._broken: asyncio.Future[None] | None = None

    def publish(self, event: Mapping[str, Any]) -> None:
        """Tells everybody who watches. A watcher that does not read is dropped."""
        line = _line({"event": event})
        for queue in tuple(self._watchers):
            try:
                queue.put_nowait(line)
            except asyncio.QueueFull:
                self._watchers.discard(queue)

    async def serve(self) -> None:
        """Until cancelled. Raises what a handler raised that is no refusal, and OSError where the
        socket cannot be opened."""
        self._broken = asyncio.get_running_loop().create_future()
        server, own = await self._open()
        try:
            await self._broken
        finally:
            # Who asks or watches is not waited for: since Python 3.12 a server's own end would be.
            server.close()
            for task in tuple(self._busy):
                task.cancel()
            # The next one of this name may have taken the place already.
            if own is not None and self._path.exists() and self._path.stat().st_ino == own:
                self._path.unlink(missing_ok=True)

    async def _open(self) -> tuple[asyncio.Server, int | None]:
        """The server, and the number of its file where it is ours to take away."""
        if self._given is not None:
            # Since Python 3.13 a server takes its socket's file away, unless told not to.
            keep: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
            server = await asyncio.start_unix_server(
                self._talk, sock=self._given, limit=LARGEST, **keep
            )
            return server, None
        self._path.unlink(missing_ok=True)
        before = os.umask(0o777 & ~self._mode)
        try:
            server = await asyncio.start_unix_server(self._talk, self._path, limit=LARGEST)
        finally:
            os.umask(before)
        return server, self._path.stat().st_ino

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # asyncio serves each connection in one
        longest = next(iter(self._silent), None)
        if len(self._busy) >= _MOST and longest is not None:
            self._silent.pop(longest)
            longest.cancel()
        elif len(self._busy) >= _MOST:
            writer.close()
            return
        self._busy.add(task)
        try:
            self._silent[task] = None
            while line := await _read(reader):
                self._silent.pop(task, None)
                await self._one(line, writer)
                self._silent[task] = None
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        except _TooLongError:
            with suppress(ConnectionError):
                writer.write(_line({"refused": f"longer than {LARGEST} octets"}))
        except Exception as error:
            if self._broken is not None and not self._broken.done():
                self._broken.set_exception(error)
        finally:
            self._busy.discard(task)
            self._silent.pop(task, None)
            writer.close()

    async def _one(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        try:
            tree = json.loads(line)
            name, values = tree["ask"], tree.get("with", {})
            if not isinstance(name, str) or not isinstance(values, dict):
                raise TypeError
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            writer.write(_line({"refused": 'not understood; send {"ask": NAME, "with": {...}}'}))
            await writer.drain()
            return
        if name == "watch":
            await self._watch(writer)
            return
        handler = self._handlers.get(name)
        said: dict[str, Any]
        if handler is None:
            known = ", ".join(sorted([*self._handlers, "watch"]))
            said = {"refused": f"{name[:64]!r} is not known; ask {known}"}
        else:
            try:
                said = {"answer": await handler(values)}
            except RefusedError as error:
                problems = [problem.as_json() for problem in error.problems]
                said = {"refused": str(error), "problems": problems}
            except ValueError as error:
                said = {"refused": str(error)}
        writer.write(_line(said))
        await writer.drain()

    async def _watch(self, writer: asyncio.StreamWriter) -> None:
        queue: asyncio.Queue[bytes] = asyncio.Queue(_WAITING)
        self._watchers.add(queue)
        try:
            writer.write(_line({"answer": None}))
            while queue in self._watchers:
                writer.write(await queue.get())
                await writer.drain()
        finally:
            self._watchers.discard(queue)


async def ask(path: Path, name: str, *, patience_s: float = 5.0, **values: Any) -> Any:
    """One command and its answer. Raises LinkError."""
    try:
        async with asyncio.timeout(patience_s), _open(path) as (reader, writer):
            writer.write(_line({"ask": name, "with": values}))
            await writer.drain()
            return _answer(path, await _read(reader))
    except TimeoutError:
        raise LinkError(f"{path.stem}: no answer after {patience_s:g} s") from None


async def watch(path: Path) -> AsyncIterator[Any]:
    """Every event from now on, until the service ends (LinkError)."""
    async with _open(path) as (reader, writer):
        writer.write(_line({"ask": "watch"}))
        _answer(path, await _read(reader))
        while line := await _read(reader):
            yield json.loads(line)["event"]
        raise LinkError(f"{path.stem}: the service has ended")


@asynccontextmanager
async def _open(
    path: Path,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=LARGEST)
    except OSError as error:
        raise LinkError(f"{path.stem}: is not running ({error.strerror})") from None
    try:
        yield reader, writer
    except (ConnectionError, asyncio.IncompleteReadError):
        raise LinkError(f"{path.stem}: the service has ended") from None
    finally:
        writer.close()


class _TooLongError(Exception):
    pass


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError:
        raise _TooLongError from None
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return b""


def _answer(path: Path, line: bytes) -> Any:
    if not line:
        raise LinkError(f"{path.stem}: the service has ended")
    tree = json.loads(line)
    if "refused" in tree:
        problems = tuple(Problem(**one) for one in tree.get("problems", ()))
        raise LinkError(str(tree["refused"]), problems)
    return tree.get("answer")


def _line(tree: Mapping[str, Any]) -> bytes:
    return json.dumps(tree, ensure_ascii=False).encode() + b"\n"
