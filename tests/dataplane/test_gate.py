"""Who may read: every sentence of the gate, over real HTTP."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.clock import VirtualClock
from connector.dataplane import gate as gates
from connector.dataplane import tokens
from connector.dataplane.gate import Verdict
from connector.store import transfers
from connector.store.db import Tx

FLOW = "urn:uuid:00000000-0000-4000-8000-000000000001"
OTHER = "urn:uuid:00000000-0000-4000-8000-00000000000f"
PATH = f"/data/{FLOW}"


def answers(node: Any, play: Any, **options: Any) -> Any:
    """Return what `play(node)` returns, with a published dataset."""

    async def whole() -> Any:
        async with node(**options) as one:
            await one.publish(b"content")
            return await play(one)

    return asyncio.run(whole())


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER  {}", "{}", "  {}  "])
def test_the_token_is_read_with_and_without_its_scheme(node: Any, token: Any, form: str) -> None:
    async def play(one: Any) -> Any:
        return await one.get(PATH, form.format(token(await one.provide())))

    assert answers(node, play).status == 200


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer x", "Basic dXNlcjpwYXNz", f"Bearer {'A' * 43}", f"Bearer {'é' * 43}"]
)
def test_without_a_known_token_the_answer_is_always_the_same(node: Any, authorization: str | None) -> None:
    async def play(one: Any) -> Any:
        await one.provide()
        known = await one.get(PATH, authorization)
        return known, await one.get("/data/nothing-here", authorization)

    known, unknown = answers(node, play)
    assert (known.status, known.headers["www-authenticate"]) == (401, "Bearer")
    assert (known.status, known.body) == (unknown.status, unknown.body)
    assert known.problem["code"] == "data-token-refused"
    assert known.problem["remedy"]["fr"]


def test_a_token_opens_no_other_transfer(node: Any, token: Any) -> None:
    async def play(one: Any) -> Any:
        mine = await one.provide()
        await one.provide(OTHER)
        return await one.get(f"/data/{OTHER}", token(mine))

    reply = answers(node, play)
    assert (reply.status, reply.problem["code"]) == (404, "data-address-unknown")


def test_a_remembered_token_opens_no_other_transfer_either(node: Any, token: Any) -> None:
    async def play(one: Any) -> Any:
        mine = await one.provide()
        await one.provide(OTHER)
        assert (await one.get(PATH, token(mine))).status == 200
        return await one.get(f"/data/{OTHER}", token(mine))

    assert answers(node, play).status == 404


@pytest.mark.parametrize("path", [f"/o/ville/data/{FLOW}", f"/o/agglo/data/{FLOW}", f"/data/{FLOW}/", f"/data//{FLOW}"])
def test_a_token_opens_its_own_address_only(node: Any, token: Any, path: str) -> None:
    async def play(one: Any) -> Any:
        return await one.get(path, token(await one.provide()))

    assert answers(node, play).status == 404


def test_a_renewal_token_opens_nothing(node: Any) -> None:
    async def play(one: Any) -> Any:
        address = await one.provide()
        renewal = next(p.value for p in address.endpoint_properties if p.name == "refreshToken")
        return await one.get(PATH, renewal)

    assert answers(node, play).status == 401


def test_a_hosted_participant_has_its_own_addresses(node: Any, token: Any, tmp_path: Path) -> None:
    async def play(one: Any) -> Any:
        source = tmp_path / "published" / "agglo.csv"
        source.write_bytes(b"agglo")
        await one.publish_file(source, owner="agglo")
        address = await one.provide(owner="agglo")
        assert address.endpoint == f"{one.base}/o/agglo/data/{FLOW}"
        right = await one.get(f"/o/agglo/data/{FLOW}", token(address))
        return right, await one.get(PATH, token(address))

    right, wrong = answers(node, play)
    assert (right.status, right.body, wrong.status) == (200, b"agglo", 404)


STATES = [
    ("STARTED", None, 200),
    ("STARTED", "TransferStartMessage", 200),
    ("REQUESTED", "TransferStartMessage", 200),
    ("SUSPENDED", "TransferStartMessage", 200),
    ("STARTED", "TransferSuspensionMessage", 409),
    ("STARTED", "TransferCompletionMessage", 409),
    ("STARTED", "TransferTerminationMessage", 409),
    ("REQUESTED", None, 409),
    ("SUSPENDED", None, 409),
    ("COMPLETED", None, 409),
    ("TERMINATED", None, 409),
]


@pytest.mark.parametrize(("state", "pending", "status"), STATES)
def test_bytes_flow_only_while_the_transfer_is_started(
    node: Any, token: Any, state: str, pending: str | None, status: int
) -> None:
    async def play(one: Any) -> Any:
        address = await one.provide()

        def unit(tx: Tx) -> None:
            row = transfers.load(tx, "ville", FLOW)
            row.state, row.pending = state, pending
            transfers.save(tx, row)

        await one.store.write(unit)
        return await one.get(PATH, token(address))

    assert answers(node, play).status == status


def test_what_the_policy_refuses_is_explained(node: Any, token: Any) -> None:
    reason = {"fr": "L’autorisation a pris fin le 1er mars.", "en": "The permission ended on 1 March."}

    async def play(one: Any) -> Any:
        return await one.get(PATH, token(await one.provide()))

    reply = answers(node, play, permits=lambda tx, flow: Verdict(False, None, reason))
    assert (reply.status, reply.problem["code"], reply.problem["detail"]) == (403, "policy-refuses", reason)


def test_the_policy_is_asked_about_this_flow(node: Any, token: Any) -> None:
    asked: list[Any] = []

    def permits(tx: Tx, flow: Any) -> Verdict:
        asked.append(flow)
        return Verdict(True)

    async def play(one: Any) -> Any:
        return await one.get(PATH, token(await one.provide()))

    answers(node, play, permits=permits)
    (flow,) = asked
    assert (flow.owner, flow.transfer, flow.agreement, flow.dataset, flow.peer) == (
        "ville",
        FLOW,
        "urn:uuid:agreement",
        "lampes",
        "did:web:consumer.example",
    )


def test_a_decision_is_remembered_until_the_token_expires(node: Any, token: Any) -> None:
    asked: list[Any] = []
    clock = VirtualClock()

    def permits(tx: Tx, flow: Any) -> Verdict:
        asked.append(flow)
        return Verdict(True)

    async def play(one: Any) -> list[int]:
        bearer = token(await one.provide())
        statuses = [(await one.get(PATH, bearer)).status for _ in range(3)]
        clock.advance(timedelta(seconds=299))
        statuses.append((await one.get(PATH, bearer)).status)
        clock.advance(timedelta(seconds=1))
        return [*statuses, (await one.get(PATH, bearer)).status]

    assert answers(node, play, permits=permits, clock=clock) == [200, 200, 200, 200, 401]
    assert len(asked) == 1


def test_a_decision_is_taken_again_when_it_may_change(node: Any, token: Any) -> None:
    clock = VirtualClock()
    change = clock.now() + timedelta(seconds=60)

    async def play(one: Any) -> list[int]:
        bearer = token(await one.provide())
        before = await one.get(PATH, bearer)
        clock.advance_to(change)
        return [before.status, (await one.get(PATH, bearer)).status]

    permits = lambda tx, flow: Verdict(tx.now < change, change if tx.now < change else None)  # noqa: E731
    assert answers(node, play, permits=permits, clock=clock) == [200, 403]


@pytest.mark.parametrize("state", ["SUSPENDED", "COMPLETED", "TERMINATED"])
def test_a_remembered_token_dies_with_its_flow(node: Any, token: Any, state: str) -> None:
    async def play(one: Any) -> list[int]:
        bearer = token(await one.provide())
        before = await one.get(PATH, bearer)
        await one.stop(state=state)
        return [before.status, (await one.get(PATH, bearer)).status]

    assert answers(node, play) == [200, 401]


def test_every_start_has_a_token_of_its_own(node: Any, token: Any) -> None:
    async def play(one: Any) -> list[int]:
        first = token(await one.provide())
        await one.stop()
        second = token(await one.resume())
        return [(await one.get(PATH, bearer)).status for bearer in (first, second)]

    assert answers(node, play) == [401, 200]


def test_nothing_is_remembered_while_signals_may_be_lost(node: Any, token: Any) -> None:
    asked: list[Any] = []

    def permits(tx: Tx, flow: Any) -> Verdict:
        asked.append(flow)
        return Verdict(True)

    async def play(one: Any) -> None:
        one.store.signals_are_live = False
        bearer = token(await one.provide())
        for _ in range(3):
            assert (await one.get(PATH, bearer)).status == 200

    answers(node, play, permits=permits)
    assert len(asked) == 3


def test_a_signal_that_stands_for_lost_ones_empties_the_memory(node: Any, token: Any) -> None:
    asked: list[Any] = []

    def permits(tx: Tx, flow: Any) -> Verdict:
        asked.append(flow)
        return Verdict(True)

    async def play(one: Any) -> None:
        bearer = token(await one.provide())
        await one.get(PATH, bearer)
        await one.store.write(lambda tx: tx.signal("flow", ""))
        await one.get(PATH, bearer)

    answers(node, play, permits=permits)
    assert len(asked) == 2


def test_the_memory_is_bounded(node: Any, token: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "REMEMBERED", 3)

    async def play(one: Any) -> int:
        for number in range(8):
            pid = f"urn:uuid:flow-{number}"
            assert (await one.get(f"/data/{pid}", token(await one.provide(pid)))).status == 200
        return len(one.gate._admissions)

    assert answers(node, play) == 3


def test_a_flow_that_stops_while_it_is_judged_is_not_opened(node: Any, token: Any) -> None:
    """The signal arrives between the reading of the rows and the answer: the gate judges again."""

    async def play(one: Any) -> Any:
        bearer = token(await one.provide())
        judge, stopped = one.store.read, []

        async def read_then_stop(unit: Any) -> Any:
            result = await judge(unit)
            if not stopped:
                stopped.append(await one.stop())
            return result

        one.store.read = read_then_stop
        return await one.get(PATH, bearer)

    assert answers(node, play).status == 401


def test_who_asks_at_the_same_time_does_not_keep_the_signal_from_the_other(node: Any, token: Any) -> None:
    """A second question begins and ends between the reading of the first one's rows and the signal."""

    async def play(one: Any) -> Any:
        bearer, other = token(await one.provide()), token(await one.provide(OTHER))
        judge, asked = one.store.read, []

        async def read_then_stop(unit: Any) -> Any:
            result = await judge(unit)
            if not asked:
                asked.append(unit)
                assert (await one.get(f"/data/{OTHER}", other)).status == 200
                await one.stop()
            return result

        one.store.read = read_then_stop
        return await one.get(PATH, bearer)

    assert answers(node, play).status == 401


SOURCES = [
    ("write", 409, "source-changed"),
    ("touch", 409, "source-changed"),
    ("delete", 410, "source-gone"),
    ("folder", 409, "source-changed"),
]


@pytest.mark.parametrize("is_remembered", [False, True])
@pytest.mark.parametrize("size", [100, 2_000_000], ids=["small", "large"])
@pytest.mark.parametrize(("change", "status", "code"), SOURCES)
def test_other_bytes_never_leave_under_the_old_checksum(
    node: Any, token: Any, change: str, status: int, code: str, size: int, is_remembered: bool
) -> None:
    async def play(one: Any) -> Any:
        path = await one.publish(b"a" * size)
        bearer = token(await one.provide())
        if is_remembered:
            assert (await one.get(PATH, bearer)).status == 200
        match change:
            case "write":
                path.write_bytes(b"b" * size)
                os.utime(path, ns=(1, 1))
            case "touch":
                os.utime(path, ns=(1, 1))
            case "delete":
                path.unlink()
            case "folder":
                path.unlink()
                path.mkdir()
        return await one.get(PATH, bearer)

    reply = answers(node, play)
    assert (reply.status, reply.problem["code"]) == (status, code)
    assert "/published/" not in reply.body.decode(), "the folder stays our secret"


def test_a_small_content_that_does_not_match_its_checksum_is_not_sent(node: Any, token: Any) -> None:
    async def play(one: Any) -> Any:
        path = await one.publish(b"a" * 100)
        before = path.stat()
        path.write_bytes(b"b" * 100)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        return await one.get(PATH, token(await one.provide()))

    assert answers(node, play).problem["code"] == "source-changed"


def test_what_is_published_anew_is_served_at_once(node: Any, token: Any) -> None:
    async def play(one: Any) -> list[bytes]:
        bearer = token(await one.provide())
        before = await one.get(PATH, bearer)
        await one.publish(b"other content")
        return [before.body, (await one.get(PATH, bearer)).body]

    assert answers(node, play) == [b"content", b"other content"]


def test_tokens_are_known_by_their_hash_only(node: Any, token: Any) -> None:
    async def play(one: Any) -> tuple[str, list[str]]:
        bearer = token(await one.provide())
        rows = await one.store.read(
            lambda tx: [row[0] for row in tx.connection.exec_driver_sql("SELECT token_hash FROM grants")]
        )
        return bearer, rows

    bearer, hashes = answers(node, play)
    assert tokens.fingerprint(bearer) in hashes
    assert bearer not in hashes
    assert len(bearer) == 43
