"""Bring a database to this program's schema: numbered SQL files, each applied once, all or none.

A file `NNNN_name.sql` runs on both stores; `NNNN_name.sqlite.sql` and `NNNN_name.postgresql.sql` on one; an empty line
ends each statement. The table
`schema_version` holds the numbers that were applied. The caller holds the transaction, and a lock that keeps a second
program from migrating at the same time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import resources

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, func, insert, select

from connector.store.errors import SchemaTooNew
from connector.store.tables import Instant

_NAME = re.compile(r"(?P<number>\d{4})_(?P<title>\w+)(\.(?P<dialect>sqlite|postgresql))?\.sql")

schema_version = Table(
    "schema_version",
    MetaData(),
    Column("version", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("applied_at", Instant, nullable=False),
)


@dataclass(frozen=True, order=True)
class Migration:
    """One numbered file."""

    number: int
    title: str
    sql: str


def migrations(dialect: str) -> list[Migration]:
    """Return the files for the dialect (`sqlite` or `postgresql`), by number."""
    found = []
    for file in (resources.files("connector.store") / "migrations").iterdir():
        match = _NAME.fullmatch(file.name)
        if match is not None and match["dialect"] in (None, dialect):
            found.append(Migration(int(match["number"]), match["title"], file.read_text("utf-8")))
    return sorted(found)


def migrate(connection: Connection, now: datetime, known: list[Migration] | None = None) -> int:
    """Apply what is missing and return how many files that was. Raises SchemaTooNew."""
    known = migrations(connection.dialect.name) if known is None else known
    schema_version.create(connection, checkfirst=True)
    version = connection.execute(select(func.max(schema_version.c.version))).scalar() or 0
    if version > known[-1].number:
        raise SchemaTooNew(f"{version} > {known[-1].number}")
    missing = [migration for migration in known if migration.number > version]
    for migration in missing:
        for statement in statements(migration.sql):
            connection.exec_driver_sql(statement)
        row = {"version": migration.number, "title": migration.title, "applied_at": now}
        connection.execute(insert(schema_version), row)
    return len(missing)


def statements(sql: str) -> Iterator[str]:
    """Yield the statements of a script one by one; an empty line ends each."""
    for part in re.split(r"\n\s*\n", sql):
        lines = [line for line in part.splitlines() if line.strip() and not line.startswith("--")]
        if lines:
            yield "\n".join(lines)
