"""A full /run: nothing more is published, and no service ends of it, least of all the video."""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path

import pytest

from appliance.box.observe import publish
from tests.support.agent_box import AgentBox


def _fill(place: Path, pid: int) -> bool:
    """The next that this process publishes there meets a full disk. False: it waits to."""
    with contextlib.suppress(FileExistsError):
        place.with_name(f".{place.name}.{pid}").symlink_to("/dev/full")
        return True
    return False


def test_what_was_published_stays_where_there_is_no_room(tmp_path: Path) -> None:
    place = tmp_path / "clock.json"
    publish(place, {"state": "locked"})
    assert _fill(place, os.getpid())
    publish(place, {"state": "lost"})
    assert json.loads(place.read_text()) == {"state": "locked"}
    assert list(tmp_path.iterdir()) == [place]
    publish(place, {"state": "lost"})
    assert json.loads(place.read_text()) == {"state": "lost"}
    with pytest.raises(FileNotFoundError):
        publish(tmp_path / "away" / "clock.json", {})


def test_services_live_through_it(tmp_path: Path) -> None:
    with AgentBox(tmp_path) as box:
        box.wait(lambda: box.converter()["state"], "converter")
        agent = box.process.pid
        children = Path(f"/proc/{agent}/task/{agent}/children")
        (converter,) = children.read_text().split()
        places = {
            box.paths.observed("agent"): agent,
            box.paths.observed("issues"): agent,
            box.paths.observed("converter"): int(converter),
        }
        met = dict.fromkeys(places, 0)
        end = time.monotonic() + 20
        while min(met.values()) < 3 and time.monotonic() < end:
            for place, pid in places.items():
                met[place] += _fill(place, pid)
            time.sleep(0.05)
        assert min(met.values()) >= 3  # two of them at least were met and taken away
        assert box.process.poll() is None
        assert children.read_text().split() == [converter]
