"""The tests' own certificate authority: keys that seal with their certificates, a list of what it revoked."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True)
class SealKey:
    """A key with its certificate and those of the authorities above it, leaf first."""

    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def made_at(self) -> datetime:
        """Return a moment at which the certificate is valid and that lies in the past."""
        return self.chain[0].not_valid_before_utc + DAY

    @property
    def ders(self) -> tuple[bytes, ...]:
        """Return the chain as DER."""
        return tuple(each.public_bytes(Encoding.DER) for each in self.chain)

    def sign(self, octets: bytes) -> bytes:
        """Return the JOSE signature over these bytes: r and s, one after the other."""
        r, s = decode_dss_signature(self.key.sign(octets, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class Authority:
    """A certificate authority that lives as long as a test."""

    def __init__(self, name: str, now: datetime | None = None) -> None:
        self.now = now or datetime.now(UTC).replace(microsecond=0)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name(name, None)
        builder = _builder(self.name, self.name, self.key.public_key(), self.now - 30 * DAY, self.now + 3650 * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        self.certificate = builder.sign(self.key, hashes.SHA256())

    def issue(self, name: str, siren: str) -> SealKey:
        """Return a new seal for an organisation."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name, siren)
        builder = _builder(subject, self.name, key.public_key(), self.now - DAY, self.now + 365 * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(digital_signature=True, content_commitment=True), critical=True)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        return SealKey(key, (builder.sign(self.key, hashes.SHA256()), self.certificate))

    def publish(self, folder: Path) -> None:
        """Write the certificate and the empty list of revocations where the judges look for them."""
        publish(folder, self.certificate, self.key, self.now)


def publish(folder: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, now: datetime) -> None:
    """Have the judges trust an authority that revoked nothing: write its certificate and its list of revocations."""
    for name in ("anchors", "crls"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    serial = f"{certificate.serial_number:x}"
    (folder / "anchors" / f"{serial}.crt").write_bytes(certificate.public_bytes(Encoding.DER))
    (folder / "crls" / f"{serial}.crl").write_bytes(_nothing_revoked(certificate.subject, key, now))


def _nothing_revoked(issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime) -> bytes:
    """Return a list of revocations without any, as DER."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer)
    builder = builder.last_update(now - timedelta(hours=1)).next_update(now + 7 * DAY)
    builder = builder.add_extension(x509.CRLNumber(1), critical=False)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def self_made(name: str, siren: str, now: datetime | None = None) -> SealKey:
    """Return a seal that an organisation made for itself."""
    now = now or datetime.now(UTC).replace(microsecond=0)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name, siren)
    builder = _builder(subject, subject, key.public_key(), now - DAY, now + 365 * DAY)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(digital_signature=True, content_commitment=True), critical=True)
    return SealKey(key, (builder.sign(key, hashes.SHA256()),))


def _name(name: str, siren: str | None) -> x509.Name:
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
        x509.NameAttribute(NameOID.COMMON_NAME, name),
    ]
    if siren is not None:
        attributes.insert(2, x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, f"NTRFR-{siren}"))
    return x509.Name(attributes)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(end)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _usage(**granted: bool) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign"
        " encipher_only decipher_only"
    )
    return x509.KeyUsage(**{name: granted.get(name, False) for name in names.split()})
