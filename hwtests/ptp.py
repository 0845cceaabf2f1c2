"""linuxptp as the tests of a bench use it: a grandmaster, a follower, and what these say."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from appliance import runner

_CONFIG = """[global]
domainNumber {domain}
network_transport {transport}
delay_mechanism E2E
time_stamping {stamps}
logAnnounceInterval {announce}
logSyncInterval -3
logMinDelayReqInterval -3
announceReceiptTimeout 3
tx_timestamp_timeout {wait}
pi_proportional_const {proportional}
pi_integral_const {integral}
uds_address {socket}
"""
# Of the servo; 0 lets it choose by the kind of stamps. Software stamps scatter, so it goes gently.
_GAINS = {"hardware": (0.0, 0.0), "software": (0.1, 0.01)}
# Announcements, log2 of s, and the wait for a stamp of what was sent, ms. With hardware those of
# SMPTE ST 2059-2; an emulated machine may take long, and a port without its stamp is out for 16 s.
_PACE = {"hardware": (-2, 50), "software": (0, 2000)}

Place = Callable[[list[str]], list[str]]
"""The command line that runs another one where a clock is to be: a namespace, or here."""


def here(argv: list[str]) -> list[str]:
    """On this machine."""
    return argv


class Clock:
    """A running ptp4l. transport: UDPv4, or L2 where both ends are ports of one machine, whose
    kernel takes no UDP from itself. follower: never a grandmaster."""

    def __init__(
        self,
        folder: Path,
        name: str,
        interface: str,
        *,
        stamps: str,
        domain: int,
        transport: str = "UDPv4",
        follower: bool,
        place: Place = here,
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        self._place, self._fds, self._domain = place, pass_fds, domain
        self._socket = folder / f"{name}.ptp"
        self._log = folder / f"{name}.log"
        config = folder / f"{name}.conf"
        proportional, integral = _GAINS[stamps]
        announce, wait = _PACE[stamps]
        config.write_text(
            _CONFIG.format(
                domain=domain,
                transport=transport,
                stamps=stamps,
                proportional=proportional,
                integral=integral,
                announce=announce,
                wait=wait,
                socket=self._socket,
            )
        )
        words = ["ptp4l", "-f", str(config), "-i", interface, "-m", "-q"]
        with self._log.open("wb") as log:
            self._process = runner.start(
                place([*words, "-s"] if follower else words),
                stdout=log,
                stderr=runner.STDOUT,
                pass_fds=pass_fds,
            )

    def logs(self) -> str:
        """What it and the other one said."""
        logs = sorted(self._log.parent.glob("*.log"))
        return "\n".join(f"{log.stem}:\n{log.read_text()}" for log in logs)

    def close(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(20)

    def ask(self, what: str) -> dict[str, str]:
        """A data set of the management protocol (IEEE 1588-2019 clause 15) by name; {} without an
        answer."""
        words = ["pmc", "-u", "-s", str(self._socket), "-d", str(self._domain), "-b", "0"]
        try:
            said = runner.run([*words, f"GET {what}"], timeout=20)
        except runner.CommandError:
            return {}
        pairs = (line.split(None, 1) for line in said.splitlines() if line.startswith("\t"))
        return {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}

    def state(self) -> str:
        """Of its port: LISTENING, MASTER, UNCALIBRATED, SLAVE ..."""
        return self.ask("PORT_DATA_SET").get("portState", "")

    def offset_ns(self) -> int | None:
        """From the grandmaster, as it measured it last."""
        found = self.ask("TIME_STATUS_NP").get("master_offset")
        return None if found is None else int(found)

    def until(self, state: str, seconds: float) -> float:
        """Waits for a state of the port; how long it took. Fails with the logs."""
        begun = time.monotonic()
        while (now := self.state()) != state:
            if time.monotonic() - begun > seconds:
                raise AssertionError(
                    f"{now or 'no answer'}, not {state}, for {seconds:g} s\n{self.logs()}"
                )
            time.sleep(0.1)
        return time.monotonic() - begun
