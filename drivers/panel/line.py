"""The serial port under a panel: octets in and out, within a time, or PanelGone."""

from __future__ import annotations

import errno
import select
import termios
import time
from contextlib import suppress
from pathlib import Path

import serial

from drivers.panel.model import PanelGone

_WRITE_S = 0.25


class Line:
    """An open port. No call blocks for longer than its time-out, and none starts a thread."""

    def __init__(self, port: str, baud: int) -> None:
        """port: /dev/ttyUSB0, a link of /dev/serial/by-id or a pseudo-terminal.

        Raises PanelGone when there is no such port now, ValueError (one line) when there is one
        and it is not ours to use.
        """
        try:
            self._serial = serial.Serial(
                port, baud, timeout=0, write_timeout=_WRITE_S, exclusive=True
            )
        except (OSError, termios.error) as error:
            raise _why(port, error) from None

    def set_baud(self, baud: int) -> None:
        """Another speed; what was received at the old one is thrown away."""
        try:
            self._serial.baudrate = baud
            self._serial.reset_input_buffer()
        except (OSError, termios.error) as error:
            raise PanelGone(f"port lost: {error}") from None

    def send(self, octets: bytes) -> None:
        """Writes all of it."""
        try:
            self._serial.write(octets)
        except (OSError, termios.error) as error:  # pyserial's own exceptions are OSErrors
            raise PanelGone(f"port lost in a write: {error}") from None

    def receive(self, timeout: float) -> bytes:
        """What there is, waiting at most so many seconds for the first octet; b"" for nothing."""
        try:
            ready, _, _ = select.select([self._serial.fileno()], [], [], max(0.0, timeout))
            # A port that was pulled out is readable and has nothing: pyserial raises then.
            return bytes(self._serial.read(4096)) if ready else b""
        except (OSError, termios.error, ValueError) as error:
            raise PanelGone(f"port lost: {error}") from None

    def close(self) -> None:
        """Lets the port go without waiting for what it has not sent; idempotent."""
        with suppress(OSError, termios.error):
            self._serial.reset_output_buffer()
        with suppress(OSError, termios.error):
            self._serial.close()


def _why(port: str, error: Exception) -> Exception:
    number = error.errno if isinstance(error, OSError) else None
    if number is None and isinstance(error.__context__, termios.error):
        number = error.__context__.args[0]  # pyserial keeps only its words
    if number == errno.EACCES:
        return ValueError(f"port: {port} may not be opened; join its group (often dialout)")
    if number in (errno.EAGAIN, errno.EBUSY):
        return ValueError(f"port: {port} is in use by another program; end that first")
    path = Path(port)
    if number == errno.ENOTTY or (path.exists() and not path.is_char_device()):
        return ValueError(f"port: {port} is no serial port; rtvbox devices lists them")
    if number == errno.ENOENT:
        return PanelGone(f"{port}: not plugged in")
    return PanelGone(f"{port}: {error}")


def until(deadline: float) -> float:
    """Seconds left until a CLOCK_MONOTONIC instant, never below 0."""
    return max(0.0, deadline - time.monotonic())
