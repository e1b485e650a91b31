"""The rules of use as a contract tells them: sentences in both languages, how far each is verified, and until when.

The sentences are those of policies/; the text of the agreement stands beside them and binds. Each sentence carries the
weakest badge of all that it says, so that nobody takes a promise for a lock: a permission for one purpose is a promise,
though its date is checked by the node.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

import policies
from contracts.agreement import read
from contracts.canonical import Json, assembled, sha256
from contracts.refused import BadDocument
from policies.model import Constraint, Duty, Policy, Rule, Value
from policies.operands.date_time import DATE_TIME_IRI, span
from policies.verified import Verification, what_is_verified
from policies.vocabulary import ODRL

GENERATOR = "pupitre-policies/3"
"""What wrote the sentences; the number grows when policies/ says the same rules in other words.

2: durations run from the agreement, a day in another zone than UTC says so, and what is asked of the recipient is asked
of nobody else. 3: to inform, to report and to attest say of what and to whom; a delay says that something triggers it.
"""

WEAKEST_LAST = list(Verification)
BADGES: dict[Verification, str] = {
    Verification.BY_NODE: "node",
    Verification.AFTERWARDS: "afterwards",
    Verification.COMMITMENT: "commitment",
}
_BEFORE = frozenset({"lt", "lteq", ODRL + "lt", ODRL + "lteq"})


def read_agreement(text: str) -> Policy:
    """Return the agreement of a DSP message from its text. Raises BadDocument."""
    try:
        agreement = read(text)
    except policies.PolicyError as error:
        raise BadDocument(actual=str(error)[:200], pointer="/agreement/text") from error
    if agreement.uid is None:
        raise BadDocument(needed="@id", pointer="/agreement/text")
    return agreement


def told_terms(agreement: Policy) -> dict[str, Json]:
    """Return the section `terms` of a contract. Remembered by the terms alone: many agreements are on the same ones."""
    fr, en, verified, sha256 = _told(replace(agreement, uid=None, timestamp=None))
    return {"fr": [*fr], "en": [*en], "verified": [*verified], "sha256": sha256, "generator": GENERATOR}


@lru_cache(maxsize=32)
def _told(agreement: Policy) -> tuple[list[str], list[str], list[str], str]:
    """Return the sentences of an agreement in both languages, how far each is verified, and the digest of these."""
    french, english = policies.sentences(agreement, "fr"), policies.sentences(agreement, "en")
    badges = [_weakest(rule, agreement) for rule in agreement.rules]
    # what is said of the whole (for whom, on what, what prevails) is how the node itself reads and applies the rules
    badges += [Verification.BY_NODE] * (len(french) - len(badges))
    verified = [BADGES[each] for each in badges]
    return french, english, verified, digest({"fr": french, "en": english, "verified": verified})


def digest(terms: Json) -> str:
    """Return the SHA-256 of the canonical JSON of `fr`, `en` and `verified`."""
    return sha256(assembled({name: terms[name] for name in ("fr", "en", "verified")}))


def told_validity(agreement: Policy) -> dict[str, Json]:
    """Return the section `validity`: from the agreement's date, until the last instant that a permission allows."""
    begins = agreed_at(agreement)
    if begins is None:
        raise BadDocument(needed="timestamp", actual=agreement.timestamp or "", pointer="/agreement/text")
    ends = [_end(rule) for rule in agreement.permissions]
    known = [each for each in ends if each is not None]
    until = {"until": instant(max(known))} if known and len(known) == len(ends) else {}
    return {"from": instant(begins), **until}


def instant(at: datetime) -> str:
    """Return an instant as a contract writes it: RFC 3339, UTC, whole seconds."""
    if at.tzinfo is None:
        raise ValueError("an instant of a contract has a time zone")
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def agreed_at(agreement: Policy) -> datetime | None:
    """Return the instant that an agreement bears, from which durations run; None where it bears none to read."""
    found = span(Value(agreement.timestamp)) if agreement.timestamp else None
    return found.start if found else None


def _end(rule: Rule) -> datetime | None:
    """Return the last instant of a permission, where a condition that stands alone gives it."""
    ends = [
        found.end if each.operator.endswith("lteq") else found.start
        for each in rule.constraints
        if isinstance(each, Constraint) and each.operand == DATE_TIME_IRI and each.operator in _BEFORE
        if len(each.values) == 1 and (found := span(each.values[0])) is not None
    ]
    return min(ends, default=None)


def _weakest(rule: Rule, policy: Policy) -> Verification:
    return max(_levels(rule, policy), key=WEAKEST_LAST.index)


def _levels(rule: Rule, policy: Policy) -> Iterator[Verification]:
    """Yield how far each part of a rule is verified, with the duties that go with it."""
    found = what_is_verified(rule, policy)
    yield found.action
    yield from (level for _, level in found.conditions)
    for duty in (*rule.duties, *rule.remedies, *(rule.consequences if isinstance(rule, Duty) else ())):
        yield from _levels(duty, policy)
