"""The journal of each process, dataset and offer, and the jobs that the node has before it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field, JsonValue

from connector.http.private.asking import Asking, DidFilter, Id, NextCursor, Node, Owner, PageQuery, Shape
from connector.http.private.effects import Doing, TaggedRoute
from connector.http.private.processes import DecidedBy, decided_by
from connector.services import deciders
from connector.services.redaction import redacted, redacted_text
from connector.store.journal import Entry as EntryRow
from connector.store.queue import JobState

router = APIRouter(route_class=TaggedRoute)


class Entry(Shape):
    """One entry of the chain."""

    n: int
    at: datetime
    kind: str
    message_id: str | None
    entry: Annotated[dict[str, JsonValue], Field(description="What happened; a message's `body` without its tokens.")]
    decided_by: Annotated[DecidedBy | None, Field(description="Who decided it, where something was decided.")]
    hash: Annotated[str, Field(description="SHA-256 over the hash before it and the stored text of this entry.")]


class Journal(Shape):
    """A page of a journal, in order."""

    items: list[Entry]
    next_cursor: NextCursor = None


class Verification(Shape):
    """Whether a journal is what was written."""

    is_intact: bool
    entries: int
    detail: Annotated[str | None, Field(description="The first entry that does not fit.")]


class Job(Shape):
    """Something that the node has to look at."""

    kind: str
    key: Annotated[str, Field(description="What it looks at: mostly a process.")]
    peer: str | None
    status: Literal["waiting", "running", "dead"]
    run_at: Annotated[datetime, Field(description="When it runs next; while it runs, until when it is leased.")]
    attempts: int
    problem: str | None


class Jobs(Shape):
    """A page of jobs, by kind and key."""

    items: list[Job]
    next_cursor: NextCursor = None


class JobQuery(PageQuery):
    """Which jobs."""

    status: Annotated[
        Literal["waiting", "running", "dead"] | None, Field(description="`dead`: only those given up.")
    ] = None
    kind: Annotated[str | None, Field(max_length=100)] = None
    peer: DidFilter = None


@router.get("/journal/{process}", tags=["journal"])
async def show_journal(
    node: Node, owner: Owner, asker: Asking, process: Id, query: Annotated[PageQuery, Query()]
) -> Journal:
    """Read the journal of a negotiation, a transfer, a dataset or an offer."""
    page = await node.inspect.journal(owner, process, **query.rows(node))
    return Journal(items=[_entry(row, asker.language) for row in page.items], next_cursor=page.following)


@router.get("/journal/{process}/verification", tags=["journal"])
async def verify_journal(node: Node, owner: Owner, asker: Asking, process: Id) -> Verification:
    """Compute the chain of a journal again."""
    chain = await node.inspect.chain(owner, process)
    detail = None if chain.problem is None else chain.problem.say(asker.language)
    return Verification(is_intact=chain.problem is None, entries=chain.entries, detail=detail)


@router.get("/jobs", tags=["jobs"])
async def list_jobs(node: Node, owner: Owner, query: Annotated[JobQuery, Query()]) -> Jobs:
    """List jobs: what is due, what waits, what was given up."""
    equal = {name: getattr(query, name) for name in ("status", "kind", "peer")}
    page = await node.inspect.jobs(owner, **equal, **query.rows(node))
    return Jobs(items=[_job(row) for row in page.items], next_cursor=page.following)


@router.post("/jobs/{kind}/{key}/retry", status_code=204, tags=["jobs"])
async def retry_job(node: Node, owner: Owner, kind: Id, key: Id, effect: Doing) -> None:
    """Try a job again that was given up."""
    await effect.of(lambda: node.inspect.retry(owner, kind, key), lambda done: done)


def _entry(row: EntryRow, language: str) -> Entry:
    body = row.entry.get("body")
    told: dict[str, Any] = redacted({name: value for name, value in row.entry.items() if name != "body"})
    if isinstance(body, str):
        told["body"] = redacted_text(body)
    decider = deciders.of_entry(row.kind, row.entry)
    return Entry(
        n=row.n,
        at=row.at,
        kind=row.kind,
        message_id=row.message_id,
        entry=told,
        decided_by=None if decider is None else decided_by(decider, language),
        hash=row.hash,
    )


def _job(row: JobState) -> Job:
    return Job(
        kind=row.kind,
        key=row.key,
        peer=row.peer,
        status=row.status,  # type: ignore[arg-type]
        run_at=row.run_at,
        attempts=row.attempts,
        problem=row.problem,
    )
