"""Links of a stream's interfaces, watched from outside the engine."""

from __future__ import annotations

from typing import Any

from appliance.modes.interfaces import LinkWatch, has_link

SECOND = 1_000_000_000


def said(events: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(event["severity"], event["code"], event["text"]) for event in events]


def test_a_link_that_goes_and_comes_is_said_with_its_path_and_time() -> None:
    watch = LinkWatch(["eth0", "eth1"], 0)
    up = {"eth0": True, "eth1": True}
    assert watch.look(SECOND, up.__getitem__) == []
    up["eth1"] = False
    (lost,) = watch.look(2 * SECOND, up.__getitem__)
    assert said([lost]) == [("warning", "link-down", "path 2 (eth1): no link")]
    assert lost["tai"] == 2 * SECOND
    assert watch.look(3 * SECOND, up.__getitem__) == []
    up["eth1"] = True
    assert said(watch.look(5 * SECOND, up.__getitem__)) == [
        ("info", "link-up", "path 2 (eth1): has a link again, after 3.0 s")
    ]


def test_a_stream_of_one_path_names_its_interface_only() -> None:
    watch = LinkWatch(["eth0"], 0)
    assert said(watch.look(SECOND, lambda _: False)) == [("warning", "link-down", "eth0: no link")]


def test_two_paths_on_one_interface_are_said_once() -> None:
    watch = LinkWatch(["eth0", "eth0"], 0)
    assert said(watch.look(SECOND, lambda _: False)) == [
        ("warning", "link-down", "path 1 and 2 (eth0): no link")
    ]


def test_this_machine_is_asked() -> None:
    assert has_link("lo")
    assert not has_link("no-such-if")
