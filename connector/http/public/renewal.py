"""`POST /data/TRANSFER/token`: a fresh access token for the consumer of a transfer.

The form of RFC 6749 §6 (`grant_type=refresh_token`), as the token-renewal profile of Data Plane Signaling has it; the
consumer identifies itself in `Authorization` with a token of its own, by the same scheme as on every DSP message. A
renewal token alone is worth nothing. What is granted is said by dataplane/transfers/http_pull.py.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import parse_qs

from connector.dataplane.errors import WrongMethod
from connector.dataplane.gate import Gate
from connector.dataplane.transfers import http_pull
from connector.http.public.answers import Message, Receive, Scope, Send, send_whole
from connector.problems import Invalid, TooLarge
from connector.store.db import Store

LIMIT_BYTES = 8 << 10


class Speaker(Protocol):
    """Who proved to be speaking."""

    @property
    def did(self) -> str: ...


Verify = Callable[[str | None, str], Awaitable[Speaker]]
"""`verify(authorization, owner)`; raises Unauthorized."""


class RenewalApp:
    """Answers renewal addresses; problems are raised for the caller to answer."""

    def __init__(self, gate: Gate, store: Store, verify: Verify, *, lifetime_s: int, body_timeout_s: float) -> None:
        self._gate = gate
        self._store = store
        self._verify = verify
        self._lifetime_s = lifetime_s
        self._body_timeout_s = body_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            raise WrongMethod(allowed="POST")
        path = scope["path"].removesuffix("/token")
        refresh_token = await self._read_form(receive)
        grant = await self._store.read(lambda tx: http_pull.bearer_of(tx, refresh_token, path))
        speaker = await self._verify(_authorization(scope), grant.owner)
        renewed = await self._store.write(
            lambda tx: http_pull.renew(tx, self._gate, refresh_token, path, speaker.did, self._lifetime_s)
        )
        await _answer(send, renewed)

    async def _read_form(self, receive: Receive) -> str:
        """Return the renewal token of the form. Raises Invalid or TooLarge."""
        try:
            async with asyncio.timeout(self._body_timeout_s):
                body = await _body(receive)
            form = parse_qs(body.decode("ascii"), max_num_fields=20)
        except (TimeoutError, ValueError):
            form = {}
        tokens = form.get("refresh_token", [])
        if form.get("grant_type") != ["refresh_token"] or len(tokens) != 1:
            raise Invalid("grant_type=refresh_token&refresh_token=…")
        return tokens[0]


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > LIMIT_BYTES:
            raise TooLarge
        if not message.get("more_body", False):
            return body


def _authorization(scope: Scope) -> str | None:
    value = dict(scope["headers"]).get(b"authorization")
    return None if value is None else value.decode("latin-1")


async def _answer(send: Send, renewed: http_pull.Renewed) -> None:
    members = {"access_token": renewed.access_token, "token_type": "Bearer", "expires_in": renewed.expires_in_s}
    body = json.dumps(members).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    head: Message = {"type": "http.response.start", "status": 200, "headers": headers}
    await send_whole(send, head, body)
