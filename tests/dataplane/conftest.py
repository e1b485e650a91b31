"""A provider with a real store and real HTTP, and a consumer of its own, for the tests of the data room."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
import uvicorn

from connector.clock import Clock, SystemClock
from connector.dataplane.gate import Gate, Verdict
from connector.dataplane.judging import Judging
from connector.dataplane.receive import Fetcher
from connector.dataplane.sources.file import FileSource
from connector.dataplane.transfers import http_pull
from connector.http.public.connection import Connection
from connector.http.public.data import DataApp
from connector.http.public.renewal import RenewalApp
from connector.peer.client import AiohttpTransport
from connector.peer.guard import Guard
from connector.problems import Unauthorized
from connector.protocol.machine import Role
from connector.protocol.messages import DataAddress, document
from connector.settings import Settings
from connector.store import datasets, fetches, participants, transfers
from connector.store.datasets import StoredDataset
from connector.store.db import Store, Tx, open_store
from connector.store.fetches import Fetch
from connector.store.jobs import Job
from connector.store.participants import Hosted
from connector.store.transfers import Transfer

CONSUMER = "did:web:consumer.example"
PROVIDER = "did:web:provider.example"
FLOW = "urn:uuid:00000000-0000-4000-8000-000000000001"
FETCH = "urn:uuid:00000000-0000-4000-8000-000000000002"


@dataclass(frozen=True)
class Speaker:
    did: str


@dataclass
class Reply:
    """A raw HTTP answer; `is_whole` is False when the body was cut, `is_reset` True when by a reset."""

    status: int
    headers: dict[str, str]
    body: bytes
    is_whole: bool
    is_reset: bool

    @property
    def problem(self) -> dict[str, Any]:
        return json.loads(self.body)


class Reading:
    """A client that reads as slowly as the test wants."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.status = 0
        self.headers: dict[str, str] = {}

    async def head(self) -> None:
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}

    async def rest(self, is_head: bool = False) -> Reply:
        expected = 0 if is_head else int(self.headers["content-length"])
        body = bytearray()
        is_reset = False
        try:
            while len(body) < expected and (piece := await self.reader.read(1 << 20)):
                body += piece
        except ConnectionError:
            is_reset = True
        self.writer.transport.abort()
        return Reply(self.status, self.headers, bytes(body), len(body) == expected, is_reset)


@dataclass
class Node:
    """One node with one provided and one consumed transfer."""

    store: Store
    clock: Clock
    folder: Path
    gate: Gate
    app: DataApp
    transport: AiohttpTransport
    threads: ThreadPoolExecutor
    port: int
    received: list[Fetch] = field(default_factory=list)
    verified: list[tuple[str | None, str]] = field(default_factory=list)
    speaker: str = CONSUMER

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def source(self, path: str) -> FileSource:
        return FileSource({"kind": "file", "path": path}, (self.folder,), self.threads)

    async def publish(self, content: bytes, name: str = "lampes.csv", dataset: str = "lampes") -> Path:
        """Publish a file as the dataset, in place of what it was."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        await self.publish_file(path, dataset)
        return path

    async def publish_file(self, path: Path, dataset: str = "lampes", owner: str = "ville") -> None:
        address = {"kind": "file", "path": str(path)}
        measured = await self.source(str(path)).measure()

        def unit(tx: Tx) -> None:
            try:
                row = datasets.load(tx, owner, dataset)
            except Exception:
                row = StoredDataset(owner=owner, id=dataset, title=dataset, document={}, source={})
            row.source = measured.stored_with(address)
            datasets.put(tx, row)

        await self.store.write(unit)

    async def provide(self, transfer: str = FLOW, *, owner: str = "ville", state: str = "STARTED") -> DataAddress:
        """Start a transfer of the dataset and return its address."""
        prefix = "" if owner == "ville" else f"/o/{owner}"

        def unit(tx: Tx) -> DataAddress:
            transfers.save(tx, _transfer(owner, transfer, Role.PROVIDER, state))
            return http_pull.start(
                tx, base=self.base + prefix, owner=owner, transfer=transfer, peer=CONSUMER, lifetime_s=300
            )

        return await self.store.write(unit)

    async def stop(self, transfer: str = FLOW, state: str = "SUSPENDED") -> None:
        """Suspend or end a provided transfer."""

        def unit(tx: Tx) -> None:
            row = transfers.load(tx, "ville", transfer)
            row.state = state
            transfers.save(tx, row)
            http_pull.stop(tx, "ville", transfer)

        await self.store.write(unit)

    async def resume(self, transfer: str = FLOW) -> DataAddress:
        def unit(tx: Tx) -> DataAddress:
            row = transfers.load(tx, "ville", transfer)
            row.state = "STARTED"
            transfers.save(tx, row)
            return http_pull.start(tx, base=self.base, owner="ville", transfer=transfer, peer=CONSUMER, lifetime_s=300)

        return await self.store.write(unit)

    async def want(self, address: DataAddress | dict[str, Any], place: Path, *, overwrite: bool = False) -> None:
        """Make the consumed transfer a started one with this address, to be received at this place."""
        data_address = document(address) if isinstance(address, DataAddress) else address

        def unit(tx: Tx) -> None:
            row = _transfer("ville", FETCH, Role.CONSUMER, "STARTED")
            row.data_address = data_address
            transfers.save(tx, row)
            fetches.begin(tx, "ville", FETCH, str(place), overwrite=overwrite)

        await self.store.write(unit)

    async def move_consumer(self, state: str, address: DataAddress | None = None) -> None:
        def unit(tx: Tx) -> None:
            row = transfers.load(tx, "ville", FETCH)
            row.state = state
            if address is not None:
                row.data_address = document(address)
            transfers.save(tx, row)

        await self.store.write(unit)

    async def fetch(self) -> datetime | None:
        """Run the fetch job once."""
        return await self.fetcher(Job("fetch", "ville", FETCH))

    @property
    def fetcher(self) -> Fetcher:
        async def token_for(owner: str, peer: str) -> str:
            return f"Bearer {owner} for {peer}"

        return Fetcher(
            self.store,
            self.clock,
            self.transport,
            token_for,
            lambda tx, fetch: self.received.append(fetch),
            self.threads,
            give_up_after_s=3600,
        )

    async def state_of_fetch(self) -> Fetch:
        return await self.store.read(lambda tx: fetches.load(tx, "ville", FETCH))

    async def reading(self, path: str, authorization: str | None, method: str = "GET", **headers: str) -> Reading:
        """Send a request and return as soon as the head of the answer is there."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 16)
        lines = [f"{method} {path} HTTP/1.1", "Host: test", "Connection: close"]
        if authorization is not None:
            lines.append(f"Authorization: {authorization}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        reading = Reading(reader, writer)
        await reading.head()
        return reading

    async def get(self, path: str, authorization: str | None, method: str = "GET", **headers: str) -> Reply:
        reading = await self.reading(path, authorization, method, **headers)
        return await reading.rest(method == "HEAD")

    async def renew(self, path: str, body: str, authorization: str | None = "Bearer consumer") -> Reply:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [f"POST {path} HTTP/1.1", "Host: test", "Connection: close", f"Content-Length: {len(body)}"]
        if authorization is not None:
            lines.append(f"Authorization: {authorization}")
        writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        reading = Reading(reader, writer)
        await reading.head()
        return await reading.rest()

    async def verify(self, authorization: str | None, owner: str) -> Speaker:
        self.verified.append((authorization, owner))
        if authorization is None:
            raise Unauthorized
        return Speaker(self.speaker)


def _transfer(owner: str, pid: str, role: Role, state: str) -> Transfer:
    return Transfer(
        owner=owner,
        pid=pid,
        role=role,
        peer=CONSUMER if role is Role.PROVIDER else PROVIDER,
        peer_url="http://127.0.0.1:1/dsp/2025-1",
        state=state,
        agreement="urn:uuid:agreement",
        dataset="lampes",
        format=http_pull.FORMAT,
    )


def permit_always(tx: Tx, flow: Any) -> Verdict:
    return Verdict(True)


NodeFactory = Callable[..., Any]


@pytest.fixture
def node(tmp_path: Path) -> NodeFactory:
    """Return an async context manager that gives a running node."""

    @asynccontextmanager
    async def running(
        permits: Any = permit_always,
        clock: Clock | None = None,
        http: type[asyncio.Protocol] = Connection,
        database_url: str | None = None,
    ) -> AsyncIterator[Node]:
        clock = clock or SystemClock()
        settings = Settings(
            data_dir=Path(mkdtemp(dir=tmp_path)), source_dirs=(tmp_path / "published",), database_url=database_url
        )
        (tmp_path / "published").mkdir(exist_ok=True)
        store = await open_store(settings, clock)
        with ThreadPoolExecutor(4, "sources") as threads:
            made: list[Node] = []
            gate = Gate(
                store,
                clock,
                permits,
                lambda address: FileSource(address, (tmp_path / "published",), threads),
            )
            renewals = RenewalApp(
                gate,
                store,
                lambda authorization, owner: made[0].verify(authorization, owner),
                lifetime_s=300,
                body_timeout_s=5.0,
            )
            app = DataApp(gate, Judging(gate, store, clock), renewals, _elsewhere, _elsewhere)
            transport = AiohttpTransport(Guard(settings))
            async with _listening(app, http) as port:
                made.append(Node(store, clock, (tmp_path / "published").resolve(), gate, app, transport, threads, port))
                await store.write(_add_owners)
                yield made[0]
            await transport.close()
            await store.close()

    return running


def _add_owners(tx: Tx) -> None:
    if participants.every(tx):
        return  # another replica was here before
    for owner, is_root in (("ville", 1), ("agglo", 0)):
        participants.add(tx, Hosted(owner=owner, did=f"did:web:{owner}.example", name=owner, is_root=is_root))


async def _elsewhere(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 299, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})


@asynccontextmanager
async def _listening(app: Any, http: Any) -> AsyncIterator[int]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app, http=http, lifespan="off", access_log=False, log_config=None, timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.005)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


@pytest.fixture
def run() -> Callable[[Awaitable[Any]], Any]:
    """Return `asyncio.run` for tests."""
    return asyncio.run


def path_of(address: DataAddress) -> str:
    return "/" + (address.endpoint or "").split("/", 3)[3]


def property_of(address: DataAddress, name: str) -> str:
    return next(one.value for one in address.endpoint_properties or () if one.name == name)


@pytest.fixture
def token() -> Callable[[DataAddress], str]:
    """Return what gives the access token of an address."""
    return lambda address: property_of(address, "authorization")
