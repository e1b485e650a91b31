"""Nodes in processes of their own: the program itself, `pupitre serve`, that can be killed at any instant.

A node may be several processes on one PostgreSQL database. Its public address is a proxy of the test. Persons act
through the management API; what stands in the database is read from outside, so that it can be read while the node is
dead too.

A process begins as a fork of one that has imported the program and done nothing else, so that hundreds of starts cost
what a start does beyond its imports: each has its own memory, files and sockets, and dies alone.
"""

import asyncio
import json
import multiprocessing
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from connector.app import initialise
from connector.cli.root import cli
from connector.sdk import AsyncClient, NodeUnreachable
from connector.settings import load
from tests.harness.proxy import Proxy
from tests.tools.ports import free_port

READY_WITHIN_S = 60
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])


def serve(config: Path, log: Path) -> None:
    """Be `pupitre --config CONFIG serve`, with a log file for standard output and error."""
    target = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(target, stream)
    cli(["--config", str(config), "serve"], prog_name="pupitre")


Program = Callable[[Path, Path], None]
"""What a process is, given its configuration and its log file; it can be pickled."""


@dataclass(eq=False)
class Replica:
    """One process."""

    config: Path
    public_port: int
    private_port: int
    client: AsyncClient
    program: Program = serve
    process: BaseProcess | None = None

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.is_alive()

    def start(self) -> None:
        self.process = FORKS.Process(target=self.program, args=(self.config, self.log), daemon=True)
        self.process.start()

    def kill(self) -> None:
        """Kill it by SIGKILL, as a power cut does."""
        assert self.process is not None
        self.process.kill()
        self.process.join()

    async def ready(self) -> None:
        """Return once it answers. Raises AssertionError with its log when it ends instead."""
        url = f"http://127.0.0.1:{self.public_port}/health"
        async with asyncio.timeout(READY_WITHIN_S), aiohttp.ClientSession() as session:
            while True:
                assert self.is_alive, self.log.read_text("utf-8")[-4000:]
                try:
                    async with session.get(url) as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    await asyncio.sleep(0.02)

    @property
    def log(self) -> Path:
        return self.config.with_suffix(".log")


@dataclass(eq=False)
class Served:
    """A node."""

    name: str
    folder: Path
    database: str | None
    proxy: Proxy
    replicas: list[Replica] = field(default_factory=list)

    @property
    def did(self) -> str:
        return f"did:web:127.0.0.1%3A{self.proxy.port}"

    @property
    def client(self) -> AsyncClient:
        """The management API of a process that lives. Raises NodeUnreachable when none does."""
        for replica in self.replicas:
            if replica.is_alive:
                return replica.client
        raise NodeUnreachable(f"{self.name} is dead")

    async def start(self) -> None:
        """Start what is not running, and wait for it."""
        for replica in self.replicas:
            if not replica.is_alive:
                replica.start()
        await asyncio.gather(*(replica.ready() for replica in self.replicas))

    def kill(self) -> None:
        """Kill every process of the node."""
        for replica in self.replicas:
            if replica.is_alive:
                replica.kill()

    async def rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        """Return rows of its database; `?` stands for a value."""
        if self.database is None:
            with sqlite3.connect(f"file:{self.folder}/pupitre.db?mode=ro", uri=True, timeout=10) as connection:
                return connection.execute(query, values).fetchall()
        for number in range(1, len(values) + 1):
            query = query.replace("?", f"${number}", 1)
        connection = await asyncpg.connect(self.database)
        try:
            return [tuple(row) for row in await connection.fetch(query, *values)]
        finally:
            await connection.close()

    def complaints(self) -> list[str]:
        """Return what the node's processes logged as errors."""
        lines = [line for replica in self.replicas for line in replica.log.read_text("utf-8").splitlines()]
        return [line for line in lines if json.loads(line)["level"] == "error"] if lines else []


@asynccontextmanager
async def served(
    folder: Path, *, database: str | None = None, replicas: int = 1, program: Program = serve, **settings: Any
) -> AsyncIterator[Served]:
    """Yield a new node that runs in processes of its own, as the program itself unless another one is given."""
    folder.mkdir(parents=True)
    async with Proxy().running() as proxy:
        node = Served(folder.name, folder, database, proxy)
        common = {
            "data_dir": str(folder),
            "database_url": database,
            "public_url": proxy.url,
            "unknown_peers": "admit",
            "replicas": replicas > 1,
            "log_format": "json",
            "log_level": "info",
            **settings,
        }
        key = await initialise(load(environ={}, **common), name=folder.name)
        for number in range(replicas):
            node.replicas.append(_replica(folder / f"replica-{number}.toml", common, key, program))
        proxy.backends = [replica.public_port for replica in node.replicas]
        try:
            await node.start()
            yield node
        finally:
            node.kill()
            for replica in node.replicas:
                await replica.client.close()


def _replica(config: Path, common: dict[str, Any], key: str, program: Program) -> Replica:
    public_port, private_port = free_port(), free_port()
    values = {**common, "public_port": public_port, "private_port": private_port}
    lines = (f"{name} = {json.dumps(value)}" for name, value in values.items() if value is not None)
    config.write_text("\n".join(lines) + "\n", "utf-8")
    return Replica(config, public_port, private_port, AsyncClient(f"http://127.0.0.1:{private_port}", key), program)
