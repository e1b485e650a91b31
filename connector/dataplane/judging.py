"""Open streams that leave, judged for as long as they are open: a permission may end while bytes are on their way."""

import asyncio
from datetime import datetime, timedelta
from typing import Protocol

from connector.clock import Clock
from connector.dataplane.flows import OpenStream
from connector.dataplane.gate import Gate
from connector.problems import Problem
from connector.store.db import Store

JUDGING_S = 0.5
"""How long a stream may go on while it is judged again, in seconds."""


class Provided(Protocol):
    """A transfer that we provide."""

    @property
    def owner(self) -> str: ...

    @property
    def transfer(self) -> str: ...


class Judging:
    """Asks the gate again, for one process."""

    def __init__(self, gate: Gate, store: Store, clock: Clock) -> None:
        self._gate = gate
        self._store = store
        self._clock = clock

    async def keep(self, stream: OpenStream, provided: Provided, until: datetime | None) -> None:
        """Cut the stream once it is not permitted any more; runs until it is cancelled or has cut.

        Judged again at the policy's instant, when in doubt, and all the time while signals may be lost.
        """
        try:
            while True:
                soon = self._clock.now() + timedelta(seconds=JUDGING_S)
                await self._clock.wait(stream.doubt, soon if until is None else min(soon, until))
                if stream.doubt.is_set() or self._is_time(until):
                    stream.doubt.clear()
                    async with asyncio.timeout(JUDGING_S):
                        until = await self._gate.judge_again(provided.owner, provided.transfer)
        except (Problem, TimeoutError):
            stream.cut()

    def _is_time(self, until: datetime | None) -> bool:
        return not self._store.signals_are_live or (until is not None and until <= self._clock.now())
