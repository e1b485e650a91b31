"""The feed: each move is told once, in order, to whoever asks, waits or listens."""

import asyncio
import contextlib
import json
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from connector.sdk import ApiProblem, AsyncClient, Client
from connector.store import events, tables
from tests.harness.threaded import Running, in_thread

PAGE = (Path(__file__).parents[2] / "connector/docs/reference/events.md").read_text("utf-8")
LAST = 2**53


def passed_on(states: list[str]) -> list[str]:
    """Return the states after REQUESTED, which is passed over when the answer overtakes the acknowledgement."""
    return states[1:] if states[:1] == ["REQUESTED"] else states


def about(client: Client, subject: str) -> list[Any]:
    return [one for one in whole(client) if one["subject"] == subject]


def whole(client: Client) -> list[Any]:
    found: list[Any] = []
    page = client.read_events(limit=100)
    while page["items"]:
        found += page["items"]
        page = client.read_events(after=page["after"], limit=100)
    return found


def test_a_negotiation_and_its_transfer_are_told_move_by_move(api: Client, seeded: Any) -> None:
    states = [one["told"]["state"] for one in about(api, seeded.pid)]
    assert passed_on(states) == ["AGREED", "VERIFIED", "FINALIZED"]
    assert [one["kind"] for one in about(api, seeded.agreement_id)] == ["agreement.concluded"]
    moves = [one["told"]["state"] for one in about(api, seeded.transfer) if one["kind"] == "transfer.moved"]
    assert passed_on(moves)[:1] == ["STARTED"]
    assert {one["peer"] for one in about(api, seeded.pid)} == {seeded.did}


def test_numbers_have_no_holes(api: Client, seeded: Any) -> None:
    numbers = [one["n"] for one in whole(api)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_journal_and_the_feed_tell_of_the_same_commit(consumer: Running, seeded: Any) -> None:
    written = tables.events.select().where(tables.events.c.subject == seeded.pid)
    told = consumer.read(lambda tx: [row.at for row in tx.connection.execute(written)])
    entries = tables.journal.select().where(tables.journal.c.process == seeded.pid)
    journal = consumer.read(lambda tx: [row.at for row in tx.connection.execute(entries)])
    assert told
    assert set(told) <= set(journal)


def test_a_person_who_must_decide_is_told(api: Client, provider_api: Client, provider: Running) -> None:
    now = provider_api.read_events(after=LAST)["after"]
    pid = api.request_access(provider.did, "urn:test:reserve")["pid"]
    told = provider_api.read_events(after=now, kinds=["decision.awaited"], wait=20)["items"]
    assert [(one["kind"], one["told"]["state"]) for one in told] == [("decision.awaited", "REQUESTED")]
    ours = provider_api.show_negotiation(told[0]["subject"])
    assert ours["peer_pid"] == pid
    provider_api.refuse_negotiation(ours["pid"], "non")
    ended = api.read_events(after=0, kinds=["negotiation.moved"], limit=500)
    while not any(one["subject"] == pid and one["told"]["state"] == "TERMINATED" for one in ended["items"]):
        ended = api.read_events(after=ended["after"], kinds=["negotiation.moved"], wait=20)


def test_kinds_filter_and_the_reader_goes_on_behind_what_was_passed_over(api: Client, seeded: Any) -> None:
    page = api.read_events(kinds=["agreement.concluded"], limit=500)
    assert {one["kind"] for one in page["items"]} == {"agreement.concluded"}
    assert page["after"] == whole(api)[-1]["n"]


def test_a_number_that_was_not_given_yet_means_from_now_on(api: Client, seeded: Any) -> None:
    page = api.read_events(after=LAST)
    assert (page["items"], page["after"]) == ([], whole(api)[-1]["n"])


def test_another_participant_has_a_feed_of_its_own(consumer: Running, seeded: Any) -> None:
    with Client(consumer.url, consumer.key, owner="sde-demo") as second:
        assert second.read_events() == {"items": [], "after": 0}


@pytest.mark.parametrize(("query", "pointer"), [("after=-1", "/after"), ("kind=x", "/kind/0"), ("wait=31", "/wait")])
def test_a_bad_question_is_refused(consumer: Running, query: str, pointer: str) -> None:
    headers = {"authorization": f"Bearer {consumer.key}"}
    for path in ("events", "events/stream") if "wait" not in query else ("events",):
        answer = httpx.get(f"{consumer.url}/api/v1/{path}?{query}", headers=headers)
        assert (answer.status_code, answer.json()["pointer"]) == (400, pointer)


# --- the stream


def write(running: Running, subject: str) -> None:
    running.do(running.node.store.write(lambda tx: events.append(tx, "root", "job.dead", subject, job="x")))


def test_a_stream_tells_what_was_and_what_comes(consumer: Running, api: Client, seeded: Any) -> None:
    known = whole(api)
    listening = api.stream_events(after=known[-2]["n"])
    assert next(listening) == known[-1]
    write(consumer, "urn:test:later")
    assert next(listening)["subject"] == "urn:test:later"


def test_the_client_that_is_awaited_listens_too(consumer: Running, api: Client, seeded: Any) -> None:
    async def listen() -> Any:
        async with (
            AsyncClient(consumer.url, consumer.key) as client,
            contextlib.aclosing(client.stream_events(after=known[-2]["n"])) as listening,
        ):
            return await anext(listening)

    known = whole(api)
    assert asyncio.run(listen()) == known[-1]


def test_a_stream_resumes_after_the_last_event_that_was_heard(consumer: Running, api: Client, seeded: Any) -> None:
    headers = {"authorization": f"Bearer {consumer.key}", "last-event-id": str(whole(api)[-3]["n"])}
    numbers = []
    with httpx.stream("GET", f"{consumer.url}/api/v1/events/stream?after=1", headers=headers, timeout=30) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data: "):
                numbers.append(json.loads(line[6:])["n"])
            if len(numbers) == 2:
                break
    assert numbers == [one["n"] for one in whole(api)[-2:]]


def test_a_key_listens_to_a_bounded_number_of_streams(consumer: Running, seeded: Any) -> None:
    key = consumer.key_for("root", "auditor")
    clients = [Client(consumer.url, key) for _ in range(9)]
    listening = [client.stream_events(after=0) for client in clients]
    for one in listening[:8]:
        next(one)
    with pytest.raises(ApiProblem) as refused:
        next(listening[8])
    assert (refused.value.status, refused.value.code) == (429, "too-many-streams")
    for one, client in zip(listening, clients, strict=True):
        one.close()
        client.close()
    with Client(consumer.url, consumer.key) as other:
        assert next(other.stream_events(after=0))["n"] == 1


def test_a_stream_ends_when_its_key_is_revoked(consumer: Running, api: Client, seeded: Any) -> None:
    made = api.issue_key("passing", "auditor")
    with Client(consumer.url, made["secret"]) as client:
        listening = client.stream_events(after=api.read_events(after=LAST)["after"])
        heard: list[Any] = []

        def listen() -> None:
            try:
                heard.extend(listening)
            except ApiProblem as problem:
                heard.append(problem.code)

        thread = threading.Thread(target=listen)
        thread.start()
        api.revoke_key(made["id"])
        while thread.is_alive():
            write(consumer, "urn:test:revoked")
            thread.join(0.1)
    assert heard[-1] == "unauthorized"


def test_streams_and_waits_end_when_the_node_stops(tmp_path: Path) -> None:
    ended = []
    with in_thread(tmp_path / "stopping") as running:
        write(running, "urn:test:one")
        headers = {"authorization": f"Bearer {running.key}"}
        begun = threading.Event()

        def listen() -> None:
            with httpx.stream("GET", f"{running.url}/api/v1/events/stream", headers=headers, timeout=60) as answer:
                for line in answer.iter_lines():
                    if line.startswith("data: "):
                        begun.set()
            ended.append("stream")

        thread = threading.Thread(target=listen)
        thread.start()
        assert begun.wait(30)
    thread.join(30)
    assert ended == ["stream"]  # an orderly end: a cut one would have raised


# --- on the store


def test_old_events_are_forgotten_and_numbers_go_on(tmp_path: Path) -> None:
    with in_thread(tmp_path / "sweeping") as running, Client(running.url, running.key) as client:
        for number in range(3):
            write(running, f"urn:test:{number}")
        assert [one["n"] for one in whole(client)] == [1, 2, 3]
        store = running.node.store
        running.do(store.write(lambda tx: events.forget(tx, tx.now)))
        write(running, "urn:test:after")
        page = client.read_events(after=1)
        assert [(one["n"], one["subject"]) for one in page["items"]] == [(4, "urn:test:after")]


def test_every_kind_is_on_the_page() -> None:
    rows = [line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(events.KINDS)


def test_the_bounds_on_the_page_are_those_of_the_code() -> None:
    from connector.http.private.events import HEARTBEAT_S, STREAMS_PER_KEY

    text = " ".join(PAGE.split())
    assert f"a comment every {HEARTBEAT_S:g} s" in text
    assert f"A key may listen to {STREAMS_PER_KEY} streams" in text
