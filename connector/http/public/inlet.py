"""`POST` or `PUT /data/TRANSFER/push`: the bytes that a partner pushes to us.

The whole content as it is, with `Content-Length` or chunked; `Content-Digest` or `Repr-Digest` (RFC 9530, SHA-256) is
held against what arrived. The secret of the data address stands in `Authorization`. The answer to an accepted upload
says what was kept. Who may push, and where the bytes go, is decided in dataplane/inlet.py.
"""

import asyncio
import json
from collections.abc import AsyncIterator

from connector.dataplane.announced import sha256_of
from connector.dataplane.errors import WrongMethod
from connector.dataplane.inlet import Inlets, Offered
from connector.dataplane.push_errors import PushIncomplete, PushNotPlain, PushTooSlow
from connector.dataplane.sinks import CHUNK_BYTES
from connector.http.public.answers import Message, Receive, Scope, Send, hear_out, reset_of, send_whole
from connector.problems import Problem

IDLE_S = 30.0
"""The longest silence of a sender, in seconds."""
_METHODS = ("POST", "PUT")


class InletApp:
    """Answers push addresses; problems are raised for the caller to answer."""

    def __init__(self, inlets: Inlets) -> None:
        self._inlets = inlets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in _METHODS:
            raise WrongMethod(allowed=", ".join(_METHODS))
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            inlet = await self._inlets.admit(headers.get("authorization"), scope["path"])
            _require_plain(headers)
            kept = await self._inlets.take(inlet, _offered(headers), _pieces(receive), reset_of(scope))
        except Problem:
            await hear_out(receive)
            raise
        await _answer(send, {"size_bytes": kept.size_bytes, "sha256": kept.sha256})


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the body in pieces of about 1 MiB. Raises PushIncomplete when the sender left, PushTooSlow."""
    gathered, is_more = bytearray(), True
    while is_more:
        try:
            async with asyncio.timeout(IDLE_S):
                message = await receive()
        except TimeoutError as error:
            raise PushTooSlow from error
        if message["type"] != "http.request":
            raise PushIncomplete
        gathered += message.get("body", b"")
        is_more = message.get("more_body", False)
        if len(gathered) >= CHUNK_BYTES or (gathered and not is_more):
            yield bytes(gathered)
            gathered.clear()


def _require_plain(headers: dict[str, str]) -> None:
    is_packed = headers.get("content-encoding", "identity").strip().lower() not in ("", "identity")
    is_form = headers.get("content-type", "").strip().lower().startswith("multipart/")
    if is_packed or is_form or "content-range" in headers:
        raise PushNotPlain


def _offered(headers: dict[str, str]) -> Offered:
    size = headers.get("content-length", "")
    digest = sha256_of(headers.get("content-digest", "")) or sha256_of(headers.get("repr-digest", ""))
    return Offered(int(size) if size.isdecimal() else None, digest)


async def _answer(send: Send, members: dict[str, object]) -> None:
    body = json.dumps(members).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    head: Message = {"type": "http.response.start", "status": 200, "headers": headers}
    await send_whole(send, head, body)
