"""What was made pending before the answer to another message of ours came leaves as soon as that answer is here."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from connector.app import ROOT, Node, build_app
from connector.protocol import negotiation as n
from connector.protocol import transfer as t
from connector.protocol.machine import Role
from connector.services import deciders, exchange
from connector.services.exchange import Answer, Delivery
from connector.services.settle import Exchange
from connector.settings import load
from connector.store import job_rows, jobs, negotiations, transfers
from connector.store.db import Tx
from connector.store.jobs import Job
from connector.store.negotiations import Negotiation
from connector.store.transfers import Transfer

PID, PEER = "urn:test:process", "did:web:peer.example"
SHARED: dict[str, Any] = {
    "owner": ROOT,
    "pid": PID,
    "peer": PEER,
    "peer_pid": "urn:test:theirs",
    "peer_url": "http://127.0.0.1:1",
    "dataset": "urn:test:x",
}


@dataclass
class Runner:
    """Notes what it is told to run, and runs nothing."""

    name: str = "here"
    started: list[Job] = field(default_factory=list)
    ended: list[Job] = field(default_factory=list)

    def lease(self) -> str:
        return job_rows.lease_name(self.name, 1)

    def free(self, kind: str) -> int:
        return 9

    def start(self, job: Job) -> None:
        self.started.append(job)

    def finished(self, job: Job) -> None:
        self.ended.append(job)


def negotiation() -> Negotiation:
    offered = {"offer_id": "urn:test:offer", "offer": "{}", "offer_by": "provider"}
    return Negotiation(role=Role.CONSUMER, state=n.OFFERED, **offered, **SHARED)


def transfer() -> Transfer:
    return Transfer(role=Role.CONSUMER, state=t.STARTED, agreement="urn:test:a", format="HttpData-PULL", **SHARED)


def agreed(row: Negotiation) -> Negotiation:
    """Bring a negotiation to where the peer's agreement does, which overtakes its answer to our acceptance."""
    row.state, row.pending, row.pending_body, row.pending_at = n.AGREED, None, None, None
    return row


def as_it_is(row: Transfer) -> Transfer:
    return row


LINES: dict[str, tuple[Callable[[Node], Exchange[Any]], Any, Callable[[], Any], str, Callable[[Any], Any], str]] = {
    "negotiation": (lambda node: node.negotiate, negotiations, negotiation, n.ACCEPT, agreed, n.VERIFICATION),
    "transfer": (lambda node: node.transfer, transfers, transfer, t.SUSPENSION, as_it_is, t.TERMINATION),
}


@pytest.mark.parametrize("line", LINES)
def test_what_is_pending_now_goes_on_under_the_same_lease(tmp_path: Path, line: str) -> None:
    service_of, rows, row, first, overtaken, then = LINES[line]

    async def run() -> None:
        node = await build_app(load(environ={}, data_dir=tmp_path, public_port=0, private_port=0))
        runner = Runner()
        node.store.local.attach(runner)
        try:
            await node.hosts.add(ROOT, "Essai")
            service = service_of(node)

            def send(tx: Tx, kind: str, process: Any) -> None:
                exchange.answer(tx, service.line, process, Answer(kind, deciders.CARRIED_THROUGH))
                rows.save(tx, process)

            await node.store.write(lambda tx: (process := row(), rows.save(tx, process), send(tx, first, process)))
            (job,) = runner.started
            delivery = job.known
            assert isinstance(delivery, Delivery)
            await node.store.write(lambda tx: send(tx, then, overtaken(rows.load(tx, ROOT, PID))))
            assert runner.started == [job], "it runs already"
            assert await service.acknowledged(job, delivery, b"")
            again = runner.started[-1]
            assert (len(runner.started), runner.ended) == (2, [job])
            assert isinstance(again.known, Delivery)
            assert (again.known.kind, again.leased_by) == (then, job.leased_by)
            assert await service.due(again) == replace(again.known, is_new=True)
            assert await service.acknowledged(again, again.known, b"")
            assert await node.store.read(lambda tx: jobs.about(tx, ROOT, PID)) == []
        finally:
            node.store.local.detach(runner)
            await node.close()

    asyncio.run(asyncio.wait_for(run(), 60))
