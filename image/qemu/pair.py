"""Two boxes and a desk: a sender whose clock is the grandmaster, and a receiver that follows it, on
one emulated data network. Documents and what is shown; pure but for `set_up`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from appliance.agent.client import BoxClient
from appliance.commands.remote_site import Site
from image.qemu.guest import Guest

FORMAT, RATE = "320x180p25", 25
"""What a guest sends to a guest without a loss here: 23 Mb/s. Full rasters are for real boxes, and
for the namespaces of make demo."""
GROUP, VIDEO, METADATA = "239.10.0.1", 5000, 5002
PATIENT = {"patient": {"name": "Demo^Image", "id": "0001"}}


def sender(form: str = FORMAT) -> dict[str, Any]:
    """The Tx box: the test picture to a group."""
    path = {
        "video": {"address": GROUP, "port": VIDEO},
        "metadata": {"address": GROUP, "port": METADATA},
    }
    return {
        "schema": 1,
        "label": "endoscope",
        "mode": "tx",
        "networks": networks(1),
        "clock": {"networks": ["data"], "role": "grandmaster"},
        "input": {"card": "synthetic", "format": {"name": form}},
        "flows": {"send": [{"id": "endoscope", "sender_type": "W", "paths": [path]}]},
    }


def receiver(sdp: str) -> dict[str, Any]:
    """The Rx box: every frame is checked by a sink that knows the test picture."""
    return {
        "schema": 1,
        "label": "monitor",
        "mode": "rx",
        "networks": networks(2),
        "clock": {"networks": ["data"]},
        "output": {"card": "check"},
        "flows": {"receive": [{"id": "endoscope", "sdp": sdp}]},
    }


def networks(number: int) -> dict[str, Any]:
    """Configuration as QEMU's own network gives it, data by hand."""
    return {
        "configuration": {"interface": "eth0", "method": "dhcp"},
        "data": {"interface": "eth1", "address": f"10.20.0.{number}/24"},
    }


def set_up(site: Site, tx: Guest, rx: Guest, say: Callable[[str], None]) -> None:
    """Pairs with both by their panels' codes and tells them what to be. Raises TimeoutError,
    RemoteError, PairingError."""
    for guest, name in ((tx, "Tx"), (rx, "Rx")):
        say(f"{name}: {guest.ready(site):.0f} s from power to an API that answers")
    for guest, name in ((tx, "Tx"), (rx, "Rx")):
        guest.pair(site)
        say(f"{name}: paired by the code on its panel")
    tx.apply(site, sender())
    tx.until("the sender's flow", lambda: state_of(tx, site) == "running", every=1.0)
    say("Tx: sends")
    rx.apply(site, receiver(sdp_of(tx, site)))
    staged = tx.ask(site, "PUT", "/staged/patient", PATIENT)
    what = {"what": {"patient": staged["etag"]}, "at": None}
    tx.ask(site, "POST", "/activation", what)
    rx.until("the receiver's flow", lambda: state_of(rx, site) == "running", every=1.0)
    say("Rx: receives")


def state_of(guest: Guest, site: Site) -> str:
    """Of its flow."""
    flow = (guest.ask(site, "GET", "/status").get("converter") or {}).get("flow") or {}
    return str(flow.get("state"))


def sdp_of(guest: Guest, site: Site) -> str:
    """Of its flow."""

    async def one() -> str:
        async with BoxClient(guest.where, site.context()) as box:
            return await box.text("GET", "/flows/endoscope.sdp")

    return asyncio.run(one())


def counters_of(guest: Guest, site: Site) -> dict[str, int]:
    """Of its converter."""
    said = (guest.ask(site, "GET", "/status").get("converter") or {}).get("counters") or {}
    return {key: int(said.get(key, 0)) for key in COUNTED}


COUNTED = ("presented", "lost", "metadata_lost", "concealed_frames", "late")


def judge(
    first: Mapping[str, int], last: Mapping[str, int], seconds: float, clock: str
) -> list[str]:
    """What was wrong between two looks at the receiver; [] is good."""
    grown = {key: last[key] - first[key] for key in COUNTED}
    wrong = []
    if grown["presented"] < RATE * seconds * 0.8:
        wrong.append(f"{grown['presented']} frames in {seconds:g} s, not about {RATE * seconds:g}")
    bad = ("lost", "metadata_lost", "concealed_frames")
    wrong += [f"{key}: {grown[key]}" for key in bad if grown[key]]
    if clock != "locked":
        wrong.append(f"the receiver's clock is {clock} and not locked")
    return wrong
