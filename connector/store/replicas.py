"""Rows of the processes that share a database: who they are, when they were last seen, and with which settings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from connector.store.db import Tx
from connector.store.tables import Instant, replicas


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """One process of a node."""

    name: str
    host: str
    version: str
    settings: Mapping[str, str]
    """Setting → digest of its value, for those in which replicas must agree."""
    started_at: datetime
    seen_at: datetime


_SEEN_SINCE = (
    select(replicas).where(replicas.c.seen_at >= bindparam("since", type_=Instant)).order_by(replicas.c.started_at)
)
_SEE = update(replicas).where(replicas.c.name == bindparam("of_name")).values(seen_at=bindparam("now", type_=Instant))
_FORGET = delete(replicas).where(replicas.c.seen_at < bindparam("before", type_=Instant))
_REMOVE = delete(replicas).where(replicas.c.name == bindparam("of_name"))


def announce(tx: Tx, replica: Replica, *, forget_before: datetime) -> None:
    """Write that the process lives; rows of processes not seen for long are removed."""
    if tx.connection.execute(_SEE, {"of_name": replica.name, "now": replica.seen_at}).rowcount == 0:
        values = {name: getattr(replica, name) for name in replica.__slots__}
        tx.connection.execute(insert(replicas), {**values, "settings": json.dumps(dict(replica.settings))})
        tx.connection.execute(_FORGET, {"before": forget_before})


def remove(tx: Tx, name: str) -> None:
    """Remove the row of a process that ends."""
    tx.connection.execute(_REMOVE, {"of_name": name})


def seen_since(tx: Tx, since: datetime) -> list[Replica]:
    """Return the processes that were seen since the instant, the one that started first before the others."""
    rows = tx.connection.execute(_SEEN_SINCE, {"since": since})
    return [Replica(**{**row._mapping, "settings": json.loads(row.settings)}) for row in rows]
