"""Partners whom an owner knows, and what their catalogues show."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field, JsonValue

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
    checked_did,
)
from connector.http.private.effects import Doing, Putting, TaggedRoute
from connector.http.private.frameworks import Framework, NewFramework, shown_framework
from connector.http.private.presentation import Card, OfferedCard, offered_card, shown_card
from connector.identity.card import stored
from connector.identity.invitation import read as read_invitation
from connector.problems import Invalid, Problem
from connector.protocol.catalog import Summary
from connector.services import terms
from connector.services.inspect import Known
from connector.services.once import version_of
from connector.store import peers
from connector.store.peers import Peer as Row

router = APIRouter(tags=["partners"], route_class=TaggedRoute)


class Peer(Shape):
    """A partner of one owner."""

    did: str
    name: str
    url: Annotated[str, Field(description="Base address of its node's protocol.")]
    status: Annotated[
        Literal["known", "quarantined", "blocked"],
        Field(description="`quarantined`: its key has changed; nothing is sent or taken until a person decides."),
    ]
    pinned_keys: Annotated[list[str], Field(description="Fingerprints (RFC 7638) of the keys approved for it.")]
    seen_keys: Annotated[list[str], Field(description="Fingerprints of other keys that it showed: why it is held.")]
    quarantined_at: datetime | None
    first_contact_at: Annotated[datetime | None, Field(description="When it was added here, or first knocked.")]
    card: Annotated[Card | None, Field(description="Its party card that a person here took note of.")]
    offered_card: Annotated[OfferedCard | None, Field(description="A newer card of it, to be looked at.")]
    framework: Annotated[Framework | None, Field(description="The framework agreement with it.")]
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
    """A partner to know, by its invitation or by its DID alone: then the keys that it shows are believed."""

    did: Annotated[
        str | None, Field(min_length=1, max_length=512, examples=["did:web:donnees.pays-de-demo.example"])
    ] = None
    invitation: Annotated[
        str | None, Field(max_length=2048, description="The line of `pupitre peer invite`: its key is compared.")
    ] = None
    name: Annotated[str, Field(max_length=500, description="How the people here call it.")] = ""


class Fingerprint(Wish):
    """The fingerprint of a key, as it was confirmed by another channel."""

    fingerprint: Annotated[str, Field(max_length=100)]


class SeenCard(Wish):
    """Which very card a person has looked at."""

    digest: Annotated[str, Field(max_length=100, description="The card's `digest`.")]


class Motive(Wish):
    """Why; kept in the journal."""

    reason: Annotated[str, Field(max_length=2000)] = ""


class Ping(Shape):
    """What a partner's node answered just now."""

    url: str
    keys_match: Annotated[bool, Field(description="False: its keys are not those recorded; call before trusting it.")]
    milliseconds: float
    card: Annotated[
        Literal["none", "same", "changed", "refused", "unreachable"],
        Field(description="`changed`: a newer card waits for a person."),
    ]
    card_problem: Annotated[str | None, Field(description="Why its card was not taken, in the caller's language.")]
    seals_problem: Annotated[str | None, Field(description="Why its list of seal keys was not taken, and what to do.")]


class CatalogueDataset(Shape):
    """A dataset of a partner, as its catalogue shows it to us."""

    id: str
    title: str
    description: str
    keywords: list[str]
    licence: str
    formats: list[str]
    offers: list[dict[str, JsonValue]]


class CatalogueDatasetDetail(CatalogueDataset):
    """A dataset of a partner, with the rules of use of each offer in words."""

    terms: Annotated[
        dict[str, list[str]], Field(description="By identifier of the offer, a sentence for each of its rules.")
    ]


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
    return Peers(items=[known_peer(row) for row in page.items], next_cursor=page.following)


@router.post("/peers", status_code=201)
async def add_peer(node: Node, owner: Owner, by: By, wish: NewPeer, effect: Doing) -> Peer:
    """Record a partner: its documents and its card are fetched and its keys pinned now."""
    if (wish.did is None) == (wish.invitation is None):
        said = {"fr": "Donnez un DID ou une invitation.", "en": "Give a DID or an invitation."}
        raise Invalid(said, pointer="/invitation" if wish.invitation is not None else "/did")
    if wish.invitation is not None:
        invited = read_invitation(wish.invitation)
        did, fingerprint = invited.did, invited.fingerprint
    else:
        did, fingerprint = checked_did(wish.did or ""), None
    return await effect.of(
        lambda: node.introduce.add(owner, did, wish.name, fingerprint=fingerprint, by=by), lately_known
    )


@router.get("/peers/{did}")
async def show_peer(node: Node, owner: Owner, did: PeerDid) -> Peer:
    """Show a partner."""
    return known_peer(await node.inspect.peer(owner, did))


@router.delete("/peers/{did}", status_code=204)
async def remove_peer(node: Node, owner: Owner, by: By, did: PeerDid, effect: Putting) -> None:
    """Forget a partner and its pinned keys; what was negotiated and agreed stays."""
    version = version_of(peers.load, owner, did)
    await effect.of(lambda: node.introduce.remove(owner, did, by=by), lambda done: done, version)


@router.post("/peers/{did}/accept-key")
async def accept_key(node: Node, owner: Owner, by: By, did: PeerDid, wish: Fingerprint, effect: Doing) -> Peer:
    """Approve a key that was compared by another channel, in the place of the old one; what waited goes on."""
    version = version_of(peers.load, owner, did)
    return await effect.of(
        lambda: node.introduce.accept_key(owner, did, wish.fingerprint, by=by), lately_known, version
    )


@router.post("/peers/{did}/accept-card")
async def accept_card(node: Node, owner: Owner, by: By, did: PeerDid, wish: SeenCard, effect: Doing) -> Peer:
    """Take note of a partner's newer card, the one that was looked at."""
    version = version_of(peers.load, owner, did)
    return await effect.of(lambda: node.introduce.accept_card(owner, did, wish.digest, by=by), lately_known, version)


@router.put("/peers/{did}/framework")
async def set_framework(node: Node, owner: Owner, by: By, did: PeerDid, wish: NewFramework, effect: Putting) -> Peer:
    """Record the framework agreement with a partner; contracts that are drawn up from now on name it."""
    version = version_of(peers.load, owner, did)
    return await effect.of(
        lambda: node.introduce.set_framework(owner, did, wish.framework(), by=by), lately_known, version
    )


@router.delete("/peers/{did}/framework")
async def remove_framework(node: Node, owner: Owner, by: By, did: PeerDid, effect: Putting) -> Peer:
    """Record that there is no framework agreement with a partner; contracts that name one stay as they are."""
    version = version_of(peers.load, owner, did)
    return await effect.of(lambda: node.introduce.set_framework(owner, did, None, by=by), lately_known, version)


@router.post("/peers/{did}/block")
async def block_peer(node: Node, owner: Owner, by: By, did: PeerDid, effect: Doing, wish: Motive | None = None) -> Peer:
    """Deal with a partner no more: its messages are refused, its data are cut."""
    version = version_of(peers.load, owner, did)
    return await effect.of(
        lambda: node.introduce.block(owner, did, (wish or Motive()).reason, by=by), lately_known, version
    )


@router.post("/peers/{did}/unblock")
async def unblock_peer(node: Node, owner: Owner, by: By, did: PeerDid, effect: Doing) -> Peer:
    """Deal with a partner again, with the keys recorded for it."""
    version = version_of(peers.load, owner, did)
    return await effect.of(lambda: node.introduce.unblock(owner, did, by=by), lately_known, version)


@router.post("/peers/{did}/ping")
async def ping_peer(node: Node, owner: Owner, asker: Asking, did: PeerDid) -> Ping:
    """Ask a partner's node for its documents and its card now."""
    ping = await node.introduce.ping(owner, did)
    return Ping(
        url=ping.url,
        keys_match=ping.keys_match,
        milliseconds=round(ping.milliseconds, 3),
        card=ping.card,
        card_problem=ping.card_problem.say(asker.language) if ping.card_problem else None,
        seals_problem=_with_remedy(ping.seals_problem, asker.language),
    )


def _with_remedy(problem: Problem | None, language: str) -> str | None:
    return None if problem is None else f"{problem.say(language)} {problem.remedy[language]}"


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
async def show_catalogue_dataset(
    node: Node, owner: Owner, asker: Asking, did: PeerDid, dataset_id: Id
) -> CatalogueDatasetDetail:
    """Read one dataset of a partner's catalogue."""
    summary = await node.catalogue.look_up(owner, did, dataset_id)
    told = {str(offer["@id"]): terms.in_words(offer, asker.language) for offer in summary.offers}
    return CatalogueDatasetDetail(**_members(summary), terms=told)


def known_peer(known: Known) -> Peer:
    """Return what the API says of a partner."""
    row = known.peer
    silence = known.silence if row.status == "known" else None  # one that is held is not asked
    return Peer(
        did=row.did,
        name=row.name,
        url=row.url,
        status=row.status,
        pinned_keys=row.pinned,
        seen_keys=row.seen_keys,
        quarantined_at=row.quarantined_at,
        first_contact_at=row.first_contact_at,
        card=shown_card(stored(row.card)) if row.card else None,
        offered_card=offered_card(stored(row.offered_card)) if row.offered_card else None,
        framework=shown_framework(row.framework),
        silent_since=silence.since if silence else None,
        next_attempt_at=silence.retry_at if silence else None,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def lately_known(peer: Row) -> Peer:
    """Return what the API says of a partner of which something was just decided."""
    return known_peer(Known(peer, None))


def _summary(summary: Summary) -> CatalogueDataset:
    return CatalogueDataset(**_members(summary))


def _members(summary: Summary) -> dict[str, Any]:
    return {
        "id": summary.id,
        "title": summary.title,
        "description": summary.description,
        "keywords": list(summary.keywords),
        "licence": summary.licence,
        "formats": list(summary.formats),
        "offers": list(summary.offers),
    }
