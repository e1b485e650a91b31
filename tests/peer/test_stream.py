"""Bulk downloads: chunks at constant memory, resumption, and cuts that are not mistaken for an end."""

import asyncio
import gzip
from hashlib import sha256
from typing import Any

import pytest
from aiohttp import web

from connector.peer.errors import AnswerTooLarge, PeerAddressRefused, Unreachable
from connector.peer.stream import CHUNK_BYTES, Download

CONTENT = bytes(range(256)) * (20 << 10)  # 5 MiB


async def _send(request: web.Request) -> web.StreamResponse:
    """Serve CONTENT, or the part that was asked for."""
    part = request.http_range
    chosen = CONTENT[part]
    response = web.StreamResponse(status=206 if "Range" in request.headers else 200)
    response.headers["X-Seen"] = "|".join(
        request.headers.get(name, "") for name in ("Range", "If-Range", "Accept-Encoding", "Authorization")
    )
    response.content_length = len(chosen)
    await response.prepare(request)
    await response.write(chosen)
    return response


@pytest.fixture
def download(serving: Any, calling: Any) -> Any:
    """Return a function that downloads from a handler and gives (status, headers, chunks)."""

    def run(handler: Any = _send, *, limit_bytes: int | None = None, **options: Any) -> Any:
        async def call() -> Any:
            async with serving(web.get("/f", handler)) as port, calling() as transport:
                url = f"http://127.0.0.1:{port}/f"
                async with Download(transport, url, **options) as answer:
                    chunks = [chunk async for chunk in answer.chunks(limit_bytes)]
                    return answer.status, answer.headers, chunks

        return asyncio.run(call())

    return run


def test_a_file_arrives_whole_in_chunks_of_at_most_a_mebibyte(download: Any) -> None:
    status, headers, chunks = download(authorization="Bearer t")
    assert status == 200
    assert headers["content-length"] == str(len(CONTENT))
    assert headers["x-seen"] == "||identity|Bearer t"
    assert max(map(len, chunks)) <= CHUNK_BYTES
    assert sha256(b"".join(chunks)).digest() == sha256(CONTENT).digest()


def test_a_download_resumes_where_it_was_cut(download: Any) -> None:
    status, headers, chunks = download(first_byte=3_000_000, etag='"v1"')
    assert (status, headers["x-seen"]) == (206, 'bytes=3000000-|"v1"|identity|')
    assert b"".join(chunks) == CONTENT[3_000_000:]


def test_packed_files_stay_packed(download: Any) -> None:
    packed = gzip.compress(b"file")

    async def send(_: web.Request) -> web.Response:
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    assert b"".join(download(send)[2]) == packed


def test_a_redirect_is_not_followed(download: Any) -> None:
    async def redirect(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/f?again"})

    assert download(redirect)[0] == 302


def test_a_body_past_the_limit_is_refused(download: Any) -> None:
    with pytest.raises(AnswerTooLarge):
        download(limit_bytes=len(CONTENT) - 1)
    assert len(b"".join(download(limit_bytes=len(CONTENT))[2])) == len(CONTENT)


@pytest.mark.parametrize("head", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
def test_a_body_that_is_cut_is_an_error_and_not_an_end(raw_server: Any, calling: Any, head: bytes) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n5\r\nabcde\r\n")

    async def call() -> tuple[bytes, str]:
        received = b""
        async with raw_server(talk) as port, calling() as transport:
            try:
                async with Download(transport, f"http://127.0.0.1:{port}/f") as answer:
                    async for chunk in answer.chunks():
                        received += chunk
            except Unreachable as error:
                return received, error.cause
        return received, "ended"

    received, cause = asyncio.run(call())
    assert b"abcde" in received
    assert cause == "closed"


def test_silence_is_left_after_its_limit(download: Any) -> None:
    async def silent(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"begin")
        await asyncio.Event().wait()
        return response

    with pytest.raises(Unreachable) as failed:
        download(silent, idle_s=0.2)
    assert failed.value.cause == "timeout"


def test_leaving_early_closes_the_connection(raw_server: Any, calling: Any) -> None:
    async def call() -> bool:
        closed = asyncio.Event()

        async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            try:
                while True:
                    writer.write(bytes(1 << 16))
                    await writer.drain()
            except ConnectionError:
                closed.set()

        async with raw_server(endless) as port, calling() as transport:
            async with Download(transport, f"http://127.0.0.1:{port}/f") as answer:
                async for _ in answer.chunks():
                    break
            await asyncio.wait_for(closed.wait(), 5)
        return closed.is_set()

    assert asyncio.run(call())


def test_a_download_passes_the_guard(calling: Any) -> None:
    async def call() -> None:
        url = "https://169.254.169.254/latest/meta-data"
        async with calling(public_url="https://node.example") as transport, Download(transport, url):
            pass

    with pytest.raises(PeerAddressRefused):
        asyncio.run(call())


def test_a_server_that_does_not_answer_is_unreachable(raw_server: Any, calling: Any) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def call() -> None:
        async with raw_server(hang_up) as port, calling() as transport:
            await Download(transport, f"http://127.0.0.1:{port}/f").__aenter__()

    with pytest.raises(Unreachable):
        asyncio.run(call())
