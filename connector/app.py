"""The composition root: builds a node from its settings, by hand, readable from top to bottom.

`build_app` is what tests and simulations call too, with a clock and a transport of their own. `serve` runs the two
listeners and the jobs in one task group until the process is told to stop.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import uvicorn

from connector import logs
from connector.clock import Clock, SystemClock
from connector.dataplane.gate import Gate
from connector.dataplane.sources import Source
from connector.dataplane.sources.file import FileSource
from connector.http.public.answers import App
from connector.http.public.connection import Connection
from connector.http.public.data import DataApp
from connector.http.public.front import Front, protocol_app
from connector.http.public.renewal import RenewalApp
from connector.http.public.wire import Wire
from connector.identity.addresses import Addresses
from connector.identity.did import own_document
from connector.identity.did_web import DidWeb
from connector.identity.keys import Keys
from connector.identity.replays import MemoryReplays, StoredReplays
from connector.identity.scheme import Scheme
from connector.peer.client import AiohttpTransport, Client, Transport
from connector.peer.discovery import Discovery
from connector.peer.guard import Guard
from connector.services import hosts as hosting
from connector.services import permits
from connector.services.catalogue import Catalogue
from connector.services.decide import Decisions, OfferModes
from connector.services.hosts import Hosts
from connector.services.introduce import Introduce
from connector.services.negotiate import JOB as NEGOTIATION_JOB
from connector.services.negotiate import Negotiate
from connector.services.publish import Publish
from connector.services.transfer import JOB as TRANSFER_JOB
from connector.services.transfer import Transfer
from connector.settings import Settings
from connector.store.db import Store, open_store
from connector.store.jobs import Jobs
from connector.worker import Worker

ROOT = "root"


@dataclass(frozen=True)
class Node:
    """A built node: its rooms, and the two applications that its listeners serve."""

    settings: Settings
    clock: Clock
    store: Store
    addresses: Addresses
    keys: Keys
    identity: Scheme
    hosts: Hosts
    introduce: Introduce
    publish: Publish
    catalogue: Catalogue
    negotiate: Negotiate
    transfer: Transfer
    gate: Gate
    jobs: Jobs
    public: App
    _closing: contextlib.AsyncExitStack

    async def close(self) -> None:
        """Let go of connections, threads and the database."""
        await self._closing.aclose()


async def build_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    transport: Transport | None = None,
    identity: Scheme | None = None,
    decisions: Decisions | None = None,
) -> Node:
    """Return a node that is ready to be served; what is not given is the real thing."""
    clock = clock or SystemClock()
    closing = contextlib.AsyncExitStack()
    addresses = Addresses(settings.base_url, ROOT)
    keys = Keys(settings.data_dir)
    store = await open_store(settings, clock)
    closing.push_async_callback(store.close)

    # Who peers are, and how to reach them
    if transport is None:
        transport = AiohttpTransport(Guard(settings))
        closing.push_async_callback(transport.close)
    client = Client(transport, limit_bytes=settings.message_limit_bytes, timeout_s=settings.call_timeout_s)
    discovery = Discovery(client, clock, plain_http=settings.is_loopback)
    introduce = Introduce(store, discovery)
    replays = StoredReplays(store, clock) if settings.replicas else MemoryReplays(clock)
    identity = identity or DidWeb(addresses, keys, discovery, clock, replays, introduce.pinned)
    hosts = Hosts(store, addresses, keys)
    store.subscribe(hosting.TOPIC, hosts.forget)
    await hosts.load()

    # The data room
    threads = closing.enter_context(ThreadPoolExecutor(max_workers=8, thread_name_prefix="bytes"))
    open_source = partial(_open_source, settings, threads)
    gate = Gate(store, clock, permits.flow, open_source)

    # Verbs
    decisions = decisions or OfferModes()
    publish = Publish(store, addresses, open_source)
    catalogue = Catalogue(store, addresses, client, identity)
    negotiate = Negotiate(store, addresses, decisions, identity)
    transfer = Transfer(store, addresses, decisions, identity, token_lifetime_s=settings.token_lifetime_s)

    # Work
    worker = Worker(client, identity, clock, clock.now())
    handlers = {
        NEGOTIATION_JOB: partial(worker.look, negotiate),
        TRANSFER_JOB: partial(worker.look, transfer),
    }
    jobs = Jobs(store, clock, handlers, give_up_after_s=settings.give_up_after_s)

    # The public listener
    wire = Wire(identity, settings.message_limit_bytes, settings.body_timeout_s)
    protocol = protocol_app(wire, addresses, negotiate, transfer, catalogue)

    async def document_of(owner: str) -> Mapping[str, Any] | None:
        return own_document(addresses, owner, keys.auth(owner)) if owner in hosts.owners else None

    front = Front(addresses, lambda owner: owner in hosts.owners, protocol, document_of)
    renewals = RenewalApp(
        gate,
        store,
        identity.verify,
        lifetime_s=settings.token_lifetime_s,
        body_timeout_s=settings.body_timeout_s,
    )
    public = DataApp(gate, store, clock, renewals, front)

    return Node(
        settings=settings,
        clock=clock,
        store=store,
        addresses=addresses,
        keys=keys,
        identity=identity,
        hosts=hosts,
        introduce=introduce,
        publish=publish,
        catalogue=catalogue,
        negotiate=negotiate,
        transfer=transfer,
        gate=gate,
        jobs=jobs,
        public=public,
        _closing=closing,
    )


async def initialise(settings: Settings, *, name: str) -> str:
    """Create the database and the first participant with its key; return the first administration key's secret."""
    node = await build_app(settings)
    try:
        await node.hosts.add(ROOT, name)
        _, secret = await node.hosts.issue_key(None, "init")
        return secret
    finally:
        await node.close()


def serve(settings: Settings) -> None:
    """Run a node until SIGINT or SIGTERM."""
    logs.configure(settings)
    uvicorn_loop: Any = __import__("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=uvicorn_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    node = await build_app(settings)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await run_node(node, asyncio.Event(), stop)
    finally:
        await node.close()


async def run_node(node: Node, ready: asyncio.Event, stop: asyncio.Event) -> None:
    """Serve both listeners and run the jobs until `stop` is set; `ready` is set once both listen."""
    settings = node.settings
    listeners = [Listener(node.public, settings.public_host, settings.public_port, http=Connection)]
    async with asyncio.TaskGroup() as group:
        work = group.create_task(node.jobs.run())
        serving = [group.create_task(listener.run()) for listener in listeners]
        for listener in listeners:
            await listener.started.wait()
        ready.set()
        await stop.wait()
        for listener in listeners:
            listener.stop()
        await asyncio.wait(serving)
        work.cancel()


class Listener:
    """One uvicorn server among several in a loop; signals are the node's business."""

    def __init__(self, app: App, host: str, port: int, http: Any = "httptools") -> None:
        self._socket = _bound(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.started = asyncio.Event()
        config = uvicorn.Config(
            app,
            http=http,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            timeout_keep_alive=15,
            h11_max_incomplete_event_size=64 << 10,
            timeout_graceful_shutdown=3,
        )
        self._server = uvicorn.Server(config)

    async def run(self) -> None:
        """Serve until `stop` is called."""
        self._server.config.load()
        self._server.lifespan = self._server.config.lifespan_class(self._server.config)
        await self._server.startup(sockets=[self._socket])
        self.started.set()
        await self._server.main_loop()
        await self._server.shutdown(sockets=[self._socket])

    def stop(self) -> None:
        """Finish the requests under way, then end."""
        self._server.should_exit = True


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(2048)
    listening.setblocking(False)
    return listening


def _open_source(settings: Settings, threads: ThreadPoolExecutor, address: Mapping[str, Any]) -> Source:
    """Return the source at an address; its kind names the file that reads it."""
    folders = (settings.data_dir.resolve() / "published", *(path.resolve() for path in settings.source_dirs))
    return FileSource(address, folders, threads)
