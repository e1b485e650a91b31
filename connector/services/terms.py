"""The terms on the table of a negotiation in words, and what they change in what was asked for or offered."""

from dataclasses import dataclass
from typing import Literal

import policies
from connector.problems import NotFound
from connector.protocol.machine import Role
from connector.store import datasets
from connector.store.db import Tx
from connector.store.negotiations import Negotiation
from policies.errors import Language
from policies.strict_json import Given

_SPOKEN: dict[str, Language] = {"fr": "fr", "en": "en"}


@dataclass(frozen=True, slots=True)
class Before:
    """What the terms on the table are compared with: the consumer's `request`, or our published `offer`."""

    kind: Literal["request", "offer"]
    policy: Given


@dataclass(frozen=True, slots=True)
class Told:
    """Terms in words, a sentence for each rule; `added` and `dropped` are empty when nothing was changed."""

    sentences: list[str]
    added: list[str]
    dropped: list[str]


def before(tx: Tx, negotiation: Negotiation) -> Before | None:
    """Return what to compare with: a provider's terms with the request, a request made to us with our offer."""
    if negotiation.offer_by == Role.PROVIDER.value:
        return None if negotiation.requested is None else Before("request", negotiation.requested)
    if negotiation.role is Role.CONSUMER:
        return None
    try:
        return Before("offer", datasets.load_offer(tx, negotiation.owner, negotiation.offer_id).policy)
    except NotFound:
        return None


def in_words(offer: Given, language: str) -> list[str]:
    """Return the rules of an offer in one language, or why they cannot be read."""
    spoken = _SPOKEN[language]
    try:
        return policies.sentences(policies.load(offer), spoken)
    except policies.PolicyError as error:
        return [error.say(spoken)]


def tell(offer: str, earlier: Before | None, language: str) -> Told:
    """Return the terms in one language."""
    policy, spoken = policies.load(offer), _SPOKEN[language]
    sentences = policies.sentences(policy, spoken)
    if earlier is None:
        return Told(sentences, [], [])
    return Told(sentences, *policies.difference(policies.load(earlier.policy), policy, spoken))
