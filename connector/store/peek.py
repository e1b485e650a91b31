"""A look at the database from outside: read only, without migrating it and without the lock of the node that has it.

For whoever must say why a node does not start, while it does not, and what it holds, while it runs. Why the database
cannot be read is said in one word.
"""

import socket
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Literal, TypeVar

from sqlalchemy import Connection, create_engine, func, inspect, select
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from connector.clock import Clock
from connector.problems import Unavailable
from connector.settings import Settings
from connector.store.db import Local, Tx
from connector.store.migrate import migrations, schema_version
from connector.store.postgres import address
from connector.store.sqlite import FILE

T = TypeVar("T")
Cause = Literal[
    "absent", "unreadable", "corrupt", "url", "dns", "refused", "timeout", "password", "no-database", "server"
]
_STATES: dict[str, Cause] = {"28P01": "password", "28000": "password", "3D000": "no-database"}
_CONNECT_S = 5.0


class Unread(Unavailable):
    """The database cannot be read. `cause` says why in one word."""

    def __init__(self, cause: Cause, detail: str) -> None:
        self.cause: Cause = cause
        super().__init__(detail)


class Peek:
    """A connection to the database that only reads."""

    def __init__(self, connection: Connection | AsyncConnection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    async def schema(self) -> tuple[int, int]:
        """Return the number of the last migration applied (0: none) and of the last that this program knows."""
        return await self._run(_schema)

    async def read(self, unit: Callable[[Tx], T]) -> T:
        """Run a unit that only reads. Raises Unread."""
        return await self._run(lambda connection: unit(Tx(connection, self._clock.now(), Local())))

    async def _run(self, work: Callable[[Connection], T]) -> T:
        try:
            if isinstance(self._connection, AsyncConnection):
                return await self._connection.run_sync(work)
            return work(self._connection)
        except (DBAPIError, OSError) as error:
            raise _unread(error) from error


@asynccontextmanager
async def peeking(settings: Settings, clock: Clock) -> AsyncIterator[Peek]:
    """Yield a look at the database that the settings name. Raises Unread."""
    if settings.database_url is None:
        with _open_file(settings) as connection:
            yield Peek(connection, clock)
        return
    try:
        url = address(settings.database_url.get_secret_value())
        engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": _CONNECT_S})
    except (ArgumentError, ValueError) as error:
        raise Unread("url", "database_url") from error
    try:
        connected = await _connected(engine.connect())
        try:
            yield Peek(connected, clock)
        finally:
            await connected.close()
    finally:
        await engine.dispose()


async def _connected(connecting: AsyncConnection) -> AsyncConnection:
    try:
        return await connecting.start()
    except (DBAPIError, OSError, TimeoutError) as error:
        raise _unread(error) from error


def _open_file(settings: Settings) -> Connection:
    path = settings.data_dir / FILE
    try:
        path.stat()
    except FileNotFoundError:
        raise Unread("absent", str(path)) from None
    except OSError as error:
        raise Unread("unreadable", str(error)) from error

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5, check_same_thread=False)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    try:
        connection = engine.connect()
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
    except DBAPIError as error:
        raise _unread(error) from error
    return connection


def _schema(connection: Connection) -> tuple[int, int]:
    known = migrations(connection.dialect.name)[-1].number
    if not inspect(connection).has_table(schema_version.name):
        return 0, known
    applied = connection.execute(select(func.max(schema_version.c.version))).scalar() or 0
    return applied, known


def _unread(error: BaseException) -> Unread:
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        code = cause.sqlite_errorcode & 0xFF
        is_corrupt = code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        return Unread("corrupt" if is_corrupt else "unreadable", str(cause))
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return Unread(_STATES.get(state, "server"), str(cause).splitlines()[0])
    match cause:
        case socket.gaierror():
            return Unread("dns", str(cause))
        case TimeoutError():
            return Unread("timeout", str(cause))
        case OSError():
            return Unread("refused", str(cause))
    return Unread("server", str(cause))
