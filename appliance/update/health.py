"""Whether this version of the image is good: `python -m appliance.update.health`, once each boot.

Good is: the root is verified, the state can be written, the API answers, the converter is in the
mode that is wanted. What the room lacks, a signal, a grandmaster, a cable, is not the image's
fault. A version on trial that is not good within its time is started again until its tries are used
up, and the one before comes back; one that was good before stays, and says what is wrong.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import time
from collections.abc import Callable, Sequence
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any

from appliance import runner
from appliance.box.observe import OLD_S, publish, read
from appliance.box.paths import Paths
from appliance.update.esp import Esp
from appliance.update.partitions import Partitions, slots

PATIENCE_S = 240.0
"""From its start until everything must be good: a slow disk's first boot is well within."""
_LOOK_S = 2.0
_PORT = 443
DAMAGED = Path("/run/rtvbox-data-damaged")
"""Left by the data partition's service when it could not be used."""


def root_verified() -> str:
    """ "" or what is wrong. The kernel verifies every block that it reads from the root."""
    try:
        said = runner.run(["veritysetup", "status", "root"])
    except runner.CommandError as error:
        return f"the root is not under dm-verity ({error})"
    status = next((line for line in said.splitlines() if line.strip().startswith("status:")), "")
    return "" if status.split()[-1:] == ["verified"] else "blocks of the root are corrupted"


def state_writable(paths: Paths) -> str:
    """ "" or what is wrong."""
    if DAMAGED.exists():
        return "the data partition cannot be used"
    probe = paths.state / ".health"
    try:
        with probe.open("wb") as out:
            out.write(b"\n")
            out.flush()
            os.fsync(out.fileno())
        probe.unlink()
    except OSError as error:
        return f"the state cannot be written ({error.strerror})"
    return ""


def api_answers(port: int = _PORT) -> str:
    """ "" or what is wrong. Who answers is not asked: it is this machine."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    try:
        connection.request("GET", "/box/v1/identity")
        answer = connection.getresponse()
        json.loads(answer.read(1 << 16))
        return "" if answer.status == 200 else f"the API answers {answer.status}"
    except (OSError, HTTPException, ValueError) as error:
        return f"the API does not answer ({error})"
    finally:
        connection.close()


def converter_ready(paths: Paths) -> str:
    """ "" or what is wrong."""
    said: dict[str, Any] = {}
    for service in ("agent", "converter"):
        file = paths.observed(service)
        try:
            said[service] = read(file)
            if time.time() - file.stat().st_mtime > OLD_S:
                return f"{service} does not answer"
        except (OSError, ValueError) as error:
            return f"{service} {error}"
    wanted, mode = said["agent"].get("wanted"), said["agent"].get("mode")
    if wanted != mode:
        return f"the mode is {mode} and not {wanted}"
    if said["converter"].get("state") not in ("running", "idle"):
        return f"the converter is {said['converter'].get('state')}"
    return ""


def wait(
    checks: Sequence[tuple[str, Callable[[], str]]], patience_s: float, say: Callable[[str], None]
) -> dict[str, str]:
    """Looks until nothing is wrong or the time is over; what is wrong then, by the check's name."""
    deadline = time.monotonic() + patience_s
    before: dict[str, str] = {}
    while True:
        found = {name: what for name, check in checks if (what := check())}
        for name, what in found.items():
            if before.get(name) != what:
                say(f"{name}: not yet: {what}")
        for name in before.keys() - found.keys():
            say(f"{name}: good")
        before = found
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(_LOOK_S)


def main() -> int:
    """0: this version is good. 1: it is not."""
    paths = Paths()
    checks = (
        ("root", root_verified),
        ("data", lambda: state_writable(paths)),
        ("api", api_answers),
        ("converter", lambda: converter_ready(paths)),
    )
    wrong = wait(checks, PATIENCE_S, print)
    try:
        found = slots(Partitions(), Esp())
    except (ValueError, OSError, runner.CommandError) as error:
        print(f"<3>{error}")
        return 1
    publish(paths.observed("update"), {**found.as_json(), "unhealthy": sorted(wrong.values())})
    if not wrong:
        print(f"version {found.version} works")
        return 0
    print(f"<3>version {found.version} does not work: {'; '.join(wrong.values())}")
    if found.on_trial:
        print("<3>it is on trial: the box starts again")
        runner.run(["systemctl", "--no-block", "reboot"])
    return 1


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.exit(main())
