"""What became of a message of ours, as the worker reports it: taken, refused, not delivered, or nobody knows.

Each report is one transaction on one process, and writes the journal. What is sent in the first place, and what peers
send, is in exchange.py; when the worker asks, repeats or gives up, in worker.py.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from connector.identity.scheme import Participant
from connector.problems import NotFound
from connector.protocol import machine
from connector.protocol.machine import Role
from connector.services import deciders, exchange
from connector.services.deciders import Decider
from connector.services.exchange import LOOKS_S, YIELDED, Answer, Delivery, Due, Line, Question, heard
from connector.store import events, jobs, journal
from connector.store.db import Store, Tx
from connector.store.jobs import Job
from connector.store.processes import Process

P = TypeVar("P", bound=Process)

_LOOKED_BACK = 30
RENEW_AGAIN_S = 1.0
"""When a renewal that the peer was too busy to take is decided again, in seconds."""
SHOWN_WITHIN = timedelta(seconds=2)
"""How long a peer that asks for our state waits for its own answer to our message to be recorded."""


def settle(tx: Tx, line: Line[P], process: P, delivery: Delivery, peer_pid: str | None) -> bool:
    """Move the process on because the peer acknowledged this delivery; False when that changes nothing any more."""
    if process.peer_pid is None and peer_pid is not None:
        exchange.learn_peer_pid(tx, line, process, peer_pid)
    is_late = delivery.kind in process.given_up and delivery.kind != process.pending
    if not (is_late or is_current(process, delivery)):
        return False
    position = machine.acknowledged(line.table, process.position, delivery.kind)
    if position == process.position:
        return False
    exchange.move(tx, line, process, position)
    entry = {"by": process.peer, "message": delivery.kind, "state": process.state}
    journal.append(tx, process.owner, process.pid, "acknowledged", entry)
    return True


def hand_on(tx: Tx, line: Line[P], process: P, job: Job, delivery: Delivery) -> None:
    """Have what is pending now leave at once, where it was made pending before the answer to this delivery came.

    A message of the peer overtook its own answer, say. While this job ran nobody has sent what is pending, and nothing
    has to be read again to send it.
    """
    if process.pending is not None and not is_current(process, delivery):
        jobs.go_on(tx, job, known=exchange.delivery_of(line, process))


def observe(tx: Tx, line: Line[P], process: P, peer_state: str, was_refused: bool = False) -> bool:
    """Rule 4: move the process if the peer's own state proves something; False when the message must be repeated."""
    position = machine.observed(line.table, process.position, peer_state, was_refused)
    if position == process.position:
        return False
    message = process.pending
    exchange.move(tx, line, process, position)
    entry = {"by": process.peer, "message": message, "peer_state": peer_state, "state": process.state}
    journal.append(tx, process.owner, process.pid, "observed", entry)
    return True


def postpone(tx: Tx, line: Line[P], process: P) -> bool:
    """The peer was busy: give a renewal up, to be decided again soon; False for what stays pending."""
    position = machine.postponed(line.table, process.position)
    if position == process.position:
        return False
    kind = process.pending or ""
    exchange.move(tx, line, process, position)
    entry = {"by": process.peer, "message": kind, "state": process.state}
    journal.append(tx, process.owner, process.pid, "postponed", entry)
    if process.intent is None:
        by = _decider_of(tx, process, kind)
        exchange.intend(tx, line, process, Answer(kind, by, delay_s=RENEW_AGAIN_S), only_in=process.state)
    return True


def _decider_of(tx: Tx, process: Process, kind: str) -> Decider:
    """Return who decided what we sent last."""
    latest = journal.latest(tx, process.owner, process.pid, _LOOKED_BACK)
    entry = next((one.entry for one in latest if one.kind == "sent" and one.entry.get("message") == kind), {})
    return deciders.read(entry.get(deciders.MEMBER))


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
    process = line.queries.load(tx, delivery.owner, delivery.pid)
    heard(tx, delivery.owner, delivery.peer)
    if not is_current(process, delivery):
        return None
    exchange.move(tx, line, process, machine.refused(process.position))
    process.problem = {"code": code, "reason": reason, "message": delivery.kind, "at": tx.now.isoformat()}
    entry = {"by": process.peer, "message": delivery.kind, "state": process.state, "problem": code, "reason": reason}
    journal.append(tx, process.owner, process.pid, "refused-by-peer", entry)
    told = {"message": delivery.kind, "state": process.state, "problem": code, "reason": reason}
    events.append(tx, process.owner, "message.refused", process.pid, process.peer, **told)
    line.queries.save(tx, process)
    return process


def note_failure(
    tx: Tx, line: Line[P], delivery: Delivery, code: str, reason: str, *, is_answered: bool = False
) -> None:
    """Record one attempt that did not succeed; the message stays pending. The journal keeps only the first of a row.

    The peer's answers in a row are counted apart: its silence says nothing about the patience that they deserve.
    """
    process = line.queries.load(tx, delivery.owner, delivery.pid)
    if not is_current(process, delivery):
        return
    process.attempts += 1
    if process.problem is None or process.problem.get("code") != code:
        entry = {"to": process.peer, "message": delivery.kind, "problem": code, "reason": reason}
        journal.append(tx, process.owner, process.pid, "not-delivered", entry)
    process.problem = {"code": code, "reason": reason, "message": delivery.kind, "at": tx.now.isoformat()}
    if is_answered:
        process.problem["answers"] = delivery.answers + 1
    line.queries.save(tx, process)


def note_divergence(tx: Tx, line: Line[P], delivery: Delivery, peer_state: str) -> None:
    """Record that the peer stands elsewhere than we do, so that a person sees it."""
    process = line.queries.load(tx, delivery.owner, delivery.pid)
    if process.pending is None and process.state != peer_state:
        mark_divergence(tx, process, peer_state)
        line.queries.save(tx, process)


def mark_divergence(tx: Tx, process: Process, peer_state: str | None) -> None:
    """Write on the row and in the journal that the two sides differ; None: the peer does not know the process."""
    stands = "does not know this process" if peer_state is None else f"stands in {peer_state}"
    reason = f"{process.peer} {stands}, we stand in {process.state}"
    process.problem = {"code": "divergence", "reason": reason, "at": tx.now.isoformat()}
    told = {"peer_state": peer_state, "state": process.state}
    journal.append(tx, process.owner, process.pid, "divergence", told)
    events.append(tx, process.owner, "process.diverged", process.pid, process.peer, **told)


def is_current(process: Process, delivery: Delivery) -> bool:
    """True when the delivery is still what the process waits for."""
    return process.pending == delivery.kind and process.pending_body == delivery.body


def gave_way(process: Process, delivery: Delivery) -> bool:
    """True when the delivery's message was given up for one of the peer's: that it arrived all the same matters."""
    problem = process.problem or {}
    return problem.get("code") == YIELDED and problem.get("message") == delivery.kind


class Exchange(Generic[P]):
    """What the worker asks of a line of work and reports to it."""

    def __init__(self, store: Store, line: Line[P]) -> None:
        self._store = store
        self.line = line
        self._on_its_way: dict[str, asyncio.Event] = {}
        """By process, what is set once the message that travels has been answered, and the answer recorded."""

    def react(self, tx: Tx, process: P, by: Role, kind: str) -> None:
        """Draw the consequences of a move: called after each, inside its transaction."""
        raise TypeError(f"{type(self).__name__} must say how it reacts")

    async def acknowledged(self, job: Job, delivery: Delivery, body: bytes) -> bool:
        """Record that the peer accepted our message; False when ours had given way, so that the two may differ."""
        raise TypeError(f"{type(self).__name__} must say how it settles")

    @contextmanager
    def on_its_way(self, pid: str) -> Iterator[None]:
        """While it lasts, a message of this process travels, and what the peer answers is recorded."""
        self._on_its_way[pid] = recorded = asyncio.Event()
        try:
            yield
        finally:
            del self._on_its_way[pid]
            recorded.set()

    async def show(self, owner: str, caller: Participant, pid: str) -> P:
        """Return a process to its counterpart. Raises NotFound, also when it is somebody else's.

        Both sides show a state once a message that leads to it is acknowledged (DSP 2025-1, state machines). A peer
        that acknowledges ours and asks at once is ahead of what we record: it waits for that.
        """
        recorded = self._on_its_way.get(pid)
        process = await self._peek(owner, caller, pid)
        if recorded is None:
            return process
        clock = self._store.clock
        await clock.wait(recorded, clock.now() + SHOWN_WITHIN)
        return await self._peek(owner, caller, pid)

    async def _peek(self, owner: str, caller: Participant, pid: str) -> P:
        process = await self._store.read(lambda tx: self.line.queries.peek(tx, owner, pid))
        if process.peer != caller.did:
            raise NotFound(pid)
        return process

    async def due(self, job: Job) -> Due:
        """Return what a process waits for, after carrying out an intent whose time has come.

        A message that was made pending a moment ago, by the unit that started this very job, is known already.
        """
        if isinstance(job.known, Delivery):
            return replace(job.known, is_new=True)
        found = await self._store.read(lambda tx: exchange.due(tx, self.line, job))
        if not isinstance(found, datetime):
            return found
        await self._store.write(lambda tx: exchange.act(tx, self.line, job), about=job.key)
        found = await self._store.read(lambda tx: exchange.due(tx, self.line, job))
        return replace(found, is_new=True) if isinstance(found, Delivery) else found

    async def taken(self, job: Job, delivery: Delivery, peer_pid: str | None) -> bool:
        """Record as `acknowledged` does; `peer_pid` is the peer's identifier where its answer told it."""

        def unit(tx: Tx) -> bool:
            process = self.line.queries.load(tx, delivery.owner, delivery.pid)
            heard(tx, delivery.owner, delivery.peer)
            is_over = False
            if settle(tx, self.line, process, delivery, peer_pid):
                is_over = jobs.finish(tx, job)
                self.react(tx, process, process.role, delivery.kind)
                self.line.queries.save(tx, process)
            elif gave_way(process, delivery):
                return False
            if not is_over:
                hand_on(tx, self.line, process, job, delivery)
            return True

        return await self._store.write(unit, about=delivery.pid)

    async def observed(self, delivery: Delivery, peer_state: str, *, was_refused: bool = False) -> bool | None:
        """Record what the peer's state proves; False: our message must be sent again.

        None: the process moved since the question was asked, so the answer says nothing; look again.
        """

        def unit(tx: Tx) -> bool | None:
            process = self.line.queries.load(tx, delivery.owner, delivery.pid)
            heard(tx, delivery.owner, delivery.peer)
            if process.position != delivery.position or not is_current(process, delivery):
                return None
            if not observe(tx, self.line, process, peer_state, was_refused):
                return False
            self.react(tx, process, process.role, delivery.kind)
            self.line.queries.save(tx, process)
            return True

        return await self._store.write(unit, about=delivery.pid)

    async def looked(self, question: Question, peer_state: str | None) -> datetime | None:
        """Record what the peer's state tells of a message of ours that gave way; return when to look again."""

        def unit(tx: Tx) -> datetime | None:
            process = self.line.queries.load(tx, question.owner, question.pid)
            heard(tx, question.owner, question.peer)
            if process.position != question.position:
                return tx.now
            if peer_state is not None and observe(tx, self.line, process, peer_state):
                self.react(tx, process, process.role, "")
            else:
                conclude_look(tx, process, peer_state)
            self.line.queries.save(tx, process)
            return exchange.next_instant(process)

        return await self._store.write(unit, about=question.pid)

    async def postponed(self, delivery: Delivery) -> bool:
        """The peer was busy with a message of its own; False when ours stays pending, to be sent again."""

        def unit(tx: Tx) -> bool:
            process = self.line.queries.load(tx, delivery.owner, delivery.pid)
            heard(tx, delivery.owner, delivery.peer)
            if not is_current(process, delivery) or not postpone(tx, self.line, process):
                return False
            self.line.queries.save(tx, process)
            return True

        return await self._store.write(unit, about=delivery.pid)

    async def refused(self, delivery: Delivery, code: str, reason: str) -> None:
        """Record that the peer refused our message for good."""
        await self._store.write(lambda tx: give_way(tx, self.line, delivery, code, reason), about=delivery.pid)

    async def failed(self, delivery: Delivery, code: str, reason: str) -> None:
        """Record an attempt that reached nobody."""
        await self._store.write(lambda tx: note_failure(tx, self.line, delivery, code, reason), about=delivery.pid)

    async def not_yet(self, delivery: Delivery, code: str, reason: str) -> None:
        """Record an answer that may be another one later."""
        await self._store.write(
            lambda tx: note_failure(tx, self.line, delivery, code, reason, is_answered=True), about=delivery.pid
        )

    async def diverged(self, delivery: Delivery, peer_state: str) -> None:
        """Record that the peer stands elsewhere than we do."""
        await self._store.write(lambda tx: note_divergence(tx, self.line, delivery, peer_state), about=delivery.pid)
