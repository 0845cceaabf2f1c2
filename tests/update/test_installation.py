"""The steps of an installation, and the power cut between any two of them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from appliance.update import handler
from appliance.update.backend import answer
from appliance.update.esp import Esp
from appliance.update.partitions import slots
from tests.update.boxes import Cut, CutError, Table, esp_with, root_of, uki

OLD, NEW = "1.0.0", "1.1.0"


def bundle(folder: Path, version: str = NEW, data: bytes | None = None) -> dict[str, str]:
    """As RAUC mounts one; its environment."""
    place = folder / "bundle"
    place.mkdir(exist_ok=True)
    (place / handler.KERNEL).write_bytes(data if data is not None else uki(version))
    return {"RAUC_BUNDLE_MOUNT_POINT": str(place)}


def boots(esp: Esp, table: Table) -> str:
    """The version that the boot loader starts now: the newest entry that was not given up and whose
    root is really there, as its trial would find out."""
    for _ in range(2):
        found = slots(table, esp)
        slot = answer(found, esp, ["get-primary"])
        held = found.held[slot]
        if table.written.get(slot) == held.entry.version:
            return held.entry.version
        esp.rename(held.file, held.entry.given_up())
    raise AssertionError("nothing boots")


def test_a_new_version_is_put_beside_the_old_one(tmp_path: Path) -> None:
    esp, table = esp_with(tmp_path, f"rtvbox_{OLD}.efi"), Table("a", {"a": OLD})
    environment = bundle(tmp_path)
    handler.before(table, esp, environment)
    table.written["b"] = NEW
    handler.after(table, esp, environment)
    assert table.steps == ["verified", "named"]
    found = slots(table, esp).as_json()
    assert found == {
        "version": OLD,
        "slot": "a",
        "slots": {
            "a": {"version": OLD, "state": "good"},
            "b": {"version": NEW, "state": "trial"},
        },
    }
    assert boots(esp, table) == NEW


def test_what_was_in_the_other_slot_leaves_first(tmp_path: Path) -> None:
    names = (f"rtvbox_{OLD}.efi", "rtvbox_0.9.0.efi")
    esp, table = esp_with(tmp_path, *names), Table("a", {"a": OLD, "b": "0.9.0"})
    handler.before(table, esp, bundle(tmp_path))
    assert sorted(esp.entries()) == [names[0]]


@pytest.mark.parametrize("version", [OLD, "0.9.9", "1.0"])
def test_an_older_one_is_refused_before_anything_is_changed(tmp_path: Path, version: str) -> None:
    names = (f"rtvbox_{OLD}.efi", "rtvbox_0.9.0.efi")
    esp, table = esp_with(tmp_path, *names), Table("a", {"a": OLD, "b": "0.9.0"})
    with pytest.raises(ValueError, match="is not newer"):
        handler.before(table, esp, bundle(tmp_path, version))
    assert sorted(esp.entries()) == sorted(names)


@pytest.mark.parametrize("steps", range(12))
@pytest.mark.parametrize("other", [None, "0.9.0"])
def test_the_power_may_go_at_any_step(tmp_path: Path, steps: int, other: str | None) -> None:
    held = {"a": OLD} | ({"b": other} if other else {})
    names = [f"rtvbox_{version}.efi" for version in held.values()]
    table = Table("a", held)
    esp = esp_with(tmp_path, *names, disk=Cut(steps))
    environment = bundle(tmp_path)
    done = False
    try:
        handler.before(table, esp, environment)
        table.written["b"] = "half"  # RAUC is at it
        table.written["b"] = NEW
        handler.after(table, esp, environment)
        done = True
    except CutError:
        pass
    after = esp_with(tmp_path)
    assert boots(after, table) == (NEW if done or NEW in str(after.entries()) else OLD)
    # What was interrupted can be done again.
    if not done:
        handler.before(table, after, environment)
        table.written["b"] = NEW
        handler.after(table, after, environment)
        assert boots(after, table) == NEW


def test_a_disk_that_reads_back_something_else_starts_nothing_new(tmp_path: Path) -> None:
    esp, table = esp_with(tmp_path, f"rtvbox_{OLD}.efi"), Table("a", {"a": OLD})
    table.written["b"] = "worn out"
    with pytest.raises(ValueError, match="is not what is read back"):
        handler.after(table, esp, bundle(tmp_path))
    assert sorted(esp.entries()) == [f"rtvbox_{OLD}.efi"]
    assert "named" not in table.steps


def test_a_full_boot_partition_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    esp, table = esp_with(tmp_path, f"rtvbox_{OLD}.efi"), Table("a", {"a": OLD, "b": NEW})

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(ValueError, match=r"^boot partition: is full"):
        handler.after(table, esp, bundle(tmp_path))
    monkeypatch.undo()
    assert [path.name for path in (tmp_path / "Linux").iterdir()] == [f"rtvbox_{OLD}.efi"]


@pytest.mark.parametrize("data", [b"", b"MZ", uki(NEW)[:300], uki(NEW, line="ro")])
def test_a_bundle_with_a_bad_kernel_is_refused(tmp_path: Path, data: bytes) -> None:
    esp, table = esp_with(tmp_path, f"rtvbox_{OLD}.efi"), Table("a", {"a": OLD})
    with pytest.raises(ValueError, match=r"^no UKI"):
        handler.before(table, esp, bundle(tmp_path, data=data))


def test_a_damaged_entry_is_none(tmp_path: Path) -> None:
    esp, table = esp_with(tmp_path, f"rtvbox_{OLD}.efi"), Table("a", {"a": OLD, "b": NEW})
    (tmp_path / "Linux" / f"rtvbox_{NEW}+3.efi").write_bytes(b"MZ broken")
    assert slots(table, esp).as_json()["slots"]["b"] == {"version": None, "state": "empty"}


def test_a_system_of_no_slot_says_so(tmp_path: Path) -> None:
    table = Table("a", {"a": OLD})
    table.named = {"a": "x", "b": "y"}
    with pytest.raises(ValueError, match="runs from none of them"):
        slots(table, esp_with(tmp_path, f"rtvbox_{OLD}.efi"))
    assert table.running() == root_of(OLD)
