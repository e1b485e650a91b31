"""Two real nodes: `provider` publishes, `consumer` hosts a second participant and has done everything once."""

import dataclasses
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from connector.app import ROOT
from connector.sdk import Client, calls
from connector.services.roles import ROLES
from connector.store import inbox, tables
from connector.store.db import Tx
from connector.store.inbox import Newcomer
from connector.store.jobs import Job
from tests.harness.nodes import BY, publish
from tests.harness.threaded import Running, in_thread

SECOND = "sde-demo"
CARD = {"legal_name": "Métropole", "representative_function": "La présidente", "contact_role": "Service des données"}


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with in_thread(tmp_path_factory.mktemp("api") / "provider") as running:
        running.do(publish(running.node))
        running.do(publish(running.node, "reserve", mode="manual"))
        yield running


@pytest.fixture(scope="session")
def consumer(tmp_path_factory: pytest.TempPathFactory, provider: Running) -> Iterator[Running]:
    with in_thread(tmp_path_factory.mktemp("api") / "consumer") as running:
        running.do(running.node.hosts.add(SECOND, "Syndicat de Démo"))
        running.do(running.node.introduce.add(ROOT, provider.did, "Fournisseur", by=BY))
        yield running


@pytest.fixture(scope="session")
def second_keys(consumer: Running) -> dict[str, str]:
    """A key of the second participant for each role."""
    return {role: consumer.key_for(SECOND, role) for role in ROLES}


@pytest.fixture
def api(consumer: Running) -> Iterator[Client]:
    """The consumer's API, with an administration key."""
    with Client(consumer.url, consumer.key, language="en") as client:
        yield client


@pytest.fixture
def provider_api(provider: Running) -> Iterator[Client]:
    """The provider's API."""
    with Client(provider.url, provider.key, language="en") as client:
        yield client


@dataclasses.dataclass(frozen=True)
class Seeded:
    """Identifiers of things that the consumer's first participant has."""

    dataset_id: str
    offer_id: str
    did: str
    pid: str
    agreement_id: str
    contract_id: str
    transfer: str
    key_id: str
    kind: str
    key: str
    webhook_id: str
    seal_key: str
    attestation_id: str


@pytest.fixture(scope="session")
def seeded(consumer: Running, provider: Running) -> Seeded:
    offer = consumer.do(publish(consumer.node, "feux"))
    with Client(consumer.url, consumer.key) as client:
        pid = client.request_access(provider.did, "urn:test:lampadaires")["pid"]
        agreement = settled_negotiation(client, pid)
        contract = sealed(client, agreement)
        transfer = client.request_transfer(agreement)["pid"]
        seen = client.show_transfer(transfer)
        while seen["state"] != "STARTED":
            seen = client.show_transfer(transfer, wait=10, version=seen["version"])
        client.fetch_transfer(transfer)
        webhook = client.create_webhook("http://127.0.0.1:9/nobody", ["process.diverged"])["id"]
        attested = client.attest_peer(provider.did, "category", "Le DSI", about="Collectivite")["id"]
        key_id = next(key["id"] for key in client.each(calls.list_keys()) if key["owner"] is None)
    seal_key = consumer.do(consumer.node.seals.rotate(ROOT, by=BY)).name
    kind, key = "negotiation", "urn:uuid:nobody"
    consumer.do(consumer.node.store.write(lambda tx: _leave_dead(tx, kind, key)))
    consumer.do(consumer.node.hosts.set_card(ROOT, CARD, by=BY))
    knocked = Newcomer(owner=ROOT, did=provider.did, thumbprint="x" * 43, message="ContractRequestMessage", about="")
    consumer.do(consumer.node.store.write(lambda tx: inbox.put(tx, knocked)))  # before it was known
    return Seeded(
        "urn:test:feux", offer, provider.did, pid, agreement, contract, transfer, key_id, kind, key, webhook, seal_key,
        attested,
    )  # fmt: skip


def settled_negotiation(client: Client, pid: str) -> str:
    """Return the agreement of a negotiation once it is concluded."""
    seen = client.show_negotiation(pid)
    while seen["state"] != "FINALIZED":
        seen = client.show_negotiation(pid, wait=10, version=seen["version"])
    assert seen["agreement"] is not None
    return seen["agreement"]


def sealed(client: Client, agreement: str) -> str:
    """Return what is sealed of an agreement, once it is: one-sided evidence, since these nodes had no cards."""
    ends_at = time.monotonic() + 60
    while not (found := client.list_contracts(search=agreement)["items"]):
        assert time.monotonic() < ends_at
        time.sleep(0.05)
    return str(found[0]["id"])


def _leave_dead(tx: Tx, kind: str, key: str) -> None:
    """Leave a job as it stands after ten failures."""
    tx.enqueue(Job(kind, ROOT, key, run_at=datetime(2099, 1, 1, tzinfo=UTC)))
    this = tables.jobs.c.key == key
    tx.connection.execute(tables.jobs.update().where(this).values(status="dead", problem="ten failures"))


@pytest.fixture(scope="session")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A node whose patience with bodies is short, and whose language is English."""
    with in_thread(tmp_path_factory.mktemp("api") / "slow", body_timeout_s=0.2, language="en") as running:
        yield running
