"""Whether the certificates of the document are some. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from appliance.box.desired import Site
from appliance.box.problems import Problem


def site_problems(site: Site) -> Iterator[Problem]:
    """All of them. Dates are not looked at: a box may not know the time."""
    for at, text in enumerate(site.authorities):
        path = f"site.authorities[{at}]"
        chain = _chain(text)
        if chain is None or len(chain) != 1:
            yield Problem(path, "is not one certificate in PEM", "give the authority's certificate")
        elif not _signs(chain[0]):
            yield Problem(path, "does not sign others", "give an authority's certificate (CA:TRUE)")
    if site.certificate is not None and not _chain(site.certificate):
        yield Problem(
            "site.certificate", "is no certificate in PEM", "give the box's, then those above it"
        )


def _chain(text: str) -> list[x509.Certificate] | None:
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        return None


def _signs(certificate: x509.Certificate) -> bool:
    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, ValueError):
        return False
    return found.value.ca
