"""Keys that are given: right ones are taken, each wrong one is refused in a line that names it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from image import build, keys
from image.shell import Shell
from image.stages.artefacts import Signing


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a certificate that it issued for updates, a pair for boots, and spoilers."""
    folder = tmp_path_factory.mktemp("made")

    def issue(name: str, *more: str, days: str = "3650", kind: str = "rsa:2048") -> None:
        openssl(
            folder,
            *("req", "-x509", "-newkey", kind, "-nodes", "-days", days, "-subj", f"/CN={name}"),
            *("-keyout", f"{name}.key", "-out", f"{name}.crt", *more),
        )

    issue("ca")
    leaf = ("-CA", "ca.crt", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE")
    issue("update", *leaf, "-addext", "keyUsage=critical,digitalSignature")
    issue("server", *leaf, "-addext", "extendedKeyUsage=serverAuth")
    issue("secureboot")
    issue("soon", *leaf, days="30")
    openssl(
        folder, "pkey", "-in", "update.key", "-aes256", "-passout", "pass:x", "-out", "locked.key"
    )
    openssl(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "curve.key")
    openssl(
        folder,
        *("req", "-x509", "-key", "curve.key", "-subj", "/CN=curve", "-out", "curve.crt"),
    )
    openssl(
        folder,
        *("req", "-new", "-key", "update.key", "-subj", "/CN=old", "-out", "old.csr"),
    )
    openssl(
        folder,
        *("x509", "-req", "-in", "old.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-days", "-1"),
        *("-CAcreateserial", "-out", "old.crt"),
    )
    return folder


def openssl(folder: Path, *words: str) -> None:
    done = subprocess.run(
        ["openssl", *words], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def given(made: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "given"
    folder.mkdir()
    for name in ("update.key", "update.crt", "secureboot.key", "secureboot.crt"):
        shutil.copy(made / name, folder)
    shutil.copy(made / "ca.crt", folder / "update-ca.crt")
    return folder


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "log", 0)


def test_right_keys_are_taken(
    given: Path, shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = keys.obtain(shell, given, tmp_path)
    assert found.kind == "given"
    assert found.signing.update_ca == given / "update-ca.crt"
    assert found.signing.boot_key == given / "secureboot.key"
    assert "ends" not in capsys.readouterr().out


def put(name: str, source: str) -> Callable[[Path, Path], None]:
    def spoil(given: Path, made: Path) -> None:
        shutil.copy(made / source, given / name)

    return spoil


def text(name: str) -> Callable[[Path, Path], None]:
    def spoil(given: Path, _made: Path) -> None:
        (given / name).write_text("rubbish\n")

    return spoil


def gone(name: str) -> Callable[[Path, Path], None]:
    def spoil(given: Path, _made: Path) -> None:
        (given / name).unlink()

    return spoil


def curve(given: Path, made: Path) -> None:
    shutil.copy(made / "curve.key", given / "secureboot.key")
    shutil.copy(made / "curve.crt", given / "secureboot.crt")


def server(given: Path, made: Path) -> None:
    shutil.copy(made / "server.key", given / "update.key")
    shutil.copy(made / "server.crt", given / "update.crt")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (gone("update.crt"), "has no update.crt; put it there"),
        (gone("secureboot.key"), "has no secureboot.key; put it there"),
        (text("update.key"), "update.key: is no private key without a passphrase"),
        (put("update.key", "locked.key"), "update.key: is no private key without a passphrase"),
        (text("secureboot.crt"), "secureboot.crt: is no certificate"),
        (put("update.crt", "secureboot.crt"), "update.crt: is of another key than update.key"),
        (put("secureboot.key", "ca.key"), "secureboot.crt: is of another key than secureboot.key"),
        (put("update.crt", "old.crt"), "update.crt: ended "),
        (put("update-ca.crt", "secureboot.crt"), "update.crt: does not follow from update-ca.crt"),
        (server, "update.crt: does not follow from update-ca.crt, or may not sign"),
        (curve, "secureboot.key: is no RSA key"),
    ],
)
def test_a_wrong_key_gets_one_line(
    spoil: Callable[[Path, Path], None],
    says: str,
    given: Path,
    made: Path,
    shell: Shell,
    tmp_path: Path,
) -> None:
    spoil(given, made)
    with pytest.raises(ValueError, match=says.replace(".", r"\.")) as told:
        keys.obtain(shell, given, tmp_path)
    assert "\n" not in str(told.value)


def test_no_folder_gets_one_line(shell: Shell, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"is no folder; give one with update\.key"):
        keys.obtain(shell, tmp_path / "none", tmp_path)


def test_a_certificate_that_ends_soon_is_told(
    given: Path, made: Path, shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for end in ("key", "crt"):
        shutil.copy(made / f"soon.{end}", given / f"update.{end}")
    keys.obtain(shell, given, tmp_path)
    assert "update.crt ends" in capsys.readouterr().out


def test_without_keys_throw_away_ones_sign_and_it_says_so(
    shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = keys.obtain(shell, None, tmp_path)
    assert found.kind == "development"
    assert "none given" in capsys.readouterr().out
    assert (tmp_path / "keys").stat().st_mode & 0o077 == 0
    before = found.signing.update_key.read_bytes()
    assert keys.obtain(shell, None, tmp_path).signing.update_key.read_bytes() == before


@pytest.mark.parametrize(
    ("variant", "kind", "name"),
    [
        ("release", "given", "rtvbox 1.2"),
        ("release", "development", "rtvbox 1.2 (development keys)"),
        ("developer", "development", "rtvbox 1.2 (developer) (development keys)"),
    ],
)
def test_an_image_says_whose_keys_signed_it(
    variant: str, kind: str, name: str, tmp_path: Path
) -> None:
    wanted = build.Wanted("1.2", variant, "rt", 0, tmp_path, tmp_path)
    said = build.release_of(wanted, keys.Keys(kind, Signing(*3 * [tmp_path])))
    assert said["PRETTY_NAME"] == name
    assert said["RTVBOX_KEYS"] == kind
