"""The store on PostgreSQL: any number of processes on one database.

A unit runs in a transaction of its own (READ COMMITTED; the row of a process is loaded with `locking`). Units of one
process about the same thing run one after the other. When one meets another all the same, from elsewhere —
serialisation failure, deadlock, `StaleVersion`, a first insertion that somebody made meanwhile — it is run again, a
bounded number of times. A connection lost before the commit was sent is replaced and the unit run again; lost while
committing, nobody knows what happened, and the caller is told Unavailable. Signals: listener.py.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from random import SystemRandom
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from sqlalchemy import URL, Connection, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.util import greenlet_spawn

from connector.clock import Clock
from connector.ids import new_id
from connector.problems import Unavailable
from connector.store import conditions, unit_end
from connector.store.backoff import rerun_delay_s
from connector.store.db import Local, Tx
from connector.store.errors import StaleVersion
from connector.store.listener import Listener, notify
from connector.store.migrate import migrate

T = TypeVar("T")
CONNECTIONS = 10
RERUNS = 8
DUPLICATE_RERUNS = 4
MIGRATING = 7_216_400_001  # any number, the same in every replica
_CONNECT_S = 5.0
_COMMAND_S = 30.0
_MET_ANOTHER = {"40001", "40P01"}
_DUPLICATE = "23505"
_chance = SystemRandom().random


class _Unknown(Exception):
    """The connection was lost while committing."""


class PostgresStore:
    """See db.Store."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.clock = clock
        self.local = Local()
        self.subscribe = self.local.subscribe
        self._origin = new_id()
        self._engine = make_engine(url, pool_size=CONNECTIONS, max_overflow=0, command_timeout_s=_COMMAND_S)
        # READ COMMITTED looks anew at each statement, so a read gains nothing from BEGIN and ROLLBACK
        self._reading = self._engine.sync_engine.execution_options(isolation_level="AUTOCOMMIT")
        self._lone = make_engine(url, poolclass=NullPool, command_timeout_s=None)
        self._listener = Listener(self._lone, self._origin, self.local)
        self._listening: asyncio.Task[None] | None = None
        self._units: set[asyncio.Task[Any]] = set()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """Per thing that units are about, while any of them runs or waits."""
        self._is_open = True

    async def prepare(self) -> None:
        """Migrate, one replica at a time, and start to listen."""
        async with self._lone.begin() as connection:
            await connection.run_sync(self._migrate)
        self._listening = asyncio.create_task(self._listener.run())

    @property
    def signals_are_live(self) -> bool:
        return self._listener.is_live

    async def write(self, unit: Callable[[Tx], T], about: str = "") -> T:
        conditioned = conditions.applied(unit)
        return await self._whole(lambda: self._in_turn(about, conditioned))

    async def read(self, unit: Callable[[Tx], T]) -> T:
        return await self._whole(lambda: self._repeated(lambda: self._look(unit)))

    async def close(self) -> None:
        self._is_open = False
        await asyncio.gather(*self._units, return_exceptions=True)
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self._engine.dispose()
        await self._lone.dispose()

    def _migrate(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATING})")
        migrate(connection, self.clock.now())

    async def _whole(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Let the unit end even when its caller is cancelled: it commits and is announced, or it fails, whole."""
        if not self._is_open:
            raise Unavailable("closed")
        task = asyncio.create_task(work())
        self._units.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._units.discard(task)
        if not task.cancelled():
            task.exception()  # its caller may be gone

    async def _repeated(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Return the result of the first attempt that does not meet another unit."""
        for count in range(RERUNS):
            try:
                return await attempt()
            except Exception as error:
                if not _is_worth_another(error, count):
                    raise translated(error) from error
            await asyncio.sleep(rerun_delay_s(count, _chance()))
        raise Unavailable("too many units met on the same rows", retry_after_s=1)

    async def _in_turn(self, about: str, unit: Callable[[Tx], T]) -> T:
        """Run a unit when nobody else in this process is about the same: they would meet, and one would run again."""
        if not about:
            return await self._repeated(lambda: self._attempt(unit))
        async with self._turns.setdefault(about, asyncio.Lock()):
            return await self._repeated(lambda: self._attempt(unit))

    async def _attempt(self, unit: Callable[[Tx], T]) -> T:
        ran: tuple[T, Tx] = await greenlet_spawn(self._run, unit)
        result, tx = ran
        self.local.committed(tx)
        return result

    def _run(self, unit: Callable[[Tx], T]) -> tuple[T, Tx]:
        """Run the unit and commit. One greenlet for the whole: what the asynchronous engine adds costs a third."""
        with self._engine.sync_engine.connect() as connection:
            connection.begin()
            tx = Tx(connection, self.clock.now(), self.local)
            result = unit(tx)
            unit_end.flush(tx)
            notify(connection, self._origin, tx)
            try:
                connection.commit()
            except (DBAPIError, OSError) as error:
                if _sqlstate(error) in _MET_ANOTHER:
                    raise
                raise _Unknown(str(error)) from error
        return result, tx

    async def _look(self, unit: Callable[[Tx], T]) -> T:
        found: T = await greenlet_spawn(self._run_reading, unit)
        return found

    def _run_reading(self, unit: Callable[[Tx], T]) -> T:
        with self._reading.connect() as connection:
            return unit(Tx(connection, self.clock.now(), self.local))


async def open_postgres(url: str, clock: Clock) -> PostgresStore:
    """Open the database. Raises SchemaTooNew, Unavailable."""
    store = PostgresStore(url, clock)
    try:
        await store.prepare()
    except BaseException as error:
        await store.close()
        raise translated(error) from error
    return store


def make_engine(url: str, *, command_timeout_s: float | None, **options: Any) -> AsyncEngine:
    driver = {
        "timeout": _CONNECT_S,
        "command_timeout": command_timeout_s,
        "prepared_statement_cache_size": 512,
        "server_settings": {"application_name": "pupitre", "jit": "off"},
    }
    # An error never shows the values of a statement: they may be tokens.
    return create_async_engine(address(url), connect_args=driver, hide_parameters=True, **options)


def address(url: str) -> URL:
    """Return the address of the database with our driver. Raises ArgumentError, ValueError for what is no address."""
    return make_url(url).set(drivername="postgresql+asyncpg")


def _sqlstate(error: BaseException) -> str:
    """Return PostgreSQL's error code, or nothing."""
    return getattr(error.orig, "sqlstate", None) or "" if isinstance(error, DBAPIError) else ""


def _is_worth_another(error: Exception, count: int) -> bool:
    """Return True when the unit met another one, or lost its connection, and may be run again."""
    if isinstance(error, StaleVersion) or _sqlstate(error) in _MET_ANOTHER:
        return True
    if _sqlstate(error) == _DUPLICATE:  # inserted meanwhile by another unit: the next run finds it, if it still stands
        return count < DUPLICATE_RERUNS
    return isinstance(error, DBAPIError) and error.connection_invalidated and count < 2


def translated(error: BaseException) -> BaseException:
    """Return Unavailable for what is the server's or the network's fault, and the error itself otherwise."""
    is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
    is_server = _sqlstate(error)[:2] in {"08", "25", "53", "57", "58"}
    if is_lost or is_server or isinstance(error, OSError | TimeoutError | _Unknown | PoolTimeout):
        return Unavailable(str(error))
    return error
