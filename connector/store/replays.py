"""Ids of identity tokens already seen, for replicas that share a database."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from connector.store.db import Tx
from connector.store.tables import replays


def remember(tx: Tx, issuer: str, token_id: str, expires_at: datetime) -> bool:
    """Keep the id and return True, or return False when it was kept before.

    One statement, so that of two replicas that see the same token at once one is told False.
    """
    dialect = postgresql if tx.connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(replays).on_conflict_do_nothing().returning(replays.c.token_id)
    row = {"issuer": issuer, "token_id": token_id, "expires_at": expires_at}
    return tx.connection.execute(statement, row).first() is not None


def forget_expired(tx: Tx) -> None:
    """Delete the ids whose tokens no clock accepts any more."""
    tx.connection.execute(delete(replays).where(replays.c.expires_at < tx.now))
