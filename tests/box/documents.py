"""Documents for the tests: right ones, and ways to break them."""

from __future__ import annotations

import copy
import json
from typing import Any

SDP = "\r\n".join(
    [
        "v=0",
        "o=- 1 1 IN IP4 10.20.0.30",
        "s=endoscope",
        "t=0 0",
        "m=video 5000 RTP/AVP 96",
        "c=IN IP4 239.1.1.1/64",
        "a=source-filter: incl IN IP4 239.1.1.1 10.20.0.30",
        "a=rtpmap:96 raw/90000",
        "a=fmtp:96 sampling=YCbCr-4:2:2; width=1920; height=1080; exactframerate=50; depth=10; "
        "TCS=SDR; colorimetry=BT709; PM=2110GPM; SSN=ST2110-20:2017; TP=2110TPN",
        "a=mediaclk:direct=0",
        "a=ts-refclk:localmac=00-11-22-33-44-55",
        "m=application 5002 RTP/AVP 104",
        "c=IN IP4 239.1.1.2/64",
        "a=rtpmap:104 dicom/90000",
        "",
    ]
)

TX: dict[str, Any] = {
    "schema": 1,
    "label": "OR 3 tower",
    "mode": "tx",
    "networks": {
        "configuration": {"interface": "eth0", "method": "dhcp"},
        "data": {"interface": "eth1", "address": "10.20.0.31/24"},
        "data_2": {"interface": "eth2", "address": "10.21.0.31/24"},
    },
    "clock": {"networks": ["data", "data_2"]},
    "input": {"card": "synthetic", "format": {"name": "1080p50"}},
    "flows": {
        "send": [
            {
                "id": "endoscope",
                "paths": [
                    {
                        "network": "data",
                        "video": {"address": "239.1.1.1", "port": 5000},
                        "metadata": {"address": "239.1.1.2", "port": 5002},
                    },
                    {
                        "network": "data_2",
                        "video": {"address": "239.2.1.1", "port": 5000},
                        "metadata": {"address": "239.2.1.2", "port": 5002},
                    },
                ],
            }
        ]
    },
}

RX: dict[str, Any] = {
    "schema": 1,
    "label": "OR 3 monitor",
    "mode": "rx",
    "networks": {"data": {"interface": "eth1", "address": "10.20.0.32/24"}},
    "output": {"card": "check", "overlay": "default"},
    "flows": {"receive": [{"id": "endoscope", "sdp": SDP}]},
}

IDLE: dict[str, Any] = {"schema": 1}


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with one value set; `path` as a.b[0].c."""
    made = copy.deepcopy(document)
    steps: list[Any] = []
    for word in path.replace("]", "").split("."):
        name, *at = word.split("[")
        steps += [name, *(int(one) for one in at)]
    place: Any = made
    for step in steps[:-1]:
        place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
    if value is ...:
        del place[steps[-1]]
    elif isinstance(place, list) and steps[-1] == len(place):
        place.append(value)
    else:
        place[steps[-1]] = value
    return made


def text(document: Any) -> str:
    """As JSON."""
    return json.dumps(document)
