"""What named persons attest of partners, for rules of use that rest on it."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from connector.http.private.asking import (
    Asking,
    By,
    Cursor,
    Id,
    NextCursor,
    Node,
    Owner,
    PageQuery,
    PeerDid,
    Shape,
    Wish,
)
from connector.http.private.effects import Doing, TaggedRoute
from connector.problems import Invalid
from connector.services import attest
from connector.services.attest import Said
from connector.store.attestations import Attestation as Row
from policies.errors import Language

router = APIRouter(tags=["partners"], route_class=TaggedRoute)
Kind = Literal["category", "charter", "dpo"]
Person = Annotated[
    str, Field(min_length=1, max_length=500, description="Who says so, by name or by function; kept in the journal.")
]
_PICKED = {"fr": "Un jour est attendu : AAAA-MM-JJ.", "en": "A day is expected: YYYY-MM-DD."}


class Attestation(Shape):
    """One thing that a named person attests of a partner."""

    id: str
    peer: Annotated[str, Field(description="DID of the partner.")]
    kind: Kind
    about: Annotated[str, Field(description="The category, the charter, or the dataset; empty: no one in particular.")]
    words: Annotated[str, Field(description="What is attested, in the caller's language.")]
    said_by: str
    said_on: Annotated[str, Field(description="The day of which it is said.")]
    note: str
    recorded_at: datetime | None
    ended_at: Annotated[datetime | None, Field(description="Since when it stands no more; null: it stands.")]
    ended_by: str | None
    ended_reason: Annotated[str | None, Field(description="`replaced`: another one took its place.")]


class Attestations(Shape):
    """A page of attestations, the newest first."""

    items: list[Attestation]
    next_cursor: NextCursor = None


class NewAttestation(Wish):
    """What a person attests of a partner; it takes the place of what was attested of the same thing."""

    kind: Annotated[
        Kind,
        Field(
            description="`category`: what sort of organisation it is; `charter`: that it signed a charter; `dpo`: that "
            "our data protection officer consents to exchanges with it."
        ),
    ]
    about: Annotated[
        str,
        Field(
            max_length=2048,
            description="A category of the territory profile; the IRI of the charter, or nothing; the dataset that the "
            "consent is for, or nothing for all.",
            examples=["Collectivite"],
        ),
    ] = ""
    said_by: Person
    said_on: Annotated[
        str | None, Field(max_length=10, description="The day of which it is said (YYYY-MM-DD); default: today.")
    ] = None
    note: Annotated[str, Field(max_length=2000, description="A reference, for those who read it later.")] = ""


class Withdrawal(Wish):
    """Who says that an attestation stands no more, and why."""

    said_by: Person
    reason: Annotated[str, Field(max_length=2000)] = ""


class AttestationQuery(PageQuery):
    """Which attestations."""

    cursor: Cursor = None
    status: Annotated[
        Literal["standing", "ended"] | None, Field(description="Those that stand, or those that ended.")
    ] = None


@router.get("/peers/{did}/attestations")
async def list_attestations(
    node: Node, owner: Owner, asker: Asking, did: PeerDid, query: Annotated[AttestationQuery, Query()]
) -> Attestations:
    """List what is attested of a partner, and by whom."""
    is_standing = None if query.status is None else query.status == "standing"
    page = await node.attest.page(owner, did, is_standing=is_standing, **query.rows(node))
    return Attestations(items=[_shown(row, asker.language) for row in page.items], next_cursor=page.following)


@router.post("/peers/{did}/attestations", status_code=201)
async def attest_peer(
    node: Node, owner: Owner, by: By, asker: Asking, did: PeerDid, wish: NewAttestation, effect: Doing
) -> Attestation:
    """Attest something of a partner. What is open to it is judged again at once."""
    said = Said(wish.kind, wish.about, wish.said_by, _day(wish.said_on), wish.note)
    return await effect.of(lambda: node.attest.attest(owner, did, said, by=by), lambda row: _shown(row, asker.language))


@router.post("/peers/{did}/attestations/{attestation_id}/withdraw")
async def withdraw_attestation(
    node: Node, owner: Owner, by: By, asker: Asking, did: PeerDid, attestation_id: Id, wish: Withdrawal, effect: Doing
) -> Attestation:
    """Say that an attestation stands no more. What was open to the partner by it is closed at once."""
    return await effect.of(
        lambda: node.attest.withdraw(owner, did, attestation_id, said_by=wish.said_by, reason=wish.reason, by=by),
        lambda row: _shown(row, asker.language),
    )


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise Invalid(_PICKED, pointer="/said_on") from None


def _shown(row: Row, language: str) -> Attestation:
    spoken: Language = "en" if language == "en" else "fr"
    return Attestation(
        id=row.id,
        peer=row.peer,
        kind=row.kind,
        about=row.about,
        words=attest.in_words(row, spoken),
        said_by=row.said_by,
        said_on=row.said_on,
        note=row.note,
        recorded_at=row.created_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        ended_reason=row.ended_reason,
    )
