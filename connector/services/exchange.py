"""What negotiations and transfers do alike: take a peer's message, and send ours. What became of it is in settle.py.

The functions work inside a transaction that a service opened, on a process that it loaded; it also saves. Nothing here
knows a negotiation from a transfer: a `Line` of work is its table, its queries, its paths and its job.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar

from connector.identity.errors import PeerBlocked, PeerQuarantined
from connector.identity.scheme import Participant, Scheme
from connector.peer.errors import AnswerTooLarge, BadAnswer, DidUnresolved, PeerAddressRefused, Unreachable
from connector.problems import Invalid, NotFound, Problem
from connector.protocol import machine
from connector.protocol.errors import Busy, IllegalTransition
from connector.protocol.machine import Arrival, Position, Received, Role, Table
from connector.protocol.strict_json import is_storable
from connector.protocol.wire import Message, digest, is_short
from connector.services import deciders
from connector.services.deciders import Decider
from connector.store import jobs, journal
from connector.store.db import Tx
from connector.store.jobs import Job
from connector.store.processes import Process, Queries

P = TypeVar("P", bound=Process)
log = logging.getLogger("pupitre.services")

PEER_FAILURES = (
    Unreachable, PeerAddressRefused, AnswerTooLarge, BadAnswer, DidUnresolved, PeerQuarantined, PeerBlocked
)  # fmt: skip
"""With which a call to a peer ends that may succeed later."""
EXPLAINED = "explained"
"""The member of an answer's content, and of its journal entry, that says why in full, in both languages."""
AWAITS = "awaits"
"""The member of an intent that names the kind of job for which it waits, instead of an instant."""
YIELDED = "yielded"
"""The problem code of a process whose own message gave way to one of the peer's."""
LOOKS_S = (2.0, 150.0)
"""When the peer's state is looked at after a message of ours gave way, in seconds: once its answer should be there, and
once its token has expired, so that the peer cannot take it any more."""


class NoProcessIdentifier(Problem):
    """The peer answered a first message without its process identifier."""

    code = "no-process-identifier"
    status = 502
    title: ClassVar[dict[str, str]] = {
        "fr": "Le partenaire a répondu sans donner l’identifiant de son dossier.",
        "en": "The partner answered without its process identifier.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Le nœud redemande seul ; si cela dure, signalez-le au partenaire.",
        "en": "The node asks again by itself; if it lasts, report it to the partner.",
    }


@dataclass(frozen=True, slots=True)
class Incoming:
    """A peer's message: read, and as it was received."""

    message: Message
    text: str = field(repr=False)
    proof: str = field(default="", repr=False)
    """What showed who sent it, where that is kept: a token that is used up."""

    @property
    def consumer_pid(self) -> str | None:
        return getattr(self.message, "consumer_pid", None)

    @property
    def provider_pid(self) -> str | None:
        return getattr(self.message, "provider_pid", None)


@dataclass(frozen=True)
class Answer:
    """Something to send, once it is allowed: a kind of message, who decided it, and what it carries."""

    kind: str
    by: Decider
    content: dict[str, Any] | None = field(default=None, repr=False)
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
    body: str = field(repr=False)
    attempts: int
    answers: int
    """How many of the last attempts, in a row, the peer answered without accepting."""
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
    kept_of: Callable[[str], dict[str, str]]
    """What the journal keeps of a message's text."""
    first: Callable[[Tx, P, Answer], str | None] = lambda *_: None
    """The kind of job that must run before an answer may leave; None: it may leave now."""


def whole(text: str) -> dict[str, str]:
    """Return what the journal keeps of a message that carries no secret: its very text."""
    return {"body": text}


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


def learn_peer_pid(tx: Tx, line: Line[P], process: P, peer_pid: str) -> None:
    """Keep the peer's identifier of a process. Raises NoProcessIdentifier for that of another one."""
    if line.queries.by_peer_pid(tx, process.owner, process.peer, process.role, peer_pid) is not None:
        fr, en = "Celui qu’il a donné est celui d’un autre dossier.", "The one that it gave is another process's."
        raise NoProcessIdentifier({"fr": fr, "en": en})
    process.peer_pid = peer_pid


def check_counterpart(tx: Tx, line: Line[P], process: P, caller: str, message: Incoming) -> None:
    """Compare participant, role and both pids of a message with the process. Raises NotFound for any difference.

    DSP 2025-1: not yours and not there are the same 404. The peer's pid is learned here when a message overtakes the
    answer to our first one.
    """
    consumer_pid, provider_pid = message.consumer_pid, message.provider_pid
    ours, theirs = (consumer_pid, provider_pid) if process.role is Role.CONSUMER else (provider_pid, consumer_pid)
    if process.peer != caller or ours not in (None, process.pid):
        raise NotFound(process.pid)
    if process.peer_pid is None and theirs is not None:
        try:
            learn_peer_pid(tx, line, process, theirs)
        except NoProcessIdentifier:
            raise NotFound(process.pid) from None
    if theirs not in (None, process.peer_pid):
        raise NotFound(process.pid)


def arrive(tx: Tx, line: Line[P], process: P, incoming: Incoming, check: Callable[[], None] = lambda: None) -> Received:
    """Move the process by a peer's message and write the journal. Raises IllegalTransition, Busy: nothing moved.

    `check` is called of a message that may come now and is no repetition; what it raises leaves nothing moved either.
    """
    message = incoming.message
    message_id = message.message_id
    _begin(tx, process)
    content = digest(message)
    seen = message_id is not None and process.version > 0 and _was_taken(tx, line.table, process, message, content)
    arrival = Arrival(message.kind, content, seen, message_id is not None)
    received = machine.receive(line.table, process.position, arrival)
    if not received.is_repeat:
        check()
    move(tx, line, process, received.position)
    if received.yielded:
        process.problem = {"code": YIELDED, "message": received.yielded, "at": tx.now.isoformat()}
    if not received.is_repeat:
        entry = {"from": process.peer, "message": message.kind, "state": process.state}
        entry |= line.kept_of(incoming.text)
        if received.yielded:
            entry["yielded"] = received.yielded
        if incoming.proof:
            entry["proof"] = incoming.proof
        journal.append(tx, process.owner, process.pid, "received", entry, message_id)
    return received


def _was_taken(tx: Tx, table: Table, process: Process, message: Message, content: str) -> bool:
    """True when the process took this very message before: its `@id` says so.

    Of a message that may be drawn up anew the content says so: EDC gives the new one the `@id` of the first.
    """
    message_id = message.message_id or ""
    if not journal.has_message(tx, process.owner, process.pid, message_id):
        return False
    if message.kind not in table.redrawn:
        return True
    taken = journal.of_message(tx, process.owner, process.pid, message_id)
    return content in (digest(entry.entry["body"].encode()) for entry in taken if "body" in entry.entry)


def _begin(tx: Tx, process: Process) -> None:
    if process.version == 0:
        journal.begin(tx, process.owner, process.pid)


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
    if not is_urgent:
        _check_not_withheld(process, wanted)
    must_wait = process.pending is not None and not is_urgent
    if wanted.delay_s <= 0 and not must_wait:
        dispatch(tx, line, process, wanted)
        return
    if must_wait:
        ahead = line.table.step(process.state, process.pending or "", process.role)
        if ahead is None or line.table.step(ahead, wanted.kind, process.role) is None:
            raise IllegalTransition(f"{wanted.kind} after {process.pending}")
    drop_intent(tx, process)
    intend(tx, line, process, wanted)


def dispatch(tx: Tx, line: Line[P], process: P, wanted: Answer) -> None:
    """Make the message pending: rendered once, stored, journalled, its job enqueued. Raises IllegalTransition.

    One that something slow must come before is withheld: an intent that waits for that job.
    """
    position = machine.send(line.table, process.position, wanted.kind)
    if position == process.position:
        return  # our termination is on its way already, in the words of the first one
    _begin(tx, process)
    first = line.first(tx, process, wanted)
    if first is not None:
        withhold(tx, process, wanted, first)
        return
    drop_intent(tx, process)
    body = line.render(tx, process, wanted)
    process.move_to(position)
    process.pending_body, process.pending_at, process.attempts, process.problem = body, tx.now, 0, None
    entry = {"to": process.peer, "message": wanted.kind, "state": process.state, **line.kept_of(body)}
    told = {**entry, **_explained(wanted), deciders.MEMBER: deciders.told(wanted.by)}
    journal.append(tx, process.owner, process.pid, "sent", told)
    known = delivery_of(line, process)
    tx.enqueue(Job(line.job, process.owner, process.pid, peer=process.peer, known=known))


def withhold(tx: Tx, process: Process, wanted: Answer, job: str) -> None:
    """Note what to send once a job of that kind has run; the journal says so now. It calls `release`."""
    drop_intent(tx, process)
    by = deciders.told(wanted.by)
    process.intent = {
        "kind": wanted.kind,
        "content": wanted.content,
        "due_at": tx.now.isoformat(),
        "only_in": process.state,
        AWAITS: job,
        deciders.MEMBER: by,
    }
    entry = {"message": wanted.kind, "state": process.state, "awaits": job, deciders.MEMBER: by}
    journal.append(tx, process.owner, process.pid, "decided", entry)
    tx.enqueue(Job(job, process.owner, process.pid))


def withheld(process: Process, job: str) -> Answer | None:
    """Return the answer that waits for a job of that kind."""
    intent = process.intent
    if intent is None or intent.get(AWAITS) != job:
        return None
    return Answer(intent["kind"], deciders.read(intent.get(deciders.MEMBER)), intent["content"])


def release(tx: Tx, line: Line[P], process: P, wanted: Answer) -> None:
    """Let a withheld answer, or another in its place, go now. Raises IllegalTransition."""
    process.intent = None
    dispatch(tx, line, process, wanted)


def _check_not_withheld(process: Process, wanted: Answer) -> None:
    """Raise IllegalTransition while another answer of ours is withheld: nothing but its end may overtake it."""
    intent = process.intent
    if intent is not None and AWAITS in intent and intent["kind"] != wanted.kind:
        raise IllegalTransition(f"{wanted.kind} before {intent['kind']}")


def _explained(wanted: Answer) -> dict[str, Any]:
    """Return why, in full, for our journal: the partner is told as much of it as the owner chose."""
    content = wanted.content or {}
    return {EXPLAINED: content[EXPLAINED]} if EXPLAINED in content else {}


def due(tx: Tx, line: Line[P], job: Job) -> Due:
    """Return what the process waits for."""
    process = line.queries.peek(tx, job.owner, job.key)
    delivery = delivery_of(line, process)
    if delivery is not None:
        return delivery
    if process.look_at is not None and process.look_at <= tx.now:
        state_url = state_url_of(line, process)
        return Question(process.owner, process.pid, process.peer, state_url, process.position)
    return next_instant(process)


def delivery_of(line: Line[P], process: P) -> Delivery | None:
    """Return the delivery of the pending message, if there is one."""
    if process.pending is None or process.pending_body is None or process.pending_at is None:
        return None
    return Delivery(
        owner=process.owner,
        pid=process.pid,
        peer=process.peer,
        kind=process.pending,
        url=process.peer_url + line.path(process, process.pending),
        state_url=state_url_of(line, process),
        body=process.pending_body,
        attempts=process.attempts,
        answers=(process.problem or {}).get("answers", 0),
        sent_at=process.pending_at,
        position=process.position,
        names=names_of(process),
    )


def state_url_of(line: Line[P], process: P) -> str | None:
    """Return where the peer shows its state of the process; None as long as its identifier is unknown."""
    return process.peer_url + line.path(process, "") if process.peer_pid else None


def act(tx: Tx, line: Line[P], job: Job) -> None:
    """Carry out the intent of a process if it is due and still allowed; else journal that it was not used."""
    process = line.queries.load(tx, job.owner, job.key)
    intent = process.intent
    if (
        intent is None
        or AWAITS in intent
        or process.pending is not None
        or datetime.fromisoformat(intent["due_at"]) > tx.now
    ):
        return
    try:
        if intent.get("only_in") not in (None, process.state):
            raise IllegalTransition(process.state)
        machine.send(line.table, process.position, intent["kind"])
    except IllegalTransition:
        drop_intent(tx, process)
    else:
        process.intent = None
        by = deciders.read(intent.get(deciders.MEMBER))
        dispatch(tx, line, process, Answer(intent["kind"], by, intent["content"]))
    line.queries.save(tx, process)


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


def heard(tx: Tx, owner: str, peer: str) -> None:
    """The peer spoke to us: whatever waited for it is tried at once."""
    jobs.peer_spoke(tx, owner, peer)


def move(tx: Tx, line: Line[P], process: P, position: Position) -> None:
    """Take over a position, and see to it that what waited for the move is looked at."""
    process.move_to(position)
    if process.pending is None and process.given_up and process.look_at is None:
        process.look_at = tx.now + timedelta(seconds=LOOKS_S[0])
    instant = tx.now if process.pending is not None else next_instant(process)
    if instant is not None:
        tx.enqueue(Job(line.job, process.owner, process.pid, run_at=instant, peer=process.peer))


def intend(tx: Tx, line: Line[P], process: P, wanted: Answer, only_in: str | None = None) -> None:
    """Note what to send once it may be sent, and who decided it; the journal says so now."""
    due_at, by = tx.now + timedelta(seconds=wanted.delay_s), deciders.told(wanted.by)
    process.intent = {
        "kind": wanted.kind,
        "content": wanted.content,
        "due_at": due_at.isoformat(),
        "only_in": only_in,
        deciders.MEMBER: by,
    }
    entry = {"message": wanted.kind, "state": process.state, "due_at": due_at.isoformat(), deciders.MEMBER: by}
    journal.append(tx, process.owner, process.pid, "decided", entry)
    tx.enqueue(Job(line.job, process.owner, process.pid, run_at=due_at, peer=process.peer))


def drop_intent(tx: Tx, process: Process) -> None:
    """Give up what we meant to send, and say so in the journal."""
    if process.intent is not None:
        entry = {"message": process.intent["kind"], "state": process.state}
        by = deciders.told(deciders.read(process.intent.get(deciders.MEMBER)))
        journal.append(tx, process.owner, process.pid, "unused", {**entry, deciders.MEMBER: by})
        process.intent = None


def next_instant(process: Process) -> datetime | None:
    is_timed = process.intent is not None and AWAITS not in process.intent
    instants = [datetime.fromisoformat(process.intent["due_at"])] if process.intent and is_timed else []
    return min([*instants, process.look_at] if process.look_at else instants, default=None)


def peer_pid_in(body: bytes, member: str) -> str:
    """Return the peer's identifier from its answer to a first message. Raises NoProcessIdentifier."""
    try:
        found = json.loads(body)[member]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NoProcessIdentifier(member) from error
    if not isinstance(found, str) or not found or not is_storable(found) or not is_short(found):
        raise NoProcessIdentifier(member)
    return found
