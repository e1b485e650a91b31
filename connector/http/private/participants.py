"""Participants that the node hosts, and the keys of the API."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from connector.http.private.asking import Administration, Id, KeyHolder, NextCursor, Node, PageQuery, Shape, Wish
from connector.http.private.effects import Doing, TaggedRoute
from connector.store.participants import ApiKey, Hosted

router = APIRouter(tags=["participants"], route_class=TaggedRoute)
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
    created_at: datetime | None
    revoked_at: datetime | None


class Keys(Shape):
    """A page of the keys of one holder, by identifier, the revoked ones too."""

    items: list[Key]
    next_cursor: NextCursor = None


class NewKey(Wish):
    """A key to make."""

    label: Annotated[str, Field(min_length=1, max_length=200, description="What it is for.", examples=["portail"])]


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
async def list_keys(node: Node, holder: KeyHolder, query: Annotated[KeyQuery, Query()]) -> Keys:
    """List API keys: the caller's own kind, or those of the owner that an administration key names."""
    page = await node.hosts.page_keys(holder, revoked=query.revoked, **query.rows(node))
    return Keys(items=[_key(key) for key in page.items], next_cursor=page.following)


@router.post("/keys", status_code=201)
async def create_key(node: Node, holder: KeyHolder, wish: NewKey, effect: Doing) -> CreatedKey:
    """Make an API key of the caller's own kind, or for the owner that an administration key names."""
    return await effect.of(lambda: node.hosts.issue_key(holder, wish.label), _created)


@router.delete("/keys/{key_id}", status_code=204)
async def revoke_key(node: Node, holder: KeyHolder, key_id: Id) -> None:
    """Revoke an API key, at once and for good."""
    await node.hosts.revoke_key(holder, key_id)


def participant(hosted: Hosted) -> Participant:
    """Return what the API says of a hosted participant."""
    return Participant(
        owner=hosted.owner,
        did=hosted.did,
        name=hosted.name,
        is_first=bool(hosted.is_root),
        created_at=hosted.created_at,
    )


def _created(made: tuple[ApiKey, str]) -> CreatedKey:
    key, secret = made
    return CreatedKey(**_key(key).model_dump(), secret=secret)


def _key(key: ApiKey) -> Key:
    return Key(id=key.id, owner=key.owner, label=key.label, created_at=key.created_at, revoked_at=key.revoked_at)
