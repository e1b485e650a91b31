"""What was negotiated, as our journal and our rows tell it: what a contract is drawn up from, and held against.

Both sides come to the same list of messages: what each sent and the other took, in order, before the agreement. A
message of ours that the peer refused for good was none; what the peer sent and we refused neither.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from connector import words
from connector.problems import NotFound
from connector.protocol import negotiation as n
from connector.protocol.machine import Role
from connector.protocol.strict_json import member_text
from connector.services import deciders
from connector.services.deciders import Decider, Person
from connector.store import datasets
from connector.store.datasets import StoredDataset
from connector.store.db import Tx
from connector.store.journal import Entry
from connector.store.negotiations import Negotiation
from contracts.approval import LONGEST, Approval
from contracts.document import REQUEST, Dataset, Exchanged, Framework, Negotiated, Party, party_from_card

_FOLLOWS = frozenset({deciders.CARRIED_THROUGH.name, deciders.as_requested().name})
"""Rules by which nothing new was decided."""


@dataclass(frozen=True, slots=True)
class Told:
    """A message that both sides hold: who sent it, and its text."""

    kind: str
    sender: str
    text: str = field(repr=False)
    proof: str = field(default="", repr=False)
    """The token with which a partner sent it."""

    @property
    def exchanged(self) -> Exchanged:
        """As a contract lists it."""
        return Exchanged(type=self.kind, sender=self.sender, sha256=sha256(self.text.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class Side:
    """A party, and the card that says who it is, a compact JWS."""

    party: Party
    card: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sides:
    """The two parties, and which role is ours."""

    ours: Side
    theirs: Side
    role: Role

    @property
    def provider(self) -> Party:
        return (self.ours if self.role is Role.PROVIDER else self.theirs).party

    @property
    def consumer(self) -> Party:
        return (self.theirs if self.role is Role.PROVIDER else self.ours).party

    @property
    def cards(self) -> str:
        """Both cards, JSON: role → text."""
        return json.dumps({self.role.value: self.ours.card, self.role.other.value: self.theirs.card}, sort_keys=True)


def side(card: str, kid: str, certificate: bytes) -> Side:
    """Return a party as its card and its seal's certificate (DER) say. Raises IncompleteCard."""
    return Side(party_from_card(card, kid=kid, certificate=certificate), card)


def messages(history: Sequence[Entry], did: str) -> list[Told]:
    """Return the messages of a negotiation that both sides hold, in order, from its journal; `did` is ours."""
    found: list[Told] = []
    for entry in history:
        said = entry.entry
        if entry.kind == "sent":
            found.append(Told(said["message"], did, said["body"]))
        elif entry.kind == "received":
            found.append(Told(said["message"], said["from"], said["body"], said.get("proof", "")))
        elif entry.kind == "refused-by-peer":
            _drop_last(found, did, said["message"])
    return found


def _drop_last(found: list[Told], sender: str, kind: str) -> None:
    """Take out the last message of that sender and kind: the other side refused it."""
    for place in range(len(found) - 1, -1, -1):
        if (found[place].sender, found[place].kind) == (sender, kind):
            del found[place]
            return


def before_agreement(told: list[Told]) -> tuple[list[Told], str | None]:
    """Return what was exchanged before the last agreement, and the text of it as it stands in its message."""
    for place in range(len(told) - 1, -1, -1):
        if told[place].kind == n.AGREEMENT:
            earlier = [one for one in told[:place] if one.kind != n.AGREEMENT]
            return earlier, member_text(told[place].text, "agreement")
    return told, None


def evidence(told: list[Told]) -> list[Told]:
    """Return the messages to show with a sealed contract: those before its agreement, that one, and what followed.

    An agreement that was sent before, and taken back by another one, is left out, as in the contract itself.
    """
    earlier, agreement = before_agreement(told)
    if agreement is None:
        return earlier
    last = max(place for place, one in enumerate(told) if one.kind == n.AGREEMENT)
    return [*earlier, *told[last:]]


def negotiated(
    negotiation: Negotiation,
    sides: Sides,
    told: list[Told],
    agreement: str,
    about: Dataset,
    framework: Framework | None,
) -> Negotiated:
    """Return what a contract says: for the provider all of it, for the consumer what it knows."""
    return Negotiated(
        provider=sides.provider,
        consumer=sides.consumer,
        agreement=agreement,
        dataset=about,
        provider_pid=negotiation.provider_pid or "",
        consumer_pid=negotiation.consumer_pid or "",
        messages=[one.exchanged for one in told],
        request=_request(negotiation.request_card),
        framework=framework,
    )


def _request(card: str | None) -> Mapping[str, str]:
    """Return what the consumer declared, the members that we know."""
    said = json.loads(card) if card else {}
    return {name: said[name] for name in REQUEST if name in said}


def dataset(tx: Tx, negotiation: Negotiation) -> Dataset:
    """Return the dataset as a contract tells it: its publisher knows it, a consumer takes what it is told."""
    if negotiation.role is Role.CONSUMER:
        return Dataset(id=negotiation.dataset)
    try:
        stored = datasets.load(tx, negotiation.owner, negotiation.dataset)
    except NotFound:
        return Dataset(id=negotiation.dataset, personal=False)
    return published(stored)


def published(stored: StoredDataset) -> Dataset:
    """Return a dataset as we publish it."""
    said = stored.document
    return Dataset(
        id=stored.id,
        title=stored.title,
        description=_text(said, "description"),
        licence=_text(said, "licence", "license"),
        personal=said.get("personal") is True,
    )


def _text(said: Mapping[str, Any], *names: str) -> str:
    found = (said[name] for name in names if isinstance(said.get(name), str))
    return next(found, "")


def approved(history: Sequence[Entry], by: Decider, at: datetime) -> Approval:
    """Return who approved: the person or rule that decided something, not the rule that carried it through.

    `by` and `at` stand when the journal tells of nobody else. A person is named by function (by the role of the key,
    when it was issued without one) and by the identifier of the key; the name stays in the journal.
    """
    if _follows(by):
        for entry in reversed(history):
            found = deciders.of_entry(entry.kind, entry.entry)
            if found is not None and not _follows(found):
                by, at = found, entry.at
                break
    return approval(by, at)


def approval(by: Decider, at: datetime) -> Approval:
    """Return how a seal claims who decided, at an instant."""
    at = at.replace(microsecond=0)
    if isinstance(by, Person):
        role = words.KEY_ROLES[by.role]["fr"] if by.role in words.KEY_ROLES else ""
        return Approval(function=by.function or role, by=by.key_id[:LONGEST], at=at)
    return Approval(rule=" ".join((by.name, *by.about.values()))[:LONGEST], at=at)


def _follows(by: Decider) -> bool:
    return not isinstance(by, Person) and by.name in _FOLLOWS
