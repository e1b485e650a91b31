"""The database from outside a running node: read as it stands at one instant, or changed while nobody serves.

`look` disturbs nobody: on SQLite a read transaction of the write-ahead log, on PostgreSQL a REPEATABLE READ snapshot.
`change` is alone with the database: it holds the lock that a node holds (SQLite) or that migrations take (PostgreSQL),
and commits the whole or nothing. `rehearse` does the same and leaves nothing. All three are for commands: they block.
"""

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from os import close
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, inspect
from sqlalchemy.pool import NullPool

from connector.problems import Unavailable
from connector.settings import Settings
from connector.store import postgres, sqlite, unit_end
from connector.store.db import Local, Tx
from connector.store.errors import NoDatabase
from connector.store.prepared import raw_of

T = TypeVar("T")
Unit = Callable[[Tx], T]
Work = Callable[[Connection], T]
LOCK_WAIT = "5s"
"""How long a rehearsal waits for a table of PostgreSQL that somebody uses."""


class _Rehearsed(Exception):
    """Carries nothing out: the transaction is undone."""


def look(settings: Settings, unit: Unit[T], now: datetime) -> T:
    """Return what the unit reads in one consistent snapshot. Raises NoDatabase, Unavailable."""
    work = _with_tx(unit, now)
    if settings.database_url is None:
        return _on_sqlite(_existing(settings.data_dir), work, "BEGIN")
    return asyncio.run(_look_on_postgres(settings.database_url.get_secret_value(), work))


def change(settings: Settings, unit: Unit[T], now: datetime) -> T:
    """Run the unit alone with the database, made if need be, and commit. Raises DatabaseInUse, Unavailable."""
    work = _with_tx(unit, now)
    if settings.database_url is None:
        return _alone(settings.data_dir, work)
    return asyncio.run(_change_on_postgres(settings.database_url.get_secret_value(), work, is_rehearsal=False))


def rehearse(settings: Settings, unit: Unit[T], now: datetime) -> T:
    """Run the unit and leave nothing of it: on a copy (SQLite), or in a transaction that is undone (PostgreSQL).

    The copy is made beside the file, while a node may go on serving. On PostgreSQL what the unit locks is locked until
    it ends. Raises NoDatabase, Unavailable.
    """
    work = _with_tx(unit, now)
    if settings.database_url is not None:
        return asyncio.run(_change_on_postgres(settings.database_url.get_secret_value(), work, is_rehearsal=True))
    original = _existing(settings.data_dir)
    with tempfile.TemporaryDirectory(prefix=".rehearsal-", dir=settings.data_dir) as folder:
        copy = Path(folder) / sqlite.FILE
        with closing(sqlite3.connect(original)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        return _on_sqlite(copy, work, "BEGIN IMMEDIATE")


def is_there(settings: Settings, now: datetime) -> bool:
    """True when the settings name a database that holds any table."""
    try:
        return look(settings, lambda tx: bool(inspect(tx.connection).get_table_names()), now)
    except NoDatabase:
        return False


def _with_tx(unit: Unit[T], now: datetime) -> Work[T]:
    def work(connection: Connection) -> T:
        tx = Tx(connection, now, Local())
        found = unit(tx)
        unit_end.flush(tx)
        return found

    return work


def _existing(folder: Path) -> Path:
    path = folder / sqlite.FILE
    if not path.is_file():
        raise NoDatabase(str(path))
    return path


def _alone(folder: Path, work: Work[T]) -> T:
    try:
        lock = sqlite.lock_folder(folder)
    except OSError as error:
        raise Unavailable(str(error)) from error
    try:
        return _on_sqlite(folder / sqlite.FILE, work, "BEGIN IMMEDIATE", is_kept=True)
    finally:
        close(lock)


def _on_sqlite(path: Path, work: Work[T], begin: str, *, is_kept: bool = False) -> T:
    engine = sqlite.make_engine(path)
    try:
        with engine.connect() as connection:
            raw = raw_of(connection)
            raw.execute(begin)
            try:
                found = work(connection)
                raw.execute("COMMIT" if is_kept else "ROLLBACK")
            except BaseException:
                raw.rollback()
                raise
            return found
    except Exception as error:
        raise sqlite.translated(error) from error
    finally:
        engine.dispose()


async def _look_on_postgres(url: str, work: Work[T]) -> T:
    engine = postgres.make_engine(url, poolclass=NullPool, command_timeout_s=None)
    try:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            return await connection.run_sync(work)
    except Exception as error:
        raise postgres.translated(error) from error
    finally:
        await engine.dispose()


async def _change_on_postgres(url: str, work: Work[T], *, is_rehearsal: bool) -> T:
    found: list[T] = []

    def alone(connection: Connection) -> None:
        if is_rehearsal:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({postgres.MIGRATING})")
        found.append(work(connection))
        if is_rehearsal:
            raise _Rehearsed

    engine = postgres.make_engine(url, poolclass=NullPool, command_timeout_s=None)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(alone)
    except _Rehearsed:
        pass
    except Exception as error:
        raise postgres.translated(error) from error
    finally:
        await engine.dispose()
    return found[0]
