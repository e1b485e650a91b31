"""A partner that stops sealing on the way: what was drawn up leads to nothing, and our own seal alone is kept."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from connector.app import ROOT
from connector.ids import new_id
from connector.peer.client import Answer, Call
from connector.protocol import negotiation as n
from connector.protocol.extensions import SEAL
from connector.protocol.machine import Role
from connector.services import exchange
from connector.services.contract_checks import ContractChecks
from connector.services.seal_records import NO_SEAL
from connector.store import negotiations
from connector.store.contracts import StoredContract
from connector.store.db import Tx
from contracts.jws import UNILATERAL, read_sealed
from tests.harness import nodes
from tests.sealing.pair import Pair, kind_of
from tests.simulator import network

TAKEN = Answer(200, {"content-type": "application/json"}, b"{}")


class Away:
    """A signer that does not answer until it is back."""

    def __init__(self) -> None:
        self.is_away = True

    async def __call__(self) -> None:
        if self.is_away:
            raise OSError("the signer is away")


async def held_up(pair: Pair, role: Role, status: str) -> tuple[Away, str, StoredContract]:
    """Have the consumer ask, and the signer of one side away, until that side's contract stands so.

    Return the signer, the consumer's identifier of the negotiation, and the contract.
    """
    place, away = pair.places[role], Away()
    place.crash()
    place.before_sealing = away
    await place.wake(pair.clock, pair.net)
    pid = await pair.ask()

    async def stands_so() -> bool:
        if (await pair.row(Role.CONSUMER, pid)).peer_pid is None:
            return False
        contract = await pair.contract(role, pid)
        return contract is not None and contract.status == status

    await pair.until(stands_so)
    contract = await pair.contract(role, pid)
    assert contract is not None
    return away, pid, contract


async def kept_alone(pair: Pair, role: Role, pid: str, was: StoredContract, reason: str) -> None:
    """Assert that one side finalised with its own seal alone, and that its journal tells what `was` before."""
    row, contract = await pair.row(role, pid), await pair.contract(role, pid)
    assert row.state == n.FINALIZED
    assert contract is not None
    assert (contract.status, contract.reason, contract.agreement) == ("unilateral", None, row.agreement)
    sealed = read_sealed(contract.jws or "")
    (signature,) = sealed.signatures
    assert (signature.header["cty"], sealed.document["by"]) == (UNILATERAL, pair.places[role].did)
    assert list(await pair.seals(role, pid)) == [role]
    (told,) = await pair.journal(role, pid, "contract-unused")
    assert (told["contract"], told["sha256"]) == (was.id, was.sha256)
    assert reason in told["reason"]
    node = pair.node(role)
    checks = ContractChecks(node.store, node.hosts, node.peer_seals)
    assert (await checks.examine(ROOT, row.pid)).verdict == "indeterminate"


def test_a_provider_whose_partner_took_its_card_away_keeps_its_own_seal(
    perform: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(pair: Pair) -> None:
        away, pid, was = await held_up(pair, Role.PROVIDER, "sealing")
        await pair.unpin_card(Role.PROVIDER)
        hosted = pair.node(Role.CONSUMER).hosts._hosted
        monkeypatch.setitem(hosted, ROOT, replace(hosted[ROOT], card=None))
        away.is_away = False
        await pair.settle()
        assert all(SEAL not in one for one in pair.carried)
        await kept_alone(pair, Role.PROVIDER, pid, was, NO_SEAL)

    perform(scene)


def test_a_provider_that_lost_its_own_card_leaves_what_it_drew_up_and_keeps_its_own_seal(
    perform: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its decision lapsed with the draft unsealed; the next one goes out without a seal, and nothing waits for one."""

    async def scene(pair: Pair) -> None:
        away, pid, was = await held_up(pair, Role.PROVIDER, "sealing")
        ours = (await pair.row(Role.PROVIDER, pid)).pid
        node = pair.node(Role.PROVIDER)

        def lapse(tx: Tx) -> None:
            negotiation = negotiations.load(tx, ROOT, ours)
            exchange.drop_intent(tx, negotiation)
            negotiations.save(tx, negotiation)

        await node.store.write(lapse)
        await pair.unpin_card(Role.CONSUMER)
        with monkeypatch.context() as patch:
            patch.setitem(node.hosts._hosted, ROOT, replace(node.hosts._hosted[ROOT], card=None))
            await node.negotiate.accept(ROOT, ours, by=nodes.BY)
            await pair.until(lambda: is_in(pair, Role.PROVIDER, pid, n.FINALIZED))
        away.is_away = False
        await pair.settle()
        assert all(SEAL not in one for one in pair.carried)
        await kept_alone(pair, Role.PROVIDER, pid, was, "card")

    perform(scene)


async def is_in(pair: Pair, role: Role, pid: str, state: str) -> bool:
    return (await pair.row(role, pid)).state == state


def test_a_consumer_that_gets_another_agreement_without_a_seal_keeps_its_own(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        away, pid, was = await held_up(pair, Role.CONSUMER, "sealed-by-one")
        await pair.unpin_card(Role.CONSUMER)
        pair.answers[n.VERIFICATION] = [TAKEN]
        await send(pair, n.AGREEMENT, another_agreement)
        away.is_away = False
        await pair.settle()
        await send(pair, n.AGREEMENT, finalized)
        await pair.settle()
        await kept_alone(pair, Role.CONSUMER, pid, was, "another agreement")

    perform(scene)


async def send(pair: Pair, like: str, change: Callable[[Call], Call]) -> None:
    """Have the provider send a message, made from one that it sent."""
    call = change(next(one for one in pair.calls if kind_of(one) == like))
    hosts = [pair.places[role].host for role in (Role.PROVIDER, Role.CONSUMER)]
    headers = {**call.headers, "Authorization": await pair.net.new_token(*hosts)}
    answer = await network.call_app(pair.node(Role.CONSUMER).public, replace(call, headers=headers))
    assert answer.status == 200, answer.body


def another_agreement(call: Call) -> Call:
    """Return the agreement drawn up anew and sent as it is, without a seal."""
    message = {name: value for name, value in json.loads(call.body or b"{}").items() if name != SEAL}
    message |= {"@id": new_id(), "agreement": {**message["agreement"], "@id": new_id()}}
    return replace(call, body=json.dumps(message).encode())


def finalized(call: Call) -> Call:
    """Return the end of the negotiation to which an agreement was sent."""
    agreement = json.loads(call.body or b"{}")
    message = {name: agreement[name] for name in ("@context", "providerPid", "consumerPid")}
    message |= {"@id": new_id(), "@type": "ContractNegotiationEventMessage", "eventType": "FINALIZED"}
    url = call.url.removesuffix("/agreement") + "/events"
    return replace(call, url=url, body=json.dumps(message).encode())
