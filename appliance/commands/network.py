"""`rtvbox network`: the box's networks, what is open on which, and the change that waits."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from appliance.box.link import LinkError, ask
from appliance.box.observe import observed
from appliance.box.paths import Paths
from appliance.commands.published import has_errors, shown
from appliance.runner import CommandError

_NETWORKS = ("configuration", "data", "data_2", "hospital")
_EPILOG = """examples:
  rtvbox network
  rtvbox network --json
  rtvbox network confirm     (a change of the configuration network is kept; else it is taken back)

exit codes: 0 nothing is wrong, 1 an issue of severity error is raised, or nothing to confirm."""


def add(commands: Any) -> None:
    """Declares the command."""
    own = commands.add_parser(
        "network",
        help="show the networks of this box and what is open on them",
        description="Addresses, links, neighbours, traffic and the firewall's table.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    own.add_argument(
        "action",
        nargs="?",
        choices=("show", "confirm"),
        default="show",
        help="show, or confirm a change of the configuration network (default show)",
    )
    own.add_argument("--json", action="store_true", help="everything, as JSON")
    own.add_argument("--root", type=Path, metavar="DIR", help="a box's folders below DIR")
    own.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints it, or confirms."""
    paths = Paths() if args.root is None else Paths.below(args.root)
    if args.action == "confirm":
        try:
            stands = asyncio.run(ask(paths.link("network"), "confirm"))
        except LinkError as error:
            raise CommandError(str(error)) from None
        print(f"confirmed: generation {stands['generation']}")
        return 0
    said, silent = observed(paths.run, ("network",))
    if "network" in silent:
        why = f"network: the service {silent['network']}; is rtvbox-network running?"
        raise CommandError(why)
    if args.json:
        print(json.dumps(said["network"], indent=2))
    else:
        print(shown("network", table, said["network"]))
    return int(has_errors(said["network"].get("issues")))


def table(said: Mapping[str, Any]) -> Iterator[str]:
    """For a person. said: as the service published it."""
    for name in _NETWORKS:
        own = said.get(name)
        if isinstance(own, Mapping):
            yield from _network(name, own)
    yield "open"
    rows = [_row(one) for one in said.get("open") or ()]
    wide = [max((len(row[at]) for row in rows), default=0) for at in range(4)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, wide, strict=False))
        yield f"  {'  '.join(cells)}  {row[4]}".rstrip()
    yield "  everything else is shut, and nothing passes from one network to another"
    shut = {key: count for key, count in (said.get("firewall") or {}).items() if count}
    if shut:
        yield "dropped       " + ", ".join(f"{key} {count}" for key, count in shut.items())
    waits = said.get("confirm")
    if waits:
        yield f"change        waits {waits['seconds_left']} s for: rtvbox network confirm"
    for issue in said.get("issues") or ():
        yield f"{_plain(issue.get('severity')):8}{_plain(issue.get('text'))}"
        yield f"        {_plain(issue.get('remedy'))}"


def _network(name: str, own: Mapping[str, Any]) -> Iterator[str]:
    address = f"{own['address']}/{own['prefix']}" if own.get("address") else "no address"
    how = _plain(own.get("method"))
    via = f", gateway {own['gateway']}" if own.get("gateway") else ""
    yield f"{name:14}{address} ({how}{via})"
    link = "not there" if not own.get("present") else "no link"
    if own.get("carrier"):
        speed = own.get("speed_mbit")
        link = f"{speed} Mb/s" if speed else "link up"
    needs = f", flows need {own['needed_mbit']} Mb/s" if own.get("needed_mbit") else ""
    vlan = f", VLAN {own['vlan']}" if own.get("vlan") else ""
    yield f"  interface   {_plain(own.get('interface') or own.get('named'))}: {link}{needs}{vlan}"
    lease = own.get("lease")
    if lease:
        yield f"  lease       of {lease['server']}, {lease['seconds_left']} s left"
    lldp = own.get("lldp")
    if lldp:
        who = _plain(lldp.get("system_name") or lldp.get("chassis"))
        yield f"  neighbour   {who}, port {_plain(lldp.get('port'))}"
    counted = own.get("counters") or {}
    if counted:
        lost = sum(counted.get(key, 0) for key in ("rx_dropped", "rx_missed_errors"))
        yield (
            f"  traffic     {counted.get('rx_packets', 0)} packets in, "
            f"{counted.get('tx_packets', 0)} out, {lost} dropped, "
            f"{counted.get('rx_errors', 0)} damaged"
        )
    asks = own.get("querier") or {}
    if asks.get("own") or asks.get("heard"):
        words = [f"{_plain(asks['heard'])} asks"] if asks.get("heard") else []
        words += ["this box may ask"] if asks.get("own") else []
        yield f"  groups      {', '.join(words)}"
    for key, word in (("refused", "refused"), ("not_offered", "not offered")):
        if own.get(key):
            yield f"  {word:12}{', '.join(_plain(one) for one in own[key])}"


def _row(one: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    limit = f", {one['per_second']}/s" if one.get("per_second") else ""
    source = "" if one.get("source") == "any" else f" from {one['source']}"
    port = "" if one.get("port") is None else str(one["port"])
    network, protocol, to = (_plain(one[key]) for key in ("network", "protocol", "to"))
    return network, protocol, to, port, f"{_plain(one['what'])}{source}{limit}"


def _plain(value: Any) -> str:
    """What came from the network shall not command the terminal."""
    text = "" if value is None else str(value)
    return "".join(char if char.isprintable() else " " for char in text)
