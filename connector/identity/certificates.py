"""Certificates of seal keys (X.509, RFC 5280): made by ourselves, asked of an authority, and brought in from one.

A certificate that we make ourselves proves no more than the DID document in which it stands; its form is that of an
authority's, so that nothing else changes when one takes its place. Levels are contracts/levels.py's to tell.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from connector.identity.errors import CertificateRefused

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
Chain = tuple[bytes, ...]
"""Certificates in DER, the seal's own first, each issued by the next; a root is left out."""

LARGEST_CHAIN_BYTES = 6 << 10
"""A chain stands in the DID document, which partners read up to 32 KiB."""
SMALLEST_RSA_BITS = 2048
_OTHER_PEM = {"CERTIFICATE REQUEST-----": "request", "PRIVATE KEY-----": "private"}
"""What people give in the place of a certificate, by how its PEM begins."""
LONGEST_NAME_BYTES = 64
"""Upper bound of an organisation's name in a certificate (RFC 5280 Appendix A); contracts carry it in full."""
_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
_SAID = {NameOID.ORGANIZATION_IDENTIFIER: "organizationIdentifier", NameOID.SERIAL_NUMBER: "serialNumber"}
_SEALS = frozenset({"digital_signature", "content_commitment"})


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a certificate names."""

    did: str
    legal_name: str
    siren: str | None = None

    def name(self) -> x509.Name:
        """Return the distinguished name: the organisation, and its SIREN as ETSI EN 319 412-1 §5.1.4 writes it."""
        short = _short(self.legal_name)
        named = [x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, short)]
        if self.siren is not None:
            named.append(x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, f"NTRFR-{self.siren}"))
            named.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, self.siren))
        return x509.Name([*named, x509.NameAttribute(NameOID.COMMON_NAME, short)])


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a new P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def self_made(key: PrivateKey, subject: Subject, now: datetime, days: int) -> Chain:
    """Return a certificate for the key, signed with itself, valid from now on."""
    name, begins_at = subject.name(), now.replace(microsecond=0)
    usage = x509.KeyUsage(**{one: one in _SEALS for one in _USAGES})
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins_at)
        .not_valid_after(begins_at + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(_named(subject), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return (made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER),)


def request(key: PrivateKey, subject: Subject) -> str:
    """Return a certificate signing request for the key (PKCS #10, RFC 2986), as PEM."""
    usage = x509.KeyUsage(**{one: one in _SEALS for one in _USAGES})
    asked = x509.CertificateSigningRequestBuilder().subject_name(subject.name())
    asked = asked.add_extension(usage, critical=True).add_extension(_named(subject), critical=False)
    return asked.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def read_pem(text: str) -> Chain:
    """Return the certificates of a PEM file, put in order. Raises CertificateRefused."""
    try:
        return ordered(x509.load_pem_x509_certificates(text.encode()))
    except (ValueError, x509.InvalidVersion) as error:
        other = next((reason for mark, reason in _OTHER_PEM.items() if mark in text), "form")
        raise CertificateRefused(other) from error


def read_pkcs12(content: bytes, passphrase: str) -> tuple[PrivateKey, Chain]:
    """Return the key and the certificates of a PKCS #12 file (RFC 7292). Raises CertificateRefused."""
    try:
        key, leaf, others = pkcs12.load_key_and_certificates(content, passphrase.encode() or None)
    except (ValueError, TypeError) as error:
        raise CertificateRefused("pkcs12") from error
    if leaf is None or key is None:
        raise CertificateRefused("no-key")
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise CertificateRefused("key-type")
    return key, ordered([leaf, *others])


def ordered(certificates: Sequence[x509.Certificate]) -> Chain:
    """Return the chain that leads upwards from the only certificate that issued none of the others.

    A root at its end is left out: whoever checks brings their own. Raises CertificateRefused.
    """
    leaves = [one for one in certificates if not any(_issued(one, other) for other in certificates if other != one)]
    if len(leaves) != 1:
        raise CertificateRefused("chain")
    chain, rest = leaves, [one for one in certificates if one != leaves[0]]
    while issuer := next((one for one in rest if _issued(one, chain[-1])), None):
        chain.append(issuer)
        rest.remove(issuer)
    if rest:
        raise CertificateRefused("chain")
    if len(chain) > 1 and chain[-1].issuer == chain[-1].subject:
        chain.pop()
    octets = tuple(one.public_bytes(serialization.Encoding.DER) for one in chain)
    if sum(map(len, octets)) > LARGEST_CHAIN_BYTES:
        raise CertificateRefused("too-large")
    return octets


def pem(chain: Chain) -> str:
    """Return a chain as PEM."""
    certificates = map(x509.load_der_x509_certificate, chain)
    return "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in certificates)


def fingerprint(certificate: bytes) -> str:
    """Return a certificate's name in contracts and in histories: SHA-256 of its DER, in hexadecimal."""
    return sha256(certificate).hexdigest()


@lru_cache(maxsize=64)
def public_key(certificate: bytes) -> PublicKey:
    """Return the key that a certificate is about, remembered. Raises CertificateRefused for one that cannot seal."""
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, x509.InvalidVersion) as error:
        raise CertificateRefused("form") from error
    is_p256 = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    is_rsa = isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST_RSA_BITS
    if not (is_p256 or is_rsa):
        raise CertificateRefused("key-type")
    return key  # type: ignore[return-value]  # one of the two, as was just asked


def check_for_seals(certificate: bytes, now: datetime) -> None:
    """Check that a certificate may seal, now. Raises CertificateRefused.

    1. Its key is P-256, or RSA of 2,048 bits or more.
    2. It is valid now.
    3. It is of no authority, and a usage that it states lets it sign.
    """
    public_key(certificate)  # 1
    read = x509.load_der_x509_certificate(certificate)
    if not read.not_valid_before_utc <= now < read.not_valid_after_utc:  # 2
        raise CertificateRefused("validity")
    constraints, usage = (_extension(read, kind) for kind in (x509.BasicConstraints, x509.KeyUsage))  # 3
    if isinstance(constraints, x509.BasicConstraints) and constraints.ca:
        raise CertificateRefused("authority")
    if isinstance(usage, x509.KeyUsage) and not (usage.digital_signature or usage.content_commitment):
        raise CertificateRefused("usage")


@lru_cache(maxsize=64)
def validity(certificate: bytes) -> tuple[datetime, datetime]:
    """Return from when until when a certificate is valid, remembered."""
    read = x509.load_der_x509_certificate(certificate)
    return read.not_valid_before_utc, read.not_valid_after_utc


def names(certificate: bytes) -> tuple[str, str]:
    """Return whom a certificate names, and who issued it, as one line each (RFC 4514)."""
    read = x509.load_der_x509_certificate(certificate)
    return tuple(_line(one) for one in (read.subject, read.issuer))  # type: ignore[return-value]


def _short(name: str) -> str:
    octets = name.encode()
    if len(octets) <= LONGEST_NAME_BYTES:
        return name
    return octets[: LONGEST_NAME_BYTES - len("…".encode())].decode(errors="ignore") + "…"


def _line(name: x509.Name) -> str:
    return re.sub(r"\s+", " ", name.rfc4514_string(_SAID))


def _named(subject: Subject) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.UniformResourceIdentifier(subject.did)])


def _issued(issuer: x509.Certificate, one: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):  # another name, another key, another kind
        return False
    return True


def _extension(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> x509.ExtensionType | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
