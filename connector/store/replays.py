"""Ids of identity tokens already seen, for replicas that share a database."""

from datetime import datetime

from sqlalchemy import bindparam, delete, text

from connector.store.db import Tx
from connector.store.tables import Instant, replays

_REMEMBER = text("""
    INSERT INTO replays (issuer, token_id, expires_at) VALUES (:issuer, :token_id, :expires_at)
    ON CONFLICT DO NOTHING RETURNING token_id
""").bindparams(bindparam("expires_at", type_=Instant))
_FORGET = delete(replays).where(replays.c.expires_at < bindparam("now", type_=Instant))


def remember(tx: Tx, issuer: str, token_id: str, expires_at: datetime) -> bool:
    """Keep the id and return True, or return False when it was kept before.

    One statement, so that of two replicas that see the same token at once one is told False.
    """
    row = {"issuer": issuer, "token_id": token_id, "expires_at": expires_at}
    return tx.connection.execute(_REMEMBER, row).first() is not None


def forget_expired(tx: Tx) -> None:
    """Delete the ids whose tokens no clock accepts any more."""
    tx.connection.execute(_FORGET, {"now": tx.now})
