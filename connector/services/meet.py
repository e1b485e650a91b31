"""Meeting an organisation: what its documents show now, for a person who is about to decide whether to know it."""

from dataclasses import dataclass
from hashlib import sha256

from connector.identity import card as cards
from connector.identity import seal_history
from connector.identity.card import Card
from connector.identity.did import authentication_thumbprints, sealing_endpoint
from connector.identity.errors import FingerprintDiffers, SealsRefused
from connector.identity.seal_history import SealHistory
from connector.peer.discovery import Discovery
from connector.peer.documents import DidDocument
from connector.peer.errors import AnswerTooLarge, BadAnswer, PeerAddressRefused, Unreachable
from connector.problems import Invalid
from connector.store.peers import Peer

_NOT_NOW = (Unreachable, PeerAddressRefused, BadAnswer)


@dataclass(frozen=True, slots=True)
class Met:
    """An organisation as it shows itself: its address, the keys to pin, its card and its seal keys if it has any."""

    did: str
    url: str
    keys: frozenset[str]
    card: Card | None
    seals: SealHistory | None

    def peer(self, owner: str, name: str) -> Peer:
        """Return the row of a peer that was just met."""
        named = name or (self.card.legal_name if self.card else "") or self.did
        card, seals = self.card.jws if self.card else None, self.seals.text if self.seals else None
        pinned = sorted(self.keys)
        return Peer(owner=owner, did=self.did, name=named, url=self.url, pinned=pinned, card=card, seals=seals)


async def meet(discovery: Discovery, did: str, fingerprint: str | None = None) -> Met:
    """Return how the organisation shows itself now; with a fingerprint, that key alone is taken.

    Raises FingerprintDiffers, Invalid when no key may speak for the DID, CardRefused, SealsRefused, or what the peer
    room raises.
    """
    document = await discovery.refetch_did(did)
    shown = authentication_thumbprints(document)
    if not shown:
        raise Invalid("The DID document names no key that may speak for it.", pointer="/did")
    if fingerprint is not None and fingerprint not in shown:
        fr, en = "Elle montre", "It shows"
        named = ", ".join(sorted(shown))
        raise FingerprintDiffers({"fr": f"{fr} : {named}.", "en": f"{en}: {named}."})
    keys = frozenset({fingerprint}) if fingerprint is not None else shown
    url = await discovery.find_dsp_base_of(document)
    try:
        card = await fetch_card(discovery, document, keys)
    except _NOT_NOW:
        card = None  # what it says of itself can be had later; who it is does not depend on it
    try:
        seals = await fetch_seals(discovery, document, keys)
    except _NOT_NOW:
        seals = None  # asked for again before the first contract
    return Met(document.did, url, keys, card, seals)


async def fetch_card(discovery: Discovery, document: DidDocument, pinned: frozenset[str]) -> Card | None:
    """Return the party card, proven by one of the keys; None when there is none.

    Raises CardRefused for one that proves nothing, Unreachable, PeerAddressRefused, BadAnswer.
    """
    try:
        raw = await discovery.read_beside(document.did, cards.FILE)
    except AnswerTooLarge:
        return None  # some page that the host shows for any address
    if raw is None or not cards.looks_like_card(raw):
        return None
    return cards.verify(raw, document, pinned)


async def fetch_seals(
    discovery: Discovery, document: DidDocument, pinned: frozenset[str], known: SealHistory | None = None
) -> SealHistory | None:
    """Return the list of the peer's seal keys, signed by one of the keys; None when it does not seal contracts.

    Raises SealsRefused, also when the document says that the peer seals and there is no list; Unreachable,
    PeerAddressRefused, BadAnswer.
    """
    if sealing_endpoint(document) is None and known is None:
        return None
    try:
        raw = await discovery.read_beside(document.did, seal_history.FILE, limit_bytes=seal_history.LIMIT_BYTES)
    except AnswerTooLarge as error:
        raise SealsRefused("too-large") from error
    if raw is None:
        raise SealsRefused("missing")
    return seal_history.verify(raw, document, pinned, known, now=discovery.clock.now())


def digest(jws: str) -> str:
    """Return the name of one very card: SHA-256 of its text, in hexadecimal."""
    return sha256(jws.encode()).hexdigest()
