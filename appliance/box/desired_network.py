"""Networks and clock of the desired state. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from appliance.box.desired_part import Address, Interface, Part, Subnet

DOMAINS = {"st2059-2": 127, "aes67": 0, "default": 0}
"""PTP domain of each profile where the document names none (ST 2059-2:2021 table 2, AES67 A.2)."""


class Route(Part):
    """A route beside that of the network itself."""

    to: Subnet = Field(description="the network that it leads to, 10.9.0.0/16")
    via: Address = Field(description="the router's address in this network, 10.20.0.1")


class Network(Part):
    """One network and how the box stands in it.

    interface: a name of the kernel (enp2s0) or a key of `rtvbox devices` that stays when cards
    are added (net:pci-0000:02:00.0). address: with prefix length; only with method static.
    """

    interface: Annotated[str, Field(min_length=1, max_length=128)] = Field(
        description="an interface as `rtvbox devices` lists it"
    )
    method: Literal["static", "dhcp"] = Field("static", description="static or dhcp")
    address: Interface | None = Field(
        None, description="an address with its prefix length, 10.20.0.31/24"
    )
    gateway: Address | None = Field(None, description="a router's address in this network")
    dns: tuple[Address, ...] = Field((), max_length=3, description="up to three addresses")
    vlan: Annotated[int, Field(ge=1, le=4094)] | None = Field(
        None, description="a VLAN, 1..4094, or null for none"
    )
    mtu: Annotated[int, Field(ge=1280, le=9216)] = Field(1500, description="1280..9216 octets")
    routes: tuple[Route, ...] = Field((), max_length=32, description="at most 32 routes")
    querier: bool = Field(
        False, description="true where no switch asks for group memberships (IGMP querier)"
    )


class Networks(Part):
    """The networks by their part in the room. There is no way from one to another."""

    configuration: Network | None = Field(
        None, description="a network; left out: DHCP at the first interface that is free"
    )
    data: Network | None = Field(None, description="a network, or leave it out")
    data_2: Network | None = Field(None, description="a network, or leave it out")
    hospital: Network | None = Field(None, description="a network, or leave it out")

    def named(self) -> dict[str, Network]:
        """Those that there are, by name."""
        every = {
            "configuration": self.configuration,
            "data": self.data,
            "data_2": self.data_2,
            "hospital": self.hospital,
        }
        return {name: network for name, network in every.items() if network is not None}


class Clock(Part):
    """Where the box has its time from. role free-run: from nowhere, and frames say so.

    domain None: that of the profile. priority1, priority2: of a grandmaster. holdover_s: how long
    frames still count as synchronised after the grandmaster is lost.
    """

    role: Literal["follower", "grandmaster", "free-run"] = Field(
        "follower", description="follower, grandmaster or free-run"
    )
    profile: Literal["st2059-2", "aes67", "default"] = Field(
        "st2059-2", description="st2059-2, aes67 or default"
    )
    domain: Annotated[int, Field(ge=0, le=127)] | None = Field(
        None, description="a PTP domain, 0..127, or null for the profile's"
    )
    networks: tuple[Literal["configuration", "data", "data_2"], ...] = Field(
        ("data",), min_length=1, max_length=3, description="networks that carry PTP, [data]"
    )
    priority1: Annotated[int, Field(ge=0, le=255)] = Field(128, description="0..255, less wins")
    priority2: Annotated[int, Field(ge=0, le=255)] = Field(128, description="0..255, less wins")
    holdover_s: Annotated[int, Field(ge=0, le=86_400)] = Field(300, description="0..86400 seconds")

    @property
    def ptp_domain(self) -> int:
        """The domain that is used."""
        return DOMAINS[self.profile] if self.domain is None else self.domain
