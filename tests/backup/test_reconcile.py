"""A restored node next to partners that moved on: each process is followed or reported, nothing is silently wrong."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connector.app import ROOT, Node
from connector.clock import SystemClock
from connector.services.backup.restore import Restored, restore
from connector.services.backup.take import KeysFile, take
from connector.services.reconcile import told
from connector.settings import Settings
from connector.store import agreements, journal, negotiations, restores, transfers
from connector.store.restores import Reconciliation
from connector.store.tables import grants
from tests.backup.conftest import PASSPHRASE, at
from tests.harness import nodes
from tests.tools.ports import free_port

WITHIN_S = 90
OPEN, MANUAL = "urn:test:lampadaires", "urn:test:reserve"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def databases(request: pytest.FixtureRequest) -> Iterator[tuple[str | None, str | None]]:
    """The provider's database before the restoration, and after it."""
    if request.param == "sqlite":
        yield None, None
        return
    postgres = request.getfixturevalue("postgres")
    with postgres.fresh_database() as before, postgres.fresh_database() as after:
        yield before, after


class Kept:
    """A backup of one of the nodes."""

    def __init__(self, folder: Path, name: str, settings: Settings) -> None:
        self.settings = settings
        self.file = folder / f"{name}.zip"
        self.keys = KeysFile(folder / f"{name}.keys", PASSPHRASE)

    async def take(self) -> None:
        await asyncio.to_thread(take, self.settings, self.file, self.keys, program="test", now=SystemClock().now())

    def restore(self, settings: Settings) -> Restored:
        now = SystemClock().now()
        return restore(settings, self.file, self.keys, keep_api_keys=False, root=ROOT, now=now)


async def begin(consumer: Node, provider: Node) -> tuple[str, str]:
    """Ask for the dataset about which a person decides; return both identifiers."""
    negotiation = await nodes.ask(consumer, provider.addresses.did(ROOT), MANUAL)
    asked = await nodes.until_negotiation(consumer, negotiation.pid, "REQUESTED")
    return asked.pid, asked.peer_pid or ""


async def deliver(consumer: Node, agreement: str) -> tuple[str, str]:
    """Start a transfer; return both identifiers."""
    transfer = await consumer.transfer.request(ROOT, agreement, by=nodes.BY)
    started = await nodes.until_transfer(consumer, transfer.pid, "STARTED", within_s=WITHIN_S)
    return started.pid, started.peer_pid or ""


async def reconciled(node: Node) -> dict[str, Reconciliation]:
    """Return how each process stands, once nothing waits for the partner any more."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            found = await node.store.read(lambda tx: restores.page(tx, ROOT, "", 500))
            if all(one.outcome != "waiting" for one in found):
                return {one.process: one for one in found}
            await asyncio.sleep(0.05)


async def until_problem(node: Node, pid: str, code: str) -> None:
    async with asyncio.timeout(WITHIN_S):
        while True:
            found = await node.store.read(lambda tx: transfers.peek(tx, ROOT, pid))
            if (found.problem or {}).get("code") == code and found.pending is None:
                return
            await asyncio.sleep(0.05)


def test_an_old_backup_next_to_a_partner_that_moved_on(
    tmp_path: Path, databases: tuple[str | None, str | None]
) -> None:
    asyncio.run(_play(tmp_path, *databases))


async def _play(folder: Path, database: str | None, fresh: str | None) -> None:
    port, other_port = free_port(), free_port()
    ours = Kept(folder, "ours", at(folder / "ours", port, database))
    theirs = Kept(folder, "theirs", at(folder / "theirs", other_port))
    async with nodes.running(folder / "theirs", public_port=other_port) as consumer:
        names = await _before_and_after(folder, port, database, ours, consumer)
        await theirs.take()
        settings = at(folder / "restored", port, fresh)
        done = await asyncio.to_thread(ours.restore, settings)
        assert (done.restore.n, done.waiting) == (1, 10)
        async with nodes.running(folder / "restored", database=fresh, public_port=port) as provider:
            await _check_provider(provider, consumer, names)
    again = at(folder / "again", other_port)
    theirs.restore(again)
    async with (
        nodes.running(folder / "restored", database=fresh, public_port=port),
        nodes.running(folder / "again", public_port=other_port) as consumer,
    ):
        await _check_consumer(consumer, names)


async def _before_and_after(
    folder: Path, port: int, database: str | None, ours: Kept, consumer: Node
) -> dict[str, tuple[str, str]]:
    """Play until the backup and beyond it; return the identifiers of every process, the consumer's first."""
    async with nodes.running(folder / "ours", database=database, public_port=port) as provider:
        await nodes.publish(provider)
        await nodes.publish(provider, "reserve", mode="manual")
        agreement = await nodes.agreed(consumer, provider)
        did = {name: await begin(consumer, provider) for name in ("accepted", "ended", "waiting")}
        kinds = ("open", "suspended", "completed", "resumed", "halted", "finished")
        did |= {name: await deliver(consumer, agreement) for name in kinds}
        await provider.transfer.suspend(ROOT, did["resumed"][1], by=nodes.BY)
        await nodes.until_transfer(consumer, did["resumed"][0], "SUSPENDED")
        await ours.take()
        await _move_on(provider, consumer, did)
        did["new"] = await deliver(consumer, agreement)
        return did


async def _move_on(provider: Node, consumer: Node, did: dict[str, tuple[str, str]]) -> None:
    await provider.negotiate.accept(ROOT, did["accepted"][1], by=nodes.BY)
    await consumer.negotiate.terminate(ROOT, did["ended"][0], "test", "no more", by=nodes.BY)
    await consumer.transfer.suspend(ROOT, did["suspended"][0], by=nodes.BY)
    await consumer.transfer.complete(ROOT, did["completed"][0], by=nodes.BY)
    await provider.transfer.start(ROOT, did["resumed"][1], by=nodes.BY)
    await provider.transfer.suspend(ROOT, did["halted"][1], by=nodes.BY)
    await consumer.transfer.terminate(ROOT, did["finished"][0], "test", "enough", by=nodes.BY)
    await nodes.until_negotiation(consumer, did["accepted"][0], "FINALIZED", within_s=WITHIN_S)
    await nodes.until_negotiation(consumer, did["ended"][0], "TERMINATED", within_s=WITHIN_S)
    expected = {"suspended": "SUSPENDED", "completed": "COMPLETED", "resumed": "STARTED", "halted": "SUSPENDED"}
    for name, state in expected.items():
        await nodes.until_transfer(consumer, did[name][0], state, within_s=WITHIN_S)
    await nodes.until_transfer(consumer, did["finished"][0], "TERMINATED", within_s=WITHIN_S)


async def _check_provider(provider: Node, consumer: Node, did: dict[str, tuple[str, str]]) -> None:
    found = await reconciled(provider)
    named = {name: found[pids[1]] for name, pids in did.items() if pids[1] in found}
    assert {name: (one.outcome, one.state, one.peer_state) for name, one in named.items()} == {
        "accepted": ("differs", "REQUESTED", "FINALIZED"),
        "ended": ("moved", "TERMINATED", "TERMINATED"),
        "waiting": ("agrees", "REQUESTED", "REQUESTED"),
        "open": ("agrees", "STARTED", "STARTED"),
        "suspended": ("moved", "SUSPENDED", "SUSPENDED"),
        "completed": ("moved", "COMPLETED", "COMPLETED"),
        "resumed": ("differs", "SUSPENDED", "STARTED"),
        "halted": ("moved", "SUSPENDED", "SUSPENDED"),
        "finished": ("moved", "TERMINATED", "TERMINATED"),
    }
    for one in found.values():
        assert all(told(one)[language].strip() for language in ("fr", "en"))
        await provider.store.read(lambda tx, pid=one.process: journal.verify(tx, ROOT, pid))
    await _check_divergence(provider, did)
    await _check_that_both_go_on(provider, consumer, did)
    await _check_unknown(consumer, did["new"][0])


async def _check_divergence(provider: Node, did: dict[str, tuple[str, str]]) -> None:
    row = await provider.store.read(lambda tx: negotiations.peek(tx, ROOT, did["accepted"][1]))
    assert (row.problem or {})["code"] == "divergence"
    kinds = await provider.store.read(lambda tx: [one.kind for one in journal.page(tx, ROOT, row.pid)])
    assert kinds[-3:] == ["restored", "divergence", "reconciled"]


async def _check_that_both_go_on(provider: Node, consumer: Node, did: dict[str, tuple[str, str]]) -> None:
    """What waited for a person is decided; what was open stays open, with another token; what differs is repaired."""
    await provider.negotiate.accept(ROOT, did["waiting"][1], by=nodes.BY)
    final = await nodes.until_negotiation(consumer, did["waiting"][0], "FINALIZED", within_s=WITHIN_S)
    stored = await provider.store.read(lambda tx: agreements.load(tx, ROOT, final.agreement or ""))
    assert stored.status == "active"
    await nodes.until_transfer(provider, did["open"][1], "STARTED", within_s=WITHIN_S)
    of_open = select(grants.c.kind).where(grants.c.transfer == did["open"][1])
    assert await provider.store.read(lambda tx: tx.connection.execute(of_open).all())
    await provider.transfer.start(ROOT, did["resumed"][1], by=nodes.BY)
    await nodes.until_transfer(provider, did["resumed"][1], "STARTED", within_s=WITHIN_S)


async def _check_unknown(consumer: Node, pid: str) -> None:
    """A process that the restored node has forgotten is found by the partner's next word."""
    await consumer.transfer.suspend(ROOT, pid, by=nodes.BY)
    await until_problem(consumer, pid, "peer-404")


async def _check_consumer(consumer: Node, did: dict[str, tuple[str, str]]) -> None:
    """The partner is restored too, to a moment that the first node has forgotten."""
    found = await reconciled(consumer)
    outcomes = {name: found[pids[0]].outcome for name, pids in did.items() if pids[0] in found}
    assert outcomes == {
        "accepted": "differs",
        "ended": "agrees",
        "waiting": "differs",
        "open": "agrees",
        "suspended": "agrees",
        "completed": "agrees",
        "resumed": "agrees",
        "halted": "agrees",
        "finished": "agrees",
        "new": "unknown",
    }
    row: Any = await consumer.store.read(lambda tx: transfers.peek(tx, ROOT, did["new"][0]))
    assert row.problem["code"] == "divergence"
