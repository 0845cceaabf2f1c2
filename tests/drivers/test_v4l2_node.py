"""Which path of a V4L2 node a card is opened by."""

from __future__ import annotations

from pathlib import Path

from drivers.v4l2.node import lasting


def test_a_node_is_known_by_its_place_where_udev_says_it(tmp_path: Path) -> None:
    links, first, second = tmp_path / "by-path", tmp_path / "video0", tmp_path / "video2"
    links.mkdir()
    for file in (first, second):
        file.touch()
    place = links / "pci-1-video-index0"
    place.symlink_to(first)
    (links / "pci-2-video-index0").symlink_to(second)
    (links / "pci-3-video-index0").symlink_to(tmp_path / "video9")  # it is gone
    assert lasting(str(first), links) == str(place)
    place.unlink()
    assert lasting(str(first), links) == str(first)
    assert lasting(str(first), tmp_path / "none") == str(first)
