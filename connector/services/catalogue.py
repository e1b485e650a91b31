"""Verbs of the catalogue: what a partner may see of ours, and what we may see of a partner's."""

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from connector.catalogue import listing
from connector.catalogue.landmarks import Landmarks
from connector.catalogue.listing import Page
from connector.identity.addresses import Addresses
from connector.identity.scheme import Participant, Scheme
from connector.peer.client import Client
from connector.problems import Invalid, Problem
from connector.protocol import catalog, messages, pages
from connector.protocol.catalog import Summary
from connector.protocol.pages import Query
from connector.protocol.refusals import read_refusal
from connector.services import permits
from connector.store import peers
from connector.store.datasets import StoredOffer
from connector.store.db import Store, Tx
from connector.store.peers import Peer


class PeerRefused(Problem):
    """The peer answered, and the answer was no."""

    code = "peer-refused"
    status = 502
    title: ClassVar[dict[str, str]] = {"fr": "Le partenaire a refusé.", "en": "The partner refused."}
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Lisez son motif ; s’il ne suffit pas, appelez-le.",
        "en": "Read its reason; if that does not help, call this partner.",
    }


@dataclass(frozen=True, slots=True)
class PeerPage:
    """A page of a peer's catalogue, and the opaque text that stands for its neighbours."""

    participant: str
    datasets: list[Summary]
    following: str | None
    previous: str | None


class Catalogue:
    """The catalogue, seen from both sides."""

    def __init__(self, store: Store, addresses: Addresses, client: Client, identity: Scheme) -> None:
        self._store = store
        self._addresses = addresses
        self._client = client
        self._identity = identity
        self._landmarks = Landmarks(store)

    async def page(self, owner: str, caller: Participant, query: Query) -> Page:
        """Return a page of our catalogue as the caller may see it."""

        known, changes = self._landmarks.before(owner, query.offset), self._landmarks.changes

        def unit(tx: Tx) -> Page:
            return listing.page(tx, self._addresses, owner, query, _visible_to(caller, tx), known)

        page = await self._store.read(unit)
        for landmark in page.landmarks:
            self._landmarks.keep(owner, landmark, changes)
        return page

    async def dataset(self, owner: str, caller: Participant, dataset_id: str) -> str:
        """Return one dataset as the caller may see it. Raises NotFound."""

        def unit(tx: Tx) -> str:
            return listing.one(tx, self._addresses, owner, dataset_id, _visible_to(caller, tx))

        return await self._store.read(unit)

    async def browse(self, owner: str, peer_did: str, *, limit: int = 50, cursor: str | None = None) -> PeerPage:
        """Return a page of a known peer's catalogue. Raises NotFound, PeerRefused, or what the peer room raises.

        `cursor` is a neighbour's address as an earlier page gave it; it must lie below the peer's own base.
        """
        peer = await self._store.read(lambda tx: peers.load(tx, owner, peer_did))
        url = _page_url(peer, cursor)
        spec = {"@type": "QuerySpec", "limit": limit, "offset": 0}
        body = messages.render(messages.CatalogRequestMessage(filter=(spec,)))
        answer = await self._client.post(url, await self._identity.token_for(owner, peer_did), body)
        if not answer.is_success:
            refusal = read_refusal(answer.body)
            raise PeerRefused(f"{answer.status} {'; '.join(refusal.reasons)}".strip())
        page = messages.parse(messages.Catalog, answer.body)
        link = answer.headers.get("link")
        return PeerPage(
            participant=page.participant_id,
            datasets=[catalog.summary_of(node) for node in catalog.datasets_of(page)],
            following=pages.next_link(link, url),
            previous=pages.previous_link(link, url),
        )

    async def look_up(self, owner: str, peer_did: str, dataset_id: str) -> Summary:
        """Return one dataset of a peer. Raises NotFound, PeerRefused, or what the peer room raises."""
        peer = await self._store.read(lambda tx: peers.load(tx, owner, peer_did))
        url = f"{peer.url}/catalog/datasets/{dataset_id}"
        answer = await self._client.get(url, await self._identity.token_for(owner, peer_did))
        if not answer.is_success:
            refusal = read_refusal(answer.body)
            raise PeerRefused(f"{answer.status} {'; '.join(refusal.reasons)}".strip())
        return catalog.summary_of(messages.document(messages.parse(messages.Dataset, answer.body)))


def _visible_to(caller: Participant, tx: Tx) -> listing.Visible:
    def visible(offer: StoredOffer) -> bool:
        return permits.visible(tx, offer, caller.did)

    return visible


def _page_url(peer: Peer, cursor: str | None) -> str:
    """Return the page's address: a link is followed only where the peer itself lives."""
    if cursor is None:
        return f"{peer.url}/catalog/request"
    if urlsplit(cursor)[:2] != urlsplit(peer.url)[:2]:
        raise Invalid("The cursor leads away from this peer.", pointer="/cursor")
    return cursor
