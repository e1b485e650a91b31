"""Organisations that nobody here knows and that asked for something: who they are, and what a person decides."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from connector.http.private.asking import Asking, By, Cursor, NextCursor, Node, Owner, PageQuery, PeerDid, Shape, Wish
from connector.http.private.effects import Doing, TaggedRoute
from connector.http.private.partners import Motive, Peer, lately_known
from connector.http.private.presentation import Card, shown_card
from connector.services.inbox import Looked
from connector.services.once import version_of
from connector.store import inbox
from connector.store.inbox import Newcomer as Row

router = APIRouter(tags=["inbox"], route_class=TaggedRoute)
Status = Literal["waiting", "admitted", "refused"]


class Newcomer(Shape):
    """An organisation that knocked."""

    did: str
    status: Status
    fingerprint: Annotated[str, Field(description="RFC 7638 thumbprint of the key that proved who knocked.")]
    message: Annotated[str, Field(description="The kind of message that it sent last; nothing was done of it.")]
    about: Annotated[str, Field(description="The dataset or agreement that it asked for, as it says.")]
    knocks: Annotated[int, Field(description="How often it was noted, at most once a minute.")]
    reason: Annotated[str | None, Field(description="Why it was refused.")]
    version: Annotated[int, Field(description="Grows with every change; the beginning of the ETag.")]
    first_at: datetime | None
    last_at: datetime | None


class NewcomerDetail(Newcomer):
    """An organisation that knocked, and how it shows itself now."""

    shown_keys: Annotated[list[str], Field(description="Fingerprints of the keys in its DID document now.")]
    card: Annotated[Card | None, Field(description="What it says of itself: nobody here has checked it.")]
    problem: Annotated[str | None, Field(description="Why its documents cannot be had now.")]


class Newcomers(Shape):
    """A page of the inbox, the newest first."""

    items: list[Newcomer]
    next_cursor: NextCursor = None


class InboxQuery(PageQuery):
    """Which page of the inbox."""

    cursor: Cursor = None
    status: Status | None = None


class Admission(Wish):
    """How an organisation is admitted."""

    name: Annotated[str, Field(max_length=500, description="How the people here call it.")] = ""
    fingerprint: Annotated[
        str | None, Field(max_length=100, description="As confirmed by another channel; default: that of its knock.")
    ] = None


@router.get("/inbox")
async def list_inbox(node: Node, owner: Owner, query: Annotated[InboxQuery, Query()]) -> Newcomers:
    """List organisations that knocked."""
    page = await node.inbox.page(owner, status=query.status, **query.rows(node))
    return Newcomers(items=[_newcomer(row) for row in page.items], next_cursor=page.following)


@router.get("/inbox/{did}")
async def show_newcomer(node: Node, owner: Owner, asker: Asking, did: PeerDid) -> NewcomerDetail:
    """Show an organisation that knocked; its documents and its card are fetched now."""
    return _detail(await node.inbox.look(owner, did), asker.language)


@router.post("/inbox/{did}/admit", status_code=201)
async def admit_newcomer(
    node: Node, owner: Owner, by: By, did: PeerDid, effect: Doing, wish: Admission | None = None
) -> Peer:
    """Know an organisation that knocked: its key is pinned, and what it asks goes through from now on."""
    said = wish or Admission()
    return await effect.of(
        lambda: node.inbox.admit(owner, did, said.name, fingerprint=said.fingerprint, by=by),
        lately_known,
        version_of(inbox.peek, owner, did),
    )


@router.post("/inbox/{did}/refuse")
async def refuse_newcomer(
    node: Node, owner: Owner, by: By, did: PeerDid, effect: Doing, wish: Motive | None = None
) -> Newcomer:
    """Refuse an organisation that knocked: it is blocked, and told so."""
    return await effect.of(
        lambda: node.inbox.refuse(owner, did, (wish or Motive()).reason, by=by),
        _newcomer,
        version_of(inbox.peek, owner, did),
    )


def _newcomer(row: Row) -> Newcomer:
    return Newcomer(**_members(row))


def _members(row: Row) -> dict[str, Any]:
    return {
        "did": row.did,
        "status": row.status,
        "fingerprint": row.thumbprint,
        "message": row.message,
        "about": row.about,
        "knocks": row.knocks,
        "reason": row.reason,
        "version": row.version,
        "first_at": row.created_at,
        "last_at": row.updated_at,
    }


def _detail(looked: Looked, language: str) -> NewcomerDetail:
    met, problem = looked.met, looked.problem
    return NewcomerDetail(
        **_members(looked.newcomer),
        shown_keys=sorted(met.keys) if met else [],
        card=shown_card(met.card) if met and met.card else None,
        problem=problem.say(language) if problem else None,
    )
