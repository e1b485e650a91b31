"""What our nodes add to messages of DSP 2025-1: a member each, on the message itself, whose value is one string.

The key is an absolute IRI of ours, so that JSON-LD processing keeps it; the value is one string, so that it leaves it
whole; other connectors ignore it. Never inside `offer` or `agreement`: those are compared. The request card is read
here; seals and conclusions are texts that the contracts package reads.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime

from connector.protocol.errors import MalformedMessage
from connector.protocol.strict_json import pointer_to, read_object

REQUEST_CARD = "https://w3id.org/pupitre/requestCard"
"""On the ContractRequestMessage: what the consumer declares."""
SEAL = "https://w3id.org/pupitre/seal"
"""On the ContractAgreementMessage, the contract sealed by the provider; on its verification, by both."""
CONCLUSION = "https://w3id.org/pupitre/conclusion"
"""On the FINALIZED event: the provider's sealed word that the contract is concluded."""

LONGEST_CARD = 8_000
LONGEST_LINE = 1_000

_MEMBERS = {"purpose": "purpose", "until": "until", "legal_basis": "legalBasis", "use_case": "useCase"}


@dataclass(frozen=True, slots=True)
class RequestCard:
    """What a consumer declares beside its request: for what, until when, on what legal basis, in which use case."""

    purpose: str | None = None
    until: str | None = None
    """A date or an instant, ISO 8601, as it was written."""
    legal_basis: str | None = None
    use_case: str | None = None


UNDECLARED = RequestCard()


def write_card(card: RequestCard) -> str | None:
    """Return the card as the text that travels; None for one that says nothing. Raises MalformedMessage."""
    said = {wire: getattr(card, name) for name, wire in _MEMBERS.items()}
    told = {wire: value for wire, value in said.items() if value is not None}
    if not told:
        return None
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    read_card(text)
    return text


def read_card(text: str) -> RequestCard:
    """Return the card that a text says; members that it does not know are let be. Raises MalformedMessage.

    A card that cannot be read is refused, never dropped: somebody declared something with it.
    """
    if len(text) > LONGEST_CARD:
        raise _fault("La déclaration est trop longue.", "The declaration is too long.")
    try:
        told = read_object(text.encode())
    except MalformedMessage as fault:
        raise MalformedMessage(fault.detail, pointer=pointer_to(REQUEST_CARD)) from fault
    return RequestCard(**{name: _line(told, wire) for name, wire in _MEMBERS.items()})


def _line(told: dict[str, object], member: str) -> str | None:
    """Return what a member says, one line of text; a date where one is meant."""
    value = told.get(member)
    if value is None and member not in told:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_LINE or not value.isprintable():
        raise _fault("Un texte d’une ligne est attendu.", "A text of one line is expected.", member)
    if member == "until":
        _check_date(value)
    return value


def _check_date(text: str) -> None:
    for kind in (date, datetime):
        try:
            kind.fromisoformat(text)
        except ValueError:
            continue
        return
    raise _fault("Une date AAAA-MM-JJ est attendue.", "A date YYYY-MM-DD is expected.", "until")


def _fault(fr: str, en: str, *members: str) -> MalformedMessage:
    where = f" ({', '.join(members)})" if members else ""
    return MalformedMessage({"fr": fr + where, "en": en + where}, pointer=pointer_to(REQUEST_CARD))
