"""Rows of inlets: the address at which a partner may push the bytes of one transfer to us, once.

Its secret stands here by its SHA-256 only. Where the bytes go is the transfer's row in `fetches`. What an inlet takes
and refuses is decided in dataplane/inlet.py.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from connector.store.db import Tx
from connector.store.tables import fetches, inlets, participants, transfers


@dataclass(frozen=True, slots=True, kw_only=True)
class Inlet:
    """An inlet with what it needs to know of its transfer and of the place for the bytes."""

    owner: str
    transfer: str
    peer: str
    state: str
    pending: str | None
    expires_at: datetime
    used_at: datetime | None
    path: str
    overwrite: bool
    sha256: str | None
    """Hexadecimal; once used, of what was received."""
    is_root: bool
    """True when the owner's addresses have no prefix."""


_is_this = (inlets.c.owner == bindparam("o")) & (inlets.c.transfer == bindparam("t"))
_whole = select(
    inlets.c.owner,
    inlets.c.transfer,
    transfers.c.peer,
    transfers.c.state,
    transfers.c.pending,
    inlets.c.expires_at,
    inlets.c.used_at,
    fetches.c.path,
    fetches.c.overwrite,
    fetches.c.sha256,
    participants.c.is_root,
).select_from(
    inlets.join(transfers, (transfers.c.owner == inlets.c.owner) & (transfers.c.pid == inlets.c.transfer))
    .join(fetches, (fetches.c.owner == inlets.c.owner) & (fetches.c.transfer == inlets.c.transfer))
    .join(participants, participants.c.owner == inlets.c.owner)
)
_by_secret = _whole.where(inlets.c.secret_hash == bindparam("hash"))
_by_transfer = _whole.where(_is_this)
_update = update(inlets).where(_is_this)


def add(tx: Tx, owner: str, transfer: str, *, secret_hash: str, expires_at: datetime) -> None:
    """Insert the inlet of a transfer; the transfer's row must exist."""
    values = {"owner": owner, "transfer": transfer, "secret_hash": secret_hash, "expires_at": expires_at}
    tx.connection.execute(insert(inlets), {**values, "created_at": tx.now})


def find(tx: Tx, secret_hash: str) -> Inlet | None:
    """Return the inlet that a secret opens or has opened, None for an unknown secret."""
    return _first(tx, _by_secret, {"hash": secret_hash})


def of_transfer(tx: Tx, owner: str, transfer: str) -> Inlet | None:
    """Return the inlet of a transfer, None when it has none."""
    return _first(tx, _by_transfer, {"o": owner, "t": transfer})


def prolong(tx: Tx, owner: str, transfer: str, expires_at: datetime) -> None:
    """Have the secret live until then, unless it was used."""
    statement = _update.where(inlets.c.used_at.is_(None)).values(expires_at=expires_at)
    tx.connection.execute(statement, {"o": owner, "t": transfer})


def use(tx: Tx, owner: str, transfer: str) -> None:
    """Record that the bytes came: the secret opens nothing any more."""
    tx.connection.execute(_update.values(used_at=tx.now), {"o": owner, "t": transfer})


def _first(tx: Tx, query: Any, keys: dict[str, str]) -> Inlet | None:
    row = tx.connection.execute(query, keys).first()
    if row is None:
        return None
    values = {name: getattr(row, name) for name in Inlet.__slots__}
    return Inlet(**{**values, "overwrite": bool(row.overwrite), "is_root": bool(row.is_root)})
