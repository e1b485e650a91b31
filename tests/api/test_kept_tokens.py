"""Where tokens stay: in the pending message until it is acknowledged and in the consumer's address; nowhere else."""

import hashlib
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.protocol import messages
from connector.sdk import Client, calls
from connector.services import exchange
from connector.services.exchange import Answer, Delivery, Incoming
from connector.services.redaction import HIDDEN, kept_of
from connector.store import journal, tables, transfers
from connector.store.journal import Entry
from connector.store.transfers import Transfer
from tests.harness.nodes import BY
from tests.harness.threaded import Running

SECRETS = ("authorization", "refreshToken")
START: dict[str, Any] = {
    "@context": ["https://w3id.org/dspace/2025/1/context.jsonld"],
    "@type": "TransferStartMessage",
    "@id": "urn:uuid:1",
    "providerPid": "urn:p",
    "consumerPid": "urn:c?x=1",
    "dataAddress": {
        "@type": "DataAddress",
        "endpointType": "HttpData",
        "endpoint": "https://provider.example/data/1",
        "endpointProperties": [
            {"@type": "EndpointProperty", "name": "authorization", "value": "s3cret-a"},
            {"@type": "EndpointProperty", "name": "refreshToken", "value": "s3cret-r"},
            {"@type": "EndpointProperty", "name": "authType", "value": "bearer"},
        ],
        "x:token": "s3cret-x",
    },
}


def tokens_of(row: Transfer) -> set[str]:
    """Return the tokens of the consumer's data address."""
    assert row.data_address is not None
    return {one["value"] for one in row.data_address["endpointProperties"] if one["name"] in SECRETS}


def row_of(running: Running, pid: str) -> Transfer:
    return running.read(lambda tx: transfers.peek(tx, "root", pid))


def texts(running: Running, pid: str) -> list[Entry]:
    return running.read(lambda tx: journal.page(tx, "root", pid))


def until(client: Client, pid: str, is_so: Callable[[Any], bool]) -> Any:
    seen = client.show_transfer(pid)
    while not is_so(seen):
        seen = client.show_transfer(pid, wait=10, version=seen["version"])
    return seen


@pytest.fixture
def opened(api: Client, seeded: Any) -> tuple[str, str]:
    """A transfer that is open on both sides: our identifier and the provider's."""
    pid = api.request_transfer(seeded.agreement_id)["pid"]
    return pid, until(api, pid, lambda seen: seen["state"] == "STARTED" and not seen["pending"])["peer_pid"]


def test_neither_journal_keeps_a_token_and_both_keep_the_same_digest(
    opened: tuple[str, str], consumer: Running, provider: Running, provider_api: Client
) -> None:
    pid, theirs = opened
    until(provider_api, theirs, lambda seen: not seen["pending"])
    secrets = tokens_of(row_of(consumer, pid))
    assert len(secrets) == 2
    starts = {}
    for running, process in ((consumer, pid), (provider, theirs)):
        entries = texts(running, process)
        assert not any(secret in entry.text for secret in secrets for entry in entries)
        (start,) = (
            entry for entry in entries if entry.entry.get("message") == "TransferStartMessage" if "body" in entry.entry
        )
        assert HIDDEN in start.entry["body"]
        starts[process] = start.entry["body_sha256"]
    assert starts[pid] == starts[theirs]


def test_the_message_to_repeat_keeps_its_tokens_until_it_is_acknowledged(
    opened: tuple[str, str], provider: Running, provider_api: Client
) -> None:
    _, theirs = opened

    def renew(tx: Any) -> tuple[str, str]:
        """Make a start pending, as it stands before anybody carries it out, and undo nothing."""
        row = transfers.load(tx, "root", theirs)
        exchange.answer(tx, provider.node.transfer.line, row, Answer("TransferStartMessage", BY))
        transfers.save(tx, row)
        return row.pending_body or "", journal.latest(tx, "root", theirs, 1)[0].entry["body_sha256"]

    body, digest = provider.do(provider.node.store.write(renew))
    assert "refreshToken" in body
    assert HIDDEN not in body
    assert hashlib.sha256(body.encode()).hexdigest() == digest
    until(provider_api, theirs, lambda seen: not seen["pending"])
    assert row_of(provider, theirs).pending_body is None


def test_what_has_ended_keeps_no_token(
    opened: tuple[str, str], api: Client, consumer: Running, provider: Running, provider_api: Client
) -> None:
    pid, theirs = opened
    secrets = tokens_of(row_of(consumer, pid))
    api.complete_transfer(pid)
    until(provider_api, theirs, lambda seen: seen["state"] == "COMPLETED")
    until(api, pid, lambda seen: seen["state"] == "COMPLETED" and not seen["pending"])
    for running, process in ((consumer, pid), (provider, theirs)):
        row = row_of(running, process)
        assert (row.data_address, row.pending_body) == (None, None)
        dump = running.read(_everything)
        assert not [secret for secret in secrets if secret in dump]


def test_no_list_look_or_log_shows_a_token_and_the_row_still_can_fetch(
    opened: tuple[str, str], api: Client, consumer: Running, caplog: pytest.LogCaptureFixture
) -> None:
    pid, _ = opened
    row = row_of(consumer, pid)
    secrets = tokens_of(row)
    with caplog.at_level(logging.DEBUG):
        shown = [
            api.send(calls.list_transfers()),
            api.send(calls.show_transfer(pid)),
            api.send(calls.show_journal(pid)),
            api.send(calls.list_jobs()),
        ]
        api.fetch_transfer(pid, f"kept-{pid[-12:]}.csv")
        while api.show_fetch(pid)["status"] in ("waiting", "running"):
            pass
    assert api.show_fetch(pid)["status"] == "done"
    said = json.dumps(shown) + caplog.text + repr(row) + repr(texts(consumer, pid))
    assert not [secret for secret in secrets if secret in said]


def test_an_error_of_the_database_shows_no_value(consumer: Running) -> None:
    def twice(tx: Any) -> None:
        row = {"token_id": "s3cret", "issuer": "x", "expires_at": tx.now}
        tx.connection.execute(tables.replays.insert(), row)
        tx.connection.execute(tables.replays.insert(), row)

    with pytest.raises(Exception, match="UNIQUE") as failed:
        consumer.do(consumer.node.store.write(twice))
    assert "s3cret" not in str(failed.value)


def test_no_repr_shows_a_token() -> None:
    message = messages.parse(messages.TransferStartMessage, json.dumps(START).encode())
    assert isinstance(message, messages.TransferStartMessage)
    row: dict[str, Any] = {
        "owner": "o",
        "pid": "p",
        "role": "consumer",
        "peer": "d",
        "peer_url": "u",
        "state": "STARTED",
    }
    text = json.dumps(START)
    process = Transfer(
        **row, agreement="a", dataset="d", format="f", data_address=START["dataAddress"], pending_body=text
    )
    delivery = Delivery(
        owner="o",
        pid="p",
        peer="d",
        kind="TransferStartMessage",
        url="u",
        state_url=None,
        body=text,
        attempts=0,
        answers=0,
        sent_at=datetime.now(UTC),
        position=process.position,
        names={},
    )
    for one in (message, Incoming(message, text), process, delivery, Answer("TransferStartMessage", BY, START)):
        assert "s3cret" not in repr(one) + str(one)


def test_the_journal_keeps_all_of_a_message_but_its_tokens() -> None:
    text = json.dumps(START)
    kept = kept_of(text)
    assert "s3cret" not in kept["body"]
    assert kept["body_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    shown = json.loads(kept["body"])
    assert {name: shown[name] for name in shown if name != "dataAddress"} == {
        name: START[name] for name in START if name != "dataAddress"
    }
    assert shown["dataAddress"]["endpoint"] == START["dataAddress"]["endpoint"]
    assert shown["dataAddress"]["endpointProperties"][2]["value"] == "bearer"


@pytest.mark.parametrize("reason", [["https://x.example/?why=this"], ["token expired"]])
def test_a_message_without_tokens_is_kept_word_for_word(reason: list[str]) -> None:
    text = json.dumps({"@type": "TransferTerminationMessage", "code": "x", "reason": reason}, indent=3)
    assert kept_of(text) == {"body": text}


def test_a_member_of_somebodys_own_may_be_a_token() -> None:
    kept = kept_of(json.dumps({"@type": "TransferStartMessage", "https://x.example/accessToken": "s3cret"}))
    assert "s3cret" not in kept["body"]


def test_a_journal_written_with_tokens_in_clear_verifies_and_shows_none(api: Client, consumer: Running) -> None:
    old = {"from": "did:web:x", "message": "TransferStartMessage", "state": "STARTED", "body": json.dumps(START)}
    consumer.do(consumer.node.store.write(lambda tx: journal.append(tx, "root", "urn:uuid:old-start", "received", old)))
    assert api.verify_journal("urn:uuid:old-start")["is_intact"]
    assert "s3cret" not in json.dumps(api.show_journal("urn:uuid:old-start"))


def _everything(tx: Any) -> str:
    """Return all rows of processes, journals and jobs as one text."""
    kept = (tables.transfers, tables.negotiations, tables.journal, tables.jobs, tables.fetches, tables.grants)
    return "".join(str(row) for table in kept for row in tx.connection.execute(table.select()))
