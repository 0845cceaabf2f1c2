"""A network card's own settings, over the kernel's ethtool netlink."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyroute2.netlink import NLA_F_NESTED, NLM_F_ACK, NLM_F_REQUEST, genlmsg, nla
from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.generic import AsyncGenericNetlinkSocket

from appliance.net.tuning import Card, Tune

_FAMILY = "ethtool"


class _Header(nla):  # type: ignore[misc]
    nla_flags = NLA_F_NESTED
    nla_map = (
        ("ETHTOOL_A_HEADER_UNSPEC", "none"),
        ("ETHTOOL_A_HEADER_DEV_INDEX", "uint32"),
        ("ETHTOOL_A_HEADER_DEV_NAME", "asciiz"),
        ("ETHTOOL_A_HEADER_FLAGS", "uint32"),
    )


class _Bitset(nla):  # type: ignore[misc]
    nla_flags = NLA_F_NESTED
    nla_map = (
        ("ETHTOOL_A_BITSET_UNSPEC", "none"),
        ("ETHTOOL_A_BITSET_NOMASK", "flag"),
        ("ETHTOOL_A_BITSET_SIZE", "uint32"),
        ("ETHTOOL_A_BITSET_BITS", "bits"),
        ("ETHTOOL_A_BITSET_VALUE", "hex"),
        ("ETHTOOL_A_BITSET_MASK", "hex"),
    )

    class bits(nla):  # type: ignore[misc]
        nla_flags = NLA_F_NESTED
        nla_map = (("ETHTOOL_A_BITSET_BITS_UNSPEC", "none"), ("ETHTOOL_A_BITSET_BITS_BIT", "bit"))

        class bit(nla):  # type: ignore[misc]
            nla_flags = NLA_F_NESTED
            nla_map = (
                ("ETHTOOL_A_BITSET_BIT_UNSPEC", "none"),
                ("ETHTOOL_A_BITSET_BIT_INDEX", "uint32"),
                ("ETHTOOL_A_BITSET_BIT_NAME", "asciiz"),
                ("ETHTOOL_A_BITSET_BIT_VALUE", "flag"),
            )


def _message(prefix: str, *attributes: str) -> type[Any]:
    """A message class: `name:type` for each attribute after the header, "-" for one not read."""
    pairs = [("UNSPEC", "none"), ("HEADER", "card")]
    for number, text in enumerate(attributes, 2):
        name, _, kind = text.partition(":")
        pairs.append((name.upper(), kind) if kind else (f"UNREAD_{number}", "hex"))
    full = tuple((f"ETHTOOL_A_{prefix}_{name}", kind) for name, kind in pairs)
    return type(
        f"ethtool_{prefix.lower()}",
        (genlmsg,),
        {"nla_map": full, "card": _Header, "bitset": _Bitset},
    )


# Command to read, to set, and the message: numbers of <linux/ethtool_netlink.h>.
_MODES = (4, 5, "LINKMODES", _message("LINKMODES", "autoneg:uint8", "-", "-", "speed:uint32"))
_FEATURES = (
    *(11, 12, "FEATURES"),
    _message("FEATURES", "hw:bitset", "wanted:bitset", "active:bitset", "nochange:bitset"),
)
_NUMBERS: Mapping[str, tuple[int, int, str, type[Any]]] = {
    "rings": (
        *(15, 16, "RINGS"),
        _message(
            *("RINGS", "rx_max:uint32", "-", "-", "tx_max:uint32"),
            *("rx:uint32", "-", "-", "tx:uint32"),
        ),
    ),
    "coalesce": (
        *(19, 20, "COALESCE"),
        _message(
            *("COALESCE", "rx_usecs:uint32", "-", "-", "-", "tx_usecs:uint32"),
            *("-", "-", "-", "-", "adaptive_rx:uint8"),
        ),
    ),
    "pause": (
        *(21, 22, "PAUSE"),
        _message("PAUSE", "autoneg:uint8", "rx:uint8", "tx:uint8"),
    ),
    "eee": (23, 24, "EEE", _message("EEE", "-", "-", "active:uint8", "enabled:uint8")),
}
_KEYS = {
    "rings": ("rx_max", "tx_max", "rx", "tx"),
    "coalesce": ("rx_usecs", "tx_usecs", "adaptive_rx"),
    "pause": ("autoneg", "rx", "tx"),
    "eee": ("enabled",),
}


class Ethtool:
    """Reads and sets. The kernel's refusals come out as OSError with its number."""

    async def card(self, index: int) -> Card:
        """All that matters of one card."""
        read = {kind: await self._numbers(kind, index) for kind in _NUMBERS}
        features, fixed = await self._features(index)
        eee = read["eee"]
        return Card(
            rings=read["rings"],
            coalesce=read["coalesce"],
            pause=read["pause"],
            eee=None if eee is None else bool(eee.get("enabled")),
            features=features,
            fixed=fixed,
        )

    async def speed_mbit(self, index: int) -> int | None:
        """Of the link now; None: there is none, or it does not say."""
        try:
            said = await self._ask(_MODES, index)
        except OSError:
            return None
        speed = said.get_attr("ETHTOOL_A_LINKMODES_SPEED") if said else None
        return int(speed) if speed and speed != 0xFFFFFFFF else None

    async def tune(self, index: int, wish: Tune) -> None:
        """Raises OSError where the driver refuses."""
        if wish.kind == "features":
            bits = [
                (
                    "ETHTOOL_A_BITSET_BITS_BIT",
                    {
                        "attrs": [
                            ("ETHTOOL_A_BITSET_BIT_NAME", name),
                            *([("ETHTOOL_A_BITSET_BIT_VALUE", True)] if on else []),
                        ]
                    },
                )
                for name, on in wish.values
            ]
            wanted = {"attrs": [("ETHTOOL_A_BITSET_BITS", {"attrs": bits})]}
            attributes: list[Any] = [("ETHTOOL_A_FEATURES_WANTED", wanted)]
            await self._ask(_FEATURES, index, attributes)
            return
        which = _NUMBERS[wish.kind]
        values = [(f"ETHTOOL_A_{which[2]}_{key.upper()}", value) for key, value in wish.values]
        await self._ask(which, index, values)

    async def _numbers(self, kind: str, index: int) -> dict[str, int] | None:
        which = _NUMBERS[kind]
        try:
            said = await self._ask(which, index)
        except OSError:
            return None
        if said is None:
            return None
        found = {key: said.get_attr(f"ETHTOOL_A_{which[2]}_{key.upper()}") for key in _KEYS[kind]}
        return {key: int(value) for key, value in found.items() if value is not None} or None

    async def _features(self, index: int) -> tuple[dict[str, bool] | None, frozenset[str]]:
        try:
            said = await self._ask(_FEATURES, index)
        except OSError:
            return None, frozenset()
        if said is None:
            return None, frozenset()
        able = _bits(said.get_attr("ETHTOOL_A_FEATURES_HW"))
        active = _bits(said.get_attr("ETHTOOL_A_FEATURES_ACTIVE"))
        never = _bits(said.get_attr("ETHTOOL_A_FEATURES_NOCHANGE"))
        every = able | active | never
        return {name: name in active for name in every}, frozenset((every - able) | never)

    async def _ask(
        self, which: tuple[int, int, str, type[Any]], index: int, values: Any = None
    ) -> Any:
        get, put, prefix, kind = which
        message = kind()
        message["cmd"], message["version"] = (get if values is None else put), 1
        header = {"attrs": [("ETHTOOL_A_HEADER_DEV_INDEX", index)]}
        message["attrs"] = [(f"ETHTOOL_A_{prefix}_HEADER", header), *(values or [])]
        flags = NLM_F_REQUEST if values is None else NLM_F_REQUEST | NLM_F_ACK
        # A socket for each: the parser of answers belongs to the socket.
        socket = AsyncGenericNetlinkSocket()
        try:
            await socket.bind(_FAMILY, kind)
            asked = await socket.nlm_request(message, msg_type=socket.prid, msg_flags=flags)
            answers = [one async for one in asked]
        except NetlinkError as error:
            raise OSError(error.code, str(error.args[-1])) from None
        finally:
            socket.close()
        return next((one for one in answers if "attrs" in one), None)


def _bits(bitset: Any) -> set[str]:
    """Names of the bits that are set. In a list with a mask only those with a value are."""
    if bitset is None:
        return set()
    bits = bitset.get_attr("ETHTOOL_A_BITSET_BITS")
    if bits is None:
        return set()
    whole = bitset.get_attr("ETHTOOL_A_BITSET_NOMASK") is not None
    return {
        bit.get_attr("ETHTOOL_A_BITSET_BIT_NAME")
        for bit in bits.get_attrs("ETHTOOL_A_BITSET_BITS_BIT")
        if whole or bit.get_attr("ETHTOOL_A_BITSET_BIT_VALUE")
    }
