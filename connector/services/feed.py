"""The feed: what happened in an owner's affairs, in order, for programs that follow it.

A reader names the number of the last event that it has seen and gets those after it, at once or as soon as there are
any. What a reader has seen is the reader's business: nothing is kept here for it.
"""

from collections.abc import Collection
from dataclasses import dataclass

from connector.services.waiting import Waiting
from connector.store import events
from connector.store.db import Store, Tx
from connector.store.events import TOPIC, Event


@dataclass(frozen=True, slots=True)
class Told:
    """Some events, and the number after which the next ones come."""

    items: list[Event]
    after: int


class Feed:
    """Reads events."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting = Waiting(store, TOPIC)

    @property
    def is_closing(self) -> bool:
        """True once the node stops: nobody waits any more."""
        return self._waiting.is_closing

    async def read(self, owner: str, after: int, limit: int, kinds: Collection[str] = (), wait_s: float = 0.0) -> Told:
        """Return events after a number, waiting for one as long as that (at most 30 s).

        A number that was not given yet counts as the latest one.
        """
        after = min(after, await self.latest(owner))
        return await self._waiting.until(
            owner, lambda: self._page(owner, after, limit, kinds), lambda told: bool(told.items), wait_s
        )

    async def latest(self, owner: str) -> int:
        """Return the latest number, after giving numbers to what has none."""
        if await self._store.read(lambda tx: events.has_fresh(tx, owner)):
            await self._store.write(lambda tx: events.number(tx, owner))
        return await self._store.read(lambda tx: events.head(tx, owner))

    def close(self) -> None:
        """Answer everybody who waits."""
        self._waiting.close()

    async def _page(self, owner: str, after: int, limit: int, kinds: Collection[str]) -> Told:
        head = await self.latest(owner)

        def unit(tx: Tx) -> Told:
            items = events.page(tx, owner, after, limit, kinds)
            if len(items) == limit:
                return Told(items, items[-1].n)
            return Told(items, max(after, head, *(one.n for one in items)))

        return await self._store.read(unit)
