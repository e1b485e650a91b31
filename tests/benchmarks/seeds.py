"""Large stores, filled by the store's own rows in batches: what a node holds after years."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

from connector.app import ROOT, Node
from connector.catalogue import listing
from connector.services.deciders import Person
from connector.store import tables
from connector.store.datasets import StoredDataset, StoredOffer
from connector.store.db import Tx
from connector.store.jobs import Job

BATCH = 5_000
BIG, BIG_FILE, SMALL = "urn:bench:grand", "grand.bin", "urn:bench:petit"
USE = {"permission": [{"action": "use"}]}
BY = Person("urn:bench:key", "bench")


async def datasets(node: Node, count: int) -> None:
    """Publish `count` datasets of about 0.9 KB each, one open offer each."""
    for start in range(0, count, BATCH):
        await node.store.write(partial(_datasets, node, start, min(BATCH, count - start)))


async def agreements(node: Node, count: int) -> None:
    """Store `count` concluded agreements with their negotiations."""
    for start in range(0, count, BATCH):
        await node.store.write(partial(_agreements, start, min(BATCH, count - start)))


async def delayed_jobs(node: Node, count: int) -> None:
    """Enqueue `count` jobs that are due in a month."""

    def unit(tx: Tx) -> None:
        for number in range(count):
            at = tx.now + timedelta(days=30, seconds=number)
            tx.enqueue(Job("negotiation", ROOT, f"urn:later:{number}", run_at=at))

    await node.store.write(unit)


def _datasets(node: Node, start: int, count: int, tx: Tx) -> None:
    found, offered = [], []
    for number in range(start, start + count):
        name = f"urn:bench:dataset:{number:07d}"
        document = {"description": "Points lumineux du territoire. " * 8, "keywords": ["éclairage", "énergie"]}
        dataset = StoredDataset(owner=ROOT, id=name, title=f"Jeu {number}", document=document, source={})
        offer = StoredOffer(owner=ROOT, id=f"{name}:offer", dataset=name, policy=USE, mode="automatic")
        rendered = listing.render(node.addresses, dataset, [offer])
        times = {"created_at": tx.now, "updated_at": tx.now, "version": 1}
        found.append(
            {"owner": ROOT, "id": name, "title": dataset.title, "document": json.dumps(document), "source": "{}"}
            | {"rendered": rendered, "status": "published", **times}
        )
        offered.append(
            {"owner": ROOT, "id": offer.id, "dataset": name, "policy": json.dumps(USE), "mode": "automatic"}
            | {"is_conditional": 0, "status": "active", **times}
        )
    tx.connection.execute(tables.datasets.insert(), found)
    tx.connection.execute(tables.offers.insert(), offered)


def _agreements(start: int, count: int, tx: Tx) -> None:
    rows: list[dict[str, Any]] = []
    talks: list[dict[str, Any]] = []
    for number in range(start, start + count):
        name, peer = f"urn:bench:agreement:{number:07d}", f"did:web:peer{number % 500}.example"
        document = {"@id": name, "@type": "Agreement", "target": "urn:bench", "assigner": "did:web:us.example", **USE}
        rows.append(
            {"owner": ROOT, "id": name, "role": "provider", "peer": peer, "negotiation": f"{name}:n"}
            | {"dataset": "urn:bench", "document": json.dumps(document), "accepted_terms": "[]"}
            | {"status": "active", "created_at": tx.now}
        )
        talks.append(
            {"owner": ROOT, "pid": f"{name}:n", "role": "provider", "peer": peer, "peer_pid": f"{name}:p"}
            | {"peer_url": "https://peer.example/dsp", "state": "FINALIZED", "attempts": 0, "version": 5}
            | {"dataset": "urn:bench", "offer_id": "o", "offer": json.dumps(USE), "offer_by": "consumer"}
            | {"agreement": name, "created_at": tx.now, "updated_at": tx.now}
        )
    tx.connection.execute(tables.agreements.insert(), rows)
    tx.connection.execute(tables.negotiations.insert(), talks)


async def pulls(node: Node) -> None:
    """Publish a file of 1 GiB and one of 4 KiB."""
    piece = bytes(range(256)) * 4096
    folder = node.settings.data_dir / "published"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / BIG_FILE, "wb") as file:
        for _ in range((1 << 30) // len(piece)):
            file.write(piece)
    for name, size in (("grand", None), ("petit", 4096)):
        source = {"kind": "file", "path": f"{name}.bin"}
        if size is not None:
            (folder / f"{name}.bin").write_bytes(piece[:size])
        dataset = await node.publish.put_dataset(ROOT, dataset_id=f"urn:bench:{name}", title=name, source=source, by=BY)
        await node.publish.put_offer(ROOT, dataset=dataset.id, policy=USE, mode="automatic", by=BY)


async def sealing(node: Node) -> None:
    """Give the participant a card: with its seal key that is all a contract needs."""
    said = {"representative_function": "La présidente", "contact_role": "Service des données"}
    await node.hosts.set_card(ROOT, {**said, "legal_name": f"Organisme du port {node.settings.public_port}"}, by=BY)


async def bare(node: Node) -> None:
    """Take the seal key away: nothing is sealed, not even by one side."""
    for key in node.seals.all(ROOT):
        await node.seals.revoke(ROOT, key.name, "measured without", by=BY)


OF_BOTH = ("sealing", "bare")
"""What both nodes of a pair begin with."""
BY_NAME: dict[str, Callable[[Node], Awaitable[None]]] = {
    "datasets-50": partial(datasets, count=50),
    "datasets-1000": partial(datasets, count=1_000),
    "datasets-10000": partial(datasets, count=10_000),
    "datasets-100000": partial(datasets, count=100_000),
    "agreements-20000": partial(agreements, count=20_000),
    "agreements-1000000": partial(agreements, count=1_000_000),
    "pulls": pulls,
    "sealing": sealing,
    "bare": bare,
}
