"""What a message will be answered with, sealed before the transaction that takes the message.

With a key of this node a seal is put at once. So the two answers that follow from a contract which came (the
consumer's verification, the provider's conclusion) need not wait for a job: the contract is checked and our seal put
first, and the unit that takes the message keeps both and sends the answer, if it decides so. Nothing here is stored or
sent. Whatever is not as foreseen (another decision, another contract, a failure, a signer elsewhere) leaves no trace
but in the memory of this process: the message is taken as it came, and the job `seal` does or refuses what is due.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from connector.problems import Problem
from connector.protocol import messages
from connector.protocol import negotiation as n
from connector.protocol.machine import Role
from connector.services import deciders, exchange, negotiated, seal_records
from connector.services.exchange import Answer, Incoming
from connector.services.negotiated import Told
from connector.services.seal_at_once import First
from connector.services.seal_case import Case
from connector.services.seal_records import Concluded, Countersigned
from connector.services.sealer import Sealer
from connector.store import contracts, journal, negotiations, peers
from connector.store.contracts import StoredContract
from connector.store.db import Store, Tx
from connector.store.jobs import Postpone
from connector.store.negotiations import Negotiation
from contracts.document import Dataset
from contracts.refused import ContractError
from contracts.signer import NearSigner
from policies import PolicyError

log = logging.getLogger("pupitre.services")

_FAILURES = (ContractError, PolicyError, Problem, Postpone, KeyError, TypeError)
"""With which checking and sealing may end: the job says so to whom it concerns, or tries again."""

_SEALED = (messages.ContractAgreementMessage, messages.ContractAgreementVerificationMessage)
"""Messages that carry a contract with a seal on it."""

_ADDED = frozenset({"received", "acknowledged"})


@dataclass(frozen=True, slots=True)
class Seen:
    """The negotiation that a contract was held against: its version, and the last entry of its journal."""

    version: int
    n: int

    def holds(self, tx: Tx, negotiation: Negotiation) -> bool:
        """True when nothing but acknowledgements, and the message that is being taken, was added since."""
        if negotiation.version == self.version:
            return True
        kinds = [entry.kind for entry in journal.since(tx, negotiation.owner, negotiation.pid, self.n)]
        return kinds.count("received") == 1 and _ADDED.issuperset(kinds)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """An answer that was sealed before it was decided."""

    answer: Answer
    found: Countersigned | Concluded
    seen: Seen | None = None
    """What it depends on beside the contract."""

    def around(self, first: First) -> First:
        """Return which job must run before a message may leave, as `first` says: none before this very answer."""

        def asked(tx: Tx, negotiation: Negotiation, wanted: Answer) -> str | None:
            job = first(tx, negotiation, wanted)
            return None if job is not None and self._is_kept(tx, negotiation, wanted) else job

        return asked

    def _is_kept(self, tx: Tx, negotiation: Negotiation, wanted: Answer) -> bool:
        if wanted != self.answer or not (self.seen is None or self.seen.holds(tx, negotiation)):
            return False
        return seal_records.foreseen(tx, negotiation, self.found)


class Ahead:
    """Asked for each message that came, before it is taken."""

    def __init__(
        self, store: Store, did_of: Callable[[str], str], sealer: Sealer, near: Callable[[str], NearSigner | None]
    ) -> None:
        """`did_of`: an owner's DID; `near`: who seals for it at once, in this process."""
        self._store = store
        self._did_of = did_of
        self._sealer = sealer
        self._near = near

    async def look(self, owner: str, caller: str, pid: str, incoming: Incoming) -> Foreseen | None:
        """Return the sealed answer to a peer's message (`caller`: its DID), if one can be foreseen."""
        if not isinstance(incoming.message, _SEALED) or incoming.message.seal is None or self._near(owner) is None:
            return None
        try:
            return await self._sealed(owner, caller, pid, incoming)
        except _FAILURES:
            return None
        except Exception:  # the message is taken all the same
            log.exception("an answer could not be sealed before its message was taken")
            return None

    async def _sealed(self, owner: str, caller: str, pid: str, incoming: Incoming) -> Foreseen | None:
        match incoming.message:
            case messages.ContractAgreementMessage(seal=str() as received):
                found = await self._store.read(lambda tx: self._case(tx, owner, caller, pid, incoming))
                return None if found is None else await self._verification(*found, received)
            case messages.ContractAgreementVerificationMessage(seal=str() as received):
                known = await self._store.read(lambda tx: _sealed_by_us(tx, owner, caller, pid))
                return None if known is None else await self._conclusion(known, received)
        return None

    def _case(self, tx: Tx, owner: str, caller: str, pid: str, incoming: Incoming) -> tuple[Case, Seen] | None:
        """Return what the consumer holds a contract against, none where one came before, or the peer is not pinned."""
        negotiation, peer = negotiations.peek(tx, owner, pid), peers.find(tx, owner, caller)
        if peer is None or peer.card is None or peer.seals is None or contracts.find(tx, owner, pid) is not None:
            return None
        if negotiation.state in (n.TERMINATED, n.FINALIZED) or negotiation.pending == n.TERMINATION:
            return None
        exchange.check_counterpart(negotiation, caller, incoming)  # the peer's identifier may come with it
        by, history = deciders.as_requested(), journal.since(tx, owner, pid)
        case = Case(
            negotiation=negotiation,
            wanted=Answer(n.VERIFICATION, by),
            contract=None,
            has_seal=False,
            peer=peer,
            told=[
                *negotiated.messages(history, self._did_of(owner)),
                Told(n.AGREEMENT, caller, incoming.text),
            ],
            dataset=Dataset(id=negotiation.dataset),
            approval=negotiated.approved(history, by, tx.now),
        )
        return case, Seen(negotiation.version, history[-1].n)

    async def _verification(self, case: Case, seen: Seen, received: str) -> Foreseen:
        found = await self._sealer.countersigned(case, await self._sealer.checked(case, received))
        return Foreseen(Answer(n.VERIFICATION, deciders.as_requested()), found, seen)

    async def _conclusion(self, known: StoredContract, received: str) -> Foreseen:
        found = await self._sealer.concluded(known.owner, self._sealer.checked_both(known, received))
        return Foreseen(Answer(n.FINALIZE, deciders.CARRIED_THROUGH), found)


def _sealed_by_us(tx: Tx, owner: str, peer: str, pid: str) -> StoredContract | None:
    """Return the contract that we have sealed as provider, while it waits for the consumer's seal."""
    known = contracts.find(tx, owner, pid)
    if known is None or (known.role, known.peer) != (Role.PROVIDER, peer):
        return None
    return known if known.status == "sealed-by-one" and known.countersigned is None else None
