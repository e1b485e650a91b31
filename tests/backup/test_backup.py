"""A backup is taken while the node serves, says what it is, and comes back on either store as it was."""

import asyncio
import json
import os
import re
import shutil
import stat
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Text, insert, select

from connector.app import ROOT, Node
from connector.clock import SystemClock
from connector.problems import Problem
from connector.services import checkpoints as checkpointing
from connector.services.backup import archive
from connector.services.backup.check import check
from connector.services.backup.errors import (
    BadBackup,
    BadKeysFile,
    FileBusy,
    HalfRestored,
    NotEmpty,
    OtherAddress,
    WeakPassphrase,
)
from connector.services.backup.place import STAGING
from connector.services.backup.restore import restore
from connector.services.backup.take import KeysFile, take
from connector.services.journals import Journals
from connector.settings import Settings
from connector.store import checkpoints, offline, portable, restores
from connector.store.db import Tx
from connector.store.errors import BrokenChain, SchemaTooNew
from connector.store.jobs import Job
from connector.store.migrate import migrations
from connector.store.tables import Instant, api_keys, grants, metadata
from contracts.jws import read_sealed
from contracts.terms import instant
from tests.backup.conftest import CONTENT, PASSPHRASE, Saved, at
from tests.harness import nodes

NOW = SystemClock().now()
LATER = ("restores", "reconciliations", "journal", "jobs", "api_keys", "events", "event_heads")
"""Tables that a restoration adds to."""


def rows(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """Return every row that a backup keeps, by table."""

    def unit(tx: Tx) -> dict[str, list[dict[str, Any]]]:
        return {one.name: [json.loads(line) for line in portable.lines(tx, one)] for one in portable.tables(tx)}

    return offline.look(settings, unit, NOW)


def again(saved: Saved, settings: Settings, **more: Any) -> Any:
    options = {"keys": saved.keys, "keep_api_keys": True, "root": ROOT, "now": NOW, **more}
    return restore(settings, saved.file, options.pop("keys"), **options)


def verified(path: Path) -> None:
    with archive.reading(path) as opened:
        check(opened)


def test_every_column_is_text_or_a_whole_number() -> None:
    for table in metadata.tables.values():
        for column in table.columns:
            assert isinstance(column.type, Text | Instant) or column.type.python_type is int, column


def test_every_table_is_kept_but_what_lives_for_minutes() -> None:
    for dialect in ("sqlite", "postgresql"):
        assert set(portable.known(dialect)) == set(metadata.tables) - portable.TRANSIENT


def test_an_archive_is_intact_and_private_and_holds_no_secret(saved: Saved) -> None:
    verified(saved.file)
    assert stat.S_IMODE(saved.file.stat().st_mode) == stat.S_IMODE(saved.keys.path.stat().st_mode) == 0o600
    pem = (saved.folder / "keys/root/auth.pem").read_bytes()
    with zipfile.ZipFile(saved.file) as opened:
        content = b"".join(opened.read(name) for name in opened.namelist())
    assert pem.splitlines()[1] not in content
    assert b"database_url" not in content
    assert b"BEGIN PRIVATE KEY" not in saved.keys.path.read_bytes()


@pytest.mark.parametrize("target", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_backup_comes_back_on_either_store(
    saved: Saved, database: str | None, target: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    before = rows(at(saved.folder, saved.port, database))
    if target == "sqlite":
        _comes_back(saved, at(tmp_path / "back", saved.port), before)
        return
    with request.getfixturevalue("postgres").fresh_database() as url:
        _comes_back(saved, at(tmp_path / "back", saved.port, url), before)


def _comes_back(saved: Saved, settings: Settings, before: dict[str, list[dict[str, Any]]]) -> None:
    done = again(saved, settings)
    assert done.owners_without_key == ()
    after = rows(settings)
    assert {name: found for name, found in after.items() if name not in (*LATER, "datasets")} == {
        name: found for name, found in before.items() if name not in (*LATER, "datasets")
    }
    assert after["journal"][: len(before["journal"])] != []
    assert {row["hash"] for row in before["journal"]} <= {row["hash"] for row in after["journal"]}
    assert (settings.data_dir / "keys/root/auth.pem").read_bytes() == (saved.folder / "keys/root/auth.pem").read_bytes()
    published = settings.data_dir / "published/lampadaires.csv"
    assert published.read_bytes() == CONTENT
    assert published.stat().st_mtime_ns == (saved.folder / "published/lampadaires.csv").stat().st_mtime_ns
    assert not (settings.data_dir / STAGING).exists()
    shutil.copy2(saved.folder / "seal.key", settings.data_dir / "seal.key")  # which no backup holds

    async def play() -> None:
        async with (
            nodes.running(
                settings.data_dir,
                database=settings.database_url.get_secret_value() if settings.database_url else None,
                public_port=saved.port,
            ) as node,
            nodes.running(settings.data_dir.parent / "new") as new,
        ):
            seen, after = saved.told.items, saved.told.after
            await nodes.agreed(new, node)
            whole = (await node.feed.read(ROOT, 0, 1000)).items
            held, fresh = whole[: len(seen) - 1], whole[len(seen) - 1 :]
            assert held == seen[:-1], "all that the backup holds has the numbers under which it was seen"
            assert "agreement.concluded" in [one.kind for one in fresh]
            await declares_the_restoration(node)
            told = (await node.feed.read(ROOT, after, 1000)).items
            assert told[: len(fresh)] == fresh, "a follower goes on with what is new, misses and repeats nothing"

    asyncio.run(play())


async def declares_the_restoration(node: Node) -> None:
    """The checkpoint of before is there, the next one follows it and tells of the restoration, and all verifies."""
    await node.checkpoints(Job(checkpointing.JOB, ROOT, checkpointing.KEY))
    restored = await node.store.read(restores.last)
    assert restored is not None
    before, after = [
        read_sealed(one.jws or "").document for one in await node.store.read(lambda tx: checkpoints.page(tx, ROOT))
    ]
    assert "restorations" not in before
    (told,) = after["restorations"]
    assert (told["backupAt"], told["restoredAt"]) == (instant(restored.taken_at), instant(restored.restored_at))
    journals, cursor = Journals(node.store, node.hosts), None
    while True:
        page = await journals.verify(ROOT, cursor=cursor, limit=100)
        assert page.faults == []
        if (cursor := page.following) is None:
            break


def test_api_keys_are_revoked_and_a_new_one_is_made_unless_told_otherwise(saved: Saved, tmp_path: Path) -> None:
    settings = at(tmp_path / "back", saved.port)
    again(saved, settings, keep_api_keys=False)
    secret = (settings.data_dir / "admin.key").read_text("ascii").strip()
    assert secret.startswith("pk_")

    def unit(tx: Tx) -> list[tuple[str, bool]]:
        query = select(api_keys.c.label, api_keys.c.revoked_at)
        return sorted((row.label, row.revoked_at is None) for row in tx.connection.execute(query))

    assert offline.look(settings, unit, NOW) == [("a program", False), ("restore", True)]


def test_data_tokens_do_not_come_back(saved: Saved, tmp_path: Path) -> None:
    settings = at(tmp_path / "back", saved.port)
    again(saved, settings)
    assert offline.look(settings, lambda tx: tx.connection.execute(select(grants)).all(), NOW) == []


def test_nothing_is_restored_over_a_node(saved: Saved, database: str | None, tmp_path: Path) -> None:
    with pytest.raises(NotEmpty):
        again(saved, at(saved.folder, saved.port, database))
    if database is not None:
        with pytest.raises(NotEmpty):
            again(saved, at(tmp_path / "back", saved.port, database))
        assert not (tmp_path / "back").exists()


def test_keys_that_are_there_already_are_kept(saved: Saved, tmp_path: Path) -> None:
    folder = tmp_path / "back"
    (folder / "keys/root").mkdir(parents=True)
    (folder / "keys/root/auth.pem").write_bytes((saved.folder / "keys/root/auth.pem").read_bytes())
    assert again(saved, at(folder, saved.port), keys=None).owners_without_key == ()
    assert again(saved, at(tmp_path / "bare", saved.port), keys=None).owners_without_key == (ROOT,)


def test_a_node_keeps_its_address(saved: Saved, tmp_path: Path) -> None:
    with pytest.raises(OtherAddress):
        again(saved, at(tmp_path / "back", saved.port + 1))
    assert not (tmp_path / "back").exists()


def test_another_passphrase_opens_nothing(saved: Saved, tmp_path: Path) -> None:
    wrong = KeysFile(saved.keys.path, SecretStr("une autre phrase de passe"))
    with pytest.raises(BadKeysFile):
        again(saved, at(tmp_path / "back", saved.port), keys=wrong)
    text = saved.keys.path.read_bytes()
    saved.keys.path.write_bytes(text.replace(b'"r": 8', b'"r": 9'))
    with pytest.raises(BadKeysFile):
        again(saved, at(tmp_path / "back", saved.port))
    assert not (tmp_path / "back").exists()


def rewritten(saved: Saved, path: Path, name: str, change: Any) -> Path:
    """Write the archive again with one member changed, and the manifest as it was."""
    with zipfile.ZipFile(saved.file) as before, zipfile.ZipFile(path, "w") as after:
        for member in before.namelist():
            content = before.read(member)
            after.writestr(member, change(content) if member == name else content)
    return path


def resealed(saved: Saved, path: Path, name: str, change: Any) -> Path:
    """Write the archive again with one member changed, by somebody who also changes the manifest."""
    with zipfile.ZipFile(saved.file) as before, zipfile.ZipFile(path, "w") as after:
        manifest = json.loads(before.read(archive.MANIFEST))
        for member in before.namelist():
            content = change(before.read(member)) if member == name else before.read(member)
            if member == name:
                manifest["members"][name] |= {"sha256": sha256(content).hexdigest(), "size_bytes": len(content)}
            if member != archive.MANIFEST:
                after.writestr(member, content)
        after.writestr(archive.MANIFEST, json.dumps(manifest))
    return path


DAMAGES: dict[str, tuple[str, Any]] = {
    "a table": ("tables/negotiations.jsonl", lambda text: text.replace(b"FINALIZED", b"REQUESTED")),
    "a file": ("published/lampadaires.csv", lambda text: text + b"1,1,1\n"),
    "settings": ("settings.json", lambda text: text + b" "),
    "manifest": (archive.MANIFEST, lambda text: text.replace(b'"sqlite"', b'"oracle"').replace(b"pupitre-b", b"b")),
    "a line cut off": ("tables/journal.jsonl", lambda text: text[:-1]),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_whatever_was_changed_is_noticed_and_nothing_is_written(saved: Saved, tmp_path: Path, what: str) -> None:
    saved.file = rewritten(saved, tmp_path / "changed.zip", *DAMAGES[what])
    with pytest.raises(BadBackup):
        verified(saved.file)
    with pytest.raises(BadBackup):
        again(saved, at(tmp_path / "back", saved.port))
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"".join(text.splitlines(keepends=True)[1:]),
        lambda text: text.replace(b"FINALIZED", b"TERMINATE", 1),
        lambda text: b"".join(text.splitlines(keepends=True)[:-1]),
    ],
    ids=["dropped first", "changed", "dropped last"],
)
def test_a_journal_that_was_changed_with_its_manifest_is_noticed(saved: Saved, tmp_path: Path, change: Any) -> None:
    path = resealed(saved, tmp_path / "changed.zip", "tables/journal.jsonl", change)
    with pytest.raises((BrokenChain, BadBackup)):
        verified(path)


def test_a_newer_schema_is_refused(saved: Saved, tmp_path: Path) -> None:
    def newer(text: bytes) -> bytes:
        manifest = json.loads(text)
        return json.dumps({**manifest, "schema_version": 9999}).encode()

    with pytest.raises(SchemaTooNew):
        verified(rewritten(saved, tmp_path / "newer.zip", archive.MANIFEST, newer))


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(BadBackup):
        verified(tmp_path / "x.zip")


def test_a_member_that_leads_elsewhere_is_refused(saved: Saved, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(saved.file) as before, zipfile.ZipFile(path, "w") as after:
        manifest = json.loads(before.read(archive.MANIFEST))
        manifest["members"]["published/../../evil"] = manifest["members"]["published/lampadaires.csv"]
        for member in before.namelist():
            if member != archive.MANIFEST:
                after.writestr(member, before.read(member))
        after.writestr("published/../../evil", before.read("published/lampadaires.csv"))
        after.writestr(archive.MANIFEST, json.dumps(manifest))
    with pytest.raises(BadBackup):
        verified(path)


def test_a_backup_overwrites_nothing_and_a_refused_one_leaves_nothing(saved: Saved, database: str | None) -> None:
    settings = at(saved.folder, saved.port, database)
    before = saved.file.read_bytes()
    with pytest.raises(FileBusy):
        take(settings, saved.file, None, program="test", now=NOW)
    assert saved.file.read_bytes() == before
    other = saved.file.with_name("other.zip")
    with pytest.raises(FileBusy):
        take(settings, other, saved.keys, program="test", now=NOW)
    with pytest.raises(WeakPassphrase):
        take(settings, other, KeysFile(other.with_suffix(".keys"), SecretStr("court")), program="test", now=NOW)
    assert [one.name for one in other.parent.iterdir() if "other." in one.name] == []


def test_a_restoration_that_fails_leaves_nothing(saved: Saved, database: str | None, tmp_path: Path) -> None:
    def doubled(text: bytes) -> bytes:
        first = text.splitlines(keepends=True)[0]
        return first + first

    path = resealed(saved, tmp_path / "twice.zip", "tables/participants.jsonl", doubled)
    with zipfile.ZipFile(path) as opened:
        manifest = json.loads(opened.read(archive.MANIFEST))
    manifest["rows"]["participants"] = 2
    saved.file = path
    saved.file = rewritten(saved, tmp_path / "counted.zip", archive.MANIFEST, lambda _: json.dumps(manifest).encode())
    verified(saved.file)
    settings = at(tmp_path / "back", saved.port)
    with pytest.raises(Exception, match=r"(?i)unique"):
        again(saved, settings)
    assert not settings.data_dir.exists()


@pytest.mark.postgres
def test_a_restoration_that_fails_leaves_nothing_in_postgresql(saved: Saved, tmp_path: Path, postgres: Any) -> None:
    settings_file = tmp_path / "back" / "admin.key"

    with postgres.fresh_database() as url:
        settings = at(tmp_path / "back", saved.port, url)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "rename", _full_disk)
            with pytest.raises(Problem):
                again(saved, settings)
        assert not settings_file.exists()
        assert not offline.is_there(settings, NOW)
        again(saved, settings)


def _full_disk(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_restoration_that_was_killed_is_begun_anew_and_no_node_starts_meanwhile(saved: Saved, tmp_path: Path) -> None:
    settings = at(tmp_path / "back", saved.port)
    staging = settings.data_dir / STAGING
    (staging / "content").mkdir(parents=True)
    (staging / "content/keys").mkdir()
    (staging / "plan.json").write_text(json.dumps(["admin.key", "keys", "published", "pupitre.db"]))
    (settings.data_dir / "published").mkdir()
    (settings.data_dir / "admin.key").write_text("half")

    async def start() -> None:
        async with nodes.running(settings.data_dir, public_port=saved.port):
            pass

    with pytest.raises(HalfRestored):
        asyncio.run(start())
    again(saved, settings)
    asyncio.run(start())


def test_an_archive_of_an_earlier_schema_is_migrated(saved: Saved, tmp_path: Path) -> None:
    later = "".join(one.sql for one in migrations("sqlite") if one.number > 2)
    earlier = {name for name in metadata.tables if f"CREATE TABLE {name} " in later}
    added = re.findall(r"ALTER TABLE (\w+) ADD COLUMN (\w+)", later)
    path = tmp_path / "earlier.zip"
    with zipfile.ZipFile(saved.file) as before, zipfile.ZipFile(path, "w") as after:
        manifest = json.loads(before.read(archive.MANIFEST))
        gone = {f"tables/{name}.jsonl" for name in earlier}
        manifest |= {
            "schema_version": 2,
            "rows": {name: count for name, count in manifest["rows"].items() if name not in earlier},
            "members": {name: one for name, one in manifest["members"].items() if name not in gone},
        }
        for member in before.namelist():
            if member not in gone and member != archive.MANIFEST:
                text = before.read(member)
                columns = {column for table, column in added if member == f"tables/{table}.jsonl"}
                if columns:
                    text = _without(text, columns)
                    octets = {"sha256": sha256(text).hexdigest(), "size_bytes": len(text)}
                    manifest["members"][member] |= octets
                after.writestr(member, text)
        after.writestr(archive.MANIFEST, json.dumps(manifest))
    saved.file = path
    settings = at(tmp_path / "back", saved.port)
    assert again(saved, settings).restore.n == 1
    assert len(rows(settings)["restores"]) == 1


def _without(text: bytes, columns: set[str]) -> bytes:
    rows = [
        {name: value for name, value in json.loads(line).items() if name not in columns} for line in text.splitlines()
    ]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_a_second_restoration_is_the_second_generation(saved: Saved, tmp_path: Path) -> None:
    first = at(tmp_path / "first", saved.port)
    assert again(saved, first).restore.n == 1
    saved.file = tmp_path / "again.zip"
    take(first, saved.file, None, program="test", now=NOW)
    assert again(saved, at(tmp_path / "second", saved.port)).restore.n == 2


def test_units_of_another_writer_are_not_seen_by_a_look(saved: Saved, database: str | None) -> None:
    settings = at(saved.folder, saved.port, database)

    def twice(tx: Tx) -> tuple[int, int]:
        count = select(api_keys.c.id)
        first = len(tx.connection.execute(count).all())
        if database is None:
            offline.change(settings, _one_more, NOW)
        else:
            import threading

            other = threading.Thread(target=offline.change, args=(settings, _one_more, NOW))
            other.start()
            other.join()
        return first, len(tx.connection.execute(count).all())

    first, second = offline.look(settings, twice, NOW)
    assert first == second
    assert offline.look(settings, lambda tx: len(tx.connection.execute(select(api_keys.c.id)).all()), NOW) == first + 1


def _one_more(tx: Tx) -> None:
    values = {"id": "x", "owner": None, "label": "x", "hash": "x", "role": "administration", "created_at": tx.now}
    tx.connection.execute(insert(api_keys), values)


def test_a_passphrase_is_not_shown() -> None:
    assert PASSPHRASE.get_secret_value() not in repr(KeysFile(Path("x"), PASSPHRASE))
