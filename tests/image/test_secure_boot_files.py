"""Files that enrol a key, taken apart by UEFI's own layout; their signature judged by openssl."""

from __future__ import annotations

import struct
import subprocess
import uuid
from pathlib import Path

import pytest

from image.shell import Shell
from image.stages import secure_boot
from image.stages.artefacts import Signing

EPOCH = 1_700_000_000
SPACES = {
    "PK": "8be4df61-93ca-11d2-aa0d-00e098032b8c",
    "KEK": "8be4df61-93ca-11d2-aa0d-00e098032b8c",
    "db": "d719b2cb-3d3a-4596-a3bc-dad00e67656f",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    key, certificate = folder / "secureboot.key", folder / "secureboot.crt"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"),
            *("-subj", "/CN=test", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    signing = Signing(key, certificate, certificate, key, certificate)
    shell = Shell(folder / "log", EPOCH)
    for name in ("out", "again"):
        secure_boot.enrolment(shell, folder / name, signing, epoch=EPOCH)
    return folder


@pytest.mark.parametrize("name", SPACES)
def test_a_firmware_in_setup_mode_can_check_it(name: str, made: Path, tmp_path: Path) -> None:
    whole = (made / f"out/{name}.auth").read_bytes()
    moment, whole = whole[:16], whole[16:]
    assert struct.unpack("<HBBBBBBIhBB", moment) == (2023, 11, 14, 22, 13, 20, 0, 0, 0, 0, 0)
    length, revision, kind = struct.unpack("<IHH", whole[:8])
    assert (revision, kind) == (0x0200, 0x0EF1)
    signature, value = whole[24:length], whole[length:]

    # What firmware hashes: name, vendor, attributes (7 and time-based), time, value.
    attributes = struct.pack("<I", 0x27)
    vendor = uuid.UUID(SPACES[name]).bytes_le
    content = name.encode("utf-16-le") + vendor + attributes + moment + value
    (tmp_path / "content").write_bytes(content)
    # openssl wants the ContentInfo around it that firmware does without.
    inner = b"\xa0\x82" + struct.pack(">H", len(signature)) + signature
    wrapped = bytes.fromhex("06092a864886f70d010702") + inner
    wrapped = b"\x30\x82" + struct.pack(">H", len(wrapped)) + wrapped
    (tmp_path / "signature").write_bytes(wrapped)
    verify = [
        *("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any"),
        *("-in", "signature", "-content", "content", "-CAfile", str(made / "secureboot.crt")),
    ]
    done = subprocess.run(verify, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    (tmp_path / "content").write_bytes(content[:-1] + b"\0")
    done = subprocess.run(verify, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode != 0

    # The value: one list of one certificate, whose sizes add up.
    kind, size, header, each = struct.unpack("<16sIII", value[:28])
    assert uuid.UUID(bytes_le=kind) == uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
    assert (size, header, each) == (len(value), 0, len(value) - 28)
    assert value[44:] == (made / "out/certificate.der").read_bytes()


def test_same_keys_and_time_same_files(made: Path) -> None:
    names = sorted(file.name for file in (made / "out").iterdir())
    assert names == ["KEK.auth", "PK.auth", "certificate.der", "db.auth"]
    for name in names:
        assert (made / "out" / name).read_bytes() == (made / "again" / name).read_bytes()


def test_without_a_key_there_is_nothing_to_enrol(made: Path, tmp_path: Path) -> None:
    signing = Signing(*3 * [made / "secureboot.key"])
    secure_boot.enrolment(Shell(tmp_path / "log", 0), tmp_path / "out", signing, epoch=0)
    assert not (tmp_path / "out").exists()
