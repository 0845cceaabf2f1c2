"""Small pictures of an output over a Unix socket, for a page that shows what a monitor would.

Each message is a line of JSON (`length` of the JPEG, and what is known of the frame without a word
of the patient's) and the JPEG itself. A client that is slow gets fewer, the output is never held.
"""

from __future__ import annotations

import io
import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from appliance.modes.machine import tai_now
from drivers.frame import Frame

_PERIOD_NS = 100_000_000
_WIDTH = 640


class PreviewServer:
    """Sends what `snapshot` gives (a frame capsule or None) to whoever connects.

    Raises ValueError, one line, when the socket cannot be opened.
    """

    def __init__(self, path: Path, snapshot: Callable[[], object | None]) -> None:
        self._path, self._snapshot = path, snapshot
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._listener.bind(str(path))
            os.chmod(path, 0o600)  # noqa: PTH101 - it shows a patient
            self._listener.listen(4)
        except OSError as error:
            self._listener.close()
            raise ValueError(
                f"preview: no socket at {path} ({error.strerror or error}); choose another path"
            ) from None
        self._listener.settimeout(0.2)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="preview", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread and takes the socket away; idempotent."""
        if not self._ended.is_set():
            self._ended.set()
            self._thread.join()
            self._listener.close()
            self._path.unlink(missing_ok=True)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            with client:
                client.settimeout(1.0)
                self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        last = -1
        # At whole tenths of a TAI second, so that several outputs show the same instant.
        while not self._ended.wait((_PERIOD_NS - tai_now() % _PERIOD_NS) / 1e9):
            capsule = self._snapshot()
            if capsule is None:
                continue
            frame = Frame.from_capsule(capsule)
            if frame.presented_tai == last:
                continue
            last = frame.presented_tai
            try:
                client.sendall(_message(frame))
            except OSError:
                return  # the client is gone or asleep; the next one may come


def _message(frame: Frame) -> bytes:
    fmt = frame.format
    width = min(_WIDTH, fmt.width)
    height = max(1, fmt.height * width // fmt.width)
    picture = Image.fromarray(frame.preview(width, height))
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=80)
    about = {
        "length": jpeg.tell(),
        "width": width,
        "height": height,
        "origin_tai": frame.origin_tai,
        "presented_tai": frame.presented_tai,
        "rtp_timestamp": frame.rtp_timestamp,
        "static_id": frame.static_id,
        "flags": [flag.name for flag in frame.flags],
    }
    return json.dumps(about).encode() + b"\n" + jpeg.getvalue()
