"""The level that a seal's certificate reaches: what it adds to the word of the organisation itself.

L0: self-made, or by an authority that nobody here trusts: it proves no more than the DID document in which it stands.
L1: a chain of certificates leads to a root that the node's people chose to trust.
L2: the same, and the certificate says that it is a qualified one for seals (ETSI EN 319 412-5). Whether its issuer is
on the trusted lists of the European Union is not looked up here; and a seal is a *qualified* one only when its key lies
in a qualified device, which the certificate may say and this level does not require.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

Level: TypeAlias = Literal["L0", "L1", "L2"]

WORDS: dict[Level, dict[str, str]] = {
    "L0": {
        "fr": "certificat fait par l’organisme lui-même, ou d’une autorité non reconnue ici",
        "en": "certificate made by the organisation itself, or of an authority that is not trusted here",
    },
    "L1": {"fr": "certificat d’une autorité reconnue ici", "en": "certificate of an authority that is trusted here"},
    "L2": {
        "fr": "certificat qui se dit qualifié, d’une autorité reconnue ici",
        "en": "certificate that says it is qualified, of an authority that is trusted here",
    },
}

QC_STATEMENTS = ObjectIdentifier("1.3.6.1.5.5.7.1.3")
QC_COMPLIANCE = bytes.fromhex("04008e460101")
"""0.4.0.1862.1.1, as DER writes it; so are those below."""
QC_DEVICE = bytes.fromhex("04008e460104")
QC_TYPE = bytes.fromhex("04008e460106")
QC_TYPE_SEAL = bytes.fromhex("04008e46010602")
_OID, _SEQUENCE = 0x06, 0x30


def level(chain: Sequence[bytes], roots: Sequence[x509.Certificate], at: datetime) -> Level:
    """Return the level of a chain (DER, the seal's own first) at an instant, for those who trust these roots."""
    certificates = [x509.load_der_x509_certificate(one) for one in chain]
    if not _leads_to(certificates, roots, at):
        return "L0"
    return "L2" if is_qualified_for_seals(certificates[0]) else "L1"


def is_qualified_for_seals(certificate: x509.Certificate) -> bool:
    """True when the certificate states that it is qualified (QcCompliance), and for seals (QcType)."""
    said = _statements(certificate)
    return QC_COMPLIANCE in said and (_OID, QC_TYPE_SEAL) in _elements(said.get(QC_TYPE, b""))


def is_in_qualified_device(certificate: x509.Certificate) -> bool:
    """True when the certificate states that its key lies in a qualified device (QcSSCD)."""
    return QC_DEVICE in _statements(certificate)


def _leads_to(certificates: list[x509.Certificate], roots: Sequence[x509.Certificate], at: datetime) -> bool:
    if not roots:
        return False
    authorities = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    policy = PolicyBuilder().store(Store(list(roots))).time(at.astimezone(UTC).replace(tzinfo=None))
    policy = policy.extension_policies(ca_policy=authorities, ee_policy=ExtensionPolicy.permit_all())
    try:
        policy.build_client_verifier().verify(certificates[0], certificates[1:])
    except VerificationError:
        return False
    return True


def _statements(certificate: x509.Certificate) -> dict[bytes, bytes]:
    """Return what a certificate states of itself (RFC 3739 §3.2.6): identifier → information; nothing if unreadable."""
    try:
        found = certificate.extensions.get_extension_for_oid(QC_STATEMENTS).value
        if not isinstance(found, x509.UnrecognizedExtension):
            return {}
        ((_, statements),) = _elements(found.value)
        read = [_elements(content) for tag, content in _elements(statements) if tag == _SEQUENCE]
        return {one[0][1]: one[1][1] if len(one) > 1 else b"" for one in read if one and one[0][0] == _OID}
    except (x509.ExtensionNotFound, ValueError):
        return {}


def _elements(der: bytes) -> list[tuple[int, bytes]]:
    """Return tag and content of the elements that follow each other (X.690 §8.1). Raises ValueError."""
    found, at = [], 0
    while at < len(der):
        head = der[at : at + 2]
        size, begins = head[-1], at + 2
        if size >= 0x80:
            size, begins = int.from_bytes(der[begins : begins + size - 0x80], "big"), begins + size - 0x80
        if len(head) < 2 or begins + size > len(der):
            raise ValueError("DER")
        found.append((head[0], der[begins : begins + size]))
        at = begins + size
    return found
