"""Contracts about personal data: none without purpose and legal basis, no annex saying more than was declared."""

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connector.app import ROOT
from connector.protocol import negotiation as n
from connector.protocol.extensions import SEAL, RequestCard
from connector.protocol.machine import Role
from contracts.canonical import canonical
from contracts.jws import CONTRACT, read_sealed
from contracts.seals import seal
from tests.harness import nodes
from tests.sealing.outcomes import BOTH, concluded, unused
from tests.sealing.pair import Pair, play
from tests.simulator import places

MEMORY = Path("/dev/shm")
DATASET, OFFER = "urn:test:menages", "urn:offer:menages"
CARD = RequestCard(purpose="Repérer la précarité énergétique", legal_basis="RGPD, art. 6(1)(e)")
ANNEX = {"purpose": CARD.purpose, "legalBasis": CARD.legal_basis}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with two nodes that know each other, have cards and seal keys."""
    with tempfile.TemporaryDirectory(prefix="personal", dir=MEMORY if MEMORY.is_dir() else None) as name:
        places.make_template(Path(name) / "template")
        yield Path(name)


@pytest.fixture(params=[False, True], ids=["elsewhere", "own"])
def perform(folder: Path, request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Plays a scene on two fresh nodes, whose signers are elsewhere, or which seal with keys of their own."""
    return lambda scene: play(folder / "pair", folder / "template", scene, has_own_signers=request.param)


async def ask(pair: Pair, card: RequestCard) -> str:
    """Publish a file with personal data, have it asked for, and let both sides come to an end."""
    publish, peer = pair.node(Role.PROVIDER).publish, pair.places[Role.PROVIDER].did
    source = {"kind": "file", "path": "automatic.csv"}
    told = {"title": "Ménages", "source": source, "document": {"personal": True}, "dataset_id": DATASET}
    await publish.put_dataset(ROOT, **told, by=nodes.BY)
    await publish.put_offer(ROOT, dataset=DATASET, policy=nodes.OPEN, mode="automatic", offer_id=OFFER, by=nodes.BY)
    offer = {**nodes.OPEN, "@id": OFFER, "@type": "Offer", "target": DATASET, "assigner": peer}
    asked = await pair.node(Role.CONSUMER).negotiate.request(ROOT, peer, offer, by=nodes.BY, card=card)
    await pair.settle()
    return asked.pid


def test_the_annex_repeats_what_the_consumer_declared(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid = await ask(pair, CARD)
        await concluded(pair, pid)
        for role in BOTH:
            contract = await pair.contract(role, pid)
            document = json.loads((contract and contract.document) or "")
            assert (document["dataset"]["personal"], document["personalData"]) == (True, ANNEX)

    perform(scene)


@pytest.mark.parametrize("missing", ["purpose", "legal_basis"])
def test_without_a_purpose_or_a_legal_basis_nothing_is_sealed(perform: Callable[..., Any], missing: str) -> None:
    async def scene(pair: Pair) -> None:
        pid = await ask(pair, replace(CARD, **{missing: None}))
        await unused(pair, pid, "missing-legal-basis")
        assert [await pair.seals(role, pid) for role in BOTH] == [{}, {}]

    perform(scene)


def test_an_annex_with_more_than_the_consumer_declared_is_refused(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        node = pair.node(Role.PROVIDER)

        def change(message: dict[str, Any]) -> dict[str, Any]:
            document = read_sealed(message[SEAL]).document
            more = {**document, "personalData": {**ANNEX, "retention": "Toujours"}}
            payload = canonical(more)
            signed = seal(payload, node.hosts.seals.signer(ROOT), media_type=CONTRACT, at=pair.clock.now())
            try:
                signed.send(None)
            except StopIteration as done:  # a key of the node's own signs at once
                return {**message, SEAL: done.value.text}
            raise AssertionError("a signer waits")

        pair.changes[n.AGREEMENT] = change
        pid = await ask(pair, CARD)
        await unused(pair, pid, "contract-other-request")
        (ending,) = pair.sent(n.TERMINATION)
        assert "/personalData/retention" in json.dumps(ending["reason"])

    perform(scene)
