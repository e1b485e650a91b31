"""The worker: job → effect → report back to a service. The only place that delivers messages to peers.

A job says "look at process X"; the row decides what is due. What comes back from the peer is one of five things, each
reported to the service in a transaction of its own: acknowledged, proved by the peer's own state, refused for good, not
delivered, or too late to matter.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from connector.clock import Clock
from connector.identity.scheme import Scheme
from connector.peer.client import Answer, Client
from connector.peer.errors import Unreachable
from connector.protocol import strict_json
from connector.protocol.errors import Busy, MalformedMessage
from connector.protocol.refusals import Refusal, read_refusal
from connector.services.exchange import PEER_FAILURES, Delivery, NoProcessIdentifier, Question
from connector.services.reconcile import Reconcile
from connector.services.settle import Exchange
from connector.store.jobs import Job, Postpone

log = logging.getLogger("pupitre.worker")

PATIENCE = 8
"""How often a refusal that may be a matter of timing is tried again: 404 and 409 right after a first answer, 401 after
the peer restarted, 404 and 405 while it starts (EDC listens before its addresses are there)."""
ASK_AGAIN = timedelta(seconds=60)
"""When a peer that could not tell its state is asked again."""
_TIMING = frozenset({401, 404, 405, 408, 409, 425, 429})


@dataclass(frozen=True)
class Worker:
    """Delivers what rows wait for."""

    client: Client
    identity: Scheme
    clock: Clock
    started_at: datetime

    async def look(self, service: Exchange[Any], job: Job) -> datetime | None:
        """Do what is due for one process; return when to look again, None when nothing is due.

        Raises Postpone when the peer cannot be reached: everything for that peer then waits.
        """
        due = await service.due(job)
        if isinstance(due, Question):
            return await service.looked(due, await self._ask(due))
        if not isinstance(due, Delivery):
            return due
        if self._may_have_arrived(job, due):
            is_settled = await self._is_settled_by_asking(service, due)
            if is_settled is not False:
                return None if is_settled else self.clock.now()
        with service.on_its_way(due.pid):
            answer = await self._post(service, due)
            is_settled = answer.is_success and await self._report_acknowledged(service, job, due, answer)
        if not answer.is_success:
            return await self._report_refusal(service, due, answer)
        if not is_settled:
            await self._compare(service, due)
        return None

    async def reconcile(self, service: Reconcile[Any], job: Job) -> datetime | None:
        """After a restoration, ask the peer how one process stands; return when to look again. Raises Postpone."""
        due = await service.due(job)
        if not isinstance(due, Question) or due.state_url is None:
            return due if isinstance(due, datetime) else None
        answer = await self._show(due, due.state_url)
        if answer.status >= 500 or answer.status in _TIMING - {404}:
            return self.clock.now() + ASK_AGAIN
        return await service.concluded(due, _state_in(answer), is_unknown=answer.status == 404)

    def _may_have_arrived(self, job: Job, due: Delivery) -> bool:
        """True unless this is the first attempt of the process that wrote the message (rule 4)."""
        if due.is_new:
            return False
        return due.attempts > 0 or job.attempts > 0 or job.is_repeat or due.sent_at < self.started_at

    async def _is_settled_by_asking(
        self, service: Exchange[Any], due: Delivery, *, was_refused: bool = False
    ) -> bool | None:
        """Return what `observed` does; False when the peer does not tell its state."""
        try:
            state = await self._ask(due)
        except Postpone as postpone:
            await service.failed(due, getattr(postpone.__cause__, "code", Unreachable.code), postpone.reason)
            raise
        return False if state is None else await service.observed(due, state, was_refused=was_refused)

    async def _ask(self, due: Delivery | Question) -> str | None:
        """Return the peer's state of the process, None when it does not tell (rule 4). Raises Postpone."""
        return None if due.state_url is None else _state_in(await self._show(due, due.state_url))

    async def _show(self, due: Delivery | Question, url: str) -> Answer:
        """Return the peer's answer when it is asked for its state. Raises Postpone."""
        try:
            token = await self.identity.token_for(due.owner, due.peer)
            return await self.client.get(url, token)
        except PEER_FAILURES as error:
            raise Postpone(due.peer, str(error)) from error

    async def _post(self, service: Exchange[Any], due: Delivery) -> Answer:
        try:
            token = await self.identity.token_for(due.owner, due.peer)
            answer = await self.client.post(due.url, token, due.body.encode())
        except PEER_FAILURES as error:
            await service.failed(due, error.code, str(error))
            raise Postpone(due.peer, str(error)) from error
        log.info("sent", extra={**due.names, "message_kind": due.kind, "status": answer.status})
        return answer

    async def _report_acknowledged(self, service: Exchange[Any], job: Job, due: Delivery, answer: Answer) -> bool:
        """Return whether the process moved on; False: our message had given way, yet the peer took it."""
        try:
            return await service.acknowledged(job, due, answer.body)
        except NoProcessIdentifier as problem:
            await service.not_yet(due, problem.code, str(problem))
            raise  # tried again as a failure is, ten times: a peer that answers so may begin a process each time

    async def _compare(self, service: Exchange[Any], due: Delivery) -> None:
        """Look whether both sides still agree, after the peer took a message that had given way. Raises Postpone."""
        state = await self._ask(due)
        if state is not None:
            await service.diverged(due, state)

    async def _report_refusal(self, service: Exchange[Any], due: Delivery, answer: Answer) -> datetime | None:
        refusal = read_refusal(answer.body)
        reason = "; ".join(refusal.reasons) or f"HTTP {answer.status}"
        code = f"peer-{answer.status}"
        if refusal.code == Busy.code and await service.postponed(due):
            return None
        if _may_pass_by_itself(due, answer, refusal):
            await service.not_yet(due, code, reason)
            return self.clock.now() + timedelta(seconds=_pause_s(due.pid, due.answers))
        is_settled = await self._is_settled_by_asking(service, due, was_refused=answer.status == 409)
        if is_settled is not False:
            return None if is_settled else self.clock.now()
        log.warning("refused", extra={**due.names, "message_kind": due.kind, "status": answer.status})
        await service.refused(due, code, reason)
        return None


def _state_in(answer: Answer) -> str | None:
    """Return the state that the peer shows, None when it shows none."""
    try:
        state = strict_json.read_object(answer.body).get("state") if answer.status == 200 else None
    except MalformedMessage:
        return None
    return state if isinstance(state, str) else None


def _may_pass_by_itself(due: Delivery, answer: Answer, refusal: Refusal) -> bool:
    """True when the same message may succeed later; a peer that has no such offer or agreement says so plainly."""
    if answer.status == 404 and due.state_url is None and refusal.type:
        return False
    return answer.status >= 500 or (answer.status in _TIMING and due.answers < PATIENCE)


def _pause_s(pid: str, answers: int) -> float:
    """Return the seconds until a peer that answered is tried again: short at first, most such answers are races.

    Later between 15 and 30 s, never twice the same: two nodes that are busy with each other at one instant must not
    meet at every further one.
    """
    if answers < PATIENCE:
        return min(0.3 * 2.0**answers, 2.0)
    return 15.0 + 15.0 * (crc32(f"{pid} {answers}".encode()) / 2**32)
