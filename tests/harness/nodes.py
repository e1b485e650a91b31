"""Nodes for tests: built by `build_app`, listening on loopback for real, in the test's own event loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from connector.app import ROOT, Node, build_app, run_node
from connector.services.decide import Decisions
from connector.services.deciders import Person
from connector.settings import load
from connector.store import agreements, datasets, negotiations, transfers
from connector.store.negotiations import Negotiation
from connector.store.transfers import Transfer
from tests.tools.ports import free_port

OPEN: dict[str, Any] = {"permission": [{"action": "use"}]}
BY = Person("urn:test:key", "test")
"""Whoever decides in tests that say nothing of it."""


@contextlib.asynccontextmanager
async def running(
    folder: Path, *, database: str | None = None, decisions: Decisions | None = None, **settings: Any
) -> AsyncIterator[Node]:
    """Yield a node that serves and works; a new folder gets its first participant."""
    port = settings.pop("public_port", None) or free_port()
    loaded = load(
        environ={},
        data_dir=folder,
        database_url=database,
        **{
            "public_url": f"http://127.0.0.1:{port}",
            "public_port": port,
            "private_port": 0,
            "unknown_peers": "admit",
            **settings,
        },
    )
    node = await build_app(loaded, decisions=decisions)
    if ROOT not in node.hosts.owners:
        await node.hosts.add(ROOT, folder.name)
    ready, stop = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(run_node(node, ready, stop))
    try:
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            waiting.cancel()
            await task
        yield node
    finally:
        stop.set()
        await task
        await node.close()


async def publish(node: Node, name: str = "lampadaires", content: bytes = b"id,x,y\n1,2,3\n", **offer: Any) -> str:
    """Publish a small file under an open, automatic offer unless told otherwise; return the offer's identifier."""
    folder = node.settings.data_dir / "published"
    folder.mkdir(parents=True, exist_ok=True)
    owner, file = offer.pop("owner", ROOT), offer.pop("file", f"{name}.csv")
    (folder / file).write_bytes(content)
    source = {"kind": "file", "path": file}
    dataset = await node.publish.put_dataset(owner, dataset_id=f"urn:test:{name}", title=name, source=source, by=BY)
    terms = {"policy": OPEN, "mode": "automatic", **offer}
    stored = await node.publish.put_offer(owner, dataset=dataset.id, by=BY, **terms)
    return stored.id


async def offer_of(node: Node, dataset: str, owner: str = ROOT) -> str:
    """Return the identifier of the first offer of a dataset."""
    offers = await node.store.read(lambda tx: datasets.offers_of(tx, owner, [dataset]))
    return offers[0].id


async def acquaint(consumer: Node, provider: Node, *, owner: str = ROOT, other: str = ROOT) -> str:
    """Have the consumer know the provider; return the provider's DID."""
    did = provider.addresses.did(other)
    await consumer.introduce.add(owner, did, by=BY)
    return did


async def ask(consumer: Node, provider_did: str, dataset: str, *, owner: str = ROOT) -> Negotiation:
    """Request the first offer of a dataset as its catalogue shows it."""
    summary = await consumer.catalogue.look_up(owner, provider_did, dataset)
    offer = {**summary.offers[0], "target": dataset, "assigner": provider_did}
    return await consumer.negotiate.request(owner, provider_did, offer, by=BY)


async def until_negotiation(
    node: Node, pid: str, state: str, *, owner: str = ROOT, within_s: float = 10
) -> Negotiation:
    """Return the negotiation once it stands in the state with nothing pending."""
    async with asyncio.timeout(within_s):
        while True:
            found = await node.store.read(lambda tx: negotiations.peek(tx, owner, pid))
            if found.state == state and found.pending is None:
                return found
            await asyncio.sleep(0.01)


async def until_transfer(node: Node, pid: str, state: str, *, owner: str = ROOT, within_s: float = 10) -> Transfer:
    """Return the transfer once it stands in the state with nothing pending."""
    async with asyncio.timeout(within_s):
        while True:
            found = await node.store.read(lambda tx: transfers.peek(tx, owner, pid))
            if found.state == state and found.pending is None:
                return found
            await asyncio.sleep(0.01)


async def agreed(consumer: Node, provider: Node, dataset: str = "urn:test:lampadaires") -> str:
    """Negotiate a published dataset to the end; return the agreement's identifier."""
    did = provider.addresses.did(ROOT)
    if await consumer.introduce.standing(ROOT, did) is None:
        await acquaint(consumer, provider)
    negotiation = await ask(consumer, did, dataset)
    final = await until_negotiation(consumer, negotiation.pid, "FINALIZED")
    assert final.agreement is not None
    found = await consumer.store.read(lambda tx: agreements.load(tx, ROOT, final.agreement or ""))
    return found.id
