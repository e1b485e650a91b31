"""The inbox is bounded: one row for each stranger, so many strangers, so many in a minute; decided rows stay."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.app import ROOT, Node, build_app
from connector.clock import VirtualClock
from connector.identity.scheme import Participant
from connector.protocol import messages
from connector.services import inbox as door
from connector.services.exchange import Incoming
from connector.services.inbox import AdmissionPending
from connector.settings import load
from connector.store import inbox
from connector.store.inbox import Newcomer
from tests.harness import nodes, samples


async def built(folder: Path, clock: VirtualClock, **settings: Any) -> Node:
    node = await build_app(load(environ={}, data_dir=folder, public_port=0, private_port=0, **settings), clock=clock)
    await node.hosts.add(ROOT, "Essai")
    return node


def stranger(name: str) -> Participant:
    return Participant(f"did:web:{name}.example", is_known=False, thumbprint=name)


def request(dataset: str = "urn:test:x") -> Incoming:
    body = samples.first(
        "/negotiations/request", "urn:uuid:1", "https://x.example/dsp", offer=samples.offer("o", dataset)
    )
    text = json.dumps(body)
    return Incoming(messages.parse(messages.ContractRequestMessage, text.encode()), text)


async def knock(node: Node, name: str, incoming: Incoming | None = None) -> None:
    with pytest.raises(AdmissionPending):
        await node.inbox.let_in(ROOT, stranger(name), incoming or request())


async def rows(node: Node) -> list[Newcomer]:
    return await node.store.read(lambda tx: inbox.page(tx, ROOT, limit=10_000))


def play(folder: Path, walk: Any, **settings: Any) -> None:
    async def run() -> None:
        clock = VirtualClock()
        node = await built(folder, clock, **settings)
        try:
            await walk(node, clock)
        finally:
            await node.close()

    asyncio.run(run())


def test_the_default_is_that_a_stranger_waits(tmp_path: Path) -> None:
    async def walk(node: Node, clock: VirtualClock) -> None:
        assert node.settings.unknown_peers == "inbox"
        await knock(node, "a")
        await node.inbox.let_in(ROOT, Participant("did:web:known.example"), request())
        assert [row.did for row in await rows(node)] == ["did:web:a.example"]

    play(tmp_path, walk)


def test_where_strangers_are_admitted_nothing_is_noted(tmp_path: Path) -> None:
    async def walk(node: Node, clock: VirtualClock) -> None:
        await node.inbox.let_in(ROOT, stranger("a"), request())
        assert await rows(node) == []

    play(tmp_path, walk, unknown_peers="admit")


def test_one_stranger_has_one_row_that_is_written_once_a_minute(tmp_path: Path) -> None:
    async def walk(node: Node, clock: VirtualClock) -> None:
        for dataset in ("urn:test:x", "urn:test:y"):
            await knock(node, "a", request(dataset))
        assert [(row.knocks, row.about) for row in await rows(node)] == [(1, "urn:test:x")]
        clock.advance(door.NOTED_EVERY)
        await knock(node, "a", request("urn:" + "z" * 1_500))
        (row,) = await rows(node)
        assert (row.knocks, len(row.about)) == (2, door.LONGEST)

    play(tmp_path, walk)


def test_strangers_beyond_the_room_are_answered_alike_and_not_noted(tmp_path: Path) -> None:
    async def walk(node: Node, clock: VirtualClock) -> None:
        for number in range(door.ROOM_PER_MINUTE + 5):
            await knock(node, f"a{number}")
        assert len(await rows(node)) == door.ROOM_PER_MINUTE
        minute = 0
        while len(await rows(node)) < door.ROOM:
            minute += 1
            clock.advance(timedelta(seconds=61))
            for number in range(door.ROOM_PER_MINUTE):
                await knock(node, f"b{minute}-{number}")
        clock.advance(timedelta(seconds=61))
        await knock(node, "last")
        assert len(await rows(node)) == door.ROOM
        first = (await rows(node))[-1].did
        await node.inbox.refuse(ROOT, first, by=nodes.BY)
        clock.advance(timedelta(seconds=61))
        await knock(node, "last")
        assert "did:web:last.example" in {row.did for row in await rows(node)}
        assert len(await rows(node)) == door.ROOM + 1  # what was decided stays

    play(tmp_path, walk)
