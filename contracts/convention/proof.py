"""What the seals of a document tell about themselves, as a convention repeats it.

Nothing is verified here: whoever draws up a convention has read and checked the document before. A convention tells who
sealed, when, with which certificate and how much stands behind it; whether that is true, a verifier tells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from contracts.approval import Approval, approval_in
from contracts.canonical import Json
from contracts.jws import Sealed, Signature, read_sealed
from contracts.keys import certificate
from contracts.levels import Level, level
from contracts.refused import OtherConclusion, OtherNotice
from contracts.seals import sealed_at

ROLES = ("provider", "consumer")


@dataclass(frozen=True, slots=True)
class Revocation:
    """Since when a key is revoked, and why, as its owner says."""

    at: datetime
    reason: str = ""
    listed_at: datetime | None = None
    """When the list of keys that says so was signed; None: that is not known."""


Revoked: TypeAlias = Mapping[str, Revocation]
"""The revocations that a node knows, by the `kid` of the key. They stand beside the document: none is sealed in it."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal in the words of its own header and certificate."""

    role: str
    at: datetime
    kid: str
    approval: Approval | None
    certificate: x509.Certificate
    level: Level
    is_timestamped: bool
    revocation: Revocation | None = None
    """Of its key, however long after the seal."""

    @property
    def subject(self) -> str:
        return name_text(self.certificate.subject)

    @property
    def issuer(self) -> str:
        """Who issued the certificate; empty when the organisation did so itself."""
        return "" if self.certificate.issuer == self.certificate.subject else name_text(self.certificate.issuer)

    @property
    def certificate_sha256(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()


@dataclass(frozen=True, slots=True)
class Notice:
    """What a party notified after the conclusion."""

    kind: str
    at: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Proof:
    """All that is known about how far a document binds."""

    sealed: Sealed
    seals: tuple[Seal, ...]
    concluded_at: str
    """Empty while no conclusion is attested."""
    notices: tuple[Notice, ...]
    awaits_timestamps: bool = False
    """Whether time-stamps are asked for that are not there yet."""

    @property
    def level(self) -> Level:
        """The lowest of the seals."""
        return min(seal.level for seal in self.seals)

    @property
    def terminated_at(self) -> str:
        """When the first notice of termination was given; empty while there is none."""
        return next((each.at for each in self.notices if each.kind == "termination"), "")

    def of(self, role: str) -> Seal | None:
        """Return the seal of a party, or None while it has not sealed."""
        return next((seal for seal in self.seals if seal.role == role), None)


def read_proof(
    contract: str,
    conclusion: str | None,
    notices: Sequence[str],
    roots: Sequence[x509.Certificate],
    revoked: Revoked | None = None,
) -> Proof:
    """Return what a sealed contract, its conclusion and notices tell; raises ContractError.

    `roots` are the authorities that the reader trusts: levels are told for who trusts these; `revoked` are the keys
    that the reader knows to be revoked.
    OtherConclusion and OtherNotice are raised for what names another contract.
    """
    sealed = read_sealed(contract)
    seals = tuple(read_seal(role, each, roots, revoked) for role, each in zip(ROLES, sealed.signatures, strict=False))
    concluded_at = ""
    if conclusion is not None:
        told = read_sealed(conclusion).document
        if told.get("contractSha256") != sealed.sha256:
            raise OtherConclusion(needed=sealed.sha256, actual=str(told.get("contractSha256")))
        concluded_at = str(told["concludedAt"])
    given = sorted((_notice(each, sealed) for each in notices), key=lambda each: each.at)
    return Proof(sealed, seals, concluded_at, tuple(given))


def name_text(name: x509.Name) -> str:
    """Return a certificate's name as people read it: organisation, common name, identifier."""
    wanted = (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME, NameOID.ORGANIZATION_IDENTIFIER)
    parts = [str(each.value) for oid in wanted for each in name.get_attributes_for_oid(oid)]
    return ", ".join(dict.fromkeys(parts)) or name.rfc4514_string()


def read_seal(
    role: str, signature: Signature, roots: Sequence[x509.Certificate], revoked: Revoked | None = None
) -> Seal:
    """Return what a seal tells of itself, whose it is, and whether its key is known to be revoked."""
    at, kid = sealed_at(signature), str(signature.header["kid"])
    return Seal(
        role=role,
        at=at,
        kid=kid,
        approval=approval_in(signature),
        certificate=certificate(signature.certificates[0], "/x5c/0"),
        level=level(signature.certificates, roots, at),
        is_timestamped=bool(signature.etsi_u),
        revocation=(revoked or {}).get(kid),
    )


def _notice(text: str, contract: Sealed) -> Notice:
    told: dict[str, Json] = read_sealed(text).document
    if told.get("contractSha256") != contract.sha256:
        raise OtherNotice(needed=contract.sha256, actual=str(told.get("contractSha256")))
    reason = str(told.get("reason", "")) or str(told.get("code", ""))
    return Notice(str(told["kind"]), str(told["at"]), str(told["by"]), reason)
