"""Small databases of former releases: how one is made, and how it is brought back as it was.

`python -m tests.upgrade.seed VERSION` writes `tests/upgrade/VERSION/` from the code of today: two nodes that have
negotiated, delivered and left a negotiation unfinished, as archives of `pupitre backup` with their keys, and the very
statements that made their tables on each store. It is run once for a release, when it is tagged, and never changed.

`bring_back` makes a database of it without any of today's migrations. The addresses of the nodes are those of free
ports, so texts are changed and the journals linked anew.
"""

import asyncio
import json
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import insert

from connector.app import ROOT, Node
from connector.clock import SystemClock
from connector.services.backup import sealed
from connector.services.backup.take import KeysFile, take
from connector.settings import Settings
from connector.store import journal, offline, portable
from connector.store.db import Tx
from connector.store.migrate import migrations, schema_version, statements
from tests.harness import nodes

FOLDER = Path(__file__).parent
RELEASES = sorted(path.name for path in FOLDER.iterdir() if (path / "provider.zip").exists())
PASSPHRASE = SecretStr("une base d’une version passée")
PORTS = {"provider": "51", "consumer": "52"}
"""What stands for the ports in what is kept: too small for a port that anybody gives out."""
OPEN, MANUAL = "urn:test:lampadaires", "urn:test:reserve"
_PORT = re.compile(r"(127\.0\.0\.1(?::|%3A))(\d+)")
_STORES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Seed:
    """A node of a former release."""

    release: str
    role: str

    @property
    def archive(self) -> Path:
        return FOLDER / self.release / f"{self.role}.zip"

    def bring_back(self, settings: Settings, ports: dict[str, str]) -> None:
        """Make the node's folder and its database, as that release left them."""
        _write_files(self, settings.data_dir)
        there = {PORTS[role]: port for role, port in ports.items()}
        offline.change(settings, lambda tx: self._fill(tx, there), SystemClock().now())

    def _fill(self, tx: Tx, ports: dict[str, str]) -> None:
        _make_tables(tx, FOLDER / self.release)
        tables = {table.name: table for table in portable.tables(tx)}
        with zipfile.ZipFile(self.archive) as opened:
            for name in json.loads(opened.read("manifest.json"))["rows"]:
                text = _elsewhere(opened.read(f"tables/{name}.jsonl").decode(), ports)
                rows: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
                portable.load(tx, tables[name], _linked(rows) if name == "journal" else rows)


def _make_tables(tx: Tx, folder: Path) -> None:
    """Run the statements of then, and note their numbers as a node does."""
    schema_version.create(tx.connection)
    for made in json.loads((folder / f"schema.{tx.connection.dialect.name}.json").read_text("utf-8")):
        for statement in made["statements"]:
            tx.connection.exec_driver_sql(statement)
        row = {"version": made["number"], "title": made["title"], "applied_at": tx.now}
        tx.connection.execute(insert(schema_version), row)


def _write_files(seed: Seed, folder: Path) -> None:
    files = sealed.unseal(seed.archive.with_suffix(".keys"), PASSPHRASE)
    for name, octets in files.items():
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(octets)
    with zipfile.ZipFile(seed.archive) as opened:
        opened.extractall(folder, [name for name in opened.namelist() if name.startswith("published/")])


def _elsewhere(text: str, ports: Mapping[str, str]) -> str:
    """Return the text with other ports: `ports` says which for each that stands there."""
    return _PORT.sub(lambda found: found[1] + ports.get(found[2], found[2]), text)


def _linked(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    last, last_hash = None, ""
    for row in rows:
        last_hash = journal.link(last_hash if last == row["process"] else "", row["entry"])
        last = row["process"]
        yield {**row, "hash": last_hash}


# --- making one -------------------------------------------------------------------------------------------------------


async def make(folder: Path) -> None:
    """Play a small history, and keep both nodes and the statements of today."""
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        async with (
            nodes.running(Path(scratch) / "provider") as provider,
            nodes.running(Path(scratch) / "consumer") as consumer,
        ):
            await _play(provider, consumer)
        ports = {"provider": provider.settings.public_port, "consumer": consumer.settings.public_port}
        for role, node in (("provider", provider), ("consumer", consumer)):
            _keep(node.settings, folder / f"{role}.zip", ports)
    for store in _STORES:
        made = [
            {"number": one.number, "title": one.title, "statements": list(statements(one.sql))}
            for one in migrations(store)
        ]
        (folder / f"schema.{store}.json").write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", "utf-8")


async def _play(provider: Node, consumer: Node) -> None:
    await nodes.publish(provider)
    await nodes.publish(provider, "reserve", mode="manual")
    agreement = await nodes.agreed(consumer, provider)
    delivered = await consumer.transfer.request(ROOT, agreement, by=nodes.BY)
    await nodes.until_transfer(consumer, delivered.pid, "STARTED")
    await consumer.transfer.complete(ROOT, delivered.pid, by=nodes.BY)
    await nodes.until_transfer(consumer, delivered.pid, "COMPLETED")
    asked = await nodes.ask(consumer, provider.addresses.did(ROOT), MANUAL)
    await nodes.until_negotiation(consumer, asked.pid, "REQUESTED")


def _keep(settings: Settings, path: Path, ports: dict[str, int]) -> None:
    program, now = metadata.version("pupitre"), SystemClock().now()
    draft = path.with_suffix(".draft")
    take(settings, draft, KeysFile(path.with_suffix(".keys"), PASSPHRASE), program=program, now=now)
    back = {str(port): PORTS[role] for role, port in ports.items()}
    with zipfile.ZipFile(draft) as before, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            text = before.read(name).decode()
            text = _elsewhere(text, back)
            after.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text.replace(str(settings.data_dir), "/node"))
    draft.unlink()


if __name__ == "__main__":
    asyncio.run(make(FOLDER / sys.argv[1]))
