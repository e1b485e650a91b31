"""The participants that this node hosts, and the keys of its API.

The first participant stands at the root of the public address, every other one under `/o/SLUG`. A participant is made
with its key in one go; its DID never changes.
"""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass, replace

from connector.identity.addresses import Addresses, check_slug
from connector.identity.keys import Keys
from connector.ids import new_id
from connector.problems import Conflict, Invalid, NotFound, Unauthorized
from connector.services import cursors
from connector.services.cursors import Page
from connector.store import participants
from connector.store.db import Store, Tx
from connector.store.participants import ApiKey, Hosted

TOPIC = "participants"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who uses the management API: an owner's key, or the node's administration (`owner` None)."""

    key_id: str
    owner: str | None
    name: str
    """What the key was made for, as the journal names it."""


class Hosts:
    """Hosted participants and API keys."""

    def __init__(self, store: Store, addresses: Addresses, keys: Keys) -> None:
        self._store = store
        self._addresses = addresses
        self._keys = keys
        self._hosted: dict[str, Hosted] = {}
        self._callers: dict[str, Caller] = {}
        self._changed = asyncio.Event()
        store.subscribe(TOPIC, self._hear)

    async def follow(self) -> None:
        """Read anew whenever something changed here or on a replica; until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self.load()

    async def load(self) -> None:
        """Read who is hosted here, and forget whose API keys were seen."""
        rows = await self._store.read(participants.every)
        self._hosted = {hosted.owner: hosted for hosted in rows}
        self._callers.clear()

    def _hear(self, _: str) -> None:
        self._callers.clear()
        self._changed.set()

    @property
    def owners(self) -> dict[str, Hosted]:
        """Hosted participants by their slug."""
        return self._hosted

    async def add(self, owner: str, name: str) -> Hosted:
        """Host a participant. Raises Invalid for a bad slug, Conflict when it exists."""
        try:
            check_slug(owner)
        except ValueError as error:
            raise Invalid(str(error), pointer="/owner") from error
        if owner in self._hosted:
            raise Conflict(owner)
        self._keys.create_auth(owner)
        is_root = int(owner == self._addresses.root)
        hosted = Hosted(owner=owner, did=self._addresses.did(owner), name=name, is_root=is_root)

        def unit(tx: Tx) -> Hosted:
            participants.add(tx, hosted)
            tx.signal(TOPIC, owner)
            return replace(hosted, created_at=tx.now)

        added = await self._store.write(unit)
        await self.load()
        return added

    async def issue_key(self, owner: str | None, label: str) -> tuple[ApiKey, str]:
        """Make an API key; its secret is told once and kept only as a hash."""
        secret = "pk_" + secrets.token_urlsafe(32)
        key = ApiKey(id=new_id(), owner=owner, label=label, hash=_hash(secret))

        def unit(tx: Tx) -> tuple[ApiKey, str]:
            participants.add_key(tx, key)
            return replace(key, created_at=tx.now), secret

        return await self._store.write(unit)

    async def revoke_key(self, owner: str | None, key_id: str) -> None:
        """Revoke a key of an owner (None: of the administration), at once and for good. Raises NotFound."""

        def unit(tx: Tx) -> None:
            if all(key.id != key_id for key in participants.keys(tx, owner)):
                raise NotFound(key_id)
            participants.revoke_key(tx, key_id)
            tx.signal(TOPIC, key_id)

        await self._store.write(unit)

    async def page(self, *, cursor: str | None, limit: int) -> Page[Hosted]:
        """Return hosted participants, the first one first, then by their short name."""
        after = cursors.read_key(cursor)
        rows = sorted(self._hosted.values(), key=_place)
        return cursors.paged(
            [row for row in rows if _place(row) > after][: limit + 1], limit, lambda row: (_place(row),)
        )

    async def page_keys(
        self, owner: str | None, *, cursor: str | None, limit: int, revoked: bool | None = None
    ) -> Page[ApiKey]:
        """Return the keys of an owner, without their secrets, in the order of their identifiers."""
        after = cursors.read_key(cursor)
        rows = await self._store.read(
            lambda tx: participants.page_keys(tx, owner, after=after, limit=limit + 1, revoked=revoked)
        )
        return cursors.paged(rows, limit, lambda row: (row.id,))

    async def caller(self, secret: str) -> Caller:
        """Return who holds this key. Raises Unauthorized."""
        digest = _hash(secret)
        if digest not in self._callers or not self._store.signals_are_live:
            key = await self._store.read(lambda tx: participants.key_by_hash(tx, digest))
            if key is None:
                raise Unauthorized
            self._callers[digest] = Caller(key.id, key.owner, key.label)
        return self._callers[digest]


def _place(hosted: Hosted) -> str:
    """Return where a participant stands in the list; no short name begins with a dot."""
    return ".first" if hosted.is_root else hosted.owner


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
