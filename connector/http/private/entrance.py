"""The entrance of the management API: who asks, within what limits, and what a failure looks like.

Identity first: a caller without a valid key learns nothing, not even whether its body could be read. A body is read
within a size and a time, and must be JSON with one meaning (protocol/strict_json.py). Identifiers in paths may be any
IRI, slashes included, so a path is matched as it was sent and each of its parts decoded by itself.
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import Any

from connector.http.private import documents
from connector.http.private.effects import etag
from connector.http.private.faults import InternalError, Malformed, NotJson, SlowRequest
from connector.http.private.services import Services
from connector.http.public.answers import App, Message, Receive, Scope, Send, hear_out
from connector.problems import Problem, TooLarge, Unauthorized
from connector.protocol.errors import MalformedMessage
from connector.protocol.strict_json import read_object
from connector.services.once import Repeated

log = logging.getLogger("pupitre.api")

OPENAPI_PATH = "/api/v1/openapi.json"
_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_JSON = re.compile(r"application/(?:[a-z0-9.-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)
_NULL = re.compile(rb"%00|\0")


class Entrance:
    """Stands before the application, as ASGI middleware."""

    def __init__(self, app: App, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        language = documents.language_of(headers, self._services.settings.language)
        begun = Begun(send)
        try:
            scope = await self._admitted(scope, headers, language)
            await self._app(scope, await self._read(scope, headers, receive), begun)
        except Repeated as repeated:
            await begun.answer(repeated)
        except Problem as problem:
            await begun.refuse(problem, language)
        except Exception:
            log.exception("unhandled", extra={"path": scope["path"]})
            await begun.refuse(InternalError(), language)

    async def _admitted(self, scope: Scope, headers: Mapping[str, str], language: str) -> Scope:
        """Return the scope with who asks and in which language. Raises Unauthorized, Malformed."""
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        state: dict[str, Any] = {**scope.get("state", {}), "language": language, "caller": None}
        if scope["path"] != OPENAPI_PATH:
            state["caller"] = await self._services.hosts.caller(_secret(headers))
        if _NULL.search(raw_path) or _NULL.search(scope["query_string"]):
            raise Malformed({"fr": "Caractère nul.", "en": "A null character."})
        return {**scope, "path": raw_path.decode("latin-1"), "state": state}

    async def _read(self, scope: Scope, headers: Mapping[str, str], receive: Receive) -> Receive:
        """Return a `receive` that gives the body once more, after looking at it. Raises what is wrong with it."""
        if scope["method"] not in _WITH_BODY:
            return receive
        body = await self._body(headers, receive)
        if body:
            if not _JSON.fullmatch(headers.get("content-type", "")):
                raise NotJson(headers.get("content-type", "")[:100])
            _check(body)
        return _replaying(body, receive)

    async def _body(self, headers: Mapping[str, str], receive: Receive) -> bytes:
        limit_bytes = self._services.settings.message_limit_bytes
        declared = headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > limit_bytes:
            await hear_out(receive)
            raise TooLarge(f"{declared} > {limit_bytes}")
        try:
            async with asyncio.timeout(self._services.settings.body_timeout_s):
                return await _collect(receive, limit_bytes)
        except TimeoutError as error:
            raise SlowRequest from error


class Begun:
    """A `send` that knows whether an answer has begun: only before may a problem still become the answer."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._has_begun = False

    async def __call__(self, message: Message) -> None:
        self._has_begun = True
        await self._send(message)

    async def answer(self, repeated: Repeated) -> None:
        """Answer what was answered before to the same request."""
        headers = [(b"idempotency-replayed", b"true"), (b"content-length", b"%d" % len(repeated.body))]
        if repeated.body:
            headers += [(b"content-type", b"application/json"), (b"etag", etag(repeated.body).encode())]
        await self({"type": "http.response.start", "status": repeated.status, "headers": headers})
        await self({"type": "http.response.body", "body": repeated.body})

    async def refuse(self, problem: Problem, language: str) -> None:
        """Answer with the problem, unless another answer has begun."""
        if self._has_begun:
            return
        status, headers, body = documents.render(problem, language)
        headers["content-length"] = str(len(body))
        if problem.status in (408, 413):
            headers["connection"] = "close"  # what is left of the body is not read
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})
        await self._send({"type": "http.response.body", "body": body})


def _secret(headers: Mapping[str, str]) -> str:
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthorized({"fr": "Authorization: Bearer CLÉ.", "en": "Authorization: Bearer KEY."})
    return secret.strip()


async def _collect(receive: Receive, limit_bytes: int) -> bytes:
    chunks, size, is_more = [], 0, True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Malformed({"fr": "Le corps s’arrête avant sa fin.", "en": "The body ended early."})
        chunk = bytes(message.get("body", b""))
        size += len(chunk)
        if size > limit_bytes:
            await hear_out(receive)
            raise TooLarge(f"> {limit_bytes}")
        chunks.append(chunk)
        is_more = message.get("more_body", False)
    return b"".join(chunks)


def _check(body: bytes) -> None:
    try:
        read_object(body)
    except MalformedMessage as problem:
        raise Malformed(problem.detail, pointer=problem.pointer) from None


def _replaying(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
