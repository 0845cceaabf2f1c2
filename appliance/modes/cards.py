"""From what a person writes to a source or a sink: `synthetic`, `file:PATH`, `png:DIR` ...

A family is imported where one of its cards is made: a box has one, and each brings libraries that
the first packet would wait for.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from drivers.video import Layout, Sink, Source, VideoFormat

SOURCES = (
    "synthetic, file:PATH, v4l2:KEY[,input=NAME][,edid=expected], decklink:KEY "
    "or ntv2:SERIAL[/CONNECTOR]"
)
SINKS = (
    "null, check, capture:DIR, png:DIR, raw:FILE, drm:CONNECTOR, v4l2:KEY[,output=NAME], "
    "decklink:KEY[,scheduled] or ntv2:SERIAL[/CONNECTOR][,external or ,free]"
)


class Card(Source, Protocol):
    """A source that says how its samples lie."""

    @property
    def layout(self) -> Layout:
        """Of its frames."""


def make_source(
    text: str,
    fmt: VideoFormat,
    *,
    slices: bool,
    stamp: bool,
    realtime: bool,
    picture_rate: float | None = None,
) -> Card:
    """The source of that name.

    stamp: burn a counter into a file's picture; the synthetic one always has it. picture_rate: a
    second, for files that do not say. Raises ValueError, one line: field, value, remedy.
    """
    kind, colon, path = text.partition(":")
    if text == "synthetic":
        from drivers.synthetic import SyntheticSource

        return SyntheticSource(fmt, slices=slices, realtime=realtime)
    if kind == "file" and colon:
        if not path:
            raise ValueError("source: file: names none; write file:PATH")
        from drivers.file import FileSource

        try:
            rate = None if picture_rate is None else Fraction(picture_rate).limit_denominator(1001)
            return FileSource(path, fmt, stamp=stamp, slices=slices, realtime=realtime, rate=rate)
        except ImportError as error:
            raise ValueError(
                f"source: {text} needs the package {error.name}; run: pip install 'rtvbox[file]'"
            ) from None
        except ValueError as error:
            raise ValueError(f"source: {error}") from None
    if kind == "decklink" and colon:
        from drivers.decklink import DeckLinkSource

        try:
            return DeckLinkSource(path, fmt)
        except ValueError as error:
            raise ValueError(f"source: {error}") from None
    if kind == "ntv2" and path:
        from drivers.ntv2 import Ntv2Source

        try:
            return Ntv2Source(path, fmt, realtime=realtime)
        except ValueError as error:
            raise ValueError(f"source: {error}") from None
    if kind == "v4l2" and path:
        from drivers.v4l2 import V4l2Source, parsed

        try:
            key, options = parsed(path, "input", "pixels", "fields", "memory", "edid")
            return V4l2Source(
                key,
                fmt,
                realtime=realtime,
                input=options.get("input", ""),
                pixels=options.get("pixels", ""),
                fields=options.get("fields", ""),
                memory=options.get("memory", ""),
                edid=options.get("edid", ""),
            )
        except ValueError as error:
            raise ValueError(f"source: {error}") from None
    raise ValueError(f"source: {text!r} is unknown; choose {SOURCES}")


def make_sink(text: str, *, realtime: bool) -> Sink:
    """The sink of that name. `check` reads the counter in the picture, the others do not look.
    Raises ValueError, one line."""
    kind, colon, path = text.partition(":")
    if kind == "drm" and path:
        return _monitor(text, realtime=realtime)
    if kind == "decklink" and colon:
        key, _, way = path.partition(",")
        if way not in ("", "scheduled"):
            raise ValueError(f"sink: {way!r} is no way of playout; write decklink:KEY,scheduled")
        from drivers.decklink import DeckLinkSink

        try:
            return DeckLinkSink(key, scheduled=way == "scheduled", realtime=realtime)
        except ValueError as error:
            raise ValueError(f"sink: {error}") from None
    if kind == "v4l2" and path:
        from drivers.v4l2 import V4l2Sink, parsed

        try:
            key, options = parsed(path, "output", "pixels", "fields")
            return V4l2Sink(
                key,
                realtime=realtime,
                output=options.get("output", ""),
                pixels=options.get("pixels", ""),
                fields=options.get("fields", ""),
            )
        except ValueError as error:
            raise ValueError(f"sink: {error}") from None
    if kind == "ntv2" and path:
        from drivers.ntv2 import Ntv2Sink

        key, _, reference = path.partition(",")
        try:
            return Ntv2Sink(key, reference=reference, realtime=realtime)
        except ValueError as error:
            raise ValueError(f"sink: {error}") from None
    if text == "check":
        from drivers.synthetic import SyntheticSink

        return SyntheticSink("stamp", realtime=realtime)
    if text == "null" or (kind in ("capture", "png", "raw") and path):
        return _file(kind, path, realtime=realtime)
    raise ValueError(f"sink: {text!r} is unknown; choose {SINKS}")


def _file(kind: str, path: str, *, realtime: bool) -> Sink:
    """What writes to a place, or nowhere."""
    from drivers.file import CaptureSink, NullSink, PngSink, RawSink

    if kind == "null":
        return NullSink(realtime=realtime)
    writing: dict[str, Callable[[Path], Sink]] = {
        "capture": lambda place: CaptureSink(place, realtime=realtime),
        "png": lambda place: PngSink(place, realtime=realtime),
        "raw": lambda place: RawSink(place, realtime=realtime),
    }
    try:
        return writing[kind](Path(path))
    except ValueError as error:
        raise ValueError(f"sink: {error}") from None


def _monitor(key: str, *, realtime: bool) -> Sink:
    """A monitor. Imported here: not every machine's build has this family."""
    try:
        from drivers.drm import DrmSink
    except ImportError:
        raise ValueError(
            f"sink: {key} needs a build with libdrm-dev; install it and run: make build"
        ) from None
    return DrmSink(key, realtime=realtime)
