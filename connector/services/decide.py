"""What to answer when a process has moved: the only place where the node decides for its people.

A decision is an `Answer` to send or None: then the process waits for a person, which is a row, never a task. There are
two sources of decisions: the offers' modes, here, and the scripts of the laboratory (lab/scripted.py).
"""

import json
from typing import Protocol

from connector.protocol import negotiation as n
from connector.protocol import transfer as t
from connector.protocol.machine import Role
from connector.services import deciders, permits
from connector.services.disclosure import Level
from connector.services.exchange import Answer
from connector.store import agreements, datasets
from connector.store.db import Tx
from connector.store.negotiations import Negotiation
from connector.store.transfers import Transfer
from policies import same_terms


class Decisions(Protocol):
    """A source of answers, asked inside the transaction that moved the process."""

    def negotiation_moved(self, tx: Tx, negotiation: Negotiation, by: Role, kind: str) -> Answer | None:
        """Return what to answer after `kind` was received from the peer (`by` it) or acknowledged by it (`by` us)."""

    def transfer_moved(self, tx: Tx, transfer: Transfer, by: Role, kind: str) -> Answer | None:
        """Return what to do after a transfer moved."""


class OfferModes:
    """Decides by the mode of the offer: *automatic* agrees to its very terms, *manual* waits for a person.

    Other terms than those offered are never accepted by themselves. What a person decided once is carried through: an
    accepted offer becomes an agreement, a correct agreement is verified, a verified one finalised. A refusal tells the
    partner as much as `level` says.
    """

    def __init__(self, level: Level = "category") -> None:
        self._level = level

    def negotiation_moved(self, tx: Tx, negotiation: Negotiation, by: Role, kind: str) -> Answer | None:
        if by is negotiation.role:
            return None
        match kind:
            case n.REQUEST:
                return self._on_request(tx, negotiation)
            case n.ACCEPT:
                return self._on_acceptance(tx, negotiation)
            case n.OFFER:
                return self._on_offer(negotiation)
            case n.AGREEMENT:
                return Answer(n.VERIFICATION, deciders.as_requested())
            case n.VERIFICATION:
                return Answer(n.FINALIZE, deciders.CARRIED_THROUGH)
            case _:
                return None

    def transfer_moved(self, tx: Tx, transfer: Transfer, by: Role, kind: str) -> Answer | None:
        if by is transfer.role or transfer.role is Role.CONSUMER or kind not in (t.REQUEST, t.START):
            return None
        agreement = agreements.load(tx, transfer.owner, transfer.agreement)
        decision = permits.transfer(tx, agreement, transfer.pid)
        terms = deciders.policy_of(agreement=agreement.id)
        if not decision.is_permitted:
            return Answer(t.TERMINATION, terms, decision.refusal(self._level))
        return Answer(t.START, terms)

    def _on_request(self, tx: Tx, negotiation: Negotiation) -> Answer | None:
        offer = datasets.load_offer(tx, negotiation.owner, negotiation.offer_id)
        is_ours = same_terms(json.loads(negotiation.offer), offer.policy)
        declared = permits.declared(negotiation.request_card)
        decision = permits.request(tx, offer, negotiation.peer, declared)
        if not decision.is_permitted:
            return Answer(n.TERMINATION, deciders.policy_of(offer=offer.id), decision.refusal(self._level))
        by = deciders.offer_mode(offer.mode, offer.id)
        return Answer(n.AGREEMENT, by) if is_ours and offer.mode == "automatic" else None

    def _on_acceptance(self, tx: Tx, negotiation: Negotiation) -> Answer:
        asked = (negotiation.offer, negotiation.dataset, negotiation.peer)
        declared = permits.declared(negotiation.request_card)
        decision = permits.proposed(tx, negotiation.owner, *asked, declared=declared)
        if not decision.is_permitted:
            by = deciders.policy_of(offer=negotiation.offer_id)
            return Answer(n.TERMINATION, by, decision.refusal(self._level))
        return Answer(n.AGREEMENT, deciders.CARRIED_THROUGH)

    def _on_offer(self, negotiation: Negotiation) -> Answer | None:
        """Accept what we asked for: that was decided already. Anything else is for a person."""
        if negotiation.requested is None:
            return None
        is_asked_for = same_terms(json.loads(negotiation.requested), json.loads(negotiation.offer))
        return Answer(n.ACCEPT, deciders.as_requested()) if is_asked_for else None
