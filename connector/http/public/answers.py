"""What the plain ASGI applications of the public listener share: types, whole answers, problems as answers."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from connector.dataplane.announced import repr_digest
from connector.dataplane.errors import AccessRefused, RangeUnsatisfiable, WrongMethod, render
from connector.dataplane.push_errors import InletUsed
from connector.http.public.connection import RESET
from connector.problems import Problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


HEAR_OUT_BYTES = 32 << 20
HEAR_OUT_S = 3.0


async def send_whole(send: Send, head: Message, body: bytes) -> None:
    """Send an answer in one piece."""
    await send(head)
    await send({"type": "http.response.body", "body": body})


async def hear_out(receive: Receive) -> None:
    """Let a caller finish what is refused, within reason: a connection closed under its hands loses our answer."""
    heard = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(HEAR_OUT_S):
            while heard < HEAR_OUT_BYTES:
                message = await receive()
                heard += len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return


async def answering_problems(app: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the application; a problem that it raises is the answer (none may be raised once it began to answer)."""
    try:
        await app(scope, receive, send)
    except Problem as problem:
        body = render(problem)
        await send_whole(send, _head(problem, len(body)), b"" if scope["method"] == "HEAD" else body)


def _head(problem: Problem, size_bytes: int) -> Message:
    headers = {
        "content-type": "application/problem+json",
        "content-length": str(size_bytes),
        "cache-control": "no-store",
    }
    match problem:
        case AccessRefused():
            headers["www-authenticate"] = "Bearer"
        case RangeUnsatisfiable():
            headers["content-range"] = f"bytes */{problem.size_bytes}"
        case WrongMethod():
            headers["allow"] = problem.allowed
        case InletUsed(sha256=str(digest)):
            headers["repr-digest"] = repr_digest(digest)
    if problem.retry_after_s is not None:
        headers["retry-after"] = str(round(problem.retry_after_s))
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": problem.status, "headers": encoded}


def reset_of(scope: Scope) -> Callable[[], object]:
    """Return what resets the connection; on a server without our Connection class, what ends its task."""
    reset: Callable[[], object] | None = scope.get("extensions", {}).get(RESET)
    task = asyncio.current_task()
    assert task is not None
    return reset or task.cancel
