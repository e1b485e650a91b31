"""Meeting an organisation: what its documents show now, for a person who is about to decide whether to know it."""

from dataclasses import dataclass
from hashlib import sha256

from connector.identity import card as cards
from connector.identity.card import Card
from connector.identity.did import authentication_thumbprints
from connector.identity.errors import FingerprintDiffers
from connector.peer.discovery import Discovery
from connector.peer.documents import DidDocument
from connector.peer.errors import AnswerTooLarge, BadAnswer, PeerAddressRefused, Unreachable
from connector.problems import Invalid
from connector.store.peers import Peer

_NOT_NOW = (Unreachable, PeerAddressRefused, BadAnswer)


@dataclass(frozen=True, slots=True)
class Met:
    """An organisation as it shows itself: its address, the keys to pin, and its card if it has one."""

    did: str
    url: str
    keys: frozenset[str]
    card: Card | None

    def peer(self, owner: str, name: str) -> Peer:
        """Return the row of a peer that was just met."""
        named = name or (self.card.legal_name if self.card else "") or self.did
        card = self.card.jws if self.card else None
        return Peer(owner=owner, did=self.did, name=named, url=self.url, pinned=sorted(self.keys), card=card)


async def meet(discovery: Discovery, did: str, fingerprint: str | None = None) -> Met:
    """Return how the organisation shows itself now; with a fingerprint, that key alone is taken.

    Raises FingerprintDiffers, Invalid when no key may speak for the DID, CardRefused, or what the peer room raises.
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
    return Met(document.did, url, keys, card)


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


def digest(jws: str) -> str:
    """Return the name of one very card: SHA-256 of its text, in hexadecimal."""
    return sha256(jws.encode()).hexdigest()
