"""Processes that share a database say so in it, with digests of the settings in which they must agree.

One that starts with other settings than its neighbours warns in its log; `pupitre doctor` names the settings. Only with
PostgreSQL: an SQLite file has one process.
"""

import asyncio
import hashlib
import json
import logging
import socket
from collections.abc import Iterable, Mapping
from datetime import timedelta

from connector.clock import Clock
from connector.ids import new_id
from connector.problems import Problem
from connector.settings import Settings
from connector.store import replicas
from connector.store.db import Store, Tx
from connector.store.replicas import Replica

log = logging.getLogger("pupitre.replicas")

HEARTBEAT = timedelta(seconds=60)
GONE_AFTER = 3 * HEARTBEAT
"""A process not seen for so long has ended."""
FORGOTTEN_AFTER = timedelta(days=7)

OF_ITS_OWN = frozenset(
    {"public_host", "public_port", "private_host", "private_port", "log_format", "log_level", "database_url"}
)
"""Settings that may differ from one process to the next: where it listens, how it logs, its way to the database."""


class Replicas:
    """This process among those of its node."""

    def __init__(self, store: Store, clock: Clock, settings: Settings, version: str, keys: Iterable[str] = ()) -> None:
        """`keys`: thumbprints of the keys in this process's data folder, in which all must agree too."""
        self._store = store
        self._clock = clock
        self._is_shared = settings.database_url is not None
        now = clock.now()
        self.me = Replica(
            name=new_id(),
            host=socket.gethostname(),
            version=version,
            settings=digests(settings, keys),
            started_at=now,
            seen_at=now,
        )

    async def keep(self) -> None:
        """Say that this process lives, warn once of settings that differ, go on until cancelled."""
        if not self._is_shared:
            return
        never, is_first = asyncio.Event(), True
        try:
            while True:
                is_first = not await self._announce(is_first=is_first) and is_first
                await self._clock.wait(never, self._clock.now() + HEARTBEAT)
        finally:
            await self._leave()

    async def _announce(self, *, is_first: bool) -> bool:
        now = self._clock.now()
        seen = Replica(**{name: getattr(self.me, name) for name in self.me.__slots__} | {"seen_at": now})

        def unit(tx: Tx) -> list[Replica]:
            replicas.announce(tx, seen, forget_before=now - FORGOTTEN_AFTER)
            return replicas.seen_since(tx, now - GONE_AFTER) if is_first else []

        try:
            others = await self._store.write(unit)
        except Problem as problem:
            log.warning("this process could not say that it lives: %s", problem)
            return False
        for setting in differing([self.me, *others]):
            log.warning("replicas differ in %s: see pupitre doctor", setting, extra={"setting": setting})
        return True

    async def _leave(self) -> None:
        try:
            await self._store.write(lambda tx: replicas.remove(tx, self.me.name))
        except Problem as problem:
            log.warning("the row of this process stays: %s", problem)


def digests(settings: Settings, keys: Iterable[str] = ()) -> Mapping[str, str]:
    """Return setting → digest of its value, for the settings in which replicas must agree; passwords are left out."""
    values = {name: value for name, value in settings.shown().items() if name not in OF_ITS_OWN}
    values["keys"] = sorted(keys)
    return {name: hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16] for name, value in values.items()}


def differing(found: Iterable[Replica]) -> list[str]:
    """Return the settings whose values are not the same everywhere, by name; `version` when the programs differ."""
    rows = list(found)
    said: dict[str, set[str | None]] = {"version": {one.version for one in rows}}
    names = {name for one in rows for name in one.settings}
    said |= {name: {one.settings.get(name) for one in rows} for name in names}
    return sorted(name for name, values in said.items() if len(values) > 1)
