"""Rows as lines of JSON, the same from and for both stores.

Every column of the node is text or a whole number (instants are text), so that a row read on one store is a row of the
other. Tables are known from the numbered files in migrations/, in the order in which they are made: a table comes after
those it refers to. What lives only for minutes is left out: it must not come back.
"""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import MetaData, Table, func, insert, inspect, select

from connector.store.db import Tx
from connector.store.errors import BadRows
from connector.store.migrate import migrations, schema_version
from connector.store.tables import journal

TRANSIENT = frozenset({"grants", "replays", "peer_health", "replicas", "inlets"})
"""Tokens and addresses given out, tokens seen, peers that did not answer, processes that ran: never restored."""
_CHUNK = 500
_OTHER = journal.alias()
_MADE = re.compile(r"^CREATE TABLE (\w+)", re.MULTILINE)


def version(tx: Tx) -> int:
    """Return the number of the last migration that was applied; 0 for a database without any."""
    if not inspect(tx.connection).has_table(schema_version.name):
        return 0
    return tx.connection.execute(select(func.max(schema_version.c.version))).scalar() or 0


def known(dialect: str) -> list[str]:
    """Return the names of the tables that are kept, of any version, in the order in which they are made."""
    made = (name for one in migrations(dialect) for name in _MADE.findall(one.sql))
    return [name for name in dict.fromkeys(made) if name not in TRANSIENT]


def tables(tx: Tx) -> list[Table]:
    """Return the tables that are kept, as this database has them, each after those it refers to."""
    there = set(inspect(tx.connection).get_table_names())
    metadata, kept = MetaData(), [name for name in known(tx.connection.dialect.name) if name in there]
    return [Table(name, metadata, autoload_with=tx.connection, resolve_fks=False) for name in kept]


def lines(tx: Tx, table: Table) -> Iterator[str]:
    """Yield each row of the table as a JSON object in a line, in the order of the primary key."""
    query = select(table).order_by(*table.primary_key.columns)
    for row in tx.connection.execute(query, execution_options={"yield_per": _CHUNK}):
        yield json.dumps(dict(row._mapping), ensure_ascii=False, separators=(",", ":")) + "\n"


def heads(tx: Tx) -> Iterator[str]:
    """Yield the last entry of each journal as a line of JSON: owner, process, number, hash; in the journal's order."""
    of_same = (_OTHER.c.owner == journal.c.owner, _OTHER.c.process == journal.c.process)
    last = select(func.max(_OTHER.c.n)).where(*of_same).scalar_subquery()
    query = select(journal.c.owner, journal.c.process, journal.c.n, journal.c.hash).where(journal.c.n == last)
    query = query.order_by(journal.c.owner, journal.c.process)
    for row in tx.connection.execute(query, execution_options={"yield_per": _CHUNK}):
        yield json.dumps(list(row), ensure_ascii=False, separators=(",", ":")) + "\n"


def load(tx: Tx, table: Table, rows: Iterable[dict[str, Any]]) -> int:
    """Insert rows and return how many. Raises BadRows for a column that is missing or that the table does not have."""
    count, names, waiting = 0, set(table.columns.keys()), iter(rows)
    while chunk := list(islice(waiting, _CHUNK)):
        if strange := {name for row in chunk for name in row} ^ names:
            raise BadRows(f"{table.name}: {', '.join(sorted(strange))}")
        tx.connection.execute(insert(table), chunk)
        count += len(chunk)
    _go_on(tx, table)
    return count


def _go_on(tx: Tx, table: Table) -> None:
    """Have a column to which PostgreSQL gives numbers go on after those of the rows."""
    for column in table.columns:
        if column.identity is not None:
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            tx.connection.execute(select(func.setval(sequence, func.max(column))))
