"""Boxes in a laboratory, and what the others on the cable do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.demo.namespaces import Lab
from tests.box.documents import SDP

CONFIGURATION = {"interface": "eth0", "address": "10.77.0.1/24"}
DATA = {"interface": "eth1", "address": "10.77.1.1/24"}
DATA_2 = {"interface": "eth2", "address": "10.77.2.1/24"}
HOSPITAL = {"interface": "eth3", "address": "10.77.3.1/24"}
FREE_RUN = {"role": "free-run"}


def document(clock: Any = None, **networks: Any) -> dict[str, Any]:
    """An idle box in these networks."""
    return {"schema": 1, "networks": networks, "clock": clock or FREE_RUN}


def receiver(**networks: Any) -> dict[str, Any]:
    """A receiver of 239.1.1.1:5000 and 239.1.1.2:5002, from 10.77.1.2 alone (video)."""
    sdp = SDP.replace("10.20.0.30", "10.77.1.2")
    return {
        "schema": 1,
        "mode": "rx",
        "networks": networks,
        "clock": {"networks": ["data"]},
        "output": {"card": "null"},
        "flows": {"receive": [{"id": "endoscope", "sdp": sdp}]},
    }


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A box, a peer on the same switches, four networks."""
    with Lab(("box", "peer"), networks=4) as made:
        yield made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The box's folders."""
    return tmp_path / "box"
