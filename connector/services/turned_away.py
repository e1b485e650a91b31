"""The trace of what was refused and changed nothing: the owner reads in a journal what came, and why it was not taken.

A partner asked for an offer whose terms do not permit it any more: nothing of that is stored with a negotiation, so it
stands in the partner's journal and among the events, in full. A partner handed in evidence that is none: that stands in
the journal of the contract's negotiation. Who tries without end writes no journal without end: the same refusal is
written once a day, and in one journal `MOST_IN_A_DAY`.
"""

import logging
from collections.abc import Callable
from datetime import timedelta

from connector.problems import Unavailable
from connector.services.permits import OfferClosed
from connector.store import events, journal, negotiations, peers
from connector.store.contracts import StoredContract
from connector.store.db import Store, Tx

KIND, EVENT = "request-closed", "request.closed"
EVIDENCE_KIND = "evidence-refused"
MOST_IN_A_DAY = 10
DAY = timedelta(days=1)
_LOOKED_BACK = 200
log = logging.getLogger("pupitre.services")


async def note(store: Store, owner: str, did: str, closed: OfferClosed) -> None:
    """Write what a known partner asked for in vain, within the bounds; a stranger's request leaves no trace."""

    def unit(tx: Tx) -> None:
        if peers.find(tx, owner, did) is None:
            return
        peers.claim(tx, owner, did)
        entry = {"offer": closed.offer, "dataset": closed.dataset, "explained": closed.explained}
        if not _is_enough(tx, owner, did, KIND, offer=closed.offer):
            journal.append(tx, owner, did, "request-closed", entry)
            events.append(tx, owner, EVENT, closed.offer, did, dataset=closed.dataset, explained=closed.explained)

    await _write(store, unit, owner, did)


async def note_evidence(store: Store, contract: StoredContract, sha256: str, problem: str) -> None:
    """Write that a partner's evidence about a contract was refused, and why (a code), within the bounds."""
    owner, negotiation = contract.owner, contract.negotiation

    def unit(tx: Tx) -> None:
        negotiations.load(tx, owner, negotiation)
        if not _is_enough(tx, owner, negotiation, EVIDENCE_KIND, sha256=sha256):
            entry = {"contract": contract.id, "from": contract.peer, "sha256": sha256, "problem": problem}
            journal.append(tx, owner, negotiation, "evidence-refused", entry)

    await _write(store, unit, owner, contract.peer)


async def _write(store: Store, unit: Callable[[Tx], None], owner: str, did: str) -> None:
    try:
        await store.write(unit)
    except Unavailable:  # the partner is refused whatever happens
        log.warning("a refused request leaves no trace", extra={"owner": owner, "peer": did})


def _is_enough(tx: Tx, owner: str, process: str, kind: str, **same: str) -> bool:
    latest = journal.latest(tx, owner, process, _LOOKED_BACK)
    lately = [one.entry for one in latest if one.kind == kind and tx.now - one.at < DAY]
    return len(lately) >= MOST_IN_A_DAY or any(same.items() <= one.items() for one in lately)
