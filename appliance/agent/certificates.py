"""Certificates of a site: an authority, boxes and controllers. Roles stand in the certificate.

P-256 throughout. A box may not know the time: what is signed here is valid from a day before, and
for years.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROLES = ("configurator", "viewer", "box")
"""configurator: reads and changes everything. viewer: reads. box: another box."""
_AUTHORITY_YEARS, _LEAF_YEARS, _SELF_YEARS = 10, 3, 20
Key = ec.EllipticCurvePrivateKey


def new_key() -> Key:
    """A key of its own."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: Key) -> bytes:
    """Unencrypted: it lies where only its service reads."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def load_key(pem: bytes) -> Key:
    """Raises ValueError, one line."""
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        raise ValueError("key: is no private key in PEM without a password") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("key: is not on an elliptic curve; make another")
    return key


def pem(certificate: x509.Certificate) -> str:
    """As text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def fingerprint(certificate: x509.Certificate) -> bytes:
    """SHA-256 of the whole certificate."""
    return certificate.fingerprint(hashes.SHA256())


def self_signed(key: Key, name: str, now: datetime | None = None) -> x509.Certificate:
    """What a box shows before a site has signed it."""
    subject = _name(name, "box")
    return _build(subject, subject, key.public_key(), key, _SELF_YEARS, now, authority=False)


def new_authority(key: Key, site: str, now: datetime | None = None) -> x509.Certificate:
    """A site's own authority."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, site)])
    return _build(subject, subject, key.public_key(), key, _AUTHORITY_YEARS, now, authority=True)


def request(key: Key, name: str) -> bytes:
    """A certificate signing request, DER."""
    made = x509.CertificateSigningRequestBuilder().subject_name(_name(name, "box"))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def sign(
    authority: x509.Certificate,
    authority_key: Key,
    asked: bytes,
    role: str,
    now: datetime | None = None,
) -> x509.Certificate:
    """A certificate for a request (DER). The name is the request's, the role is not. Raises
    ValueError, one line, where the request is none."""
    if role not in ROLES:
        raise ValueError(f"role: {role!r} is none; choose {', '.join(ROLES)}")
    try:
        found = x509.load_der_x509_csr(asked)
        if not found.is_signature_valid:
            raise InvalidSignature
        public = found.public_key()
        names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        common = str(names[0].value)
    except (ValueError, IndexError, InvalidSignature):
        raise ValueError("request: is no valid certificate request; make another") from None
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise ValueError("request: its key is on no elliptic curve; make another")
    return _build(
        _name(common, role),
        authority.subject,
        public,
        authority_key,
        _LEAF_YEARS,
        now,
        authority=False,
    )


def role_of(certificate: x509.Certificate) -> str:
    """The role that stands in a certificate; "" for none that we know."""
    units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    roles = [str(unit.value) for unit in units if str(unit.value) in ROLES]
    return roles[0] if len(roles) == 1 else ""


def name_of(certificate: x509.Certificate) -> str:
    """The common name, for the record of who did what."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else "unnamed"


def fits(certificate: x509.Certificate, key: Key) -> bool:
    """Whether the certificate is for this key."""
    return certificate.public_key() == key.public_key()


def _name(common: str, role: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, role),
            x509.NameAttribute(NameOID.COMMON_NAME, common[:64]),
        ]
    )


def _build(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    signer: Key,
    years: int,
    now: datetime | None,
    *,
    authority: bool,
) -> x509.Certificate:
    at = now or datetime.now(UTC)
    constraints = x509.BasicConstraints(ca=authority, path_length=0 if authority else None)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=365 * years))
        .add_extension(constraints, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(_usage(authority=authority), critical=True)
    )
    if not authority:
        both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        made = made.add_extension(x509.ExtendedKeyUsage(both), critical=False)
        common = str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        made = made.add_extension(
            x509.SubjectAlternativeName([_alternative(common)]), critical=False
        )
    return made.sign(signer, hashes.SHA256())


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName("".join(c if c.isascii() and c.isalnum() else "-" for c in name))
