"""A party card that changes: until the partner has taken note of the new one, no contract with it is sealed."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.app import ROOT
from connector.identity.card import stored
from connector.protocol import negotiation as n
from connector.protocol.machine import Role
from connector.services.inspect import Inspect
from connector.services.meet import digest
from connector.store import peers
from tests.harness import nodes
from tests.harness.sealing import CARDS
from tests.sealing.outcomes import BOTH, concluded, unused
from tests.sealing.pair import Pair, play

COMMANDS = ("pupitre peer ping", "pupitre peer card accept")


@pytest.fixture(params=[False, True], ids=["elsewhere", "own"])
def perform(folder: Path, request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Plays a scene on two fresh nodes, whose signers are elsewhere, or which seal with keys of their own."""
    return lambda scene: play(folder / "pair", folder / "template", scene, has_own_signers=request.param)


async def change_card(pair: Pair, role: Role, **said: str) -> None:
    """Have one side write another card; its partner has the time to forget what it has just read."""
    card = {"representative_function": "La présidente", "contact_role": "Service des données", **CARDS[role.value]}
    await pair.node(role).hosts.set_card(ROOT, {**card, **said}, by=nodes.BY)
    pair.clock.advance(timedelta(minutes=10))


async def take_note(pair: Pair, role: Role) -> None:
    """Have one side look at its partner's card, and a person take note of the new one."""
    node, did = pair.node(role), pair.places[role.other].did
    assert (await node.introduce.ping(ROOT, did)).card == "changed"
    peer = await node.store.read(lambda tx: peers.load(tx, ROOT, did))
    await node.introduce.accept_card(ROOT, did, digest(peer.offered_card or ""), by=nodes.BY)


@pytest.mark.parametrize("said", [{"contact_telephone": "02 99 00 00 00"}, {"legal_name": "Autre nom"}], ids=list)
@pytest.mark.parametrize("role", BOTH, ids=str)
def test_a_card_that_the_partner_has_not_taken_note_of_ends_the_negotiation_with_what_to_do(
    perform: Callable[..., Any], role: Role, said: dict[str, str]
) -> None:
    async def scene(pair: Pair) -> None:
        await change_card(pair, role, **said)
        pid = await pair.ask()
        await pair.settle()
        await unused(pair, pid, "contract-other-card")
        (ending,) = pair.sent(n.TERMINATION)
        for words in ending["reason"]:
            assert all(command in words for command in COMMANDS)
            assert f"/parties/{role.value}/cardSha256" in words

    perform(scene)


@pytest.mark.parametrize("role", BOTH, ids=str)
def test_once_the_partner_has_taken_note_of_the_new_card_contracts_are_concluded(
    perform: Callable[..., Any], role: Role
) -> None:
    async def scene(pair: Pair) -> None:
        await change_card(pair, role, contact_telephone="02 99 00 00 00")
        await take_note(pair, role.other)
        pid = await pair.ask()
        await pair.settle()
        await concluded(pair, pid)

    perform(scene)


@pytest.mark.parametrize("role", BOTH, ids=str)
def test_the_new_card_is_offered_to_who_holds_the_old_one_and_one_confirmation_suffices(
    perform: Callable[..., Any], role: Role
) -> None:
    async def scene(pair: Pair) -> None:
        await change_card(pair, role, contact_telephone="02 99 00 00 00")
        refused = await pair.ask()
        await pair.settle()
        await unused(pair, refused, "contract-other-card")
        node, did = pair.node(role.other), pair.places[role].did
        peer = await node.store.read(lambda tx: peers.load(tx, ROOT, did))
        assert stored(peer.offered_card or "").contact_telephone == "02 99 00 00 00"
        assert f"pupitre peer card accept {did}" in (await why(pair, role.other, refused))["fr"]
        other = await pair.node(role).store.read(lambda tx: peers.load(tx, ROOT, pair.places[role.other].did))
        assert other.offered_card is None  # it holds the card of today
        assert "pupitre peer card accept did:" not in (await why(pair, role, refused))["fr"]
        await node.introduce.accept_card(ROOT, did, digest(peer.offered_card or ""), by=nodes.BY)
        assert "pupitre peer card accept did:" not in (await why(pair, role.other, refused))["fr"]
        pid = await pair.ask()
        await pair.settle()
        await concluded(pair, pid)

    perform(scene)


async def why(pair: Pair, role: Role, pid: str) -> dict[str, str]:
    """Return why a negotiation stands where it stands, as one side's node says it."""
    return (await Inspect(pair.node(role).store).negotiation(ROOT, (await pair.row(role, pid)).pid)).why.text
