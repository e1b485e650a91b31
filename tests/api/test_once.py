"""A request with an idempotency key has its effect once, however often and from how many sides it is sent."""

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from connector.app import ROOT
from connector.sdk import ApiProblem, AsyncClient, Client, NodeUnreachable, calls
from connector.store import tables
from connector.store.jobs import Job
from tests.harness.threaded import Running
from tests.tools import reference

OPEN = {"permission": [{"action": "use"}]}
SOURCE = {"kind": "file", "path": "feux.csv"}
_number = itertools.count()
HTTP = httpx.Client(timeout=30)


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    with HTTP:
        yield


def fresh() -> str:
    """Return a key that no other test uses."""
    return f"test-{next(_number)}"


def post(running: Running, path: str, body: Any, key: str, secret: str | None = None, **headers: str) -> httpx.Response:
    known = {"authorization": f"Bearer {secret or running.key}", "idempotency-key": key, **headers}
    return HTTP.post(f"{running.url}/api/v1{path}", json=body, headers=known)


def rows(running: Running, table: Any) -> int:
    return int(running.read(lambda tx: len(tx.connection.execute(table.select()).all())))


CREATES: dict[str, tuple[Any, Callable[[Any, Running], tuple[str, Any]]]] = {
    "a dataset": (tables.datasets, lambda s, p: ("/datasets", {"title": "Feux", "source": SOURCE})),
    "an offer": (tables.offers, lambda s, p: ("/offers", {"dataset": s.dataset_id, "policy": OPEN})),
    "a key": (tables.api_keys, lambda s, p: ("/keys", {"label": "portail", "role": "auditor"})),
    "a request": (tables.negotiations, lambda s, p: ("/negotiations/request", {"peer": p.did, "dataset": RESERVED})),
    "a proposal": (tables.negotiations, lambda s, p: ("/negotiations/offer", {"peer": p.did, "offer_id": s.offer_id})),
    "a transfer": (tables.transfers, lambda s, p: ("/transfers", {"agreement": s.agreement_id})),
    "a webhook": (tables.webhooks, lambda s, p: ("/webhooks", {"url": "https://si.example/", "kinds": ["job.dead"]})),
    "a participant": (tables.participants, lambda s, p: ("/participants", {"owner": "une-fois", "name": "Une fois"})),
}
RESERVED = "urn:test:reserve"


@pytest.mark.parametrize("what", CREATES)
def test_a_repeated_create_is_answered_the_same_and_creates_once(
    consumer: Running, provider: Running, seeded: Any, what: str
) -> None:
    table, ask = CREATES[what]
    (path, body), key, before = ask(seeded, provider), fresh(), rows(consumer, table)
    first = post(consumer, path, body, key)
    again = post(consumer, path, body, key)
    assert first.status_code == 201
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["etag"] == first.headers["etag"]
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
    assert rows(consumer, table) == before + 1


def test_requests_at_once_under_one_key_create_once(consumer: Running, seeded: Any) -> None:
    key, before, together = fresh(), rows(consumer, tables.datasets), threading.Barrier(8)

    def ask(_: int) -> tuple[int, bytes]:
        together.wait()
        answer = post(consumer, "/datasets", {"title": "Feux", "source": SOURCE}, key)
        return answer.status_code, answer.content

    with ThreadPoolExecutor(8) as threads:
        answers = set(threads.map(ask, range(8)))
    assert len(answers) == 1
    assert rows(consumer, tables.datasets) == before + 1


def test_a_partner_added_twice_at_once_under_one_key_is_no_conflict(provider: Running, consumer: Running) -> None:
    key, together = fresh(), threading.Barrier(4)

    def ask(_: int) -> int:
        together.wait()
        return post(provider, "/peers", {"did": consumer.did}, key).status_code

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(ask, range(4))) == {201}
    assert post(provider, "/peers", {"did": consumer.did}, fresh()).status_code == 409
    with Client(provider.url, provider.key) as client:
        client.remove_peer(consumer.did)


def test_a_key_stands_for_one_request(consumer: Running, seeded: Any) -> None:
    key = fresh()
    assert post(consumer, "/keys", {"label": "un", "role": "auditor"}, key).status_code == 201
    for path, body in (
        ("/keys", {"label": "deux", "role": "auditor"}),
        ("/datasets", {"title": "x", "source": SOURCE}),
    ):
        other = post(consumer, path, body, key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
        assert other.json()["remedy"]


def test_another_caller_has_keys_of_its_own(consumer: Running, seeded: Any) -> None:
    key, body = fresh(), {"label": "un", "role": "auditor"}
    first = post(consumer, "/keys", body, key)
    second = post(consumer, "/keys", body, key, secret=consumer.key_for(None, "administration"))
    assert first.json()["secret"] != second.json()["secret"]
    elsewhere = post(consumer, "/keys", body, key, **{"x-pupitre-owner": "sde-demo"})
    assert elsewhere.json()["owner"] == "sde-demo"


def test_what_failed_may_be_tried_again_under_the_same_key(consumer: Running, seeded: Any) -> None:
    key, body = fresh(), {"dataset": "urn:test:plus-tard", "policy": OPEN}
    assert post(consumer, "/offers", body, key).status_code == 404
    with Client(consumer.url, consumer.key) as client:
        client.put_dataset("urn:test:plus-tard", "Plus tard", SOURCE)
    assert post(consumer, "/offers", body, key).status_code == 201


def test_an_action_without_an_answer_is_carried_out_once(consumer: Running) -> None:
    job, key = Job("negotiation", ROOT, "urn:uuid:once", run_at=datetime(2099, 1, 1, tzinfo=UTC)), fresh()
    this = tables.jobs.c.key == job.key

    def bury(tx: Any) -> None:
        tx.enqueue(job)
        tx.connection.execute(tables.jobs.update().where(this).values(status="dead", run_at=job.run_at))

    def is_dead(tx: Any) -> bool:
        return bool(tx.connection.execute(tables.jobs.select().where(this, tables.jobs.c.status == "dead")).all())

    path = f"/jobs/{job.kind}/{job.key}/retry"
    consumer.do(consumer.node.store.write(bury))
    assert [post(consumer, path, None, key).status_code for _ in range(2)] == [204, 204]
    consumer.do(consumer.node.store.write(bury))
    assert post(consumer, path, None, key).status_code == 204
    assert consumer.read(is_dead)
    consumer.do(consumer.node.store.write(lambda tx: tx.connection.execute(tables.jobs.delete().where(this)).rowcount))


def test_a_secret_that_was_told_is_not_kept_in_the_clear(consumer: Running) -> None:
    secret = post(consumer, "/keys", {"label": "un", "role": "auditor"}, fresh()).json()["secret"]
    kept = consumer.read(lambda tx: tx.connection.execute(tables.idempotency_keys.select()).all())
    assert kept
    assert secret not in repr(kept)
    folder = consumer.node.settings.data_dir
    assert not any(secret.encode() in path.read_bytes() for path in folder.glob("pupitre.db*"))


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256])
def test_a_key_that_is_none_is_refused(consumer: Running, key: str) -> None:
    headers = {b"authorization": f"Bearer {consumer.key}".encode(), b"idempotency-key": key.encode()}
    answer = HTTP.post(
        f"{consumer.url}/api/v1/keys", json={"label": "x", "role": "auditor"}, headers=list(headers.items())
    )
    assert (answer.status_code, answer.json()["pointer"]) == (400, "/idempotency-key")


CHANGING_NOTHING = ("/ping", "/test", "/audience", "/contracts/{contract_id}/verify")


def test_every_post_takes_a_key_and_every_action_a_version() -> None:
    for method, path, operation in reference.operations():
        names = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"}
        if path.endswith(CHANGING_NOTHING) or (method == "delete" and "keys" in path):
            continue
        assert ("idempotency-key" in names) == (method == "post"), path
        assert ("if-match" in names) == (method != "get"), path


# --- the clients


class _Losing(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Carries requests, and loses the first answers on their way back."""

    def __init__(self, lost: int) -> None:
        self.lost, self.sent = lost, 0
        self._now = httpx.HTTPTransport()
        self._later = httpx.AsyncHTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._now.handle_request(request)
        answer.read()
        return self._passed(answer)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._later.handle_async_request(request)
        await answer.aread()
        return self._passed(answer)

    def close(self) -> None:
        self._now.close()

    async def aclose(self) -> None:
        await self._later.aclose()

    def _passed(self, answer: httpx.Response) -> httpx.Response:
        self.sent += 1
        if self.sent <= self.lost:
            raise httpx.RemoteProtocolError("the connection was cut")
        return answer


def test_both_clients_repeat_a_create_whose_answer_was_lost(consumer: Running, seeded: Any) -> None:
    async def create() -> Any:
        async with AsyncClient(consumer.url, consumer.key, transport=_Losing(2)) as client:
            return await client.create_dataset("Feux", SOURCE)

    before = rows(consumer, tables.datasets)
    with Client(consumer.url, consumer.key, transport=_Losing(2)) as client:
        made = client.create_dataset("Feux", SOURCE)
    assert rows(consumer, tables.datasets) == before + 1
    assert made["id"] != asyncio.run(create())["id"]
    assert rows(consumer, tables.datasets) == before + 2


def test_a_program_may_keep_its_key_beyond_its_own_end(consumer: Running, seeded: Any) -> None:
    call = calls.create_dataset("Feux", SOURCE).once(fresh())
    made = []
    for _ in range(2):
        with Client(consumer.url, consumer.key) as client:
            made.append(client.send(call)["id"])
    assert made[0] == made[1]


def test_a_delete_is_not_repeated(consumer: Running, api: Client) -> None:
    key, transport = api.issue_key("passing", "auditor"), _Losing(1)
    with Client(consumer.url, consumer.key, transport=transport) as client, pytest.raises(NodeUnreachable):
        client.revoke_key(key["id"])
    assert transport.sent == 1


def test_a_conditional_action_of_the_client_fails_when_the_thing_moved(api: Client, seeded: Any) -> None:
    made = api.put_dataset("urn:test:conditionnel", "Un", SOURCE)
    api.send(calls.put_dataset("urn:test:conditionnel", "Deux", SOURCE).at(made["version"]))
    with pytest.raises(ApiProblem) as refused:
        api.send(calls.put_dataset("urn:test:conditionnel", "Trois", SOURCE).at(made["version"]))
    assert (refused.value.status, refused.value.code) == (412, "precondition-failed")
    assert api.show_dataset("urn:test:conditionnel")["title"] == "Deux"
