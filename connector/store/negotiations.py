"""Rows of contract negotiations."""

from dataclasses import dataclass

from connector.store import tables
from connector.store.processes import Process, Queries


@dataclass(slots=True, kw_only=True)
class Negotiation(Process):
    """One side's record of a contract negotiation."""

    dataset: str
    offer_id: str
    """The identifier of the published offer from which the negotiation started."""
    offer: str
    """The offer now on the table, JSON text as it was sent or received."""
    offer_by: str
    """Who laid it there: `consumer` or `provider`."""
    requested: str | None = None
    """What the consumer last asked for, JSON text."""
    agreement: str | None = None
    request_card: str | None = None
    """What the consumer declares beside its request, the text that travels."""


queries = Queries(tables.negotiations, Negotiation, puts_off=True)
load, peek, by_peer_pid, save, page = queries.load, queries.peek, queries.by_peer_pid, queries.save, queries.page
