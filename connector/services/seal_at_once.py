"""The provider's seal, put by the unit that decides an agreement.

With a key of this node to seal is to compute, as rendering is: it waits for nothing, and what it makes is lost with the
unit if that is undone. So where the partner's keys are at hand, contract and seal are made in the unit and stored with
the decision, and the agreement is pending at its end. All else (a signer elsewhere, keys to be asked for, a contract
that cannot be drawn up, other terms that were sealed before) is for the job `seal`, which says why.
"""

from collections.abc import Callable

from connector.problems import Problem
from connector.protocol import negotiation as n
from connector.services import seal_case, seal_records
from connector.services.exchange import Answer
from connector.services.sealer import Sealer
from connector.services.sealing import Sealing
from connector.store.db import Tx
from connector.store.negotiations import Negotiation
from contracts.refused import ContractError
from contracts.signer import NearSigner
from policies import PolicyError

First = Callable[[Tx, Negotiation, Answer], str | None]
"""The kind of job that must run before an answer may leave; None: it may leave now."""


class AtOnce:
    """Asked before an answer leaves, inside the transaction that decided it."""

    def __init__(
        self,
        sealing: Sealing,
        did_of: Callable[[str], str],
        sealer: Sealer,
        near: Callable[[str], NearSigner | None],
    ) -> None:
        """`did_of`: an owner's DID; `near`: who seals for it at once, in this process."""
        self._sealing = sealing
        self._did_of = did_of
        self._sealer = sealer
        self._near = near

    def first(self, tx: Tx, negotiation: Negotiation, wanted: Answer) -> str | None:
        """Return which job must run before an answer may leave; None where its seal is there, or was put now."""
        job = self._sealing.first(tx, negotiation, wanted)
        is_put = job is not None and wanted.kind == n.AGREEMENT and self._seal(tx, negotiation, wanted)
        return None if is_put else job

    def _seal(self, tx: Tx, negotiation: Negotiation, wanted: Answer) -> bool:
        signer = self._near(negotiation.owner)
        if signer is None:
            return False
        case = seal_case.case_of(tx, negotiation, wanted, self._did_of(negotiation.owner))
        if case.has_seal:
            return False
        try:
            sealed = self._sealer.sealed_now(case, signer)
        except (ContractError, PolicyError, Problem):
            return False
        if sealed is None:
            return False
        seal_records.sealed_at_once(tx, negotiation, *sealed)
        return True
