"""Contracts about personal data: none without purpose and legal basis, no annex saying more than was declared."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from connector.app import ROOT
from connector.protocol import negotiation as n
from connector.protocol.extensions import SEAL, RequestCard
from connector.protocol.machine import Role
from connector.services.contract_checks import ContractChecks, Examined
from connector.store.contract_tables import seals
from connector.store.db import Tx
from contracts.canonical import canonical
from contracts.jws import CONTRACT, read_sealed
from contracts.seals import seal
from tests.harness import nodes
from tests.sealing.outcomes import BOTH, concluded, unused
from tests.sealing.pair import Pair, play

DATASET, OFFER = "urn:test:menages", "urn:offer:menages"
CARD = RequestCard(purpose="Repérer la précarité énergétique", legal_basis="RGPD, art. 6(1)(e)")
ANNEX = {"purpose": CARD.purpose, "legalBasis": CARD.legal_basis}


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


def with_more(pair: Pair, contract: str) -> str:
    """Return the contract with an annex that says more than was declared, sealed by the provider."""
    payload = canonical({**read_sealed(contract).document, "personalData": {**ANNEX, "retention": "Toujours"}})
    signer = pair.node(Role.PROVIDER).hosts.seals.signer(ROOT)
    try:
        seal(payload, signer, media_type=CONTRACT, at=pair.clock.now()).send(None)
    except StopIteration as done:  # a key of the node's own signs at once
        return str(done.value.text)
    raise AssertionError("a signer waits")


async def examined(pair: Pair, role: Role, pid: str) -> Examined:
    """Return what one side says of the contract when it checks it again."""
    node, held = pair.node(role), await pair.contract(role, pid)
    assert held is not None
    return await ContractChecks(node.store, node.hosts, node.peer_seals).examine(ROOT, held.negotiation)


def test_the_annex_repeats_what_the_consumer_declared(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid = await ask(pair, CARD)
        await concluded(pair, pid)
        for role in BOTH:
            contract = await pair.contract(role, pid)
            document = json.loads((contract and contract.document) or "")
            assert (document["dataset"]["personal"], document["personalData"]) == (True, ANNEX)

    perform(scene)


def test_a_contract_whose_annex_repeats_what_was_declared_is_valid_when_checked_again(
    perform: Callable[..., Any],
) -> None:
    async def scene(pair: Pair) -> None:
        pid = await ask(pair, CARD)
        for role in BOTH:
            assert (await examined(pair, role, pid)).verdict == "valid"

    perform(scene)


def test_an_annex_with_more_than_was_declared_fails_when_the_contract_is_checked_again(
    perform: Callable[..., Any],
) -> None:
    async def scene(pair: Pair) -> None:
        pid = await ask(pair, CARD)
        kept = (await pair.seals(Role.PROVIDER, pid))[Role.PROVIDER]

        def rewrite(tx: Tx) -> None:  # as somebody with access to database and seal key might
            tx.connection.execute(text("DROP TRIGGER seals_are_not_changed"))
            of_it = (seals.c.negotiation == kept.negotiation) & (seals.c.role == kept.role.value)
            tx.connection.execute(update(seals).where(of_it).values(jws=with_more(pair, kept.jws)))

        await pair.node(Role.PROVIDER).store.write(rewrite)
        found = await examined(pair, Role.PROVIDER, pid)
        (failing,) = [step for step in found.steps if step.outcome == "fails"]
        assert failing.code == "negotiated"
        assert "/personalData/retention" in failing.detail["en"]

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
        pair.changes[n.AGREEMENT] = lambda message: {**message, SEAL: with_more(pair, message[SEAL])}
        pid = await ask(pair, CARD)
        await unused(pair, pid, "contract-other-request")
        (ending,) = pair.sent(n.TERMINATION)
        assert "/personalData/retention" in json.dumps(ending["reason"])

    perform(scene)
