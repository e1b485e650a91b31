"""Nothing acknowledged is lost, nothing is half done: kill -9 at any instant, and each process continues by itself.

Nodes are processes of their own, killed by SIGKILL, on SQLite, on PostgreSQL, and as two replicas on one PostgreSQL
database. For each message of both protocols: it was committed while the peer was down and its sender was killed; the
peer processed it, its answer was lost and its sender was killed; or both were killed. Then two hundred kills at random
under load. What happened is counted on both sides: one process, one agreement, each message once.

The instants are reached by taking the peer down and by a proxy that stops messages; the product has no hooks for it.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from connector.sdk import ApiProblem
from connector.services import negotiate, sealing, transfer
from tests.harness.counted import ENDS, check_contracts, check_everything
from tests.harness.people import insist
from tests.harness.processes import Replica, Served, served
from tests.harness.proxy import Fault
from tests.harness.stages import Kept, kept
from tests.harness.stories import PLOTS, Pair, Plot, Story
from tests.tools.postgres import Postgres

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CONTINUES_WITHIN_S = 30
KILLS = 100
"""At random, on SQLite and on the replicas: two hundred in all."""
IN_FLIGHT = 24
EXCHANGES = 24
"""How many must have gone through from the first message to the last while processes died, or it was no load."""
SEED = 20261124


@asynccontextmanager
async def pair(folder: Path, databases: list[str], replicas: int) -> AsyncIterator[Pair]:
    """Yield a consumer and a provider, each on a database of its own (none: on SQLite)."""
    of_consumer, of_provider = databases or (None, None)
    async with AsyncExitStack() as stack:
        consumer = await stack.enter_async_context(served(folder / "consumer", database=of_consumer, replicas=replicas))
        provider = await stack.enter_async_context(served(folder / "provider", database=of_provider, replicas=replicas))
        found = Pair(consumer, provider)
        await found.acquaint()
        yield found


WAYS = [
    "sqlite",
    pytest.param("postgres", marks=pytest.mark.postgres),
    pytest.param("replicas", marks=pytest.mark.postgres),
]


@pytest.fixture(scope="module")
def nodes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept[Pair]]:
    folder = tmp_path_factory.mktemp(f"kill-{request.param}")
    if request.param == "sqlite":
        with kept(pair(folder, [], 1)) as found:
            yield found
        return
    server: Postgres = request.getfixturevalue("postgres")
    replicas = 2 if request.param == "replicas" else 1
    with (
        server.fresh_database() as one,
        server.fresh_database() as other,
        kept(pair(folder, [one, other], replicas)) as found,
    ):
        yield found


@asynccontextmanager
async def stories(of: Pair, label: str, chosen: list[Plot]) -> AsyncIterator[list[Story]]:
    """Yield prepared stories, which the proxies know."""
    told = [Story(plot, of, f"urn:test:{label}:{plot.name}") for plot in chosen]
    proxies = (of.consumer.proxy, of.provider.proxy)
    for proxy in proxies:
        proxy.watchers, proxy.faults = [story.watch for story in told], []
    await asyncio.gather(of.consumer.start(), of.provider.start())
    await asyncio.gather(*(story.prepare() for story in told))
    yield told
    for proxy in proxies:
        proxy.watchers, proxy.faults = [], []


def stop(story: Story, side: Served, at: Any, kind: str) -> Fault:
    """Have the proxy in front of a side stop the story's message of this kind."""
    fault = Fault(at, story.takes(kind))
    side.proxy.faults.append(fault)
    return fault


async def reached(faults: list[Fault]) -> None:
    async with asyncio.timeout(30):
        await asyncio.gather(*(fault.reached.wait() for fault in faults))


async def all_end_well(told: list[Story]) -> None:
    """Assert that every story continues by itself, in time, and took effect once."""

    async def timed(story: Story) -> float:
        began = time.monotonic()
        await story.until(story.plot.end, transcript=story.plot.transcript)
        return time.monotonic() - began

    ends = [asyncio.create_task(timed(story)) for story in told]
    _, waiting = await asyncio.wait(ends, timeout=CONTINUES_WITHIN_S)
    stuck = [story.plot.name for story, end in zip(told, ends, strict=True) if end in waiting or end.exception()]
    for end in waiting:
        end.cancel()
    assert not stuck, stuck
    for story in told:
        await story.check()
        await check_contracts(story.pair, story.dataset)
    print(f"{len(told)} stories continued within {max(end.result() for end in ends):.1f} s", end=" ")


@pytest.mark.parametrize("sender", ["consumer", "provider"])
@pytest.mark.parametrize("nodes", WAYS, indirect=True)
def test_what_was_committed_while_the_peer_was_down_arrives_although_its_sender_was_killed(
    nodes: Kept[Pair], sender: str
) -> None:
    async def play(of: Pair) -> None:
        ours, theirs = of.side(sender), of.other(sender)
        chosen = [plot for plot in PLOTS if plot.sender == sender]
        async with stories(of, f"a-{sender}", chosen) as told:
            answering = [story for story in told if story.plot.before]
            held = [stop(story, ours, "request", story.plot.before or "") for story in answering]
            for story in answering:
                await story.trigger()
            await reached(held)
            theirs.kill()
            for fault in held:
                fault.go.set()
            for story in told:
                if story not in answering:
                    await story.trigger()
            async with asyncio.timeout(30):
                await asyncio.gather(*(story.until_sent() for story in told))
            ours.kill()
            await ours.start()
            await theirs.start()
            await all_end_well(told)

    nodes.run(play)


@pytest.mark.parametrize("sender", ["consumer", "provider"])
@pytest.mark.parametrize("nodes", WAYS, indirect=True)
def test_what_the_peer_processed_takes_effect_once_although_its_answer_was_lost_and_its_sender_killed(
    nodes: Kept[Pair], sender: str
) -> None:
    """With two replicas only the one that sent is killed, and the other continues."""

    async def play(of: Pair) -> None:
        ours, theirs = of.side(sender), of.other(sender)
        async with stories(of, f"b-{sender}", [plot for plot in PLOTS if plot.sender == sender]) as told:
            ours.proxy.backends = [ours.replicas[0].public_port]
            held = [stop(story, theirs, "answer", story.plot.message) for story in told]
            for story in told:
                await story.trigger()
            await reached(held)
            ours.replicas[0].kill()
            theirs.proxy.faults = []
            for fault in held:
                fault.go.set()
            ours.proxy.backends = [replica.public_port for replica in ours.replicas]
            if len(ours.replicas) == 1:
                await ours.start()
            await all_end_well(told)
            await ours.start()

    nodes.run(play)


@pytest.mark.parametrize("nodes", WAYS, indirect=True)
def test_what_the_peer_processed_takes_effect_once_although_both_were_killed(nodes: Kept[Pair]) -> None:
    async def play(of: Pair) -> None:
        async with stories(of, "c", PLOTS) as told:
            held = [stop(story, of.other(story.plot.sender), "answer", story.plot.message) for story in told]
            for story in told:
                await story.trigger()
            await reached(held)
            for node in (of.consumer, of.provider):
                node.kill()
                node.proxy.faults = []
            for fault in held:
                fault.go.set()
            await asyncio.gather(of.consumer.start(), of.provider.start())
            await all_end_well(told)

    nodes.run(play)


@pytest.mark.parametrize("nodes", WAYS, indirect=True)
def test_no_kill_so_far_made_a_node_fail_or_gave_a_job_up(nodes: Kept[Pair]) -> None:
    async def play(of: Pair) -> None:
        for node in (of.consumer, of.provider):
            assert node.complaints() == []
            assert await node.rows("SELECT * FROM jobs WHERE status = 'dead'") == []

    nodes.run(play)


# Under load


@dataclass
class Load:
    """Persons who keep asking for data while processes die."""

    of: Pair
    dataset: str
    offer: dict[str, Any]
    rows: dict[str, tuple[str, str | None, str | None]] = field(default_factory=dict)
    """What the consumer's database says of each process: state, pending, agreement."""
    exchanges: int = 0

    async def look(self) -> None:
        """Keep reading the consumer's database."""
        while True:
            for table in ("negotiations", "transfers"):
                query = f"SELECT pid, state, pending, agreement FROM {table} WHERE dataset = ?"
                rows = await self.of.consumer.rows(query, self.dataset)
                self.rows |= {pid: (state, pending, agreement) for pid, state, pending, agreement in rows}
            await asyncio.sleep(0.2)

    async def ask(self) -> None:
        """One person: ask, receive, complete, again."""
        while True:
            asked = await insist(self._request)
            _, agreement = await self._until(asked["pid"], "FINALIZED")
            wanted = await insist(lambda agreed=agreement: self.of.consumer.client.request_transfer(agreed))
            pid = wanted["pid"]
            await self._until(pid, "STARTED")
            with suppress(ApiProblem):  # it was taken, and only the answer was lost
                await insist(lambda pid=pid: self.of.consumer.client.complete_transfer(pid))
            await self._until(pid, "COMPLETED")
            self.exchanges += 1

    async def _request(self) -> Any:
        return await self.of.consumer.client.request_access(self.of.provider.did, self.dataset, offer=self.offer)

    async def _until(self, pid: str, end: str) -> tuple[str, str]:
        while True:
            state, pending, agreement = self.rows.get(pid, ("", None, None))
            if state == end and pending is None:
                return state, agreement or ""
            await asyncio.sleep(0.1)


async def keep_killing(replicas: list[Replica], load: Load, chance: random.Random) -> int:
    """Kill one process after another, a random while after the last one answered or, now and then, while it starts.

    The while is up to three times what a start takes, on a fast machine and on a slow one.
    """
    kills, start_s = 0, 0.2
    while kills < KILLS or load.exchanges < EXCHANGES:
        await asyncio.sleep(chance.uniform(0.0, 3.0 * start_s))
        victim = chance.choice(replicas)
        victim.kill()
        kills += 1
        began = time.monotonic()
        victim.start()
        if chance.random() < 0.9:
            await victim.ready()
            start_s = time.monotonic() - began
    return kills


async def settled(of: Pair, dataset: str) -> None:
    """Return once neither side has anything left to do."""
    async with asyncio.timeout(CONTINUES_WITHIN_S):
        for node in (of.consumer, of.provider):
            for table, ends in ENDS.items():
                among = ", ".join(f"'{end}'" for end in ends)
                is_open = f"pending IS NOT NULL OR intent IS NOT NULL OR state NOT IN ({among})"
                while await node.rows(f"SELECT pid FROM {table} WHERE dataset = ? AND ({is_open})", dataset):
                    await asyncio.sleep(0.1)
            kinds = (negotiate.JOB, transfer.JOB, sealing.JOB)
            while await node.rows("SELECT 1 FROM jobs WHERE kind IN (?, ?, ?)", *kinds):
                await asyncio.sleep(0.1)


@pytest.mark.parametrize("nodes", [WAYS[0], WAYS[2]], indirect=True)
def test_kills_at_random_under_load_lose_nothing_and_repeat_nothing(nodes: Kept[Pair]) -> None:
    async def play(of: Pair) -> None:
        dataset = "urn:test:load"
        load = Load(of, dataset, await of.publish(dataset, "automatic"))
        looking = asyncio.create_task(load.look())
        people = [asyncio.create_task(load.ask()) for _ in range(IN_FLIGHT)]
        replicas = [*of.consumer.replicas, *of.provider.replicas]
        chance = random.Random(SEED)
        print(f"seed {SEED}", end=" ")
        began = time.monotonic()
        kills = await keep_killing(replicas, load, chance)
        ended = time.monotonic()
        for task in (*people, looking):
            task.cancel()
        gone = await asyncio.gather(*people, looking, return_exceptions=True)
        assert {type(one) for one in gone} == {asyncio.CancelledError}, gone
        await settled(of, dataset)
        continued_s = time.monotonic() - ended
        print(
            f"{kills} kills in {ended - began:.0f} s, {load.exchanges} exchanges, settled {continued_s:.1f} s after",
            end=" ",
        )
        await check_everything(of, dataset)
        for node in (of.consumer, of.provider):
            assert node.complaints() == []

    nodes.run(play)
