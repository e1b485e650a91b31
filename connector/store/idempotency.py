"""Rows of idempotency keys: which request a caller's key stood for, and what was answered.

The row is written in the transaction of the effect, so that both are there or neither. Of two requests that come at
once with one key, the second waits for the commit of the first and then finds its answer. The key itself is not kept,
only its hash; the answer is kept sealed (services/once.py).
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Integer, Text, bindparam, delete, select, text, update

from connector.store.db import Tx
from connector.store.tables import Instant, idempotency_keys

KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A key as its row is found: whose affairs, which caller, the hash of the key."""

    owner: str
    caller: str
    key_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a key stood for, and the answer that was given."""

    digest: str
    status: int
    answer: str


_KEY = ("owner", "caller", "key_hash")
_IS_THIS = tuple(idempotency_keys.c[name] == bindparam(f"of_{name}") for name in _KEY)
_FIND = select(idempotency_keys.c.digest, idempotency_keys.c.status, idempotency_keys.c.answer).where(
    *_IS_THIS, idempotency_keys.c.created_at > bindparam("old_at", type_=Instant)
)
_CLAIM = text("""
    INSERT INTO idempotency_keys (owner, caller, key_hash, digest, status, answer, created_at)
    VALUES (:of_owner, :of_caller, :of_key_hash, :digest, 0, '', :now)
    ON CONFLICT (owner, caller, key_hash) DO UPDATE SET digest = excluded.digest, created_at = excluded.created_at
        WHERE idempotency_keys.created_at <= :old_at
    RETURNING key_hash
""").bindparams(
    *(bindparam(name, type_=Instant) for name in ("now", "old_at")),
    *(bindparam(name, type_=Text) for name in ("of_owner", "of_caller", "of_key_hash", "digest")),
)
_KEEP = (
    update(idempotency_keys)
    .where(*_IS_THIS)
    .values(status=bindparam("said", type_=Integer), answer=bindparam("told", type_=Text))
)
_FORGET = delete(idempotency_keys).where(idempotency_keys.c.created_at <= bindparam("old_at", type_=Instant))


def find(tx: Tx, named: Named) -> Kept | None:
    """Return what the key stands for, if it was used within the last day."""
    row = tx.connection.execute(_FIND, {**_of(named), "old_at": tx.now - KEPT}).first()
    return None if row is None else Kept(digest=row.digest, status=row.status, answer=row.answer)


def claim(tx: Tx, named: Named, digest: str) -> Kept | None:
    """Take the key for this transaction and return None, or return what it stands for already."""
    wish = {**_of(named), "digest": digest, "now": tx.now, "old_at": tx.now - KEPT}
    return None if tx.connection.execute(_CLAIM, wish).first() is not None else find(tx, named)


def keep(tx: Tx, named: Named, status: int, answer: str) -> None:
    """Keep the answer that the caller gets."""
    tx.connection.execute(_KEEP, {**_of(named), "said": status, "told": answer})


def forget_old(tx: Tx) -> None:
    """Delete the keys of more than a day ago."""
    tx.connection.execute(_FORGET, {"old_at": tx.now - KEPT})


def _of(named: Named) -> dict[str, str]:
    return {"of_owner": named.owner, "of_caller": named.caller, "of_key_hash": named.key_hash}
