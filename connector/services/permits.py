"""What a policy permits: the questions that the node asks of the policies library, in one place.

Compiled policies are kept by their text. Requesting an offer unchanged declares its declarative conditions (no DSP
message carries purposes): they are the accepted terms with which a decision is made.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import policies
from connector.dataplane import gate
from connector.problems import Invalid
from connector.store import agreements
from connector.store.agreements import StoredAgreement
from connector.store.datasets import StoredOffer
from connector.store.db import Tx
from connector.store.grants import Flow
from policies import Decision, Request

USE = "use"
Phase = Literal["catalogue", "negotiation", "transfer", "request"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision with the words for the journal, the peer and a person."""

    decision: Decision

    @property
    def is_permitted(self) -> bool:
        return self.decision.permitted

    @property
    def valid_until(self) -> datetime | None:
        return self.decision.valid_until

    def reasons(self, language: Literal["fr", "en"]) -> list[str]:
        return [reason.text[language] for reason in self.decision.reasons]

    def as_reason(self) -> dict[str, Any]:
        """Return the `code` and `reason` of a termination."""
        return {"code": "policy", "reason": self.reasons("en") or ["The terms of use do not permit this."]}


@lru_cache(maxsize=8192)
def _compiled(text: str) -> tuple[policies.CompiledPolicy, tuple[str, ...]]:
    policy = policies.load(text)
    return policies.compile(policy), tuple(policies.declarative_terms(policy))


def check_readable(policy: str, pointer: str = "/offer") -> None:
    """Refuse terms that no decision could be made on. Raises Invalid with the pointer to the fault."""
    try:
        _compiled(policy)
    except policies.PolicyError as error:
        said = {language: f"{error.title[language]} {error.detail[language]}".strip() for language in ("fr", "en")}
        raise Invalid(said, pointer=pointer + error.pointer) from error


def terms(policy: str, target: str, party: str, at: datetime, phase: Phase = "negotiation") -> Verdict:
    """Judge the use of a dataset by a party under a policy, given as its JSON text."""
    compiled, declarative = _compiled(policy)
    request = Request(action=USE, target=target, party=party, at=at, accepted_terms=declarative, phase=phase)
    return Verdict(compiled.decide(request))


def request(offer: StoredOffer, party: str, at: datetime) -> Verdict:
    """Judge whether this caller may have this offer now."""
    return terms(json.dumps(offer.policy), offer.dataset, party, at)


def visible(offer: StoredOffer, party: str, at: datetime) -> bool:
    """True when the caller may see this offer in the catalogue."""
    return terms(json.dumps(offer.policy), offer.dataset, party, at, phase="catalogue").is_permitted


def transfer(agreement: StoredAgreement, party: str, at: datetime) -> Verdict:
    """Judge the use of a dataset under a concluded agreement."""
    return terms(agreement.document, agreement.dataset, party, at, phase="transfer")


def accepted_terms(policy: str) -> list[Any]:
    """Return the declarative terms that requesting or accepting this policy declares, for the record."""
    return [json.loads(term) for term in _compiled(policy)[1]]


def is_conditional(offer: StoredOffer) -> bool:
    """True when who may see the offer depends on who asks or when: its text is then made for each caller."""
    return bool(_compiled(json.dumps(offer.policy))[0].conditions)


def flow(tx: Tx, asked: Flow) -> gate.Verdict:
    """Judge one data request under the agreement of its transfer, for the data room's gate."""
    agreement = agreements.load(tx, asked.owner, asked.agreement)
    if agreement.status != "active":
        return gate.Verdict(False, reason={"fr": "La convention a pris fin.", "en": "The agreement has ended."})
    verdict = transfer(agreement, asked.peer, tx.now)
    reason = {"fr": " ".join(verdict.reasons("fr")), "en": " ".join(verdict.reasons("en"))}
    return gate.Verdict(verdict.is_permitted, verdict.valid_until, reason)
