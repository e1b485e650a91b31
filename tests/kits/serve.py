"""Starts the node that the Dataspace Protocol kit tests, seeded, and stays until it is told to stop.

It is the application itself: `build_app` with the laboratory's identity and scripted decisions, nothing else differs.
The kit's two control calls come to a listener of their own and become the verbs that a person would use. The node
seals: it has a seal key from the start, as every node, and a party card. `GET /tck/sealed` there tells what it sealed.

Prints `participant ID`, then `ready` when both listeners answer.
"""

import argparse
import asyncio
import json
import signal
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connector.app import ROOT, Listener, Node, build_app, run_node
from connector.lab.scripted import Scripted
from connector.lab.static_identity import StaticIdentity
from connector.protocol.machine import Role
from connector.services import deciders
from connector.settings import load
from connector.store import agreements, contracts, negotiations, peers
from connector.store.agreements import StoredAgreement
from connector.store.db import Tx
from connector.store.negotiations import Negotiation
from connector.store.peers import Peer

HERE = Path(__file__).resolve().parent
KIT = "TCK_PARTICIPANT"
KIT_HEADER = "Bearer tck-participant"
SCRIPT = json.loads((HERE / "dsp" / "script.json").read_text("utf-8"))
USE = {"permission": [{"action": "use"}]}
BY = deciders.script("kit")
CARD = {
    "legal_name": "Commune d’Exemple",
    "siren": "217500016",
    "representative_function": "Le maire",
    "contact_role": "Service des données",
}
SEEDED = "urn:kit:"
"""How the negotiations begin whose agreements the kit finds."""
PROVIDED = [*(name for name in SCRIPT["negotiations"] if name.startswith("ACN0")), "CAT0101", "CAT0102"]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, required=True, help="port of the public listener")
    parser.add_argument("--trigger-port", type=int, default=0, help="port of the kit's control calls (0: any)")
    parser.add_argument("--database", help="postgresql://… (default: SQLite)")
    parser.add_argument("--data", type=Path, help="folder of the node (default: a temporary one)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(_serve(options, options.data or Path(temporary)))


async def _serve(options: argparse.Namespace, data: Path) -> None:
    settings = load(
        environ={},
        data_dir=data,
        database_url=options.database,
        public_url=f"http://127.0.0.1:{options.port}",
        public_port=options.port,
        private_port=0,
    )
    identity = StaticIdentity(settings, {KIT_HEADER: KIT}, KIT_HEADER)
    node = await build_app(settings, identity=identity, decisions=Scripted(SCRIPT["negotiations"], SCRIPT["transfers"]))
    try:
        await _seed(node)
        await _run(node, options.trigger_port)
    finally:
        await node.close()


async def _run(node: Node, trigger_port: int) -> None:
    triggers = Listener(_triggers(node), "127.0.0.1", trigger_port)
    ready, stop = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(triggers.run())
        running = group.create_task(run_node(node, ready, stop))
        await ready.wait()
        await triggers.started.wait()
        print(f"participant {node.addresses.did(ROOT)}", f"triggers {triggers.port}", "ready", sep="\n", flush=True)
        await running
        triggers.stop()
        await serving


# What the kit asks for: https://github.com/eclipse-dataspacetck/dsp-tck, "webhooks"


def _triggers(node: Node) -> Starlette:
    async def negotiate(request: Request) -> Response:
        wish = await request.json()
        await _know(node, wish["providerId"], wish["connectorAddress"])
        offer = {"@id": wish["offerId"], "@type": "Offer", "target": wish["datasetId"], **USE}
        await node.negotiate.request(ROOT, wish["providerId"], offer, by=BY)
        return Response(status_code=202)

    async def transfer(request: Request) -> Response:
        wish = await request.json()
        await _know(node, wish["providerId"], wish["connectorAddress"])
        await node.transfer.request(ROOT, wish["agreementId"], wish["format"], by=BY)
        return Response(status_code=202)

    async def sealed(request: Request) -> Response:
        return JSONResponse(await node.store.read(_what_was_sealed))

    return Starlette(
        routes=[
            Route("/tck/sealed", sealed),
            Route("/tck/negotiations/requests", negotiate, methods=["POST"]),
            Route("/tck/transfers/requests", transfer, methods=["POST"]),
        ]
    )


def _what_was_sealed(tx: Tx) -> list[dict[str, str | None]]:
    """Return each negotiation of the kit that came to its end: its state, and the status of its contract."""
    told = []
    for negotiation in negotiations.page(tx, ROOT, limit=500):
        if not negotiation.pid.startswith(SEEDED) and negotiation.state in ("FINALIZED", "TERMINATED"):
            found = contracts.find(tx, ROOT, negotiation.pid)
            told.append({"pid": negotiation.pid, "role": negotiation.role, "state": negotiation.state})
            told[-1]["contract"] = found.status if found is not None else None
    return told


async def _know(node: Node, did: str, url: str) -> None:
    def unit(tx: Tx) -> None:
        peer = peers.find(tx, ROOT, did) or Peer(owner=ROOT, did=did, name=did, url=url, pinned=[])
        peer.url = url.rstrip("/")
        peers.put(tx, peer)

    await node.store.write(unit)


# What the kit expects to find


async def _seed(node: Node) -> None:
    if ROOT in node.hosts.owners:
        return
    await node.hosts.add(ROOT, "Kit")
    await node.hosts.set_card(ROOT, CARD, by=BY)
    folder = node.settings.data_dir / "published"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kit.txt").write_text("kit\n")
    for name in PROVIDED:
        await node.publish.put_dataset(
            ROOT, dataset_id=name, title=name, source={"kind": "file", "path": "kit.txt"}, by=BY
        )
        await node.publish.put_offer(ROOT, dataset=name, policy=USE, mode="manual", offer_id=f"CD123:{name}:456", by=BY)
    await node.store.write(lambda tx: _seed_agreements(tx, node.addresses.did(ROOT)))


def _seed_agreements(tx: Tx, us: str) -> None:
    for name in SCRIPT["transfers"]:
        role = Role.CONSUMER if name.startswith("ATPC") else Role.PROVIDER
        assigner, assignee = (KIT, us) if role is Role.CONSUMER else (us, KIT)
        document = {
            "@id": name,
            "@type": "Agreement",
            "target": "CAT0101",
            "assigner": assigner,
            "assignee": assignee,
            "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            **USE,
        }
        _seed_agreement(tx, name, role, json.dumps(document))


def _seed_agreement(tx: Tx, name: str, role: Role, document: str) -> None:
    negotiation = Negotiation(
        owner=ROOT,
        pid=f"{SEEDED}{name}",
        role=role,
        peer=KIT,
        peer_pid=f"urn:kit:peer:{name}",
        peer_url="http://127.0.0.1:1",
        state="FINALIZED",
        dataset="CAT0101",
        offer_id="CD123:CAT0101:456",
        offer=document,
        offer_by="provider",
        agreement=name,
    )
    negotiations.save(tx, negotiation)
    agreements.add(
        tx,
        StoredAgreement(
            owner=ROOT,
            id=name,
            role=role,
            peer=KIT,
            negotiation=negotiation.pid,
            dataset="CAT0101",
            document=document,
            accepted_terms=[],
            status="active",
            created_at=tx.now,
        ),
    )


if __name__ == "__main__":
    main()
