"""Receiving into a file, with everything that may happen on the way."""

import asyncio
import os
import random
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from connector.clock import VirtualClock
from connector.dataplane import partial
from connector.protocol.messages import DataAddress, document
from connector.store import fetches, transfers
from connector.store.db import Tx

FLOW = "urn:uuid:00000000-0000-4000-8000-000000000001"
FETCH = "urn:uuid:00000000-0000-4000-8000-000000000002"
CONTENT = random.Random(1).randbytes(3_000_000)
SHA = sha256(CONTENT).hexdigest()


@asynccontextmanager
async def cutting_proxy(port: int, part: Path, cuts: list[int]) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Pass connections on; cut each once so many bytes of content stand in the part, the later ones not at all."""
    requests: list[bytes] = []
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        left = cuts.pop(0) if cuts else None
        try:
            requests.append(await reader.readuntil(b"\r\n\r\n"))
            back.write(requests[-1][:-2] + b"Connection: close\r\n\r\n")
            writer.write(await there.readuntil(b"\r\n\r\n"))
            at = part.stat().st_size
            while left != 0 and (piece := await there.read(min(left or 1 << 16, 1 << 16))):
                writer.write(piece)
                await writer.drain()
                at += len(piece)
                left = None if left is None else left - len(piece)
            while left == 0 and part.stat().st_size < at:
                await asyncio.sleep(0)
        finally:
            for end in (back, writer):
                end.transport.abort() if left == 0 else end.close()
                await asyncio.gather(end.wait_closed(), return_exceptions=True)

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], requests
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def through(address: DataAddress, port: int) -> dict[str, Any]:
    """Return the address as seen through another port, renewal excepted."""
    members = document(address)
    members["endpoint"] = members["endpoint"].replace(members["endpoint"].split("/")[2], f"127.0.0.1:{port}")
    return members


@asynccontextmanager
async def scripted(*answers: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Give raw answers, one per connection, as any provider might; the last one again and again."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answers[min(len(requests), len(answers)) - 1])
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x", requests
    finally:
        server.close()


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Reason", "Connection: close"]
    headers.setdefault("Content_Length", str(len(body)))
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items() if value]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def at(endpoint: str, **properties: str) -> dict[str, Any]:
    """Return the data address of a foreign provider."""
    listed = {"authorization": "secret", "authType": "bearer"} | properties
    return {
        "@type": "DataAddress",
        "endpointType": "https://w3id.org/idsa/v4.1/HTTP",
        "endpoint": endpoint,
        "endpointProperties": [
            {"@type": "EndpointProperty", "name": name, "value": value} for name, value in listed.items()
        ],
    }


def digest_of(content: bytes) -> str:
    return f"sha-256=:{b64encode(sha256(content).digest()).decode()}:"


def played(node: Any, play: Any, **options: Any) -> Any:
    async def whole() -> Any:
        async with node(**options) as one:
            return await play(one)

    return asyncio.run(whole())


@pytest.mark.parametrize("content", [b"", b"x", CONTENT], ids=["empty", "one byte", "3 MB"])
def test_a_fetch_puts_the_bytes_in_their_place(node: Any, tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "received" / "new" / "lampes.csv"

    async def play(one: Any) -> Any:
        await one.publish(content)
        await one.want(await one.provide(), place)
        return await one.fetch(), await one.state_of_fetch(), one.received

    again_at, fetch, received = played(node, play)
    assert again_at is None
    assert place.read_bytes() == content
    assert os.listdir(place.parent) == ["lampes.csv"]
    assert (fetch.status, fetch.done_bytes, fetch.size_bytes, fetch.sha256, fetch.problem) == (
        "done",
        len(content),
        len(content),
        sha256(content).hexdigest(),
        None,
    )
    assert received == [fetch]


@pytest.mark.parametrize("seed", range(6))
def test_a_fetch_takes_up_where_it_was_cut(node: Any, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    cuts = [chance.randrange(100_000, 1_200_000) for _ in range(chance.randrange(1, 5))]

    async def play(one: Any) -> Any:
        await one.publish(CONTENT)
        address = await one.provide()
        async with cutting_proxy(one.port, tmp_path / "place.part", list(cuts)) as (port, requests):
            await one.want(through(address, port), tmp_path / "place")
            again_at = await one.fetch()
        return again_at, await one.state_of_fetch(), requests

    again_at, fetch, requests = played(node, play)
    assert (again_at, fetch.status) == (None, "done"), f"seed {seed}, cuts {cuts}"
    assert (tmp_path / "place").read_bytes() == CONTENT
    etag = f'"{SHA}"'.encode()
    assert all(b"Range: bytes=" in request and etag in request for request in requests[1:])


def test_a_fetch_goes_on_after_a_restart(node: Any, tmp_path: Path) -> None:
    async def play(one: Any) -> Any:
        await one.publish(CONTENT)
        address = await one.provide()
        async with cutting_proxy(one.port, tmp_path / "place.part", [1_000_000, 10, 10]) as (port, requests):
            await one.want(through(address, port), tmp_path / "place")
            again_at = await one.fetch()
            waiting = await one.state_of_fetch()
            assert again_at is not None
            await one.fetch()
            await one.fetch()
        return waiting, await one.state_of_fetch(), requests

    waiting, done, requests = played(node, play)
    assert waiting.status == "waiting"
    assert waiting.done_bytes == 1_000_010
    assert waiting.problem["code"] == "peer-unreachable"
    assert done.status == "done"
    assert b"Range: bytes=1000020-" in requests[-1]
    assert (tmp_path / "place").read_bytes() == CONTENT


def test_what_is_complete_is_not_asked_for_again(node: Any, tmp_path: Path) -> None:
    """The node died after the last byte and before the file had its name."""
    (tmp_path / "place.part").write_bytes(CONTENT)

    async def play(one: Any) -> Any:
        await one.want(at("http://127.0.0.1:1/nobody"), tmp_path / "place")
        await one.store.write(
            lambda tx: fetches.announced(tx, "ville", FETCH, size_bytes=len(CONTENT), sha256=SHA, etag=None)
        )
        await one.fetch()
        return await one.state_of_fetch()

    assert played(node, play).status == "done"
    assert (tmp_path / "place").read_bytes() == CONTENT


def test_a_file_already_in_place_is_recognised(node: Any, tmp_path: Path) -> None:
    """The node died after the file had its name and before that was recorded."""
    (tmp_path / "place").write_bytes(CONTENT)

    async def play(one: Any) -> Any:
        await one.publish(CONTENT)
        await one.want(await one.provide(), tmp_path / "place")
        await one.fetch()
        return await one.state_of_fetch()

    fetch = played(node, play)
    assert (fetch.status, fetch.sha256) == ("done", SHA)
    assert not (tmp_path / "place.part").exists()


@pytest.mark.parametrize("other", [b"other", b"y" * len(CONTENT)], ids=["other size", "same size"])
def test_another_file_is_not_overwritten(node: Any, tmp_path: Path, other: bytes) -> None:
    (tmp_path / "place").write_bytes(other)

    async def play(one: Any) -> Any:
        await one.publish(CONTENT)
        await one.want(await one.provide(), tmp_path / "place")
        await one.fetch()
        return await one.state_of_fetch()

    fetch = played(node, play)
    assert (fetch.status, fetch.problem["code"]) == ("failed", "fetch-file-exists")
    assert (tmp_path / "place").read_bytes() == other
    assert not (tmp_path / "place.part").exists()


def test_another_file_is_replaced_on_demand(node: Any, tmp_path: Path) -> None:
    (tmp_path / "place").write_bytes(b"other")

    async def play(one: Any) -> Any:
        await one.publish(CONTENT)
        await one.want(await one.provide(), tmp_path / "place", overwrite=True)
        await one.fetch()
        return await one.state_of_fetch()

    assert played(node, play).status == "done"
    assert (tmp_path / "place").read_bytes() == CONTENT


def test_a_content_that_changed_meanwhile_is_received_anew(node: Any, tmp_path: Path) -> None:
    async def play(one: Any) -> Any:
        await one.publish(b"z" * 2_000_000)
        address = await one.provide()
        async with cutting_proxy(one.port, tmp_path / "place.part", [500_000, 10]) as (port, _):
            await one.want(through(address, port), tmp_path / "place")
            await one.fetch()
            await one.publish(CONTENT)
            await one.stop()
            await one.move_consumer("STARTED", await one.resume())
            await one.fetch()
        return await one.state_of_fetch()

    assert played(node, play).sha256 == SHA
    assert (tmp_path / "place").read_bytes() == CONTENT


def test_an_expired_token_is_renewed(node: Any, tmp_path: Path) -> None:
    clock = VirtualClock()

    async def play(one: Any) -> Any:
        await one.publish(CONTENT)
        await one.want(await one.provide(), tmp_path / "place")
        clock.advance(timedelta(seconds=301))
        await one.fetch()
        row = await one.store.read(lambda tx: transfers.peek(tx, "ville", FETCH))
        return await one.state_of_fetch(), one.verified, row.data_address

    fetch, verified, address = played(node, play, clock=clock)
    assert fetch.status == "done"
    assert verified == [("Bearer ville for did:web:provider.example", "ville")]
    tokens = {one["value"] for one in address["endpointProperties"] if one["name"].endswith("authorization")}
    assert len(tokens) == 1


def test_a_token_that_expires_after_a_cut_is_renewed(node: Any, tmp_path: Path) -> None:
    clock = VirtualClock()

    async def play(one: Any) -> Any:
        await one.publish(CONTENT)
        address = await one.provide()
        async with cutting_proxy(one.port, tmp_path / "place.part", [1_000_000, 10]) as (port, _):
            await one.want(through(address, port), tmp_path / "place")
            assert await one.fetch() is not None
            clock.advance(timedelta(seconds=301))
            await one.fetch()
        return await one.state_of_fetch()

    assert played(node, play, clock=clock).status == "done"
    assert (tmp_path / "place").read_bytes() == CONTENT


def test_a_new_address_is_used_before_renewal_is_asked_for(node: Any, tmp_path: Path) -> None:
    async def play(one: Any) -> Any:
        await one.publish(CONTENT)
        await one.want(await one.provide(), tmp_path / "place")
        read, moved = one.store.read, []

        async def read_then_move(unit: Any) -> Any:
            result = await read(unit)
            if not moved:
                moved.append(True)
                await one.move_consumer("STARTED", await one.resume())
            return result

        one.store.read = read_then_move
        await one.fetch()
        return await one.state_of_fetch(), one.verified

    fetch, verified = played(node, play)
    assert (fetch.status, verified) == ("done", [])


def test_a_suspension_not_yet_heard_of_is_waited_for(node: Any, tmp_path: Path) -> None:
    """The provider has cut and revoked; its message is on its way to us."""

    async def play(one: Any) -> Any:
        await one.publish(CONTENT)
        await one.want(await one.provide(), tmp_path / "place")
        await one.stop()
        again_at = await one.fetch()
        waiting = await one.state_of_fetch()
        await one.move_consumer("SUSPENDED")
        stopped_at = await one.fetch()
        await one.move_consumer("STARTED", await one.resume())
        await one.fetch()
        return again_at, waiting, stopped_at, await one.state_of_fetch()

    again_at, waiting, stopped_at, done = played(node, play)
    assert again_at is not None
    assert (waiting.status, waiting.problem["code"]) == ("waiting", "fetch-token-lost")
    assert stopped_at is None
    assert done.status == "done"


def test_a_dead_token_fails_the_fetch_when_no_start_comes(node: Any, tmp_path: Path) -> None:
    clock = VirtualClock()

    async def play(one: Any) -> Any:
        await one.publish(CONTENT)
        await one.want(await one.provide(), tmp_path / "place")
        await one.stop()
        waits = []
        while (again_at := await one.fetch()) is not None:
            waits.append((again_at - clock.now()).total_seconds())
            clock.advance_to(again_at)
        failed = await one.state_of_fetch()
        await one.move_consumer("STARTED", await one.resume())
        assert await one.store.write(lambda tx: fetches.awaken(tx, "ville", FETCH))
        await one.fetch()
        return waits, failed, await one.state_of_fetch()

    waits, failed, done = played(node, play, clock=clock)
    assert waits[0] == 0.5
    assert max(waits) == 15
    assert 300 < sum(waits) < 330
    assert (failed.status, failed.problem["code"]) == ("failed", "fetch-token-lost")
    assert done.status == "done", "a start brings a new token: the fetch gets another chance"


def test_a_fetch_stops_when_its_transfer_is_suspended_under_way(node: Any, tmp_path: Path) -> None:
    clock = VirtualClock()

    async def play(one: Any) -> Any:
        await one.publish(CONTENT)
        await one.want(await one.provide(), tmp_path / "place")
        write = one.store.write

        async def write_then_suspend(unit: Any, about: str = "") -> Any:
            result = await write(unit, about)
            if "announced" in getattr(unit, "__code__", unit).co_names:
                await one.move_consumer("SUSPENDED")
                clock.advance(timedelta(seconds=2))
            return result

        one.store.write = write_then_suspend
        again_at = await one.fetch()
        return again_at, await one.state_of_fetch()

    again_at, fetch = played(node, play, clock=clock)
    assert (again_at, fetch.status, fetch.problem) == (None, "waiting", None)
    assert 0 < fetch.done_bytes < len(CONTENT)
    assert not (tmp_path / "place").exists()


@pytest.mark.parametrize("state", ["COMPLETED", "TERMINATED"])
def test_a_fetch_whose_transfer_ended_fails(node: Any, tmp_path: Path, state: str) -> None:
    async def play(one: Any) -> Any:
        await one.want(at("http://127.0.0.1:1/x"), tmp_path / "place")
        await one.move_consumer(state)
        return await one.fetch(), await one.state_of_fetch()

    again_at, fetch = played(node, play)
    assert (again_at, fetch.status) == (None, "failed")


def test_nobody_wanted_it(node: Any) -> None:
    assert played(node, lambda one: one.fetch()) is None


def test_a_content_that_does_not_match_its_checksum_is_discarded(node: Any, tmp_path: Path) -> None:
    async def play(one: Any) -> Any:
        async with scripted(answer(200, b"wrong", Repr_Digest=digest_of(b"right"))) as (url, requests):
            await one.want(at(url), tmp_path / "place")
            await one.fetch()
            return await one.state_of_fetch(), len(requests)

    fetch, asked = played(node, play)
    assert (fetch.status, fetch.problem["code"], asked) == ("failed", "fetch-wrong-content", 1)
    assert sha256(b"wrong").hexdigest() in fetch.problem["reason"]["fr"]
    assert not (tmp_path / "place").exists()
    assert not (tmp_path / "place.part").exists()


def test_a_wrong_join_is_received_once_more_from_the_start(node: Any, tmp_path: Path) -> None:
    (tmp_path / "place.part").write_bytes(b"damaged")
    part = answer(206, CONTENT[7:], Content_Range=f"bytes 7-{len(CONTENT) - 1}/{len(CONTENT)}")

    async def play(one: Any) -> Any:
        async with scripted(part, answer(200, CONTENT, Repr_Digest=digest_of(CONTENT))) as (url, requests):
            await one.want(at(url), tmp_path / "place")
            await one.store.write(
                lambda tx: fetches.announced(tx, "ville", FETCH, size_bytes=None, sha256=SHA, etag=None)
            )
            await one.fetch()
            return await one.state_of_fetch(), requests

    fetch, requests = played(node, play)
    assert (fetch.status, len(requests)) == ("done", 2)
    assert b"Range: bytes=7-" in requests[0]
    assert b"Range" not in requests[1]
    assert (tmp_path / "place").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "first",
    [
        answer(206, b"x" * 9, Content_Range="bytes 0-8/9"),
        answer(206, b"x" * 2, Content_Range="bytes 7-8/10"),
        answer(206, b"x" * 2),
        answer(206, b"x" * 2, Content_Range="bytes 7-8/9", ETag='"other"'),
        answer(416, b"", Content_Range="bytes */5"),
        answer(200, b"012345678"),
    ],
    ids=["other part", "other size", "no range said", "other content", "unsatisfiable", "whole"],
)
def test_an_answer_that_does_not_continue_the_part_begins_anew(node: Any, tmp_path: Path, first: bytes) -> None:
    (tmp_path / "place.part").write_bytes(b"0123456")

    async def play(one: Any) -> Any:
        async with scripted(first, answer(200, b"012345678")) as (url, _):
            await one.want(at(url), tmp_path / "place")
            await one.store.write(
                lambda tx: fetches.announced(tx, "ville", FETCH, size_bytes=9, sha256=None, etag='"tag"')
            )
            await one.fetch()
            return await one.state_of_fetch()

    assert played(node, play).status == "done"
    assert (tmp_path / "place").read_bytes() == b"012345678"


def test_a_provider_that_never_sends_the_same_is_given_up(node: Any, tmp_path: Path) -> None:
    short = answer(206, b"x" * 4, Content_Range="bytes 0-3/8", Repr_Digest=digest_of(b"y"))
    rest = answer(206, b"x" * 4, Content_Range="bytes 4-7/8", Repr_Digest=digest_of(b"y"))

    async def play(one: Any) -> Any:
        async with scripted(*[short, rest] * 9) as (url, requests):
            await one.want(at(url), tmp_path / "place")
            await one.fetch()
            return await one.state_of_fetch(), len(requests)

    fetch, asked = played(node, play)
    assert (fetch.status, fetch.problem["code"]) == ("failed", "fetch-wrong-content")
    assert asked < 12


def test_parts_that_nothing_joins_are_not_joined(node: Any, tmp_path: Path) -> None:
    (tmp_path / "place.part").write_bytes(b"unknown")

    async def play(one: Any) -> Any:
        async with scripted(answer(200, b"content")) as (url, requests):
            await one.want(at(url), tmp_path / "place")
            await one.fetch()
            return requests

    assert b"Range" not in played(node, play)[0]
    assert (tmp_path / "place").read_bytes() == b"content"


def test_a_provider_may_leave_out_size_and_checksum(node: Any, tmp_path: Path) -> None:
    body = b"4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n"

    async def play(one: Any) -> Any:
        async with scripted(answer(200, body, Content_Length="", Transfer_Encoding="chunked")) as (url, _):
            await one.want(at(url), tmp_path / "place")
            await one.fetch()
            return await one.state_of_fetch()

    fetch = played(node, play)
    assert (fetch.status, fetch.size_bytes, fetch.sha256) == ("done", 7, sha256(b"abcdefg").hexdigest())


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, b"Authorization: Bearer secret"),
        ({"authorization": "Bearer secret"}, b"Authorization: Bearer secret"),
        ({"authorization": "Basic x"}, b"Authorization: Basic x"),
    ],
)
def test_the_token_is_shown_as_the_address_says(
    node: Any, tmp_path: Path, properties: dict[str, str], expected: bytes
) -> None:
    async def play(one: Any) -> Any:
        async with scripted(answer(200, b"x")) as (url, requests):
            await one.want(at(url, **properties), tmp_path / "place")
            await one.fetch()
            return requests

    assert expected + b"\r\n" in played(node, play)[0]


def test_an_address_in_edc_names_takes_its_token_bare(node: Any, tmp_path: Path) -> None:
    """EDC answers 403 to `Bearer`."""
    edc = "https://w3id.org/edc/v0.0.1/ns/"

    async def play(one: Any) -> Any:
        async with scripted(answer(200, b"x")) as (url, requests):
            address = at(url)
            del address["endpoint"]
            values = {"endpoint": url, "authorization": "secret", "authType": "bearer"}
            address["endpointProperties"] = [
                {"@type": "EndpointProperty", "name": edc + name, "value": value} for name, value in values.items()
            ]
            await one.want(address, tmp_path / "place")
            await one.fetch()
            return requests

    assert b"Authorization: secret\r\n" in played(node, play)[0]


REFUSALS = [
    (answer(404, b'{"code":"source-gone","title":{"fr":"Parti.","en":"Gone."}}'), "fetch-refused", "Parti."),
    (answer(302, b"", Location="http://127.0.0.1/elsewhere"), "fetch-refused", "HTTP 302"),
    (answer(204), "fetch-refused", "HTTP 204"),
    (
        answer(403, b'{"code":"policy-refuses","title":{"fr":"Non.","en":"No."},"detail":{"fr":"Fini.","en":"Over."}}'),
        "fetch-refused",
        "Non. Fini.",
    ),
    (
        answer(409, b'{"code":"source-changed","title":{"fr":"Autre.","en":"Other."}}'),
        "fetch-refused",
        "Autre.",
    ),
]


@pytest.mark.parametrize(("said", "code", "reason"), REFUSALS)
def test_a_refusal_ends_the_fetch_with_the_reason(
    node: Any, tmp_path: Path, said: bytes, code: str, reason: str
) -> None:
    async def play(one: Any) -> Any:
        async with scripted(said) as (url, _):
            await one.want(at(url), tmp_path / "place")
            return await one.fetch(), await one.state_of_fetch()

    again_at, fetch = played(node, play)
    assert (again_at, fetch.status, fetch.problem["code"]) == (None, "failed", code)
    assert reason in fetch.problem["reason"]["fr"]


@pytest.mark.parametrize(
    ("said", "wait_s"),
    [
        (answer(503, b"", Retry_After="7"), 7),
        (answer(500, b"oops"), 0.5),
        (answer(429, b"", Retry_After="2"), 2),
        (answer(409, b'{"code":"flow-not-started","title":{"fr":"Pas encore.","en":"Not yet."}}'), 0.5),
    ],
)
def test_what_passes_by_itself_is_waited_for(node: Any, tmp_path: Path, said: bytes, wait_s: float) -> None:
    clock = VirtualClock()

    async def play(one: Any) -> Any:
        async with scripted(said) as (url, _):
            await one.want(at(url), tmp_path / "place")
            return await one.fetch(), await one.state_of_fetch()

    again_at, fetch = played(node, play, clock=clock)
    assert (again_at - clock.now()).total_seconds() == wait_s
    assert (fetch.status, fetch.problem["code"]) == ("waiting", "unavailable")


def test_a_provider_silent_for_too_long_is_given_up(node: Any, tmp_path: Path) -> None:
    clock = VirtualClock()

    async def play(one: Any) -> Any:
        await one.want(at("http://127.0.0.1:1/x"), tmp_path / "place")
        waits = []
        while (again_at := await one.fetch()) is not None:
            waits.append((again_at - clock.now()).total_seconds())
            clock.advance_to(again_at)
        return waits, await one.state_of_fetch()

    waits, fetch = played(node, play, clock=clock)
    assert max(waits[:20]) == 15
    assert max(waits) == 60
    assert 3600 < sum(waits) < 3700
    assert (fetch.status, fetch.problem["code"]) == ("failed", "peer-unreachable")


@pytest.mark.parametrize("status", [404, 405])
def test_an_address_without_anything_is_looked_at_for_five_minutes(node: Any, tmp_path: Path, status: int) -> None:
    """EDC that is starting answers so, as HTML, before its addresses are there."""
    clock = VirtualClock()

    async def play(one: Any) -> Any:
        async with scripted(answer(status, b"<title>Not Found</title>")) as (url, _):
            await one.want(at(url), tmp_path / "place")
            waits, waiting = [], None
            while (again_at := await one.fetch()) is not None:
                waiting = waiting or await one.state_of_fetch()
                waits.append((again_at - clock.now()).total_seconds())
                clock.advance_to(again_at)
            return waits, waiting, await one.state_of_fetch()

    waits, waiting, failed = played(node, play, clock=clock)
    assert (waits[0], waiting.status, waiting.problem["code"]) == (0.5, "waiting", "fetch-refused")
    assert 300 < sum(waits) < 330
    assert (failed.status, failed.problem["code"]) == ("failed", "fetch-refused")
    assert "Not Found" in failed.problem["reason"]["fr"]


def test_a_private_address_is_not_called(node: Any, tmp_path: Path) -> None:
    async def play(one: Any) -> Any:
        await one.want(at("http://10.0.0.1/x"), tmp_path / "place")
        await one.fetch()
        return await one.state_of_fetch()

    assert played(node, play).problem["code"] == "peer-address-refused"


def test_a_full_disk_keeps_what_was_received(node: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing fails half way, as on a full disk; with room again the fetch goes on from there."""
    pwrite, room = os.pwrite, [1_500_000]

    def short_of_room(file: int, piece: bytes, at: int) -> int:
        if room[0] <= 0:
            raise OSError(28, "No space left on device")
        count = pwrite(file, piece[: room[0]], at)
        room[0] -= count
        return count

    async def play(one: Any) -> Any:
        await one.publish(CONTENT)
        await one.want(await one.provide(), tmp_path / "place")
        with monkeypatch.context() as patch:
            patch.setattr(partial.os, "pwrite", short_of_room)
            await one.fetch()
        failed = await one.state_of_fetch()
        kept = (tmp_path / "place.part").stat().st_size
        await one.store.write(lambda tx: fetches.begin(tx, "ville", FETCH, str(tmp_path / "place")))
        await one.fetch()
        return failed, kept, await one.state_of_fetch(), one.app.sent_bytes

    failed, kept, done, sent = played(node, play)
    assert (failed.status, failed.problem["code"], kept) == ("failed", "fetch-disk-full", 1_500_000)
    assert done.status == "done"
    assert (tmp_path / "place").read_bytes() == CONTENT
    assert sent < 2 * len(CONTENT)


def test_a_content_that_cannot_fit_is_not_begun(node: Any, tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n"

    async def play(one: Any) -> Any:
        async with scripted(head) as (url, _):
            await one.want(at(url), tmp_path / "place")
            await one.fetch()
            return await one.state_of_fetch()

    assert played(node, play).problem["code"] == "fetch-disk-full"


def test_two_fetches_do_not_write_to_one_place(node: Any, tmp_path: Path) -> None:
    other = partial.PartialFile(tmp_path / "place")

    async def play(one: Any) -> Any:
        await one.publish(CONTENT)
        await one.want(await one.provide(), tmp_path / "place")
        await one.fetch()
        return await one.state_of_fetch()

    fetch = played(node, play)
    other.close()
    assert fetch.problem["code"] == "fetch-file-exists"


def test_progress_is_recorded_once_a_second(node: Any, tmp_path: Path) -> None:
    """The clock moves by a quarter of a second with every piece."""
    clock = VirtualClock()
    reports: list[int] = []

    async def play(one: Any) -> Any:
        path = await one.publish(b"x")
        os.truncate(path, 24 << 20)
        await one.publish_file(path)
        await one.want(await one.provide(), tmp_path / "place")
        append = partial.PartialFile.append

        def append_slowly(self: Any, piece: bytes) -> None:
            clock.advance(timedelta(seconds=0.25 * len(piece) / (1 << 20)))
            append(self, piece)

        progress = fetches.progress

        def note(tx: Tx, owner: str, transfer: str, done_bytes: int) -> Any:
            reports.append(done_bytes)
            return progress(tx, owner, transfer, done_bytes)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(partial.PartialFile, "append", append_slowly)
            patch.setattr(fetches, "progress", note)
            await one.fetch()

    played(node, play, clock=clock)
    assert reports == sorted(reports)
    assert 4 <= len(reports) <= 6


def test_asking_again_in_another_place_begins_anew(node: Any, tmp_path: Path) -> None:
    async def play(one: Any) -> Any:
        await one.want(at("http://127.0.0.1:1/x"), tmp_path / "place")
        await one.store.write(lambda tx: fetches.announced(tx, "ville", FETCH, size_bytes=9, sha256=SHA, etag='"tag"'))
        await one.store.write(lambda tx: fetches.begin(tx, "ville", FETCH, str(tmp_path / "elsewhere")))
        return await one.state_of_fetch()

    fetch = played(node, play)
    assert (fetch.path, fetch.size_bytes, fetch.sha256, fetch.etag) == (str(tmp_path / "elsewhere"), None, None, None)


@pytest.mark.parametrize("status", ["done", "failed", "waiting"])
def test_a_start_awakens_what_it_may_help(node: Any, tmp_path: Path, status: str) -> None:
    async def play(one: Any) -> bool:
        await one.publish(b"x")
        await one.want(await one.provide(), tmp_path / "place")
        if status == "done":
            await one.fetch()
        elif status == "failed":
            (tmp_path / "place").write_bytes(b"another")
            await one.fetch()
        return await one.store.write(lambda tx: fetches.awaken(tx, "ville", FETCH))

    assert played(node, play) is (status == "waiting")


def test_a_start_awakens_nothing_that_nobody_wants(node: Any) -> None:
    assert not played(node, lambda one: one.store.write(lambda tx: fetches.awaken(tx, "ville", FETCH)))
