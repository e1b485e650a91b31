"""Verbs of acquaintance: whom an owner knows, with which keys, and what each says of itself.

Adding a peer pins the keys of its DID document; from then on another key puts the peer into quarantine until a person
has looked: nothing is sent to it, nothing is taken from it, everything waits. The address of its protocol comes from
the document and its version document, never from a message. Each decision stands in the journal of the peer, which is
named by its DID. Strangers are inbox.py's; the fetching is meet.py's.
"""

import time
from dataclasses import dataclass
from typing import Any, Literal

from connector.dataplane.transfers import http_pull
from connector.identity.card import Card, stored
from connector.identity.did import authentication_thumbprints
from connector.identity.errors import CardRefused, FingerprintDiffers
from connector.identity.invitation import check_fingerprint
from connector.identity.scheme import Standing
from connector.peer.discovery import Discovery
from connector.peer.documents import DidDocument, normal_did
from connector.problems import Conflict, NotFound, Problem
from connector.services import attest, deciders, frameworks, key_lists, meet
from connector.services.deciders import Decider
from connector.services.peer_seals import PeerSeals
from connector.store import jobs, journal, peers
from connector.store.db import Store, Tx
from connector.store.peers import BLOCKED, KNOWN, QUARANTINED, Peer
from contracts.document import Framework

TOPIC = "peers"
"""Signalled when a peer is added, changed or removed."""
REMEMBERED = 10_000
SEEN_KEYS = 10
"""How many unknown keys of one peer are kept for a person to look at."""


CardNews = Literal["none", "same", "changed", "refused", "unreachable"]


@dataclass(frozen=True, slots=True)
class Ping:
    """What a peer answered: its DSP base, whether its keys are the pinned ones, and the round trip in milliseconds."""

    url: str
    keys_match: bool
    milliseconds: float
    card: CardNews
    """`changed`: a person should look."""
    card_problem: Problem | None
    seals_problem: Problem | None
    """Why its list of seal keys was not taken."""


class Introduce:
    """Known peers."""

    def __init__(self, store: Store, discovery: Discovery) -> None:
        self._store = store
        self._discovery = discovery
        self._standings: dict[tuple[str, str], Standing | None] = {}
        self.seals = PeerSeals(store, discovery)
        store.subscribe(TOPIC, self._forget)

    # --- a person decides ---------------------------------------------------------------------------------------------

    async def add(self, owner: str, did: str, name: str = "", *, fingerprint: str | None = None, by: Decider) -> Peer:
        """Record a peer, pin its keys and keep its card; with a fingerprint, that key alone, if it is shown.

        Raises Conflict when it is known, FingerprintDiffers, CardRefused, or what the peer room raises.
        """
        did = normal_did(did)
        met = await meet.meet(self._discovery, did, fingerprint)

        def unit(tx: Tx) -> Peer:
            if peers.find(tx, owner, did) is not None:
                raise Conflict(did)
            peer = met.peer(owner, name)
            peers.put(tx, peer)
            if met.seals is not None:
                key_lists.keep(tx, owner, met.seals)
            _tell_peer(tx, peer, "peer-added", by, keys=peer.pinned, compared=fingerprint is not None, card=peer.card)
            tx.signal(TOPIC, did)
            return peer

        return await self._store.write(unit)

    async def remove(self, owner: str, did: str, *, by: Decider) -> None:
        """Forget a peer with its pinned keys; processes and agreements stay, and what it said of its seal keys.

        Raises NotFound.
        """
        did = normal_did(did)

        def unit(tx: Tx) -> None:
            peer = peers.claim(tx, owner, did)
            attest.forget(tx, owner, did, by)
            key_lists.keep_pinned(tx, peer)
            _tell_peer(tx, peer, "peer-removed", by)
            peers.remove(tx, owner, did)
            tx.signal(TOPIC, did)

        await self._store.write(unit)

    async def accept_key(self, owner: str, did: str, fingerprint: str, *, by: Decider) -> Peer:
        """Pin a key that a person compared, in the place of those that are gone, and let all that waited go on.

        Raises NotFound, Conflict for a blocked peer, FingerprintDiffers unless the peer shows that key now.
        """
        check_fingerprint(fingerprint)
        await self._store.read(lambda tx: peers.load(tx, owner, did))
        document = await self._discovery.refetch_did(did)
        url = await self._discovery.find_dsp_base_of(document)
        shown = authentication_thumbprints(document)
        if fingerprint not in shown:
            raise FingerprintDiffers(", ".join(sorted(shown)))

        def unit(tx: Tx) -> Peer:
            peer = peers.claim(tx, owner, did)
            if peer.status == BLOCKED:
                raise Conflict({"fr": "Ce partenaire est bloqué.", "en": "This partner is blocked."})
            before, peer.pinned = peer.pinned, sorted({fingerprint} | (set(peer.pinned) & shown))
            peer.url = url
            _tell_peer(tx, peer, "key-accepted", by, old=before, new=peer.pinned)
            return _trust(tx, peer)

        return await self._store.write(unit)

    async def accept_card(self, owner: str, did: str, digest: str, *, by: Decider) -> Peer:
        """Take note of the newer card that the peer offers, the one that the person saw.

        Raises NotFound when there is none, Conflict when it is another one by now.
        """

        def unit(tx: Tx) -> Peer:
            peer = peers.claim(tx, owner, did)
            if peer.offered_card is None:
                raise NotFound(did)
            if meet.digest(peer.offered_card) != digest:
                fr = "La fiche proposée a changé entre-temps : relisez-la."
                raise Conflict({"fr": fr, "en": "The card that is offered has changed meanwhile: read it again."})
            _tell_peer(tx, peer, "card-accepted", by, old=peer.card, new=peer.offered_card)
            peer.card, peer.offered_card = peer.offered_card, None
            peers.put(tx, peer)
            return peer

        return await self._store.write(unit)

    async def set_framework(self, owner: str, did: str, framework: Framework | None, *, by: Decider) -> Peer:
        """Record the framework agreement with a peer, or that there is none. Raises NotFound, Invalid."""
        told = None if framework is None else frameworks.written(framework)

        def unit(tx: Tx) -> Peer:
            peer = peers.claim(tx, owner, did)
            if peer.framework != told:
                _tell_peer(tx, peer, "framework-set", by, old=peer.framework, new=told)
                peer.framework = told
                peers.put(tx, peer)
            return peer

        return await self._store.write(unit)

    async def block(self, owner: str, did: str, reason: str = "", *, by: Decider) -> Peer:
        """Deal with a peer no more: its messages are refused for good, its data are cut. Raises NotFound."""

        def unit(tx: Tx) -> Peer:
            peer = peers.claim(tx, owner, did)
            peer.status = BLOCKED
            _tell_peer(tx, peer, "peer-blocked", by, reason=reason)
            peers.put(tx, peer)
            http_pull.hold_back(tx, owner, did)
            tx.signal(TOPIC, did)
            return peer

        return await self._store.write(unit)

    async def unblock(self, owner: str, did: str, *, by: Decider) -> Peer:
        """Deal with a peer again, with the keys that were pinned. Raises NotFound, Conflict when it is not blocked."""

        def unit(tx: Tx) -> Peer:
            peer = peers.claim(tx, owner, did)
            if peer.status != BLOCKED:
                raise Conflict(f"{did} : {peer.status}")
            if not peer.url:
                fr = "Cet organisme a été refusé avant d’être connu : admettez-le (« pupitre inbox admit »)."
                raise Conflict({"fr": fr, "en": "It was refused before it was known: “pupitre inbox admit” it."})
            _tell_peer(tx, peer, "peer-unblocked", by)
            return _trust(tx, peer)

        return await self._store.write(unit)

    # --- the node looks -----------------------------------------------------------------------------------------------

    async def ping(self, owner: str, did: str) -> Ping:
        """Ask a known peer for its documents and its card now. Raises NotFound, or what the peer room raises.

        A peer that shows none of its pinned keys any more is put into quarantine; a newer card is kept for a person;
        what its signed list says of its seal keys is pinned.
        """
        peer = await self._store.read(lambda tx: peers.load(tx, owner, normal_did(did)))
        began = time.monotonic()
        document = await self._discovery.refetch_did(peer.did)
        url = await self._discovery.find_dsp_base_of(document)
        milliseconds = (time.monotonic() - began) * 1000
        shown, pinned = authentication_thumbprints(document), frozenset(peer.pinned)
        if shown and not shown & pinned:
            await self.quarantine(owner, peer.did, shown)
        card, problem = await self._refresh_card(peer, document)
        refused = await self.seals.refresh(owner, peer.did)
        return Ping(url, shown <= pinned, milliseconds, card, problem, refused)

    async def look_at_card(self, owner: str, did: str) -> CardNews:
        """Ask a known peer for its card alone, and keep a newer one for a person.

        Raises NotFound, or what the peer room raises.
        """
        peer = await self._store.read(lambda tx: peers.load(tx, owner, normal_did(did)))
        news, _ = await self._refresh_card(peer, await self._discovery.refetch_did(peer.did))
        return news

    async def card_of(self, did: str, peer: Peer | None) -> str | None:
        """Return the peer's card: the one that was taken note of, else the one it shows now, signed by a pinned key.

        `peer` is its row, None when the owner does not know it. Raises CardRefused, or what the peer room raises.
        """
        if peer is not None and peer.card is not None:
            return peer.card
        document = await self._discovery.resolve_did(did)
        pinned = frozenset(peer.pinned) if peer is not None else authentication_thumbprints(document)
        found = await meet.fetch_card(self._discovery, document, pinned)
        return found.jws if found is not None else None

    async def _refresh_card(self, peer: Peer, document: DidDocument) -> tuple[CardNews, Problem | None]:
        """Look at the peer's card, and keep a newer one for a person."""
        try:
            found = await meet.fetch_card(self._discovery, document, frozenset(peer.pinned))
        except CardRefused as problem:
            return "refused", problem
        except Problem as problem:
            return "unreachable", problem
        known = stored(peer.card) if peer.card else None
        if found is None or found == known:
            return "none" if found is None else "same", None
        if known is not None and found.issued_at <= known.issued_at:
            return "refused", CardRefused("older")
        await self._offer_card(peer, found)
        return "changed", None

    async def _offer_card(self, peer: Peer, found: Card) -> None:
        def unit(tx: Tx) -> None:
            now = peers.claim(tx, peer.owner, peer.did)
            if now.offered_card is None or stored(now.offered_card) != found:
                now.offered_card = found.jws
                peers.put(tx, now)
                journal.append(tx, now.owner, now.did, "card-offered", {"old": now.card, "new": found.jws})

        await self._store.write(unit)

    async def standing(self, owner: str, did: str) -> Standing | None:
        """Return how the owner stands to the peer, None for a stranger. Asked for every message received or sent."""
        key, standings = (owner, did), self._standings
        if key in standings and self._store.signals_are_live:
            return standings[key]
        peer = await self._store.read(lambda tx: peers.find(tx, owner, did))
        if len(standings) >= REMEMBERED:
            standings.clear()
        # Into the very dictionary that was looked at: if a signal came meanwhile, it is no longer the one in use.
        seen = None if peer is None else Standing(frozenset(peer.pinned), peer.status, frozenset(peer.seen_keys))
        standings[key] = seen
        return seen

    async def quarantine(self, owner: str, did: str, thumbprints: frozenset[str]) -> None:
        """Record that a known peer's domain shows keys that nobody approved; from the commit on everything waits."""
        standing = await self.standing(owner, did)
        if standing is None or (standing.status == QUARANTINED and thumbprints <= standing.seen):
            return

        def unit(tx: Tx) -> None:
            peer = peers.claim(tx, owner, did)
            new = sorted(thumbprints - {*peer.seen_keys, *peer.pinned})
            if peer.status == BLOCKED or not new or len(peer.seen_keys) >= SEEN_KEYS:
                return
            peer.quarantined_at = peer.quarantined_at or tx.now
            peer.status, peer.seen_keys = QUARANTINED, (peer.seen_keys + new)[:SEEN_KEYS]
            peers.put(tx, peer)
            journal.append(tx, owner, did, "key-changed", {"pinned": peer.pinned, "seen": new})
            http_pull.hold_back(tx, owner, did)
            tx.signal(TOPIC, did)

        await self._store.write(unit)

    def _forget(self, _: str) -> None:
        self._standings = {}


def _tell_peer(tx: Tx, peer: Peer, kind: str, by: Decider, **said: Any) -> None:
    """Write in the peer's journal what was decided, and who decided."""
    journal.append(tx, peer.owner, peer.did, kind, {**said, deciders.MEMBER: deciders.told(by)})


def _trust(tx: Tx, peer: Peer) -> Peer:
    """Have a peer known again, and have all that waited for it tried at once."""
    peer.status, peer.quarantined_at, peer.seen_keys = KNOWN, None, []
    peers.put(tx, peer)
    jobs.peer_spoke(tx, peer.owner, peer.did)
    tx.signal(TOPIC, peer.did)
    return peer
