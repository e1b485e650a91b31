"""Webhooks: every event reaches a real receiver, in order and signed, whatever happens in between."""

import base64
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from connector.sdk import ApiProblem, BadSignature, Client, verify_webhook
from connector.services.webhooks import ROOM
from connector.store import events, tables
from tests.harness.receiver import WITHIN_S, Receiver, receiving
from tests.harness.threaded import Running, in_thread
from tests.tools.ports import free_port


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def node(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A node of its own, on either store."""
    folder = tmp_path_factory.mktemp("webhooks") / "node"
    if request.param == "sqlite":
        with in_thread(folder) as running:
            yield running
        return
    with request.getfixturevalue("postgres").fresh_database() as url, in_thread(folder, database_url=url) as running:
        yield running


@pytest.fixture
def client(node: Running) -> Iterator[Client]:
    with Client(node.url, node.key, language="en") as opened:
        yield opened
        for one in opened.list_webhooks(limit=500)["items"]:
            opened.delete_webhook(one["id"])


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def write(node: Running, *subjects: str, kind: str = "job.dead") -> None:
    for subject in subjects:
        node.do(node.node.store.write(lambda tx, subject=subject: events.append(tx, "root", kind, subject, job="x")))


def until(client: Client, webhook_id: str, status: str) -> Any:
    ended = threading.Event()
    for _ in range(WITHIN_S * 20):
        shown = client.show_webhook(webhook_id)
        if shown["status"] == status:
            return shown
        ended.wait(0.05)
    raise AssertionError(shown)


def test_each_event_comes_once_in_order_and_signed(node: Running, client: Client, receiver: Receiver) -> None:
    write(node, "before")
    made = client.create_webhook(receiver.url)
    names = [f"urn:test:{number}" for number in range(20)]
    write(node, *names)
    receiver.until(lambda seen: len(seen.deliveries) >= len(names))
    assert receiver.subjects() == names
    told = client.read_events(after=made["after"], limit=100)["items"]
    for delivery, event in zip(receiver.deliveries, told, strict=True):
        assert delivery.is_signed_with(made["secret"])
        assert not delivery.is_signed_with("whsec_" + base64.b64encode(b"x" * 32).decode())
        assert delivery.told["type"] == event["kind"]
        assert delivery.told["data"]["participant"] == node.did
        assert {name: delivery.told["data"][name] for name in ("n", "subject", "peer", "told")} == {
            name: event[name] for name in ("n", "subject", "peer", "told")
        }
    assert len({delivery.id for delivery in receiver.deliveries}) == len(names)
    seen = until(client, made["id"], "active")
    while seen["waiting"]:
        seen = client.show_webhook(made["id"])
    assert (seen["after"], seen["problem"], seen["gap"]) == (told[-1]["n"], None, None)
    assert seen["delivered_at"]


def test_only_the_kinds_that_were_chosen_come(node: Running, client: Client, receiver: Receiver) -> None:
    client.create_webhook(receiver.url, ["fetch.done"])
    for name in ("a", "b"):
        write(node, f"not {name}")
        write(node, name, kind="fetch.done")
    receiver.until(lambda seen: len(seen.deliveries) == 2)
    assert receiver.subjects() == ["a", "b"]


def test_a_place_in_the_feed_may_be_chosen_and_chosen_again(node: Running, client: Client, receiver: Receiver) -> None:
    after = client.read_events(after=2**53)["after"]
    write(node, "a", "b")
    made = client.create_webhook(receiver.url, after=after)
    receiver.until(lambda seen: len(seen.deliveries) == 2)
    client.change_webhook(made["id"], receiver.url, after=after + 1)
    receiver.until(lambda seen: len(seen.deliveries) == 3)
    assert receiver.subjects() == ["a", "b", "b"]
    assert receiver.deliveries[1].id == receiver.deliveries[2].id


def test_the_next_event_waits_until_the_one_before_is_taken(node: Running, client: Client, receiver: Receiver) -> None:
    receiver.answer = lambda n: 500 if n in (1, 2, 3) else 200
    made = client.create_webhook(receiver.url)
    write(node, "a", "b", "c")
    receiver.until(lambda seen: len(seen.taken) == 3)
    assert receiver.subjects() == ["a", "b", "c"]
    assert [one.told["data"]["subject"] for one in receiver.deliveries] == ["a", "b", "b", "b", "b", "c"]
    again = receiver.deliveries[1:5]
    assert len({(one.id, one.body) for one in again}) == 1
    assert until(client, made["id"], "active")["failures"] == 0


def test_what_is_wrong_is_said_with_what_to_do(node: Running, client: Client) -> None:
    made = client.create_webhook(f"http://127.0.0.1:{free_port()}/")
    write(node, "a")
    seen = until(client, made["id"], "failing")
    assert seen["problem"]["code"] == "webhook-unreachable"
    assert "the connection is refused" in seen["problem"]["reason"]
    assert "pupitre webhooks retry" in seen["problem"]["remedy"]
    assert (seen["waiting"], seen["after"]) == (1, made["after"])
    assert seen["retry_at"] > seen["failing_since"]
    with Client(node.url, node.key, language="fr") as french:
        assert "la connexion est refusée" in french.show_webhook(made["id"])["problem"]["reason"]


def test_a_receiver_that_wants_no_more_is_left_alone_until_somebody_says_so(
    node: Running, client: Client, receiver: Receiver
) -> None:
    receiver.answer = lambda n: 410
    made = client.create_webhook(receiver.url, ["job.dead"])
    write(node, "a")
    seen = until(client, made["id"], "stopped")
    assert (seen["problem"]["code"], seen["retry_at"], seen["after"]) == ("webhook-gone", None, made["after"])
    assert [one["id"] for one in client.list_webhooks(status="stopped")["items"]] == [made["id"]]
    told = client.read_events(after=made["after"], kinds=["webhook.stopped"], wait=20)["items"]
    assert [(one["subject"], one["told"]) for one in told] == [(made["id"], {"problem": "webhook-gone"})]
    write(node, "b")
    receiver.answer = lambda n: 204
    assert len(receiver.deliveries) == 1
    client.retry_webhook(made["id"])
    receiver.until(lambda seen: len(seen.taken) == 2)
    assert receiver.subjects() == ["a", "b"]
    kinds = [one["kind"] for one in client.show_journal(made["id"])["items"]]
    assert kinds == ["webhook-added", "webhook-stopped", "webhook-retried"]


def test_what_the_feed_has_forgotten_is_told_as_a_gap(node: Running, client: Client, receiver: Receiver) -> None:
    receiver.answer = lambda n: 410
    made = client.create_webhook(receiver.url, ["job.dead"])
    write(node, "a", "b", "c")
    stopped = until(client, made["id"], "stopped")
    client.read_events(after=stopped["after"])
    node.do(node.node.store.write(lambda tx: events.forget(tx, tx.now)))
    write(node, "d")
    receiver.answer = lambda n: 200
    client.retry_webhook(made["id"])
    receiver.until(lambda seen: len(seen.taken) == 2)
    gap, event = receiver.taken
    first = event.told["data"]["n"]
    assert event.told["data"]["subject"] == "d"
    assert gap.told["type"] == "webhook.gap"
    assert gap.told["data"] == {"participant": node.did, "after": made["after"], "before": first}
    assert gap.is_signed_with(made["secret"])
    assert client.show_webhook(made["id"])["gap"] == {"after": made["after"], "before": first}


# --- the secret


def test_while_a_secret_is_replaced_both_sign(node: Running, client: Client, receiver: Receiver) -> None:
    first = client.create_webhook(receiver.url)
    second = client.rotate_webhook(first["id"])
    assert second["overlap_until"]
    write(node, "both")
    receiver.until(lambda seen: len(seen.deliveries) == 1)
    third = client.rotate_webhook(first["id"], overlap_hours=0)
    assert third["overlap_until"] is None
    write(node, "one")
    receiver.until(lambda seen: len(seen.deliveries) == 2)
    both, one = receiver.deliveries
    assert len({made["secret"] for made in (first, second, third)}) == 3
    assert [both.is_signed_with(made["secret"]) for made in (first, second, third)] == [True, True, False]
    assert [one.is_signed_with(made["secret"]) for made in (first, second, third)] == [False, False, True]
    assert (len(both.signatures), len(one.signatures)) == (2, 1)


def test_the_secret_is_told_once_and_stands_in_no_table(node: Running, client: Client, receiver: Receiver) -> None:
    made = client.create_webhook(receiver.url)
    assert "secret" not in client.show_webhook(made["id"])
    assert all("secret" not in one for one in client.list_webhooks()["items"])
    coded = made["secret"].removeprefix("whsec_")
    assert len(base64.b64decode(coded)) == 32

    def everything(tx: Any) -> str:
        found = (tx.connection.execute(table.select()).all() for table in tables.metadata.sorted_tables)
        return "\n".join(str(row) for rows in found for row in rows)

    stored = node.read(everything)
    assert made["id"] in stored
    assert coded not in stored
    assert base64.b64decode(coded).hex() not in stored
    keys = list((node.node.settings.data_dir / "keys").rglob("webhooks.key"))
    assert [path.stat().st_mode & 0o777 for path in keys] == [0o600]


def test_the_clients_helper_believes_what_is_genuine_only(node: Running, client: Client, receiver: Receiver) -> None:
    made = client.create_webhook(receiver.url)
    write(node, "a")
    receiver.until(lambda seen: len(seen.deliveries) == 1)
    (one,) = receiver.deliveries
    sent_at = float(one.headers["webhook-timestamp"])
    assert verify_webhook(made["secret"], one.headers, one.body) == one.told
    titled = {name.title(): value for name, value in one.headers.items()}
    assert verify_webhook(["whsec_AAAA", made["secret"]], titled, one.body.decode(), now=sent_at + 299) == one.told
    refused: list[tuple[str, dict[str, str], bytes, float]] = [
        ("whsec_AAAA", one.headers, one.body, sent_at),
        (made["secret"], one.headers, one.body + b" ", sent_at),
        (made["secret"], {**one.headers, "webhook-id": "msg_other"}, one.body, sent_at),
        (made["secret"], {**one.headers, "webhook-timestamp": str(int(sent_at) + 1)}, one.body, sent_at),
        (made["secret"], {**one.headers, "webhook-timestamp": "now"}, one.body, sent_at),
        (made["secret"], {**one.headers, "webhook-signature": ""}, one.body, sent_at),
        (made["secret"], {}, one.body, sent_at),
        (made["secret"], one.headers, one.body, sent_at + 301),
        (made["secret"], one.headers, one.body, sent_at - 301),
    ]
    for secret, headers, body, now in refused:
        with pytest.raises(BadSignature):
            verify_webhook(secret, headers, body, now=now)


def test_a_lost_key_stops_short_of_another_signature(tmp_path: Path, receiver: Receiver) -> None:
    with in_thread(tmp_path / "lost") as node, Client(node.url, node.key, language="en") as client:
        made = client.create_webhook(receiver.url)
        key = node.node.settings.data_dir / "keys/root/webhooks.key"
        octets = key.read_bytes()
        for content in (None, b"x" * 32, b"short"):
            key.unlink()
            if content is not None:
                key.write_bytes(content)
            else:
                with pytest.raises(ApiProblem) as refused:
                    client.create_webhook(receiver.url)
                assert refused.value.code == "webhook-key-lost"
            tested = client.test_webhook(made["id"])
            assert (tested["is_taken"], tested["status"]) == (False, None)
            assert tested["problem"] is not None
            assert tested["problem"]["code"] == "webhook-key-lost"
            key.write_bytes(octets)
        assert receiver.deliveries == []
        key.unlink()
        again = client.rotate_webhook(made["id"])
        assert again["overlap_until"] is None
        assert client.test_webhook(made["id"])["is_taken"]
        assert receiver.deliveries[-1].is_signed_with(again["secret"])


# --- trying


@pytest.mark.parametrize(
    ("status", "code"), [(200, None), (204, None), (302, "webhook-refused"), (410, "webhook-gone")]
)
def test_a_test_is_sent_at_once_and_changes_nothing(
    client: Client, receiver: Receiver, status: int, code: str | None
) -> None:
    made = client.create_webhook(receiver.url)
    receiver.answer, receiver.headers = lambda n: status, {"location": "/elsewhere"}
    tested = client.test_webhook(made["id"])
    assert (tested["is_taken"], tested["status"]) == (code is None, status)
    assert (tested["problem"] and tested["problem"]["code"]) == code
    (one,) = receiver.deliveries  # a redirect is not followed
    assert (one.path, one.told["type"]) == ("/evenements", "webhook.test")
    assert one.is_signed_with(made["secret"])
    assert client.show_webhook(made["id"])["status"] == "active"


# --- asking for it


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("ftp://si.example/", "invalid", "An http(s) address is expected."),
        ("si.example", "invalid", "An http(s) address is expected."),
        ("http://", "webhook-address-refused", "not a valid http(s) address"),
        ("https://ada:secret@si.example/", "webhook-address-refused", "not a valid http(s) address"),
        ("https://10.20.0.7/", "webhook-address-refused", 'allowed_networks += "10.20.0.7/32"'),
    ],
)
def test_an_address_is_refused_with_what_to_do(client: Client, url: str, code: str, said: str) -> None:
    with pytest.raises(ApiProblem) as refused:
        client.create_webhook(url)
    assert (refused.value.status, refused.value.code, refused.value.pointer) == (400, code, "/url")
    assert said in refused.value.detail
    assert "ada" not in str(refused.value)
    assert code == "invalid" or "add that network to allowed_networks" in refused.value.remedy


def test_an_internal_network_that_the_settings_name_is_reached(tmp_path: Path) -> None:
    with in_thread(tmp_path / "internal", allowed_networks=["10.20.0.0/16"]) as node:  # noqa: SIM117
        with Client(node.url, node.key) as client:
            assert client.create_webhook("https://10.20.0.7/")["status"] == "active"


def test_an_unknown_kind_is_refused(client: Client) -> None:
    with pytest.raises(ApiProblem) as refused:
        client.create_webhook("https://si.example/", ["job.dead", "webhook.test"])
    assert (refused.value.code, refused.value.pointer) == ("malformed-request", "/kinds/1")


def test_there_is_room_for_so_many(client: Client) -> None:
    for _ in range(ROOM):
        client.create_webhook("https://si.example/", ["fetch.done"])
    with pytest.raises(ApiProblem) as refused:
        client.create_webhook("https://si.example/")
    assert (refused.value.status, refused.value.code) == (409, "too-many-webhooks")
    pages = client.list_webhooks(limit=ROOM - 1)
    assert pages["next_cursor"] is not None
    assert len(client.list_webhooks(cursor=pages["next_cursor"])["items"]) == 1


def test_a_change_is_made_of_what_was_read_only(node: Running, client: Client) -> None:
    made = client.create_webhook("https://si.example/", ["fetch.done"])
    headers = {"authorization": f"Bearer {node.key}"}
    url = f"{node.url}/api/v1/webhooks/{made['id']}"
    for method, body in (("PUT", {"url": "https://autre.example/"}), ("DELETE", None)):
        refused = httpx.request(method, url, json=body, headers={**headers, "if-match": '"99"'})
        assert (refused.status_code, refused.json()["code"]) == (412, "precondition-failed")
    tag = httpx.get(url, headers=headers).headers["etag"]
    changed = httpx.put(url, json={"url": "https://autre.example/"}, headers={**headers, "if-match": tag})
    assert (changed.status_code, changed.json()["url"], changed.json()["kinds"]) == (200, "https://autre.example/", [])
    assert httpx.delete(url, headers={**headers, "if-match": changed.headers["etag"]}).status_code == 204
    assert httpx.get(url, headers=headers).status_code == 404
    kinds = [one["kind"] for one in client.show_journal(made["id"])["items"]]
    assert kinds == ["webhook-added", "webhook-changed", "webhook-deleted"]
