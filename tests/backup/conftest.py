"""A node with something to lose, on either store."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from connector.app import ROOT
from connector.clock import SystemClock
from connector.services import checkpoints
from connector.services.backup.take import KeysFile, take
from connector.services.feed import Told
from connector.settings import Settings, load
from connector.store import events
from connector.store.jobs import Job
from tests.harness import nodes
from tests.tools.ports import free_port

PASSPHRASE = SecretStr("une phrase de passe d’essai")
CONTENT = b"id,x,y\n1,2,3\n"


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of an empty database; None: SQLite."""
    if request.param == "sqlite":
        yield None
        return
    with request.getfixturevalue("postgres").fresh_database() as url:
        yield url


def at(folder: Path, port: int, database: str | None = None) -> Settings:
    """Return the settings of a node as tests/harness/nodes.py starts it."""
    url = f"http://127.0.0.1:{port}"
    return load(environ={}, data_dir=folder, database_url=database, public_url=url, public_port=port, private_port=0)


@dataclass
class Saved:
    """A backup of a node, the folder of the node, and what a follower of its events has seen since."""

    folder: Path
    port: int
    file: Path
    keys: KeysFile
    told: Told = field(default_factory=lambda: Told([], 0))


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory, database: str | None) -> Saved:
    """A backup of a provider that holds an agreement, taken while it served."""
    folder = tmp_path_factory.mktemp("taken")
    made = Saved(folder / "node", free_port(), folder / "node.zip", KeysFile(folder / "node.keys", PASSPHRASE))

    async def play() -> None:
        async with (
            nodes.running(made.folder, database=database, public_port=made.port) as node,
            nodes.running(folder / "other") as other,
        ):
            await nodes.publish(node, content=CONTENT)
            await nodes.agreed(other, node)
            await node.hosts.issue_key(ROOT, "a program", "steward")
            await node.checkpoints(Job(checkpoints.JOB, ROOT, checkpoints.KEY))
            numbered = await node.feed.read(ROOT, 0, 1000)
            await node.store.write(lambda tx: events.append(tx, ROOT, "job.dead", "unnumbered in the backup"))
            settings, now = node.settings, SystemClock().now()
            await asyncio.to_thread(take, settings, made.file, made.keys, program="test", now=now)
            await node.store.write(lambda tx: events.append(tx, ROOT, "job.dead", "not in the backup"))
            made.told = await node.feed.read(ROOT, 0, 1000)
            assert len(made.told.items) == len(numbered.items) + 2

    asyncio.run(play())
    return made


@pytest.fixture
def saved(taken: Saved, tmp_path: Path) -> Saved:
    """The backup, in files of the test's own."""
    file = Path(shutil.copy2(taken.file, tmp_path / "node.zip"))
    keys = KeysFile(Path(shutil.copy2(taken.keys.path, tmp_path / "node.keys")), PASSPHRASE)
    return replace(taken, file=file, keys=keys)
