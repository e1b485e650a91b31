"""Our receiving end, over real HTTP: whom it lets in, what it takes, what it refuses and in which words."""

import asyncio
import hashlib
import io
import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from connector.app import ROOT, Node
from connector.dataplane.transfers import http_push
from connector.protocol.machine import Role
from connector.store import agreements, fetches, inlets, journal, peers, transfers
from connector.store.agreements import StoredAgreement
from connector.store.db import Tx
from connector.store.fetches import Fetch
from connector.store.peers import Peer
from tests.harness.nodes import BY, running
from tests.harness.speaker import Heard

CONTENT = bytes(range(256)) * 6000
PEER = "did:web:127.0.0.1%3A9"


def digest_of(content: bytes) -> str:
    return f"sha-256=:{b64encode(hashlib.sha256(content).digest()).decode()}:"


@dataclass
class Desk:
    """A node that has asked a partner, who never answers, to push."""

    node: Node
    session: aiohttp.ClientSession

    async def ask(self, path: str = "lampes.csv", *, owner: str = ROOT, **options: Any) -> http_push.Destination:
        """Ask for a push; return the address that the partner is given."""
        agreement = f"urn:test:{owner}:{path}"

        def unit(tx: Tx) -> None:
            agreements.add(tx, _agreement(owner, agreement))
            if peers.find(tx, owner, PEER) is None:
                peers.put(tx, Peer(owner=owner, did=PEER, name="", url="http://127.0.0.1:9/dsp/2025-1", pinned=[]))

        await self.node.store.write(unit)
        into = self.node.receive.into(owner, path, **options)
        row = await self.node.transfer.request(owner, agreement, http_push.FORMAT, by=BY, into=into)
        self.pid = row.pid
        return http_push.read(json.loads(row.pending_body or "")["dataAddress"])

    async def push(
        self,
        to: http_push.Destination,
        content: Any = CONTENT,
        *,
        url: str | None = None,
        method: str = "POST",
        secret: str | None = "",
        **headers: str,
    ) -> Heard:
        """Send a content; `secret` other than the right one on demand."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if secret is not None:
            named["Authorization"] = secret or (to.header or ("", ""))[1]
        body = io.BytesIO(content) if isinstance(content, bytes) else content
        async with self.session.request(method, url or to.url, data=body, headers=named) as answer:
            return Heard(answer.status, answer.headers, (await answer.read()).decode())

    async def fetch(self, owner: str = ROOT) -> Fetch:
        return await self.node.store.read(lambda tx: fetches.load(tx, owner, self.pid))

    async def move(self, state: str, pending: str | None = None) -> None:
        def unit(tx: Tx) -> None:
            row = transfers.load(tx, ROOT, self.pid)
            row.state, row.pending = state, pending
            transfers.save(tx, row)

        await self.node.store.write(unit)

    def place(self, name: str = "lampes.csv", owner: str = ROOT) -> Path:
        return self.node.settings.data_dir / "received" / owner / name


def _agreement(owner: str, agreement: str) -> StoredAgreement:
    return StoredAgreement(
        owner=owner,
        id=agreement,
        role=Role.CONSUMER,
        peer=PEER,
        negotiation=agreement,
        dataset="urn:test:lampadaires",
        document="{}",
        accepted_terms=[],
        status="active",
        created_at=datetime.min,
    )


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    @asynccontextmanager
    async def opened(**settings: Any) -> AsyncIterator[Desk]:
        async with running(tmp_path / "node", **settings) as node, aiohttp.ClientSession() as session:
            yield Desk(node, session)

    return opened


def played(desk: Any, play: Callable[[Desk], Awaitable[Any]], **settings: Any) -> Any:
    async def whole() -> Any:
        async with desk(**settings) as one:
            return await play(one)

    return asyncio.run(whole())


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("content", [b"", CONTENT], ids=["empty", "1.5 MB"])
def test_what_is_pushed_is_kept_and_told(desk: Any, method: str, content: bytes) -> None:
    async def play(one: Desk) -> None:
        answer = await one.push(await one.ask(), content, method=method, Content_Digest=digest_of(content))
        digest = hashlib.sha256(content).hexdigest()
        assert (answer.status, answer.body) == (200, {"size_bytes": len(content), "sha256": digest})
        fetch = await one.fetch()
        assert (fetch.status, fetch.sha256, one.place().read_bytes()) == ("done", digest, content)
        last = (await one.node.store.read(lambda tx: journal.latest(tx, ROOT, one.pid, 1)))[0]
        assert (last.kind, last.entry["sha256"]) == ("bytes-received", digest)

    played(desk, play)


def test_a_body_in_chunks_without_a_checksum_is_kept(desk: Any) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(CONTENT), 100_000):
            yield CONTENT[at : at + 100_000]

    async def play(one: Desk) -> None:
        assert (await one.push(await one.ask(), chunks())).status == 200
        assert one.place().read_bytes() == CONTENT

    played(desk, play)


def test_a_secret_is_good_once(desk: Any) -> None:
    async def play(one: Desk) -> None:
        to = await one.ask()
        await one.push(to)
        again = await one.push(to, b"something else")
        assert (again.status, again.body["code"]) == (409, "push-already-received")
        assert again.headers["repr-digest"] == digest_of(CONTENT)
        assert one.place().read_bytes() == CONTENT

    played(desk, play)


@pytest.mark.parametrize("secret", ["none", "Bearer", "Bearer x", "Bearer " + "A" * 43, "Basic dTpw"])
def test_no_other_secret_opens_it(desk: Any, secret: str) -> None:
    async def play(one: Desk) -> None:
        to = await one.ask()
        refused = await one.push(to, secret=None if secret == "none" else secret)
        assert (refused.status, refused.body["code"]) == (401, "push-secret-refused")
        assert refused.headers["www-authenticate"] == "Bearer"
        assert not one.place().exists()
        assert (await one.push(to)).status == 200

    played(desk, play)


def test_a_secret_opens_no_other_address(desk: Any) -> None:
    async def play(one: Desk) -> None:
        await one.node.hosts.add("agglo", "Agglo")
        first, second, other = await one.ask(), await one.ask("b.csv"), await one.ask(owner="agglo")
        for url in (
            second.url,
            other.url,
            other.url.replace("/o/agglo", ""),
            first.url.replace("/data", "/o/agglo/data"),
        ):
            assert (await one.push(first, url=url)).status == 404, url
        assert (await one.push(other)).status == 200
        assert one.place(owner="agglo").read_bytes() == CONTENT
        assert not one.place().exists()

    played(desk, play)


def test_a_secret_of_one_participant_says_nothing_at_the_gate(desk: Any) -> None:
    async def play(one: Desk) -> None:
        to = await one.ask()
        refused = await one.push(to, None, method="GET", url=to.url.removesuffix("/push"))
        assert refused.status == 401

    played(desk, play)


def test_a_secret_expires(desk: Any) -> None:
    async def play(one: Desk) -> None:
        to = await one.ask()
        past = one.node.clock.now() - timedelta(seconds=1)
        await one.node.store.write(lambda tx: inlets.prolong(tx, ROOT, one.pid, past))
        assert (await one.push(to)).status == 401

    played(desk, play)


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content_Encoding": "gzip"}, 415, "push-not-plain"),
        ({"Content_Type": "multipart/form-data; boundary=x"}, 415, "push-not-plain"),
        ({"Content_Range": "bytes 0-9/20"}, 415, "push-not-plain"),
        ({"Content_Digest": digest_of(b"other")}, 422, "push-wrong-content"),
        ({"Repr_Digest": digest_of(b"other")}, 422, "push-wrong-content"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_may_be_sent_again(
    desk: Any, headers: dict[str, str], status: int, code: str
) -> None:
    async def play(one: Desk) -> None:
        to = await one.ask()
        refused = await one.push(to, **headers)
        assert (refused.status, refused.body["code"]) == (status, code)
        assert not list(one.place().parent.glob("*"))
        assert (await one.push(to)).status == 200

    played(desk, play)


@pytest.mark.parametrize("is_told", [True, False], ids=["told", "in chunks"])
def test_what_is_too_large_is_refused(desk: Any, is_told: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield CONTENT

    async def play(one: Desk) -> None:
        refused = await one.push(await one.ask(), CONTENT if is_told else chunks())
        assert (refused.status, refused.body["code"]) == (413, "push-too-large")
        assert not list(one.place().parent.glob("*"))

    played(desk, play, push_limit_bytes=len(CONTENT) - 1)


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(desk: Any, method: str) -> None:
    async def play(one: Desk) -> None:
        refused = await one.push(await one.ask(), None, method=method)
        assert (refused.status, refused.headers["allow"]) == (405, "POST, PUT")

    played(desk, play)


@pytest.mark.parametrize("state", ["SUSPENDED", "COMPLETED", "TERMINATED"])
def test_a_transfer_that_stopped_takes_nothing(desk: Any, state: str) -> None:
    async def play(one: Desk) -> None:
        to = await one.ask()
        await one.move(state)
        refused = await one.push(to)
        assert (refused.status, refused.body["code"]) == (409, "flow-not-started")

    played(desk, play)


def test_two_uploads_do_not_mix(desk: Any) -> None:
    async def play(one: Desk) -> None:
        to = await one.ask()
        began, go = asyncio.Event(), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield CONTENT
            began.set()
            await go.wait()

        first = asyncio.create_task(one.push(to, slow()))
        await began.wait()
        while len(one.node.inlets.streams) == 0:
            await asyncio.sleep(0.001)
        while not list(one.place().parent.glob("*.part")):
            await asyncio.sleep(0.001)
        busy = await one.push(to, b"other")
        assert (busy.status, busy.body["code"]) == (409, "push-in-progress")
        assert int(busy.headers["retry-after"]) > 0
        go.set()
        assert (await first).status == 200
        assert one.place().read_bytes() == CONTENT

    played(desk, play)


def test_an_upload_that_breaks_leaves_nothing_and_may_be_sent_again(desk: Any) -> None:
    async def play(one: Desk) -> None:
        to = await one.ask()
        _, _, host, path = to.url.split("/", 3)
        _, writer = await asyncio.open_connection(*host.split(":"))
        head = f"POST /{path} HTTP/1.1\r\nHost: x\r\nAuthorization: {(to.header or ('', ''))[1]}\r\n"
        writer.write(f"{head}Content-Length: {len(CONTENT)}\r\n\r\n".encode() + CONTENT[:-1])
        await writer.drain()
        while len(one.node.inlets.streams) == 0:
            await asyncio.sleep(0.001)
        writer.transport.abort()
        while (await one.fetch()).problem is None:
            await asyncio.sleep(0.001)
        assert ((await one.fetch()).problem or {})["code"] == "push-incomplete"
        assert not list(one.place().parent.glob("*"))
        assert (await one.push(to)).status == 200

    played(desk, play)


def test_a_file_in_place_that_was_not_recorded_is_recognised(desk: Any) -> None:
    """The node died after the file had its name and before that was recorded."""

    async def play(one: Desk) -> None:
        to = await one.ask()
        one.place().write_bytes(CONTENT)
        assert (await one.push(to)).status == 200
        assert (await one.fetch()).status == "done"
        assert [path.name for path in one.place().parent.iterdir()] == ["lampes.csv"]

    played(desk, play)


def test_a_place_that_is_taken_is_told_without_its_path(desk: Any) -> None:
    async def play(one: Desk) -> None:
        to = await one.ask()
        one.place().write_bytes(b"other")
        refused = await one.push(to)
        assert (refused.status, refused.body["code"]) == (409, "push-no-place")
        assert str(one.place().parent) not in refused.text
        assert ((await one.fetch()).problem or {})["code"] == "fetch-file-exists"
        assert one.place().read_bytes() == b"other"

    played(desk, play)


def test_the_secret_is_not_kept_and_not_shown(desk: Any) -> None:
    async def play(one: Desk) -> None:
        to = await one.ask()
        secret = (to.header or ("", ""))[1].removeprefix("Bearer ")
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", secret)
        found = await one.node.store.read(lambda tx: inlets.of_transfer(tx, ROOT, one.pid))
        assert secret not in repr(found)
        assert secret not in repr(to)

    played(desk, play)
