"""Schemathesis against the real listener: no input makes the management API fail.

Two nodes with a past stand in a thread of their own: datasets, offers, a peer, a concluded and an undecided
negotiation, an agreement, a started transfer. Half of the path parameters that schemathesis makes up are replaced by
identifiers of theirs, so that what lies behind the look-up is reached too. tests/api/test_every_operation.py is the
other half of the proof: each operation answers 2xx at least once.
"""

import asyncio
import contextlib
import random
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable

from connector.app import ROOT
from connector.services.roles import ADMINISTRATION
from tests.harness import nodes
from tests.tools.ports import free_port

pytestmark = pytest.mark.slow
EXAMPLES = 6
NOT_HTTP = "Invalid HTTP request received."
"""What the server itself says to a request line or header that is no HTTP; the application never sees it."""


@dataclass
class Stand:
    """A seeded node, as its API is reached."""

    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    ids: dict[str, list[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Two nodes in a thread with a loop of their own, until the last test has run."""
    found, ready, ended = Stand(), threading.Event(), threading.Event()
    folder = tmp_path_factory.mktemp("fuzz")
    thread = threading.Thread(target=lambda: asyncio.run(_live(folder, found, ready, ended)))
    thread.start()
    assert ready.wait(60), "the nodes did not start"
    yield found
    ended.set()
    thread.join(30)


@pytest.fixture(scope="module")
def api(stand: Stand) -> Any:
    """The schema that the node itself publishes."""
    return schemathesis.openapi.from_url(f"{stand.url}/api/v1/openapi.json", headers=stand.headers)


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_no_input_makes_the_api_fail(api: Any, stand: Stand, mode: str) -> None:
    """Requests that follow the schema, and requests that break it: clear answers, never a failure of ours."""
    answers: Counter[str] = Counter()
    for operation in (found.ok() for found in api.get_all_operations()):
        if operation.path.endswith("/stream"):  # its answer has no end
            continue
        strategy = operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode))
        _try(strategy, stand, answers)
    assert sum(answers.values()) > 3 * len(list(api.get_all_operations()))
    assert answers["4xx"], answers


def _try(strategy: Any, stand: Stand, answers: "Counter[str]") -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(case=strategy)
    def attempt(case: schemathesis.Case) -> None:
        chance = random.Random(repr(case.path_parameters))
        for name in list(case.path_parameters or {}):
            if name in stand.ids and chance.random() < 0.5:
                case.path_parameters[name] = chance.choice(stand.ids[name])
        if "wait" in (case.query or {}):
            case.query["wait"] = 0
        if chance.random() < 0.8:
            case.headers = {}  # a stranger's X-Pupitre-Owner is refused before anything else is looked at
        answer = case.call(headers=stand.headers, timeout=20)
        answers[f"{answer.status_code // 100}xx"] += 1
        assert answer.status_code < 500, f"{case.method} {answer.request.url}: {answer.text}"
        if answer.status_code >= 400 and answer.text != NOT_HTTP:
            assert answer.headers["content-type"] == ["application/problem+json"], answer.text

    with contextlib.suppress(Unsatisfiable):  # nothing in this operation can break its schema
        attempt()


async def _live(folder: Path, found: Stand, ready: threading.Event, ended: threading.Event) -> None:
    port = free_port()
    async with (
        nodes.running(folder / "provider", private_port=port) as node,
        nodes.running(folder / "consumer") as consumer,
    ):
        _, secret = await node.hosts.issue_key(None, "fuzz", ADMINISTRATION)
        found.url, found.headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {secret}"}
        found.ids = await _seed(node, consumer)
        async with httpx.AsyncClient(headers=found.headers) as client:
            keys = (await client.get(f"{found.url}/api/v1/keys")).json()["items"]
        found.ids["key_id"] = ["urn:no-such-key"]  # revoking our own key would end the run
        assert keys
        ready.set()
        while not ended.is_set():
            await asyncio.sleep(0.05)


async def _seed(node: nodes.Node, consumer: nodes.Node) -> dict[str, list[str]]:
    """Give both nodes a past; return identifiers by the name of their path parameter."""
    await nodes.publish(node)
    undecided = await nodes.publish(node, "horodateurs", mode="manual")
    agreement = await nodes.agreed(consumer, node)
    transfer = await consumer.transfer.request(ROOT, agreement, by=nodes.BY)
    await nodes.until_transfer(consumer, transfer.pid, "STARTED")
    asked = await nodes.ask(consumer, node.addresses.did(ROOT), "urn:test:horodateurs")
    await nodes.until_negotiation(consumer, asked.pid, "REQUESTED")
    did = await nodes.acquaint(node, consumer)
    negotiations = await node.store.read(lambda tx: nodes.negotiations.page(tx, ROOT))
    transfers = await node.store.read(lambda tx: nodes.transfers.page(tx, ROOT))
    talks, flows = [row.pid for row in negotiations], [row.pid for row in transfers]
    return {
        "dataset_id": ["urn:test:lampadaires", "urn:test:horodateurs"],
        "offer_id": [undecided],
        "did": [did],
        "pid": [*talks, *flows],
        "agreement_id": [agreement],
        "contract_id": [agreement],
        "process": [*talks, *flows],
        "kind": ["negotiation", "transfer"],
        "key": talks,
    }
