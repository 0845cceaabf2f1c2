"""vivid with other inputs, outputs and buffers than the bench has, for one file of tests."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from appliance import runner
from hwtests.bench import Bench


@contextmanager
def vivid_as(bench: Bench, *options: str) -> Iterator[None]:
    """vivid, loaded with these options; as the bench wants it again afterwards. Skips the test
    elsewhere."""
    if not bench.vivid:
        pytest.skip("only vivid can be made to be another card")
    runner.run(["modprobe", "-r", "vivid"], timeout=60)
    try:
        runner.run(["modprobe", "vivid", "n_devs=1", "node_types=0x101", *options], timeout=60)
        runner.run(["udevadm", "settle", "--timeout=30"], timeout=60)
        yield
    finally:
        runner.run(["modprobe", "-r", "vivid"], timeout=60)
        for command in bench.prepare:
            runner.run(shlex.split(command), timeout=120)
        runner.run(["udevadm", "settle", "--timeout=30"], timeout=60)
