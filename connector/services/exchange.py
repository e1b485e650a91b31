"""What negotiations and transfers do alike: take a peer's message, send ours, and settle what became of it.

The functions work inside a transaction that a service opened, on a process that it loaded; it also saves. Nothing here
knows a negotiation from a transfer: a `Line` of work is its table, its queries, its paths and its job.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from connector.identity.scheme import Participant, Scheme
from connector.problems import Invalid, NotFound, Problem
from connector.protocol import machine
from connector.protocol.errors import Busy, IllegalTransition
from connector.protocol.machine import Arrival, Position, Received, Role, Table
from connector.protocol.wire import Message, digest
from connector.store import jobs, journal
from connector.store.db import Store, Tx
from connector.store.jobs import Job
from connector.store.processes import Process, Queries

P = TypeVar("P", bound=Process)
log = logging.getLogger("pupitre.services")

YIELDED = "yielded"
"""The problem code of a process whose own message gave way to one of the peer's."""
LOOKS_S = (2.0, 150.0)
"""When the peer's state is looked at after a message of ours gave way, in seconds: once its answer should be there, and
once its token has expired, so that the peer cannot take it any more."""
RENEW_AGAIN_S = 1.0
"""When a renewal that the peer was too busy to take is decided again, in seconds."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A peer's message: read, and as it was received."""

    message: Message
    text: str

    @property
    def consumer_pid(self) -> str | None:
        return getattr(self.message, "consumer_pid", None)

    @property
    def provider_pid(self) -> str | None:
        return getattr(self.message, "provider_pid", None)


@dataclass(frozen=True)
class Answer:
    """Something to send, once it is allowed: a kind of message and what it carries."""

    kind: str
    content: dict[str, Any] | None = None
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message of ours that the peer has not acknowledged yet."""

    owner: str
    pid: str
    peer: str
    kind: str
    url: str
    state_url: str | None
    """Where the peer shows its state; None as long as its identifier is unknown."""
    body: str
    attempts: int
    sent_at: datetime
    position: Position
    names: dict[str, str | None]
    """Both pids and the parties, for the log."""
    is_new: bool = False
    """True when it was made pending a moment ago, by the very look that found it."""


@dataclass(frozen=True, slots=True)
class Question:
    """The peer's state is to be asked for: a message of ours gave way, and may have arrived all the same."""

    owner: str
    pid: str
    peer: str
    state_url: str | None
    position: Position


Due = Delivery | Question | datetime | None
"""What a process waits for: something to deliver or to ask, an instant, or nothing."""


@dataclass(frozen=True)
class Line(Generic[P]):
    """A line of work: the protocol's table, the rows, and the kind of job that looks after a row."""

    table: Table
    queries: Queries[P]
    job: str
    path: Callable[[P, str], str]
    """The path below the peer's base to which a message of this kind goes."""
    render: Callable[[Tx, P, Answer], str]
    """The body of the message that an answer becomes."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[P]):
    """A process after a peer's message, and whether the message changed anything or why it was refused."""

    process: P
    is_new: bool = False
    is_repeat: bool = False
    problem: Problem | None = None


async def check_callback(identity: Scheme, caller: Participant, incoming: Incoming) -> None:
    """Refuse a callbackAddress that is not the caller's own: never a way to reach a third party. Raises Invalid."""
    url = getattr(incoming.message, "callback_address", None)
    if url is None:
        raise Invalid("A first message carries a callbackAddress.", pointer="/callbackAddress")
    if not await identity.owns(caller, url):
        fr = "Cette adresse n’appartient pas à l’organisme qui appelle."
        raise Invalid({"fr": fr, "en": "This address does not belong to the caller."}, pointer="/callbackAddress")


def check_counterpart(process: Process, caller: str, message: Incoming) -> None:
    """Compare participant, role and both pids of a message with the process. Raises NotFound for any difference.

    DSP 2025-1: not yours and not there are the same 404. The peer's pid is learned here when a message overtakes the
    answer to our first one.
    """
    consumer_pid, provider_pid = message.consumer_pid, message.provider_pid
    ours, theirs = (consumer_pid, provider_pid) if process.role is Role.CONSUMER else (provider_pid, consumer_pid)
    if process.peer != caller or ours not in (None, process.pid):
        raise NotFound(process.pid)
    if process.peer_pid is None:
        process.peer_pid = theirs
    if theirs not in (None, process.peer_pid):
        raise NotFound(process.pid)


def arrive(tx: Tx, line: Line[P], process: P, incoming: Incoming) -> Received:
    """Move the process by a peer's message and write the journal. Raises IllegalTransition, Busy: nothing moved."""
    message = incoming.message
    message_id = message.message_id
    seen = message_id is not None and journal.has_message(tx, process.owner, process.pid, message_id)
    arrival = Arrival(message.kind, digest(message), seen, message_id is not None)
    received = machine.receive(line.table, process.position, arrival)
    _move(tx, line, process, received.position)
    if received.yielded:
        process.problem = {"code": YIELDED, "message": received.yielded, "at": tx.now.isoformat()}
    if not received.is_repeat:
        entry = {"from": process.peer, "message": message.kind, "state": process.state, "body": incoming.text}
        if received.yielded:
            entry["yielded"] = received.yielded
        journal.append(tx, process.owner, process.pid, "received", entry, message_id)
    return received


def refuse_arrival(tx: Tx, process: Process, incoming: Incoming, problem: Problem) -> None:
    """Write in the journal that a peer's message was refused; a busy answer is no refusal."""
    if not isinstance(problem, Busy):
        entry = {
            "from": process.peer,
            "message": incoming.message.kind,
            "state": process.state,
            "problem": problem.code,
        }
        journal.append(tx, process.owner, process.pid, "refused", entry)


def answer(tx: Tx, line: Line[P], process: P, wanted: Answer) -> None:
    """Send the answer now, or note it as the intent when it must wait for time or for our pending message.

    Raises IllegalTransition when it could not be sent even then.
    """
    is_urgent = wanted.kind == line.table.termination and process.state != line.table.initial
    must_wait = process.pending is not None and not is_urgent
    if wanted.delay_s <= 0 and not must_wait:
        dispatch(tx, line, process, wanted)
        return
    if must_wait:
        ahead = line.table.step(process.state, process.pending or "", process.role)
        if ahead is None or line.table.step(ahead, wanted.kind, process.role) is None:
            raise IllegalTransition(f"{wanted.kind} after {process.pending}")
    _drop_intent(tx, process)
    _intend(tx, line, process, wanted)


def dispatch(tx: Tx, line: Line[P], process: P, wanted: Answer) -> None:
    """Make the message pending: rendered once, stored, journalled, its job enqueued. Raises IllegalTransition."""
    position = machine.send(line.table, process.position, wanted.kind)
    if position == process.position:
        return  # our termination is on its way already, in the words of the first one
    _drop_intent(tx, process)
    body = line.render(tx, process, wanted)
    process.move_to(position)
    process.pending_body, process.pending_at, process.attempts, process.problem = body, tx.now, 0, None
    entry = {"to": process.peer, "message": wanted.kind, "state": process.state, "body": body}
    journal.append(tx, process.owner, process.pid, "sent", entry)
    tx.enqueue(Job(line.job, process.owner, process.pid, peer=process.peer))


def due(tx: Tx, line: Line[P], job: Job) -> Due:
    """Return what the process waits for."""
    process = line.queries.peek(tx, job.owner, job.key)
    state_url = process.peer_url + line.path(process, "") if process.peer_pid else None
    if process.pending is not None and process.pending_body is not None and process.pending_at is not None:
        return Delivery(
            owner=process.owner,
            pid=process.pid,
            peer=process.peer,
            kind=process.pending,
            url=process.peer_url + line.path(process, process.pending),
            state_url=state_url,
            body=process.pending_body,
            attempts=process.attempts,
            sent_at=process.pending_at,
            position=process.position,
            names=names_of(process),
        )
    if process.look_at is not None and process.look_at <= tx.now:
        return Question(process.owner, process.pid, process.peer, state_url, process.position)
    return _next_instant(process)


def act(tx: Tx, line: Line[P], job: Job) -> None:
    """Carry out the intent of a process if it is due and still allowed; else journal that it was not used."""
    process = line.queries.load(tx, job.owner, job.key)
    intent = process.intent
    if intent is None or process.pending is not None or datetime.fromisoformat(intent["due_at"]) > tx.now:
        return
    try:
        if intent.get("only_in") not in (None, process.state):
            raise IllegalTransition(process.state)
        machine.send(line.table, process.position, intent["kind"])
    except IllegalTransition:
        _drop_intent(tx, process)
    else:
        process.intent = None
        dispatch(tx, line, process, Answer(intent["kind"], intent["content"]))
    line.queries.save(tx, process)


def settle(tx: Tx, line: Line[P], process: P, delivery: Delivery, peer_pid: str | None) -> bool:
    """Move the process on because the peer acknowledged this delivery; False when that changes nothing any more."""
    if process.peer_pid is None:
        process.peer_pid = peer_pid
    is_late = delivery.kind in process.given_up and delivery.kind != process.pending
    if not (is_late or is_current(process, delivery)):
        return False
    position = machine.acknowledged(line.table, process.position, delivery.kind)
    if position == process.position:
        return False
    _move(tx, line, process, position)
    entry = {"by": process.peer, "message": delivery.kind, "state": process.state}
    journal.append(tx, process.owner, process.pid, "acknowledged", entry)
    return True


def observe(tx: Tx, line: Line[P], process: P, peer_state: str, was_refused: bool = False) -> bool:
    """Rule 4: move the process if the peer's own state proves something; False when the message must be repeated."""
    position = machine.observed(line.table, process.position, peer_state, was_refused)
    if position == process.position:
        return False
    message = process.pending
    _move(tx, line, process, position)
    entry = {"by": process.peer, "message": message, "peer_state": peer_state, "state": process.state}
    journal.append(tx, process.owner, process.pid, "observed", entry)
    return True


def postpone(tx: Tx, line: Line[P], process: P) -> bool:
    """The peer was busy: give a renewal up, to be decided again soon; False for what stays pending."""
    position = machine.postponed(line.table, process.position)
    if position == process.position:
        return False
    kind = process.pending or ""
    _move(tx, line, process, position)
    entry = {"by": process.peer, "message": kind, "state": process.state}
    journal.append(tx, process.owner, process.pid, "postponed", entry)
    if process.intent is None:
        _intend(tx, line, process, Answer(kind, delay_s=RENEW_AGAIN_S), only_in=process.state)
    return True


def conclude_look(tx: Tx, process: Process, peer_state: str | None) -> None:
    """Draw what the peer's state tells of what gave way; plan the next look, or believe that it never arrived."""
    process.attempts += 1
    if process.attempts < len(LOOKS_S):
        process.look_at = tx.now + timedelta(seconds=LOOKS_S[process.attempts])
        return
    process.given_up, process.look_at, process.attempts = (), None, 0
    if peer_state is not None and peer_state != process.state:
        mark_divergence(tx, process, peer_state)


def give_way(tx: Tx, line: Line[P], delivery: Delivery, code: str, reason: str) -> P | None:
    """Record that the peer refused our message for good: the state stays and a person can see why."""
    heard(tx, delivery.owner, delivery.peer)
    process = line.queries.load(tx, delivery.owner, delivery.pid)
    if not is_current(process, delivery):
        return None
    _move(tx, line, process, machine.refused(process.position))
    process.problem = {"code": code, "reason": reason, "message": delivery.kind, "at": tx.now.isoformat()}
    entry = {"by": process.peer, "message": delivery.kind, "state": process.state, "problem": code, "reason": reason}
    journal.append(tx, process.owner, process.pid, "refused-by-peer", entry)
    line.queries.save(tx, process)
    return process


def note_failure(tx: Tx, line: Line[P], delivery: Delivery, code: str, reason: str) -> None:
    """Record one attempt that did not succeed; the message stays pending. The journal keeps only the first of a row."""
    process = line.queries.load(tx, delivery.owner, delivery.pid)
    if not is_current(process, delivery):
        return
    process.attempts += 1
    if process.problem is None or process.problem.get("code") != code:
        entry = {"to": process.peer, "message": delivery.kind, "problem": code, "reason": reason}
        journal.append(tx, process.owner, process.pid, "not-delivered", entry)
    process.problem = {"code": code, "reason": reason, "message": delivery.kind, "at": tx.now.isoformat()}
    line.queries.save(tx, process)


def note_divergence(tx: Tx, line: Line[P], delivery: Delivery, peer_state: str) -> None:
    """Record that the peer stands elsewhere than we do, so that a person sees it."""
    process = line.queries.load(tx, delivery.owner, delivery.pid)
    if process.pending is None and process.state != peer_state:
        mark_divergence(tx, process, peer_state)
        line.queries.save(tx, process)


def mark_divergence(tx: Tx, process: Process, peer_state: str) -> None:
    """Write on the row and in the journal that the two sides differ."""
    reason = f"{process.peer} stands in {peer_state}, we stand in {process.state}"
    process.problem = {"code": "divergence", "reason": reason, "at": tx.now.isoformat()}
    journal.append(tx, process.owner, process.pid, "divergence", {"peer_state": peer_state, "state": process.state})


def is_current(process: Process, delivery: Delivery) -> bool:
    """True when the delivery is still what the process waits for."""
    return process.pending == delivery.kind and process.pending_body == delivery.body


def names_of(process: Process) -> dict[str, str | None]:
    """Return what a log line about a process carries: both pids, the owner and the peer."""
    return {
        "consumer_pid": process.consumer_pid,
        "provider_pid": process.provider_pid,
        "owner": process.owner,
        "peer": process.peer,
    }


def log_arrival(outcome: Outcome[P], incoming: Incoming) -> None:
    """Write one log line about a peer's message."""
    said = "refused" if outcome.problem else "repeated" if outcome.is_repeat else "received"
    fields = {"message_kind": incoming.message.kind, "state": outcome.process.state}
    log.info(said, extra={**names_of(outcome.process), **fields})


def shown_state(table: Table, process: Process) -> str:
    """Return the state to show the counterpart; one that asks about a first message of ours has received it."""
    if process.state == table.initial and process.pending is not None:
        return table.step(process.state, process.pending, process.role) or process.state
    return process.state


def gave_way(process: Process, delivery: Delivery) -> bool:
    """True when the delivery's message was given up for one of the peer's: that it arrived all the same matters."""
    problem = process.problem or {}
    return problem.get("code") == YIELDED and problem.get("message") == delivery.kind


def heard(tx: Tx, owner: str, peer: str) -> None:
    """The peer spoke to us: whatever waited for it is tried at once."""
    jobs.peer_spoke(tx, owner, peer)


def _move(tx: Tx, line: Line[P], process: P, position: Position) -> None:
    """Take over a position, and see to it that what waited for the move is looked at."""
    process.move_to(position)
    if process.pending is None and process.given_up and process.look_at is None:
        process.look_at = tx.now + timedelta(seconds=LOOKS_S[0])
    instant = tx.now if process.pending is not None else _next_instant(process)
    if instant is not None:
        tx.enqueue(Job(line.job, process.owner, process.pid, run_at=instant, peer=process.peer))


def _intend(tx: Tx, line: Line[P], process: P, wanted: Answer, only_in: str | None = None) -> None:
    due_at = tx.now + timedelta(seconds=wanted.delay_s)
    process.intent = {"kind": wanted.kind, "content": wanted.content, "due_at": due_at.isoformat(), "only_in": only_in}
    tx.enqueue(Job(line.job, process.owner, process.pid, run_at=due_at, peer=process.peer))


def _drop_intent(tx: Tx, process: Process) -> None:
    """Give up what we meant to send, and say so in the journal."""
    if process.intent is not None:
        entry = {"message": process.intent["kind"], "state": process.state}
        journal.append(tx, process.owner, process.pid, "unused", entry)
        process.intent = None


def _next_instant(process: Process) -> datetime | None:
    instants = [datetime.fromisoformat(process.intent["due_at"])] if process.intent else []
    return min([*instants, process.look_at] if process.look_at else instants, default=None)


class Exchange(Generic[P]):
    """What the worker asks of a line of work and reports to it."""

    def __init__(self, store: Store, line: Line[P]) -> None:
        self._store = store
        self.line = line

    def react(self, tx: Tx, process: P, by: Role, kind: str) -> None:
        """Draw the consequences of a move: called after each, inside its transaction."""
        raise TypeError(f"{type(self).__name__} must say how it reacts")

    async def acknowledged(self, job: Job, delivery: Delivery, body: bytes) -> bool:
        """Record that the peer accepted our message; False when ours had given way, so that the two may differ."""
        raise TypeError(f"{type(self).__name__} must say how it settles")

    async def show(self, owner: str, caller: Participant, pid: str) -> P:
        """Return a process to its counterpart. Raises NotFound, also when it is somebody else's."""
        process = await self._store.read(lambda tx: self.line.queries.peek(tx, owner, pid))
        if process.peer != caller.did:
            raise NotFound(pid)
        return process

    async def due(self, job: Job) -> Due:
        """Return what a process waits for, after carrying out an intent whose time has come."""
        found = await self._store.read(lambda tx: due(tx, self.line, job))
        if not isinstance(found, datetime):
            return found
        await self._store.write(lambda tx: act(tx, self.line, job))
        found = await self._store.read(lambda tx: due(tx, self.line, job))
        return replace(found, is_new=True) if isinstance(found, Delivery) else found

    async def observed(self, delivery: Delivery, peer_state: str, *, was_refused: bool = False) -> bool | None:
        """Record what the peer's state proves; False: our message must be sent again.

        None: the process moved since the question was asked, so the answer says nothing; look again.
        """

        def unit(tx: Tx) -> bool | None:
            heard(tx, delivery.owner, delivery.peer)
            process = self.line.queries.load(tx, delivery.owner, delivery.pid)
            if process.position != delivery.position or not is_current(process, delivery):
                return None
            if not observe(tx, self.line, process, peer_state, was_refused):
                return False
            self.react(tx, process, process.role, delivery.kind)
            self.line.queries.save(tx, process)
            return True

        return await self._store.write(unit)

    async def looked(self, question: Question, peer_state: str | None) -> datetime | None:
        """Record what the peer's state tells of a message of ours that gave way; return when to look again."""

        def unit(tx: Tx) -> datetime | None:
            heard(tx, question.owner, question.peer)
            process = self.line.queries.load(tx, question.owner, question.pid)
            if process.position != question.position:
                return tx.now
            if peer_state is not None and observe(tx, self.line, process, peer_state):
                self.react(tx, process, process.role, "")
            else:
                conclude_look(tx, process, peer_state)
            self.line.queries.save(tx, process)
            return _next_instant(process)

        return await self._store.write(unit)

    async def postponed(self, delivery: Delivery) -> bool:
        """The peer was busy with a message of its own; False when ours stays pending, to be sent again."""

        def unit(tx: Tx) -> bool:
            heard(tx, delivery.owner, delivery.peer)
            process = self.line.queries.load(tx, delivery.owner, delivery.pid)
            if not is_current(process, delivery) or not postpone(tx, self.line, process):
                return False
            self.line.queries.save(tx, process)
            return True

        return await self._store.write(unit)

    async def refused(self, delivery: Delivery, code: str, reason: str) -> None:
        """Record that the peer refused our message for good."""
        await self._store.write(lambda tx: give_way(tx, self.line, delivery, code, reason))

    async def failed(self, delivery: Delivery, code: str, reason: str) -> None:
        """Record an attempt that did not succeed."""
        await self._store.write(lambda tx: note_failure(tx, self.line, delivery, code, reason))

    async def diverged(self, delivery: Delivery, peer_state: str) -> None:
        """Record that the peer stands elsewhere than we do."""
        await self._store.write(lambda tx: note_divergence(tx, self.line, delivery, peer_state))
