"""What every protocol address does alike: who speaks, what it says, and how a refusal reads.

Identity first, look-ups after: a caller whose token does not hold learns nothing about what exists here. A body is read
within a size and a time. Whatever goes wrong leaves as the typed error of its protocol, and changes nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from connector.http.public.answers import hear_out
from connector.identity.scheme import Participant, Scheme
from connector.problems import Invalid, Problem, TooLarge
from connector.protocol.messages import Message, parse
from connector.services.exchange import Incoming
from connector.services.inbox import Inbox

log = logging.getLogger("pupitre.http")
M = TypeVar("M", bound=Message)
Endpoint = Callable[[Request], Awaitable[Response]]
RenderError = Callable[[Request, Problem], bytes]


class SlowBody(Problem):
    """The body did not arrive in time."""

    code = "slow-body"
    status = 408
    title: ClassVar[dict[str, str]] = {
        "fr": "Le corps du message n’est pas arrivé à temps.",
        "en": "The body of the message did not arrive in time.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Renvoyez le message d’un trait ; si cela se répète, vérifiez la liaison.",
        "en": "Send the message again without pauses; if it happens again, check the connection.",
    }


class UnreadableEncoding(Problem):
    """Message bodies are read as they are, not compressed (RFC 9110 §15.5.16)."""

    code = "content-encoding"
    status = 415
    title: ClassVar[dict[str, str]] = {
        "fr": "Le corps du message ne doit pas être comprimé.",
        "en": "The body of the message must not be compressed.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Renvoyez le même corps sans Content-Encoding.",
        "en": "Send the same body without Content-Encoding.",
    }


class InternalError(Problem):
    """Something failed here; it is logged, and nothing was changed."""

    code = "internal-error"
    status = 500
    title: ClassVar[dict[str, str]] = {"fr": "Le nœud a rencontré une erreur.", "en": "The node has met an error."}
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Rien n’a été modifié. Réessayez plus tard ; si cela dure, prévenez l’exploitant de ce nœud.",
        "en": "Nothing was changed. Try again later; if it lasts, tell whoever runs this node.",
    }


@dataclass(frozen=True)
class Wire:
    """Reads callers and bodies within the node's limits."""

    identity: Scheme
    inbox: Inbox
    limit_bytes: int
    timeout_s: float

    async def caller(self, request: Request) -> Participant:
        """Return who speaks. Raises Unauthorized."""
        return await self.identity.verify(request.headers.get("authorization"), owner_of(request))

    async def read(self, request: Request, model: type[M]) -> Incoming:
        """Return the message in the body. Raises MalformedMessage, TooLarge, SlowBody."""
        raw = await self.body(request)
        message = parse(model, raw)
        return Incoming(message, raw.decode())

    async def body(self, request: Request) -> bytes:
        """Return the body, at most `limit_bytes` within `timeout_s`. Raises TooLarge, SlowBody, UnreadableEncoding."""
        encoding = request.headers.get("content-encoding", "identity")
        if encoding.lower() != "identity":
            raise UnreadableEncoding(encoding)
        declared = request.headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > self.limit_bytes:
            await hear_out(request.receive)
            raise TooLarge(f"{declared} > {self.limit_bytes}")
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self._collect(request)
        except TimeoutError as error:
            raise SlowBody(f"{self.timeout_s:g} s") from error
        except ClientDisconnect as error:
            raise Invalid("The body ended early.") from error

    async def _collect(self, request: Request) -> bytes:
        chunks, size = [], 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > self.limit_bytes:
                await hear_out(request.receive)
                raise TooLarge(f"> {self.limit_bytes}")
            chunks.append(chunk)
        return b"".join(chunks)


def owner_of(request: Request) -> str:
    """Return the hosted participant whose address was called."""
    return str(request.scope["owner"])


def answering(endpoint: Endpoint, render_error: RenderError) -> Endpoint:
    """Return the endpoint with its problems answered as the protocol's typed error."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Problem as problem:
            return _refusal(request, problem, render_error)
        except Exception:
            log.exception("unhandled", extra={"path": request.url.path})
            return _refusal(request, InternalError(), render_error)

    return answered


def json_response(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a JSON answer."""
    return Response(body, status, headers, media_type="application/json")


def _refusal(request: Request, problem: Problem, render_error: RenderError) -> Response:
    headers = {"Retry-After": f"{problem.retry_after_s:g}"} if problem.retry_after_s else {}
    if isinstance(problem, SlowBody):
        headers["Connection"] = "close"  # what has not arrived would be taken for the next message
    return json_response(render_error(request, problem), problem.status, headers)
