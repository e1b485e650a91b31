"""Twenty-four hours of two nodes in virtual time: `python -m tests.simulator.day` plays them and prints what it saw.

Every hour people on both sides begin negotiations and transfers, read bytes, renew tokens and addresses, suspend and
resume; some agreements end within the day. Nodes are stopped or killed and come back, at once or hours later, and what
was asked for meanwhile waits. A few transfers stay open all day. The hourly sweep runs as on a node that serves.

A process of its own plays the day, so that what it measures is its own: after each hour the garbage is collected and
the resident memory read, with the rows of every table. (A kill copies the database, which takes memory that is not the
nodes'.) Bytes are read within the loop's turn, since a thread would not know of virtual time.
"""

import asyncio
import gc
import json
import logging
import random
import sys
import tempfile
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, Future
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode, urlsplit

import psutil
from sqlalchemy import Row, func, select

from connector.app import ROOT, Node
from connector.clock import VirtualClock
from connector.dataplane.transfers import http_pull
from connector.identity.replays import MemoryReplays
from connector.peer.client import Answer, Call
from connector.peer.errors import Unreachable
from connector.problems import Problem
from connector.protocol import negotiation as n
from connector.protocol import transfer as t
from connector.protocol.machine import Role
from connector.settings import Settings, load
from connector.store import fetches, jobs, journal, negotiations, tables, transfers
from connector.store.db import Tx
from tests.harness import nodes
from tests.simulator import network, virtual
from tests.simulator.network import Host, Network
from tests.simulator.places import Place, make_template

HOURS = 24
HOUR = timedelta(hours=1)
EVENTS_KEPT_DAYS = 0.25
AWAY = {Role.CONSUMER: (5, 8), Role.PROVIDER: (13, 15)}
"""From which hour to which a node is not there."""
RESTARTS = {Role.CONSUMER: (2, 10, 17, 21), Role.PROVIDER: (3, 9, 18, 22)}
"""In which hours a node is stopped or killed, and started again at once."""
PER_HOUR = 8
READ_EVERY_S = 900.0
PATIENCE = timedelta(hours=1)


class Inline(Executor):
    """Does at once what is handed to it."""

    def __init__(self, **_: Any) -> None:
        """Take what a pool of threads takes."""

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **named: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(work(*arguments, **named))
        except BaseException as error:  # the caller's, not ours
            future.set_exception(error)
        return future


@dataclass
class Home(Place):
    """A place whose node forgets events after six hours."""

    @property
    def settings(self) -> Settings:
        return load(
            environ={}, data_dir=self.folder, public_url=f"http://{self.host}", public_port=0, private_port=0,
            unknown_peers="admit", events_kept_days=EVENTS_KEPT_DAYS,
        )  # fmt: skip


@dataclass
class Hour:
    """What was measured at the end of an hour."""

    hour: int
    rss_bytes: int
    rows: dict[str, dict[str, int]]
    """By node and table; of a node that is not there, nothing."""
    replays: dict[str, int]


@dataclass
class Report:
    """What the day came to."""

    hours: list[Hour] = field(default_factory=list)
    reads: int = 0
    renewals: int = 0
    stopped: int = 0
    """Transfers that were ended by the end of their agreement."""
    restarts: int = 0
    unanswered: int = 0
    """Calls to a node that was not there."""
    states: dict[str, int] = field(default_factory=dict)
    """How many processes ended how, seen from both sides."""
    differing: list[str] = field(default_factory=list)
    """Processes whose two sides stand in different states, and nobody who looks is told."""
    refused: dict[str, int] = field(default_factory=dict)
    """Requests that never began at the partner, by what a person is told."""
    open_jobs: list[str] = field(default_factory=list)
    """Jobs that are left, but for the hourly sweep."""
    dead_jobs: list[str] = field(default_factory=list)
    broken_chains: list[str] = field(default_factory=list)
    old_events: int = 0
    stale_grants: int = 0
    """Data tokens of transfers that are not open."""
    problems: list[str] = field(default_factory=list)


class Day:
    """The two nodes and their people."""

    def __init__(self, folder: Path, hours: int = HOURS, seed: int = 24) -> None:
        self.hours = hours
        self.seed = seed
        self.chance = random.Random(f"day {seed}")
        self.clock = VirtualClock()
        self.net = Network(self.clock)
        self.net.serve = self._serve
        self.homes = {
            Role.CONSUMER: Home("consumer", "127.0.0.1:1001", folder / "consumer"),
            Role.PROVIDER: Home("provider", "127.0.0.1:1002", folder / "provider"),
        }
        self.by_host = {home.host: home for home in self.homes.values()}
        self.report = Report()
        self.long: list[str] = []
        """Transfers that stay open all day, by the consumer's identifier."""

    def play(self) -> Report:
        """Let the day pass."""
        with virtual.simulated(self.seed), patch("connector.app.ThreadPoolExecutor", Inline):
            virtual.run(self._pass(), self.clock)
        return self.report

    async def _pass(self) -> None:
        self.clock.advance(timedelta(days=1))
        for home in self.homes.values():
            await self._wake(home)
        begun = self.clock.now()
        for hour in range(self.hours):
            await asyncio.gather(self._come_and_go(hour), self._live(hour))
            await self.net.pause((begun + (hour + 1) * HOUR - self.clock.now()).total_seconds())
            await self._measure(hour + 1)
        for pid in self.long:
            await self._ask(Role.CONSUMER, lambda node, pid=pid: node.transfer.complete(ROOT, pid, by=nodes.BY))
        await self._until_quiet()
        await self._judge()
        for home in self.homes.values():
            await self._stop(home)

    # --- nodes come and go --------------------------------------------------------------------------------------------

    async def _come_and_go(self, hour: int) -> None:
        hour %= 24  # a longer run is several such days
        for role, home in self.homes.items():
            leaves, comes_back = AWAY[role]
            if hour == leaves:
                await self.net.pause(600)
                await self._kill(home)
            if hour == comes_back:
                await self.net.pause(600)
                await self._wake(home)
            if hour in RESTARTS[role]:
                await self.net.pause(self.chance.uniform(60, 1200))
                await (self._kill(home) if self.chance.random() < 0.5 else self._stop(home))
                await self._wake(home)

    async def _wake(self, home: Home) -> None:
        node = await home.wake(self.clock, self.net)
        home.spawn(node.replicas.keep())
        await node.sweep.begin()
        self.report.restarts += 1

    async def _kill(self, home: Home) -> None:
        tasks = list(home.tasks)
        home.crash()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _stop(self, home: Home) -> None:
        node, tasks = home.node, list(home.tasks)
        home.node = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if node is not None:
            await node.close()

    async def _serve(self, host: Host, call: Call) -> Answer:
        home = self.by_host[host]
        if home.node is None:
            self.report.unanswered += 1
            raise Unreachable("refused", host)
        request = home.spawn(network.call_app(home.node.public, call))
        await asyncio.wait([request])
        if request.cancelled():
            raise Unreachable("closed", host)
        answer: Answer = request.result()
        return answer

    # --- people -------------------------------------------------------------------------------------------------------

    async def _ask(self, role: Role, act: Callable[[Node], Awaitable[Any]]) -> Any:
        """Have a person act at a node, if it is there; what is refused is refused."""
        home = self.homes[role]
        if home.node is None:
            return None
        task = home.spawn(act(home.node))
        await asyncio.wait([task])
        if task.cancelled():
            return None
        if isinstance(task.exception(), Problem):
            return None
        return task.result()

    async def _live(self, hour: int) -> None:
        """Let an hour of work begin; nothing of it lasts longer than the hour, but for what stays open all day."""
        await self._renew_the_offer()
        works = [self._share(number) for number in range(PER_HOUR)]
        works += [self._refuse(), self._propose(), self._expire()]
        if hour % 24 in (0, 1, 9):
            works.append(self._subscribe())
        works += [self._read_all_hour(pid) for pid in self.long]
        await asyncio.gather(*works)

    async def _renew_the_offer(self) -> None:
        """Offer something anew each hour that ends forty minutes later."""
        until = (self.clock.now() + timedelta(minutes=40)).strftime("%Y-%m-%dT%H:%M:%SZ")
        limit = {
            "leftOperand": "dateTime",
            "operator": "lteq",
            "rightOperand": {"@type": "xsd:dateTime", "@value": until},
        }
        policy = {"permission": [{"action": "use", "constraint": [limit]}]}
        named = {"dataset": "urn:test:automatic", "policy": policy, "mode": "automatic", "offer_id": "urn:offer:brief"}
        await self._ask(Role.PROVIDER, lambda node: node.publish.put_offer(ROOT, by=nodes.BY, **named))
        self.brief = policy

    async def _negotiated(self, offer_id: str, policy: dict[str, Any], wait_s: float = 120.0) -> str | None:
        """Return our negotiation once it is concluded, None when it is not within the time."""
        provider = self.homes[Role.PROVIDER].did
        target = "urn:test:manual" if offer_id == "urn:offer:manual" else "urn:test:automatic"
        offer = {"@id": offer_id, "@type": "Offer", "target": target, **policy, "assigner": provider}
        row = await self._ask(Role.CONSUMER, lambda node: node.negotiate.request(ROOT, provider, offer, by=nodes.BY))
        if row is None:
            return None
        return row.pid if await self._until(Role.CONSUMER, negotiations.peek, row.pid, n.FINALIZED, wait_s) else None

    async def _opened(self, negotiation: str) -> str | None:
        """Return a transfer of a concluded negotiation once it is started."""
        found = await self._ask(Role.CONSUMER, lambda node: _peek(node, negotiations.peek, negotiation))
        if found is None:
            return None
        row = await self._ask(Role.CONSUMER, lambda node: node.transfer.request(ROOT, found.agreement, by=nodes.BY))
        is_open = row is not None and await self._until(Role.CONSUMER, transfers.peek, row.pid, t.STARTED, 120)
        return row.pid if is_open else None

    async def _share(self, number: int) -> None:
        """One whole exchange: negotiation, transfer, bytes, perhaps a suspension, the end."""
        await self.net.pause(self.chance.uniform(0, 1800))
        negotiation = await self._negotiated("urn:offer:automatic", nodes.OPEN)
        pid = await self._opened(negotiation) if negotiation else None
        if pid is None:
            return
        await self._read(pid)
        if number % 2:
            await self._ask(
                Role.CONSUMER, lambda node: node.transfer.suspend(ROOT, pid, "pause", "Pause.", by=nodes.BY)
            )
            await self.net.pause(self.chance.uniform(30, 300))
            await self._ask(Role.CONSUMER, lambda node: node.transfer.start(ROOT, pid, by=nodes.BY))
            await self.net.pause(30)
            await self._read(pid)
        await self._ask(Role.CONSUMER, lambda node: node.transfer.complete(ROOT, pid, by=nodes.BY))

    async def _refuse(self) -> None:
        """A request that a person at the provider refuses."""
        provider = self.homes[Role.PROVIDER].did
        offer = {"@id": "urn:offer:manual", "@type": "Offer", "target": "urn:test:manual", **nodes.OPEN}
        row = await self._ask(
            Role.CONSUMER,
            lambda node: node.negotiate.request(ROOT, provider, {**offer, "assigner": provider}, by=nodes.BY),
        )
        await self.net.pause(300)
        seen = row and await self._ask(Role.CONSUMER, lambda node: _peek(node, negotiations.peek, row.pid))
        if seen is not None and seen.peer_pid is not None:
            theirs = seen.peer_pid
            await self._ask(
                Role.PROVIDER, lambda node: node.negotiate.terminate(ROOT, theirs, "no", "No.", by=nodes.BY)
            )

    async def _propose(self) -> None:
        """An offer of the provider that a person at the consumer accepts."""
        consumer = self.homes[Role.CONSUMER].did
        row = await self._ask(
            Role.PROVIDER, lambda node: node.negotiate.offer(ROOT, consumer, "urn:offer:manual", by=nodes.BY)
        )
        await self.net.pause(300)
        seen = row and await self._ask(Role.PROVIDER, lambda node: _peek(node, negotiations.peek, row.pid))
        if seen is not None and seen.peer_pid is not None:
            ours = seen.peer_pid
            await self._ask(Role.CONSUMER, lambda node: node.negotiate.accept(ROOT, ours, by=nodes.BY))

    async def _expire(self) -> None:
        """An agreement that ends within the hour: its bytes are had before, and not after."""
        negotiation = await self._negotiated("urn:offer:brief", self.brief)
        pid = await self._opened(negotiation) if negotiation else None
        if pid is None:
            return
        before = await self._read(pid)
        await self.net.pause(45 * 60)
        if await self._read(pid) == 200 and before == 200:
            self.report.problems.append(f"{pid}: read after the end of its agreement")
        row = await self._ask(Role.CONSUMER, lambda node: _peek(node, transfers.peek, pid))
        self.report.stopped += row is not None and row.state == t.TERMINATED
        await self._ask(Role.CONSUMER, lambda node: node.transfer.terminate(ROOT, pid, "end", "Over.", by=nodes.BY))

    async def _subscribe(self) -> None:
        """A transfer that stays open all day."""
        negotiation = await self._negotiated("urn:offer:automatic", nodes.OPEN)
        pid = await self._opened(negotiation) if negotiation else None
        if pid is not None:
            self.long.append(pid)

    async def _read_all_hour(self, pid: str) -> None:
        """Read now and then, with tokens that have died meanwhile; once the provider writes another address."""
        for number in range(int(3000 / READ_EVERY_S)):
            await self.net.pause(READ_EVERY_S)
            await self._read(pid)
            if number == 1:
                await self._start_again(pid)

    async def _start_again(self, pid: str) -> None:
        """Have the provider write another address of a transfer."""
        row = await self._ask(Role.CONSUMER, lambda node: _peek(node, transfers.peek, pid))
        if row is not None:
            await self._ask(Role.PROVIDER, lambda node: node.transfer.start(ROOT, row.peer_pid, by=nodes.BY))

    async def _read(self, pid: str) -> int | None:
        """Read the bytes of a transfer as a consumer does, renewing the token once; return the status."""
        status = await self._ask(Role.CONSUMER, lambda node: self._get(node, pid))
        if status in (401, 403):
            await self._ask(Role.CONSUMER, lambda node: self._renew(node, pid))
            status = await self._ask(Role.CONSUMER, lambda node: self._get(node, pid))
        self.report.reads += status == 200
        return status

    async def _get(self, node: Node, pid: str) -> int | None:
        row = await _peek(node, transfers.peek, pid)
        pull = http_pull.read(row.data_address or {"@type": "DataAddress", "endpointType": "none"})
        if pull is None:
            return None
        call = Call("GET", pull.endpoint, {"Authorization": pull.authorization or ""})
        return (await self._carried(node, call)).status

    async def _renew(self, node: Node, pid: str) -> None:
        row = await _peek(node, transfers.peek, pid)
        pull = http_pull.read(row.data_address or {"@type": "DataAddress", "endpointType": "none"})
        if pull is None or pull.refresh_endpoint is None:
            return
        headers = {
            "Authorization": await node.identity.token_for(ROOT, row.peer),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        form = urlencode({"grant_type": "refresh_token", "refresh_token": pull.refresh_token}).encode()
        answer = await self._carried(node, Call("POST", pull.refresh_endpoint, headers, form))
        if answer.status == 200:
            self.report.renewals += 1
            fresh = http_pull.renewed(row.data_address, json.loads(answer.body)["access_token"], None)
            await node.store.write(lambda tx: _keep_address(tx, pid, json.dumps(fresh)))

    async def _carried(self, node: Node, call: Call) -> Answer:
        sender = urlsplit(node.settings.public_url).netloc
        return await self.net.carry(sender, call, 30.0)

    async def _until(self, role: Role, look: Any, pid: str, state: str, within_s: float) -> bool:
        end = self.clock.now() + timedelta(seconds=within_s)
        while self.clock.now() < end:
            row = await self._ask(role, lambda node: _peek(node, look, pid))
            if row is not None and row.state == state and row.pending is None:
                return True
            await self.net.pause(1.0)
        return False

    # --- what is measured and judged ----------------------------------------------------------------------------------

    async def _measure(self, hour: int) -> None:
        gc.collect()
        there = {home.name: home.node for home in self.homes.values() if home.node is not None}
        rows = {name: await node.store.read(_count) for name, node in there.items()}
        seen = {name: _replays(node) for name, node in there.items()}
        self.report.hours.append(Hour(hour, psutil.Process().memory_info().rss, rows, seen))

    async def _until_quiet(self) -> None:
        end = self.clock.now() + PATIENCE
        while self.clock.now() < end:
            left = [job for home in self.homes.values() if home.node for job in await home.node.store.read(_open_jobs)]
            if not left and self.net.is_quiet:
                return
            await self.net.pause(5.0)

    async def _judge(self) -> None:
        report, sides = self.report, {}
        for role, home in self.homes.items():
            node = home.node
            assert node is not None
            report.open_jobs += await node.store.read(_open_jobs)
            report.dead_jobs += await node.store.read(_dead_jobs)
            report.broken_chains += await node.store.read(_broken_chains)
            report.old_events += await node.store.read(_old_events)
            report.stale_grants += await node.store.read(_stale_grants)
            sides[role] = await node.store.read(_processes)
            report.problems += [repr(one) for one in home.problems]
        report.problems += [repr(one) for one in self.net.problems]
        by_theirs = {row.peer_pid: row.state for row in sides[Role.PROVIDER]}
        for row in sides[Role.CONSUMER]:
            other = by_theirs.get(row.pid, "unknown")
            report.states[f"{row.state} / {other}"] = report.states.get(f"{row.state} / {other}", 0) + 1
            code = json.loads(row.problem or "{}").get("code")
            if other == "unknown" and code is not None:
                report.refused[code] = report.refused.get(code, 0) + 1
            elif row.state != other:
                report.differing.append(f"{row.pid}: {row.state}, {other}")


async def _peek(node: Node, look: Any, pid: str) -> Any:
    return await node.store.read(lambda tx: look(tx, ROOT, pid))


def _keep_address(tx: Tx, pid: str, after: str) -> None:
    """Keep renewed tokens in the place of those that are there now."""
    query = select(tables.transfers.c.data_address).where(tables.transfers.c.pid == pid)
    fetches.renew_address(tx, ROOT, pid, tx.connection.execute(query).scalar_one(), after)


def _replays(node: Node) -> int:
    """Return how many tokens the node remembers."""
    replays = getattr(node.identity, "_replays", None)
    assert isinstance(replays, MemoryReplays)
    return len(replays)


def _count(tx: Tx) -> dict[str, int]:
    return {
        table.name: int(tx.connection.execute(select(func.count()).select_from(table)).scalar_one())
        for table in tables.metadata.sorted_tables
    }


def _open_jobs(tx: Tx) -> list[str]:
    rows = tx.connection.execute(select(tables.jobs).where(tables.jobs.c.kind != "sweep")).all()
    return [f"{row.kind} {row.key} {row.status} {row.problem}" for row in rows]


def _dead_jobs(tx: Tx) -> list[str]:
    return [f"{one.kind} {one.key} {one.problem}" for one in jobs.dead(tx, ROOT)]


def _broken_chains(tx: Tx) -> list[str]:
    broken = []
    for (process,) in tx.connection.execute(select(tables.journal.c.process).distinct()).all():
        try:
            journal.verify(tx, ROOT, process)
        except Problem as problem:
            broken.append(f"{process}: {problem}")
    return broken


def _old_events(tx: Tx) -> int:
    """Return how many events are older than retention and a sweep allow."""
    old_at = tx.now - timedelta(days=EVENTS_KEPT_DAYS) - HOUR - timedelta(minutes=5)
    query = select(func.count()).select_from(tables.events).where(tables.events.c.at < old_at)
    return int(tx.connection.execute(query).scalar_one())


def _stale_grants(tx: Tx) -> int:
    grants, rows = tables.grants, tables.transfers
    query = select(func.count()).select_from(grants.join(rows)).where(rows.c.state != t.STARTED)
    return int(tx.connection.execute(query).scalar_one())


def _processes(tx: Tx) -> list[Row[Any]]:
    """Return where every negotiation and transfer stands."""
    both = [
        select(table.c.pid, table.c.peer_pid, table.c.state, table.c.problem)
        for table in (tables.negotiations, tables.transfers)
    ]
    return [row for query in both for row in tx.connection.execute(query).all()]


def main() -> None:
    """Play a day in memory where there is one, and print the report."""
    logging.disable(logging.CRITICAL)
    hours = int(sys.argv[1]) if len(sys.argv) > 1 else HOURS
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="day", dir=memory if memory.is_dir() else None) as name:
        make_template(Path(name))
        print(json.dumps(asdict(Day(Path(name), hours).play())))


if __name__ == "__main__":
    main()
