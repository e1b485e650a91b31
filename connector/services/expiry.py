"""The end of a contract, told of beforehand: the job `expiry` warns as many days before as the settings say.

It is laid when the contract is concluded, for the first of these instants that is still to come; each warning is an
entry of the journal and an event, once. A node that was down meanwhile gives one warning for all that it missed. A
contract that was ended, or that names no end, is not warned of.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson

from connector.store import agreements, contracts, events, journal, negotiations
from connector.store.contracts import StoredContract
from connector.store.db import Store, Tx
from connector.store.jobs import Job

JOB = "expiry"
_DAY = timedelta(days=1)


def lay(tx: Tx, contract: StoredContract, days: Sequence[int]) -> None:
    """Lay the job for a contract that is concluded now; what it would have warned of before is passed over."""
    ends_at = _ends_at(contract)
    if ends_at is None:
        return
    contract.warned_days = min(_passed(ends_at, days, tx.now), default=None)
    first = _next(ends_at, days, tx.now)
    if first is not None:
        tx.enqueue(Job(JOB, contract.owner, contract.negotiation, run_at=first, peer=None))


class Expiry:
    """Handles the jobs `expiry` (key: the negotiation)."""

    def __init__(self, store: Store, days: Sequence[int]) -> None:
        self._store = store
        self._days = days

    async def __call__(self, job: Job) -> datetime | None:
        """Warn if it is time; return when to warn again, None when never."""
        return await self._store.write(lambda tx: self._look(tx, job))

    def _look(self, tx: Tx, job: Job) -> datetime | None:
        negotiations.load(tx, job.owner, job.key)
        contract = contracts.find(tx, job.owner, job.key)
        ends_at = None if contract is None else _ends_at(contract)
        if contract is None or ends_at is None or contract.status != "concluded":
            return None
        if agreements.load(tx, job.owner, contract.agreement).status == "ended":
            return None
        passed = min(_passed(ends_at, self._days, tx.now), default=None)
        if passed is not None and (contract.warned_days is None or passed < contract.warned_days):
            contract.warned_days = passed
            contracts.save(tx, contract)
            _warn(tx, contract, ends_at)
        return _next(ends_at, self._days, tx.now)


def _warn(tx: Tx, contract: StoredContract, ends_at: datetime) -> None:
    left = max(-((tx.now - ends_at) // _DAY), 0)  # days that have begun
    told = {"contract": contract.id, "until": f"{ends_at:%FT%TZ}", "days_left": left}
    journal.append(tx, contract.owner, contract.negotiation, "contract-expiring", told)
    events.append(tx, contract.owner, "contract.expiring", contract.agreement, contract.peer, **told)


def _ends_at(contract: StoredContract) -> datetime | None:
    until = orjson.loads(contract.document or "{}").get("validity", {}).get("until")
    return None if until is None else datetime.fromisoformat(until)


def _passed(ends_at: datetime, days: Sequence[int], now: datetime) -> list[int]:
    """Return of which warnings the time has come."""
    return [one for one in days if ends_at - one * _DAY <= now]


def _next(ends_at: datetime, days: Sequence[int], now: datetime) -> datetime | None:
    return min((ends_at - one * _DAY for one in days if ends_at - one * _DAY > now), default=None)
