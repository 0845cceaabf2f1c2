"""ST 2110-21: the network compatibility model (Cinst) and the virtual receiver buffer (VRX).

Cinst counts the packets in a bucket that loses one every TDRAIN while it is not empty, the packet
that arrives counted: a burst of five at one instant is five. (Analysers that count before the
packet enters show one less.) VRX counts the packets that have arrived and are not yet read, when
packet j of a frame is read at its TPRj; a packet that arrives after its TPRj is an underflow.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from appliance.rtv.analysis.report import Pacing, TypeVerdict, spread
from appliance.rtv.pcap import Int64s
from appliance.rtv.traffic import SenderType, TrafficModel


def cinst(time_ns: Int64s, drain_ps: int) -> Int64s:
    """Packets in the bucket after each arrival. time_ns: arrivals, not falling; drain_ps: TDRAIN.

    The bucket is a queue served one packet every TDRAIN, so what is left to serve has a closed
    form (Lindley's): no loop over packets.
    """
    if len(time_ns) == 0:
        return np.zeros(0, dtype=np.int64)
    since = np.arange(len(time_ns), dtype=np.int64) * drain_ps - (time_ns - time_ns[0]) * 1000
    left = drain_ps + since - np.minimum.accumulate(since)
    counted: Int64s = -(-left // drain_ps)
    return counted


@dataclass(frozen=True)
class Arrivals:
    """Packets of whole frames (fields): time ns, unit: number of the frame (field), index: place
    within it; anchor: for each unit, ns on the same clock to which TRO is added."""

    time: Int64s
    unit: Int64s
    index: Int64s
    anchor: Int64s


def _ceil(values: Int64s, step: Fraction) -> Int64s:
    """ceil(values / step), exact in 64 bits for the steps that formats have."""
    step = step.limit_denominator(1 << 20)
    result: Int64s = -(-values * step.denominator // step.numerator)
    return result


def vrx_levels(arrivals: Arrivals, model: TrafficModel, per_unit: int, shift_ns: int = 0) -> Int64s:
    """Packets in the virtual receiver right after each arrival; 0 or less is an underflow.

    shift_ns: added to TRO.
    """
    since = arrivals.time - arrivals.anchor[arrivals.unit] - (int(model.tro) + shift_ns)
    read = np.clip(_ceil(since, model.trs), 0, per_unit)
    levels: Int64s = arrivals.index + 1 - read
    return levels


def latest(arrivals: Arrivals, model: TrafficModel) -> int:
    """How far the latest packet is behind its TPRj, ns; negative when all are early."""
    step = model.trs.limit_denominator(1 << 20)
    since = arrivals.time - arrivals.anchor[arrivals.unit] - int(model.tro)
    return int(np.max(since - arrivals.index * step.numerator // step.denominator))


def judge(
    all_times: Int64s,
    arrivals: Arrivals | None,
    models: dict[SenderType, TrafficModel],
    per_unit: int,
    anchor: str,
) -> Pacing:
    """Cinst over all arrivals and VRX over whole frames, against each sender type.

    all_times: ns of every packet in arrival order. arrivals: None when frames could not be
    counted, and then no type is met.
    """
    any_model = next(iter(models.values()))
    drain_ps = int(any_model.drain * 1000)
    bucket = cinst(np.maximum.accumulate(all_times), drain_ps)
    verdicts = []
    narrowest = models[SenderType.N]
    for kind, model in models.items():
        verdicts.append(_verdict(kind, model, bucket, arrivals, per_unit))
    met = [verdict.sender_type for verdict in verdicts if verdict.met]
    shown = models[SenderType(met[0])] if met else narrowest
    bucket_spread = spread(bucket)
    assert bucket_spread is not None
    return Pacing(
        packets_per_frame=narrowest.packets,
        drain_ps=drain_ps,
        cinst=bucket_spread,
        vrx=None if arrivals is None else spread(vrx_levels(arrivals, shown, per_unit)),
        anchor=anchor,
        tro_ns=int(narrowest.tro),
        late_ns=0 if arrivals is None else latest(arrivals, narrowest),
        best=met[0] if met else None,
        types=verdicts,
    )


def _verdict(
    kind: SenderType,
    model: TrafficModel,
    bucket: Int64s,
    arrivals: Arrivals | None,
    per_unit: int,
) -> TypeVerdict:
    highest = int(bucket.max())
    if arrivals is None:
        return TypeVerdict(kind.value, False, model.cmax, highest, model.vrx_full, 0, 0, 0, 0)
    levels = vrx_levels(arrivals, model, per_unit)
    low, high = int(levels.min()) - 1, int(levels.max())
    good = (levels >= 1) & (levels <= model.vrx_full)
    units = len(arrivals.anchor)
    bad_units = len(np.unique(arrivals.unit[~good]))
    met = highest <= model.cmax and low >= 0 and high <= model.vrx_full
    troff_us = None
    if not met and highest <= model.cmax:
        troff_us = _troff(arrivals, model, per_unit)
    return TypeVerdict(
        sender_type=kind.value,
        met=met,
        cmax=model.cmax,
        cinst_max=highest,
        vrx_full=model.vrx_full,
        vrx_min=low,
        vrx_max=high,
        frames_share=(units - bad_units) * 1000 // units,
        packets_share=int(np.sum(good)) * 1000 // len(good),
        troff_us=troff_us,
    )


def _troff(arrivals: Arrivals, model: TrafficModel, per_unit: int) -> int | None:
    """The smallest TROFF in whole microseconds with which nothing underflows, if the buffer then
    does not overflow either."""
    needed = int(model.tro) + latest(arrivals, model)
    troff_us = -(-needed // 1000)
    levels = vrx_levels(arrivals, model, per_unit, troff_us * 1000 - int(model.tro))
    fits = int(levels.min()) >= 1 and int(levels.max()) <= model.vrx_full
    return troff_us if fits and troff_us > 0 else None
