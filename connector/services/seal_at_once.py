"""Our seal, put by the unit that decides what it goes with: an agreement, a verification, the end of a negotiation.

With a key of this node to seal is to compute, as rendering is: it waits for nothing, and what it makes is lost with the
unit if that is undone. So where the partner's keys are at hand, what came is checked and our seal made in the unit, and
stored with the decision; the message is pending at its end. All else (a signer elsewhere, keys to be asked for, a
contract that cannot be drawn up or must be refused) is for the job `seal`, which says why.
"""

from collections.abc import Callable

from connector.problems import Problem
from connector.protocol import negotiation as n
from connector.services import seal_case, seal_records
from connector.services.exchange import Answer
from connector.services.seal_case import NearSigners
from connector.services.sealer import Sealer
from connector.services.sealing import Sealing
from connector.store import contracts
from connector.store.db import Tx
from connector.store.negotiations import Negotiation
from contracts.refused import ContractError
from contracts.signer import NearSigner
from policies import PolicyError

First = Callable[[Tx, Negotiation, Answer], str | None]
"""The kind of job that must run before an answer may leave; None: it may leave now."""

_FAILURES = (ContractError, PolicyError, Problem)
"""With which checking and sealing may end: the job says so to whom it concerns."""


class AtOnce:
    """Asked before an answer leaves, inside the transaction that decided it."""

    def __init__(self, sealing: Sealing, did_of: Callable[[str], str], sealer: Sealer, near: NearSigners) -> None:
        """`did_of`: an owner's DID."""
        self._sealing = sealing
        self._did_of = did_of
        self._sealer = sealer
        self._near = near

    def first(self, tx: Tx, negotiation: Negotiation, wanted: Answer) -> str | None:
        """Return which job must run before an answer may leave; None where its seal is there, or was put now."""
        job = self._sealing.first(tx, negotiation, wanted)
        signer = None if job is None else self._near(negotiation.owner)
        if signer is None:
            return job
        try:
            is_put = self._put(tx, negotiation, wanted, signer)
        except _FAILURES:
            return job
        return None if is_put else job

    def _put(self, tx: Tx, negotiation: Negotiation, wanted: Answer, signer: NearSigner) -> bool:
        """Seal what goes with the answer: an agreement with this signer, what follows with the key that it names."""
        match wanted.kind:
            case n.AGREEMENT:
                return self._agreement(tx, negotiation, wanted, signer)
            case n.VERIFICATION:
                return self._verification(tx, negotiation, wanted)
            case _:
                return self._conclusion(tx, negotiation)

    def _agreement(self, tx: Tx, negotiation: Negotiation, wanted: Answer, signer: NearSigner) -> bool:
        case = self._case(tx, negotiation, wanted)
        sealed = None if case.has_seal else self._sealer.sealed_now(case, signer)
        if sealed is None:
            return False
        seal_records.sealed_at_once(tx, negotiation, *sealed)
        return True

    def _verification(self, tx: Tx, negotiation: Negotiation, wanted: Answer) -> bool:
        case = self._case(tx, negotiation, wanted)
        if case.contract is None or case.contract.jws is None:
            return False
        found = self._sealer.countersigned_now(case, case.contract.jws, self._near)
        return found is not None and seal_records.countersigned(tx, negotiation, found)

    def _conclusion(self, tx: Tx, negotiation: Negotiation) -> bool:
        known = contracts.find(tx, negotiation.owner, negotiation.pid)
        if known is None or known.jws is None or known.countersigned is None:
            return False
        found = self._sealer.concluded_now(known, known.countersigned, self._near)
        return found is not None and seal_records.concluded(tx, negotiation, found)

    def _case(self, tx: Tx, negotiation: Negotiation, wanted: Answer) -> seal_case.Case:
        return seal_case.case_of(tx, negotiation, wanted, self._did_of(negotiation.owner))
