"""Lines that other programs write to a run: over a FIFO, or a Unix socket that we open."""

from __future__ import annotations

import os
import selectors
import socket
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

from appliance.rtv.dynamic import MAX_LINE, LineReader

_WRITERS = 16
_TOO_LONG = b" " * (MAX_LINE + 1)  # stands for a line that was not kept


class LineInput:
    """Calls `take` with each line, in its own thread.

    place: the path of an existing FIFO, which is read by whomever it is written; or socket:PATH,
    where a Unix stream socket is opened and taken away at the end. For a line that was
    too long to be kept, `take` gets blanks that are too long as well, and refuses them.

    Raises ValueError, one line, when the place is neither.
    """

    def __init__(self, place: str, field: str, take: Callable[[bytes], None]) -> None:
        word, colon, path = place.partition(":")
        wanted = bool(colon) and word == "socket"
        if wanted and not path:
            raise ValueError(f"{field}: socket: names none; write socket:PATH")
        self._path = Path(path if wanted else place)
        self._take = take
        self._selector = selectors.DefaultSelector()
        self._buffers: dict[int, LineReader] = {}
        self._made: tuple[int, int] | None = None
        self._wake, self._woken = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._selector.register(self._wake, selectors.EVENT_READ, self._stop)
        self._running = True
        try:
            if wanted:
                self._listen(field)
            else:
                self._open(field)
        except BaseException:
            self._close()
            raise
        self._thread = threading.Thread(target=self._run, name="lines", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread and takes the socket away; idempotent."""
        if self._running:
            self._running = False
            os.write(self._woken, b".")
            self._thread.join()

    def _open(self, field: str) -> None:
        try:
            mode = self._path.stat().st_mode
        except FileNotFoundError:
            raise ValueError(
                f"{field}: {self._path} is not there; run mkfifo, or write socket:PATH for a "
                "socket that is opened here"
            ) from None
        except OSError as error:
            raise ValueError(
                f"{field}: {self._path} cannot be read ({error.strerror}); choose another path"
            ) from None
        if not stat.S_ISFIFO(mode):
            raise ValueError(
                f"{field}: {self._path} is no FIFO; run mkfifo, or write socket:PATH "
                "for a socket that is opened here"
            )
        # Also open for writing: a writer that goes away is then no end of the file.
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise ValueError(
                f"{field}: {self._path} cannot be opened ({error.strerror}); make it ours"
            ) from None
        self._selector.register(fd, selectors.EVENT_READ, self._read)
        self._buffers[fd] = LineReader()

    def _listen(self, field: str) -> None:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(self._path))
            os.chmod(self._path, 0o600)  # noqa: PTH101 - patient positions are nobody else's
            listener.listen(_WRITERS)
        except OSError as error:
            listener.close()
            raise ValueError(
                f"{field}: no socket at {self._path} ({error.strerror or error}); choose another "
                "path"
            ) from None
        found = self._path.stat()
        self._made = (found.st_dev, found.st_ino)
        listener.setblocking(False)
        fd = listener.detach()
        self._selector.register(fd, selectors.EVENT_READ, self._accept)

    def _run(self) -> None:
        while self._running:
            for key, _ in self._selector.select():
                key.data(key.fd)
        self._close()

    def _stop(self, _fd: int) -> None:
        self._running = False

    def _accept(self, fd: int) -> None:
        with socket.socket(fileno=os.dup(fd)) as listener:
            try:
                writer, _ = listener.accept()
            except OSError:  # it went away again, or this program has no descriptor left
                time.sleep(0.01)
                return
        if len(self._buffers) >= _WRITERS:
            writer.close()
            return
        writer.setblocking(False)
        taken = writer.detach()
        self._buffers[taken] = LineReader()
        self._selector.register(taken, selectors.EVENT_READ, self._read)

    def _read(self, fd: int) -> None:
        try:
            data = os.read(fd, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(fd)
            os.close(fd)
            del self._buffers[fd]
            return
        reader = self._buffers[fd]
        dropped = reader.too_long
        lines = reader.feed(data)
        for _ in range(reader.too_long - dropped):
            self._take(_TOO_LONG)
        for line in lines:
            self._take(line)

    def _close(self) -> None:
        for key in list(self._selector.get_map().values()):
            os.close(key.fd)
        self._selector.close()
        os.close(self._woken)
        if self._made:
            try:
                found = self._path.stat()
            except OSError:
                return
            if (found.st_dev, found.st_ino) == self._made:
                self._path.unlink(missing_ok=True)
