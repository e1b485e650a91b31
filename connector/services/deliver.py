"""What becomes of a transfer when its push ends: called by the data room, inside the transaction that records the end.

Accepted bytes complete the transfer. A push that failed for good suspends it, with the reason that the partner is told,
so that both sides see it and either may resume, which pushes again; terms of use that do not permit it any more
terminate it, as they do at a start. A transfer that moved meanwhile is left as it stands.
"""

from typing import Any

from connector.dataplane.errors import PolicyRefuses
from connector.dataplane.push_errors import PushFailed
from connector.problems import Problem
from connector.protocol import transfer as t
from connector.services import deciders, exchange
from connector.services.exchange import Answer
from connector.services.transfer import Transfer
from connector.store import journal, pushes, transfers
from connector.store.db import Tx
from connector.store.transfers import Transfer as TransferRow


class Deliver:
    """The ends of pushes."""

    def __init__(self, transfer: Transfer) -> None:
        self._line = transfer.line

    def finished(self, tx: Tx, owner: str, pid: str) -> None:
        """Record what the partner accepted, and complete the transfer."""
        row, push = transfers.load(tx, owner, pid), pushes.load(tx, owner, pid)
        entry = {"size_bytes": push.size_bytes, "sha256": push.sha256}
        journal.append(tx, owner, pid, "bytes-sent", entry)
        self._answer(tx, row, Answer(t.COMPLETION, deciders.bytes_accepted()))

    def complete(self, tx: Tx, owner: str, pid: str) -> None:
        """Complete a transfer that was started again although everything had been accepted."""
        self._answer(tx, transfers.load(tx, owner, pid), Answer(t.COMPLETION, deciders.bytes_accepted()))

    def failed(self, tx: Tx, owner: str, pid: str, problem: Problem) -> None:
        """Record why the bytes could not be sent, and stop the transfer with that reason."""
        row = transfers.load(tx, owner, pid)
        journal.append(tx, owner, pid, "push-failed", {"problem": problem.code, "reason": problem.say("en")})
        if isinstance(problem, PolicyRefuses):
            self._answer(
                tx, row, Answer(t.TERMINATION, deciders.policy_of(agreement=row.agreement), _why("policy", problem))
            )
        else:
            self._answer(tx, row, Answer(t.SUSPENSION, deciders.push_failed(), _why(PushFailed.code, problem)))

    def _answer(self, tx: Tx, row: TransferRow, wanted: Answer) -> None:
        if row.state == t.STARTED and row.pending is None:
            exchange.answer(tx, self._line, row, wanted)
            transfers.save(tx, row)


def _why(code: str, problem: Problem) -> dict[str, Any]:
    return {"code": code, "reason": [problem.say("en")]}
