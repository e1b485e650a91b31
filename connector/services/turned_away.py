"""The trace of a request that no process remembers: a partner asked for an offer whose terms do not permit it any more.

Its message changed nothing, so nothing of it is stored with a negotiation. The owner reads in the partner's journal and
among the events what was asked for and why it was refused, in full. A partner that asks without end writes no journal
without end: the same refusal is written once a day, and of one partner `MOST_IN_A_DAY`.
"""

import logging
from datetime import timedelta

from connector.problems import Unavailable
from connector.services.permits import OfferClosed
from connector.store import events, journal, peers
from connector.store.db import Store, Tx

KIND, EVENT = "request-closed", "request.closed"
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
        if not _is_enough(tx, owner, did, closed.offer):
            journal.append(tx, owner, did, "request-closed", entry)
            events.append(tx, owner, EVENT, closed.offer, did, dataset=closed.dataset, explained=closed.explained)

    try:
        await store.write(unit)
    except Unavailable:  # the partner is refused whatever happens
        log.warning("a refused request leaves no trace", extra={"owner": owner, "peer": did})


def _is_enough(tx: Tx, owner: str, did: str, offer: str) -> bool:
    latest = journal.latest(tx, owner, did, _LOOKED_BACK)
    lately = [one for one in latest if one.kind == KIND and tx.now - one.at < DAY]
    return len(lately) >= MOST_IN_A_DAY or any(one.entry.get("offer") == offer for one in lately)
