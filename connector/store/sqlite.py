"""The store on SQLite: one file, one process, one writer thread with group commit.

The thread takes all units that wait, runs each in a savepoint under one BEGIN IMMEDIATE, commits once, then answers
them all: one sync to disk for many callers, and nothing is answered before it is safe (WAL, synchronous=FULL). A unit
that raises undoes itself alone. When the commit fails (disk full, I/O), every unit of the batch fails with Unavailable,
and the next batch starts anew: the store recovers by itself when there is space again.

Reads are short and indexed; they run in the event loop on a connection of their own, which costs less than handing them
to a thread and lets a reader never wait for a writer.
"""

import asyncio
import fcntl
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from connector.clock import Clock
from connector.problems import Unavailable
from connector.store import conditions, job_rows, unit_end
from connector.store.db import Local, Tx
from connector.store.errors import DatabaseInUse
from connector.store.migrate import migrate
from connector.store.prepared import raw_of

T = TypeVar("T")
FILE = "pupitre.db"
_BATCH = 256
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=5000",
    "temp_store=MEMORY",
    "cache_size=-8192",
    "journal_size_limit=67108864",
)
# Not the unit's fault: the file cannot be written or read now.
_UNAVAILABLE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PROTOCOL,
}


class _Waiting:
    """A unit that waits for the writer, and the future that its caller awaits."""

    __slots__ = ("answer", "problem", "result", "tx", "unit")

    def __init__(self, unit: Callable[[Tx], Any], answer: asyncio.Future[Any]) -> None:
        self.unit = unit
        self.answer = answer
        self.tx: Tx | None = None
        self.result: Any = None
        self.problem: BaseException | None = None


class SqliteStore:
    """See db.Store."""

    signals_are_live = True

    def __init__(self, path: Path, clock: Clock, lock: int) -> None:
        self.clock = clock
        self.local = Local()
        self.subscribe = self.local.subscribe
        self._lock = lock
        self._loop = asyncio.get_running_loop()
        self._engine = make_engine(path)
        self._writing = self._engine.connect()
        self._reading = self._engine.connect()
        self._write_raw, self._read_raw = raw_of(self._writing), raw_of(self._reading)
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._is_open = False

    def prepare(self) -> None:
        """Migrate, and free what a former process held: nobody else has this file."""
        self._write_raw.execute("BEGIN IMMEDIATE")
        try:
            migrate(self._writing, self.clock.now())
            job_rows.release_all(self._writing, None, self.clock.now())
            self._write_raw.execute("COMMIT")
        except BaseException:
            self._write_raw.rollback()
            raise
        self._is_open = True
        self._thread.start()

    async def write(self, unit: Callable[[Tx], T], about: str = "") -> T:
        if not self._is_open:
            raise Unavailable("closed")
        waiting = _Waiting(conditions.applied(unit), self._loop.create_future())
        self._queue.put(waiting)
        answer: T = await waiting.answer
        return answer

    async def read(self, unit: Callable[[Tx], T]) -> T:
        if self._read_raw is None or not self._is_open:
            raise Unavailable("closed")
        try:
            self._read_raw.execute("BEGIN")
            return unit(Tx(self._reading, self.clock.now(), self.local))
        except (DBAPIError, sqlite3.Error) as error:
            raise translated(error) from error
        finally:
            if self._read_raw.in_transaction:
                self._read_raw.rollback()

    async def close(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        self.dispose()

    def dispose(self) -> None:
        """Close the file and give up the lock on it."""
        self._reading.close()
        self._writing.close()
        self._engine.dispose()
        os.close(self._lock)

    # In the writer thread

    def _serve(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, is_last = self._gather(first)
            self._run(batch)
            try:
                self._loop.call_soon_threadsafe(self._answer, batch)
            except RuntimeError:  # the loop was closed before the store: nobody waits any more
                return
            if is_last:
                return

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        """Return all that waits, and True when the store is to be closed after that."""
        batch = [first]
        while len(batch) < _BATCH:
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                return batch, True
            batch.append(waiting)
        return batch, False

    def _run(self, batch: list[_Waiting]) -> None:
        """Run the units and commit once; what cannot be committed fails as a whole."""
        raw = self._write_raw
        try:
            raw.execute("BEGIN IMMEDIATE")
            for waiting in batch:
                if not waiting.answer.cancelled():
                    self._run_one(waiting)
            raw.execute("COMMIT")
        except BaseException as error:
            if raw.in_transaction:
                raw.rollback()
            problem = translated(error)
            for waiting in batch:
                waiting.problem = problem

    def _run_one(self, waiting: _Waiting) -> None:
        """Run a unit in its savepoint. Raises when not only the unit but the transaction failed."""
        raw = self._write_raw
        raw.execute("SAVEPOINT unit")
        waiting.tx = tx = Tx(self._writing, self.clock.now(), self.local)
        try:
            waiting.result = waiting.unit(tx)
            unit_end.flush(tx)
        except BaseException as error:
            if not raw.in_transaction:
                raise
            raw.execute("ROLLBACK TO unit")
            waiting.problem = translated(error)
        raw.execute("RELEASE unit")

    # In the event loop

    def _answer(self, batch: list[_Waiting]) -> None:
        for waiting in batch:
            if waiting.problem is None and waiting.tx is not None:
                self.local.committed(waiting.tx)
            if waiting.answer.done():
                continue
            if waiting.problem is None:
                waiting.answer.set_result(waiting.result)
            else:
                waiting.answer.set_exception(waiting.problem)


async def open_sqlite(folder: Path, clock: Clock) -> SqliteStore:
    """Open the file in the folder, made if need be. Raises DatabaseInUse, SchemaTooNew, Unavailable."""
    try:
        lock = lock_folder(folder)
    except OSError as error:
        raise Unavailable(str(error)) from error
    try:
        store = SqliteStore(folder / FILE, clock, lock)
    except BaseException as error:
        os.close(lock)
        raise translated(error) from error
    try:
        store.prepare()
    except BaseException as error:
        store.dispose()
        raise translated(error) from error
    return store


def lock_folder(folder: Path) -> int:
    """Return the descriptor that holds the folder's lock: the system lets go of it when the process dies."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # before SQLite makes it for all
    descriptor = os.open(folder / f"{FILE}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise DatabaseInUse(str(folder)) from None
    return descriptor


def make_engine(path: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    # We begin and end transactions ourselves, on the driver's connection.
    # An error never shows the values of a statement: they may be tokens.
    options = {"poolclass": NullPool, "isolation_level": "AUTOCOMMIT", "hide_parameters": True}
    return create_engine("sqlite://", creator=connect, **options)


def translated(error: BaseException) -> BaseException:
    """Return Unavailable for what is the disk's fault, and the error itself otherwise."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode & 0xFF in _UNAVAILABLE:
        unavailable = Unavailable(str(cause))
        unavailable.__cause__ = error
        return unavailable
    if isinstance(error, StopIteration):  # a future cannot carry it
        return RuntimeError("the unit raised StopIteration")
    return error
