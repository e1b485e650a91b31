"""What a policy permits: the questions that the node asks of the policies library, in one place.

Compiled policies are kept by their text. Requesting an offer unchanged declares its declarative conditions (no DSP
message carries purposes): they are the accepted terms with which a decision is made. What the node knows of the partner
and of the dataset (facts.py) goes into each decision.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Literal, get_args

import policies
from connector.dataplane import gate
from connector.problems import Invalid, NotFound, Problem
from connector.protocol.extensions import read_card
from connector.services import disclosure, facts
from connector.services.disclosure import Level
from connector.store import agreements, journal, usage
from connector.store.agreements import StoredAgreement
from connector.store.datasets import StoredOffer
from connector.store.db import Tx
from connector.store.grants import Flow
from connector.store.usage import Ongoing, StoredUsage
from contracts.terms import agreed_at
from policies import Decision, Issue, MemoryUsage, Request, UsageState, profile
from policies.errors import UnknownContext
from policies.operands.declared import LEGAL_BASIS_IRI, PURPOSE_IRI, USE_CASE_IRI
from policies.vocabulary import ODRL

USE = "use"
ELAPSED_TIME = ODRL + "elapsedTime"
Phase = Literal["catalogue", "negotiation", "transfer", "request"]
MOST_CHANGES = 64
"""How many times the past of an offer is looked at."""
NOTHING_USED: UsageState = MemoryUsage()
"""What an offer is judged with: of the agreement that it would become nothing was used yet."""
UNDECLARED: Mapping[str, str] = {}
"""What a request without a card states."""
NOBODY = ""
"""A party that no policy names."""
_IRI = re.compile(r"(https?://|urn:)\S+")
NOTHING_KNOWN: facts.Facts = {}
KINDS = profile.knowledge()
"""Which purposes and categories are a kind of which."""
PHASES: tuple[Phase, ...] = get_args(Phase)


class OfferClosed(Problem):
    """The terms of an offer that the caller could see do not permit this any more."""

    code = "offer-closed"
    status = 403
    title: ClassVar[dict[str, str]] = {
        "fr": "Cette offre n’est plus ouverte.",
        "en": "This offer is no longer open.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Relisez le catalogue ; au besoin, appelez l’organisme qui le publie.",
        "en": "Read the catalogue again; if need be, call the organisation that publishes it.",
    }

    def __init__(self, detail: dict[str, str], offer: StoredOffer, explained: dict[str, list[str]]) -> None:
        """`explained` is why in full, which the partner is not told."""
        super().__init__(detail)
        self.offer, self.dataset, self.explained = offer.id, offer.dataset, explained


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision with the words for the journal, the peer and a person."""

    decision: Decision

    @property
    def is_permitted(self) -> bool:
        return self.decision.permitted

    @property
    def effect(self) -> str:
        """`permit`, `deny`, `not-applicable` or `indeterminate`."""
        return self.decision.effect.value

    @property
    def valid_until(self) -> datetime | None:
        return self.decision.valid_until

    def reasons(self, language: Literal["fr", "en"]) -> list[str]:
        """Return why, in full: for the owner only."""
        return disclosure.in_full(self.decision, language)

    def refusal(self, level: Level) -> dict[str, Any]:
        """Return the content of a termination: what the partner is told, and what our journal keeps."""
        return disclosure.refusal(self.decision, level)


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A policy ready to be judged, with what its text alone tells."""

    policy: policies.CompiledPolicy
    declarative: tuple[str, ...]
    agreed_at: datetime | None


@lru_cache(maxsize=8192)
def _compiled(text: str) -> _Compiled:
    policy = policies.load(text)
    return _Compiled(policies.compile(policy), tuple(policies.declarative_terms(policy)), agreed_at(policy))


def check_readable(policy: str, pointer: str = "/offer") -> None:
    """Refuse terms that no decision could be made on. Raises Invalid with the pointer to the fault.

    A context of their own is refused whatever the library could read of it: no JSON-LD is processed on the wire.
    """
    try:
        _compiled(policy)
        _require_known_contexts(policy)
    except policies.PolicyError as error:
        said = {language: f"{error.title[language]} {error.detail[language]}".strip() for language in ("fr", "en")}
        raise Invalid(said, pointer=pointer + error.pointer) from error


def _require_known_contexts(policy: str) -> None:
    """Raise UnknownContext for a context that is given inline, wherever it stands."""
    waiting: list[tuple[str, Any]] = [("", json.loads(policy))] if '"@context"' in policy else []
    while waiting:
        pointer, value = waiting.pop()
        members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for name, member in members:
            if name == "@context" and not _is_address(member):
                raise UnknownContext(pointer=f"{pointer}/@context")
            waiting.append((f"{pointer}/{name}", member))


def _is_address(context: Any) -> bool:
    return all(isinstance(one, str) for one in (context if isinstance(context, list) else [context]))


def findings(offer_id: str, rules: Mapping[str, Any], licence: str | None = None) -> list[Issue]:
    """Return what is wrong or doubtful in the rules of an offer, as a catalogue would carry it. Raises PolicyError.

    `licence` is that of the dataset: an open one admits no restriction.
    """
    policy = policies.load({"@id": offer_id, "@type": "Offer", **rules})
    return [*policies.validate(policy, target="offer"), *policies.lint(policy, licence)]


def warnings(offer: StoredOffer, licence: str | None) -> list[Issue]:
    """Return what is doubtful in an offer: what readers may take differently, or the dataset's licence forbids."""
    return [issue for issue in findings(offer.id, offer.policy, licence) if issue.severity != "error"]


def terms(
    policy: str,
    target: str,
    party: str,
    at: datetime,
    phase: Phase = "negotiation",
    used: UsageState = NOTHING_USED,
    since: datetime | None = None,
    known: facts.Facts = NOTHING_KNOWN,
) -> Verdict:
    """Judge the use of a dataset by a party under a policy, given as its JSON text; nothing is counted.

    `since` is when it was agreed, from which durations run; an offer is judged as agreed at this instant. `known` is
    what the node knows of the party and of the dataset.
    """
    compiled = _compiled(policy)
    request = _asked(target, party, at, known | {ELAPSED_TIME: since or at}, compiled.declarative, phase)
    return Verdict(compiled.policy.decide(request, used))


def _asked(
    target: str, party: str, at: datetime, known: facts.Facts, declarative: tuple[str, ...], phase: Phase
) -> Request:
    return Request(
        action=USE,
        target=target,
        party=party,
        at=at,
        facts=known,
        accepted_terms=declarative,
        phase=phase,
        knowledge=KINDS,
    )


def proposed(
    tx: Tx,
    owner: str,
    policy: str,
    dataset: str,
    party: str,
    phase: Phase = "negotiation",
    declared: Mapping[str, str] = UNDECLARED,
) -> Verdict:
    """Judge terms that are not agreed yet as the agreement that they would become now.

    What is `declared` (see `declared`) weighs more than that the terms were accepted.
    """
    known = {**declared, **facts.known(tx, owner, party, dataset, policy)}
    return terms(policy, dataset, party, tx.now, phase, known=known)


def request(tx: Tx, offer: StoredOffer, party: str, declared: Mapping[str, str] = UNDECLARED) -> Verdict:
    """Judge whether this caller may have this offer now, for what it declares."""
    return proposed(tx, offer.owner, json.dumps(offer.policy), offer.dataset, party, declared=declared)


def declared(card: str | None) -> dict[str, str]:
    """Return what a request card states for policies: its values that are names (IRIs), by operand.

    Words that a person wrote are for people: no policy can be compared with them.
    """
    if card is None:
        return {}
    said = read_card(card)
    stated = {PURPOSE_IRI: said.purpose, LEGAL_BASIS_IRI: said.legal_basis, USE_CASE_IRI: said.use_case}
    return {operand: value for operand, value in stated.items() if value is not None and _IRI.fullmatch(value)}


def visible(tx: Tx, offer: StoredOffer, party: str) -> bool:
    """True when the caller may see this offer in the catalogue."""
    return proposed(tx, offer.owner, json.dumps(offer.policy), offer.dataset, party, "catalogue").is_permitted


def was_visible(tx: Tx, offer: StoredOffer, party: str) -> bool:
    """True when the caller may have seen the offer, on its present terms, at some moment before this one.

    From each moment at which something became known, the instants are looked at at which time alone changed the answer.
    """
    text, since = json.dumps(offer.policy), offer.updated_at
    if since is None:
        return False
    changes = [at for at in facts.moments(tx, offer.owner, party, text) if since < at < tx.now]
    starts = [since, *changes]
    for begins, ends in zip(starts, [*changes, tx.now], strict=True):
        known = facts.known_at(tx, offer.owner, party, offer.dataset, text, begins)
        if _was_visible_between(offer, text, party, begins, ends, known):
            return True
    return False


def _was_visible_between(
    offer: StoredOffer, text: str, party: str, begins: datetime, ends: datetime, known: facts.Facts
) -> bool:
    instant: datetime | None = begins
    for _ in range(MOST_CHANGES):
        if instant is None or instant >= ends:
            return False
        verdict = terms(text, offer.dataset, party, instant, phase="catalogue", known=known)
        if verdict.is_permitted:
            return True
        instant = verdict.valid_until
    return False


def require_visible(tx: Tx, offer: StoredOffer, party: str, level: Level) -> None:
    """Raise OfferClosed for who may have seen the offer while it was open, NotFound for everybody else."""
    if visible(tx, offer, party):
        return
    if was_visible(tx, offer, party):
        decision = request(tx, offer, party).decision
        raise OfferClosed(disclosure.said(decision, level), offer, disclosure.explained(decision))
    raise NotFound(offer.id)


def is_counted(policy: str) -> bool:
    """True when the policy counts uses: what it permits then depends on what was used before."""
    compiled = _compiled(policy).policy
    return any(rule.counter for rule in (*compiled.permissions, *compiled.prohibitions))


def transfer(tx: Tx, agreement: StoredAgreement, pid: str, phase: Phase = "transfer") -> Verdict:
    """Judge a transfer of ours under its agreement: the next use, or the last one where it has begun one."""
    used = _used(tx, agreement, pid) if is_counted(agreement.document) else NOTHING_USED
    known = facts.known(tx, agreement.owner, agreement.peer, agreement.dataset, agreement.document)
    since = _agreed_at(agreement)
    return terms(agreement.document, agreement.dataset, agreement.peer, tx.now, phase, used, since, known)


def _agreed_at(agreement: StoredAgreement) -> datetime:
    """Return from when durations run: the instant that its text bears, as its pages count, else when it was kept."""
    return _compiled(agreement.document).agreed_at or agreement.created_at


def _used(tx: Tx, agreement: StoredAgreement, pid: str) -> UsageState:
    stored = StoredUsage(tx, agreement.owner, agreement.id)
    return Ongoing(stored) if usage.delivered(tx, agreement.owner, pid) else stored


def accepted_terms(policy: str) -> list[Any]:
    """Return the declarative terms that requesting or accepting this policy declares, for the record."""
    return [json.loads(term) for term in _compiled(policy).declarative]


def is_conditional(offer: StoredOffer) -> bool:
    """True when who may see the offer depends on who asks or when: its text is then made for each caller."""
    return bool(_compiled(json.dumps(offer.policy)).policy.conditions)


def is_seen_by_all(offer: StoredOffer, at: datetime) -> bool:
    """True when everybody may see the offer at all times, so that one text serves all."""
    text = json.dumps(offer.policy)
    return not is_conditional(offer) and terms(text, offer.dataset, NOBODY, at, phase="catalogue").is_permitted


@dataclass(frozen=True, slots=True)
class Flows:
    """Judges data requests for the data room's gate; a refusal tells the partner as much as the owner chose."""

    level: Level

    def __call__(self, tx: Tx, asked: Flow, taking: gate.Taking | None = None) -> gate.Verdict:
        """Judge one data request under the agreement of its transfer, and count the use that it takes."""
        if taking is not None:
            usage.lock(tx, asked.owner, asked.transfer, asked.agreement)
        agreement = agreements.load(tx, asked.owner, asked.agreement)
        if agreement.status != "active":
            return gate.Verdict(False, reason={"fr": "La convention a pris fin.", "en": "The agreement has ended."})
        counted = is_counted(agreement.document)
        if counted and taking is not None and not _goes_on(tx, asked, taking):
            verdict = _take(tx, asked, agreement)
        else:
            verdict = transfer(tx, agreement, asked.transfer, phase="request")
        if verdict.is_permitted:
            return gate.Verdict(True, verdict.valid_until, is_counted=counted)
        reason, explained = disclosure.said(verdict.decision, self.level), disclosure.explained(verdict.decision)
        return gate.Verdict(False, verdict.valid_until, reason, counted, dict(explained))


def _goes_on(tx: Tx, asked: Flow, taking: gate.Taking) -> bool:
    """True when a delivery continues one of the same content, which was counted when it began."""
    return taking.goes_on and _content(asked) in usage.delivered(tx, asked.owner, asked.transfer)


def _take(tx: Tx, asked: Flow, agreement: StoredAgreement) -> Verdict:
    """Judge the next use and count it, with its entry in the transfer's journal."""
    compiled = _compiled(agreement.document)
    known = facts.known(tx, agreement.owner, agreement.peer, agreement.dataset, agreement.document)
    known |= {ELAPSED_TIME: _agreed_at(agreement)}
    request = _asked(agreement.dataset, agreement.peer, tx.now, known, compiled.declarative, "request")
    state = StoredUsage(tx, asked.owner, agreement.id)
    decision, place = compiled.policy.use(request, state)
    if place is not None:
        state.commit(place)
        usage.note(tx, asked.owner, asked.transfer, _content(asked))
        entry = {"agreement": agreement.id, "content": _content(asked), "ranks": dict(place.ranks)}
        journal.append(tx, asked.owner, asked.transfer, "used", entry)
    return Verdict(decision)


def _content(asked: Flow) -> str:
    return str(asked.source.get("sha256", ""))
