"""What a negotiation says and is told: its messages with the terms that they lay on the table, and its agreement.

Everything here happens in the unit that decides upon a message of ours, or takes one of the peer's.
"""

import json
from typing import Any

import contracts
import policies
from connector.identity.addresses import Addresses
from connector.ids import new_id
from connector.problems import Invalid, NotFound
from connector.protocol import messages
from connector.protocol import negotiation as n
from connector.protocol.errors import IllegalTransition
from connector.protocol.machine import Role
from connector.protocol.wire import Message, render
from connector.services import permits
from connector.services.exchange import Answer
from connector.services.sealing import Sealing
from connector.store import agreements
from connector.store import contracts as contracts_store
from connector.store.agreements import StoredAgreement
from connector.store.db import Tx
from connector.store.negotiations import Negotiation


class Wording:
    """Puts answers into the words of the protocol."""

    def __init__(self, addresses: Addresses, sealing: Sealing) -> None:
        self._addresses = addresses
        self._sealing = sealing

    def render(self, tx: Tx, negotiation: Negotiation, wanted: Answer) -> str:
        """Return the message that an answer becomes, and keep the terms that it lays on the table."""
        content = wanted.content or {}
        pids: dict[str, Any] = {"consumer_pid": negotiation.consumer_pid, "provider_pid": negotiation.provider_pid}
        carried = self._sealing.member(tx, negotiation, wanted.kind)
        message: messages.Message
        match wanted.kind:
            case n.REQUEST | n.OFFER:
                message = self._render_terms(negotiation, wanted.kind, content)
            case n.AGREEMENT:
                agreement = self._draw_up(tx, negotiation)
                message = messages.ContractAgreementMessage(**pids, agreement=agreement, seal=carried)
            case n.VERIFICATION:
                message = messages.ContractAgreementVerificationMessage(**pids, seal=carried)
            case n.ACCEPT:
                message = messages.ContractNegotiationEventMessage(**pids, event_type="ACCEPTED")
            case n.FINALIZE:
                message = messages.ContractNegotiationEventMessage(**pids, event_type="FINALIZED", conclusion=carried)
            case _:
                reason = content.get("reason")
                message = messages.ContractNegotiationTerminationMessage(
                    **pids, code=content.get("code"), reason=tuple(reason) if reason else None
                )
        if wanted.kind == n.FINALIZE and negotiation.agreement is not None:
            # The consumer holds FINALIZED as soon as it reads this, and may ask for data before we read its answer.
            agreements.set_status(tx, negotiation.owner, negotiation.agreement, "active")
        return render(message.with_id(new_id())).decode()

    def _render_terms(self, negotiation: Negotiation, kind: str, content: dict[str, Any]) -> messages.Message:
        sender = Role.CONSUMER if kind == n.REQUEST else Role.PROVIDER
        offer = content["offer"] if "offer" in content else json.loads(negotiation.offer)
        _check_offer(negotiation, offer)
        lay(negotiation, offer, sender)
        callback = self._addresses.dsp_base(negotiation.owner) if negotiation.peer_pid is None else None
        if kind == n.REQUEST:
            return messages.ContractRequestMessage(
                consumer_pid=negotiation.pid,
                provider_pid=negotiation.peer_pid,
                offer=offer,
                callback_address=callback,
                request_card=negotiation.request_card,
            )
        return messages.ContractOfferMessage(
            provider_pid=negotiation.pid, consumer_pid=negotiation.peer_pid, offer=offer, callback_address=callback
        )

    def _draw_up(self, tx: Tx, negotiation: Negotiation) -> dict[str, Any]:
        """Return the agreement on the terms on the table; the same again when the peer refused it once already."""
        sealed = self._sealing.sealed_agreement(tx, negotiation)
        if negotiation.agreement is not None:
            draft = json.loads(agreements.load(tx, negotiation.owner, negotiation.agreement).document)
            if policies.same_terms(draft, json.loads(negotiation.offer)):
                return dict(draft)
            agreements.discard_draft(tx, negotiation.owner, negotiation.agreement)
        agreement = sealed or contracts.draw_up(
            json.loads(negotiation.offer),
            agreement_id=new_id(),
            assigner=self._addresses.did(negotiation.owner),
            assignee=negotiation.peer,
            target=negotiation.dataset,
            at=tx.now,
        )
        _record_agreement(tx, negotiation, agreement)
        return agreement


def check_terms(tx: Tx, negotiation: Negotiation, message: Message) -> None:
    """Verify what a message brings before anything moves by it: one that is refused leaves no trace of its terms.

    Raises Invalid for another dataset, for rules that cannot be read, and for an agreement whose `@id` is taken.
    """
    match message:
        case messages.ContractRequestMessage(offer=offer) | messages.ContractOfferMessage(offer=offer):
            _check_offer(negotiation, offer)
        case messages.ContractAgreementMessage(agreement=agreement):
            _check_name(tx, negotiation, str(agreement["@id"]))
        case _:
            pass


def _check_name(tx: Tx, negotiation: Negotiation, agreement_id: str) -> None:
    """Refuse an agreement by whose name people would find another one, or the contract of another negotiation."""
    try:
        is_taken = agreements.load(tx, negotiation.owner, agreement_id).negotiation != negotiation.pid
    except NotFound:
        is_taken = contracts_store.is_name_taken(tx, negotiation.owner, agreement_id, besides=negotiation.pid)
    if is_taken:
        fr, en = "Une convention de cet @id existe déjà.", "An agreement with this @id exists already."
        raise Invalid({"fr": fr, "en": en}, pointer="/agreement/@id")


def _check_offer(negotiation: Negotiation, offer: dict[str, Any]) -> None:
    """Raise Invalid for an offer of another dataset, and for rules that cannot be read."""
    if offer.get("target") != negotiation.dataset:
        fr = "La cible n’est pas le jeu de données de cette négociation."
        en = "The target is not the dataset of this negotiation."
        raise Invalid({"fr": fr, "en": en}, pointer="/offer/target")
    permits.check_readable(contracts.text_of(offer))


def lay(negotiation: Negotiation, offer: dict[str, Any], by: Role) -> None:
    """Lay an offer on the table that was checked before, as a partner's is by `check_terms`."""
    negotiation.offer = contracts.text_of(offer)
    negotiation.offer_by = by.value
    if by is Role.CONSUMER:
        negotiation.requested = negotiation.offer


def keep_agreement(tx: Tx, negotiation: Negotiation, agreement: dict[str, Any]) -> None:
    """Keep the provider's agreement, in the place of one that it has drawn up anew (rule 5). See `check_terms`."""
    if negotiation.agreement is not None:
        agreements.discard_draft(tx, negotiation.owner, negotiation.agreement)
    _record_agreement(tx, negotiation, agreement)


def check_not_overtaken(tx: Tx, negotiation: Negotiation, message: Message) -> None:
    """Raise IllegalTransition for an agreement in whose place a later one came, while it was on its way."""
    if not isinstance(message, messages.ContractAgreementMessage) or negotiation.agreement is None:
        return
    present = agreements.load(tx, negotiation.owner, negotiation.agreement)
    if contracts.is_older(message.agreement, json.loads(present.document)):
        raise IllegalTransition("the agreement is older than the one that was drawn up since")


def _record_agreement(tx: Tx, negotiation: Negotiation, agreement: dict[str, Any]) -> None:
    document = contracts.text_of(agreement)
    negotiation.agreement = str(agreement["@id"])
    agreements.add(
        tx,
        StoredAgreement(
            owner=negotiation.owner,
            id=negotiation.agreement,
            role=negotiation.role,
            peer=negotiation.peer,
            negotiation=negotiation.pid,
            dataset=negotiation.dataset,
            document=document,
            accepted_terms=permits.accepted_terms(negotiation.offer),
            status="drafted",
            created_at=tx.now,
        ),
    )
