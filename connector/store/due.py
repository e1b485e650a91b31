"""What a unit has put off until its end: written together, which on PostgreSQL is one journey instead of many."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from connector.store.errors import StaleVersion
from connector.store.prepared import Prepared, Values, change_together


@dataclass(frozen=True, slots=True)
class Due:
    """One change that is due, and its rows."""

    statement: Prepared
    rows: Sequence[Values]
    swaps: str | None = None
    """What is written by compare-and-swap, where it is: its row is met, or somebody else was faster."""


def write(connection: Connection, due: Sequence[Due]) -> None:
    """Write all of it. Raises StaleVersion."""
    met = change_together(connection, [(one.statement, one.rows) for one in due])
    for one, count in zip(due, met, strict=True):
        if one.swaps is not None and count != 1:
            raise StaleVersion(one.swaps)
