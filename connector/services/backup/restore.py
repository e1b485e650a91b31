"""Make a node of a backup, in an empty folder and an empty database, on either store.

1. Everything in the archive is verified before anything is written (check.py), and the keys are opened.
2. The settings must give the node the address that its identities contain.
3. Files are prepared aside; the tables of the archive's version are made, filled, and migrated to this program's.
4. The database learns that it was restored (store/restores.py): unfinished processes wait to be compared with the
   partners, data tokens are gone, API keys are revoked unless told otherwise, and there is a new administration key.
5. The files are put in place and the database is committed. Whatever fails before leaves nothing.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from connector.identity.addresses import Addresses
from connector.services.backup import archive as archives
from connector.services.backup import sealed
from connector.services.backup.archive import Archive, is_safe
from connector.services.backup.check import check, read_rows
from connector.services.backup.errors import BadKeysFile, NotEmpty, OtherAddress
from connector.services.backup.place import Place, filling
from connector.services.backup.take import KeysFile
from connector.services.hosts import administration_key
from connector.settings import Settings
from connector.store import offline, participants, portable, restores, sqlite
from connector.store.db import Tx
from connector.store.migrate import migrate, migrations
from connector.store.restores import Restore

ADMIN_KEY = "admin.key"
_PLACES = {"datasets": "source", "fetches": "path"}
"""Columns that name files of this machine."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restoration did."""

    restore: Restore
    manifest: archives.Manifest
    waiting: int
    """Processes that are to be compared with partners."""
    owners_without_key: tuple[str, ...]


def restore(
    settings: Settings, path: Path, keys: KeysFile | None, *, keep_api_keys: bool, root: str, now: datetime
) -> Restored:
    """Restore a node. Raises BadBackup, BadKeysFile, SchemaTooNew, OtherAddress, NotEmpty, Unavailable."""
    with archives.reading(path) as archive:
        check(archive)
        secrets = {} if keys is None else _opened(keys)
        _check_addresses(archive, settings, root)
        if (finished := _finished(settings, archive, now)) is not None:
            return finished
        with filling(settings.data_dir, keeps_keys=not any(name.startswith("keys/") for name in secrets)) as place:
            if settings.database_url is not None and offline.is_there(settings, now):
                raise NotEmpty("database_url")
            _write_files(archive, place, secrets, keep_api_keys)
            return _fill(settings, archive, place, keep_api_keys, now)


def _finished(settings: Settings, archive: Archive, now: datetime) -> Restored | None:
    """Return what a restoration of this archive did that was killed after its commit and before its end."""
    place = Place(settings.data_dir)
    if settings.database_url is None or not place.is_planned or not offline.is_there(settings, now):
        return None

    def unit(tx: Tx) -> Restored | None:
        done = restores.last(tx)
        return None if done is None or done.backup != archive.manifest.id else _told(tx, archive, place, done)

    found = offline.look(settings, unit, now)
    if found is not None:
        place.done()
    return found


def _fill(settings: Settings, archive: Archive, place: Place, keep_api_keys: bool, now: datetime) -> Restored:
    """Fill the database and put the files in place: in the same transaction, or the database as one of the files."""
    is_file = settings.database_url is None
    where = settings.model_copy(update={"data_dir": place.content}) if is_file else settings
    data_dir = settings.data_dir.resolve()

    def unit(tx: Tx) -> Restored:
        _load(tx, archive, data_dir)
        taken_at = datetime.fromisoformat(archive.manifest.taken_at)
        begun = restores.begin(tx, archive.manifest.id, taken_at, revoke_keys=not keep_api_keys)
        if not (place.content / ADMIN_KEY).exists():
            key, secret = administration_key("restore")
            participants.add_key(tx, key)
            place.write(ADMIN_KEY, [f"{secret}\n".encode()])
        told = _told(tx, archive, place, begun)
        if not is_file:
            place.put()
        return told

    restored = offline.change(where, unit, now)
    if is_file:
        (place.content / f"{sqlite.FILE}.lock").unlink()
        place.put()
    return restored


def _told(tx: Tx, archive: Archive, place: Place, restore: Restore) -> Restored:
    owners = [hosted.owner for hosted in participants.every(tx)]
    waiting = sum(restores.count(tx, owner).get("waiting", 0) for owner in owners)
    return Restored(restore, archive.manifest, waiting, tuple(one for one in owners if not _has_key(place, one)))


def _load(tx: Tx, archive: Archive, data_dir: Path) -> None:
    """Make the tables of the archive's version, fill them, and migrate them."""
    known = migrations(tx.connection.dialect.name)
    migrate(tx.connection, tx.now, [one for one in known if one.number <= archive.manifest.schema_version])
    tables = {table.name: table for table in portable.tables(tx)}
    for name in archive.manifest.rows:
        rows = _moved(name, read_rows(archive, name), archive.manifest.data_dir, str(data_dir))
        portable.load(tx, tables[name], rows)
    migrate(tx.connection, tx.now, known)


def _moved(table: str, rows: Iterator[dict[str, Any]], before: str, after: str) -> Iterator[dict[str, Any]]:
    """Yield the rows with the files of the data folder where that folder is now."""
    column = _PLACES.get(table)
    for row in rows:
        if column is not None and before != after:
            row[column] = _with_path(row[column], before, after)
        yield row


def _with_path(text: str, before: str, after: str) -> str:
    if not text.startswith("{"):
        return after + text.removeprefix(before) if text.startswith(f"{before}/") else text
    address = json.loads(text)
    if isinstance(address.get("path"), str):
        address["path"] = _with_path(address["path"], before, after)
    return json.dumps(address, ensure_ascii=False, separators=(",", ":"))


def _opened(keys: KeysFile) -> dict[str, bytes]:
    files = sealed.unseal(keys.path, keys.passphrase)
    if not all(is_safe(name) for name in files):
        raise BadKeysFile(str(keys.path))
    return files


def _check_addresses(archive: Archive, settings: Settings, root: str) -> None:
    """Compare the DIDs in the archive with those that the settings lead to: they never change."""
    addresses = Addresses(settings.base_url, root)
    for row in read_rows(archive, "participants"):
        if row["did"] != addresses.did(row["owner"]):
            raise OtherAddress(f"{archive.manifest.public_url} ≠ {settings.base_url}")


def _write_files(archive: Archive, place: Place, secrets: dict[str, bytes], keep_api_keys: bool) -> None:
    for name in archive.published():
        place.write(name, archive.pieces(name), archive.manifest.members[name].modified_ns)
    for name, octets in secrets.items():
        if name != ADMIN_KEY or keep_api_keys:
            place.write(name, [octets])


def _has_key(place: Place, owner: str) -> bool:
    return any((folder / "keys" / owner).is_dir() for folder in (place.content, place.folder))
