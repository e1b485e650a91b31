"""Rows of transfer processes."""

from dataclasses import dataclass, field
from typing import Any

from connector.store import tables
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
