"""The answers of the management API as types. Written by tests/tools/reference.py; change the API instead.

Instants are text (ISO 8601, UTC). What further versions add may be there too.
"""

from typing import Any, Literal, TypedDict


class Job(TypedDict):
    """Something that the node has to look at."""

    kind: str
    key: str
    """What it looks at: mostly a process."""
    peer: str | None
    status: Literal["waiting", "running", "dead"]
    run_at: str
    """When it runs next; while it runs, until when it is leased."""
    attempts: int
    problem: str | None


class Jobs(TypedDict):
    """A page of jobs, by kind and key."""

    items: list[Job]
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""


class Event(TypedDict):
    """Something that happened."""

    n: int
    """Its number: one more with each event, and far more after a restoration."""
    at: str
    kind: str
    subject: str
    peer: str | None
    told: dict[str, Any]
    """What changed: see the page on events."""


class Events(TypedDict):
    """Some events, in order."""

    items: list[Event]
    after: int
