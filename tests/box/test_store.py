"""The store: generations, conflicts, going back, and the power cut at every instant."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from appliance.box.desired import Desired
from appliance.box.disk import Disk
from appliance.box.rules import accept
from appliance.box.store import ConflictError, Store
from tests.box.documents import IDLE, RX, TX, changed, text


def wanted(label: str) -> Desired:
    return accept(text(changed(TX, "label", label)))


class PowerCutError(BaseException):
    pass


class FailingDisk(Disk):
    """Loses its power after so many steps. torn: what was written and not yet down on the disk is
    torn; otherwise it had reached the disk by chance."""

    def __init__(self, steps: int, *, torn: bool) -> None:
        self.steps, self.torn = steps, torn

    def _step(self) -> None:
        if self.steps == 0:
            raise PowerCutError
        self.steps -= 1

    def write(self, path: Path, data: bytes) -> None:
        if self.steps == 0 and self.torn:
            path.write_bytes(data[: len(data) // 2])
        self._step()
        super().write(path, data)

    def point(self, link: Path, target: str) -> None:
        self._step()
        super().point(link, target)

    def rename(self, old: Path, new: Path) -> None:
        self._step()
        super().rename(old, new)

    def settle(self, folder: Path) -> None:
        self._step()
        super().settle(folder)

    def remove(self, path: Path) -> None:
        self._step()
        super().remove(path)


def test_a_box_that_was_never_told(tmp_path: Path) -> None:
    loaded = Store(tmp_path / "none").load()
    assert (loaded.desired, loaded.good, loaded.damage) == (None, None, ())


def test_every_change_is_a_generation_and_can_be_gone_back_to(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = store.put(wanted("one"), "config")
    store.mark_good(first.number)
    second = store.put(wanted("two"), "agent:configurator")
    assert second.number == first.number + 1
    loaded = Store(tmp_path).load()
    assert loaded.desired == wanted("two")
    assert loaded.good == first.number
    assert loaded.generation is not None
    assert loaded.generation.by == "agent:configurator"
    back = store.rollback("panel")
    assert back.number == second.number + 1
    assert store.load().desired == wanted("one")
    assert json.loads((tmp_path / "desired.json").read_text())["document"]["label"] == "one"


def test_going_back_from_the_good_one_takes_the_one_before(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(wanted("one"), "config")
    store.mark_good(store.put(wanted("two"), "config").number)
    store.rollback("config")
    assert store.load().desired == wanted("one")


def test_nothing_to_go_back_to_is_said(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(ValueError, match="none to go back to; apply"):
        store.rollback("config")
    store.put(wanted("one"), "config")
    with pytest.raises(ValueError, match="none to go back to"):
        store.rollback("config")
    with pytest.raises(ValueError, match="generation: 99 is not kept; choose 1"):
        store.rollback("config", 99)


def test_a_change_made_from_an_old_state_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = store.put(wanted("one"), "a", expect=0)
    store.put(wanted("two"), "b", expect=first.number)
    with pytest.raises(ConflictError, match="is 2 now and not 1; read it again"):
        store.put(wanted("three"), "c", expect=first.number)
    assert store.load().desired == wanted("two")


def test_old_generations_go_but_never_the_good_or_wanted_one(tmp_path: Path) -> None:
    store = Store(tmp_path, kept=3)
    good = store.put(wanted("good"), "config")
    store.mark_good(good.number)
    for count in range(8):
        store.put(wanted(f"n{count}"), "config")
    assert store.numbers() == [good.number, 7, 8, 9]
    store.rollback("config")
    assert store.load().desired == wanted("good")


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-30]),
        lambda path: path.write_text(path.read_text().replace('"two"', '"twp"')),
        lambda path: path.unlink(),
        lambda path: path.write_text("[" * 100_000),
        lambda path: path.write_text('{"generation": 2}'),
    ],
    ids=["empty", "short", "flipped", "gone", "deep", "hollow"],
)
def test_a_damaged_generation_is_replaced_by_the_good_one_and_said(
    tmp_path: Path, damage: object
) -> None:
    store = Store(tmp_path)
    store.mark_good(store.put(wanted("one"), "config").number)
    store.put(wanted("two"), "config")
    damage(tmp_path / "generations/000002.json")  # type: ignore[operator]
    loaded = Store(tmp_path).load()
    assert loaded.desired == wanted("one")
    assert len(loaded.damage) == 1
    assert loaded.damage[0].startswith("generation 2 cannot be used")
    assert store.put(wanted("three"), "config").number == 3


@pytest.mark.parametrize("torn", [False, True])
def test_a_power_cut_after_any_step_leaves_the_old_or_the_new_state(
    tmp_path: Path, torn: bool
) -> None:
    reached = []
    for steps in range(40):
        folder = tmp_path / str(steps)
        store = Store(folder, kept=1)
        store.mark_good(store.put(wanted("zero"), "config").number)
        store.put(wanted("old"), "config")
        try:
            Store(folder, FailingDisk(steps, torn=torn), kept=1).put(wanted("new"), "config")
            done = True
        except PowerCutError:
            done = False
        loaded = Store(folder).load()
        assert loaded.damage == ()
        assert loaded.desired in (wanted("old"), wanted("new"))
        reached.append(loaded.desired == wanted("new"))
        # And the box can still be told something else.
        again = Store(folder).put(wanted("after"), "config")
        assert Store(folder).load().generation == again
        if done:
            break
    else:
        pytest.fail("the writer never came to its end")
    assert reached[0] is False
    assert reached[-1] is True
    assert reached == sorted(reached)


_WRITER = """
import sys
from pathlib import Path
from appliance.box.rules import accept
from appliance.box.store import Store
store = Store(Path(sys.argv[1]))
texts = [Path(name).read_text() for name in sys.argv[2:4]]
print("ready", flush=True)
while True:
    for one in texts:
        store.put(accept(one), "loop")
"""


def test_a_writer_killed_at_any_time_leaves_a_whole_state(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    texts = [tmp_path / "a.json", tmp_path / "b.json"]
    for path, label in zip(texts, ("a", "b"), strict=True):
        path.write_text(wanted(label).text())
    last = 0
    for count in range(12):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(folder), *map(str, texts)],
            stdout=subprocess.PIPE,
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(0.02 + 0.0037 * count)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        loaded = Store(folder).load()
        assert loaded.damage == ()
        assert loaded.desired in (None, wanted("a"), wanted("b"))
        if loaded.generation:
            assert loaded.generation.number >= last
            last = loaded.generation.number
    assert last > 12, "the writers never wrote"


def test_writers_take_turns(tmp_path: Path) -> None:
    def write(name: str) -> None:
        store = Store(tmp_path)
        for count in range(10):
            store.put(wanted(f"{name}{count}"), name)

    writers = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    loaded = Store(tmp_path).load()
    assert loaded.generation is not None
    assert loaded.generation.number == 30


def test_a_full_disk_leaves_what_there_was(tmp_path: Path) -> None:
    class FullDisk(Disk):
        def write(self, path: Path, data: bytes) -> None:
            path.write_bytes(data[:10])
            raise OSError(28, os.strerror(28))

    Store(tmp_path).put(wanted("old"), "config")
    with pytest.raises(OSError, match="No space"):
        Store(tmp_path, FullDisk()).put(wanted("new"), "config")
    assert Store(tmp_path).load().desired == wanted("old")


def test_forgetting_leaves_nothing_of_the_document(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for document in (TX, RX, IDLE):
        store.put(accept(text(document)), "config")
    store.forget()
    assert Store(tmp_path).load().generation is None
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size]
    assert left == []
    shutil.rmtree(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
def test_every_service_of_the_group_may_write(tmp_path: Path) -> None:
    """A person at the box (root) applies; the network service, another user of the group, puts the
    state before back. As tmpfiles makes the folders."""
    group, user = 54_321, 54_322
    box = tmp_path / "box"
    for folder in (box, box / "generations"):
        folder.mkdir()
        os.chown(folder, 0, group)
        folder.chmod(0o2770)
    Store(box).put(accept(text(IDLE)), "root")
    Store(box).put(accept(text(TX)), "root")
    for place in (tmp_path, *tmp_path.parents):
        if place.stat().st_uid == 0 and place != Path("/"):
            place.chmod(place.stat().st_mode | 0o011)  # pytest keeps its folders to itself
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(group)
            os.setuid(user)
            Store(box).rollback("network", 1)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    desired = Store(box).load().desired
    assert desired is not None and desired.mode == "idle"
    Store(box).put(accept(text(RX)), "root")
