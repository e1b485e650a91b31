"""Waiting for a process to change: a caller asks once and is answered when there is something to say.

Woken by what this process saves; what another replica saved is seen at the next look, a second later at most. Nothing
is kept: a caller that goes away leaves no trace.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from connector.store.db import Store
from connector.store.processes import CHANGED

T = TypeVar("T")
LONGEST_S = 30.0
LOOK_EVERY = timedelta(seconds=1)


class Waiting:
    """Those who wait, by the process that they wait for."""

    def __init__(self, store: Store, topic: str = CHANGED) -> None:
        self.clock = store.clock
        self.is_closing = False
        self._waiting: dict[str, set[asyncio.Event]] = {}
        store.subscribe(topic, self._hear)

    async def until(self, pid: str, look: Callable[[], Awaitable[T]], is_enough: Callable[[T], bool], s: float) -> T:
        """Return what `look` shows as soon as it is enough, or after `s` seconds, at most 30."""
        event = asyncio.Event()
        ends_at = self.clock.now() + timedelta(seconds=min(s, LONGEST_S))
        self._waiting.setdefault(pid, set()).add(event)
        try:
            while True:
                event.clear()
                seen = await look()
                now = self.clock.now()
                if is_enough(seen) or now >= ends_at or self.is_closing:
                    return seen
                await self.clock.wait(event, min(ends_at, now + LOOK_EVERY))
        finally:
            self._waiting[pid].discard(event)
            if not self._waiting[pid]:
                del self._waiting[pid]

    def close(self) -> None:
        """Answer everybody who waits with what there is: the node stops."""
        self.is_closing = True
        self._hear("")

    def _hear(self, pid: str) -> None:
        waiting = self._waiting.get(pid, ()) if pid else [one for some in self._waiting.values() for one in some]
        for event in waiting:
            event.set()
