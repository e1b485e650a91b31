"""Verbs of acquaintance: whom an owner knows, and with which keys.

Adding a peer pins the keys of its DID document; from then on another key is refused until a person looks. The address
of its protocol comes from the document and its version document, never from a message.
"""

import time
from dataclasses import dataclass

from connector.identity.did import authentication_thumbprints
from connector.peer.discovery import Discovery
from connector.peer.documents import normal_did
from connector.problems import Conflict, Invalid
from connector.store import peers
from connector.store.db import Store, Tx
from connector.store.peers import Peer

TOPIC = "peers"
"""Signalled when a peer is added, changed or removed."""
REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Ping:
    """What a peer answered: its DSP base, whether its keys are the pinned ones, and the round trip in milliseconds."""

    url: str
    keys_match: bool
    milliseconds: float


class Introduce:
    """Known peers."""

    def __init__(self, store: Store, discovery: Discovery) -> None:
        self._store = store
        self._discovery = discovery
        self._pins: dict[tuple[str, str], frozenset[str] | None] = {}
        store.subscribe(TOPIC, self._forget)

    async def add(self, owner: str, did: str, name: str = "") -> Peer:
        """Record a peer and pin its keys. Raises Conflict when it is known, or what the peer room raises."""
        did = normal_did(did)
        document = await self._discovery.refetch_did(did)
        url = await self._discovery.find_dsp_base_of(document)
        pinned = sorted(authentication_thumbprints(document))
        if not pinned:
            raise Invalid("The DID document names no key that may speak for it.", pointer="/did")

        def unit(tx: Tx) -> Peer:
            if peers.find(tx, owner, did) is not None:
                raise Conflict(did)
            peer = Peer(owner=owner, did=did, name=name or did, url=url, pinned=pinned)
            peers.put(tx, peer)
            tx.signal(TOPIC, did)
            return peer

        return await self._store.write(unit)

    async def remove(self, owner: str, did: str) -> None:
        """Forget a peer with its pinned keys; processes and agreements stay. Raises NotFound."""

        def unit(tx: Tx) -> None:
            peers.remove(tx, owner, normal_did(did))
            tx.signal(TOPIC, did)

        await self._store.write(unit)

    async def ping(self, owner: str, did: str) -> Ping:
        """Ask a known peer for its documents now. Raises NotFound, or what the peer room raises."""
        peer = await self._store.read(lambda tx: peers.load(tx, owner, normal_did(did)))
        began = time.monotonic()
        document = await self._discovery.refetch_did(peer.did)
        url = await self._discovery.find_dsp_base_of(document)
        keys_match = authentication_thumbprints(document) <= set(peer.pinned)
        return Ping(url, keys_match, (time.monotonic() - began) * 1000)

    async def pinned(self, owner: str, did: str) -> frozenset[str] | None:
        """Return the thumbprints of the peer's pinned keys, None for a stranger. Asked for every message received."""
        key, pins = (owner, did), self._pins
        if key in pins and self._store.signals_are_live:
            return pins[key]
        peer = await self._store.read(lambda tx: peers.find(tx, owner, did))
        if len(pins) >= REMEMBERED:
            pins.clear()
        # Into the very dictionary that was looked at: if a signal came meanwhile, it is no longer the one in use.
        pins[key] = None if peer is None else frozenset(peer.pinned)
        return pins[key]

    def _forget(self, _: str) -> None:
        self._pins = {}
