"""What a service tells systemd (sd_notify). Nothing happens where systemd did not start it."""

from __future__ import annotations

import os
import socket


class Notifier:
    """address: NOTIFY_SOCKET; None: of the environment. A leading @ is the abstract namespace."""

    def __init__(self, address: str | None = None) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "") if address is None else address
        wanted = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        period = os.environ.get("WATCHDOG_USEC", "") if wanted else ""
        self.watchdog_s = int(period) / 1e6 / 2 if period.isdigit() and int(period) else None
        """How often to call `alive`, seconds; None: no watchdog."""

    def ready(self, status: str = "") -> None:
        """It does what it is for."""
        self._say("READY=1", status)

    def status(self, status: str) -> None:
        """One line for `systemctl status`."""
        self._say("", status)

    def alive(self) -> None:
        """Feeds the watchdog: from the loop that would hang, no other."""
        self._say("WATCHDOG=1")

    def stopping(self) -> None:
        """It ends now."""
        self._say("STOPPING=1")

    def extend(self, seconds: float) -> None:
        """Starting or stopping takes so much longer."""
        self._say(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def _say(self, line: str, status: str = "") -> None:
        if not self._address:
            return
        lines = [line] if line else []
        if status:
            lines.append("STATUS=" + " ".join(status.split()))
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            try:
                out.sendto("\n".join(lines).encode(), address)
            except OSError:  # systemd is on its way down: it will not miss it
                return
