"""The keys that seal contracts: what there is and at which level, and everything that a person may do with them."""

import binascii
from base64 import b64decode
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, Field, SecretStr

from connector.http.private.asking import Asking, By, Id, Node, Owner, Shape, Wish
from connector.http.private.effects import Doing, TaggedRoute
from connector.http.private.services import Services
from connector.identity import certificates, signing
from connector.problems import Invalid
from connector.services.seal_keys import LONGEST_REASON, OVERLAP
from connector.store.seal_keys import SealKey as Row

router = APIRouter(tags=["seal-keys"], route_class=TaggedRoute)
_LONGEST_FILE = 64 << 10
OverlapDays = Annotated[
    int,
    Field(ge=0, le=366, description="How long the key that is replaced may still sign what names it, in days."),
]


class SealCertificate(Shape):
    """The certificate of a seal key."""

    subject: Annotated[str, Field(description="Whom it names (RFC 4514).")]
    issuer: str
    begins_at: datetime
    ends_at: datetime
    sha256: Annotated[str, Field(description="Of its DER, in hexadecimal: what contracts name.")]
    level: Annotated[
        Literal["L0", "L1", "L2"],
        Field(
            description="`L0`: self-made; `L1`: of an authority in `seal_roots`; `L2`: and qualified by its own words."
        ),
    ]
    pem: Annotated[str, Field(description="With those of the authorities between it and a root, if there are any.")]


class SealKey(Shape):
    """A key that seals contracts, without its private part."""

    name: Annotated[str, Field(description="Its fragment in the DID document.")]
    kid: str
    status: Annotated[
        Literal["present", "overlapping", "retired", "revoked"],
        Field(description="`overlapping`: replaced, and may sign what names it until `ends_at`."),
    ]
    algorithm: Annotated[str, Field(description="ES256, or RS256 for an RSA key of an authority.")]
    certificate: SealCertificate
    created_at: datetime | None
    replaced_by: str | None
    ends_at: datetime | None
    revoked_at: Annotated[datetime | None, Field(description="Since when it must not be trusted.")]
    reason: Annotated[str | None, Field(description="Why it was revoked; public.")]


class SealKeys(Shape):
    """All seal keys of a participant, the newest first."""

    did: str
    can_seal: Annotated[bool, Field(description="True when a key may sign now: the DID document then says so.")]
    problems: Annotated[
        list[str], Field(description="Of keys that do not open, why and what to do, in the caller's language.")
    ]
    history_url: Annotated[str, Field(description="The signed list of these keys, as partners read it.")]
    keys: list[SealKey]


class SealRotation(Wish):
    """How a seal key is replaced; every member may be left out."""

    overlap_days: OverlapDays = OVERLAP.days
    abandon_old_key: Annotated[
        bool,
        Field(
            description="True when the present key does not open (its passphrase is lost, or was changed): it stops at "
            "once, and what it began is not finished."
        ),
    ] = False
    accept_l0: Annotated[
        bool,
        Field(
            description="True to replace a key with the certificate of an authority by one without, of level L0; else "
            "`certificate-lost`."
        ),
    ] = False


class CertificateRequest(Shape):
    """What an authority is asked with."""

    pem: Annotated[str, Field(description="PKCS #10, for the present key.")]


class SealImport(Wish):
    """A certificate of an authority, for the present key; or a key that the authority made, with its certificate."""

    certificate: Annotated[
        str | None,
        Field(max_length=_LONGEST_FILE, description="PEM: the certificate, then those of intermediate authorities."),
    ] = None
    pkcs12: Annotated[str | None, Field(max_length=_LONGEST_FILE, description="The file in base64.")] = None
    passphrase: Annotated[
        SecretStr, Field(max_length=1_000, strict=False, description="Of the PKCS #12 file; it is not kept.")
    ] = SecretStr("")
    overlap_days: OverlapDays = OVERLAP.days


class SealRevocation(Wish):
    """Why a seal key must not be trusted any more."""

    reason: Annotated[
        str,
        Field(
            min_length=1, max_length=LONGEST_REASON, description="Public: no personal name.", examples=["Poste volé"]
        ),
    ]
    since: Annotated[
        AwareDatetime | None,
        Field(strict=False, description="Since when, if not now: what was sealed after is not to be trusted."),
    ] = None


@router.get("/seal-keys")
async def show_seal_keys(node: Node, owner: Owner, asker: Asking) -> SealKeys:
    """Show the keys that seal, or sealed, this participant's contracts."""
    return SealKeys(
        did=node.addresses.did(owner),
        can_seal=bool(node.hosts.seals.shown(owner)),
        problems=[one.say(asker.language) for one in await node.hosts.seals.closed(owner)],
        history_url=node.addresses.seal_history(owner),
        keys=[_key(node, one) for one in node.hosts.seals.all(owner)],
    )


@router.post("/seal-keys", status_code=201)
async def create_seal_key(node: Node, owner: Owner, by: By, effect: Doing) -> SealKey:
    """Make a seal key with a certificate of its own, for a participant that has none."""
    return await effect.of(lambda: node.hosts.seals.create(owner, by=by), lambda made: _key(node, made))


@router.post("/seal-keys/rotate", status_code=201)
async def rotate_seal_key(node: Node, owner: Owner, by: By, effect: Doing, wish: SealRotation | None = None) -> SealKey:
    """Make a new seal key in the place of the present one, which may sign what names it for a while."""
    said, seals = wish or SealRotation(), node.hosts.seals

    async def act() -> Row:
        return await seals.rotate(
            owner,
            overlap=timedelta(days=said.overlap_days),
            abandon_old_key=said.abandon_old_key,
            accept_l0=said.accept_l0,
            by=by,
        )

    return await effect.of(act, lambda made: _key(node, made))


@router.get("/seal-keys/certificate-request")
async def request_certificate(node: Node, owner: Owner) -> CertificateRequest:
    """Write a certificate signing request for the present seal key: an authority's answer is then imported."""
    return CertificateRequest(pem=await node.hosts.seals.request(owner))


@router.post("/seal-keys/import", status_code=201)
async def import_certificate(node: Node, owner: Owner, by: By, wish: SealImport, effect: Doing) -> SealKey:
    """Take an authority's certificate for the present key, or its key and certificate, and seal with it from now on."""
    overlap, seals = timedelta(days=wish.overlap_days), node.hosts.seals
    if (wish.certificate is None) == (wish.pkcs12 is None):
        fr, en = "Donnez un certificat, ou un fichier PKCS #12.", "Give a certificate, or a PKCS #12 file."
        raise Invalid({"fr": fr, "en": en}, pointer="/certificate")

    async def act() -> Row:
        if wish.certificate is not None:
            return await seals.import_certificate(owner, wish.certificate, overlap=overlap, by=by)
        content, passphrase = _octets(wish.pkcs12 or ""), wish.passphrase.get_secret_value()
        return await seals.import_pkcs12(owner, content, passphrase, overlap=overlap, by=by)

    return await effect.of(act, lambda made: _key(node, made))


@router.post("/seal-keys/{seal_key}/revoke")
async def revoke_seal_key(
    node: Node, owner: Owner, by: By, seal_key: Id, wish: SealRevocation, effect: Doing
) -> SealKey:
    """Say publicly that a seal key must not be trusted any more, and why. For good."""
    return await effect.of(
        lambda: node.hosts.seals.revoke(owner, seal_key, wish.reason, since=wish.since, by=by),
        lambda revoked: _key(node, revoked),
    )


def _key(node: Services, row: Row) -> SealKey:
    leaf = certificates.read_pem(row.chain)[0]
    return SealKey(
        name=row.name,
        kid=f"{node.addresses.did(row.owner)}#{row.name}",
        status=row.standing(node.waiting.clock.now()),
        algorithm=signing.algorithm(certificates.public_key(leaf)),
        certificate=_certificate(node, row),
        created_at=row.created_at,
        replaced_by=row.replaced_by,
        ends_at=row.ends_at,
        revoked_at=row.revoked_at,
        reason=row.reason,
    )


def _certificate(node: Services, row: Row) -> SealCertificate:
    chain = certificates.read_pem(row.chain)
    (subject, issuer), (begins_at, ends_at) = certificates.names(chain[0]), certificates.validity(chain[0])
    return SealCertificate(
        subject=subject,
        issuer=issuer,
        begins_at=begins_at,
        ends_at=ends_at,
        sha256=certificates.fingerprint(chain[0]),
        level=node.hosts.seals.level(chain),
        pem=row.chain,
    )


def _octets(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except binascii.Error as error:
        raise Invalid({"fr": "Du base64 est attendu.", "en": "Base64 is expected."}, pointer="/pkcs12") from error
