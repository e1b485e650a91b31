"""Partners whom an owner knows, and what their catalogues show."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field, JsonValue

from connector.http.private.asking import (
    Cursor,
    Id,
    NextCursor,
    Node,
    Owner,
    PageQuery,
    PeerDid,
    Shape,
    Wish,
    checked_did,
)
from connector.http.private.effects import Doing, Putting, TaggedRoute
from connector.protocol.catalog import Summary
from connector.services.inspect import Known
from connector.services.once import version_of
from connector.store import peers

router = APIRouter(tags=["partners"], route_class=TaggedRoute)


class Peer(Shape):
    """A partner of one owner."""

    did: str
    name: str
    url: Annotated[str, Field(description="Base address of its node's protocol.")]
    status: Annotated[str, Field(description="`known`, `quarantined` or `blocked`.")]
    pinned_keys: Annotated[list[str], Field(description="RFC 7638 thumbprints of the keys recorded for it.")]
    silent_since: Annotated[datetime | None, Field(description="Since when its node has not answered.")]
    next_attempt_at: Annotated[datetime | None, Field(description="When a silent node is tried again.")]
    version: Annotated[int, Field(description="Grows with every change; the beginning of the ETag.")]
    created_at: datetime | None
    updated_at: datetime | None


class Peers(Shape):
    """A page of partners, by DID."""

    items: list[Peer]
    next_cursor: NextCursor = None


class NewPeer(Wish):
    """A partner to know: its DID leads to its documents, whose keys are recorded."""

    did: Annotated[str, Field(min_length=1, max_length=512, examples=["did:web:donnees.pays-de-demo.example"])]
    name: Annotated[str, Field(max_length=500, description="How the people here call it.")] = ""


class Ping(Shape):
    """What a partner's node answered just now."""

    url: str
    keys_match: Annotated[bool, Field(description="False: its keys are not those recorded; call before trusting it.")]
    milliseconds: float


class CatalogueDataset(Shape):
    """A dataset of a partner, as its catalogue shows it to us."""

    id: str
    title: str
    description: str
    keywords: list[str]
    licence: str
    formats: list[str]
    offers: list[dict[str, JsonValue]]


class CataloguePage(Shape):
    """A page of a partner's catalogue."""

    participant: Annotated[str, Field(description="DID that the catalogue names as its participant.")]
    items: list[CatalogueDataset]
    next_cursor: NextCursor = None
    previous_cursor: Annotated[str | None, Field(description="Cursor of the page before, if the partner says.")] = None


class CatalogueQuery(PageQuery):
    """Which page of a partner's catalogue."""

    cursor: Cursor = None


class PeerQuery(PageQuery):
    """Which partners."""

    status: Literal["known", "quarantined", "blocked"] | None = None


@router.get("/peers")
async def list_peers(node: Node, owner: Owner, query: Annotated[PeerQuery, Query()]) -> Peers:
    """List partners."""
    page = await node.inspect.peers(owner, status=query.status, **query.rows(node))
    return Peers(items=[_known(row) for row in page.items], next_cursor=page.following)


@router.post("/peers", status_code=201)
async def add_peer(node: Node, owner: Owner, wish: NewPeer, effect: Doing) -> Peer:
    """Record a partner: its documents are fetched and its keys pinned now."""
    did = checked_did(wish.did)
    return await effect.of(lambda: node.introduce.add(owner, did, wish.name), lambda peer: _known(Known(peer, None)))


@router.get("/peers/{did}")
async def show_peer(node: Node, owner: Owner, did: PeerDid) -> Peer:
    """Show a partner."""
    return _known(await node.inspect.peer(owner, did))


@router.delete("/peers/{did}", status_code=204)
async def remove_peer(node: Node, owner: Owner, did: PeerDid, effect: Putting) -> None:
    """Forget a partner and its pinned keys; what was negotiated and agreed stays."""
    await effect.of(lambda: node.introduce.remove(owner, did), lambda done: done, version_of(peers.load, owner, did))


@router.post("/peers/{did}/ping")
async def ping_peer(node: Node, owner: Owner, did: PeerDid) -> Ping:
    """Ask a partner's node for its documents now."""
    ping = await node.introduce.ping(owner, did)
    return Ping(url=ping.url, keys_match=ping.keys_match, milliseconds=round(ping.milliseconds, 3))


@router.get("/peers/{did}/catalogue")
async def browse_catalogue(
    node: Node, owner: Owner, did: PeerDid, query: Annotated[CatalogueQuery, Query()]
) -> CataloguePage:
    """Read a page of a partner's catalogue, as it shows it to us now."""
    page = await node.catalogue.browse(owner, did, **query.rows(node))
    return CataloguePage(
        participant=page.participant,
        items=[_summary(one) for one in page.datasets],
        next_cursor=page.following,
        previous_cursor=page.previous,
    )


@router.get("/peers/{did}/catalogue/{dataset_id}")
async def show_catalogue_dataset(node: Node, owner: Owner, did: PeerDid, dataset_id: Id) -> CatalogueDataset:
    """Read one dataset of a partner's catalogue."""
    return _summary(await node.catalogue.look_up(owner, did, dataset_id))


def _known(known: Known) -> Peer:
    row, silence = known.peer, known.silence
    return Peer(
        did=row.did,
        name=row.name,
        url=row.url,
        status=row.status,
        pinned_keys=row.pinned,
        silent_since=silence.since if silence else None,
        next_attempt_at=silence.retry_at if silence else None,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _summary(summary: Summary) -> CatalogueDataset:
    return CatalogueDataset(
        id=summary.id,
        title=summary.title,
        description=summary.description,
        keywords=list(summary.keywords),
        licence=summary.licence,
        formats=list(summary.formats),
        offers=list(summary.offers),
    )
