"""DHCP against an independent server (dnsmasq), which comes late, goes, and says no."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from appliance.demo.namespaces import Box, Lab
from appliance.net.arp import announcement
from tests.net.conftest import DATA, document
from tests.net.test_box import SAY
from tests.support.net_box import NetBox

pytestmark = [pytest.mark.netns, pytest.mark.slow]


OTHER = {"interface": "eth1", "address": "10.77.1.1/24"}


@contextmanager
def server(box: Box, folder: Path, first: int) -> Iterator[subprocess.Popen[bytes]]:
    """Gives addresses from 10.77.0.`first` on, a router and a name server."""
    words = [
        *("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root"),
        *("--interface=eth0", "--bind-interfaces", "--dhcp-authoritative", "--no-ping"),
        f"--dhcp-range=10.77.0.{first},10.77.0.{first + 4},255.255.255.0,5m",
        *("--dhcp-option=3,10.77.0.2", "--dhcp-option=6,10.77.0.9"),
        "--dhcp-option=121,10.66.0.0/16,10.77.0.2,0.0.0.0/0,10.77.0.2",
        *(f"--dhcp-leasefile={folder}/leases-{first}", "--log-facility=/dev/null", "--pid-file="),
    ]
    child = box.popen(words)
    try:
        yield child
    finally:
        child.terminate()
        child.wait()


def test_a_server_that_is_not_there_then_is_then_says_no(
    lab: Lab, root: Path, tmp_path: Path
) -> None:
    dhcp = {"interface": "eth0", "method": "dhcp"}
    with NetBox(lab["box"], root, document(configuration=dhcp, data=DATA)) as box:
        box.wait(lambda: box.network("configuration")["address"], "link-local address", 40)
        own = box.network("configuration")
        assert own["method"] == "link-local" and own["address"].startswith("169.254.")
        assert box.addresses("eth0") == {own["address"] + "/16"}
        box.wait(lambda: "no-dhcp:configuration" in box.issues(), "issue")
        # The service is killed: the address stays what it is, and nothing is asked twice.
        box.kill()
        box.again()
        assert box.network("configuration")["address"] == own["address"]
        assert "without" not in box.journal()

        with server(lab["peer"], tmp_path, 50):
            box.wait(lambda: box.network("configuration")["method"] == "dhcp", "lease", 45)
            box.wait(lambda: box.issues() == set(), "end of the issue")
            (lease,) = box.addresses("eth0")
            assert lease.startswith("10.77.0.5") and lease.endswith("/24")
            said = box.network("configuration")
            assert (said["gateway"], said["dns"]) == ("10.77.0.2", ["10.77.0.9"])
            assert 0 < said["lease"]["seconds_left"] <= 300
            box.wait(lambda: "default via 10.77.0.2 dev eth0 metric 100" in box.routes(), "gateway")
            assert "10.66.0.0/16 via 10.77.0.2 dev eth0 metric 100" in box.routes()
            assert (box.paths.run / "resolv.conf").read_text() == "nameserver 10.77.0.9\n"

        # Gone: what was given counts until it ends, also for a service that is started again.
        box.kill()
        box.again()
        box.wait(lambda: box.network("configuration")["method"] == "dhcp", "lease of before")
        assert box.addresses("eth0") == {lease} and "no-dhcp:configuration" not in box.issues()
        assert "without" not in box.journal().rpartition("generation")[2]

        # Another one that does not know the lease refuses it when the cable is put in again.
        with server(lab["peer"], tmp_path, 80):
            lab.switch.ip("link set box-0 down", "link set box-0 up")
            box.wait(
                lambda: (box.network("configuration")["address"] or "").startswith("10.77.0.8"),
                "lease of the other",
                30,
            )
            (fresh,) = box.addresses("eth0")
            assert fresh.startswith("10.77.0.8")


def test_a_box_that_was_never_told_anything_is_found_by_its_first_interface(
    lab: Lab, root: Path, tmp_path: Path
) -> None:
    with (
        server(lab["peer"], tmp_path, 50),
        NetBox(lab["box"], root, None, "--first", "eth0") as box,
    ):
        box.wait(lambda: box.network("configuration")["method"] == "dhcp", "words", 20)
        box.wait(lambda: box.network("configuration")["address"], "lease", 20)
        assert box.network("configuration")["address"].startswith("10.77.0.5")
        assert box.status()["generation"] is None and "data" not in box.status()
        assert {row["protocol"] for row in box.status()["open"]} == {"tcp", "icmp", "igmp"}


def test_a_lease_that_somebody_else_uses_is_declined(lab: Lab, root: Path, tmp_path: Path) -> None:
    # All addresses of the server are in use by others who did not ask it.
    taken = [f"10.77.0.{last}" for last in range(50, 55)]
    lab.switch.ip(*(f"addr add {address}/24 dev data0" for address in taken))
    dhcp = {"interface": "eth0", "method": "dhcp"}
    with (
        server(lab["peer"], tmp_path, 50),
        NetBox(lab["box"], root, document(configuration=dhcp)) as box,
    ):
        box.wait(lambda: box.network("configuration")["method"] == "dhcp", "words")
        box.wait(lambda: "declined" in box.journal(), "refusal", 20)
        assert not box.addresses("eth0") & {f"{address}/24" for address in taken}


@pytest.mark.parametrize("network", ["configuration", "data"])
def test_a_lease_in_use_that_somebody_else_takes(
    lab: Lab, root: Path, tmp_path: Path, network: str
) -> None:
    """It is given back and another one asked for; pictures keep it."""
    dhcp = {"interface": "eth0", "method": "dhcp"}
    wish = document(**({} if network == "configuration" else {"configuration": OTHER}))
    wish["networks"][network] = dhcp
    with server(lab["peer"], tmp_path, 50), NetBox(lab["box"], root, wish) as box:
        box.wait(lambda: box.network(network)["method"] == "dhcp", "words", 20)
        box.wait(lambda: "10.77.0.5" in (box.network(network)["address"] or ""), "lease", 20)
        own = box.network(network)["address"]
        own_mac, rival = "02" * 6, IPv4Address(own)
        said = announcement(bytes.fromhex(own_mac), rival).hex()
        for _ in range(2):  # defended once; the second time within ten seconds is too much
            lab["peer"].run([sys.executable, "-c", SAY, "eth0", said])
            time.sleep(0.5)
        if network == "data":
            box.wait(lambda: "address-conflict:data" in box.issues(), "issue")
            assert box.addresses("eth0") == {f"{own}/24"} and "declined" not in box.journal()
            box.wait(lambda: box.issues() == set(), "end of the issue", 20)
        else:
            box.wait(lambda: "declined" in box.journal(), "refusal")
            box.wait(lambda: f"{own}/24" not in box.addresses("eth0"), "release")
