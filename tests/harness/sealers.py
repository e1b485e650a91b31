"""Seal keys of tests: real keys with certificates, self-made or given by an authority, of each kind that is taken."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

BEGINS = datetime(2026, 1, 1, tzinfo=UTC)
ENDS = BEGINS + timedelta(days=3 * 365)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Sealer:
    """A `Signer` whose key lies in memory."""

    kid: str
    key: Key
    chain: tuple[bytes, ...]
    algorithm: str = "ES256"

    @property
    def did(self) -> str:
        return self.kid.partition("#")[0]

    @property
    def sha256(self) -> str:
        return x509.load_der_x509_certificate(self.chain[0]).fingerprint(hashes.SHA256()).hex()

    async def sign(self, signing_input: bytes) -> bytes:
        return self.signed(signing_input)

    def signed(self, signing_input: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
            return self.key.sign(
                signing_input, pss if self.algorithm == "PS256" else padding.PKCS1v15(), hashes.SHA256()
            )
        r, s = decode_dss_signature(self.key.sign(signing_input, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def p256(secret: int | None = None) -> ec.EllipticCurvePrivateKey:
    """Return a key, always the same one for a secret number."""
    return ec.derive_private_key(secret, ec.SECP256R1()) if secret else ec.generate_private_key(ec.SECP256R1())


def given(
    name: str,
    key: Key,
    *,
    by: tuple[str, Key] | None = None,
    begins: datetime = BEGINS,
    ends: datetime = ENDS,
    authority: bool = False,
) -> bytes:
    """Return a certificate in DER, given by somebody (name and key) or self-made."""
    issuer, signing = by or (name, key)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(signing, hashes.SHA256())
    )
    return made.public_bytes(Encoding.DER)


def sealer(did: str, *, name: str = "seal-2026", key: Key | None = None, algorithm: str = "ES256", **life) -> Sealer:
    """Return a sealer with a self-made certificate."""
    key = key or p256()
    return Sealer(f"{did}#{name}", key, (given(did, key, **life),), algorithm)
