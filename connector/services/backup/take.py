"""Take a backup, while the node serves or not.

The database is read in one snapshot (store/offline.py), so that all rows are of one instant. Published files are copied
after it; one that changes meanwhile refuses the backup. The archive holds no key and no password; the journal in
it keeps messages word for word, so it is as confidential as the database.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from connector.ids import new_id
from connector.services.backup import archive, sealed
from connector.services.backup.archive import FORMAT, HEADS, PUBLISHED, SETTINGS, Manifest, Writing, table_member
from connector.services.backup.errors import FileBusy
from connector.settings import Settings
from connector.store import offline, portable
from connector.store.db import Tx

KEY_FILES = ("keys", "admin.key")


@dataclass(frozen=True, slots=True)
class KeysFile:
    """Where the keys go, or come from, and what opens them."""

    path: Path
    passphrase: SecretStr


def take(settings: Settings, path: Path, keys: KeysFile | None, *, program: str, now: datetime) -> Manifest:
    """Write the archive, and the keys apart. Raises FileBusy, NoDatabase, WeakPassphrase, Unavailable."""
    content = None if keys is None else sealed.seal(dict(_secret_files(settings.data_dir)), keys.passphrase)
    if keys is not None and keys.path.exists():
        raise FileBusy(str(keys.path))
    with archive.writing(path) as out:
        out.put(SETTINGS, [json.dumps(told(settings), ensure_ascii=False, indent=2).encode()])
        schema_version, rows = offline.look(settings, lambda tx: _rows(tx, out), now)
        not_included = _files(settings.data_dir / "published", out)
        manifest = Manifest(
            format=FORMAT,
            id=new_id(),
            taken_at=now.isoformat(),
            program=program,
            store="sqlite" if settings.database_url is None else "postgresql",
            schema_version=schema_version,
            public_url=settings.base_url,
            data_dir=str(settings.data_dir.resolve()),
            rows=rows,
            journals=rows.pop(HEADS),
            not_included=not_included,
            members=dict(out.members),
        )
        out.put(archive.MANIFEST, [manifest.model_dump_json(indent=1).encode()])
    if keys is not None and content is not None:
        _write_keys(keys.path, content)
    return manifest


def told(settings: Settings) -> dict[str, Any]:
    """Return the settings that differ from the defaults, without any secret."""
    secret = {name for name in Settings.model_fields if isinstance(getattr(settings, name), SecretStr)}
    found: dict[str, Any] = settings.model_dump(mode="json", exclude=secret, exclude_defaults=True)
    if settings.outgoing_proxy:
        url = urlsplit(settings.outgoing_proxy)
        found["outgoing_proxy"] = urlunsplit(url._replace(netloc=url.netloc.rpartition("@")[2]))
    return found


def _rows(tx: Tx, out: Writing) -> tuple[int, dict[str, int]]:
    """Write every table; return the version of the schema, and how many rows each has."""
    counted = {}
    for table in portable.tables(tx):
        counted[table.name] = _put_lines(out, table_member(table.name), portable.lines(tx, table))
    counted[HEADS] = _put_lines(out, HEADS, portable.heads(tx))
    return portable.version(tx), counted


def _put_lines(out: Writing, name: str, lines: Iterator[str]) -> int:
    count = 0

    def pieces() -> Iterator[bytes]:
        nonlocal count
        for line in lines:
            count += 1
            yield line.encode()

    out.put(name, pieces())
    return count


def _files(folder: Path, out: Writing) -> list[str]:
    """Copy the published files; return those that are not copied because they are links or no files."""
    left_out = []
    for where, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(where) / name
            if path.is_symlink() or not path.is_file():
                left_out.append(str(path))
                continue
            _copy(path, PUBLISHED + path.relative_to(folder).as_posix(), out)
    return left_out


def _copy(path: Path, name: str, out: Writing) -> None:
    before = os.stat(path)
    out.put(name, _pieces(path), before.st_mtime_ns)
    after = os.stat(path)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise FileBusy(str(path))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(archive.CHUNK_BYTES):
            yield piece


def _secret_files(data_dir: Path) -> Iterator[tuple[str, bytes]]:
    for top in KEY_FILES:
        start = data_dir / top
        for path in [start] if start.is_file() else sorted(start.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield path.relative_to(data_dir).as_posix(), path.read_bytes()


def _write_keys(path: Path, content: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise FileBusy(str(path)) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
