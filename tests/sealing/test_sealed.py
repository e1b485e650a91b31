"""Two nodes that seal: one contract, a seal of each, one conclusion; and everything that goes wrong."""

import asyncio
import base64
import json
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from connector.app import ROOT
from connector.peer.client import Answer
from connector.peer.discovery import Discovery
from connector.protocol import negotiation as n
from connector.protocol.extensions import CONCLUSION, REQUEST_CARD, SEAL, RequestCard
from connector.protocol.machine import Role
from connector.services import explain
from connector.services.concluding import Concluding
from connector.store import contracts, participants
from connector.store.sqlite import FILE
from contracts.approval import Approval, approval_in
from contracts.canonical import canonical, sha256
from contracts.checks import check_seal
from contracts.jws import CONCLUSION as MEDIA_TYPE
from contracts.jws import read_sealed
from contracts.seals import seal_now
from contracts.timestamps import add_token
from tests.harness import nodes
from tests.harness.sealing import open_keys
from tests.sealing.outcomes import BOTH, concluded, unused
from tests.sealing.pair import Pair, play
from tests.simulator.virtual import InlineStore

FEWEST_COMMITS, MOST_COMMITS = 3, 100
"""How many commits a sealed negotiation takes on one side."""
_PENDING = "SELECT pending, EXISTS (SELECT 1 FROM jobs WHERE kind = 'seal' AND key = pid) FROM negotiations"


@pytest.fixture(params=[False, True], ids=["elsewhere", "own"])
def perform(folder: Path, request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Plays a scene on two fresh nodes, whose signers are elsewhere, or which seal with keys of their own."""
    return lambda scene: play(folder / "pair", folder / "template", scene, has_own_signers=request.param)


@pytest.fixture
def perform_afar(folder: Path) -> Callable[..., Any]:
    """Plays a scene on two fresh nodes, whose signers may be slow or fail."""
    return lambda scene: play(folder / "pair", folder / "template", scene)


def test_what_two_nodes_agree_on_is_sealed_by_both_and_concluded(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        peer = pair.places[Role.PROVIDER].did
        offer = {"@id": "urn:offer:automatic", "@type": "Offer", "target": "urn:test:automatic", "assigner": peer}
        card = RequestCard("Trame noire", "2027-06-30", "CRPA, art. L. 114-8")
        asked = await pair.node(Role.CONSUMER).negotiate.request(
            ROOT, peer, {**offer, **nodes.OPEN}, by=nodes.BY, card=card
        )
        await pair.settle()
        await concluded(pair, asked.pid)
        contract = await pair.contract(Role.PROVIDER, asked.pid)
        document = json.loads((contract and contract.document) or "")
        assert document["parties"]["provider"]["legalName"] == "Métropole d’Exemple"
        assert document["parties"]["consumer"]["legalName"] == "Commune d’Exemple"
        represented = {role: told["representative"] for role, told in document["parties"].items()}
        assert represented == {
            "provider": {"function": "La présidente", "mandate": "Délibération 2026-014"},
            "consumer": {"function": "La présidente"},
        }
        assert document["request"] == {
            "purpose": "Trame noire", "until": "2027-06-30", "legalBasis": "CRPA, art. L. 114-8",
        }  # fmt: skip
        (agreement,) = pair.sent(n.AGREEMENT)
        assert document["agreement"]["text"] == json.dumps(
            agreement["agreement"], ensure_ascii=False, separators=(",", ":")
        )
        assert [one["type"] for one in document["negotiation"]["messages"]] == [n.REQUEST]
        first = next(one for one in pair.carried if one["@type"] == n.REQUEST)
        assert json.loads(first[REQUEST_CARD])["purpose"] == "Trame noire"

    perform(scene)


def test_each_seal_is_one_string_on_its_message(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid = await pair.ask()
        await pair.settle()
        await concluded(pair, pid)
        (agreement,), (verification,) = pair.sent(n.AGREEMENT), pair.sent(n.VERIFICATION)
        final = next(one for one in pair.carried if one.get("eventType") == "FINALIZED")
        assert len(read_sealed(agreement[SEAL]).signatures) == 1
        assert len(read_sealed(verification[SEAL]).signatures) == 2
        assert read_sealed(final[CONCLUSION]).document["contract"] == read_sealed(agreement[SEAL]).document["id"]
        assert "https://w3id.org/pupitre" not in json.dumps(agreement["agreement"])

    perform(scene)


def test_a_seal_says_who_approved_without_a_name(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid = await pair.ask()
        await pair.settle()
        contract = await pair.contract(Role.PROVIDER, pid)
        provider, consumer = read_sealed((contract and contract.jws) or "").signatures
        rule, person = approval_in(provider), approval_in(consumer)
        assert isinstance(rule, Approval)
        assert rule.rule == "offer-mode automatic urn:offer:automatic"
        assert isinstance(person, Approval)
        assert person.by == nodes.BY.key_id  # who asked, not the rule that carried it through

    perform(scene)


@pytest.mark.parametrize("kind", [n.AGREEMENT, n.VERIFICATION])
def test_a_message_of_a_node_that_seals_without_its_seal_ends_the_negotiation(
    perform: Callable[..., Any], kind: str
) -> None:
    async def scene(pair: Pair) -> None:
        pair.changes[kind] = lambda message: {name: value for name, value in message.items() if name != SEAL}
        pid = await pair.ask()
        await pair.settle()
        await unused(pair, pid, "seal-missing")

    perform(scene)


@pytest.mark.parametrize(("kind", "code"), [(n.AGREEMENT, "bad-seal"), (n.VERIFICATION, "other-contract")])
def test_a_seal_on_another_document_ends_the_negotiation(perform: Callable[..., Any], kind: str, code: str) -> None:
    def change(message: dict[str, Any]) -> dict[str, Any]:
        told = read_sealed(message[SEAL]).document
        return sealing(message, {**told, "termination": "Jamais."})

    async def scene(pair: Pair) -> None:
        pair.changes[kind] = change
        pid = await pair.ask()
        await pair.settle()
        await unused(pair, pid, code)

    perform(scene)


@pytest.mark.parametrize("told", [{}, {"parties": []}, {"parties": {"consumer": {"seal": "kid"}}}], ids=json.dumps)
def test_a_seal_on_what_is_no_contract_ends_the_negotiation(perform: Callable[..., Any], told: dict[str, Any]) -> None:
    async def scene(pair: Pair) -> None:
        pair.changes[n.AGREEMENT] = lambda message: sealing(message, told)
        pid = await pair.ask()
        await pair.settle()
        await unused(pair, pid, "bad-contract-document")

    perform(scene)


@pytest.mark.parametrize(
    ("kind", "member", "place"),
    [(n.AGREEMENT, SEAL, 0), (n.VERIFICATION, SEAL, 0), (n.VERIFICATION, SEAL, 1), (n.FINALIZE, CONCLUSION, 0)],
)
@pytest.mark.parametrize("token", [b"0", None], ids=["a token", "no token"])
def test_a_time_stamp_that_nobody_checked_enters_no_contract(
    perform: Callable[..., Any], kind: str, member: str, place: int, token: bytes | None
) -> None:
    def change(message: dict[str, Any]) -> dict[str, Any]:
        if token is not None:
            return {**message, member: add_token(message[member], place, token)}
        told = json.loads(message[member])
        told["signatures"][place]["header"] = {"etsiU": ["e30"]}
        return {**message, member: canonical(told).decode()}

    async def scene(pair: Pair) -> None:
        pair.changes[kind] = change
        pid = await pair.ask()
        await pair.settle()
        await unused(pair, pid, "conclusion-refused" if kind == n.FINALIZE else "early-seal-time-stamp")

    perform(scene)


def sealing(message: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """Return the message with its seal on another document."""
    sealed = json.loads(message[SEAL])
    sealed["payload"] = base64.urlsafe_b64encode(canonical(told)).rstrip(b"=").decode()
    return {**message, SEAL: canonical(sealed).decode()}


@pytest.mark.parametrize("role", [Role.CONSUMER, Role.PROVIDER])
def test_a_partner_that_revokes_all_its_keys_is_not_taken_for_one_that_never_sealed(folder: Path, role: Role) -> None:
    code = {Role.CONSUMER: "no-usable-seal-key", Role.PROVIDER: "seal-missing"}[role]

    async def scene(pair: Pair) -> None:
        await pair.ask()
        await pair.settle()
        seals, other = pair.node(role).seals, pair.node(role.other)
        await seals.revoke(ROOT, seals.all(ROOT)[0].name, "volée", by=nodes.BY)
        open_keys(pair.node(role))
        await other.peer_seals.anew(ROOT, pair.places[role].did)
        pid = await pair.ask()
        await pair.settle()
        await unused(pair, pid, code)
        pair.carried.clear()
        await seals.create(ROOT, by=nodes.BY)
        open_keys(pair.node(role))
        pair.clock.advance(timedelta(minutes=10))
        pid = await pair.ask()
        await pair.settle()
        await concluded(pair, pid)

    play(folder / "pair", folder / "template", scene, has_own_signers=True)


@pytest.mark.parametrize("conclusion", [None, "{}", "of another contract"])
def test_finalized_without_the_right_conclusion_is_refused_and_ends_the_negotiation(
    perform: Callable[..., Any], conclusion: str | None
) -> None:
    async def scene(pair: Pair) -> None:
        first = await pair.ask()
        await pair.settle()
        earlier = await pair.contract(Role.PROVIDER, first)
        pair.carried.clear()
        given = (earlier and earlier.conclusion) if conclusion == "of another contract" else conclusion

        def change(message: dict[str, Any]) -> dict[str, Any]:
            rest = {name: value for name, value in message.items() if name != CONCLUSION}
            return rest if given is None else {**rest, CONCLUSION: given}

        pair.changes[n.FINALIZE] = change
        pid = await pair.ask()
        await pair.settle()
        await unused(pair, pid, "conclusion-refused")

    perform(scene)


@pytest.mark.parametrize("is_reached", [True, False])
def test_a_conclusion_by_another_key_is_taken_when_the_provider_lists_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, is_reached: bool
) -> None:
    """The consumer asks for the keys, whatever it knew, before it refuses."""

    async def nobody(*_: Any) -> dict[str, str]:
        return {}

    async def scene(pair: Pair) -> None:
        seals = pair.node(Role.PROVIDER).seals
        former = seals.near(ROOT)
        await seals.rotate(ROOT, by=nodes.BY)
        open_keys(pair.node(Role.PROVIDER))
        pair.clock.advance(timedelta(minutes=10))

        def change(message: dict[str, Any]) -> dict[str, Any]:
            conclusion = read_sealed(message[CONCLUSION])
            assert former is not None
            assert former.kid != conclusion.signatures[0].header["kid"]
            again = seal_now(conclusion.document, former, media_type=MEDIA_TYPE, at=pair.clock.now())
            return {**message, CONCLUSION: again.text}

        pair.changes[n.FINALIZE] = change
        pid = await pair.ask()
        await pair.settle()
        if is_reached:
            assert (await pair.row(Role.CONSUMER, pid)).state == n.FINALIZED
            assert (await pair.contract(Role.CONSUMER, pid)).status == "concluded"
        else:
            await unused(pair, pid, "conclusion-refused")

    if not is_reached:
        monkeypatch.setattr(Concluding, "ask", nobody)
    play(folder / "pair", folder / "template", scene, has_own_signers=True)


def test_a_signer_that_is_slow_and_fails_is_tried_again_and_seals_once(perform_afar: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        failures = dict.fromkeys(BOTH, 2)

        def before(role: Role) -> Callable[[], Any]:
            async def wait() -> None:
                await pair.net.pause(30)
                failures[role] -= 1
                if failures[role] >= 0:
                    raise OSError("the signer is away")

            return wait

        for role in BOTH:
            pair.places[role].crash()
            pair.places[role].before_sealing = before(role)
            await pair.places[role].wake(pair.clock, pair.net)
        pid = await pair.ask()

        async def is_sealing() -> bool:
            return len(pair.carried) > 0 and (await pair.row(Role.PROVIDER, pid)).intent is not None

        await pair.until(is_sealing)
        around = explain.Surroundings([], None, [])
        row = await pair.row(Role.PROVIDER, pid)
        assert explain.why(n.NEGOTIATION, row, around).code == "sealing"
        await pair.settle()
        await concluded(pair, pid)
        assert all(left < 0 for left in failures.values())

    perform_afar(scene)


def test_a_termination_that_crosses_a_seal_leaves_it_unused_and_explained(perform_afar: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        async def wait() -> None:
            await pair.net.pause(60)

        pair.places[Role.PROVIDER].crash()
        pair.places[Role.PROVIDER].before_sealing = wait
        await pair.places[Role.PROVIDER].wake(pair.clock, pair.net)
        pid = await pair.ask()

        async def is_sealing() -> bool:
            contract = await pair.contract(Role.PROVIDER, pid) if pair.carried else None
            return contract is not None and contract.status == "sealing"

        await pair.until(is_sealing)
        await pair.node(Role.CONSUMER).negotiate.terminate(ROOT, pid, "changed", "Plus besoin.", by=nodes.BY)
        await pair.settle()
        await unused(pair, pid, "changed")
        (left,) = await pair.journal(Role.PROVIDER, pid, "seal-unused")
        assert check_seal(left["jws"], roles=("provider",)).sha256 == left["sha256"]
        assert left["reason"]
        assert await pair.seals(Role.PROVIDER, pid) == {}
        assert pair.sent(n.AGREEMENT) == []

    perform_afar(scene)


def test_an_agreement_that_was_refused_is_sent_again_with_the_very_same_seal(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        refusal = b'{"@type":"ContractNegotiationError","code":"x","reason":["not now"]}'
        pair.answers[n.AGREEMENT] = [Answer(400, {"content-type": "application/json"}, refusal)]
        pid = await pair.ask()
        await pair.settle()
        row = await pair.row(Role.PROVIDER, pid)
        assert (row.state, (row.problem or {})["code"]) == (n.REQUESTED, "peer-400")
        first = (await pair.seals(Role.PROVIDER, pid))[Role.PROVIDER]
        await pair.node(Role.PROVIDER).negotiate.accept(ROOT, row.pid, by=nodes.BY)
        await pair.settle()
        await concluded(pair, pid)
        (agreement,) = pair.sent(n.AGREEMENT)
        assert agreement[SEAL] == first.jws

    perform(scene)


def test_with_keys_of_the_nodes_no_seal_waits_for_a_job(folder: Path) -> None:
    async def scene(pair: Pair) -> None:
        for kind in ("automatic", "manual"):
            pid = await pair.ask(kind)
            await pair.settle()
            if kind == "manual":
                row = await pair.row(Role.PROVIDER, pid)
                await pair.node(Role.PROVIDER).negotiate.accept(ROOT, row.pid, by=nodes.BY)
                await pair.settle()
            await concluded(pair, pid)
            assert [await pair.journal(role, pid, "decided") for role in Role] == [[], []]

    play(folder / "pair", folder / "template", scene, has_own_signers=True)


def test_a_seal_waits_for_a_job_where_the_partners_keys_must_be_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Discovery, "known_did", lambda *_: None)

    async def scene(pair: Pair) -> None:
        pid = await pair.ask()
        await pair.settle()
        await concluded(pair, pid)
        for role, kind in ((Role.PROVIDER, n.AGREEMENT), (Role.CONSUMER, n.VERIFICATION)):
            waited = await pair.journal(role, pid, "decided")
            assert [(one["message"], one["awaits"]) for one in waited] == [(kind, "seal")]

    play(folder / "pair", folder / "template", scene, has_own_signers=True)


@pytest.mark.parametrize("role", BOTH, ids=str)
def test_a_node_killed_after_any_commit_seals_once_and_goes_on(perform: Callable[..., Any], role: Role) -> None:
    """Each commit of a sealed negotiation in turn, until the negotiation is over before the kill comes."""

    async def scene(pair: Pair) -> None:
        for commits in range(1, MOST_COMMITS):
            kills = len(pair.reborn)
            pair.kill_after(role, commits)
            asked = await pair.ask()
            await pair.settle()
            await asyncio.gather(*pair.reborn)
            pid = asked or (await pair.newest(Role.CONSUMER)).pid
            await concluded(pair, pid)
            if len(pair.reborn) == kills:
                assert commits > FEWEST_COMMITS
                return
        pytest.fail("it never came to an end")

    perform(scene)


@pytest.mark.parametrize("role", BOTH, ids=str)
def test_a_seal_and_the_end_of_its_job_are_one_commit(perform_afar: Callable[..., Any], role: Role) -> None:
    async def scene(pair: Pair) -> None:
        store = pair.node(role).store
        assert isinstance(store, InlineStore)
        seen: set[tuple[str, bool]] = set()

        def after_commit() -> bool:
            with sqlite3.connect(f"file:{pair.places[role].folder / FILE}?mode=ro", uri=True) as file:
                seen.update((pending or "", bool(is_sealing)) for pending, is_sealing in file.execute(_PENDING))
            return False

        store.after_commit = after_commit
        pid = await pair.ask()
        await pair.settle()
        await concluded(pair, pid)
        sealed = {Role.PROVIDER: {n.AGREEMENT, n.FINALIZE}, Role.CONSUMER: {n.VERIFICATION}}[role]
        assert {("", True), *((kind, False) for kind in sealed)} <= seen
        assert not {(kind, True) for kind in sealed} & seen

    perform_afar(scene)


def test_with_a_partner_that_has_no_card_our_own_seal_is_kept_alone(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        consumer = pair.node(Role.CONSUMER)

        def forget(tx: Any) -> None:
            participants.set_card(tx, ROOT, None)  # type: ignore[arg-type]

        await consumer.store.write(forget)
        await consumer.hosts.load()
        await pair.unpin_card(Role.PROVIDER)
        pid = await pair.ask()
        await pair.settle()
        for role in BOTH:
            contract = await pair.contract(role, pid)
            assert contract is not None
            assert (contract.status, contract.conclusion) == ("unilateral", None)
            (signature,) = read_sealed(contract.jws or "").signatures
            assert signature.header["kid"].startswith(pair.places[role].did)
            assert json.loads(contract.document or "")["by"] == pair.places[role].did
            assert list(await pair.seals(role, pid)) == [role]
            proof = (await pair.journal(role, pid, "received"))[-1]["proof"]
            assert json.loads(contract.document or "")["token"] == sha256(proof)
            assert jwt.decode(proof, options={"verify_signature": False})["iss"] == pair.places[role.other].did
        assert all(member not in one for one in pair.carried for member in (SEAL, CONCLUSION))

    perform(scene)


def test_contracts_are_listed_by_owner(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pids = [await pair.ask() for _ in range(3)]
        await pair.settle()
        store = pair.node(Role.CONSUMER).store
        every = await store.read(lambda tx: contracts.page(tx, ROOT, limit=500))
        assert {one.negotiation for one in every} >= set(pids)
        first = await store.read(lambda tx: contracts.page(tx, ROOT, limit=2))
        rest = await store.read(
            lambda tx: contracts.page(tx, ROOT, after=(first[-1].created_at, first[-1].negotiation), limit=500)
        )
        assert [one.negotiation for one in (*first, *rest)] == [one.negotiation for one in every]
        assert await store.read(lambda tx: contracts.page(tx, "another")) == []

    perform(scene)
