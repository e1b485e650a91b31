"""Push between two nodes, over real HTTP: what arrives, what stops it, what is refused, what is tried again."""

import asyncio
import hashlib
import json
import os
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.app import ROOT, Node
from connector.dataplane.transfers import http_push
from connector.store import fetches, journal, pushes, transfers
from connector.store.fetches import Fetch
from connector.store.pushes import Push
from connector.store.transfers import Transfer
from tests.harness.nodes import BY, OPEN, agreed, publish, running, until_transfer
from tests.harness.proxy import Hold, Proxy
from tests.tools.ports import free_port

CONTENT = random.Random(7).randbytes(3_000_000)
WITHIN_S = 60


@dataclass
class Pair:
    """Two nodes with an agreement on one published file."""

    consumer: Node
    provider: Node
    agreement: str
    proxy: Proxy

    async def ask(self, path: str | None = "lampes.csv", **options: Any) -> str:
        """Ask for a push, and return our pid."""
        into = self.consumer.receive.into(ROOT, path, **options)
        return (await self.consumer.transfer.request(ROOT, self.agreement, http_push.FORMAT, by=BY, into=into)).pid

    async def provided(self, pid: str, within_s: float = WITHIN_S) -> Transfer:
        """Return the provider's side of a transfer, once there is one."""
        async with asyncio.timeout(within_s):
            while (row := await self.consumer.store.read(lambda tx: transfers.peek(tx, ROOT, pid))).peer_pid is None:
                await asyncio.sleep(0.01)
        peer_pid = row.peer_pid
        return await self.provider.store.read(lambda tx: transfers.peek(tx, ROOT, peer_pid))

    async def push_of(self, pid: str) -> Push:
        provided = await self.provided(pid)
        return await self.provider.store.read(lambda tx: pushes.load(tx, ROOT, provided.pid))

    async def fetch_of(self, pid: str) -> Fetch:
        return await self.consumer.store.read(lambda tx: fetches.load(tx, ROOT, pid))

    async def kinds(self, node: Node, pid: str) -> list[str]:
        return [entry.kind for entry in await node.store.read(lambda tx: journal.page(tx, ROOT, pid))]

    def place(self, name: str = "lampes.csv") -> Path:
        return self.consumer.settings.data_dir / "received" / ROOT / name


async def until(look: Callable[[], Coroutine[Any, Any, Any]], is_so: Callable[[Any], bool]) -> Any:
    """Return what `look` returns once it is so."""
    async with asyncio.timeout(WITHIN_S):
        while not is_so(found := await look()):
            await asyncio.sleep(0.01)
        return found


@asynccontextmanager
async def pair(
    tmp_path: Path, content: bytes = CONTENT, *, hold: Hold | None = None, policy: Any = OPEN, **consumer: Any
) -> AsyncIterator[Pair]:
    """Yield two nodes; all that reaches the consumer passes a proxy."""
    port, proxy = free_port(), Proxy()
    proxy.hold, proxy.backends = hold, [port]
    async with proxy.running(), running(tmp_path / "provider") as provider:
        where = {"public_url": proxy.url, "public_port": port}
        async with running(tmp_path / "consumer", **where, **consumer) as consuming:
            await publish(provider, content=content, policy=policy)
            yield Pair(consuming, provider, await agreed(consuming, provider), proxy)


@pytest.mark.parametrize("content", [b"", b"x", CONTENT], ids=["empty", "one byte", "3 MB"])
def test_a_push_puts_the_bytes_in_their_place_and_completes(tmp_path: Path, content: bytes) -> None:
    async def play() -> None:
        async with pair(tmp_path, content) as two:
            pid = await two.ask()
            ours = await until_transfer(two.consumer, pid, "COMPLETED", within_s=WITHIN_S)
            theirs = await until_transfer(two.provider, ours.peer_pid or "", "COMPLETED", within_s=WITHIN_S)
            assert two.place().read_bytes() == content
            assert os.listdir(two.place().parent) == ["lampes.csv"]
            digest = hashlib.sha256(content).hexdigest()
            fetch, push = await two.fetch_of(pid), await two.push_of(pid)
            assert (fetch.status, fetch.done_bytes, fetch.sha256, fetch.problem) == ("done", len(content), digest, None)
            assert (push.status, push.sent_bytes, push.sha256, push.problem) == ("done", len(content), digest, None)
            assert "bytes-received" in await two.kinds(two.consumer, pid)
            assert "bytes-sent" in await two.kinds(two.provider, theirs.pid)

    asyncio.run(play())


def test_without_a_name_the_file_is_named_after_the_dataset(tmp_path: Path) -> None:
    async def play() -> None:
        async with pair(tmp_path) as two:
            pid = await two.ask(None)
            await until_transfer(two.consumer, pid, "COMPLETED", within_s=WITHIN_S)
            path = Path((await two.fetch_of(pid)).path)
            assert path.parent == two.place().parent.resolve()
            assert path.name.startswith("lampadaires-")
            assert path.read_bytes() == CONTENT

    asyncio.run(play())


def test_what_is_too_large_is_refused_and_both_sides_say_so(tmp_path: Path) -> None:
    async def play() -> None:
        async with pair(tmp_path, push_limit_bytes=1_000_000) as two:
            pid = await two.ask()
            ours = await until_transfer(two.consumer, pid, "SUSPENDED", within_s=WITHIN_S)
            push, fetch = await two.push_of(pid), await two.fetch_of(pid)
            assert (push.status, (push.problem or {})["code"]) == ("failed", "push-refused")
            assert "HTTP 413" in (push.problem or {})["reason"]["fr"]
            assert fetch.status == "waiting"
            last = await two.consumer.store.read(lambda tx: journal.latest(tx, ROOT, pid, 1))
            assert "HTTP 413" in last[0].entry["body"]
            assert "push-failed" in await two.kinds(two.provider, ours.peer_pid or "")
            assert not two.place().exists()

    asyncio.run(play())


def test_another_file_in_the_place_is_not_replaced_until_a_person_chose(tmp_path: Path) -> None:
    async def play() -> None:
        async with pair(tmp_path) as two:
            two.place().parent.mkdir(parents=True)
            two.place().write_bytes(b"other")
            pid = await two.ask()
            await until_transfer(two.consumer, pid, "SUSPENDED", within_s=WITHIN_S)
            fetch, push = await two.fetch_of(pid), await two.push_of(pid)
            assert (fetch.status, (fetch.problem or {})["code"]) == ("failed", "fetch-file-exists")
            assert str(tmp_path) not in str(push.problem)
            await two.consumer.receive.fetch(ROOT, pid, "autre.csv")
            await two.consumer.transfer.start(ROOT, pid, by=BY)
            await until_transfer(two.consumer, pid, "COMPLETED", within_s=WITHIN_S)
            assert two.place().read_bytes() == b"other"
            assert two.place("autre.csv").read_bytes() == CONTENT

    asyncio.run(play())


def test_another_file_is_replaced_on_demand(tmp_path: Path) -> None:
    async def play() -> None:
        async with pair(tmp_path) as two:
            two.place().parent.mkdir(parents=True)
            two.place().write_bytes(b"other")
            pid = await two.ask(overwrite=True)
            await until_transfer(two.consumer, pid, "COMPLETED", within_s=WITHIN_S)
            assert two.place().read_bytes() == CONTENT

    asyncio.run(play())


STOPS: dict[str, Callable[[Pair, str, str], Coroutine[Any, Any, Any]]] = {
    "the provider suspends": lambda two, ours, theirs: two.provider.transfer.suspend(ROOT, theirs, by=BY),
    "the consumer suspends": lambda two, ours, theirs: two.consumer.transfer.suspend(ROOT, ours, by=BY),
    "the provider terminates": lambda two, ours, theirs: two.provider.transfer.terminate(ROOT, theirs, by=BY),
    "the consumer terminates": lambda two, ours, theirs: two.consumer.transfer.terminate(ROOT, ours, by=BY),
    "the consumer completes": lambda two, ours, theirs: two.consumer.transfer.complete(ROOT, ours, by=BY),
}


@pytest.mark.parametrize("stop", STOPS, ids=lambda name: name.replace(" ", "-"))
def test_a_push_is_cut_when_its_transfer_stops(tmp_path: Path, stop: str) -> None:
    async def play() -> None:
        hold = Hold(after_bytes=5_000_000)
        async with pair(tmp_path, bytes(60_000_000), hold=hold) as two:
            pid = await two.ask()
            await hold.reached.wait()
            theirs = (await two.provided(pid)).pid
            await STOPS[stop](two, pid, theirs)
            await until(lambda: no_wait(len(two.provider.gate.streams)), lambda count: count == 0)
            hold.go.set()
            final = {"suspends": "SUSPENDED", "terminates": "TERMINATED", "completes": "COMPLETED"}[stop.split()[-1]]
            await until_transfer(two.consumer, pid, final, within_s=WITHIN_S)
            await until_transfer(two.provider, theirs, final, within_s=WITHIN_S)
            await until(lambda: no_wait(len(two.consumer.inlets.streams)), lambda count: count == 0)
            assert hold.passed_bytes < 60_000_000
            assert not two.place().exists()

    asyncio.run(play())


async def no_wait(value: int) -> int:
    return value


def test_a_push_begins_again_when_the_transfer_is_resumed(tmp_path: Path) -> None:
    async def play() -> None:
        hold = Hold(after_bytes=1_000_000)
        async with pair(tmp_path, hold=hold) as two:
            pid = await two.ask()
            await hold.reached.wait()
            theirs = (await two.provided(pid)).pid
            await two.consumer.transfer.suspend(ROOT, pid, by=BY)
            await until_transfer(two.provider, theirs, "SUSPENDED", within_s=WITHIN_S)
            hold.go.set()
            assert (await two.fetch_of(pid)).status in ("waiting", "running")
            await two.consumer.transfer.start(ROOT, pid, by=BY)
            await until_transfer(two.consumer, pid, "COMPLETED", within_s=WITHIN_S)
            assert two.place().read_bytes() == CONTENT

    asyncio.run(play())


def test_a_push_is_cut_when_the_terms_of_use_end(tmp_path: Path) -> None:
    async def play() -> None:
        hold = Hold(after_bytes=1_000_000)
        end = datetime.now(UTC) + timedelta(seconds=8)
        until_then = {"leftOperand": "dateTime", "operator": "lt", "rightOperand": end.isoformat(timespec="seconds")}
        policy = {"permission": [{"action": "use", "constraint": [until_then]}]}
        async with pair(tmp_path, bytes(60_000_000), hold=hold, policy=policy) as two:
            pid = await two.ask()
            await hold.reached.wait()
            theirs = (await two.provided(pid)).pid
            await until(lambda: no_wait(len(two.provider.gate.streams)), lambda count: count == 0)
            ended = await until_transfer(two.consumer, pid, "TERMINATED", within_s=WITHIN_S)
            await until_transfer(two.provider, theirs, "TERMINATED", within_s=WITHIN_S)
            last = await two.consumer.store.read(lambda tx: journal.latest(tx, ROOT, ended.pid, 1))
            assert json.loads(last[0].entry["body"])["code"] == "policy"
            assert (await two.push_of(pid)).status == "failed"
            assert hold.passed_bytes < 60_000_000

    asyncio.run(play())


def test_an_upload_that_broke_is_sent_again(tmp_path: Path) -> None:
    async def play() -> None:
        async with pair(tmp_path) as two:
            two.proxy.broken_uploads = 2
            pid = await two.ask()
            await until_transfer(two.consumer, pid, "COMPLETED", within_s=WITHIN_S)
            assert two.proxy.broken_uploads == 0
            assert two.place().read_bytes() == CONTENT

    asyncio.run(play())


def test_an_answer_that_was_lost_does_no_harm(tmp_path: Path) -> None:
    async def play() -> None:
        async with pair(tmp_path) as two:
            two.proxy.lost_answers = 1
            pid = await two.ask()
            ours = await until_transfer(two.consumer, pid, "COMPLETED", within_s=WITHIN_S)
            await until_transfer(two.provider, ours.peer_pid or "", "COMPLETED", within_s=WITHIN_S)
            assert (await two.push_of(pid)).status == "done"
            assert (await two.kinds(two.consumer, pid)).count("bytes-received") == 1
            assert two.proxy.lost_answers == 0

    asyncio.run(play())
