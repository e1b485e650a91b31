"""Rows of grants: which token opens or renews which transfer, and until when.

A token stands here by its SHA-256 only. One question is asked at each uncached pull, so it is one statement: the grant,
the state of its transfer, what was published, and the address at which it is good.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, bindparam, delete, insert, select

from connector.store.db import Tx
from connector.store.tables import datasets, grants, participants, transfers

Kind = Literal["access", "refresh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Leave for the bearer of a token."""

    token_hash: str
    owner: str
    transfer: str
    kind: Kind
    peer: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What the gate needs to know of a transfer whose bytes are asked for; we are its provider."""

    owner: str
    transfer: str
    peer: str
    agreement: str
    dataset: str
    state: str
    pending: str | None
    source: dict[str, Any]
    is_root: bool
    """True when the owner's addresses have no prefix."""


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant with the flow that it belongs to."""

    grant: Grant
    flow: Flow


_flow_columns = (
    transfers.c.owner,
    transfers.c.pid.label("transfer"),
    transfers.c.peer,
    transfers.c.agreement,
    transfers.c.dataset,
    transfers.c.state,
    transfers.c.pending,
    datasets.c.source,
    participants.c.is_root,
)
_flows = transfers.join(participants, participants.c.owner == transfers.c.owner).join(
    datasets, (datasets.c.owner == transfers.c.owner) & (datasets.c.id == transfers.c.dataset)
)
_is_ours = transfers.c.role == "provider"
_by_token = (
    select(grants.c.token_hash, grants.c.kind, grants.c.peer.label("bearer"), grants.c.expires_at, *_flow_columns)
    .select_from(grants.join(_flows, (transfers.c.owner == grants.c.owner) & (transfers.c.pid == grants.c.transfer)))
    .where(grants.c.token_hash == bindparam("hash"), _is_ours)
)
_by_transfer = (
    select(*_flow_columns)
    .select_from(_flows)
    .where(transfers.c.owner == bindparam("o"), transfers.c.pid == bindparam("t"), _is_ours)
)
_insert = insert(grants)
_of_transfer = delete(grants).where(grants.c.owner == bindparam("o"), grants.c.transfer == bindparam("t"))
_access_of_peer = (
    delete(grants)
    .where(grants.c.owner == bindparam("o"), grants.c.peer == bindparam("p"), grants.c.kind == "access")
    .returning(grants.c.transfer)
)
_expired = _of_transfer.where(grants.c.expires_at <= bindparam("now"))


def add(tx: Tx, grant: Grant) -> None:
    """Insert a grant; its transfer must exist."""
    values = {name: getattr(grant, name) for name in grant.__slots__}
    tx.connection.execute(_insert, {**values, "created_at": tx.now})


def find(tx: Tx, token_hash: str, kind: Kind) -> Granted | None:
    """Return the living grant of this kind with its flow, None when the token is unknown or has expired."""
    row = tx.connection.execute(_by_token, {"hash": token_hash}).first()
    if row is None or row.kind != kind or row.expires_at <= tx.now:
        return None
    grant = Grant(
        token_hash=token_hash,
        owner=row.owner,
        transfer=row.transfer,
        kind=row.kind,
        peer=row.bearer,
        expires_at=row.expires_at,
    )
    return Granted(grant, _flow(row))


def flow(tx: Tx, owner: str, transfer: str) -> Flow | None:
    """Return the flow of a transfer that we provide, whatever tokens there are."""
    row = tx.connection.execute(_by_transfer, {"o": owner, "t": transfer}).first()
    return None if row is None else _flow(row)


def revoke(tx: Tx, owner: str, transfer: str) -> int:
    """Delete every grant of the transfer and return how many there were."""
    return tx.connection.execute(_of_transfer, {"o": owner, "t": transfer}).rowcount


def revoke_access_of(tx: Tx, owner: str, peer: str) -> list[str]:
    """Delete every access grant of a peer and return the transfers that had one; what renews them stays."""
    return sorted(set(tx.connection.execute(_access_of_peer, {"o": owner, "p": peer}).scalars()))


def forget_expired(tx: Tx, owner: str, transfer: str) -> None:
    """Delete the grants of the transfer that open nothing any more."""
    tx.connection.execute(_expired, {"o": owner, "t": transfer, "now": tx.now})


def _flow(row: Row[*tuple[Any, ...]]) -> Flow:
    values = {name: getattr(row, name) for name in Flow.__slots__}
    return Flow(**{**values, "source": json.loads(row.source), "is_root": bool(row.is_root)})
