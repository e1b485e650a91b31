"""What seals mean for a negotiation, inside its transactions: what must be sealed before it leaves, and what came.

Nothing is signed or verified here. A message that must carry a seal becomes an intent that awaits it, for a unit cannot
wait, and a job of its own (seal.py) signs, then lets the message go; where nothing has to be waited for, the unit that
decides puts the seal itself (seal_at_once.py).
The walk, with what each side keeps:

1. Provider: the agreement is decided → `sealing`; its seal → `sealed-by-one`, sent with the agreement.
2. Consumer: keeps what came (`sealed-by-one`), checks it, countersigns → `sealed-by-both`, sent with the verification.
3. Provider: checks the second seal, seals the conclusion → `sealed-by-both`, sent with FINALIZED.
4. Both: FINALIZED is acknowledged → `concluded`. A negotiation that ends before leaves its seals `unused`.

A partner that does not seal gets the messages of DSP as they are; what was exchanged is then sealed by us alone.
"""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

import orjson

import contracts as agreeing
from connector.identity import seal_history
from connector.problems import Problem
from connector.protocol import messages
from connector.protocol import negotiation as n
from connector.protocol.machine import Role
from connector.protocol.wire import Message
from connector.services import card_news, deciders, exchange
from connector.services.exchange import Answer
from connector.store import contracts, journal, peers
from connector.store.contracts import OPEN, StoredContract
from connector.store.db import Tx
from connector.store.jobs import Job
from connector.store.negotiations import Negotiation

JOB = "seal"
UNSEALED = "unsealed"
"""The member of an answer's content that says: this partner does not seal, let the message go as it is."""

_MISSING = {
    "fr": "Votre nœud annonce qu’il scelle les conventions, mais ce message ne porte pas de cachet.",
    "en": "Your node says that it seals contracts, but this message carries no seal.",
}
_ANOTHER = {
    "fr": "Un autre document a déjà été scellé dans cette négociation.",
    "en": "Another document was sealed in this negotiation already.",
}
_ENDED = "la négociation a pris fin avant la conclusion · the negotiation ended before the conclusion"
_UNABLE = "ce nœud n’avait plus de carte ou de clé pour sceller · this node had no card or key left to seal with"
_REPLACED = "le fournisseur a envoyé un autre accord · the provider sent another agreement"


class ConclusionRefused(Problem):
    """A FINALIZED event must carry the conclusion of the contract that both sealed, sealed by the provider."""

    code = "conclusion-refused"
    status = 400
    title: ClassVar[dict[str, str]] = {
        "fr": "La conclusion scellée manque ou n’est pas celle de cette convention.",
        "en": "The sealed conclusion is missing, or is not that of this contract.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Demandez de nouveau l’accès : les deux nœuds scelleront une nouvelle convention.",
        "en": "Ask for access again: both nodes will seal a new contract.",
    }


class Sealing:
    """Asked by negotiations, inside their transactions."""

    def __init__(
        self,
        can_seal: Callable[[str], bool],
        has_card: Callable[[str], bool],
        concluded: Callable[[Tx, StoredContract], None],
    ) -> None:
        """Whether an owner has a key that may seal now, and a party card; what begins with a conclusion."""
        self._can_seal = can_seal
        self._has_card = has_card
        self._concluded = concluded

    def first(self, tx: Tx, negotiation: Negotiation, wanted: Answer) -> str | None:
        """Return the kind of job that must run before a message may leave; None: it may leave now."""
        match wanted.kind:
            case n.AGREEMENT:
                waits = not (wanted.content or {}).get(UNSEALED) and self._must_seal_agreement(tx, negotiation)
            case n.VERIFICATION | n.FINALIZE:
                found = contracts.find(tx, negotiation.owner, negotiation.pid)
                waits = found is not None and not _is_ready(found, wanted.kind)
            case _:
                waits = False
        return JOB if waits else None

    def _must_seal_agreement(self, tx: Tx, negotiation: Negotiation) -> bool:
        """True unless nobody here can seal, or the seal on these very terms is there already.

        What was drawn up for an earlier decision leads to nothing where we cannot seal any more.
        """
        if negotiation.version == 0:
            contracts.begin(tx, negotiation.owner, negotiation.pid)
        found = contracts.find(tx, negotiation.owner, negotiation.pid)
        if found is not None and contracts.is_sealed(tx, found):
            return not is_on_the_table(found, negotiation)
        is_ready = self.is_ready(negotiation.owner)
        if found is not None and found.status == "sealing" and not is_ready:
            leave_unused(tx, negotiation, found, _UNABLE)
        return is_ready

    def is_ready(self, owner: str) -> bool:
        """True when the owner has what a contract needs: a seal key, and a card that says who it is."""
        return self._can_seal(owner) and self._has_card(owner)

    # --- what came ----------------------------------------------------------------------------------------------------

    def keep(self, tx: Tx, negotiation: Negotiation, message: Message) -> None:
        """Keep what a peer's message carried, as it came: it is checked before anything is answered."""
        match message:
            case messages.ContractAgreementMessage(seal=seal, agreement=agreement):
                self._keep_sealed(tx, negotiation, str(agreement["@id"]), seal)
            case messages.ContractAgreementVerificationMessage(seal=seal):
                self._change(tx, negotiation, countersigned=seal)
            case messages.ContractNegotiationEventMessage(conclusion=conclusion) if conclusion is not None:
                self._change(tx, negotiation, conclusion=conclusion)
            case messages.ContractNegotiationTerminationMessage(code=card_news.OTHER_CARD):
                card_news.look(tx, negotiation.owner, negotiation.peer)
            case _:
                pass

    def _keep_sealed(self, tx: Tx, negotiation: Negotiation, agreement: str, seal: str | None) -> None:
        found = contracts.find(tx, negotiation.owner, negotiation.pid)
        if found is None and seal is not None:
            found = StoredContract(
                owner=negotiation.owner,
                negotiation=negotiation.pid,
                role=negotiation.role,
                peer=negotiation.peer,
                dataset=negotiation.dataset,
                agreement=agreement,
                status="sealed-by-one",
            )
        if found is None or found.status != "sealed-by-one":
            return  # with our own seal on the first one, another is refused: see `verdict`
        found.agreement, found.jws = agreement, seal
        if seal is None:
            found.status, found.reason = "unused", _REPLACED
        contracts.save(tx, found)

    def _change(self, tx: Tx, negotiation: Negotiation, **values: str | None) -> None:
        found = contracts.find(tx, negotiation.owner, negotiation.pid)
        if found is None or found.status not in OPEN:
            return
        for name, value in values.items():
            setattr(found, name, value)
        contracts.save(tx, found)

    def verdict(self, tx: Tx, negotiation: Negotiation, by: Role, kind: str) -> Answer | None:
        """Return the end of a negotiation in which a seal is missing that must be there, or another one came."""
        if by is negotiation.role or kind not in (n.AGREEMENT, n.VERIFICATION):
            return None
        found = contracts.find(tx, negotiation.owner, negotiation.pid)
        if kind == n.VERIFICATION:
            is_missing = found is not None and found.status == "sealed-by-one" and found.countersigned is None
            return ended("seal-missing", _MISSING) if is_missing else None
        if found is not None and (found.agreement != negotiation.agreement or found.status == "sealed-by-both"):
            return ended("sealed-another", _ANOTHER)  # our seal is on what came first, whatever is drawn up anew
        if (found is None or found.status == "unused") and self._is_expected(tx, negotiation):
            return ended("seal-missing", _MISSING)
        return None

    def _is_expected(self, tx: Tx, negotiation: Negotiation) -> bool:
        """True when both sides know each other's cards, and we can seal as the peer could: that is not taken back."""
        if not self.is_ready(negotiation.owner):
            return False
        peer = peers.find(tx, negotiation.owner, negotiation.peer)
        if peer is None or peer.card is None or peer.seals is None:
            return False
        return bool(seal_history.stored(peer.seals).keys)

    def settle(self, tx: Tx, negotiation: Negotiation) -> None:
        """After a move: what the end of a negotiation makes of its contract; our own seal where the peer puts none."""
        if negotiation.state not in (n.TERMINATED, n.FINALIZED):
            return
        found = contracts.find(tx, negotiation.owner, negotiation.pid)
        if negotiation.state == n.TERMINATED:
            _drop_withheld(tx, negotiation)
            if found is not None and found.status in OPEN:
                leave_unused(tx, negotiation, found, _ENDED)
        elif contracts.has_no_evidence(tx, found):
            if self._can_seal(negotiation.owner):
                tx.enqueue(Job(JOB, negotiation.owner, negotiation.pid))
        elif found is not None and found.status == "sealed-by-both" and found.conclusion is not None:
            found.status = "concluded"
            self._concluded(tx, found)
            contracts.save(tx, found)

    # --- what goes ----------------------------------------------------------------------------------------------------

    def sealed_agreement(self, tx: Tx, negotiation: Negotiation) -> dict[str, Any] | None:
        """Return the agreement that we have sealed on the terms on the table, word for word, if there is one."""
        found = contracts.find(tx, negotiation.owner, negotiation.pid)
        if found is None or found.status not in OPEN or found.document is None or found.role is not Role.PROVIDER:
            return None
        if not is_on_the_table(found, negotiation):
            return None
        agreement: dict[str, Any] = json.loads(_agreement_in(found.document))
        return agreement

    def member(self, tx: Tx, negotiation: Negotiation, kind: str) -> str | None:
        """Return what a message of ours carries: the contract as sealed so far, or its conclusion."""
        if kind not in (n.AGREEMENT, n.VERIFICATION, n.FINALIZE):
            return None
        found = contracts.find(tx, negotiation.owner, negotiation.pid)
        if found is None or found.status not in OPEN or not _is_ready(found, kind):
            return None
        return found.conclusion if kind == n.FINALIZE else found.jws


def is_on_the_table(contract: StoredContract, negotiation: Negotiation) -> bool:
    """True when a contract that we drew up is about the terms now on the table."""
    return contract.document is not None and _is_about(contract.document, negotiation.offer)


@lru_cache(maxsize=32)
def _is_about(document: str, offer: str) -> bool:
    """True when a contract is about these terms. Remembered by both texts: a unit that sends it asks twice."""
    return agreeing.has_terms_of(json.loads(_agreement_in(document)), json.loads(offer))


@lru_cache(maxsize=32)
def _agreement_in(document: str) -> str:
    """Return the text of the agreement that a contract is about."""
    return str(orjson.loads(document)["agreement"]["text"])


def leave_unused(tx: Tx, negotiation: Negotiation, contract: StoredContract, reason: str) -> None:
    """Record that a contract led to nothing, and why; what was sealed stays in the journal with its explanation."""
    entry = {"contract": contract.id, "sha256": contract.sha256, "was": contract.status, "reason": reason}
    if contract.status != "sealing":
        journal.append(tx, negotiation.owner, negotiation.pid, "seal-unused", {**entry, "jws": contract.jws})
    contract.status, contract.reason = "unused", reason
    contracts.save(tx, contract)


def _drop_withheld(tx: Tx, negotiation: Negotiation) -> None:
    """Give up what was to leave with a seal."""
    if exchange.withheld(negotiation, JOB) is not None:
        exchange.drop_intent(tx, negotiation)


def ended(code: str, reason: dict[str, str]) -> Answer:
    """Return the termination of a negotiation whose seals are not what they must be, for a reason that both read."""
    rule = deciders.seal_check(code)
    return Answer(n.TERMINATION, rule, {"code": code, "reason": [reason["fr"], reason["en"]]})


def _is_ready(contract: StoredContract, kind: str) -> bool:
    """True when the seal that a message carries is there, or none is needed."""
    if contract.status in ("unilateral", "unused", "concluded"):
        return True
    match kind:
        case n.AGREEMENT:
            return contract.status == "sealed-by-one"
        case n.VERIFICATION:
            return contract.status == "sealed-by-both"
        case _:
            return contract.conclusion is not None
