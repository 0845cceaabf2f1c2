"""Any video file, image sequence or multi-frame DICOM object as an SDI source; sinks to files."""

from drivers.file.sinks import CaptureSink, NullSink, PngSink, RawSink
from drivers.file.source import FileSource

__all__ = ["CaptureSink", "FileSource", "NullSink", "PngSink", "RawSink"]
