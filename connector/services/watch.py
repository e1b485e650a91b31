"""The end of a permission, seen to at its very instant: a transfer under way is stopped when its terms stop permitting.

Nothing is polled. Whenever a transfer that we provide is started, a job `permission` is laid at the first instant at
which time alone changes what its agreement permits. The gate cuts the bytes by itself at that instant; this says so to
the partner. Where the terms will permit again later, the transfer is suspended, and started again then; else it is
terminated. A transfer that a person or the partner stopped meanwhile is left as it stands.

Where what is known changes (an attestation of the partner, a declaration about the data), `again` lays the job for now,
and has the gate forget what it answered and judge the open streams anew. When the agreement ends, `ended` does the same
for all transfers under it, received ones too: they are terminated, whatever their terms would permit.
"""

from datetime import datetime

from connector.dataplane import flows
from connector.protocol import transfer as t
from connector.protocol.machine import Role
from connector.services import deciders, exchange, permits
from connector.services.disclosure import Level
from connector.services.exchange import Answer, Line
from connector.services.permits import Verdict
from connector.store import agreements, transfers
from connector.store.db import Store, Tx
from connector.store.jobs import Job
from connector.store.transfers import Transfer

JOB = "permission"
_UNDER_WAY = (t.STARTED, t.SUSPENDED)
_ENDED = {
    "code": "agreement-ended",
    "reason": ["La convention a pris fin.", "The agreement has ended."],
}


def begin(tx: Tx, row: Transfer) -> None:
    """Lay the job for a transfer that we provide and that is started."""
    if row.role is not Role.PROVIDER or row.state != t.STARTED:
        return
    verdict = _judged(tx, row)
    instant = verdict.valid_until if verdict.is_permitted else tx.now
    if instant is not None:
        tx.enqueue(Job(JOB, row.owner, row.pid, run_at=instant, peer=None))


def again(tx: Tx, owner: str, *, peer: str | None = None, dataset: str | None = None) -> None:
    """Have every transfer that we provide to a peer or of a dataset judged again at once."""
    _look_at(tx, owner, transfers.provided(tx, owner, peer=peer, dataset=dataset))


def ended(tx: Tx, owner: str, agreement: str) -> None:
    """Have every transfer under an agreement that has ended terminated, whichever our role."""
    _look_at(tx, owner, transfers.under(tx, owner, agreement))


def _look_at(tx: Tx, owner: str, pids: list[str]) -> None:
    for pid in pids:
        tx.signal(flows.DOUBT, flows.key(owner, pid))
        tx.enqueue(Job(JOB, owner, pid, run_at=tx.now, peer=None))


class Watch:
    """Handles the jobs `permission` (key: the transfer)."""

    def __init__(self, store: Store, line: Line[Transfer], level: Level) -> None:
        self._store = store
        self._line = line
        self._level = level

    async def __call__(self, job: Job) -> datetime | None:
        """Stop the transfer if it is not permitted now; return when to look again, None when nothing will change."""
        return await self._store.write(lambda tx: self._look(tx, job), about=job.key)

    def _look(self, tx: Tx, job: Job) -> datetime | None:
        row = transfers.load(tx, job.owner, job.key)
        is_asked = row.state == t.INITIAL and row.pending is not None  # our request may have arrived: it ends after it
        if not is_asked and row.state not in (t.REQUESTED, *_UNDER_WAY):
            return None
        if agreements.load(tx, row.owner, row.agreement).status == "ended":
            exchange.answer(tx, self._line, row, Answer(t.TERMINATION, deciders.agreement_ended(row.agreement), _ENDED))
            transfers.save(tx, row)
            return None
        if row.role is not Role.PROVIDER or row.state not in _UNDER_WAY:
            return None
        verdict = _judged(tx, row)
        if not verdict.is_permitted:
            self._stop(tx, row, verdict)
        return verdict.valid_until

    def _stop(self, tx: Tx, row: Transfer, verdict: Verdict) -> None:
        by, content = deciders.policy_of(agreement=row.agreement), verdict.refusal(self._level)
        if verdict.valid_until is None:
            exchange.answer(tx, self._line, row, Answer(t.TERMINATION, by, content))
        elif row.state == t.STARTED and row.pending is None:
            exchange.answer(tx, self._line, row, Answer(t.SUSPENSION, by, content))
            delay_s = (verdict.valid_until - tx.now).total_seconds()
            exchange.answer(tx, self._line, row, Answer(t.START, by, delay_s=delay_s))
        transfers.save(tx, row)


def _judged(tx: Tx, row: Transfer) -> Verdict:
    agreement = agreements.load(tx, row.owner, row.agreement)
    return permits.transfer(tx, agreement, row.pid, phase="request")
