"""A box in a machine: its panel, its code, its API."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from appliance.agent.client import BoxClient, RemoteError, pair
from appliance.commands.remote_site import Site
from drivers.panel import Key
from drivers.panel.emulator import Emulator
from image.qemu.machine import Hardware, Machine

READY_S = 420.0
"""From power to an API that answers, on an emulated processor that others need too."""
_LOOK_S = 0.5
_SETTLE_S = 20.0
_CODE = re.compile(r"\b(\d{3}) (\d{3}) (\d{3})\b")
_HERE = "▸"


class Guest:
    """One box. folder: for its files; image: its disk."""

    def __init__(
        self,
        folder: Path,
        image: Path,
        *,
        number: int = 1,
        api: int,
        data: int | None = None,
        credentials: Mapping[str, str] | None = None,
        extra: tuple[str, ...] = (),
        panel: str = "cfa635",
        accelerator: str | None = None,
    ) -> None:
        self.panel = Emulator(panel)
        more: dict[str, Any] = {} if accelerator is None else {"accelerator": accelerator}
        self.machine = Machine(
            Hardware(
                folder=folder,
                image=image,
                number=number,
                api=api,
                data=data,
                panel=self.panel.port,
                credentials=credentials or {},
                extra=extra,
                **more,
            )
        )
        self.where = f"127.0.0.1:{api}"
        self._since = 0.0

    def switch_on(self) -> None:
        """Power."""
        self._since = time.monotonic()
        self.machine.switch_on()

    def close(self) -> None:
        """Nothing is left."""
        self.machine.forget()
        self.panel.close()

    @property
    def glass(self) -> str:
        """What the panel shows, a line a row."""
        return "\n".join(self.panel.picture().rows)

    def until(
        self, what: str, check: Callable[[], Any], seconds: float = READY_S, every: float = _LOOK_S
    ) -> Any:
        """Waits until check is true, and returns it. Raises TimeoutError with what was waited for,
        the glass and the end of the console."""
        deadline = time.monotonic() + seconds
        while True:
            found = check()
            if found:
                return found
            if time.monotonic() > deadline or not self.machine.on:
                how = f"{seconds:.0f} s" if self.machine.on else "the machine is off"
                raise TimeoutError(
                    f"{what}: not within {how}; the panel:\n{self.glass}\n"
                    f"the console:\n{self.machine.console[-1500:]}"
                )
            time.sleep(every)

    def ready(self, site: Site, seconds: float = READY_S) -> float:
        """Waits until the API answers; seconds since power."""
        self.until("the API", lambda: self._answers(site), seconds, every=1.0)
        return time.monotonic() - self._since

    def _answers(self, site: Site) -> bool:
        try:
            self.ask(site, "GET", "/identity", paired=False)
        except RemoteError:
            return False
        return True

    def ask(
        self, site: Site, method: str, path: str, value: Any = None, *, paired: bool = True
    ) -> Any:
        """One request to its API. Raises RemoteError."""

        async def one() -> Any:
            context = site.context() if paired else site.any_box()
            async with BoxClient(self.where, context) as box:
                text = await box.text(method, path, None if value is None else json.dumps(value))
                return json.loads(text) if text else None

        return asyncio.run(one())

    def apply(self, site: Site, document: Mapping[str, Any]) -> None:
        """Makes a document its desired state, at once."""
        staged = self.ask(site, "PUT", "/staged/desired", dict(document))
        what = {"what": {"desired": staged["etag"]}, "at": None}
        said = self.ask(site, "POST", "/activation", what)
        if said.get("confirm_within_s") is not None:
            self.ask(site, "POST", "/confirm")

    def pair(self, site: Site) -> None:
        """Reads the code off the panel, as a person would, and gives it to the box."""
        code = self.code()

        async def do() -> None:
            authority, key = site.authority()
            async with BoxClient(self.where, site.any_box()) as box:
                await pair(box, code, await box.shown(), authority, key)

        asyncio.run(do())

    def code(self) -> str:
        """Goes to Identity on the panel and reads the code."""
        self.until("the panel", lambda: "starting" not in self.glass and self.glass.strip())
        self.press(Key.EXIT)
        self.press(Key.ENTER)
        while not self._marked("Identity"):
            self.press(Key.DOWN)
        self.press(Key.ENTER)
        for _ in range(6):
            if found := _CODE.search(self.glass):
                return "".join(found.groups())
            self.press(Key.ENTER if self._marked("Pair") else Key.DOWN)
        raise TimeoutError(f"the panel shows no code:\n{self.glass}")

    def press(self, key: Key) -> None:
        """A key, and what the glass shows then, or goes on showing."""
        before = self.glass
        self.panel.press(key)
        deadline = time.monotonic() + _SETTLE_S
        while self.glass == before and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(0.4)  # a row comes after the other

    def _marked(self, text: str) -> bool:
        return any(_HERE in row and text in row for row in self.panel.picture().rows)
