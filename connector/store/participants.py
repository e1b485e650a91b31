"""Rows of hosted participants (owners) and of API keys."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from connector.problems import NotFound
from connector.store.db import Tx, locking
from connector.store.prepared import Prepared
from connector.store.tables import api_keys, participants


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """A participant that this node hosts."""

    owner: str
    did: str
    name: str
    is_root: int
    created_at: datetime | None = None
    card: str | None = None
    """Its party card: the canonical JSON text that is signed whenever it is served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of the management API, known by its hash; `owner` None is the node's administration."""

    id: str
    owner: str | None
    label: str
    hash: str
    role: str
    created_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    replaced_by: str | None = None
    function: str | None = None

    def standing(self, now: datetime) -> str:
        """Return `valid`, `replaced` (valid until it expires), `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "valid" if self.replaced_by is None else "replaced"


_CARD_LOCKED = Prepared(locking(select(participants.c.card).where(participants.c.owner == bindparam("of_owner"))))


def every(tx: Tx) -> list[Hosted]:
    """Return all hosted participants, the first one first."""
    query = select(participants).order_by(participants.c.is_root.desc(), participants.c.owner)
    return [Hosted(**row._mapping) for row in tx.connection.execute(query)]


def add(tx: Tx, hosted: Hosted) -> None:
    """Insert a hosted participant."""
    values = {name: getattr(hosted, name) for name in hosted.__slots__}
    tx.connection.execute(insert(participants), {**values, "created_at": tx.now})


def set_card(tx: Tx, owner: str, card: str) -> None:
    """Store the owner's party card. Raises NotFound."""
    changed = update(participants).where(participants.c.owner == owner).values(card=card)
    if tx.connection.execute(changed).rowcount != 1:
        raise NotFound(owner)


def card(tx: Tx, owner: str) -> str | None:
    """Return the owner's party card, its row locked until the commit; None when it has none. Raises NotFound."""
    row = _CARD_LOCKED.first(tx.connection, {"of_owner": owner})
    if row is None:
        raise NotFound(owner)
    text: str | None = row.card
    return text


def add_key(tx: Tx, key: ApiKey) -> None:
    """Insert an API key."""
    values = {name: getattr(key, name) for name in key.__slots__}
    tx.connection.execute(insert(api_keys), {**values, "created_at": tx.now})


def key_by_hash(tx: Tx, digest: str) -> ApiKey | None:
    """Return the key that is not revoked and has this SHA-256, if there is one."""
    query = select(api_keys).where(api_keys.c.hash == digest, api_keys.c.revoked_at.is_(None))
    row = tx.connection.execute(query).first()
    return None if row is None else ApiKey(**row._mapping)


def page_keys(
    tx: Tx, owner: str | None, *, after: str, limit: int, revoked: bool | None = None, role: str | None = None
) -> list[ApiKey]:
    """Return the keys of an owner (None: every key of the node), in the order of their identifiers."""
    query = select(api_keys).where(api_keys.c.id > after).order_by(api_keys.c.id).limit(limit)
    if owner is not None:
        query = query.where(api_keys.c.owner == owner)
    if role is not None:
        query = query.where(api_keys.c.role == role)
    if revoked is not None:
        query = query.where(api_keys.c.revoked_at.is_not(None) if revoked else api_keys.c.revoked_at.is_(None))
    return [ApiKey(**row._mapping) for row in tx.connection.execute(query)]


def load_key(tx: Tx, owner: str | None, key_id: str) -> ApiKey:
    """Return a key of an owner (None: any key of the node), locked against concurrent change. Raises NotFound."""
    row = tx.connection.execute(locking(select(api_keys).where(api_keys.c.id == key_id))).first()
    if row is None or owner not in (None, row.owner):
        raise NotFound(key_id)
    return ApiKey(**row._mapping)


def replace_key(tx: Tx, key_id: str, successor: str, ends_at: datetime) -> None:
    """Note which key takes the place of this one, and when this one ends."""
    changed = {"replaced_by": successor, "expires_at": ends_at}
    tx.connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(changed))


def revoke_key(tx: Tx, key_id: str) -> None:
    """Revoke a key for good."""
    tx.connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(revoked_at=tx.now))
