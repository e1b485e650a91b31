"""What the parties of a contract said of their seal keys, and when this node knew it.

A list that another one takes the place of is kept, and so is one of a partner that is removed. For a contract the list
that was in force here when it was concluded is found by that instant, which its journal tells: nothing is written for
it. What each list is worth is weighed where seals are checked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from connector.identity import seal_history
from connector.identity.seal_history import SealHistory
from connector.protocol import negotiation as n
from connector.store import peers, seal_lists
from connector.store.contracts import StoredContract
from connector.store.db import Tx
from connector.store.journal import Entry
from connector.store.peers import Peer
from contracts.convention import Revocation
from contracts.convention.proof import Revoked


def keep(tx: Tx, owner: str, history: SealHistory) -> None:
    """Keep a list that was just taken, or that says something new of our own keys."""
    seal_lists.keep(tx, owner, history.did, history.text, history.issued_at)


def keep_pinned(tx: Tx, peer: Peer) -> None:
    """Keep the list that is pinned with a peer, before it is not any more; known since the peer's journal says so.

    It is kept already, unless it was pinned by a program that kept none.
    """
    if peer.seals is not None:
        since = seal_lists.taken_at(tx, peer.owner, peer.did) or peer.created_at
        issued_at = seal_history.stored(peer.seals).issued_at
        seal_lists.keep(tx, peer.owner, peer.did, peer.seals, issued_at, received_at=since)


@dataclass(frozen=True, slots=True)
class Word:
    """What one party said of its keys: in the list as it is now, and in the one that was in force at the conclusion."""

    did: str
    now: SealHistory | None
    """None: none is known here."""
    then: SealHistory | None
    """None: it is not kept, or says the same."""

    @property
    def lists(self) -> list[SealHistory]:
        """The lists that there are, by their own dates, the first word first."""
        return sorted((one for one in (self.then, self.now) if one is not None), key=lambda one: one.issued_at)


Said: TypeAlias = Mapping[str, Word]
"""What both parties of a contract said, by their DID."""


def said_by_both(tx: Tx, contract: StoredContract, history: Iterable[Entry], did: str, own: SealHistory | None) -> Said:
    """Return what both parties said; `did` and `own` are ours, `history` is the journal of the negotiation."""
    peer = peers.find(tx, contract.owner, contract.peer)
    theirs = seal_history.stored(peer.seals) if peer is not None and peer.seals is not None else None
    at = next((entry.at for entry in history if entry.entry.get("state") == n.FINALIZED), None)
    return {one: _word(tx, contract.owner, one, now, at) for one, now in ((did, own), (contract.peer, theirs))}


def _word(tx: Tx, owner: str, did: str, now: SealHistory | None, at: datetime | None) -> Word:
    kept = None if at is None else seal_lists.in_force(tx, owner, did, at)
    then = None if kept is None else seal_history.stored(kept.jws)
    return Word(did, now, None if then is not None and now is not None and then.keys == now.keys else then)


def revoked(said: Said) -> Revoked:
    """Return the seal keys of either party that are revoked, as it announced that first.

    A revocation of which an earlier list says nothing counts as announced later, whatever the date of its list.
    """
    found: dict[str, Revocation] = {}
    for word in said.values():
        for kid in {key.kid for one in word.lists for key in one.keys}:
            told = seal_history.announced(kid, word.lists)
            if told is not None:
                found[kid] = Revocation(told.at, told.reason, None if told.silent_at else told.listed_at)
    return found


def certificates(said: Said) -> dict[str, str]:
    """Return the keys that either party listed, as far as it is known here, with the digests of their certificates."""
    return {key.kid: key.certificate_sha256 for word in said.values() for one in word.lists for key in one.keys}
