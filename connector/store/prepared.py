"""Statements that are asked many times for each process, made ready once: they go to the driver as they are.

SQLAlchemy writes them, and says how each value is stored and read. Carried out by it, each would take several times as
long as SQLite itself, and twice as long as the driver of PostgreSQL: its text is looked up, its values and its result
are wrapped anew every time.
"""

import re
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, TextualSelect, Update
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from connector.store import schema

Statement = Select[Any] | TextualSelect | Insert | Update | Delete
Values = Mapping[str, Any]
Processor = Callable[[Any], Any]
_MOST_TOGETHER = 32
"""Rows that are written by one statement: each number of rows makes a text of its own, and values are limited."""


class Prepared:
    """One statement, with parameters by name. Its rows have their columns by place and by name."""

    def __init__(self, statement: Statement, names: Iterable[str] | None = None) -> None:
        """`names`: the columns that an INSERT or UPDATE without values is given."""
        self._statement = statement
        self._names = None if names is None else list(names)
        self._ready: dict[str, _Ready] = {}

    def first(self, connection: Connection, values: Values) -> Any:
        """Return the first row; None when there is none."""
        return next(iter(self.on(connection).rows(connection, values)), None)

    def all(self, connection: Connection, values: Values) -> Sequence[Any]:
        """Return all rows."""
        return self.on(connection).rows(connection, values)

    def change(self, connection: Connection, values: Values) -> int:
        """Carry out a change; return how many rows it met."""
        return int(self.on(connection).run(connection, values).rowcount)

    def add(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Insert rows."""
        self.on(connection).run_for_each(connection, rows)

    def on(self, connection: Connection) -> "_Ready":
        """Return what the driver of this database is given."""
        dialect = connection.dialect
        ready = self._ready.get(dialect.name)
        if ready is None:
            ready = self._ready[dialect.name] = _Ready(self._statement, self._names, dialect)
        return ready


def change_together(connection: Connection, changes: Sequence[tuple[Prepared, Sequence[Values]]]) -> list[int]:
    """Carry out changes, each with its rows, and return how many rows each has met (an UPDATE is given one).

    PostgreSQL is asked once for all of them, since each question is a journey: they see the tables as they were before
    the first, and foreign keys are looked at after the last.
    """
    is_one = connection.dialect.name == "postgresql" and len(changes) > 1
    if not is_one or sum(len(rows) for _, rows in changes) > _MOST_TOGETHER:
        return [_change_each(connection, statement, rows) for statement, rows in changes]
    ready = [(statement.on(connection), rows) for statement, rows in changes]
    text = _joined(tuple((each, len(rows)) for each, rows in ready))
    cursor = _driver_of(connection).cursor()
    given = [value for each, rows in ready for values in rows for value in each.written(values)]
    _carry_out(connection, text, cursor.execute, given)
    return list(cursor.fetchall()[0])


def _change_each(connection: Connection, statement: Prepared, rows: Sequence[Values]) -> int:
    if len(rows) == 1:
        return statement.change(connection, rows[0])
    statement.add(connection, rows)
    return len(rows)


@lru_cache(maxsize=512)
def _joined(parts: "tuple[tuple[_Ready, int], ...]") -> str:
    """Return one statement of PostgreSQL for several, each with so many rows, that tells how many rows each has met."""
    named, before = [], 0
    for place, (ready, count) in enumerate(parts):
        named.append(f"c{place} AS ({ready.counted(count, before)})")
        before += count * len(ready.names)
    told = ", ".join(f"(SELECT count(*) FROM c{place})" for place in range(len(parts)))  # noqa: S608  # places alone
    return f"WITH {', '.join(named)} SELECT {told}"


class _Ready:
    """A statement as a driver takes it: its text, how its values are written and how its columns are read."""

    def __init__(self, statement: Statement, names: list[str] | None, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=names)
        assert isinstance(compiled, SQLCompiler)
        self._text = str(compiled)
        self.names = tuple(compiled.positiontup or ())
        self._pick = _picking(self.names)
        given = [compiled.binds[name] for name in self.names]
        self._fixed = {name: compiled.params[name] for name in self.names if not compiled.binds[name].required}
        self._writers = _places(_writer(one.type, dialect) for one in given)
        columns = list(statement.exported_columns)
        self._readers = _places(_reader(one.type, dialect) for one in columns)
        named: Any = namedtuple  # its fields are known here and nowhere before
        self._row: Callable[[Sequence[Any]], Any] = named("Row", [str(one.key) for one in columns])._make

    def rows(self, connection: Connection, values: Values) -> list[Any]:
        return [self._row(_turned(row, self._readers)) for row in self.run(connection, values).fetchall()]

    def run(self, connection: Connection, values: Values) -> DBAPICursor:
        cursor = _driver_of(connection).cursor()
        _carry_out(connection, self._text, cursor.execute, self.written(values))
        return cursor

    def run_for_each(self, connection: Connection, rows: Sequence[Values]) -> None:
        cursor = _driver_of(connection).cursor()
        _carry_out(connection, self._text, cursor.executemany, [self.written(values) for values in rows])

    def written(self, values: Values) -> Sequence[Any]:
        """Return the values of a row as the driver takes them, in their order."""
        return _turned(self._pick({**self._fixed, **values}), self._writers)

    def counted(self, rows: int, before: int) -> str:
        """Return the text for so many rows as a part of another one, with a row for each that it meets.

        `before`: how many values stand before its own.
        """
        told = "" if "RETURNING" in self._text else " RETURNING 1"
        found = _VALUES.fullmatch(self._text) if rows > 1 else None
        if found is None:
            return _shifted(self._text, before) + told
        head, values, tail = found.groups()
        each = [_shifted(values, before + place * len(self.names)) for place in range(rows)]
        return f"{head}{', '.join(each)}{tail}{told}"


_VALUES = re.compile(r"(INSERT INTO .*? VALUES )(\(.*\))((?: RETURNING .*)?)", re.DOTALL)
_PLACE = re.compile(r"\$(\d+)")


def _shifted(text: str, by: int) -> str:
    return _PLACE.sub(lambda place: f"${int(place[1]) + by}", text)


def _carry_out(connection: Connection, text: str, run: Callable[[str, Any], Any], given: Any) -> None:
    """Run a statement. An error is the one that SQLAlchemy would raise, and never shows the values."""
    dialect = connection.dialect
    driver: Any = dialect.loaded_dbapi
    try:
        run(text, given)
    except driver.Error as error:
        if dialect.is_disconnect(error, _driver_of(connection), None):
            connection.exec_driver_sql("SELECT 1")  # SQLAlchemy notices, and forgets all connections of that time
        is_stale = isinstance(error, getattr(driver, "InvalidCachedStatementError", ()))
        if is_stale:  # what it keeps of the schema is not true any more
            connection.invalidate(error)
        raise DBAPIError.instance(
            text,
            None,
            error,
            driver.Error,
            hide_parameters=True,
            connection_invalidated=is_stale,
            dialect=dialect,
        ) from error


def _driver_of(connection: Connection) -> DBAPIConnection:
    """Return the driver's connection, as SQLAlchemy hands it out (PEP 249)."""
    driver = connection.connection.dbapi_connection
    assert driver is not None
    return driver


def _picking(names: tuple[str, ...]) -> Callable[[Values], Sequence[Any]]:
    """Return what takes the values of these names, in their order."""
    if len(names) < 2:
        return lambda values: [values[name] for name in names]
    return itemgetter(*names)


def _writer(kind: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    if isinstance(kind, schema.Instant):  # by far the most, and SQLAlchemy would call two functions more for each
        return schema.written
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    if isinstance(kind, schema.Instant):
        return schema.read
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def _places(processors: Iterable[Processor | None]) -> list[tuple[int, Processor]]:
    """Return the places of values that are not stored as they are, each with what turns one into the other."""
    return [(place, processor) for place, processor in enumerate(processors) if processor is not None]


def _turned(values: Sequence[Any], processors: list[tuple[int, Processor]]) -> Sequence[Any]:
    if not processors:
        return values
    turned = list(values)
    for place, process in processors:
        turned[place] = process(turned[place])
    return turned


def raw_of(connection: Connection) -> sqlite3.Connection:
    """Return SQLite's own connection."""
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw
