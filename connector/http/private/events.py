"""What happened in an owner's affairs: a feed to read from any point, to wait on, and to listen to."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.responses import StreamingResponse

from connector.http.private.asking import Asking, Limit, Node, Owner, Shape
from connector.http.private.effects import TaggedRoute
from connector.problems import Problem
from connector.store.events import KINDS
from connector.store.events import Event as EventRow

router = APIRouter(tags=["events"], route_class=TaggedRoute)
STREAMS_PER_KEY = 8
HEARTBEAT_S = 15.0
AT_ONCE = 100
Kind = Literal[KINDS]  # type: ignore[valid-type]  # the store says which there are


class TooManyStreams(Problem):
    """This key listens to as many streams as it may."""

    code = "too-many-streams"
    status = 429
    title: ClassVar[dict[str, str]] = {
        "fr": "Cette clé écoute déjà autant de flux qu’elle le peut.",
        "en": "This key listens to as many streams as it may.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Fermez les flux devenus inutiles, ou prenez une clé par programme.",
        "en": "Close the streams that are not needed any more, or give each program a key of its own.",
    }


class Event(Shape):
    """Something that happened."""

    n: Annotated[int, Field(description="Its number: one more with each event, and far more after a restoration.")]
    at: datetime
    kind: str
    subject: str
    peer: str | None
    told: Annotated[dict[str, JsonValue], Field(description="What changed: see the page on events.")]


class Events(Shape):
    """Some events, in order."""

    items: list[Event]
    after: int


class EventQuery(BaseModel):
    """Which events."""

    model_config = ConfigDict(extra="forbid")

    after: Annotated[int, Field(ge=0, lt=2**62, description="Number of the last event that was seen.")] = 0
    kind: Annotated[list[Kind], Field(max_length=50, description="Only of these kinds; may be repeated.")] = []


class WaitingQuery(EventQuery):
    """Which events, at once or as soon as there are any."""

    limit: Limit = None
    wait: Annotated[float, Field(ge=0, le=30, description="Longest wait, in seconds.")] = 0


@router.get("/events")
async def read_events(node: Node, owner: Owner, query: Annotated[WaitingQuery, Query()]) -> Events:
    """Read what happened after an event; on demand, once something has."""
    limit = query.limit or node.settings.page_size
    told = await node.feed.read(owner, query.after, limit, query.kind, query.wait)
    return Events(items=[_event(row) for row in told.items], after=told.after)


@router.get(
    "/events/stream",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Server-sent events, without end."}},
)
async def stream_events(
    node: Node,
    owner: Owner,
    asker: Asking,
    request: Request,
    query: Annotated[EventQuery, Query()],
    last_event_id: Annotated[
        str | None, Header(pattern=r"^\d{1,18}$", description="Go on after this number; counts before `after`.")
    ] = None,
) -> StreamingResponse:
    """Listen to what happens: each event as it comes, a comment every 15 s when none does."""
    open_now: Counter[str] = request.app.state.streams
    if open_now[asker.caller.key_id] >= STREAMS_PER_KEY:
        raise TooManyStreams(str(STREAMS_PER_KEY), retry_after_s=HEARTBEAT_S)
    after = int(last_event_id) if last_event_id else query.after
    secret = request.headers.get("authorization", "").partition(" ")[2].strip()

    async def listened() -> AsyncIterator[str]:
        open_now[asker.caller.key_id] += 1
        try:
            async for text in _stream(node, owner, secret, after, query.kind):
                yield text
        finally:
            open_now[asker.caller.key_id] -= 1

    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(listened(), media_type="text/event-stream", headers=headers)


async def _stream(node: Any, owner: str, secret: str, after: int, kinds: list[Any]) -> AsyncIterator[str]:
    """Yield server-sent events until the node stops or the key is revoked."""
    yield "retry: 2000\n\n"
    while not node.feed.is_closing:
        try:
            told = await node.feed.read(owner, after, AT_ONCE, kinds, HEARTBEAT_S)
            await node.hosts.caller(secret)
        except Problem:  # the key was revoked, or the store is away: the listener asks again, and is told then
            return
        yield "".join(map(_sent, told.items)) or ": nothing new\n\n"
        after = told.after


def _sent(row: EventRow) -> str:
    event = _event(row).model_dump(mode="json")
    return f"id: {row.n}\nevent: {row.kind}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"


def _event(row: EventRow) -> Event:
    return Event(n=row.n, at=row.at, kind=row.kind, subject=row.subject, peer=row.peer, told=row.told)
