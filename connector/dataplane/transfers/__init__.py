"""Transfer types, one file each: what a transfer of a format says in its messages, and what it does with its moves.

The verbs are called inside the transaction that moves the transfer, so that leave to send or to take bytes lives and
dies with its state, in the same commit. tests/dataplane/transfers holds the suite that each type passes. What the
messages are and when they are legal is not here: see services/transfer.py.
"""

from dataclasses import dataclass
from typing import Protocol

from connector.protocol.machine import Role
from connector.protocol.messages import DataAddress
from connector.store.db import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A transfer, as its type sees it."""

    owner: str
    transfer: str
    peer: str
    role: Role
    state: str
    pending: str | None
    base: str
    """The owner's public address, without a slash at the end."""


class TransferType(Protocol):
    """What a format does."""

    format: str

    def check(self, address: DataAddress | None) -> None:
        """As provider: raise Invalid unless a request of this format may carry this address."""

    def ask(self, tx: Tx, subject: Subject) -> DataAddress | None:
        """As consumer: return the address that our request carries; the transfer's row exists if there is one."""

    def start(self, tx: Tx, subject: Subject) -> DataAddress | None:
        """As provider: return the address that our start carries, good from the commit on."""

    def told(self, tx: Tx, subject: Subject, address: DataAddress) -> None:
        """Take note of the address that the peer's start carries; it replaces the one before. Raises Invalid."""

    def moved(self, tx: Tx, subject: Subject) -> None:
        """Draw the consequences of a move, by whichever side."""

    def stop(self, tx: Tx, subject: Subject) -> None:
        """Let no byte pass from the commit on; harmless when none did. A start opens anew."""
