"""What is said when a node has fewer bits than the stream: nothing is rounded in silence. Pure."""

from __future__ import annotations

_EIGHT = ("UYVY", "YUYV", "NV16", "NM16")


def bits_of(fourcc: str) -> int:
    """Of a sample in a pixel format that we carry; 0 for "" (nothing runs)."""
    if not fourcc:
        return 0
    return 8 if fourcc in _EIGHT else 10


class Rounding:
    """Says it once, and again after the pixel format was another."""

    def __init__(self, path: str, *, plays: bool) -> None:
        self._path, self._plays = path, plays
        self._last = ("", 0)

    def news(self, tai: int, fourcc: str, depth: int) -> list[tuple[int, str, str]]:
        """Events as `drivers.video.Telling` has them. tai: now, ns; fourcc: the node's, "" when
        nothing runs; depth: the stream's bits."""
        now = (fourcc, depth)
        if now == self._last:
            return []
        self._last = now
        if not 0 < bits_of(fourcc) < depth:
            return []
        if self._plays:
            text = f"{self._path}: {depth} bits leave as 8, rounded: the node takes {fourcc}"
        else:
            text = f"{self._path}: the node gives 8 bits ({fourcc}); the lowest two of 10 are zero"
        return [(tai, "info", text)]
