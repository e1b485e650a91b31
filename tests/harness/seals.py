"""An authority for seals, as a provider of trust services would be one: for tests alone, with a root of its own."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

QUALIFIED_SEAL = bytes.fromhex(
    "30 1f 30 08 06 06 04 00 8e 46 01 01 30 13 06 06 04 00 8e 46 01 06 30 09 06 07 04 00 8e 46 01 06 02"
)
"""QCStatements (ETSI EN 319 412-5): QcCompliance, and QcType with id-etsi-qct-eseal."""
QC_STATEMENTS = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3")
YEAR = timedelta(days=365)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"), x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass(frozen=True)
class SealAuthority:
    """Gives certificates for seals."""

    now: datetime
    name: str = "Autorité d’essai"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def root(self) -> x509.Certificate:
        """Its own certificate."""
        made = self._begun(_name(self.name), self.key.public_key(), 10 * YEAR, is_authority=True)
        return made.sign(self.key, hashes.SHA256())

    def answer(self, request: str, now: datetime, *, is_qualified: bool = False) -> str:
        """Return the certificate for a request, then the root, as PEM."""
        asked = x509.load_pem_x509_csr(request.encode())
        return self._pem(self._sealed(asked.subject, asked.public_key(), is_qualified))

    def rsa_seal(
        self, name: str, now: datetime, *, is_qualified: bool = True
    ) -> tuple[rsa.RSAPrivateKey, x509.Certificate, x509.Certificate]:
        """Return a key that the authority made, its certificate, and the root."""
        key = rsa.generate_private_key(65537, 3072)
        return key, self._sealed(_name(name), key.public_key(), is_qualified), self.root

    def certify(self, below: "SealAuthority") -> str:
        """Return the certificate of an authority below this one, as PEM."""
        made = self._begun(_name(below.name), below.key.public_key(), 5 * YEAR, is_authority=True)
        return made.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()

    def _pem(self, leaf: x509.Certificate) -> str:
        return "".join(one.public_bytes(Encoding.PEM).decode() for one in (leaf, self.root))

    def _sealed(self, subject: x509.Name, key: object, is_qualified: bool) -> x509.Certificate:
        made = self._begun(subject, key, YEAR, is_authority=False)
        if is_qualified:
            made = made.add_extension(x509.UnrecognizedExtension(QC_STATEMENTS, QUALIFIED_SEAL), critical=False)
        return made.sign(self.key, hashes.SHA256())

    def _begun(
        self, subject: x509.Name, key: object, life: timedelta, *, is_authority: bool
    ) -> x509.CertificateBuilder:
        usage = x509.KeyUsage(
            digital_signature=not is_authority, key_cert_sign=is_authority, crl_sign=is_authority,
            content_commitment=not is_authority, key_encipherment=False, data_encipherment=False, key_agreement=False,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        public = self.key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(_name(self.name))
            .public_key(key)  # type: ignore[arg-type]
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - timedelta(days=1))
            .not_valid_after(self.now + life)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)  # type: ignore[arg-type]
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        )
