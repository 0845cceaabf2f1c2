"""A card's picture over the network to a receiver: what was played out of a card into another's
input is sent as DICOM-RTV, received, and compared frame by frame and bit by bit with what was
played. Then the signal goes, changes, and the card is pulled: what the picture, the log, the
metadata and the reports of both ends say; never an old picture as live."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from hwtests.bench import Bench
from hwtests.pictures import Banners, Texture
from hwtests.playing import VIVID, control, format_of, tai, vivid_sends, vivid_signals
from hwtests.received import Received, Shown, Witness
from hwtests.stream import Event, Player, Stream

Budget = dict[str, dict[str, float]]
Figure = Callable[..., None]

PATIENT = {"patient": {"name": "Hardware^Test", "id": "HW1"}}
TELLS = ("no-signal", "format", "gone")


@dataclass
class Running:
    """A stream that runs, and all that was shown of it so far."""

    stream: Stream
    received: Received
    witness: Witness
    capture: str
    format: str
    shown: list[Shown] = field(default_factory=list)

    def look(self, seconds: float) -> list[Shown]:
        """What is shown meanwhile."""
        end = time.monotonic() + seconds
        found = self.received.take()
        while time.monotonic() < end:
            time.sleep(0.05)
            found += self.received.take()
        self.shown += found
        return found

    def until(self, wanted: Callable[[Shown], bool], seconds: float, what: str) -> list[Shown]:
        """What is shown up to the first frame that `wanted` is true of."""
        end = time.monotonic() + seconds
        found: list[Shown] = []
        while not any(wanted(one) for one in found):
            if time.monotonic() > end:
                banners = {one.banner for one in found[-20:]}
                log = self.stream.tx.log() + self.stream.rx.log()
                raise AssertionError(f"{what} did not come; the last showed {banners}\n{log}")
            found += self.look(0.1)
        return found


def exact(one: Shown) -> bool:
    return one.exact


@pytest.fixture(scope="module")
def running(
    stream: dict[str, Any], bench: Bench, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """Both ends and what plays, from the first test to the last."""
    folder = tmp_path_factory.mktemp("stream")
    patient = folder / "patient.json"
    patient.write_text(json.dumps(PATIENT))
    fmt = format_of(stream)
    texture, banners = Texture(fmt), Banners(fmt)
    if bench.vivid:
        vivid_sends(stream["capture"], stream["format"])
    made = Stream(folder, stream["capture"], stream["format"], patient, real_time=bench.real_time)
    player = None
    try:
        made.start()
        player = Player(stream["playout"], fmt, texture.paint)
        assert player.playing.wait(60), "nothing is played out"
        if bench.vivid:
            control(stream["capture"], loop_video=1, osd_text_mode=2)
        received, witness = Received(made.frames, texture, banners), Witness(made.witnessed)
        received.drop()
        one = Running(made, received, witness, stream["capture"], stream["format"])
        one.until(exact, 60, "a picture that was played")
        yield one
    finally:
        made.close()
        if player:
            player.close()


def test_every_frame_arrives_as_it_was_played(
    running: Running, stream: dict[str, Any], bench: Bench, budget: Budget, figure: Figure
) -> None:
    running.look(2 if bench.real_time else 5)  # it settles
    before, begun = counters(running), time.monotonic()
    shown = running.look(30 if bench.real_time else 12)
    # An emulated machine that others keep busy compares few frames a second.
    while not bench.real_time and len(shown) < 48 and time.monotonic() - begun < 90:
        shown += running.look(2)
    took, after = time.monotonic() - begun, counters(running)
    numbers = [one.stamp.sequence for one in shown if one.exact and one.stamp]
    grown = {name: after[name] - before[name] for name in after}
    played = (max(numbers) - min(numbers)) + 1
    figure("stream format", stream["format"])
    rate = float(format_of(stream).rate)
    figure("stream frames/s shown, played", [round(grown["presented"] / took, 2), rate])
    figure("stream frames compared", len(shown))
    figure("stream frames bit-exact", len(numbers))
    figure("stream frames passed over, this machine being slow", running.received.passed)
    figure("stream pictures played, arrived", [played, len(set(numbers))])
    figure("stream counters", {name: n for name, n in grown.items() if n})
    assert len(shown) >= 48, "too few frames to speak of"
    check_live(shown, running.witness, stale_s(bench, budget))
    wrong = [one for one in shown if not (one.exact or one.flags or one.banner or one.black)]
    assert not wrong, f"{len(wrong)} frames without a mark are not what was played: {wrong[:3]}"
    assert numbers == sorted(numbers), "pictures came out of order"
    if bench.real_time:
        assert played - len(set(numbers)) <= budget["stream"]["lost_frames"]
        assert len(numbers) == len(shown)


def counters(running: Running) -> dict[str, int]:
    """Counters of both ends that tell of losses."""
    tx, rx = running.stream.tx.counters(), running.stream.rx.counters()
    names = ("frames", "repeats", "drops", "source_lost", "skipped", "slates")
    found = {f"sent {name}": tx.get(name, 0) for name in names}
    names = ("presented", "lost", "late", "concealed_frames", "mostly_lost", "repeats")
    return found | {name: rx.get(name, 0) for name in names}


def stale_s(bench: Bench, budget: Budget) -> float:
    """How old a live picture may be. An emulated machine is also late from output to input."""
    return budget["stream"]["stale_s" if bench.real_time else "emulated_stale_s"]


def check_live(shown: list[Shown], witness: Witness, oldest_s: float) -> None:
    """What holds whatever happens: a frame whose metadata say that the subject can be seen, and
    that the receiver did not mark, is a picture that was just played; every other one says in its
    picture why it is none."""
    for one in shown:
        grain = witness.grain(one.rtp)
        dynamic = grain.dynamic if grain else None
        if "SLATE" in one.flags:
            assert one.banner in ("no-flow", "late"), one
        elif dynamic is not None and dynamic.imaging_subject is False:
            assert one.banner in TELLS, one
            assert dynamic.information is False
            assert dynamic.camera is None
        elif one.exact:
            assert dynamic is not None and dynamic.imaging_subject is True, one
            assert dynamic.origin == one.origin
            assert one.stamp is not None
            age = (one.presented - one.stamp.tai) / 1e9
            assert age < oldest_s or "LATE" in one.flags, (age, one)
        else:  # the receiver's own banner may stand on a picture that it does not mark
            assert one.flags or one.banner or one.black, (
                f"neither marked nor what was played: {one}"
            )


@dataclass
class Gap:
    """A time without a live picture. lost: the fault was there, back: it is about to end, TAI
    ns."""

    lost: int
    back: int
    shown: list[Shown]
    events: list[Event]


def gap(
    running: Running,
    banner: str,
    figure: Figure,
    lose: Callable[[], object],
    restore: Callable[[], object],
) -> Gap:
    """Runs through a loss: what is shown from a moment before to a moment after."""
    told = len(running.stream.tx.events())
    shown = running.look(1) + running.until(exact, 30, "a live picture to begin with")
    begun = tai()
    lose()
    lost = tai()
    shown += running.until(lambda one: one.banner == banner, 30, f"the banner {banner!r}")
    figure(f"stream {banner} shown after s", round((shown[-1].presented - begun) / 1e9, 2))
    until = time.monotonic() + 60
    shown += running.look(3)
    while sum(one.banner == banner for one in shown) <= 12 and time.monotonic() < until:
        shown += running.look(1)
    back = tai()
    restore()
    after = running.until(lambda one: one.exact and one.presented > back, 90, "the picture")
    figure(f"stream {banner} live again after s", round((after[-1].presented - back) / 1e9, 2))
    shown += after + running.look(1)
    events = running.stream.tx.events()[told:]
    for one in events:
        figure(f"stream {banner} event", f"{one.at} {one.level} {one.code}: {one.text}")
    return Gap(lost, back, shown, events)


def check_gap(
    running: Running,
    found: Gap,
    banner: str,
    bench: Bench,
    budget: Budget,
    *,
    first: tuple[str, ...] = (),
) -> None:
    """No picture is live between loss and return, and none of before is live after it. first:
    banners that may stand there until it is known what the matter is."""
    live = [one for one in found.shown if one.exact]
    # A card that comes back may show a picture of its own before ours: of no number of ours.
    again = min(one.presented for one in live if one.presented > found.back)
    own = [one for one in found.shown if found.back < one.presented < again and not one.stamp]
    ours = [one for one in found.shown if one not in own]
    check_live(ours, running.witness, stale_s(bench, budget))
    last = max((one.presented for one in live if one.presented < found.back), default=0)
    timely = [one.presented for one in live if bench.real_time or "LATE" not in one.flags]
    shown = max((at for at in timely if at < found.back), default=0)
    room = budget["stream"]["slate_s" if bench.real_time else "emulated_slate_s"]
    assert (shown - found.lost) / 1e9 < room, "it is shown as live long after the loss"
    between = [one for one in found.shown if last < one.presented < found.back]
    if not bench.real_time:  # what it lost on the way is the receiver's to mark
        between = [one for one in between if not one.flags & {"SLATE", "CONCEALED"}]
    banners = [one.banner for one in between]
    assert len(banners) > 10 and banner in banners
    at = banners.index(banner)
    assert set(banners[at:]) == {banner} and set(banners[:at]) <= set(first)
    told = [running.witness.grain(one.rtp) for one in between]
    assert all(one and one.dynamic and one.dynamic.imaging_subject is False for one in told)
    stamps = [one.stamp.sequence for one in live if one.stamp]
    assert stamps == sorted(stamps), "an old picture came after a newer one"
    # What is sent without a picture names the time of the last live one, of before the loss.
    origins = {one.origin for one in between}
    assert len(origins) == 1 and origins.pop() <= found.lost


def test_the_signal_goes_and_comes_back(
    running: Running, bench: Bench, budget: Budget, figure: Figure
) -> None:
    only_vivid(bench)
    key = running.capture
    for mode in (1, 2):  # no signal; a signal without lock
        found = gap(
            *(running, "no-signal", figure),
            partial(control, key, dv_timings_signal_mode=mode),
            lambda: control(key, dv_timings_signal_mode=0),
        )
        check_gap(running, found, "no-signal", bench, budget)
        told = said(found, bench)
        assert [one.code for one in told] == ["signal-lost", "signal-back"]
        assert "no signal" in told[0].text


def test_the_source_changes_its_timings(
    running: Running, bench: Bench, budget: Budget, figure: Figure
) -> None:
    only_vivid(bench)
    key = running.capture
    found = gap(
        *(running, "format", figure),
        lambda: vivid_signals(key, "720p60"),
        lambda: vivid_signals(key, running.format),
    )
    check_gap(running, found, "format", bench, budget, first=("no-signal",))
    told = said(found, bench)
    assert told[-1].code == "signal-back"
    (text,) = [one.text for one in told if one.code == "format-changed"]
    assert text.startswith("the input is 1280x720 at 60/1 frames/s")


def test_the_card_is_pulled_and_put_back(
    running: Running, bench: Bench, budget: Budget, figure: Figure
) -> None:
    only_vivid(bench)
    key = running.capture

    def put_back() -> None:
        (VIVID / "bind").write_text("vivid.0")
        deadline = time.monotonic() + 60
        while True:
            try:
                vivid_sends(key, running.format)
                control(key, loop_video=1, osd_text_mode=2)
                return
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    found = gap(
        *(running, "gone", figure), lambda: (VIVID / "unbind").write_text("vivid.0"), put_back
    )
    check_gap(running, found, "gone", bench, budget)
    told = said(found, bench)
    assert "source-gone" in [one.code for one in told] and told[-1].code == "signal-back"


def test_the_reports_of_both_ends(running: Running, bench: Bench, figure: Figure) -> None:
    """Last: ends the stream."""
    rx, tx = running.stream.rx.end(), running.stream.tx.end()
    for name, report in (("tx", tx), ("rx", rx)):
        figure(f"stream report {name}", {**report["frames"], "faults": report["verdict"]["faults"]})
    logs = running.stream.tx.log() + running.stream.rx.log()
    assert "Traceback" not in logs and "Hardware" not in logs
    assert tx["metadata"]["grains"] == tx["frames"]["sent"]
    assert rx["metadata"]["mismatches"] == rx["metadata"]["invalid"] == 0
    assert rx["metadata"]["patient_changes"] <= 1
    if bench.real_time:  # an emulated machine stalls
        assert not any(one.code == "flow-lost" for one in running.stream.rx.events()[1:])
    if bench.vivid:
        assert tx["frames"]["signal_losses"] >= 4 and tx["frames"]["slates"] > 0
        assert tx["engine"]["source_restarts"] >= 1
        assert any("banner in place of a live picture" in one for one in tx["verdict"]["faults"])
        assert tx["frames"]["sent"] > tx["frames"]["slates"]


def said(found: Gap, bench: Bench) -> list[Event]:
    """What the sender's log said. An emulated machine also stalls for a moment: what it says of
    that, and of the return, is left out."""
    if bench.real_time:
        return found.events
    told: list[Event] = []
    for one in found.events:
        stall = "delivers no frames" in one.text
        again = one.code == "signal-back" and (not told or told[-1].code == "signal-back")
        if not stall and not again:
            told.append(one)
    return told


def only_vivid(bench: Bench) -> None:
    if not bench.vivid:
        pytest.skip("no generator here can be told to; by hand: pull the cable")
