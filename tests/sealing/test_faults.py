"""Sealing when things go wrong: a signing service far away, death with a seal in the air, messages that suffer.

Whatever happens: one contract, counted by both sides or by none, and one seal of each side.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from connector.app import ROOT
from connector.peer.client import Call
from connector.protocol import negotiation as n
from connector.protocol.machine import Role
from tests.harness import nodes
from tests.harness.sealing import open_keys
from tests.harness.seals import SealAuthority
from tests.sealing.outcomes import BOTH, both_or_neither, concluded, ended
from tests.sealing.pair import Pair, kind_of, play
from tests.sealing.remote import ASKS, RemoteSigners, ServiceAway, Signed, SigningService
from tests.simulator import network
from tests.simulator.network import Fate

SEALS = [(Role.PROVIDER, "contract"), (Role.CONSUMER, "contract"), (Role.PROVIDER, "conclusion")]
"""What is sealed in a negotiation, and by whom, in order."""
CARRIERS = [n.AGREEMENT, n.VERIFICATION, n.FINALIZE]
FATES = {
    "lost": Fate(is_lost=True),
    "answer lost": Fate(is_answer_lost=True),
    "late": Fate(delay_s=40.0),
    "twice at once": Fate(again_after_s=0.0),
    "twice": Fate(again_after_s=20.0, with_new_token=True),
    "answer lost and twice": Fate(is_answer_lost=True, again_after_s=5.0, with_new_token=True),
}


def name_of(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


async def far(pair: Pair) -> dict[Role, SigningService]:
    """Have both nodes keep their keys at a service of their own."""
    services = {role: SigningService(pair.net.pause) for role in BOTH}
    for role, service in services.items():
        pair.places[role].crash()
        pair.places[role].signers = RemoteSigners(service)
        await pair.places[role].wake(pair.clock, pair.net)
    return services


async def asked_for(pair: Pair, service: SigningService, kind: str) -> str:
    """Ask for a dataset; return the consumer's identifier once the service is asked to sign a document of that kind."""
    pid = await pair.ask()

    async def is_asked() -> bool:
        return service.asked[kind] > 0

    await pair.until(is_asked)
    return pid


def contracts_in(services: dict[Role, SigningService]) -> set[bytes]:
    """Return the contracts of which anything was signed."""
    return {one.payload for service in services.values() for one in service.signed if one.kind == "contract"}


# --- a signing service far away ---------------------------------------------------------------------------------------


def test_a_service_that_fails_and_is_slow_seals_one_contract_once(perform: Callable[..., Any]) -> None:
    """The signers ask again themselves, give up, and are asked again by the job."""

    async def scene(pair: Pair) -> None:
        services = await far(pair)
        for service in services.values():
            service.slowness, service.failures = 5, 3 * ASKS
        pid = await pair.ask()
        await pair.settle()
        await concluded(pair, pid)
        assert all(service.failures == 0 for service in services.values())
        assert len(contracts_in(services)) == 1

    perform(scene)


def test_a_service_that_never_answers_is_told_to_those_who_wait(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        service = (await far(pair))[Role.PROVIDER]
        signer = pair.places[Role.PROVIDER].signers
        assert isinstance(signer, RemoteSigners)
        service.failures = 2 * ASKS
        with pytest.raises(ServiceAway):
            await signer(ROOT).sign(b"{}.e30")

    perform(scene)


def test_what_the_service_seals_is_a_seal_like_any_other(perform: Callable[..., Any]) -> None:
    """The port has two implementations: the same octets, the same checks."""

    async def scene(pair: Pair) -> None:
        await far(pair)
        remote = pair.places[Role.PROVIDER].signers
        assert isinstance(remote, RemoteSigners)
        for signer in (remote(ROOT), pair.node(Role.PROVIDER).seals.signer(ROOT)):
            signature = await signer.sign(b"octets")
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            key = x509.load_der_x509_certificate(signer.chain[0]).public_key()
            assert isinstance(key, ec.EllipticCurvePublicKey)
            assert (len(signature), signer.algorithm) == (64, "ES256")
            key.verify(encode_dss_signature(r, s), b"octets", ec.ECDSA(hashes.SHA256()))

    perform(scene)


@pytest.mark.parametrize("seals", SEALS, ids=name_of)
def test_a_node_killed_when_its_seal_was_put_and_it_had_not_heard_of_it_goes_on(
    perform: Callable[..., Any], seals: tuple[Role, str]
) -> None:
    role, kind = seals

    async def scene(pair: Pair) -> None:
        services = await far(pair)

        def kill(signed: Signed) -> None:
            if signed.kind == kind and not pair.reborn:
                pair.kill(role)

        services[role].when_signed = kill
        pid = await pair.ask()
        await pair.settle()
        await asyncio.gather(*pair.reborn)
        assert len(pair.reborn) == 1
        await concluded(pair, pid)
        assert len(contracts_in(services)) == 1
        for carrier in CARRIERS[:2]:
            assert len({str(message) for message in pair.sent(carrier)}) == 1

    perform(scene)


# --- messages that suffer ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_seal_whose_message_is_lost_late_or_repeated_counts_once(
    perform: Callable[..., Any], carrier: str, fate: str
) -> None:
    async def scene(pair: Pair) -> None:
        fates = [FATES[fate]]
        pair.net.fate_of = lambda call: fates.pop() if fates and kind_of(call) == carrier else network.KIND
        pid = await pair.ask()
        await pair.settle()
        assert fates == []
        await concluded(pair, pid)

    perform(scene)


# --- terminations that cross ------------------------------------------------------------------------------------------


async def terminate(pair: Pair, role: Role, pid: str) -> None:
    row = await pair.row(role, pid)
    await pair.node(role).negotiate.terminate(ROOT, row.pid, "changed", "Plus besoin.", by=nodes.BY)


@pytest.mark.parametrize("ender", BOTH, ids=str)
@pytest.mark.parametrize("seals", SEALS, ids=name_of)
def test_a_termination_while_somebody_signs_leaves_nothing_that_counts(
    perform: Callable[..., Any], seals: tuple[Role, str], ender: Role
) -> None:
    role, kind = seals

    async def scene(pair: Pair) -> None:
        services = await far(pair)
        services[role].slowness = 5
        pid = await asked_for(pair, services[role], kind)
        await terminate(pair, ender, pid)
        await pair.settle()
        await ended(pair, pid)
        assert len(contracts_in(services)) <= 1
        assert n.FINALIZE not in [kind_of(call) for call in pair.calls]

    perform(scene)


@pytest.mark.parametrize("ender", BOTH, ids=str)
@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("fate", [Fate(delay_s=5.0), Fate(answer_delay_s=5.0)], ids=["unheard", "heard"])
def test_a_termination_that_crosses_a_message_with_a_seal_ends_it_for_both_or_for_neither(
    perform: Callable[..., Any], carrier: str, fate: Fate, ender: Role
) -> None:
    async def scene(pair: Pair) -> None:
        fates, begun = [fate], asyncio.Event()

        def fate_of(call: Call) -> Fate:
            if fates and kind_of(call) == carrier:
                begun.set()
                return fates.pop()
            return network.KIND

        pair.net.fate_of = fate_of
        pid = await pair.ask()

        async def is_on_its_way() -> bool:
            return begun.is_set()

        await pair.until(is_on_its_way)
        await pair.net.pause(1.0)
        if (await pair.row(ender, pid)).state != n.FINALIZED:
            await terminate(pair, ender, pid)
        await pair.settle()
        await both_or_neither(pair, pid)

    perform(scene)


# --- keys that are replaced on the way --------------------------------------------------------------------------------


async def rotate(pair: Pair, role: Role) -> None:
    await pair.node(role).seals.rotate(ROOT, by=nodes.BY)


async def certify(pair: Pair, role: Role) -> None:
    """Have an authority give a certificate for the present key: it replaces the one of the node's own making."""
    asked, now = await pair.node(role).seals.request(ROOT), pair.clock.now()
    answer = SealAuthority(now).answer(asked, now)
    await pair.node(role).seals.import_certificate(ROOT, answer, by=nodes.BY)


async def rotate_without_overlap(pair: Pair, role: Role) -> None:
    await pair.node(role).seals.rotate(ROOT, overlap=timedelta(), by=nodes.BY)


async def rotate_again_and_again(pair: Pair, role: Role) -> None:
    """More often than keys overlap."""
    for _ in range(3):
        await rotate(pair, role)


async def revoke(pair: Pair, role: Role) -> None:
    """Have the key stolen, and another made."""
    seals = pair.node(role).seals
    await seals.revoke(ROOT, seals.all(ROOT)[0].name, "vol", by=nodes.BY)
    await seals.create(ROOT, by=nodes.BY)


@pytest.mark.parametrize("replace", [rotate, rotate_without_overlap, rotate_again_and_again, revoke])
def test_a_provider_whose_key_is_gone_concludes_with_the_next(folder: Path, replace: Any) -> None:
    """The consumer's verification comes late; what it knows of the provider's keys is a minute old."""

    async def scene(pair: Pair) -> None:
        await pair.ask()
        await pair.settle()
        fates = [Fate(delay_s=40.0)]
        pair.net.fate_of = lambda call: fates.pop() if fates and kind_of(call) == n.VERIFICATION else network.KIND
        pid = await pair.ask()

        async def is_countersigned() -> bool:
            contract = await pair.contract(Role.CONSUMER, pid)
            return contract is not None and contract.status == "sealed-by-both"

        await pair.until(is_countersigned)
        await replace(pair, Role.PROVIDER)
        open_keys(pair.node(Role.PROVIDER))
        await pair.settle()
        await concluded(pair, pid)

    play(folder / "pair", folder / "template", scene, has_own_signers=True)


def test_a_provider_whose_keys_cannot_be_read_is_heard_again_later(folder: Path) -> None:
    """It is no refusal: nothing that was sealed is lost because an address did not answer for a while."""

    async def scene(pair: Pair) -> None:
        await pair.ask()
        await pair.settle()
        verified = [Fate(delay_s=40.0)]
        back = pair.clock.now() + timedelta(minutes=5)

        def fate_of(call: Call) -> Fate:
            if kind_of(call) == n.VERIFICATION and verified:
                return verified.pop()
            is_asked = call.method == "GET" and call.url.endswith(("did.json", "did-history.json"))
            return Fate(is_lost=True) if is_asked and pair.clock.now() < back else network.KIND

        pair.net.fate_of = fate_of
        pid = await pair.ask()
        await rotate_without_overlap(pair, Role.PROVIDER)
        open_keys(pair.node(Role.PROVIDER))
        await pair.settle()
        await concluded(pair, pid)
        assert pair.clock.now() > back

    play(folder / "pair", folder / "template", scene, has_own_signers=True)


@pytest.mark.parametrize("is_tried_again", [False, True], ids=["signs", "tried-again"])
@pytest.mark.parametrize("replace", [rotate, certify])
@pytest.mark.parametrize("changing", BOTH, ids=str)
@pytest.mark.parametrize("seals", SEALS, ids=name_of)
def test_a_seal_key_replaced_on_the_way_does_not_stop_a_negotiation(
    perform: Callable[..., Any], seals: tuple[Role, str], changing: Role, replace: Any, is_tried_again: bool
) -> None:
    """While a seal is being put, whose signer then signs after all, or fails so that the job looks again."""
    role, kind = seals

    async def scene(pair: Pair) -> None:
        services = await far(pair)
        services[role].slowness = 3
        pid = await asked_for(pair, services[role], kind)
        before = pair.node(changing).seals.signer(ROOT).kid
        await replace(pair, changing)
        assert pair.node(changing).seals.signer(ROOT).kid != before
        services[role].failures = ASKS if is_tried_again else 0
        await pair.settle()
        await concluded(pair, pid)

    perform(scene)
