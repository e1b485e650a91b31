"""The framework agreement that contracts name: recorded by both sides in the same words, or no contract is sealed."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connector.app import ROOT
from connector.problems import Invalid
from connector.protocol import negotiation as n
from connector.protocol.machine import Role
from connector.services import deciders, frameworks
from connector.services.contract_checks import ContractChecks
from connector.store import journal
from contracts.document import Framework
from tests.harness import nodes
from tests.sealing.outcomes import BOTH, concluded, unused
from tests.sealing.pair import Pair, play

AGREED = Framework(
    reference="Accord-cadre n° 2026-07",
    proof_clause="Les cachets valent écrit.\nLe journal fait foi de la date.",
    sha256="ab" * 32,
)
OTHER = replace(AGREED, proof_clause="Les cachets ne valent rien.")


@pytest.fixture
def perform(folder: Path) -> Callable[..., Any]:
    """Plays a scene on two fresh nodes."""
    return lambda scene: play(folder / "pair", folder / "template", scene, has_own_signers=True)


async def record(pair: Pair, role: Role, framework: Framework | None) -> None:
    await pair.node(role).introduce.set_framework(ROOT, pair.places[role.other].did, framework, by=nodes.BY)


def test_a_contract_names_what_both_have_recorded_and_keeps_it(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        await record(pair, Role.PROVIDER, AGREED)
        spaced = replace(AGREED, proof_clause=AGREED.proof_clause.replace("\n", "  \r\n") + "\n")
        await record(pair, Role.CONSUMER, spaced)
        pid = await pair.ask()
        await pair.settle()
        await concluded(pair, pid)
        contract = await pair.contract(Role.CONSUMER, pid)
        assert contract is not None
        assert json.loads(contract.document or "")["framework"] == {
            "reference": AGREED.reference, "proofClause": AGREED.proof_clause, "sha256": AGREED.sha256,
        }  # fmt: skip
        for role in BOTH:
            await record(pair, role, None)
            node, held = pair.node(role), await pair.contract(role, pid)
            assert held is not None
            examined = await ContractChecks(node.store, node.hosts, node.peer_seals).examine(ROOT, held.negotiation)
            assert examined.verdict == "valid"

    perform(scene)


@pytest.mark.parametrize(("ours", "theirs"), [(AGREED, None), (None, AGREED), (AGREED, OTHER)])
def test_a_framework_agreement_that_the_consumer_does_not_know_so_ends_the_negotiation(
    perform: Callable[..., Any], ours: Framework | None, theirs: Framework | None
) -> None:
    async def scene(pair: Pair) -> None:
        await record(pair, Role.PROVIDER, ours)
        await record(pair, Role.CONSUMER, theirs)
        pid = await pair.ask()
        await pair.settle()
        await unused(pair, pid, "contract-other-terms")
        (ending,) = pair.sent(n.TERMINATION)
        assert "/framework" in json.dumps(ending["reason"])

    perform(scene)


def test_a_contract_that_waits_for_its_signer_is_drawn_up_anew_when_the_agreement_changes(folder: Path) -> None:
    async def scene(pair: Pair) -> None:
        failures = [OSError("the signer is away")]

        async def before() -> None:
            await pair.net.pause(30)
            if failures:
                raise failures.pop()

        place = pair.places[Role.PROVIDER]
        place.crash()
        place.before_sealing = before
        await place.wake(pair.clock, pair.net)
        pid = await pair.ask()

        async def is_drawn_up() -> bool:
            if (await pair.row(Role.CONSUMER, pid)).peer_pid is None:
                return False
            contract = await pair.contract(Role.PROVIDER, pid)
            return contract is not None and contract.document is not None

        await pair.until(is_drawn_up)
        for role in BOTH:
            await record(pair, role, AGREED)
        await pair.settle()
        await concluded(pair, pid)
        contract = await pair.contract(Role.PROVIDER, pid)
        assert json.loads((contract and contract.document) or "")["framework"]["reference"] == AGREED.reference

    play(folder / "pair", folder / "template", scene)


def test_what_is_recorded_stands_in_the_journal_with_who_did_it(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        for framework in (AGREED, AGREED, None):
            await record(pair, Role.PROVIDER, framework)
        did = pair.places[Role.CONSUMER].did
        found = await pair.node(Role.PROVIDER).store.read(lambda tx: journal.page(tx, ROOT, did, 0, 50))
        entries = [one.entry for one in found if one.kind == "framework-set"]
        assert [(one["old"], one["new"]) for one in entries] == [
            (None, frameworks.written(AGREED)), (frameworks.written(AGREED), None),
        ]  # fmt: skip
        assert all(one[deciders.MEMBER] for one in entries)

    perform(scene)


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"reference": " "}, "/reference"),
        ({"reference": "x" * 501}, "/reference"),
        ({"proof_clause": "\n"}, "/proof_clause"),
        ({"proof_clause": "x" * 10_001}, "/proof_clause"),
        ({"sha256": "AB" * 32}, "/sha256"),
    ],
)
def test_a_fault_is_named_with_its_member(said: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        frameworks.written(replace(AGREED, **said))
    assert refused.value.pointer == pointer
    assert frameworks.read(frameworks.written(AGREED)) == AGREED
