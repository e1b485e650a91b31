"""Prepared answers are the same answers, only sooner; they keep HTTP's order and connections."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PATH = "/data/urn:uuid:00000000-0000-4000-8000-000000000001"
CONTENT = b"content"


async def exchanged(one: Any, request: bytes) -> bytes:
    """Return all that the server answers until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def answered(node: Any, token: Any, request: bytes, **options: Any) -> bytes:
    """Return the answer to a raw request in which TOKEN stands for the token."""

    async def play() -> bytes:
        async with node(**options) as one:
            await one.publish(CONTENT)
            bearer = token(await one.provide())
            assert (await one.get(PATH, bearer)).status == 200
            return await exchanged(one, request.replace(b"TOKEN", bearer.encode()))

    return asyncio.run(play())


def get(last: bool, version: str = "1.1", more: str = "") -> bytes:
    close = "Connection: close\r\n" if last else ""
    return f"GET {PATH} HTTP/{version}\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n{more}{close}\r\n".encode()


def parsed(answer: bytes) -> list[tuple[bytes, dict[bytes, bytes], bytes]]:
    """Split answers that all state their length."""
    answers = []
    while answer:
        head, _, answer = answer.partition(b"\r\n\r\n")
        status, *lines = head.split(b"\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)}
        size = int(headers[b"content-length"])
        answers.append((status, headers, answer[:size]))
        answer = answer[size:]
    return answers


def test_a_prepared_answer_says_what_a_plain_one_says(node: Any, token: Any) -> None:
    prepared, last = parsed(answered(node, token, get(False) + get(True)))
    plain, _ = parsed(answered(node, token, get(False) + get(True), http=HttpToolsProtocol))
    changing = {b"date", b"last-modified"}
    assert prepared[0] == plain[0] == b"HTTP/1.1 200 OK"
    assert prepared[1].keys() == plain[1].keys()
    assert {k: v for k, v in prepared[1].items() if k not in changing} == {
        k: v for k, v in plain[1].items() if k not in changing
    }
    assert prepared[2] == plain[2] == last[2] == CONTENT


def test_pipelined_requests_are_answered_in_their_order(node: Any, token: Any) -> None:
    part = get(False, more="Range: bytes=1-2\r\n")
    answers = parsed(answered(node, token, get(False) + part + get(False) + part + get(True)))
    assert [body for _, _, body in answers] == [CONTENT, b"on", CONTENT, b"on", CONTENT]


def test_the_last_answer_says_that_the_connection_closes(node: Any, token: Any) -> None:
    ((_, headers, body),) = parsed(answered(node, token, get(True)))
    assert (headers[b"connection"], body) == (b"close", CONTENT)


def test_http_1_0_is_answered_and_closed(node: Any, token: Any) -> None:
    ((_, headers, body),) = parsed(answered(node, token, get(False, "1.0")))
    assert (headers[b"connection"], body) == (b"close", CONTENT)
