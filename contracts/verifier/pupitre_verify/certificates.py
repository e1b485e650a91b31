"""Certificates: whether they were valid at an instant, and to which authority they lead.

A self-made certificate (level L0) says nothing that the DID document did not say; it carries the key and a period. One
that an authority issued is followed up to a root given by the caller: names, signatures, periods, and the right to
issue. Nothing is fetched.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtensionOID, NameOID

MAX_LENGTH = 8
_KEPT = 256
"""Certificates whose reading is remembered: what they say depends on their bytes alone. A refusal is not remembered."""
_MEMBERS = ("extensions", "issuer", "subject", "not_valid_before_utc", "not_valid_after_utc", "signature_algorithm_oid")
_SIREN = re.compile(r"NTRFR-?(\d{9})(?:\d{5})?|VATFR-?[0-9A-Z]{2}(\d{9})", re.ASCII)
"""By the national register (SIREN, or SIRET), or by the number for value added tax."""
_QC_STATEMENTS = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3")
_QC_COMPLIANCE = bytes.fromhex("06060400 8e46 0101".replace(" ", ""))
_QC_SEAL = bytes.fromhex("06070400 8e46 010602".replace(" ", ""))


def is_valid_at(certificate: x509.Certificate, at: datetime) -> bool:
    """Return whether the instant lies in the certificate's period."""
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


@lru_cache(maxsize=_KEPT)
def is_self_made(certificate: x509.Certificate) -> bool:
    """Return whether the certificate was signed with its own key."""
    return certificate.issuer == certificate.subject and _issued(certificate, certificate)


def may_sign(certificate: x509.Certificate) -> bool:
    """Return whether the certificate's key usage, where it says one, allows to seal."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except ValueError:
        return False
    return usage.digital_signature or usage.content_commitment


def says_seal_of_eidas(certificate: x509.Certificate) -> bool:
    """Return whether the issuer states in the certificate (EN 319 412-5) that it is one for seals under eIDAS."""
    try:
        found = certificate.extensions.get_extension_for_oid(_QC_STATEMENTS).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    stated = found.value if isinstance(found, x509.UnrecognizedExtension) else b""
    return _QC_COMPLIANCE in stated and _QC_SEAL in stated


def name_in(name: x509.Name) -> str:
    """Return a certificate's name as people read it: organisation, common name, identifier."""
    wanted = (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME, NameOID.ORGANIZATION_IDENTIFIER)
    said = [str(one.value) for oid in wanted for one in name.get_attributes_for_oid(oid)]
    return ", ".join(dict.fromkeys(said)) or name.rfc4514_string()


def siren_in(name: x509.Name) -> str | None:
    """Return the SIREN in a certificate's organizationIdentifier (EN 319 412-1 §5.1.4), of France alone; else None."""
    said = [str(one.value) for one in name.get_attributes_for_oid(NameOID.ORGANIZATION_IDENTIFIER)]
    found = [match for one in said if (match := _SIREN.fullmatch(one)) is not None]
    return (found[0][1] or found[0][2]) if found else None


def path_to_root(
    chain: tuple[x509.Certificate, ...], roots: Iterable[x509.Certificate], at: datetime
) -> tuple[x509.Certificate, ...] | None:
    """Return the path from the first certificate to a root that was valid all along at the instant, or None.

    1. The first certificate is itself one of the roots: nothing more to follow.
    2. Else an issuer is sought among the roots, then among the certificates that came along.
    3. An issuer has the name, the key that signed, the right to issue, room in its path length, and is valid.
    """
    anchors = {one.fingerprint(hashes.SHA256()): one for one in roots}
    path = [chain[0]]
    while len(path) <= MAX_LENGTH:
        last = path[-1]
        if not is_valid_at(last, at):
            return None
        if last.fingerprint(hashes.SHA256()) in anchors:  # 1
            return tuple(path)
        candidates = [*anchors.values(), *(one for one in chain if one not in path)]  # 2
        issuer = next((one for one in candidates if _may_issue(one, len(path) - 1) and _issued(one, last)), None)  # 3
        if issuer is None:
            return None
        path.append(issuer)
    return None


def _may_issue(certificate: x509.Certificate, below: int) -> bool:
    try:
        extensions = certificate.extensions
        basic = extensions.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS).value
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    if not isinstance(basic, x509.BasicConstraints) or not basic.ca or not usage.key_cert_sign:
        return False
    return basic.path_length is None or below <= basic.path_length


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


@lru_cache(maxsize=_KEPT)
def read_certificate(der: bytes) -> x509.Certificate:
    """Return the certificate in these bytes, read to the last member. Raises ValueError for anything that is none.

    The library reads most members when they are asked for, and has an exception of its own for many a fault.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        for name in _MEMBERS:
            getattr(certificate, name)
        certificate.public_key()
    except Exception as error:
        raise ValueError(f"unreadable certificate: {error}") from error
    return certificate


def read_pem(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a PEM file. Raises ValueError when it holds none that can be read."""
    try:
        found = x509.load_pem_x509_certificates(pem)
    except x509.InvalidVersion as error:  # which is no ValueError
        raise ValueError(f"unreadable certificate: {error}") from error
    return tuple(read_certificate(one.public_bytes(serialization.Encoding.DER)) for one in found)
