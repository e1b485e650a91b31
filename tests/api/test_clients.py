"""The two clients do the same: one waits, the other is awaited."""

import asyncio
from typing import Any

import httpx
import pytest

from connector.sdk import ApiProblem, AsyncClient, Client, NodeUnreachable, calls
from tests.harness.threaded import Running


def test_both_clients_read_the_same(consumer: Running, seeded: Any) -> None:
    async def look() -> tuple[Any, list[Any]]:
        async with AsyncClient(consumer.url, consumer.key) as client:
            shown = await client.show_negotiation(seeded.pid)
            return shown, [one async for one in client.each(calls.show_journal(seeded.pid, limit=2))]

    with Client(consumer.url, consumer.key) as client:
        expected = client.show_negotiation(seeded.pid), list(client.each(calls.show_journal(seeded.pid, limit=2)))
    assert asyncio.run(look()) == expected


def test_both_clients_raise_the_problem_with_all_it_says(consumer: Running) -> None:
    async def fail() -> None:
        async with AsyncClient(consumer.url, consumer.key, language="en") as client:
            await client.add_peer("nobody")

    with Client(consumer.url, consumer.key, language="en") as client:
        for act in (lambda: client.add_peer("nobody"), lambda: asyncio.run(fail())):
            with pytest.raises(ApiProblem) as refused:
                act()
            problem = refused.value
            assert (problem.status, problem.code, problem.pointer) == (400, "invalid", "/did")
            assert (problem.title, problem.remedy) == (
                "Invalid request.",
                "Correct the field that is named and try again.",
            )
            assert "pk_" not in str(problem)


def test_both_clients_say_that_a_node_does_not_answer() -> None:
    async def ask() -> None:
        async with AsyncClient("http://127.0.0.1:9", "pk_x") as client:
            await client.show_status()

    with Client("http://127.0.0.1:9", "pk_x") as client:
        for act in (client.show_status, lambda: asyncio.run(ask())):
            with pytest.raises(NodeUnreachable):
                act()


@pytest.mark.parametrize(("status", "body"), [(502, b"<html>"), (500, b"[]"), (503, b"")])
def test_an_answer_that_is_no_problem_document_is_a_problem_all_the_same(status: int, body: bytes) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=body, headers={"retry-after": "3"}))
    with Client("http://node", "pk_x", transport=transport) as client, pytest.raises(ApiProblem) as refused:
        client.show_status()
    assert (refused.value.status, refused.value.code, refused.value.retry_after_s) == (status, "", 3.0)


@pytest.mark.parametrize("identifier", ["https://demo.example/a?b=c#d", "urn:x:é %2F/..", "did:web:a%3A1"])
def test_any_identifier_is_one_part_of_the_path(identifier: str) -> None:
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path.decode().removeprefix("/api/v1/datasets/"))
        return httpx.Response(200, json={})

    with Client("http://node", "pk_x", transport=httpx.MockTransport(answer)) as client:
        client.show_dataset(identifier)
    assert "/" not in seen[0]
    assert "?" not in seen[0]


def test_identifiers_of_any_kind_come_back_as_they_went(api: Client, seeded: Any) -> None:
    for identifier in ("https://demo.example/a?b=c#d", "urn:x:é %2F/../y", "did:web:a%3A1", "a/withdraw"):
        api.put_dataset(identifier, "x", {"kind": "file", "path": "feux.csv"})
        assert api.show_dataset(identifier)["id"] == identifier
        assert api.withdraw_dataset(identifier)["status"] == "withdrawn"
