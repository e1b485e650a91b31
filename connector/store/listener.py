"""The ear of a replica: what other replicas signal through PostgreSQL's NOTIFY.

While the ear is deaf (connection lost, not yet back) `is_live` is False and whatever signals would invalidate must not
be cached. When it hears again, every subscriber is told that signals may have been missed.
"""

import asyncio
import json
import logging
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from connector.store.db import Local, Tx

CHANNEL = "pupitre"
PULSE_S = 2.0
"""A connection that does not answer for this long is taken for lost, in seconds."""
RECONNECT_S = 0.5

_NOTIFY = select(func.pg_notify(CHANNEL, bindparam("payload")))
log = logging.getLogger(__name__)


def notify(connection: Connection, origin: str, tx: Tx) -> None:
    """Send what the unit signals to other replicas, with its commit."""
    for topic, key in dict.fromkeys((topic, key) for topic, key, is_for_all in tx.signals if is_for_all):
        connection.execute(_NOTIFY, {"payload": json.dumps([origin, topic, key])})


class Listener:
    """Listens until cancelled, and connects again whenever the connection is lost."""

    def __init__(self, engine: AsyncEngine, origin: str, local: Local) -> None:
        self.is_live = False
        self._engine = engine
        self._origin = origin
        self._local = local

    async def run(self) -> None:
        while True:
            try:
                await self._listen()
            except (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("signals of other replicas are not heard for the moment: %s", error)
            finally:
                self.is_live = False
            await asyncio.sleep(RECONNECT_S)

    async def _listen(self) -> None:
        """Listen until the connection is lost."""
        async with self._engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            lost = asyncio.Event()
            driver.add_termination_listener(lambda _: self._deafen(lost))
            await driver.add_listener(CHANNEL, self._hear)
            self.is_live = True
            self._local.announce_gap()
            while not lost.is_set():
                await driver.fetchval("SELECT 1", timeout=PULSE_S)
                await _pause(lost, PULSE_S)

    def _deafen(self, lost: asyncio.Event) -> None:
        self.is_live = False
        lost.set()

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: str) -> None:
        origin, topic, key = json.loads(payload)
        if origin != self._origin:
            self._local.announce(topic, key)


async def _pause(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, at most that long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
