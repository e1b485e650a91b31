"""A full disk: callers are told Unavailable, nothing acknowledged is lost, and the store recovers by itself."""

import asyncio
import os
import shutil
import subprocess
from contextlib import contextmanager

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from connector.clock import SystemClock
from connector.problems import Unavailable
from connector.settings import Settings
from connector.store import journal
from connector.store.db import open_store
from connector.store.tables import journal as rows

HINT = "a small file system is needed to fill a disk: run the tests as root where mounting a tmpfs is allowed"
BALLAST_BYTES = 3 << 20


@contextmanager
def small_disk(folder, size):
    """Mount a tmpfs there; skip (with CI=true: fail) where that is not allowed."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() or shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(HINT)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def small(request, tmp_path):
    """Settings of a database on a small disk, and a ballast file whose removal makes room."""
    if request.param == "sqlite":
        with small_disk(tmp_path / "disk", "8m") as disk:
            yield Settings(data_dir=disk / "data"), disk / "ballast"
        return
    server = request.getfixturevalue("postgres")
    folder = server.owned_folder(f"disk-{os.urandom(4).hex()}")
    with small_disk(folder, "24m") as disk:
        tablespace = server.owned_folder(f"{folder.name}/tablespace")
        name = folder.name.replace("-", "_")
        server.execute(f"CREATE TABLESPACE {name} LOCATION '{tablespace}'")
        try:
            with server.fresh_database(f"TABLESPACE {name}") as url:
                yield Settings(data_dir=tmp_path, database_url=SecretStr(url)), disk / "ballast"
        finally:
            server.execute(f"DROP TABLESPACE {name}")


def note(token):
    """A unit of one entry of 60 kB that no server can compress."""

    def unit(tx):
        journal.append(tx, "o", token, "received", {"noise": os.urandom(30_000).hex()})
        return token

    return unit


def tokens(tx):
    return set(tx.connection.execute(select(rows.c.process)).scalars())


async def fill(store, name, lanes):
    """Write until the disk is full; return what was acknowledged and what was refused."""
    kept, refused = set(), set()

    async def write(token):
        try:
            kept.add(await store.write(note(token)))
        except Unavailable:
            refused.add(token)

    for turn in range(400):
        await asyncio.gather(*(write(f"{name}-{turn}-{lane}") for lane in range(lanes)))
        if refused:
            return kept, refused
    raise AssertionError("the disk did not fill up")


@pytest.mark.parametrize("lanes", [1, 16])
def test_a_full_disk_is_answered_and_loses_nothing_that_was_acknowledged(small, lanes):
    settings, ballast = small

    async def play():
        ballast.write_bytes(bytes(BALLAST_BYTES))
        store = await open_store(settings, SystemClock())
        try:
            kept, refused = await fill(store, "first", lanes)
            assert await store.read(tokens) == kept
            more_kept, more_refused = await fill(store, "again", lanes)
            kept |= more_kept
            ballast.unlink()
            assert await store.write(note("after")) == "after"
            assert await store.read(tokens) == kept | {"after"}
            assert not kept & (refused | more_refused)
        finally:
            await store.close()
        store = await open_store(settings, SystemClock())
        try:
            assert await store.read(tokens) == kept | {"after"}
        finally:
            await store.close()

    asyncio.run(play())
