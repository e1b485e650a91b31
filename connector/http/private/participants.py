"""Participants that the node hosts, and the keys of the API."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from connector.http.private.asking import (
    Administration,
    Asking,
    Id,
    KeyHolder,
    NextCursor,
    Node,
    Owner,
    PageQuery,
    Shape,
    Wish,
)
from connector.http.private.effects import Doing, TaggedRoute
from connector.http.private.faults import AdministrationOnly
from connector.http.private.services import Services
from connector.services.hosts import KEY_DAYS, LONGEST_KEY_DAYS
from connector.services.roles import ADMINISTRATION, DEVELOPER
from connector.store.participants import ApiKey, Hosted
from contracts.approval import LONGEST

router = APIRouter(tags=["participants"], route_class=TaggedRoute)
Days = Annotated[
    int | None,
    Field(ge=1, le=LONGEST_KEY_DAYS, description=f"Days until it ends; default {KEY_DAYS}, administration: never."),
]
Function = Annotated[
    str | None,
    Field(
        max_length=LONGEST,
        description="Function of whoever holds it, which seals claim of what it approves; never a person's name.",
        examples=["Directrice de la transition écologique"],
    ),
]
_SLUG = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"


class Participant(Shape):
    """A participant that this node hosts."""

    owner: Annotated[str, Field(description="Its short name, in addresses and in `X-Pupitre-Owner`.")]
    did: str
    name: str
    is_first: Annotated[bool, Field(description="True for the one at the root of the public address.")]
    created_at: datetime | None


class Participants(Shape):
    """A page of hosted participants, the first one first."""

    items: list[Participant]
    next_cursor: NextCursor = None


class NewParticipant(Wish):
    """A participant to host; its DID is made of the node's address and its short name, for ever."""

    owner: Annotated[str, Field(pattern=_SLUG, description="Short name: a-z, 0-9, hyphens.", examples=["sde-demo"])]
    name: Annotated[str, Field(min_length=1, max_length=500, examples=["Syndicat d’énergie du Pays de Démo"])]


class Key(Shape):
    """A key of the API, without its secret."""

    id: str
    owner: Annotated[str | None, Field(description="Whose affairs it opens; null: the node's administration.")]
    label: str
    role: Annotated[str, Field(description="What it may do; `unrestricted`: made before there were roles.")]
    function: Annotated[str | None, Field(description="What seals claim of who approves with it; null: the role.")]
    status: Annotated[
        Literal["valid", "replaced", "expired", "revoked"],
        Field(description="`replaced`: still valid, until it expires, beside the key that took its place."),
    ]
    created_at: datetime | None
    expires_at: Annotated[datetime | None, Field(description="When it ends; null: never by itself.")]
    revoked_at: datetime | None
    replaced_by: Annotated[str | None, Field(description="The key that takes its place.")]


class Keys(Shape):
    """A page of the keys of one holder, by identifier, the revoked ones too."""

    items: list[Key]
    next_cursor: NextCursor = None


class NewKey(Wish):
    """A key to make. What it may do must be said."""

    label: Annotated[str, Field(min_length=1, max_length=200, description="What it is for.", examples=["portail"])]
    role: Annotated[
        Literal["operator", "steward", "developer", "auditor", "administration"],
        Field(description="What it may do; `administration`: of the whole node, by an administration key only."),
    ]
    days: Days = None
    function: Function = None


class Rotation(Wish):
    """How a key is replaced; every member may be left out."""

    overlap_hours: Annotated[
        int, Field(ge=0, le=30 * 24, description="How long the old key stays valid, at most, in hours.")
    ] = 24
    days: Days = None
    role: Annotated[
        Literal["operator", "steward", "developer", "auditor"] | None,
        Field(description="Role of the new key, when it shall be another, or the old one has none."),
    ] = None
    function: Annotated[Function, Field(description="Function of the new key, when it shall be another.")] = None


class CreatedKey(Key):
    """A new key. Its secret is told here, once: the node keeps only its hash."""

    secret: Annotated[str, Field(description="For `Authorization: Bearer …`.")]


class KeyQuery(PageQuery):
    """Which keys."""

    revoked: Annotated[bool | None, Field(description="Only those that were revoked, or were not.")] = None


@router.get("/participants")
async def list_participants(node: Node, _: Administration, query: Annotated[PageQuery, Query()]) -> Participants:
    """List the participants that the node hosts. Administration only."""
    page = await node.hosts.page(**query.rows(node))
    return Participants(items=[participant(hosted) for hosted in page.items], next_cursor=page.following)


@router.post("/participants", status_code=201)
async def add_participant(node: Node, _: Administration, wish: NewParticipant, effect: Doing) -> Participant:
    """Host one more participant, with its own identity and keys. Administration only."""
    return await effect.of(lambda: node.hosts.add(wish.owner, wish.name), participant)


@router.get("/keys")
async def list_keys(node: Node, asker: Asking, holder: KeyHolder, query: Annotated[KeyQuery, Query()]) -> Keys:
    """List API keys of a participant; an administration key that names none sees every key of the node."""
    role = DEVELOPER if asker.caller.role == DEVELOPER else None
    page = await node.hosts.page_keys(holder, revoked=query.revoked, role=role, **query.rows(node))
    return Keys(items=[_key(node, key) for key in page.items], next_cursor=page.following)


@router.post("/keys", status_code=201)
async def issue_key(node: Node, asker: Asking, owner: Owner, wish: NewKey, effect: Doing) -> CreatedKey:
    """Make an API key of a participant, or of the administration. Its secret is told once."""
    caller = asker.caller
    if wish.role == ADMINISTRATION and caller.owner is not None:
        raise AdministrationOnly
    holder = None if wish.role == ADMINISTRATION else owner
    return await effect.of(
        lambda: node.hosts.issue_key(holder, wish.label, wish.role, days=wish.days, function=wish.function, by=caller),
        lambda made: _created(node, made),
    )


@router.post("/keys/{key_id}/rotate", status_code=201)
async def rotate_key(
    node: Node, asker: Asking, holder: KeyHolder, key_id: Id, effect: Doing, wish: Rotation | None = None
) -> CreatedKey:
    """Make a key in the place of another, which stays valid for a while, so that nothing stops meanwhile."""
    how, caller = wish or Rotation(), asker.caller
    overlap = timedelta(hours=how.overlap_hours)
    return await effect.of(
        lambda: node.hosts.rotate_key(
            holder, key_id, overlap=overlap, role=how.role, days=how.days, function=how.function, by=caller
        ),
        lambda made: _created(node, made),
    )


@router.delete("/keys/{key_id}", status_code=204)
async def revoke_key(node: Node, asker: Asking, holder: KeyHolder, key_id: Id) -> None:
    """Revoke an API key, at once and for good."""
    await node.hosts.revoke_key(holder, key_id, by=asker.caller)


def participant(hosted: Hosted) -> Participant:
    """Return what the API says of a hosted participant."""
    return Participant(
        owner=hosted.owner,
        did=hosted.did,
        name=hosted.name,
        is_first=bool(hosted.is_root),
        created_at=hosted.created_at,
    )


def _created(node: Services, made: tuple[ApiKey, str]) -> CreatedKey:
    key, secret = made
    return CreatedKey(**_key(node, key).model_dump(), secret=secret)


def _key(node: Services, key: ApiKey) -> Key:
    names = ("id", "owner", "label", "role", "function", "created_at", "expires_at", "revoked_at", "replaced_by")
    members: dict[str, Any] = {name: getattr(key, name) for name in names}
    return Key(**members, status=key.standing(node.waiting.clock.now()))  # type: ignore[arg-type]
