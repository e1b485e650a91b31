"""The composition root: builds a node from its settings, by hand, readable from top to bottom.

`build_app` is what tests and simulations call too, with a clock and a transport of their own. `serve` runs the two
listeners and the jobs in one task group until the process is told to stop.
"""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import metadata
from pathlib import Path
from typing import Any

import uvloop

from connector import logs
from connector.clock import Clock, SystemClock
from connector.dataplane import receive as receiving
from connector.dataplane.gate import Gate, OpenSource
from connector.dataplane.inlet import Inlets
from connector.dataplane.judging import Judging
from connector.dataplane.push import Pusher
from connector.dataplane.receive import Fetcher
from connector.dataplane.sinks import Sink
from connector.dataplane.sinks.file import FileSink
from connector.dataplane.sources import Source
from connector.dataplane.sources.file import FileSource
from connector.dataplane.transfers import TransferType, http_push
from connector.dataplane.transfers.http_pull import PullType
from connector.dataplane.transfers.http_push import PushType
from connector.http.bounded import BoundedConnection
from connector.http.listening import Listener as Listener
from connector.http.private.listener import PrivateListener
from connector.http.private.services import Services
from connector.http.public import evidence, mirror
from connector.http.public.answers import App
from connector.http.public.connection import Connection
from connector.http.public.data import DataApp
from connector.http.public.front import Front, protocol_app
from connector.http.public.inlet import InletApp
from connector.http.public.renewal import RenewalApp
from connector.http.public.wire import Wire
from connector.identity.addresses import Addresses
from connector.identity.did_web import DidWeb
from connector.identity.keys import Keys
from connector.identity.pinned import PinnedCallers
from connector.identity.replays import MemoryReplays, Replays, StoredReplays
from connector.identity.scheme import Scheme
from connector.identity.seal_keys import Lock, SealKeys
from connector.identity.webhook_keys import WebhookKeys
from connector.peer.client import AiohttpTransport, Client, Transport
from connector.peer.discovery import Discovery
from connector.peer.guard import Guard
from connector.services import card_news, permits, seal_lock, sealing
from connector.services import checkpoints as checkpointing
from connector.services import negotiate as negotiating
from connector.services import notify as notifying
from connector.services import sweep as sweeping
from connector.services import transfer as transferring
from connector.services import watch as watching
from connector.services.aftermath import Aftermath, aftermath
from connector.services.attest import Attest
from connector.services.backup.place import refuse_half_restored
from connector.services.catalogue import Catalogue
from connector.services.checkpoints import Checkpoints
from connector.services.contract import Contracts
from connector.services.contract_bundle import ContractBundles
from connector.services.contract_checks import ContractChecks
from connector.services.decide import Decisions, OfferModes
from connector.services.deliver import Deliver
from connector.services.evidence import Evidence
from connector.services.feed import Feed
from connector.services.hosts import Hosts
from connector.services.inbox import Inbox
from connector.services.inspect import Inspect
from connector.services.introduce import Introduce
from connector.services.journals import Journals
from connector.services.mirror import Mirror
from connector.services.negotiate import Negotiate
from connector.services.notify import Notify
from connector.services.once import Once
from connector.services.peer_seals import PeerSeals
from connector.services.publish import Publish
from connector.services.receive import Receive, received
from connector.services.reconcile import Reconcile, Reconciliations
from connector.services.replicas import Replicas
from connector.services.roles import ADMINISTRATION
from connector.services.seal import Seal
from connector.services.seal_case import Signers
from connector.services.seal_keys import Seals, read_roots
from connector.services.sealed_negotiation import negotiation
from connector.services.sweep import Sweep
from connector.services.transfer import Transfer
from connector.services.waiting import Waiting
from connector.services.watch import Watch
from connector.services.webhooks import Webhooks
from connector.settings import Settings
from connector.store import restores
from connector.store.db import Store, open_store
from connector.store.inlets import Inlet
from connector.store.jobs import Handler, Jobs
from connector.worker import Worker

ROOT = "root"
VERSION = metadata.version("pupitre")


@dataclass(frozen=True, kw_only=True)
class Node:
    """A built node: its rooms, and the applications that its listeners serve."""

    settings: Settings
    clock: Clock
    store: Store
    addresses: Addresses
    keys: Keys
    identity: Scheme
    hosts: Hosts
    replicas: Replicas
    introduce: Introduce
    mirror: Mirror
    pinned_callers: PinnedCallers
    inbox: Inbox
    publish: Publish
    catalogue: Catalogue
    talks: tuple[Negotiate, Seal]
    aftermath: Aftermath
    checkpoints: Checkpoints
    transfer: Transfer
    notify: Notify
    gate: Gate
    inlets: Inlets
    worker: Worker
    fetcher: Fetcher | None
    pusher: Pusher | None
    closing: contextlib.AsyncExitStack

    @property
    def negotiate(self) -> Negotiate:
        """Contract negotiation."""
        return self.talks[0]

    @property
    def seals(self) -> Seals:
        """The seal keys of the hosted participants."""
        return self.hosts.seals

    @property
    def peer_seals(self) -> PeerSeals:
        """The seal keys of partners."""
        return self.introduce.seals

    @cached_property
    def jobs(self) -> Jobs:
        """What runs the work that transactions leave."""
        sealers: dict[str, Handler] = {
            sealing.JOB: self.talks[1],
            card_news.JOB: card_news.Look(self.introduce),
            **self.aftermath.handlers,
            checkpointing.JOB: self.checkpoints,
        }
        handlers: dict[str, Handler] = {
            negotiating.JOB: partial(self.worker.look, self.negotiate),
            **{kind: seal_lock.patient(one, self.clock) for kind, one in sealers.items()},
            transferring.JOB: partial(self.worker.look, self.transfer),
            sweeping.JOB: self.sweep,
            notifying.JOB: self.notify,
            watching.JOB: Watch(self.store, self.transfer.line, self.settings.refusal_detail),
            restores.JOBS["negotiation"]: partial(self.worker.reconcile, Reconcile(self.store, self.negotiate)),
            restores.JOBS["transfer"]: partial(self.worker.reconcile, Reconcile(self.store, self.transfer)),
        }
        if self.fetcher is not None:
            handlers[receiving.JOB] = self.fetcher
        if self.pusher is not None:
            handlers[http_push.JOB] = self.pusher
        return Jobs(self.store, self.clock, handlers, give_up_after_s=self.settings.give_up_after_s)

    @cached_property
    def sweep(self) -> Sweep:
        """What forgets, every hour."""
        return Sweep(self.store, ROOT, events_kept_days=self.settings.events_kept_days)

    @property
    def evidence(self) -> Evidence:
        """What becomes of contracts after their conclusion."""
        return self.aftermath.evidence

    @cached_property
    def receive(self) -> Receive:
        """What is fetched, and where to."""
        return Receive(self.store, self.settings)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Who is told of events."""
        keys, vet = WebhookKeys(self.settings.data_dir), Guard(self.settings).check_url
        return Webhooks(self.store, self.addresses, keys, self.notify, vet)

    @cached_property
    def feed(self) -> Feed:
        """What those who follow an owner's affairs read."""
        return Feed(self.store)

    @cached_property
    def public(self) -> App:
        """What the public listener serves."""
        return _public(self)

    @cached_property
    def private(self) -> App:
        """What the private listener serves."""
        return _private(self)

    async def close(self) -> None:
        """Let go of connections, threads and the database."""
        await self.closing.aclose()


async def build_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    transport: Transport | None = None,
    identity: Scheme | None = None,
    decisions: Decisions | None = None,
    signers: Signers | None = None,
) -> Node:
    """Return a node that is ready to be served; what is not given is the real thing."""
    clock, decisions = clock or SystemClock(), decisions or OfferModes(settings.refusal_detail)
    async with contextlib.AsyncExitStack() as closing:
        closing.push_async_callback((store := await _opened(settings, clock)).close)
        addresses, keys = Addresses(settings.base_url, ROOT), Keys(settings.data_dir)

        # Peers: how to reach them, and who they are
        transport = transport or _transport(settings, closing)
        client = Client(transport, limit_bytes=settings.message_limit_bytes, timeout_s=settings.call_timeout_s)
        introduce = Introduce(store, discovery := Discovery(client, clock, plain_http=settings.is_loopback))
        replays = await _replays(settings, store, clock)
        identity = identity or DidWeb(addresses, keys, discovery, clock, replays, introduce)
        await (hosts := Hosts(store, addresses, keys, _seals(settings, store, addresses, keys))).load()

        # The data room
        threads = closing.enter_context(ThreadPoolExecutor(max_workers=8, thread_name_prefix="bytes"))
        open_source = partial(_open_source, settings, threads)
        gate = Gate(store, clock, permits.Flows(settings.refusal_detail), open_source)
        transfer = Transfer(store, addresses, decisions, identity, _types(settings))

        return Node(
            settings=settings,
            clock=clock,
            store=store,
            addresses=addresses,
            keys=keys,
            identity=identity,
            hosts=hosts,
            replicas=Replicas(store, clock, settings, VERSION, keys.thumbprints(hosts.owners)),
            introduce=introduce,
            mirror=Mirror(client, clock, plain_http=settings.is_loopback),
            pinned_callers=PinnedCallers(addresses, clock, replays, introduce),
            inbox=Inbox(store, discovery, clock, settings.unknown_peers),
            publish=Publish(store, addresses, open_source),
            catalogue=Catalogue(store, addresses, client, identity),
            talks=negotiation(store, addresses, decisions, identity, hosts, introduce, settings, signers),
            aftermath=aftermath(store, client, transport, identity, hosts, introduce, settings, signers),
            checkpoints=Checkpoints(store, addresses, signers or hosts.seals.signer, settings.journal_checkpoint_hours),
            transfer=transfer,
            notify=Notify(store, clock, addresses, WebhookKeys(settings.data_dir), transport, settings),
            gate=gate,
            inlets=Inlets(store, clock, partial(_open_sink, threads), received, limit_bytes=settings.push_limit_bytes),
            worker=Worker(client, identity, clock, clock.now()),
            fetcher=_fetcher(settings, store, clock, transport, identity, threads),
            pusher=_pusher(settings, store, clock, transport, gate, open_source, Deliver(transfer)),
            closing=closing.pop_all(),
        )


def _public(node: Node) -> App:
    """Return what the public listener serves: data first, then documents, then the protocol."""
    settings, hosts = node.settings, node.hosts

    async def document_of(owner: str) -> Mapping[str, Any] | None:
        return hosts.did_document(owner) if owner in hosts.owners else None

    wire = Wire(node.identity, node.inbox, settings.message_limit_bytes, settings.body_timeout_s)
    looking = mirror.route(node.mirror, node.pinned_callers.verify)
    beside = (looking, evidence.route(wire, node.evidence))
    protocol = protocol_app(wire, node.addresses, node.negotiate, node.transfer, node.catalogue, *beside)
    front = Front(
        node.addresses,
        lambda owner: owner in hosts.owners,
        protocol,
        document_of,
        hosts.signed_card,
        node.seals.signed_history,
    )
    renewals = RenewalApp(
        node.gate,
        node.store,
        node.identity.verify,
        lifetime_s=settings.token_lifetime_s,
        body_timeout_s=settings.body_timeout_s,
    )
    judging = Judging(node.gate, node.store, node.clock)
    return DataApp(node.gate, judging, renewals, InletApp(node.inlets), front)


def _private(node: Node) -> App:
    """Return what the private listener serves: the management API, health and metrics."""
    contracts = Contracts(node.store, node.hosts, asks_timestamps=node.settings.timestamp_url is not None)
    return PrivateListener(
        Services(
            settings=node.settings,
            version=VERSION,
            addresses=node.addresses,
            hosts=node.hosts,
            introduce=node.introduce,
            inbox=node.inbox,
            attest=Attest(node.store),
            publish=node.publish,
            catalogue=node.catalogue,
            negotiate=node.negotiate,
            contracts=contracts,
            bundles=ContractBundles(node.store, node.hosts, node.peer_seals, contracts),
            checks=ContractChecks(node.store, node.hosts, node.peer_seals),
            evidence=node.evidence,
            transfer=node.transfer,
            receive=node.receive,
            inspect=Inspect(node.store),
            journals=Journals(node.store, node.hosts),
            once=Once(node.store),
            feed=node.feed,
            webhooks=node.webhooks,
            waiting=Waiting(node.store),
            reconciliations=Reconciliations(node.store),
            running_jobs=lambda: node.jobs.running,
        )
    )


def _seals(settings: Settings, store: Store, addresses: Addresses, keys: Keys) -> Seals:
    """Return who seals for the hosted participants. Raises BadSettings when `seal_roots` cannot be read."""
    read_roots(settings.seal_roots)
    lock = Lock(settings.seal_key_place, settings.seal_passphrase)
    return Seals(store, addresses, keys, SealKeys(settings.data_dir, lock), settings.seal_days, settings.seal_roots)


async def _opened(settings: Settings, clock: Clock) -> Store:
    refuse_half_restored(settings.data_dir)
    return await open_store(settings, clock)


async def _replays(settings: Settings, store: Store, clock: Clock) -> Replays:
    """Return what remembers identity tokens; what was seen before a restoration nobody knows."""
    if not settings.replicas:
        return MemoryReplays(clock)
    restored = await store.read(restores.last)
    return StoredReplays(store, clock, restored.restored_at if restored else None)


def _fetcher(
    settings: Settings,
    store: Store,
    clock: Clock,
    transport: Transport,
    identity: Scheme,
    threads: ThreadPoolExecutor,
) -> Fetcher | None:
    """Return what receives bytes; None when the transport is a simulation's, which carries messages only."""
    if not isinstance(transport, AiohttpTransport):
        return None
    give_up_after_s = settings.give_up_after_s
    return Fetcher(store, clock, transport, identity.token_for, received, threads, give_up_after_s=give_up_after_s)


def _transport(settings: Settings, closing: contextlib.AsyncExitStack) -> Transport:
    """Return what reaches peers for real, closed with the node."""
    transport = AiohttpTransport(Guard(settings))
    closing.push_async_callback(transport.close)
    return transport


def _types(settings: Settings) -> tuple[TransferType, ...]:
    """Return the types of transfer that this node knows, the usual one first."""
    return PullType(settings.token_lifetime_s), PushType(settings.push_lifetime_s)


def _pusher(
    settings: Settings,
    store: Store,
    clock: Clock,
    transport: Transport,
    gate: Gate,
    open_source: OpenSource,
    ends: Deliver,
) -> Pusher | None:
    """Return what sends bytes; None as for `_fetcher`."""
    if not isinstance(transport, AiohttpTransport):
        return None
    give_up_after_s = settings.give_up_after_s
    return Pusher(store, clock, gate, transport, open_source, ends, give_up_after_s=give_up_after_s)


async def initialise(settings: Settings, *, name: str) -> str:
    """Create the database and the first participant with its key; return the first administration key's secret."""
    node = await build_app(settings)
    try:
        await node.hosts.add(ROOT, name)
        _, secret = await node.hosts.issue_key(None, "init", ADMINISTRATION)
        return secret
    finally:
        await node.close()


def serve(settings: Settings) -> None:
    """Run a node until SIGINT or SIGTERM."""
    logs.configure(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    node = await build_app(settings)
    rest_collector()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await run_node(node, asyncio.Event(), stop)
    finally:
        await node.close()


def rest_collector() -> None:
    """Have the garbage collector leave alone what the start loaded, and look less often at what is new.

    Nearly everything is freed by its reference count; a search for cycles through all that was imported would hold up
    every request for 50 ms.
    """
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


async def run_node(node: Node, ready: asyncio.Event, stop: asyncio.Event) -> None:
    """Serve both listeners and run the jobs until `stop` is set; `ready` is set once both listen."""
    settings = node.settings
    listeners = [
        Listener(node.public, settings.public_host, settings.public_port, http=Connection),
        Listener(node.private, settings.private_host, settings.private_port, http=BoundedConnection),
    ]
    async with asyncio.TaskGroup() as group:
        lasting = (node.jobs.run(), node.hosts.follow(), node.notify.follow(), node.replicas.keep())
        work = [group.create_task(one) for one in lasting]
        serving = [group.create_task(listener.run()) for listener in listeners]
        for listener in listeners:
            await listener.started.wait()
        seal_lock.tell(await node.seals.closed(), settings.language)
        await node.sweep.begin()
        await node.checkpoints.begin()
        ready.set()
        await stop.wait()
        node.feed.close()
        for listener in listeners:
            listener.stop()
        await asyncio.wait(serving)
        for task in work:
            task.cancel()


def _open_source(settings: Settings, threads: ThreadPoolExecutor, address: Mapping[str, Any]) -> Source:
    """Return the source at an address; its kind names the file that reads it."""
    folders = (settings.data_dir.resolve() / "published", *(path.resolve() for path in settings.source_dirs))
    return FileSource(address, folders, threads)


def _open_sink(threads: ThreadPoolExecutor, inlet: Inlet) -> Sink:
    """Return the sink of an inlet: so far always the file that was chosen when the data were asked for."""
    return FileSink(Path(inlet.path), threads, overwrite=inlet.overwrite)
