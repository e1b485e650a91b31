"""Rows of webhooks: addresses to which an owner's events are sent, and how far each of them is.

What a person changes is compared on `version`. What a delivery changes is compared on it too, and on `after_n`, the
number of the last event that was delivered or passed over: so it never goes back whoever runs, and what somebody wants
meanwhile holds, at the price of an event that is sent once more.
The secret that signs deliveries is in no table (identity/webhook_keys.py).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from connector.problems import NotFound, Problem
from connector.store.db import Tx, locking
from connector.store.errors import StaleVersion
from connector.store.fetches import told
from connector.store.tables import webhooks

ACTIVE, FAILING, STOPPED = STATUSES = ("active", "failing", "stopped")


@dataclass(slots=True, kw_only=True)
class Webhook:
    """An address to which events are sent."""

    owner: str
    id: str
    url: str
    kinds: list[str] = field(default_factory=list)
    """Of which events; none named: of all."""
    status: str = ACTIVE
    """`failing`: the last attempt failed, there will be others; `stopped`: until a person says so."""
    after_n: int
    """Number of the last event that was delivered or passed over."""
    generation: int = 1
    key_id: str
    overlap_until: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    retry_at: datetime | None = None
    problem: dict[str, Any] | None = None
    """Why the last attempt failed: `code`, and `reason` and `remedy` in both languages."""
    gap_after: int | None = None
    """Events after this number and before `gap_before` were forgotten before they could be sent."""
    gap_before: int | None = None
    delivered_at: datetime | None = None
    version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def said(self) -> dict[str, Any]:
        """What the journal keeps of what a person wants; `secret` says which one, not what it is."""
        return {"url": self.url, "kinds": self.kinds, "after": self.after_n, "secret": self.generation}

    def go_on(self) -> None:
        """Forget the failures: the next attempt is due at once."""
        self.status, self.failures, self.failing_since = ACTIVE, 0, None
        self.retry_at = self.problem = None


def peek(tx: Tx, owner: str, webhook_id: str) -> Webhook:
    """Return a webhook without locking it. Raises NotFound."""
    row = tx.connection.execute(_one(owner, webhook_id)).first()
    if row is None:
        raise NotFound(webhook_id)
    return _webhook(row)


def load(tx: Tx, owner: str, webhook_id: str) -> Webhook:
    """Return a webhook, locked until the commit. Raises NotFound."""
    row = tx.connection.execute(locking(_one(owner, webhook_id))).first()
    if row is None:
        raise NotFound(webhook_id)
    return _webhook(row)


def put(tx: Tx, webhook: Webhook) -> None:
    """Insert (version 0) or update a webhook as a person wants it. Raises StaleVersion when it changed meanwhile."""
    values: dict[str, Any] = {name: getattr(webhook, name) for name in webhook.__slots__}
    values.update(version=webhook.version + 1, updated_at=tx.now, created_at=webhook.created_at or tx.now)
    values.update(kinds=json.dumps(webhook.kinds), problem=json.dumps(webhook.problem) if webhook.problem else None)
    if webhook.version == 0:
        tx.connection.execute(insert(webhooks), values)
    else:
        where = (*_is(webhook), webhooks.c.version == webhook.version)
        if tx.connection.execute(update(webhooks).where(*where).values(values)).rowcount != 1:
            raise StaleVersion(webhook.id)
    webhook.version += 1
    webhook.updated_at, webhook.created_at = tx.now, values["created_at"]


def remove(tx: Tx, webhook: Webhook) -> None:
    """Delete a webhook; its journal stays."""
    tx.connection.execute(delete(webhooks).where(*_is(webhook)))


def page(tx: Tx, owner: str, *, after: str, limit: int, status: str | None = None) -> list[Webhook]:
    """Return webhooks in the order of their identifiers."""
    query = select(webhooks).where(webhooks.c.owner == owner, webhooks.c.id > after)
    if status is not None:
        query = query.where(webhooks.c.status == status)
    return [_webhook(row) for row in tx.connection.execute(query.order_by(webhooks.c.id).limit(limit))]


def count(tx: Tx, owner: str) -> int:
    """Return how many webhooks an owner has."""
    return int(tx.connection.execute(select(func.count()).where(webhooks.c.owner == owner)).scalar_one())


def listening(tx: Tx) -> Mapping[str, list[str]]:
    """Return the webhooks of each owner to which events are to be sent."""
    found: dict[str, list[str]] = {}
    query = select(webhooks.c.owner, webhooks.c.id).where(webhooks.c.status != STOPPED)
    for owner, webhook_id in tx.connection.execute(query):
        found.setdefault(owner, []).append(webhook_id)
    return found


def troubled(tx: Tx) -> list[Webhook]:
    """Return the webhooks that do not get their events now."""
    query = select(webhooks).where(webhooks.c.status != ACTIVE).order_by(webhooks.c.owner, webhooks.c.id)
    return [_webhook(row) for row in tx.connection.execute(query)]


# --- what deliveries write


def delivered(tx: Tx, webhook: Webhook, n: int) -> None:
    """Note that the receiver has taken everything up to an event."""
    values = {"status": ACTIVE, "failures": 0, "failing_since": None, "retry_at": None, "problem": None}
    _change(tx, webhook, after_n=n, delivered_at=tx.now, **values)


def passed_over(tx: Tx, webhook: Webhook, n: int) -> None:
    """Note that nothing up to an event is wanted."""
    _change(tx, webhook, after_n=n)


def found_gap(tx: Tx, webhook: Webhook, before: int) -> None:
    """Note that the events from the next one on, and before a number, are not there any more."""
    _change(tx, webhook, gap_after=webhook.after_n, gap_before=before)


def failed(tx: Tx, webhook: Webhook, problem: Problem, since: datetime, retry_at: datetime | None) -> bool:
    """Note that an attempt failed and when the next one is due, None: never by itself. False: it was changed."""
    return _change(
        tx,
        webhook,
        status=STOPPED if retry_at is None else FAILING,
        failures=webhook.failures + 1,
        failing_since=since,
        retry_at=retry_at,
        problem=told(problem),
    )


def _change(tx: Tx, webhook: Webhook, **values: Any) -> bool:
    """Write what a delivery came to, unless another one was further or somebody changed the webhook meanwhile."""
    where = (*_is(webhook), webhooks.c.after_n == webhook.after_n, webhooks.c.version == webhook.version)
    return tx.connection.execute(update(webhooks).where(*where).values(updated_at=tx.now, **values)).rowcount == 1


def _one(owner: str, webhook_id: str) -> Any:
    return select(webhooks).where(webhooks.c.owner == owner, webhooks.c.id == webhook_id)


def _is(webhook: Webhook) -> tuple[Any, Any]:
    return webhooks.c.owner == webhook.owner, webhooks.c.id == webhook.id


def _webhook(row: Row[Any]) -> Webhook:
    read = {"kinds": json.loads(row.kinds), "problem": json.loads(row.problem) if row.problem else None}
    return Webhook(**{**row._mapping, **read})
