"""Verify an archive without writing anything.

1. The manifest is read, and the archive holds what it names and nothing else.
2. Its schema is one that this program knows.
3. Every member is, byte for byte, what was written (SHA-256), and every table has its number of rows.
4. Every journal is a whole chain that ends where the manifest's list of heads says.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from connector.services.backup.archive import HEADS, SETTINGS, Archive, table_member
from connector.services.backup.errors import BadBackup
from connector.store import journal, portable
from connector.store.errors import BrokenChain, SchemaTooNew
from connector.store.migrate import migrations

Row = dict[str, Any]
JOURNAL = "journal"


def check(archive: Archive) -> None:
    """Raise BadBackup, SchemaTooNew or BrokenChain unless everything in the archive is what was written."""
    manifest = archive.manifest
    newest = migrations(manifest.store)[-1].number if manifest.store in ("sqlite", "postgresql") else 0
    if manifest.schema_version > newest:
        raise SchemaTooNew(f"{manifest.schema_version} > {newest}")
    if not newest or not manifest.schema_version or not set(manifest.rows) <= set(portable.known(manifest.store)):
        raise BadBackup(f"{archive.path}: tables")
    settings(archive)
    for table, expected in manifest.rows.items():
        rows = read_rows(archive, table)
        try:
            count = _check_journals(archive, rows) if table == JOURNAL else sum(1 for _ in rows)
        except (KeyError, TypeError, ValueError) as error:
            raise BadBackup(f"{archive.path}: {table}") from error
        if count != expected:
            raise BadBackup(f"{archive.path}: {table}: {count} ≠ {expected}")
    for name in archive.published():
        for _ in archive.pieces(name):
            pass


def settings(archive: Archive) -> Row:
    """Return the settings in the archive. Raises BadBackup."""
    try:
        found = json.loads(b"".join(archive.pieces(SETTINGS)))
    except ValueError as error:
        raise BadBackup(f"{archive.path}: {SETTINGS}") from error
    if not isinstance(found, dict):
        raise BadBackup(f"{archive.path}: {SETTINGS}")
    return found


def read_rows(archive: Archive, table: str) -> Iterator[Row]:
    """Yield the rows of a table. Raises BadBackup."""
    name = table_member(table)
    for n, line in enumerate(archive.lines(name), 1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise BadBackup(f"{archive.path}: {name}: {n}") from error
        if not isinstance(row, dict):
            raise BadBackup(f"{archive.path}: {name}: {n}")
        yield row


def _check_journals(archive: Archive, rows: Iterator[Row]) -> int:
    """Compute all chains again, one after the other as they stand; return how many entries there are."""
    count, heads = 0, archive.lines(HEADS)
    at: tuple[str, str] | None = None
    n, last_hash = 0, ""
    for row in rows:
        count += 1
        if (row["owner"], row["process"]) != at:
            _check_head(archive, heads, at, n, last_hash)
            at, n, last_hash = (row["owner"], row["process"]), 0, ""
        n, last_hash = n + 1, journal.link(last_hash, row["entry"])
        if (row["n"], row["hash"]) != (n, last_hash) or not _says_the_same(row):
            raise BrokenChain(f"{row['process']} n={n}")
    _check_head(archive, heads, at, n, last_hash)
    if next(heads, None) is not None:
        raise BadBackup(f"{archive.path}: {HEADS}")
    return count


def _check_head(archive: Archive, heads: Iterator[bytes], at: tuple[str, str] | None, n: int, last_hash: str) -> None:
    if at is not None and json.loads(next(heads, b"null")) != [*at, n, last_hash]:
        raise BrokenChain(f"{at[1]}: {HEADS}")


def _says_the_same(row: Row) -> bool:
    told = json.loads(row["entry"])
    columns = {**row, "at": datetime.fromisoformat(row["at"]).isoformat()}
    return all(told[name] == columns[name] for name in ("owner", "process", "n", "at", "kind", "message_id"))
