"""What a connection to the box API must prove: TLS 1.3, and a certificate of the site's."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from appliance.agent import certificates
from appliance.agent.identity import Identity

NO_DATES = 0x200000  # X509_V_FLAG_NO_CHECK_TIME


def server_context(
    identity: Identity,
    chain: str | None,
    authorities: Sequence[str],
    *,
    dates: bool,
    pairing: bool,
) -> ssl.SSLContext:
    """For the box. chain: PEM that a site signed for its key, None: its own certificate.
    authorities: PEM of those that sign controllers; with none of them nobody is asked for a
    certificate, and the API offers only what anybody may know. dates: whether this machine knows
    the time well enough to judge them. pairing: whether one who has no certificate yet may come
    in, to show that he reads the code; the API lets him do no more."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    _own(context, identity, chain)
    if authorities:
        context.verify_mode = ssl.CERT_OPTIONAL if pairing else ssl.CERT_REQUIRED
        context.load_verify_locations(cadata="\n".join(authorities))
        if not dates:
            context.verify_flags |= NO_DATES
    return context


def client_context(
    authority: str | None, certificate: Path | None = None, key: Path | None = None
) -> ssl.SSLContext:
    """For a controller. authority: PEM; None: any box, before pairing. Boxes are told apart by
    their certificate's name and not by an address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    if authority is None:
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_verify_locations(cadata=authority)
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context


def usable_chain(identity: Identity, chain: str | None) -> str | None:
    """The chain where it is for this box's key; else None."""
    if chain is None:
        return None
    try:
        found = x509.load_pem_x509_certificates(chain.encode())
    except ValueError:
        return None
    return chain if found and certificates.fits(found[0], identity.key) else None


def _own(context: ssl.SSLContext, identity: Identity, chain: str | None) -> None:
    shown = usable_chain(identity, chain) or certificates.pem(identity.certificate)
    # ssl reads files only. In memory (tmpfs on a box), for this moment, and the owner's alone.
    with tempfile.NamedTemporaryFile() as file:
        file.write(certificates.key_pem(identity.key) + shown.encode())
        file.flush()
        context.load_cert_chain(file.name)
