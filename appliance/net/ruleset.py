"""The table of openings as nftables' words: one table, replaced in one step. Pure.

Data networks are not tracked: a picture is some hundred thousand packets a second, and nothing
there needs to be remembered. On the others answers to what the box asked come in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from appliance.net.openings import Extra, Opening
from appliance.net.wanted import Wanted

TABLE = "inet rtvbox"


def ruleset(wanted: Sequence[Wanted], rows: Sequence[Opening], extra: Sequence[Extra] = ()) -> str:
    """For `nft -f -`. A network whose interface is not there is shut."""
    here = [one for one in wanted if one.device is not None]
    lines = [f"table {TABLE}", f"delete table {TABLE}", f"table {TABLE} {{"]
    lines += _indent(_body(here, rows, extra))
    return "\n".join([*lines, "}", ""])


def counters_of(wanted: Sequence[Wanted], extra: Sequence[Extra]) -> list[str]:
    """Names of the table's counters."""
    own = [f"refused_{one.name}" for one in wanted if one.device is not None]
    return [*own, "refused_elsewhere", "ipv6", "forwarded", *(one.counter for one in extra)]


def _body(here: Sequence[Wanted], rows: Sequence[Opening], extra: Sequence[Extra]) -> Iterator[str]:
    for counter in counters_of(here, extra):
        yield f"counter {counter} {{"
        yield "}"
    for one in here:
        if any(row.network == one.name and row.protocol == "tcp" for row in rows):
            yield f"set callers_{one.name} {{"
            yield "\ttype ipv4_addr; size 4096; flags dynamic,timeout; timeout 1m;"
            yield "}"
    yield from _untracked([one for one in here if one.data])
    for one in here:
        yield f"chain in_{one.name} {{"
        yield from _indent(_inward(one, [row for row in rows if row.network == one.name]))
        yield "}"
    yield "chain input {"
    yield from _indent(_input(here, extra))
    yield "}"
    yield "chain forward {"
    yield "\ttype filter hook forward priority filter; policy drop;"
    yield "\tcounter name forwarded drop"
    yield "}"
    yield "chain output {"
    yield from _indent(_output(here, extra))
    yield "}"


def _untracked(data: Sequence[Wanted]) -> Iterator[str]:
    if not data:
        return
    names = _names(data)
    for hook, word in (("prerouting", "iifname"), ("output", "oifname")):
        yield f"chain untracked_{hook} {{"
        yield f"\ttype filter hook {hook} priority raw; policy accept;"
        yield f"\t{word} {names} notrack"
        yield "}"


def _input(here: Sequence[Wanted], extra: Sequence[Extra]) -> Iterator[str]:
    yield "type filter hook input priority filter; policy drop;"
    yield 'iifname "lo" accept'
    yield "meta nfproto ipv6 counter name ipv6 drop"
    yield from _extra("in", here, extra)
    for one in here:
        yield f'iifname "{one.device}" jump in_{one.name}'
    yield "counter name refused_elsewhere"


def _inward(one: Wanted, rows: Sequence[Opening]) -> Iterator[str]:
    refused = f"counter name refused_{one.name} drop"
    flows = [row for row in rows if row.protocol == "udp" and row.to is not None]
    for source in sorted({row.source for row in flows}, key=str):
        ends = sorted({f"{row.to} . {row.port}" for row in flows if row.source == source})
        only = f"ip saddr {source} " if source else ""
        yield f"{only}ip daddr . udp dport {{ {', '.join(ends)} }} accept"
    # What is for another of the box's addresses has lost its way.
    yield f"fib daddr . iif type != {{ local, multicast }} {refused}"
    # Before what is tracked: the second request of a series counts as established.
    for row in rows:
        if row.protocol == "icmp":
            yield f"fib daddr . iif type local icmp type echo-request {_limit(row)}accept"
    yield f"icmp type echo-request {refused}"
    if not one.data:
        yield "ct state established,related accept"
    for row in rows:
        if row.protocol == "udp" and row.to is None:
            only = f"ip saddr {row.source} " if row.source else ""
            yield f"fib daddr . iif type local {only}udp dport {row.port} accept"
        elif row.protocol == "tcp":
            new = f"tcp dport {row.port} ct state new"
            if row.per_second:
                most = f"limit rate over {row.per_second}/second burst {row.per_second} packets"
                yield f"{new} update @callers_{one.name} {{ ip saddr {most} }} {refused}"
            yield f"fib daddr . iif type local {new} accept"
        elif row.protocol == "igmp":
            yield f"igmp type membership-query {_limit(row)}accept"
    yield refused


def _limit(row: Opening) -> str:
    if row.per_second is None:
        return ""
    return f"limit rate {row.per_second}/second burst {2 * row.per_second} packets "


def _output(here: Sequence[Wanted], extra: Sequence[Extra]) -> Iterator[str]:
    yield "type filter hook output priority filter; policy accept;"
    yield 'oifname "lo" accept'
    yield "meta nfproto ipv6 counter name ipv6 drop"
    yield from _extra("out", here, extra)


def _extra(direction: str, here: Sequence[Wanted], extra: Sequence[Extra]) -> Iterator[str]:
    word = "iifname" if direction == "in" else "oifname"
    for rule in extra:
        named = [one for one in here if one.name in rule.networks]
        if rule.direction == direction and named:
            yield f"{word} {_names(named)} {rule.match} counter name {rule.counter} drop"


def _names(some: Sequence[Wanted]) -> str:
    return "{ " + ", ".join(f'"{one.device}"' for one in some) + " }"


def _indent(lines: Iterator[str]) -> Iterator[str]:
    return (f"\t{line}" for line in lines)
