"""A machine for a module of tests, made of the newest developer's image that was built here."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from appliance.commands.remote_site import Site
from image.qemu.__main__ import unused
from image.qemu.guest import Guest

MADE = Path(os.environ.get("RTVBOX_IMAGE_OUT", "build/image")).resolve()


def built(variant: str, version: str | None = None) -> Path:
    """The newest image of a variant. Fails, with what to do, where there is none."""
    found = []
    for file in MADE.glob("rtvbox-*.json"):
        said = json.loads(file.read_text())
        if said["variant"] == variant and version in (None, said["version"]):
            found.append((file.stat().st_mtime, MADE / said["files"]["disk"]["name"]))
    if not found:
        words = f"--variant {variant}" + (f" --version {version}" if version else "")
        pytest.fail(f'{MADE} has no such image; run: make image ARGS="{words}"')
    return max(found)[1]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The keys of a site."""
    made = Site(tmp_path_factory.mktemp("site") / "keys")
    made.make("image tests")
    return made


Start = Callable[..., Guest]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Makes boxes in machines and switches them on; at the end nothing is left of them."""
    guests: list[Guest] = []

    def make(
        image: Path,
        *,
        credentials: Mapping[str, str] | None = None,
        extra: tuple[str, ...] = (),
        **options: Any,
    ) -> Guest:
        guest = Guest(
            tmp_path_factory.mktemp("machine") / "m",
            image,
            number=len(guests) + 1,
            api=unused(),
            credentials=credentials,
            extra=extra,
            **options,
        )
        guests.append(guest)
        guest.switch_on()
        return guest

    yield make
    for guest in guests:
        guest.close()
