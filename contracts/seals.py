"""Sealing a document, and telling what the seals on it are worth.

A contract bears two seals on the same bytes, the provider's and then the consumer's; a conclusion and a notice bear
one. A seal is a JAdES B-B signature: it carries its certificate, the instant it was made at, what it commits to, and
what is claimed of who approved (a function and an opaque identifier, or a rule: never a person's name). Whether a
certificate comes from an authority that somebody trusts is not told here: at the lowest level it is self-made, and it
counts because the document names it.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from contracts.approval import Approval, approval_in, as_header
from contracts.canonical import Json, assembled, canonical, read_canonical
from contracts.jws import TYPE, Sealed, Signature, encoded, read_sealed, signing_input, written
from contracts.keys import certificate, check_algorithm, normalised, public_bytes, verify
from contracts.refused import (
    BadSeal,
    BadSealTime,
    BrokenChain,
    CertificateNotValid,
    HeaderRefused,
    SameCertificate,
    SignerFailed,
    WrongCertificate,
    WrongCommitment,
    WrongSealCount,
    WrongSealKey,
)
from contracts.signer import NearSigner, Signer

Role = Literal["provider", "consumer"]

PROOF_OF_ORIGIN = "http://uri.etsi.org/01903/v1.2.2#ProofOfOrigin"
PROOF_OF_APPROVAL = "http://uri.etsi.org/01903/v1.2.2#ProofOfApproval"
COMMITMENTS: dict[Role, tuple[str, ...]] = {
    "provider": (PROOF_OF_ORIGIN, PROOF_OF_APPROVAL),
    "consumer": (PROOF_OF_APPROVAL,),
}
"""What a role commits to on a contract; the author of a conclusion or of a notice does as a provider does."""
LEEWAY = timedelta(minutes=5)
"""How far two clocks may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatory:
    """Who must have made a seal, as the document names it."""

    did: str
    kid: str
    certificate_sha256: str
    """Of the certificate in DER, in hexadecimal."""
    commitments: tuple[str, ...]


# --- sealing ---


async def seal(
    payload: bytes,
    signer: Signer,
    *,
    media_type: str,
    at: datetime,
    commitments: Sequence[str] = COMMITMENTS["provider"],
    approval: Approval | None = None,
) -> Sealed:
    """Return the document with one seal, its `text` a general JSON JWS.

    Raises CertificateNotValid when the certificate is not valid at this instant, AlgorithmRefused when the key does not
    fit, SignerFailed when the signer gives anything but a signature; what the signer itself raises passes through.
    """
    document = read_canonical(payload)
    blank = _blank(payload, signer, media_type, at, commitments, approval)
    return written(payload, document, blank.signed(await signer.sign(blank.signing_input)))


def seal_now(
    document: dict[str, Json],
    signer: NearSigner,
    *,
    media_type: str,
    at: datetime,
    commitments: Sequence[str] = COMMITMENTS["provider"],
    approval: Approval | None = None,
) -> Sealed:
    """Return as `seal`, without waiting, for a document drawn up here and looked at: the key lies in this process.

    Raises CertificateNotValid, AlgorithmRefused.
    """
    payload = assembled(document)
    blank = _blank(payload, signer, media_type, at, commitments, approval)
    return written(payload, document, blank.made(signer.sign_now(blank.signing_input)))


async def countersign(
    text: str | Sealed,
    signer: Signer,
    *,
    at: datetime,
    commitments: Sequence[str] = COMMITMENTS["consumer"],
    approval: Approval | None = None,
) -> Sealed:
    """Return a document that bears one seal with a second one added, the first left as it stands.

    Raises WrongSealCount when there is not exactly one, and as `read_sealed` and `seal` do. It does not look whether
    the document deserves it: `check_contract` comes before.
    """
    sealed = read_sealed(text) if isinstance(text, str) else text
    blank = _second(sealed, signer, at, commitments, approval)
    second = blank.signed(await signer.sign(blank.signing_input))
    return written(sealed.payload, sealed.document, *sealed.signatures, second)


def countersign_now(
    sealed: Sealed,
    signer: NearSigner,
    *,
    at: datetime,
    commitments: Sequence[str] = COMMITMENTS["consumer"],
    approval: Approval | None = None,
) -> Sealed:
    """Return as `countersign`, without waiting: the key lies in this process. Raises as `seal_now`, WrongSealCount."""
    blank = _second(sealed, signer, at, commitments, approval)
    second = blank.made(signer.sign_now(blank.signing_input))
    return written(sealed.payload, sealed.document, *sealed.signatures, second)


@dataclass(frozen=True, slots=True)
class _Blank:
    """A seal that lacks its signature."""

    payload: bytes
    header: Mapping[str, Json]
    protected: str
    chain: tuple[bytes, ...]
    leaf: x509.Certificate

    @property
    def signing_input(self) -> bytes:
        return signing_input(self.protected, self.payload)

    def made(self, raw: bytes) -> Signature:
        """Return the seal with this signature."""
        value = encoded(normalised(str(self.header["alg"]), raw))
        return Signature(self.protected, value, self.header, self.chain)

    def signed(self, raw: bytes) -> Signature:
        """Return the seal, when the signature is the key's. Raises SignerFailed."""
        made = self.made(raw)
        try:
            verify(made, self.leaf, self.payload, "/signature")
        except BadSeal as error:
            raise SignerFailed(actual=error.actual) from error
        return made


def _second(
    sealed: Sealed, signer: Signer, at: datetime, commitments: Sequence[str], approval: Approval | None
) -> _Blank:
    """Return what is to be signed beside the one seal of a document. Raises WrongSealCount, and as `_blank`."""
    _check_count(sealed, 1)
    return _blank(sealed.payload, signer, sealed.signatures[0].header["cty"], at, commitments, approval)


def _blank(
    payload: bytes,
    signer: Signer,
    media_type: str,
    at: datetime,
    commitments: Sequence[str],
    approval: Approval | None,
) -> _Blank:
    """Return what the signer is to sign. Raises CertificateNotValid, AlgorithmRefused."""
    header = _header(signer, media_type, at, commitments, approval)
    leaf = certificate(signer.chain[0], "/x5c/0")
    check_algorithm(leaf, signer.algorithm, "/alg")
    _check_valid(leaf, at, "/x5c/0")
    return _Blank(payload, header, encoded(canonical(header)), signer.chain, leaf)


def _header(
    signer: Signer, media_type: str, at: datetime, commitments: Sequence[str], approval: Approval | None
) -> dict[str, Json]:
    """Return the protected header: JAdES B-B (ETSI TS 119 182-1 §6), with `x5c` as the European profile asks."""
    if at.tzinfo is None:
        raise ValueError("the instant of a seal has a time zone")
    x5c, digest = _certified(signer.chain)
    return {
        "alg": signer.algorithm,
        "cty": media_type,
        "iat": int(at.timestamp()),
        "kid": signer.kid,
        "srCms": [{"commId": {"id": commitment}} for commitment in commitments],
        "typ": TYPE,
        "x5c": [*x5c],
        "x5t#S256": digest,
        **({"srAts": as_header(approval)} if approval else {}),
    }


@lru_cache(maxsize=64)
def _certified(chain: tuple[bytes, ...]) -> tuple[tuple[str, ...], str]:
    """Return certificates (DER) as a header lists them, and the digest of the first as it names it."""
    return tuple(base64.b64encode(each).decode() for each in chain), encoded(hashlib.sha256(chain[0]).digest())


# --- checking ---


def check_signatures(
    sealed: Sealed, signatories: Sequence[Signatory], *, media_type: str, now: datetime | None = None, known: int = 0
) -> None:
    """Verify that a document bears the seals of these, in this order, and no other; return nothing or raise.

    `now`, where it is known, is the latest instant at which they can have been made; `known`: how many of the first
    were verified when they were put, and stand as they stood.
    """
    # 1. There are as many as there must be.
    _check_count(sealed, len(signatories))
    # 2. Each is the one that the document names, and is good.
    for place, (signature, signatory) in list(enumerate(zip(sealed.signatures, signatories, strict=True)))[known:]:
        _check_one(sealed, signature, signatory, media_type, f"/signatures/{place}")
    # 3. They are of different hands.
    leaves = [certificate(each.certificates[0], "") for each in sealed.signatures]
    if len({public_bytes(leaf) for leaf in leaves}) < len(leaves):
        raise SameCertificate(pointer="/signatures/1/protected/x5c/0")
    # 4. None was made before the one that stands before it, nor after now.
    instants = [sealed_at(each) for each in sealed.signatures]
    for place, instant in enumerate(instants):
        if place and instants[place - 1] - instant > LEEWAY:
            _refuse_instant(f"≥ {instants[place - 1]:%FT%TZ}", instant, place)
        if now is not None and instant - now > LEEWAY:
            _refuse_instant(f"≤ {now:%FT%TZ}", instant, place)


def sealed_at(signature: Signature) -> datetime:
    """Return the instant at which its author says that a seal was made."""
    return datetime.fromtimestamp(signature.header["iat"], UTC)


def _check_one(sealed: Sealed, signature: Signature, signatory: Signatory, media_type: str, at: str) -> None:
    header, pointer = signature.header, f"{at}/protected"
    # a. It seals a document of this kind.
    if header["cty"] != media_type:
        raise HeaderRefused(needed=media_type, actual=header["cty"][:80], pointer=f"{pointer}/cty")
    # b. The key is the one named, and it belongs to the participant.
    if header["kid"] != signatory.kid or not signatory.kid.startswith(f"{signatory.did}#"):
        raise WrongSealKey(needed=signatory.kid, actual=header["kid"][:200], pointer=f"{pointer}/kid")
    # c. The certificate is the one named, and the header says the same.
    _check_certificate(signature, signatory, pointer)
    # d. The algorithm fits the key; the certificates form a chain, and the first was valid.
    leaf = certificate(signature.certificates[0], f"{pointer}/x5c/0")
    check_algorithm(leaf, header["alg"], f"{pointer}/alg")
    _check_chain(signature, f"{pointer}/x5c")
    _check_valid(leaf, sealed_at(signature), f"{pointer}/x5c/0")
    # e. It commits to what its author's role demands, and what it claims of the approval can be read.
    _check_commitments(header["srCms"], signatory.commitments, f"{pointer}/srCms")
    approval_in(signature, f"{pointer}/srAts")
    # f. The signature is the key's, over these bytes.
    verify(signature, leaf, sealed.payload, f"{at}/signature")


def _check_certificate(signature: Signature, signatory: Signatory, pointer: str) -> None:
    digest = hashlib.sha256(signature.certificates[0]).digest()
    if digest.hex() != signatory.certificate_sha256:
        raise WrongCertificate(needed=signatory.certificate_sha256, actual=digest.hex(), pointer=f"{pointer}/x5c/0")
    if signature.header["x5t#S256"] != encoded(digest):
        raise WrongCertificate(needed=encoded(digest), pointer=f"{pointer}/x5t#S256")


def _check_chain(signature: Signature, pointer: str) -> None:
    certificates = [certificate(each, f"{pointer}/{place}") for place, each in enumerate(signature.certificates)]
    for place, (issued, issuer) in enumerate(pairwise(certificates)):
        try:
            issued.verify_directly_issued_by(issuer)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError) as error:
            raise BrokenChain(pointer=f"{pointer}/{place + 1}") from error


def _check_valid(leaf: x509.Certificate, at: datetime, pointer: str) -> None:
    first, last = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if not first <= at <= last:
        raise CertificateNotValid(needed=f"{first:%FT%TZ}…{last:%FT%TZ}", actual=f"{at:%FT%TZ}", pointer=pointer)


def _check_commitments(told: Json, needed: Sequence[str], pointer: str) -> None:
    if told != [{"commId": {"id": commitment}} for commitment in needed]:
        names = ", ".join(commitment.rpartition("#")[2] for commitment in needed)
        raise WrongCommitment(needed=names, pointer=pointer)


def _check_count(sealed: Sealed, needed: int) -> None:
    if len(sealed.signatures) != needed:
        raise WrongSealCount(needed=str(needed), actual=str(len(sealed.signatures)), pointer="/signatures")


def _refuse_instant(needed: str, actual: datetime, place: int) -> None:
    raise BadSealTime(needed=needed, actual=f"{actual:%FT%TZ}", pointer=f"/signatures/{place}/protected/iat")
