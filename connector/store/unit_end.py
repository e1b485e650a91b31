"""The end of a unit: what its parts have put off is written, before the store commits."""

from connector.store import contracts, events, journal, processes
from connector.store.db import Tx
from connector.store.due import write


def flush(tx: Tx) -> None:
    """Write what is due. Raises StaleVersion."""
    write(tx.connection, [*processes.due(tx), *contracts.due(tx), *journal.due(tx), *events.due(tx)])
