"""Reading data over HTTP: contents, headers, ranges, methods."""

import asyncio
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest

FLOW = "/data/urn:uuid:00000000-0000-4000-8000-000000000001"
SMALL = bytes(range(256)) * 8
LARGE = bytes(range(256)) * 4096 * 3 + b"end"


def pulled(node: Any, token: Any, content: bytes, method: str = "GET", **headers: str) -> Any:
    async def play() -> Any:
        async with node() as one:
            await one.publish(content)
            address = await one.provide()
            return await one.get(FLOW, f"Bearer {token(address)}", method, **headers)

    return asyncio.run(play())


@pytest.mark.parametrize("content", [b"", SMALL, LARGE], ids=["empty", "small", "large"])
def test_the_bytes_are_those_published(node: Any, token: Any, content: bytes) -> None:
    reply = pulled(node, token, content)
    assert (reply.status, reply.is_whole, reply.body) == (200, True, content)


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_headers_describe_the_content(node: Any, token: Any, content: bytes, method: str) -> None:
    reply = pulled(node, token, content, method)
    digest = sha256(content).digest()
    expected = {
        "content-length": str(len(content)),
        "content-type": "text/csv",
        "etag": f'"{digest.hex()}"',
        "repr-digest": f"sha-256=:{b64encode(digest).decode()}:",
        "content-disposition": "attachment; filename=\"lampes.csv\"; filename*=UTF-8''lampes.csv",
        "accept-ranges": "bytes",
        "cache-control": "private, no-store",
    }
    assert expected.items() <= reply.headers.items()
    assert "GMT" in reply.headers["last-modified"]
    assert reply.body == (content if method == "GET" else b"")


RANGES = [
    ("bytes=0-0", 0, 1),
    ("bytes=5-9", 5, 10),
    ("bytes=5-", 5, None),
    ("bytes=-7", -7, None),
    ("BYTES = 5 - 9", 5, 10),
    ("bytes=0-99999999999", 0, None),
    ("bytes=-99999999999", 0, None),
]


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(("header", "start", "stop"), RANGES)
def test_one_range_is_answered_with_that_part(
    node: Any, token: Any, content: bytes, header: str, start: int, stop: int | None
) -> None:
    reply = pulled(node, token, content, Range=header)
    part = content[start:stop]
    first = start if start >= 0 else len(content) + start
    assert (reply.status, reply.body) == (206, part)
    assert reply.headers["content-range"] == f"bytes {first}-{first + len(part) - 1}/{len(content)}"
    assert reply.headers["repr-digest"] == f"sha-256=:{b64encode(sha256(content).digest()).decode()}:"


@pytest.mark.parametrize("header", ["bytes=1-2,4-5", "lines=1-2", "bytes=2-1", "bytes=x-", "bytes=-", "bytes"])
def test_what_is_not_one_range_of_bytes_is_answered_with_the_whole(node: Any, token: Any, header: str) -> None:
    reply = pulled(node, token, SMALL, Range=header)
    assert (reply.status, reply.body) == (200, SMALL)


@pytest.mark.parametrize("header", ["bytes=2048-", "bytes=99999-100000", "bytes=-0"])
def test_a_range_outside_the_content_is_unsatisfiable(node: Any, token: Any, header: str) -> None:
    reply = pulled(node, token, SMALL, Range=header)
    assert (reply.status, reply.headers["content-range"]) == (416, "bytes */2048")
    assert reply.problem["code"] == "range-unsatisfiable"


@pytest.mark.parametrize(
    ("condition", "status"), [(f'"{sha256(SMALL).hexdigest()}"', 206), ('"other"', 200), (f'W/"{"0" * 64}"', 200)]
)
def test_a_range_is_served_only_of_the_content_it_was_meant_for(
    node: Any, token: Any, condition: str, status: int
) -> None:
    assert pulled(node, token, SMALL, Range="bytes=1-2", If_Range=condition).status == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_not_allowed(node: Any, token: Any, method: str) -> None:
    reply = pulled(node, token, SMALL, method)
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


def test_a_name_of_any_letters_survives_the_header(node: Any, token: Any) -> None:
    async def play() -> Any:
        async with node() as one:
            await one.publish(SMALL, 'éclairage "public".csv')
            return await one.get(FLOW, token(await one.provide()))

    disposition = asyncio.run(play()).headers["content-disposition"]
    assert disposition.endswith("filename*=UTF-8''%C3%A9clairage%20%22public%22.csv")
    assert disposition.count('"') == 2


def test_other_addresses_are_passed_on(node: Any) -> None:
    async def play() -> list[int]:
        async with node() as one:
            paths = ("/dsp/2025-1/catalog/request", "/data", "/o/agglo/dsp/x/data/y", "/database/x")
            return [(await one.get(path, None)).status for path in paths]

    assert asyncio.run(play()) == [299] * 4
