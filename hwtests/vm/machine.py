"""QEMU with the guest's devices, and what the host does for the tests in it: screens grabbed from
outside, USB devices pulled and put back, the watchdog's bark heard."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from appliance import runner

_KERNEL = ("console=ttyS0", "quiet", "panic=-1", "mitigations=off", "net.ifnames=0")
_SHARE = "virtio-9p-pci,mount_tag={tag},fsdev={tag}"


def arguments(
    kernel: Path,
    first: Path,
    share: Path,
    start: Path,
    *,
    memory_mb: int,
    panel: str | None,
    ports: int = 0,
) -> list[str]:
    """QEMU's command line. share: a folder for both; start: the guest's second program; panel: a
    terminal (pty) that is to be a USB serial device in the guest; ports: how many network ports,
    each on a network of its own with a DHCP server and nobody else."""
    words = [
        *("qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max"),
        *("-smp", "2", "-m", str(memory_mb), "-nodefaults", "-no-user-config", "-display", "none"),
        *("-kernel", str(kernel), "-initrd", str(first)),
        *("-append", " ".join((*_KERNEL, f"rtvbox.start={start}"))),
        *("-no-reboot", "-serial", "stdio", "-action", "watchdog=none"),
        *("-fsdev", "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap"),
        *("-device", _SHARE.format(tag="host")),
        *("-fsdev", f"local,id=share,path={share},security_model=none"),
        *("-device", _SHARE.format(tag="share")),
        *("-device", "virtio-gpu-pci,id=screen,xres=1280,yres=720"),
        *("-device", "i6300esb"),
        *("-device", "qemu-xhci,id=usb"),
        *("-qmp", f"unix:{share}/qmp,server=on,wait=off"),
    ]
    for number in range(ports):
        net = f"user,id=net{number},restrict=on,net=10.0.{number + 2}.0/24"
        words += ["-netdev", net, "-device", f"virtio-net-pci,netdev=net{number},romfile="]
    if panel is not None:
        words += [
            *("-chardev", f"serial,id=panel,path={panel}"),
            *("-device", PANEL + ",bus=usb.0"),
        ]
    return words


PANEL = "usb-serial,id=panel,chardev=panel,always-plugged=on"


class Monitor:
    """QEMU's monitor (QMP), and the tests' requests. A test in the guest writes `ask-N` into the
    share, one JSON object; the host acts and answers with `answer-N`. Events of the machine (a
    barking watchdog) are appended to `events`, a JSON line each."""

    def __init__(self, share: Path, more: Mapping[str, Callable[..., Any]]) -> None:
        """more: acts beside the machine's own, by name."""
        self._share = share
        self._socket = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + 20
        while True:
            try:
                self._socket.connect(str(share / "qmp"))
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        self._stream = self._socket.makefile("rw")
        self._answers: list[dict[str, Any]] = []
        self._ready = threading.Condition()
        self._stream.readline()
        threading.Thread(target=self._read, daemon=True).start()
        self.command("qmp_capabilities")
        self._acts: dict[str, Callable[..., Any]] = {
            "screendump": self._screendump,
            "pull": self._pull,
            "plug": self._plug,
            **more,
        }
        threading.Thread(target=self._serve, daemon=True).start()

    def command(self, name: str, **arguments: Any) -> Any:
        """Runs a command of QEMU's. Raises RuntimeError with what it said."""
        with self._ready:
            self._answers.clear()
            self._stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
            self._stream.flush()
            if not self._ready.wait_for(lambda: self._answers, timeout=20):
                raise RuntimeError(f"{name}: QEMU does not answer")
            answer = self._answers.pop()
        if "error" in answer:
            raise RuntimeError(f"{name}: {answer['error'].get('desc')}")
        return answer["return"]

    def _read(self) -> None:
        for line in self._stream:
            said = json.loads(line)
            if "event" in said:
                with (self._share / "events").open("a") as out:
                    out.write(line)
                continue
            with self._ready:
                self._answers.append(said)
                self._ready.notify_all()

    def _serve(self) -> None:
        while True:
            for ask in sorted(self._share.glob("ask-*")):
                try:
                    wish = json.loads(ask.read_text())
                    said = {"ok": True, "value": self._acts[wish.pop("do")](**wish)}
                except (ValueError, KeyError, TypeError, RuntimeError) as error:
                    said = {"ok": False, "value": repr(error)}
                ask.unlink()
                answer = self._share / f"answer-{ask.name.removeprefix('ask-')}"
                part = answer.with_suffix(".part")
                part.write_text(json.dumps(said))
                part.rename(answer)
            time.sleep(0.1)

    def _screendump(self, name: str) -> str:
        """The screen as a monitor shows it, a PPM file in the share."""
        self.command("screendump", filename=str(self._share / name), device="screen")
        return name

    def _pull(self) -> None:
        """Pulls the USB panel out."""
        self.command("device_del", id="panel")

    def _plug(self) -> None:
        """Puts the USB panel back."""
        words = dict(word.split("=") for word in PANEL.split(",")[1:])
        words["always-plugged"] = True  # type: ignore[assignment]
        deadline = time.monotonic() + 20
        while True:
            try:
                self.command("device_add", driver="usb-serial", bus="usb.0", **words)
                return
            except RuntimeError as error:
                # QEMU lets the old device's terminal go a little after the device itself.
                if "in use" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)


def start(argv: list[str], log: Path) -> runner.Child:
    """Starts QEMU; what the guest's console says goes to log."""
    return runner.start(argv, stdin=runner.DEVNULL, stdout=log.open("wb"), stderr=runner.STDOUT)
