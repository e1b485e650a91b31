"""Small calls: what is sent, what is accepted, and how a call that fails says why."""

import asyncio
import gzip
import socket
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from connector.peer.client import Answer, Client
from connector.peer.errors import AnswerTooLarge, BadAnswer, Unreachable

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
MIB = 1 << 20


@pytest.fixture
def ask(serving: Any, calling: Any) -> Callable[..., Answer]:
    """Return a function that sends one GET to a handler and returns the answer."""

    def run(handler: Handler, *, limit_bytes: int = MIB, timeout_s: float = 5.0) -> Answer:
        async def call() -> Answer:
            async with serving(web.get("/", handler)) as port, calling() as transport:
                client = Client(transport, limit_bytes=limit_bytes, timeout_s=timeout_s)
                return await client.get(f"http://127.0.0.1:{port}/")

        return asyncio.run(call())

    return run


@pytest.fixture
def fail(raw_server: Any, calling: Any) -> Callable[..., str]:
    """Return a function that sends one POST to a server that writes raw bytes, and returns the cause of the failure."""

    def run(written: bytes) -> str:
        async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(written)

        async def call() -> str:
            async with raw_server(talk) as port, calling() as transport:
                with pytest.raises(Unreachable) as failed:
                    await Client(transport).post(f"http://127.0.0.1:{port}/", "Bearer secret", b"{}")
            assert "secret" not in repr(failed.value) + str(failed.value)
            return failed.value.cause

        return asyncio.run(call())

    return run


def test_a_message_goes_out_as_json_with_its_authorisation(serving: Any, calling: Any) -> None:
    async def echo(request: web.Request) -> web.Response:
        names = ("Authorization", "Content-Type", "Accept-Encoding")
        seen = "|".join(request.headers[name] for name in names)
        return web.Response(status=201, text=f"{seen}|{await request.text()}")

    async def call() -> Answer:
        async with serving(web.post("/a", echo)) as port, calling() as transport:
            return await Client(transport).post(f"http://127.0.0.1:{port}/a", "Bearer t", b'{"a":1}')

    answer = asyncio.run(call())
    assert (answer.status, answer.is_success) == (201, True)
    assert answer.body == b'Bearer t|application/json|gzip|{"a":1}'


def test_a_redirect_is_an_answer_and_is_not_followed(ask: Any) -> None:
    async def redirect(_: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    answer = ask(redirect)
    assert (answer.status, answer.headers["location"], answer.is_success) == (307, "/elsewhere", False)


@pytest.mark.parametrize("status", [200, 201, 400, 401, 404, 409, 500, 503])
def test_any_status_is_an_answer(ask: Any, status: int) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=status, body=b"x")

    assert ask(handler).status == status


def test_header_names_are_lower_case_and_repeated_headers_are_joined(ask: Any) -> None:
    async def links(_: web.Request) -> web.Response:
        response = web.Response()
        response.headers.add("Link", '</a>; rel="next"')
        response.headers.add("LINK", '</b>; rel="previous"')
        return response

    assert ask(links).headers["link"] == '</a>; rel="next", </b>; rel="previous"'


@pytest.mark.parametrize("declares_length", [True, False])
def test_a_body_of_ten_megabytes_is_cut(ask: Any, declares_length: bool) -> None:
    async def big(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if declares_length:
            response.content_length = 10 * MIB
        await response.prepare(request)
        for _ in range(160):
            await response.write(bytes(64 << 10))
        return response

    with pytest.raises(AnswerTooLarge):
        ask(big)


def test_a_body_at_the_limit_is_accepted_and_one_byte_more_is_not(ask: Any) -> None:
    async def exact(_: web.Request) -> web.Response:
        return web.Response(body=bytes(1000))

    assert len(ask(exact, limit_bytes=1000).body) == 1000
    with pytest.raises(AnswerTooLarge):
        ask(exact, limit_bytes=999)


def test_a_gzip_answer_is_unpacked(ask: Any) -> None:
    body = b'{"dataset":[]}' * 1000

    async def packed(_: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(body), headers={"Content-Encoding": "gzip"})

    assert ask(packed).body == body


def test_a_gzip_bomb_is_unpacked_no_further_than_the_limit(ask: Any) -> None:
    bomb = zlib.compressobj(wbits=31)
    packed = b"".join(bomb.compress(bytes(MIB)) for _ in range(200)) + bomb.flush()
    assert len(packed) < MIB

    async def send(_: web.Request) -> web.Response:
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    tracemalloc.start()
    try:
        with pytest.raises(AnswerTooLarge):
            ask(send)
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("encoding", "body"), [("gzip", b"plain"), ("gzip", gzip.compress(b"whole", mtime=0)[:-9]), ("br", b"x")]
)
def test_a_body_that_cannot_be_unpacked_is_a_bad_answer(ask: Any, encoding: str, body: bytes) -> None:
    async def send(_: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Encoding": encoding})

    with pytest.raises(BadAnswer):
        ask(send)


@pytest.mark.parametrize("sends_head", [True, False])
def test_a_slow_peer_is_left_after_the_time_limit(ask: Any, sends_head: bool) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if sends_head:
            await response.prepare(request)
            await response.write(b"{")
        await asyncio.Event().wait()
        return response

    with pytest.raises(Unreachable) as failed:
        ask(slow, timeout_s=0.2)
    assert failed.value.cause == "timeout"


def test_a_refused_connection_says_so(calling: Any) -> None:
    async def call() -> str:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else takes the port
            async with calling() as transport:
                with pytest.raises(Unreachable) as failed:
                    await Client(transport).get(f"http://127.0.0.1:{taken.getsockname()[1]}/")
        return failed.value.cause

    assert asyncio.run(call()) == "refused"


def test_a_name_that_is_not_found_says_so(names: Any, calling: Any) -> None:
    async def call() -> str:
        async with calling(names()) as transport:
            with pytest.raises(Unreachable) as failed:
                await Client(transport).get("https://nowhere.example/")
        return failed.value.cause

    assert asyncio.run(call()) == "dns"


@pytest.mark.parametrize(
    ("written", "cause"),
    [
        (b"", "closed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "closed"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 20000 + b"\r\n\r\n", "protocol"),
    ],
)
def test_an_answer_that_breaks_off_or_is_no_http_says_so(fail: Any, written: bytes, cause: str) -> None:
    assert fail(written) == cause


def test_one_connection_serves_many_calls(serving: Any, calling: Any) -> None:
    async def port_of_caller(request: web.Request) -> web.Response:
        assert request.transport is not None
        return web.Response(text=str(request.transport.get_extra_info("peername")[1]))

    async def call() -> set[bytes]:
        async with serving(web.post("/", port_of_caller)) as port, calling() as transport:
            client = Client(transport)
            return {(await client.post(f"http://127.0.0.1:{port}/", None, b"{}")).body for _ in range(5)}

    assert len(asyncio.run(call())) == 1


def test_cookies_of_a_peer_are_not_kept(serving: Any, calling: Any) -> None:
    async def count(request: web.Request) -> web.Response:
        return web.Response(text=str(len(request.cookies)), headers={"Set-Cookie": "a=1"})

    async def call() -> bytes:
        async with serving(web.get("/", count)) as port, calling() as transport:
            client = Client(transport)
            await client.get(f"http://127.0.0.1:{port}/")
            return (await client.get(f"http://127.0.0.1:{port}/")).body

    assert asyncio.run(call()) == b"0"


def test_proxies_of_the_environment_are_ignored(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async def handler(_: web.Request) -> web.Response:
        return web.Response(text="direct")

    assert ask(handler).body == b"direct"
