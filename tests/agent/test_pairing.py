"""Pairing: who reads the code comes in; who does not, or sits between, is noticed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from appliance.agent import certificates
from appliance.agent.certificates import fingerprint
from appliance.agent.identity import forget_identity, load_identity, read_serial
from appliance.agent.pairing import BoxSide, Channel, PairingError, SiteSide, Window

CODE = "482 913 607"
OWN = b"\x07" * 32


def exchange(box_code: str, site_code: str, seen: bytes = OWN) -> tuple[Channel, Channel]:
    site, box = SiteSide(site_code, seen), BoxSide(box_code, OWN)
    of_box = box.channel(site.message)
    of_site = site.channel(box.message, of_box.proof("box"))
    of_box.check("site", of_site.proof("site"))
    return of_box, of_site


def test_the_right_code_gives_both_ends_the_same_key() -> None:
    box, site = exchange(CODE, "482913607")
    assert box.open(site.seal({"authority": "x"})) == {"authority": "x"}
    assert site.open(box.seal({"request": "y"})) == {"request": "y"}
    assert site.seal({"a": "b"}) != site.seal({"a": "b"})


@pytest.mark.parametrize("code", ["482913608", "000000000"])
def test_a_wrong_code_is_noticed_by_who_reads_it(code: str) -> None:
    with pytest.raises(PairingError, match="code: is not the one on the box; read it again"):
        exchange(CODE, code)


def test_one_who_sits_between_shows_another_certificate() -> None:
    with pytest.raises(PairingError, match="code: is not the one"):
        exchange(CODE, CODE, seen=b"\x08" * 32)


@pytest.mark.parametrize("code", ["", "12345678", "1234567890", "abcdefghi"])
def test_a_code_has_nine_digits(code: str) -> None:
    with pytest.raises(PairingError, match="digits, not 9"):
        SiteSide(code, OWN)


@pytest.mark.parametrize("message", [None, "", "00", "zz", 3, "53" + "00" * 32, "53" + "ff" * 32])
def test_messages_that_are_none(message: object) -> None:
    with pytest.raises(PairingError):
        channel = BoxSide(CODE, OWN).channel(message)
        channel.check("site", "00" * 32)


@pytest.mark.parametrize("sealed", [None, "", "AAAA", 7, "x" * 100, {}])
def test_what_was_not_sealed_by_the_other_end(sealed: object) -> None:
    box, _ = exchange(CODE, CODE)
    with pytest.raises(PairingError, match="sealed: cannot be opened"):
        box.open(sealed)


def test_a_window_ends_by_time_and_by_tries() -> None:
    window = Window.open(100.0, 60)
    assert len(window.code) == 9
    assert window.spoken.replace(" ", "") == window.code
    assert window.usable(159.9)
    assert not window.usable(160.0)
    window.tries = 0
    assert not window.usable(100.0)
    assert len({Window.open(0).code for _ in range(20)}) == 20


def test_an_identity_is_made_once_and_forgotten_whole(tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    first, second = load_identity(folder), load_identity(folder)
    assert first.certificate == second.certificate
    assert first.fingerprint == second.fingerprint
    assert len(first.fingerprint) == 14
    assert (folder / "key.pem").stat().st_mode & 0o777 == 0o600
    forget_identity(folder)
    assert list(folder.iterdir()) == []
    assert load_identity(folder).fingerprint != first.fingerprint


def test_a_damaged_key_is_said_and_a_damaged_certificate_is_made_again(tmp_path: Path) -> None:
    first = load_identity(tmp_path)
    (tmp_path / "self.pem").write_text("-----BEGIN")
    assert certificates.fits(load_identity(tmp_path).certificate, first.key)
    (tmp_path / "key.pem").write_text("nothing")
    with pytest.raises(ValueError, match="key: is no private key in PEM"):
        load_identity(tmp_path)


@pytest.mark.parametrize(
    ("dmi", "machine", "serial"),
    [
        ("RV-2026-0042\n", "abcdef0123456789", "RV-2026-0042"),
        ("None", "abcdef0123456789", "RTV-ABCDEF01"),
        ("0", "abcdef0123456789", "RTV-ABCDEF01"),
        ("Default string", "abcdef0123456789", "RTV-ABCDEF01"),
        (None, None, "RTV-UNKNOWN"),
        ("../../etc\x00passwd", "ab", "....etcpasswd"),
    ],
)
def test_serial_numbers(tmp_path: Path, dmi: str | None, machine: str | None, serial: str) -> None:
    for name, text in (("dmi", dmi), ("machine", machine)):
        if text is not None:
            (tmp_path / name).write_text(text)
    assert read_serial(tmp_path / "dmi", tmp_path / "machine") == serial


def test_a_site_signs_boxes_and_controllers_with_their_roles() -> None:
    key, own = certificates.new_key(), certificates.new_key()
    authority = certificates.new_authority(key, "OR 3")
    asked = certificates.request(own, "RTV-1")
    for role in certificates.ROLES:
        made = certificates.sign(authority, key, asked, role)
        assert certificates.role_of(made) == role
        assert certificates.name_of(made) == "RTV-1"
        assert certificates.fits(made, own)
        made.verify_directly_issued_by(authority)
    with pytest.raises(ValueError, match="role: 'surgeon' is none"):
        certificates.sign(authority, key, asked, "surgeon")
    for bad in (b"", b"\x30\x00", asked[:-4] + b"\x00" * 4):
        with pytest.raises(ValueError, match="request: is no valid"):
            certificates.sign(authority, key, bad, "box")


def test_a_box_that_does_not_know_the_time_makes_what_is_valid_for_years() -> None:
    made = certificates.self_signed(
        certificates.new_key(), "RTV-1", datetime(2026, 11, 23, tzinfo=UTC)
    )
    assert made.not_valid_before_utc < datetime(2026, 11, 23, tzinfo=UTC)
    assert made.not_valid_after_utc.year >= 2045
    assert len(fingerprint(made)) == 32
    assert isinstance(made, x509.Certificate)
