"""`pupitre webhooks`: from making one to deleting it."""

from collections.abc import Iterator
from typing import Any

import pytest

from connector.cli import exits
from connector.store import events
from tests.harness.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def write(office: Any, subject: str) -> None:
    running = office.running
    running.do(running.node.store.write(lambda tx: events.append(tx, "root", "job.dead", subject, job="x")))


def test_events_reach_a_program_and_go_on_after_it_was_repaired(
    office: Any, receiver: Receiver, waiting_for: Any
) -> None:
    made = office.run("webhooks", "create", receiver.url, "--kind", "job.dead")
    secret, webhook = made.stdout.strip(), made.stderr.split(" · ")[0]
    assert secret.startswith("whsec_")
    assert "Taken." in office.run("webhooks", "test", webhook).stdout
    assert receiver.deliveries[0].is_signed_with(secret)
    write(office, "urn:test:a")
    receiver.until(lambda seen: len(seen.taken) == 2)

    receiver.answer = lambda n: 410
    refused = office.run("webhooks", "test", webhook, code=exits.PROBLEM)
    assert "HTTP 410" in refused.stdout
    assert "wants no more" in refused.stdout
    write(office, "urn:test:b")
    stopped = waiting_for(lambda: office.json("webhooks", "show", webhook), lambda one: one["status"] == "stopped")
    assert stopped["problem"]["code"] == "webhook-gone"
    shown = office.run("webhooks", "show", webhook).stdout
    assert "STOPPED" in shown
    assert "pupitre webhooks retry" in shown
    assert webhook in office.run("webhooks", "list", "--stopped").stdout

    receiver.answer = lambda n: 200
    office.run("webhooks", "retry", webhook)
    receiver.until(lambda seen: len(seen.taken) == 3)
    assert receiver.subjects() == ["webhook.test", "urn:test:a", "urn:test:b"]
    assert webhook not in office.run("webhooks", "list", "--stopped").stdout


def test_a_webhook_is_changed_given_another_secret_and_deleted(office: Any, receiver: Receiver) -> None:
    made = office.json("webhooks", "create", "https://si.example/", "--kind", "fetch.done")
    webhook = made["id"]
    changed = office.json("webhooks", "change", webhook, "--url", receiver.url)
    assert (changed["url"], changed["kinds"], changed["version"]) == (receiver.url, ["fetch.done"], 2)
    assert office.json("webhooks", "change", webhook, "--every-kind")["kinds"] == []
    assert office.json("webhooks", "change", webhook, "--kind", "job.dead", "--after", "0")["kinds"] == ["job.dead"]
    rotated = office.run("webhooks", "rotate", webhook, "--overlap", "48")
    assert rotated.stdout.strip() not in ("", made["secret"])
    assert "the old one signs until" in rotated.stderr
    assert "Deleted" in office.run("webhooks", "delete", webhook).stdout
    office.run("webhooks", "show", webhook, code=exits.PROBLEM)
