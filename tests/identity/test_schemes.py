"""What every identity scheme does, whatever its tokens look like."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from connector.identity.errors import TokenRefused, UnsafeIdentity
from connector.identity.scheme import Participant, Scheme
from connector.lab.mock_identity import MockIdentity
from connector.lab.static_identity import StaticIdentity
from connector.settings import Settings


@pytest.fixture(params=["did_web", "static", "mock"])
def parties(request: pytest.FixtureRequest, nodes: Any) -> Callable[..., Any]:
    """Open (caller's scheme, caller's id, receiver's scheme, receiver's id) of each kind."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[tuple[Scheme, str, Scheme, str]]:
        if request.param == "static":
            kit = StaticIdentity(Settings(), {}, "Bearer kit")
            ours = StaticIdentity(Settings(), {"Bearer kit": "urn:kit"}, "Bearer us")
            yield kit, "urn:kit", ours, "urn:us"
            return
        if request.param == "mock":
            edc, us = MockIdentity(Settings(), lambda _: "urn:edc"), MockIdentity(Settings(), lambda _: "urn:us")
            yield edc, "urn:edc", us, "urn:us"
            return
        async with nodes() as (alice, bob):
            yield alice.scheme, alice.did, bob.scheme, bob.did

    return opened


def test_the_receiver_knows_the_caller_by_its_header(parties: Any) -> None:
    async def walk() -> None:
        async with parties() as (caller, caller_id, receiver, receiver_id):
            header = await caller.token_for("root", receiver_id)
            assert await receiver.verify(header, "root") == Participant(caller_id)

    asyncio.run(walk())


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer other", "kit", '{"id":"kit"}', '{"clientId":""}', "[]"])
def test_a_header_that_proves_nobody_is_refused(parties: Any, header: str | None) -> None:
    async def walk() -> None:
        async with parties() as (_, _, receiver, _):
            with pytest.raises(TokenRefused):
                await receiver.verify(header, "root")

    asyncio.run(walk())


def test_the_receiver_refuses_its_own_header(parties: Any) -> None:
    async def walk() -> None:
        async with parties() as (_, caller_id, receiver, _):
            with pytest.raises(TokenRefused):
                await receiver.verify(await receiver.token_for("root", caller_id), "root")

    asyncio.run(walk())


@pytest.mark.parametrize("url", ["https://node.example", "https://10.0.0.1", "https://localhost.example"])
def test_a_laboratory_identity_refuses_a_node_that_others_can_reach(url: str) -> None:
    with pytest.raises(UnsafeIdentity):
        StaticIdentity(Settings(public_url=url), {}, "Bearer us")


@pytest.mark.parametrize("url", ["https://node.example", "https://10.0.0.1", "https://localhost.example"])
def test_the_mock_identity_refuses_a_node_that_others_can_reach(url: str) -> None:
    with pytest.raises(UnsafeIdentity):
        MockIdentity(Settings(public_url=url), str)


def test_the_mock_identity_writes_and_reads_the_header_of_edc() -> None:
    ours = MockIdentity(Settings(), lambda owner: f"urn:us:{owner}")
    header = '{"region":"eu","audience":"http://127.0.0.1:1/protocol/2025-1","clientId":"consumer"}'
    assert asyncio.run(ours.verify(header, "root")) == Participant("consumer")
    written = '{"region":"eu","audience":"urn:edc","clientId":"urn:us:root"}'
    assert asyncio.run(ours.token_for("root", "urn:edc")) == written


@pytest.mark.parametrize("header", ['{"clientId":7}', '{"clientId":"' + "x" * 5000 + '"}', '{"clientId":"a"'])
def test_the_mock_identity_refuses_what_names_nobody(header: str) -> None:
    with pytest.raises(TokenRefused):
        asyncio.run(MockIdentity(Settings(), str).verify(header, "root"))
