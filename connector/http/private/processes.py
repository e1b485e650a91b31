"""What negotiations and transfers look like alike: their position, what hangs, and why they stand where they stand."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from connector.http.private.asking import DidFilter, Identifier, PeriodQuery, Shape, Wish
from connector.protocol.machine import Table
from connector.services import deciders, explain
from connector.services.deciders import Decider, Person
from connector.services.inspect import Looked
from connector.store.processes import Process

P = TypeVar("P", bound=Process)
RoleName = Literal["consumer", "provider"]


class Pending(Shape):
    """A message of ours that the partner has not acknowledged yet."""

    message: str
    since: datetime | None
    attempts: Annotated[int, Field(description="Attempts that did not succeed.")]


class Hindrance(Shape):
    """Why the last attempt did not succeed."""

    code: str
    reason: str | None
    message: str | None
    at: datetime | None


class Why(Shape):
    """What a process waits for, in the caller's language."""

    code: Annotated[
        Literal[
            "ended",
            "running",
            "given-up",
            "peer-silent",
            "peer-held",
            "retrying",
            "on-its-way",
            "sealing",
            "due-later",
            "diverged",
            "refused",
            "our-turn",
            "peer-turn",
        ],
        Field(description="Stable word for programs."),
    ]
    text: Annotated[str, Field(description="The same for a person, with what to do.")]
    next_attempt_at: datetime | None
    actions: Annotated[list[str], Field(description="What may be done now: names of the actions below this address.")]


class DecidedBy(Shape):
    """Who decided: a rule of the node, or whoever used a key of the API."""

    kind: Literal["rule", "key"]
    name: Annotated[str, Field(description="Name of the rule, or what the key was made for.")]
    key: Annotated[str | None, Field(description="Identifier of the key.")]
    function: Annotated[str | None, Field(description="What the key was issued with; null: no function is known.")]
    about: Annotated[dict[str, str], Field(description="What the rule was applied to: an offer, its mode…")]
    text: Annotated[str, Field(description="The same for a person.")]


class LastMessage(Shape):
    """The last message in one direction, and what became of it."""

    message: str
    at: datetime
    status: Literal["pending", "acknowledged", "refused", "gave-way", "processed"]
    attempts: int
    code: str | None
    reason: str | None
    decided_by: Annotated[DecidedBy | None, Field(description="Who decided to send it; of ours.")]
    explanation: Annotated[
        list[str],
        Field(description="Why the terms of use refused, in full; the partner was told what `refusal_detail` allows."),
    ]


class ProcessShape(Shape):
    """Where a process stands."""

    pid: Annotated[str, Field(description="Our identifier of it.")]
    peer_pid: Annotated[str | None, Field(description="The partner's identifier of it.")]
    role: Annotated[RoleName, Field(description="Our role.")]
    peer: Annotated[str, Field(description="DID of the partner.")]
    dataset: str
    state: Annotated[str, Field(description="State of DSP 2025-1.")]
    turn: Annotated[
        Literal["us", "peer", "both", "nobody"], Field(description="Who moves next; `nobody`: it has ended.")
    ]
    pending: Pending | None
    problem: Hindrance | None
    version: Annotated[int, Field(description="Grows with every change.")]
    created_at: datetime
    updated_at: datetime


class Reason(Wish):
    """Why, for the partner to read."""

    code: Annotated[str, Field(max_length=100, description="A stable word for programs.")] = ""
    reason: Annotated[str, Field(max_length=4_000, description="The same for people.")] = ""


class ProcessQuery(PeriodQuery):
    """Which processes, by when they began, the newest first."""

    role: RoleName | None = None
    peer: DidFilter = None
    dataset: Identifier | None = None


class WaitQuery(BaseModel):
    """Answer at once, or as soon as the process has changed."""

    model_config = ConfigDict(extra="forbid")

    wait: Annotated[float, Field(ge=0, le=30, description="Longest wait, in seconds.")] = 0
    state: Annotated[str | None, Field(max_length=30, description="Wait while it stands in this state.")] = None
    version: Annotated[int | None, Field(ge=0, le=2**31, description="Wait while it has this version.")] = None

    def is_answered_by(self, process: Process) -> bool:
        """True when there is nothing to wait for any more."""
        if self.state is None and self.version is None:
            return True
        return (self.state is not None and process.state != self.state) or (
            self.version is not None and process.version != self.version
        )


def common(table: Table, row: Process) -> dict[str, Any]:
    """Return the members that every process has."""
    problem = row.problem
    return {
        "pid": row.pid,
        "peer_pid": row.peer_pid,
        "role": row.role.value,
        "peer": row.peer,
        "state": row.state,
        "turn": explain.turn(table, row),
        "pending": _pending(row),
        "problem": None if problem is None else _hindrance(problem),
        "version": row.version,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def detail(looked: Looked[Any], language: str) -> dict[str, Any]:
    """Return the members that say why a process stands where it stands."""
    why = looked.why
    return {
        "why": Why(
            code=why.code,  # type: ignore[arg-type]
            text=why.text[language],
            next_attempt_at=why.next_attempt_at,
            actions=list(why.actions),
        ),
        "last_sent": _said(looked.sent, language),
        "last_received": _said(looked.received, language),
    }


def decided_by(decider: Decider, language: str) -> DecidedBy:
    """Return what the API says of a decider."""
    text = deciders.say(decider, language)
    if isinstance(decider, Person):
        function = decider.function or None
        return DecidedBy(kind="key", name=decider.name, key=decider.key_id, function=function, about={}, text=text)
    about = dict(decider.about)
    return DecidedBy(kind="rule", name=decider.name, key=None, function=None, about=about, text=text)


def _hindrance(problem: dict[str, Any]) -> Hindrance:
    at = problem.get("at")
    return Hindrance(
        code=str(problem.get("code", "")),
        reason=problem.get("reason"),
        message=problem.get("message"),
        at=datetime.fromisoformat(at) if at else None,
    )


def _pending(row: Process) -> Pending | None:
    if row.pending is None:
        return None
    return Pending(message=row.pending, since=row.pending_at, attempts=row.attempts)


def _said(said: explain.Said | None, language: str) -> LastMessage | None:
    if said is None:
        return None
    return LastMessage(
        message=said.message,
        at=said.at,
        status=said.status,  # type: ignore[arg-type]
        attempts=said.attempts,
        code=said.code,
        reason=said.reason,
        decided_by=None if said.decider is None else decided_by(said.decider, language),
        explanation=list((said.explained or {}).get(language, ())),
    )
