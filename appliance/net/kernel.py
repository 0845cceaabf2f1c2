"""Reads the machine's network and takes the steps of a plan, over netlink and /proc/sys."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import Any, Self

from pyroute2 import AsyncIPRoute
from pyroute2.netlink.exceptions import NetlinkError

from appliance.net.machine import KERNEL, Link, Machine, Route
from appliance.net.plan import Address, MakeVlan, RemoveLink, SetLink, SetRoute, Setting, Step

_INET = 2
_LINK_SCOPE, _MAIN, _UNICAST = 253, 254, 1
_GONE = (errno.ESRCH, errno.EADDRNOTAVAIL)
_SETTINGS = Path("/proc/sys")
_COUNTERS = (
    "rx_packets",
    "tx_packets",
    "rx_bytes",
    "tx_bytes",
    "rx_errors",
    "tx_errors",
    "rx_dropped",
    "tx_dropped",
    "rx_missed_errors",
    "rx_fifo_errors",
    "rx_crc_errors",
    "multicast",
)


class Kernel:
    """This machine's, or this namespace's. `changed` is set whenever the kernel says that a link,
    an address or a route is another."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self._netlink = AsyncIPRoute()

    async def __aenter__(self) -> Self:
        await self._netlink.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._netlink.close()

    async def listen(self) -> None:
        """Sets `changed`, until cancelled."""
        async with AsyncIPRoute() as told:
            await told.bind()
            while True:
                try:
                    async for _ in told.get():
                        self.changed.set()
                except OSError:  # more at once than its buffer holds: a look finds them all
                    self.changed.set()

    async def links(self) -> dict[str, Link]:
        """By name."""
        dump = await self._netlink.link("dump")
        return {link.name: link for link in [_link(one) async for one in dump]}

    async def observe(self, settings: Iterable[str]) -> Machine:
        """All that a plan looks at. settings: paths below /proc/sys."""
        links = await self.links()
        names = {link.index: name for name, link in links.items()}
        addresses: dict[str, set[IPv4Interface]] = {}
        async for one in await self._netlink.addr("dump", family=_INET):
            text = one.get("local") or one.get("address")
            if text and one["index"] in names:
                own = IPv4Interface((text, one["prefixlen"]))
                addresses.setdefault(names[one["index"]], set()).add(own)
        routes = set()
        async for one in await self._netlink.route("dump", family=_INET):
            route = _route(one, names)
            if route is not None:
                routes.add(route)
        return Machine(
            links,
            {name: frozenset(some) for name, some in addresses.items()},
            frozenset(routes),
            dict(_settings(settings)),
        )

    async def take(self, step: Step, machine: Machine) -> None:
        """One step. Raises OSError where the kernel refuses."""
        try:
            await self._take(step, machine)
        except NetlinkError as error:
            # The kernel took it away with what it belonged to.
            if isinstance(step, Address | SetRoute) and not step.add and error.code in _GONE:
                return
            raise OSError(error.code, str(error.args[-1])) from None

    async def _take(self, step: Step, machine: Machine) -> None:
        if isinstance(step, Setting):
            (_SETTINGS / step.path).write_text(step.value)
            return
        if isinstance(step, MakeVlan):
            await self._netlink.link(
                "add",
                ifname=step.device,
                kind="vlan",
                link=machine.links[step.parent].index,
                vlan_id=step.vlan,
            )
            return
        index = machine.links[step.device].index
        if isinstance(step, RemoveLink):
            await self._netlink.link("del", index=index)
        elif isinstance(step, SetLink):
            words: dict[str, Any] = {}
            if step.mtu is not None:
                words["mtu"] = step.mtu
            if step.alias is not None:
                words["ifalias"] = step.alias
            if step.up is not None:
                words["state"] = "up" if step.up else "down"
            await self._netlink.link("set", index=index, **words)
        elif isinstance(step, Address):
            await self._netlink.addr(
                "add" if step.add else "del",
                index=index,
                address=str(step.address.ip),
                prefixlen=step.address.network.prefixlen,
                **({"broadcast": str(step.address.network.broadcast_address)} if step.add else {}),
            )
        elif isinstance(step, SetRoute):
            route = step.route
            words = {"gateway": str(route.via)} if route.via else {}
            if route.link_scope:
                words["scope"] = _LINK_SCOPE
            if route.metric:
                words["priority"] = route.metric
            await self._netlink.route(
                "add" if step.add else "del",
                family=_INET,
                dst=str(route.to),
                oif=index,
                proto=route.protocol,
                table=_MAIN,
                **words,
            )


def _link(one: Any) -> Link:
    info = one.get("linkinfo")
    kind = (info.get_attr("IFLA_INFO_KIND") if info else None) or ""
    data = info.get_attr("IFLA_INFO_DATA") if info and kind == "vlan" else None
    counted = one.get("stats64") or {}
    return Link(
        index=one["index"],
        name=one.get("ifname"),
        mac=bytes.fromhex((one.get("address") or "").replace(":", "")),
        mtu=one.get("mtu") or 0,
        up=one["state"] == "up",
        carrier=one["state"] == "up" and bool(one.get("carrier")),
        alias=one.get("ifalias") or "",
        kind=kind,
        vlan=data.get_attr("IFLA_VLAN_ID") if data else None,
        parent=one.get("link"),
        ups=one.get("carrier_up_count") or 0,
        counters={key: counted[key] for key in _COUNTERS if key in counted},
    )


def _route(one: Any, names: dict[int, str]) -> Route | None:
    """Of the main table, unicast; None for others."""
    device = names.get(one.get("oif") or 0)
    if one["type"] != _UNICAST or device is None or (one.get("table") or _MAIN) != _MAIN:
        return None
    to = IPv4Network((one.get("dst") or "0.0.0.0", one["dst_len"]))
    via = one.get("gateway")
    return Route(
        to,
        device,
        IPv4Address(via) if via else None,
        one.get("priority") or 0,
        one["proto"],
        one["scope"] == _LINK_SCOPE and one["proto"] != KERNEL,
    )


def _settings(paths: Iterable[str]) -> Iterable[tuple[str, str]]:
    for path in paths:
        with suppress(OSError):  # no IPv6 in this kernel, or the interface is not there yet
            yield path, (_SETTINGS / path).read_text().strip()
