"""QEMU as a box's hardware: firmware, disk, two network ports, a USB front panel, a watchdog."""

from __future__ import annotations

import json
import shutil
import socket
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance import runner

FIRMWARE = Path("/usr/share/OVMF")
CODE, VARIABLES = "OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"
# A name by which the panel's service knows that the port is a panel's.
PANEL = "usb-serial,id=panel,chardev=panel,always-plugged=on,serial=Crystalfontz-CFA635,bus=usb.0"
TCG = "tcg,thread=multi"


@dataclass(frozen=True)
class Hardware:
    """folder: for the machine's own files. image: the disk that is laid over. number: 1..99, makes
    addresses and the serial number. api: port of 127.0.0.1 that leads to the box's API. data: port
    of the multicast group (loopback) that stands for the cable of the data network; None: nobody is
    there. panel: terminal (pty) of the front panel. credentials: systemd's, by name. extra: more
    words for QEMU."""

    folder: Path
    image: Path
    number: int
    api: int
    data: int | None = None
    panel: str | None = None
    credentials: Mapping[str, str] = field(default_factory=dict)
    memory_mb: int = 1536
    accelerator: str = TCG
    extra: tuple[str, ...] = ()

    @property
    def serial(self) -> str:
        """As the maker would have put it into the firmware."""
        return f"QEMU-{self.number:04d}"


def arguments(hardware: Hardware) -> list[str]:
    """QEMU's command line."""
    folder, number = hardware.folder, hardware.number
    words = [
        *("qemu-system-x86_64", "-M", "q35", "-accel", hardware.accelerator),
        *("-cpu", "max" if hardware.accelerator == TCG else "host"),
        *("-smp", "2", "-m", str(hardware.memory_mb), "-nodefaults", "-no-user-config"),
        *("-display", "none", "-uuid", f"52545600-0000-4000-8000-{number:012d}"),
        *("-smbios", f"type=1,manufacturer=rtvbox,product=virtual,serial={hardware.serial}"),
        "-drive",
        f"if=pflash,format=raw,readonly=on,file={FIRMWARE / CODE}",
        *("-drive", f"if=pflash,format=raw,file={folder / 'variables'}"),
        *("-drive", f"if=virtio,format=qcow2,file={folder / 'disk'}"),
        *(
            "-chardev",
            f"socket,id=console,path={folder / 'console'},server=on,wait=off,"
            f"logfile={folder / 'console.log'}",
        ),
        *("-serial", "chardev:console"),
        *("-device", "virtio-gpu-pci,id=screen,xres=1280,yres=720"),
        *("-device", "i6300esb"),
        *("-device", "virtio-rng-pci"),
        *("-device", "qemu-xhci,id=usb"),
        *("-qmp", f"unix:{folder / 'qmp'},server=on,wait=off"),
        "-netdev",
        f"user,id=configuration,restrict=on,hostfwd=tcp:127.0.0.1:{hardware.api}-10.0.2.15:443",
        *("-device", f"virtio-net-pci,netdev=configuration,mac={mac(0, number)},romfile="),
    ]
    if hardware.data is None:
        words += ["-netdev", "hubport,id=data,hubid=0"]
    else:
        group = f"socket,id=data,mcast=239.255.77.1:{hardware.data},localaddr=127.0.0.1"
        words += ["-netdev", group]
    words += ["-device", f"virtio-net-pci,netdev=data,mac={mac(1, number)},romfile="]
    if hardware.panel is not None:
        words += ["-chardev", f"serial,id=panel,path={hardware.panel}", "-device", PANEL]
    for name, value in hardware.credentials.items():
        text = b64encode(value.encode()).decode()
        words += ["-smbios", f"type=11,value=io.systemd.credential.binary:{name}={text}"]
    return [*words, *hardware.extra]


def mac(port: int, number: int) -> str:
    """Of a network port."""
    return f"52:54:56:00:{port:02x}:{number:02x}"


class Machine:
    """A machine that can be switched on, off, and cut off from its power. Its disk stays until
    `forget`."""

    def __init__(self, hardware: Hardware) -> None:
        """Raises runner.CommandError."""
        self.hardware = hardware
        self._child: runner.Child | None = None
        folder = hardware.folder
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(FIRMWARE / VARIABLES, folder / "variables")
        over = ["-b", str(hardware.image.resolve()), str(folder / "disk")]
        runner.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", *over])

    @property
    def on(self) -> bool:
        """Whether it runs."""
        return self._child is not None and self._child.poll() is None

    @property
    def console(self) -> str:
        """What its serial console has said since it was switched on."""
        try:
            return (self.hardware.folder / "console.log").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def switch_on(self) -> None:
        """Starts it."""
        folder = self.hardware.folder
        (folder / "console.log").unlink(missing_ok=True)
        with (folder / "qemu.log").open("wb") as log:
            self._child = runner.start(
                arguments(self.hardware), stdin=runner.DEVNULL, stdout=log, stderr=runner.STDOUT
            )
        time.sleep(0.5)
        if not self.on:
            said = (folder / "qemu.log").read_text(errors="replace").strip()
            raise runner.CommandError(f"QEMU: {said.splitlines()[-1] if said else 'ended at once'}")

    def cut_power(self) -> None:
        """As if the plug were pulled."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def command(self, name: str, **arguments: Any) -> Any:
        """A command of QEMU's monitor (QMP). Raises runner.CommandError."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(20)
            link.connect(str(self.hardware.folder / "qmp"))
            stream = link.makefile("rw")
            stream.readline()
            for words in (
                {"execute": "qmp_capabilities"},
                {"execute": name, "arguments": arguments},
            ):
                stream.write(json.dumps(words) + "\n")
                stream.flush()
                said = json.loads(stream.readline())
                while "event" in said:
                    said = json.loads(stream.readline())
            if "error" in said:
                raise runner.CommandError(f"{name}: {said['error'].get('desc')}")
            return said["return"]

    def picture(self, place: Path) -> None:
        """What its monitor shows, a PPM file."""
        self.command("screendump", filename=str(place), device="screen")

    def shell(self, command: str, *, patience_s: float = 120.0) -> str:
        """Runs a command on the console of a developer's image; what it prints. Raises TimeoutError
        where there is no such console."""
        mark = f"done-{time.monotonic_ns()}"
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(1)
            link.connect(str(self.hardware.folder / "console"))
            # The mark is put together by the shell: what it repeats of the line does not end it.
            link.sendall(f"\n{command}; echo {mark[:4]}''{mark[4:]}\n".encode())
            heard = b""
            deadline = time.monotonic() + patience_s
            while f"\n{mark}".encode() not in heard:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"console: no end of {command!r}: {heard[-400:]!r}")
                try:
                    heard += link.recv(65536)
                except TimeoutError:
                    continue
        text = heard.decode(errors="replace").replace("\r", "")
        _, _, after = text.partition(f"{mark[4:]}\n")
        return after.partition(f"\n{mark}")[0]

    def forget(self) -> None:
        """Switches it off and takes its disk away."""
        self.cut_power()
        shutil.rmtree(self.hardware.folder, ignore_errors=True)
