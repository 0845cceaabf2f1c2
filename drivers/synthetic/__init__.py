"""The pretend card: a complete source and sink, with faults on demand."""

from drivers.synthetic.sink import SyntheticSink
from drivers.synthetic.source import SyntheticSource
from drivers.synthetic.stamp import Stamp, read_stamp, stamp_rows, write_stamp

__all__ = [
    "Stamp",
    "SyntheticSink",
    "SyntheticSource",
    "read_stamp",
    "stamp_rows",
    "write_stamp",
]
