"""Files that a command reads and writes: bounded in length and in time, and tried beforehand.

A path may also be a pipe, a device or this program's own output; none of them may hold a run up.
"""

from __future__ import annotations

import os
import select
import stat
import time
from collections.abc import Mapping
from errno import EACCES, EAGAIN, EISDIR, ENXIO
from pathlib import Path
from tempfile import NamedTemporaryFile

from appliance.runner import CommandError

_CHUNK = 1 << 20
_PATIENCE_S = 10.0  # for a program at the other end of a pipe


def read_whole(path: str | Path, field: str, remedy: str, *, limit: int) -> bytes:
    """The octets of a file, or of a pipe whose writer is done within ten seconds.

    Raises ValueError, one line: not readable, longer than `limit` octets, or without end.
    """
    try:
        return _read(path, limit)
    except _TooLongError:
        raise ValueError(f"{field}: {path} is longer than {limit} octets; is it the one?") from None
    except TimeoutError:
        raise ValueError(
            f"{field}: {path} is not whole after {_PATIENCE_S:g} s; {remedy}, or start its writer"
        ) from None
    except OSError as error:
        raise ValueError(f"{field}: {path} cannot be read ({error.strerror}); {remedy}") from None


class _TooLongError(Exception):
    pass


def _read(path: str | Path, limit: int) -> bytes:
    # Without O_NONBLOCK opening a pipe waits for its writer, for ever.
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        found = os.fstat(fd)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        if found.st_size > limit:
            raise _TooLongError
        data, until = bytearray(), time.monotonic() + _PATIENCE_S
        wait = True  # a pipe without a writer yet reads as if it had ended
        while len(data) <= limit:
            if wait and not _ready(fd, select.POLLIN, max(0.0, until - time.monotonic())):
                raise TimeoutError
            try:
                part = os.read(fd, min(_CHUNK, limit + 1 - len(data)))
            except BlockingIOError:
                wait = True
                continue
            if not part:
                return bytes(data)
            data += part
            wait = False
        raise _TooLongError
    finally:
        os.close(fd)


def _ready(fd: int, event: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(fd, event)
    return bool(poll.poll(seconds * 1000))


def writable(path: Path | None, field: str) -> None:
    """Raises ValueError unless a file can be written there, so that no run ends in vain."""
    if path is None:
        return
    try:
        if path.is_dir():
            raise ValueError(f"{field}: {path} is a directory; name a file")
        if not path.absolute().parent.is_dir():
            raise ValueError(f"{field}: {path.parent} does not exist; make it or choose another")
        if path.is_socket():
            raise ValueError(f"{field}: {path} is a socket; name a file")
        if _own_output(path) is not None:
            return
        if path.exists() and not path.is_file():  # a pipe or device, which opening might disturb
            if not os.access(path, os.W_OK):
                raise PermissionError(EACCES, os.strerror(EACCES))
        else:  # as write_whole does it: beside the file, which stays as it is
            real = _real(path)
            with NamedTemporaryFile(dir=real.parent, prefix=f".{real.name[:64]}."):
                pass
    except OSError as error:
        why = error.strerror
        raise ValueError(f"{field}: {path} cannot be written ({why}); choose another") from None


def different(places: Mapping[str, str | Path | None]) -> None:
    """Raises ValueError when two fields name one file: one would overwrite the other's."""
    seen: dict[str, str] = {}
    for field, place in places.items():
        if place is None or (not os.path.isfile(place) and os.path.exists(place)):  # noqa: PTH113, PTH110 - may be any text
            continue
        real = os.path.realpath(place)
        if real in seen:
            raise ValueError(f"{field}: {place} is that of {seen[real]}; choose another file")
        seen[real] = field


def write_whole(path: Path, content: str | bytes, *, patience_s: float = _PATIENCE_S) -> None:
    """Replaces a file in one step, so that nobody reads half of it; what is no file is written as
    it is. Raises CommandError."""
    data = content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace")
    try:
        own = _own_output(path)
        if own is not None:
            _write(own, data, patience_s)
        elif path.exists() and not path.is_file():
            fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            try:
                _write(fd, data, patience_s)
            finally:
                os.close(fd)
        else:
            _replace(_real(path), data)
    except OSError as error:
        why = "nobody reads it" if error.errno in (ENXIO, EAGAIN) else error.strerror
        raise CommandError(f"{path}: cannot be written: {why}") from None


def _replace(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name[:64]}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _write(fd: int, data: bytes, patience_s: float) -> None:
    left, until = memoryview(data), time.monotonic() + patience_s
    while left:
        if not _ready(fd, select.POLLOUT, max(0.0, until - time.monotonic())):
            raise BlockingIOError(EAGAIN, os.strerror(EAGAIN))
        left = left[os.write(fd, left[:4096]) :]


def _real(path: Path) -> Path:
    """What a symbolic link points to: the link itself stays."""
    return Path(os.path.realpath(path))


def _own_output(path: Path) -> int | None:
    """1 or 2 where the path is this program's own output (/dev/stdout), which may be a file."""
    for fd in (1, 2):
        try:
            if os.path.samestat(path.stat(), os.fstat(fd)):
                return fd
        except OSError:
            continue
    return None
