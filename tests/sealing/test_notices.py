"""What becomes of a contract after its conclusion: notices are sealed, handed in, kept by both sides and obeyed."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from pupitre_verify.examine import examine

from connector.app import ROOT
from connector.identity.scheme import Participant
from connector.peer.client import Answer, Call
from connector.problems import Conflict, NotFound, Problem
from connector.protocol import transfer as t
from connector.protocol.machine import Role
from connector.services import notices
from connector.services.contract import Contracts
from connector.services.contract_bundle import ContractBundles
from connector.services.contract_checks import ContractChecks
from connector.services.evidence import EvidenceRefused
from connector.services.notices import TooManyNotices
from connector.services.turned_away import MOST_IN_A_DAY
from connector.store import agreements, contracts, events, evidence
from connector.store.contracts import StoredContract, StoredNotice
from connector.store.db import Tx
from contracts.canonical import canonical, sha256
from contracts.jws import NOTICE, read_sealed
from contracts.notice import check_notice, notice
from contracts.seals import seal
from contracts.timestamps import add_token
from tests.harness import nodes
from tests.sealing.pair import Pair
from tests.simulator import network, places
from tests.simulator.network import KIND, Fate

BOTH = (Role.PROVIDER, Role.CONSUMER)
MOST_COMMITS = 40


async def concluded(pair: Pair) -> str:
    """Return the consumer's identifier of a negotiation whose contract both have concluded."""
    pid = await pair.ask()
    await pair.settle()
    for role in BOTH:
        assert (await contract_of(pair, role, pid)).status == "concluded"
    return pid


async def contract_of(pair: Pair, role: Role, pid: str) -> StoredContract:
    found = await pair.contract(role, pid)
    assert found is not None
    return found


async def notices_of(pair: Pair, role: Role, pid: str) -> list[StoredNotice]:
    ours = await contract_of(pair, role, pid)
    return await pair.node(role).store.read(lambda tx: contracts.notices(tx, ROOT, ours.negotiation))


async def status_of(pair: Pair, role: Role, pid: str) -> str:
    """Return how the agreement stands on one side."""
    ours = await contract_of(pair, role, pid)
    found = await pair.node(role).store.read(lambda tx: agreements.load(tx, ROOT, ours.agreement))
    return found.status


async def same_on_both(pair: Pair, pid: str, *kinds: str) -> None:
    """Assert that both sides hold the same notices, of these kinds, each sealed by its author."""
    ours, theirs = [await notices_of(pair, role, pid) for role in BOTH]
    assert {one.sha256: one.jws for one in ours} == {one.sha256: one.jws for one in theirs}
    assert sorted(one.kind for one in ours) == sorted(kinds)
    sealed = read_sealed((await contract_of(pair, Role.PROVIDER, pid)).jws or "")
    for one in ours:
        assert check_notice(one.jws, sealed).document["by"] == one.author


async def terminate(pair: Pair, role: Role, pid: str, reason: str = "Fin du projet") -> StoredContract:
    agreement = (await contract_of(pair, role, pid)).agreement
    return await pair.node(role).evidence.terminate(ROOT, agreement, "project-ended", reason, by=nodes.BY)


async def sealed_notice(pair: Pair, role: Role, pid: str, media_type: str = NOTICE, **changes: Any) -> str:
    """Return a notice that one side seals by hand."""
    contract = read_sealed((await contract_of(pair, role, pid)).jws or "")
    told = {**notice(contract, "suspension", by=role.value, at=pair.clock.now()), **changes}
    signer = pair.node(role).seals.signer(ROOT)
    return (await seal(canonical(told), signer, media_type=media_type, at=pair.clock.now())).text


async def hand_in(pair: Pair, to: Role, pid: str, text: str) -> bool:
    """Have one side take a text from its partner."""
    agreement = (await contract_of(pair, to, pid)).agreement
    return await pair.node(to).evidence.receive(ROOT, Participant(pair.places[to.other].did), agreement, text)


# --- ending a contract


@pytest.mark.parametrize("role", BOTH)
def test_a_contract_that_one_side_ends_has_ended_on_both(perform: Callable[..., Any], role: Role) -> None:
    async def scene(pair: Pair) -> None:
        pid = await concluded(pair)
        await terminate(pair, role, pid)
        assert await status_of(pair, role, pid) == "ended"  # at once
        await pair.settle()
        assert [await status_of(pair, one, pid) for one in BOTH] == ["ended", "ended"]
        await same_on_both(pair, pid, "termination", "receipt")
        ending, receipt = await notices_of(pair, role, pid)
        told = read_sealed(ending.jws).document
        assert (told["by"], told["code"], told["reason"]) == (
            pair.places[role].did, "project-ended", "Fin du projet",
        )  # fmt: skip
        assert read_sealed(receipt.jws).document["reason"] == ending.sha256
        assert receipt.author == pair.places[role.other].did
        (decided,) = await pair.journal(role, pid, "contract-terminated")
        assert decided["decided_by"]["name"] == "test"
        (heard,) = await pair.journal(role.other, pid, "notice-received")
        assert heard["kind"] == "termination"

    perform(scene)


def test_ending_a_contract_again_changes_nothing(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid = await concluded(pair)
        for reason in ("Fin du projet", "Encore"):
            await terminate(pair, Role.CONSUMER, pid, reason)
            await pair.settle()
        await same_on_both(pair, pid, "termination", "receipt")

    perform(scene)


def test_a_contract_that_is_not_concluded_cannot_be_ended(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pair.changes["ContractNegotiationEventMessage:FINALIZED"] = lambda body: {**body, "consumerPid": "urn:x"}
        pid = await pair.ask()

        async def is_sealed() -> bool:
            found = await pair.contract(Role.CONSUMER, pid)
            return found is not None and found.status == "sealed-by-both"

        await pair.until(is_sealed)
        with pytest.raises(Conflict):
            await terminate(pair, Role.CONSUMER, pid)
        with pytest.raises(NotFound):
            await pair.node(Role.CONSUMER).evidence.terminate(ROOT, "urn:nothing", "", "", by=nodes.BY)
        assert await status_of(pair, Role.CONSUMER, pid) != "ended"

    perform(scene)


def test_what_is_delivered_under_a_contract_ends_with_it(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid = await concluded(pair)
        transfer = await started(pair, pid)
        await terminate(pair, Role.CONSUMER, pid)
        await pair.until_transfer(transfer, t.TERMINATED)
        await pair.settle()
        contract = await contract_of(pair, Role.CONSUMER, pid)
        with pytest.raises(Conflict):
            await pair.node(Role.CONSUMER).transfer.request(ROOT, contract.agreement, by=nodes.BY)

    perform(scene)


@pytest.mark.parametrize("role", BOTH)
def test_who_ends_a_contract_ends_its_deliveries_before_the_partner_has_heard(
    perform: Callable[..., Any], role: Role
) -> None:
    """The notice may take long, and a partner that does not seal gets none."""

    async def scene(pair: Pair) -> None:
        pid = await concluded(pair)
        transfer = await started(pair, pid)
        pair.net.fate_of = lambda call: Fate(is_lost="/evidence/" in call.url)
        await terminate(pair, role, pid)
        await pair.until_transfer(transfer, t.TERMINATED)
        assert [one.kind for one in await notices_of(pair, role.other, pid)] == []
        pair.net.fate_of = lambda call: KIND
        await pair.settle()
        await same_on_both(pair, pid, "termination", "receipt")

    perform(scene)


# --- silence, crossings, deaths


def test_after_a_partition_both_sides_show_the_same(perform: Callable[..., Any]) -> None:
    """Both end the contract while they cannot hear each other."""

    async def scene(pair: Pair) -> None:
        pid = await concluded(pair)
        pair.net.fate_of = lambda call: Fate(is_lost=True)
        for role in BOTH:
            await terminate(pair, role, pid, f"Fin selon {role.value}")
        await pair.net.pause(600)
        assert [one.kind for one in await notices_of(pair, Role.PROVIDER, pid)] == ["termination"]
        pair.net.fate_of = lambda call: KIND
        await pair.settle()
        assert [await status_of(pair, one, pid) for one in BOTH] == ["ended", "ended"]
        await same_on_both(pair, pid, "termination", "termination", "receipt", "receipt")

    perform(scene)


def test_lost_answers_and_repetitions_leave_one_notice(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid = await concluded(pair)
        fates = [Fate(is_answer_lost=True), Fate(is_lost=True), Fate(is_answer_lost=True)]

        def fate(call: Call) -> Fate:
            return fates.pop() if fates and "/evidence/" in call.url else KIND

        pair.net.fate_of = fate
        await terminate(pair, Role.PROVIDER, pid)
        await pair.settle()
        assert fates == []
        await same_on_both(pair, pid, "termination", "receipt")

    perform(scene)


@pytest.mark.parametrize("role", BOTH)
def test_a_node_killed_after_any_commit_goes_on_telling(perform: Callable[..., Any], role: Role) -> None:
    """Each commit of an ending by the provider in turn, until it is over before the kill comes."""

    async def scene(pair: Pair) -> None:
        for commits in range(1, MOST_COMMITS):
            pid = await concluded(pair)
            kills = len(pair.reborn)
            pair.kill_after(role, commits)
            ending = pair.places[Role.PROVIDER].spawn(terminate(pair, Role.PROVIDER, pid))
            await asyncio.wait([ending])
            await pair.settle()
            await asyncio.gather(*pair.reborn)
            if ending.cancelled():  # killed before it could say that it was done: whoever asked asks again
                await terminate(pair, Role.PROVIDER, pid)
                await pair.settle()
            assert [await status_of(pair, one, pid) for one in BOTH] == ["ended", "ended"]
            await same_on_both(pair, pid, "termination", "receipt")
            if len(pair.reborn) == kills:
                assert commits > 2
                return
        pytest.fail("it never came to an end")

    perform(scene)


def test_a_partner_that_is_not_ready_is_told_again_and_one_that_refuses_is_believed(
    perform: Callable[..., Any],
) -> None:
    async def scene(pair: Pair) -> None:
        pid = await concluded(pair)
        answers = [Answer(400, {}, b"{}"), Answer(503, {}, b"{}"), Answer(404, {}, b"{}")]
        tries: list[int] = []
        serve = pair.net.serve

        async def answered(host: str, call: Call) -> Answer:
            if "/evidence/" in call.url and answers:
                tries.append(answers[-1].status)
                return answers.pop()
            return await serve(host, call)

        pair.net.serve = answered
        await terminate(pair, Role.PROVIDER, pid)
        await pair.settle()
        assert tries == [404, 503, 400]
        contract = await contract_of(pair, Role.PROVIDER, pid)
        store = pair.node(Role.PROVIDER).store
        (due,) = await store.read(lambda tx: evidence.every(tx, ROOT, contract.negotiation))
        assert (due.status, due.attempts, due.jws is None) == ("refused", 3, False)
        assert (due.problem or "").startswith("HTTP 400")
        (entry,) = await pair.journal(Role.PROVIDER, pid, "notice-refused")
        assert entry["notice"] == "termination"
        await pair.node(Role.PROVIDER).feed.latest(ROOT)
        told = await store.read(lambda tx: events.page(tx, ROOT, 0, 500, ("notice.refused",)))
        assert [one.told["notice"] for one in told] == ["termination"]
        assert await status_of(pair, Role.PROVIDER, pid) == "ended"  # our own word stands
        assert await status_of(pair, Role.CONSUMER, pid) == "active"

    perform(scene)


# --- deliveries


async def started(pair: Pair, pid: str) -> str:
    """Return the consumer's identifier of a transfer under way."""
    contract = await contract_of(pair, Role.CONSUMER, pid)
    row = await pair.node(Role.CONSUMER).transfer.request(ROOT, contract.agreement, by=nodes.BY)
    await pair.until_transfer(row.pid, t.STARTED)
    return row.pid


@pytest.mark.parametrize("role", BOTH)
def test_a_suspension_and_a_resumption_are_notified_by_who_decided(perform: Callable[..., Any], role: Role) -> None:
    async def scene(pair: Pair) -> None:
        pid = await concluded(pair)
        transfer = await started(pair, pid)
        row = await pair.transfer(role, transfer)
        assert row is not None
        await pair.node(role).transfer.suspend(ROOT, row.pid, "maintenance", "Travaux", by=nodes.BY)
        await pair.until_transfer(transfer, t.SUSPENDED)
        await pair.settle()
        await same_on_both(pair, pid, "suspension", "receipt")
        told = read_sealed((await notices_of(pair, role, pid))[0].jws).document
        assert (told["by"], told["code"]) == (pair.places[role].did, "maintenance")
        assert told["reason"] == f"transfer {row.provider_pid}\nTravaux"
        assert [await status_of(pair, one, pid) for one in BOTH] == ["active", "active"]
        await pair.node(role).transfer.start(ROOT, row.pid, by=nodes.BY)
        await pair.until_transfer(transfer, t.STARTED)
        await pair.settle()
        await same_on_both(pair, pid, "suspension", "receipt", "resumption", "receipt")

    perform(scene)


# --- what is handed in


def test_what_is_handed_in_twice_is_kept_once(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid = await concluded(pair)
        text = await sealed_notice(pair, Role.CONSUMER, pid)
        assert [await hand_in(pair, Role.PROVIDER, pid, text) for _ in range(2)] == [True, False]
        await pair.settle()
        assert [one.kind for one in await notices_of(pair, Role.PROVIDER, pid)] == ["suspension", "receipt"]

    perform(scene)


def test_of_a_partners_notices_so_many_are_kept_and_then_only_the_one_that_ends_the_contract(
    perform: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "MOST_OF_ONE_AUTHOR", 3)

    async def scene(pair: Pair) -> None:
        pid = await concluded(pair)
        texts = [await sealed_notice(pair, Role.CONSUMER, pid, reason=str(each)) for each in range(4)]
        for text in texts[:3]:
            assert await hand_in(pair, Role.PROVIDER, pid, text)
        with pytest.raises(TooManyNotices) as refused:
            await hand_in(pair, Role.PROVIDER, pid, texts[3])
        assert refused.value.status == 429
        assert not await hand_in(pair, Role.PROVIDER, pid, texts[0])  # known
        ending = await sealed_notice(pair, Role.CONSUMER, pid, kind="termination")
        assert await hand_in(pair, Role.PROVIDER, pid, ending)
        assert await status_of(pair, Role.PROVIDER, pid) == "ended"
        again = await sealed_notice(pair, Role.CONSUMER, pid, kind="termination", reason="Encore")
        with pytest.raises(TooManyNotices):
            await hand_in(pair, Role.PROVIDER, pid, again)
        heard = await pair.journal(Role.PROVIDER, pid, "notice-received")
        assert [one["kind"] for one in heard] == ["suspension"] * 3 + ["termination"]

    perform(scene)


def test_our_own_notices_are_all_kept_whatever_the_partner_takes(
    perform: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "MOST_OF_ONE_AUTHOR", 2)

    async def scene(pair: Pair) -> None:
        pid = await concluded(pair)
        ours = await contract_of(pair, Role.PROVIDER, pid)

        def order(tx: Tx) -> None:
            for each in range(3):
                notices.order(tx, ours, "suspension", by=nodes.BY, reason=str(each))

        await pair.node(Role.PROVIDER).store.write(order)
        await pair.net.pause(1.0)
        await terminate(pair, Role.PROVIDER, pid)
        await pair.settle()
        kept = {role: [one.kind for one in await notices_of(pair, role, pid)] for role in BOTH}
        assert [kept[role].count("suspension") for role in BOTH] == [3, 2]
        (refused,) = await pair.journal(Role.PROVIDER, pid, "notice-refused")
        assert refused["problem"].startswith("HTTP 429 too-many-notices")
        assert await status_of(pair, Role.CONSUMER, pid) == "ended"  # the last one did not wait behind it

    perform(scene)


def test_evidence_that_is_not_the_partners_about_this_contract_is_refused(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid, other = await concluded(pair), await concluded(pair)
        good = await sealed_notice(pair, Role.CONSUMER, pid)
        altered = json.loads(good)
        altered["signatures"][0]["signature"] = json.loads(await sealed_notice(pair, Role.CONSUMER, other))[
            "signatures"
        ][0]["signature"]
        provider = pair.places[Role.PROVIDER].did
        contract = await contract_of(pair, Role.PROVIDER, pid)
        for text, code in (
            ("{}", "not-a-seal"),
            ("\0", "not-a-seal"),
            (canonical(altered).decode(), "bad-seal"),
            (await sealed_notice(pair, Role.CONSUMER, other), "other-notice"),
            (await sealed_notice(pair, Role.CONSUMER, pid, contractSha256="0" * 64), "other-notice"),
            (await sealed_notice(pair, Role.CONSUMER, pid, by=provider), "other-notice"),
            (await sealed_notice(pair, Role.PROVIDER, pid), "other-notice"),
            (await sealed_notice(pair, Role.PROVIDER, pid, by=pair.places[Role.CONSUMER].did), "wrong-seal-key"),
            (await sealed_notice(pair, Role.CONSUMER, pid, at="2999-01-01T00:00:00Z"), "bad-seal-time"),
            (await sealed_notice(pair, Role.CONSUMER, pid, kind="other"), "bad-contract-document"),
            (await sealed_notice(pair, Role.CONSUMER, pid, agreement="urn:x"), "other-notice"),
            (await sealed_notice(pair, Role.CONSUMER, pid, "application/json"), "seal-header-refused"),
            (add_token(good, 0, b"0"), "early-seal-time-stamp"),
        ):
            with pytest.raises(EvidenceRefused) as refused:
                await hand_in(pair, Role.PROVIDER, pid, text)
            assert getattr(refused.value.__cause__, "code", "") == code, text[:80]
        assert await notices_of(pair, Role.PROVIDER, pid) == []
        stranger = Participant("did:web:ailleurs.example")
        with pytest.raises(NotFound):
            await pair.node(Role.PROVIDER).evidence.receive(ROOT, stranger, contract.agreement, good)
        with pytest.raises(NotFound):
            await pair.node(Role.PROVIDER).evidence.receive(
                ROOT, Participant(pair.places[Role.CONSUMER].did), "urn:no", good
            )

    perform(scene)


def test_the_journal_tells_what_was_refused_and_does_not_grow_without_end(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid = await concluded(pair)
        for number in (0, 0, *range(40)):
            with pytest.raises(EvidenceRefused):
                await hand_in(pair, Role.PROVIDER, pid, json.dumps({"number": number}))
        told = await pair.journal(Role.PROVIDER, pid, "evidence-refused")
        assert [(one["problem"], one["sha256"]) for one in told] == [
            ("not-a-seal", sha256(json.dumps({"number": number}))) for number in range(MOST_IN_A_DAY)
        ]
        assert {one["from"] for one in told} == {pair.places[Role.CONSUMER].did}
        pair.clock.advance(timedelta(days=1))
        with pytest.raises(EvidenceRefused):
            await hand_in(pair, Role.PROVIDER, pid, "{}")
        assert len(await pair.journal(Role.PROVIDER, pid, "evidence-refused")) == MOST_IN_A_DAY + 1

    perform(scene)


def test_a_notice_by_a_key_that_came_later_is_taken_and_one_by_a_revoked_key_is_not(
    perform: Callable[..., Any],
) -> None:
    async def scene(pair: Pair) -> None:
        pid = await concluded(pair)
        consumer = pair.node(Role.CONSUMER)
        old = consumer.seals.signer(ROOT)
        await consumer.seals.rotate(ROOT, by=nodes.BY)
        places.open_keys(consumer)
        assert await hand_in(pair, Role.PROVIDER, pid, await sealed_notice(pair, Role.CONSUMER, pid))
        contract = read_sealed((await contract_of(pair, Role.CONSUMER, pid)).jws or "")
        told = canonical(notice(contract, "termination", by="consumer", at=pair.clock.now()))
        by_old = (await seal(told, old, media_type=NOTICE, at=pair.clock.now())).text
        await consumer.seals.revoke(ROOT, old.kid.partition("#")[2], "volée", by=nodes.BY)
        await pair.net.pause(1800)
        await pair.node(Role.PROVIDER).peer_seals.anew(ROOT, pair.places[Role.CONSUMER].did)
        with pytest.raises(EvidenceRefused) as refused:
            await hand_in(pair, Role.PROVIDER, pid, by_old)
        assert getattr(refused.value.__cause__, "code", "") == "wrong-seal-key"

    perform(scene)


def test_the_key_of_a_notice_is_weighed_like_those_of_the_contract_by_the_node_and_by_the_verifier(
    perform: Callable[..., Any],
) -> None:
    async def scene(pair: Pair) -> None:
        pid = await concluded(pair)
        provider, consumer = (pair.node(role) for role in BOTH)
        await consumer.seals.rotate(ROOT, by=nodes.BY)
        places.open_keys(consumer)
        assert await hand_in(pair, Role.PROVIDER, pid, await sealed_notice(pair, Role.CONSUMER, pid))
        row = await contract_of(pair, Role.PROVIDER, pid)
        checks = ContractChecks(provider.store, provider.hosts, provider.peer_seals)
        shown = Contracts(provider.store, provider.hosts)
        bundles = ContractBundles(provider.store, provider.hosts, provider.peer_seals, shown)

        async def verdicts() -> set[str]:
            found = await checks.examine(ROOT, row.negotiation)
            made = await bundles.of(ROOT, row.negotiation, with_pdf=False)
            return {found.verdict, examine(made.content, at=pair.clock.now()).verdict}

        assert await verdicts() == {"valid"}
        await pair.net.pause(5)
        await consumer.seals.revoke(ROOT, consumer.seals.all(ROOT)[0].name, "volée", by=nodes.BY)
        await pair.net.pause(1800)
        await provider.peer_seals.anew(ROOT, pair.places[Role.CONSUMER].did)
        assert await verdicts() == {"indeterminate"}

    perform(scene)


def test_the_address_is_authenticated_bounded_and_idempotent(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid = await concluded(pair)
        provider, consumer = (pair.node(role) for role in BOTH)
        agreement = (await contract_of(pair, Role.PROVIDER, pid)).agreement
        text = (await sealed_notice(pair, Role.CONSUMER, pid)).encode()

        async def post(body: bytes, name: str = agreement, method: str = "POST", token: bool = True) -> Answer:
            header = await consumer.identity.token_for(ROOT, pair.places[Role.PROVIDER].did) if token else ""
            url = f"{provider.settings.base_url}/evidence/{quote(name, safe='')}"
            headers = {"Authorization": header, "Content-Length": str(len(body))}
            return await network.call_app(provider.public, Call(method, url, headers, body))

        assert (await post(text, token=False)).status == 401
        answers = [await post(text), await post(text)]
        assert [(one.status, one.body) for one in answers] == [(201, b""), (200, b"")]
        missing = await post(text, "urn:uuid:none")
        assert (missing.status, json.loads(missing.body)["code"]) == (404, "not-found")
        broken = await post(text[:-1])
        assert (broken.status, json.loads(broken.body)["code"]) == (400, "evidence-refused")
        assert (await post(b"\xff")).status == 400
        assert (await post(b" " * (provider.settings.message_limit_bytes + 1))).status == 413
        assert (await post(b"", method="GET")).status == 405

    perform(scene)


def test_nothing_is_said_of_an_agreement_before_it_is_concluded(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pair.changes["ContractNegotiationEventMessage:FINALIZED"] = lambda body: {**body, "consumerPid": "urn:x"}
        pid = await pair.ask()

        async def is_sealed() -> bool:
            found = await pair.contract(Role.CONSUMER, pid)
            return found is not None and found.status == "sealed-by-both"

        await pair.until(is_sealed)
        with pytest.raises(Problem) as busy:
            await hand_in(pair, Role.CONSUMER, pid, await sealed_notice(pair, Role.PROVIDER, pid))
        assert (busy.value.code, busy.value.status) == ("busy", 503)

    perform(scene)
