"""Time as an argument: the system's clock, and one that tests advance by hand.

Nothing else in the node asks what time it is. Times are aware, in UTC.
"""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the node needs of time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""

    async def wait(self, event: asyncio.Event, until: datetime | None) -> None:
        """Return as soon as the event is set or the instant is reached."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def wait(self, event: asyncio.Event, until: datetime | None) -> None:
        if until is None:
            await event.wait()
            return
        try:
            async with asyncio.timeout(max(0.0, (until - self.now()).total_seconds())):
                await event.wait()
        except TimeoutError:
            return


class VirtualClock:
    """A clock that stands still until it is advanced; for tests and simulations."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start
        self._sleepers: list[tuple[datetime, int, asyncio.Event]] = []
        self._count = 0

    def now(self) -> datetime:
        return self._now

    async def wait(self, event: asyncio.Event, until: datetime | None) -> None:
        if event.is_set() or (until is not None and until <= self._now):
            return
        alarm = asyncio.Event()
        if until is not None:
            self._count += 1
            heapq.heappush(self._sleepers, (until, self._count, alarm))
        tasks = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(alarm.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            alarm.set()

    def next_alarm(self) -> datetime | None:
        """Return the earliest instant that somebody waits for."""
        while self._sleepers and self._sleepers[0][2].is_set():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def advance_to(self, at: datetime) -> None:
        """Move to the instant and wake all who waited for it or an earlier one."""
        self._now = max(self._now, at)
        while self._sleepers and self._sleepers[0][0] <= self._now:
            heapq.heappop(self._sleepers)[2].set()

    def advance(self, by: timedelta) -> None:
        """Move forward and wake all who waited for an instant passed over."""
        self.advance_to(self._now + by)
