"""Rows of transfer processes."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from connector.store import tables
from connector.store.db import Tx
from connector.store.processes import Process, Queries


@dataclass(slots=True, kw_only=True)
class Transfer(Process):
    """One side's record of a transfer process."""

    agreement: str
    dataset: str
    format: str
    data_address: dict[str, Any] | None = field(default=None, repr=False)
    """Where and how the bytes are to be had, as the provider's last start said; the consumer's side only.

    It holds the tokens: what is shown of it goes through services/redaction.py. None once the transfer has ended.
    """


queries = Queries(tables.transfers, Transfer)
load, peek, by_peer_pid, save, page = queries.load, queries.peek, queries.by_peer_pid, queries.save, queries.page


_UNDER_WAY = ("REQUESTED", "STARTED", "SUSPENDED")


def provided(tx: Tx, owner: str, *, peer: str | None = None, dataset: str | None = None) -> list[str]:
    """Return the transfers that we provide and that are under way, of a peer or a dataset, by their pid."""
    columns = tables.transfers.c
    query = select(columns.pid).where(columns.owner == owner, columns.role == "provider")
    query = query.where(columns.state.in_(_UNDER_WAY))
    if peer is not None:
        query = query.where(columns.peer == peer)
    if dataset is not None:
        query = query.where(columns.dataset == dataset)
    return list(tx.connection.execute(query.order_by(columns.pid)).scalars())


def under(tx: Tx, owner: str, agreement: str) -> list[str]:
    """Return the transfers under an agreement that are asked for or under way, in either role, by their pid."""
    columns = tables.transfers.c
    query = select(columns.pid).where(columns.owner == owner, columns.agreement == agreement)
    query = query.where(columns.state.in_(("INITIAL", *_UNDER_WAY)))
    return list(tx.connection.execute(query.order_by(columns.pid)).scalars())
