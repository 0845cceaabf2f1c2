"""Sequence numbers of a flow: unwrapped, put in order, losses and duplicates counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.rtv.analysis.report import Sequence
from appliance.rtv.dissect import Flow
from appliance.rtv.pcap import Int64s


@dataclass(frozen=True)
class Order:
    """rows: packets of the main source in arrival order. number: their unwrapped sequence
    numbers, from about 0. first: rows of the first arrival of each number, rising by number."""

    rows: Int64s
    number: Int64s
    first: Int64s
    first_number: Int64s
    report: Sequence


def order_packets(flow: Flow) -> Order:
    """Orders the packets of the source (SSRC) that sent most of the flow."""
    packets = flow.packets
    sources, counts = np.unique(packets.ssrc, return_counts=True)
    main = sources[int(np.argmax(counts))]
    rows = np.flatnonzero(packets.ssrc == main)
    raw, wrap = packets.sequence[rows], 1 << 16
    if flow.segments is not None:
        raw, wrap = flow.segments.extended[rows] << 16 | raw, 1 << 32
    steps = np.diff(raw, prepend=raw[:1]) % wrap
    steps = np.where(steps >= wrap // 2, steps - wrap, steps)
    number = np.cumsum(steps)
    unique, index = np.unique(number, return_index=True)
    gaps = np.diff(unique) - 1
    behind = number < np.maximum.accumulate(number)
    # A duplicate is behind too; what counts as reordered is a first arrival after a later one.
    reordered = int(np.sum(behind[index]))
    glued = packets.glued[rows]
    report = Sequence(
        packets=len(rows),
        lost=int(gaps.sum()),
        gaps=int(np.sum(gaps > 0)),
        duplicates=len(rows) - len(unique),
        reordered=reordered,
        glued=int(np.sum(glued > 0)),
        largest_burst=int(glued.max()) + 1,
        other_ssrc=len(packets) - len(rows),
    )
    return Order(rows, number, rows[index], unique, report)
