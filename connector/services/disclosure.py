"""What a partner is told when the terms of use refuse: as much as the owner chose, never more.

The owner reads every reason, with needed and actual values. Some of it is nobody else's business: which partners an
offer names, what it is compared with. So the setting `refusal_detail` says how far a partner is told: *none* that it is
refused, *category* what it depends on (a date, the recipient, the purpose) without values, *clause* the conditions that
lacked. What is said at each level, and what can be done about it, is the matter of the policy library.
"""

from typing import Any, Literal

import policies
from policies import Decision
from policies.errors import Language

Level = Literal["none", "category", "clause"]
Texts = dict[str, str]
MOST_TOLD = 30
"""How many lines of an explanation are kept, or told."""

_LEVELS: dict[Level, Literal["nothing", "category", "clause"]] = {
    "none": "nothing",
    "category": "category",
    "clause": "clause",
}


def in_full(decision: Decision, language: Language) -> list[str]:
    """Return the whole explanation in one language, for the owner."""
    return policies.explain(decision, language).lines()[:MOST_TOLD]


def explained(decision: Decision) -> dict[str, list[str]]:
    """Return the whole explanation in both languages, for the journal."""
    return {"fr": in_full(decision, "fr"), "en": in_full(decision, "en")}


def told(decision: Decision, level: Level, language: Language) -> list[str]:
    """Return what the partner is told in one language: that it is refused, why, and what it can do; never empty."""
    said = policies.explain(decision, language, audience="counterparty", level=_LEVELS[level])
    return [said.headline, *said.lacking, *said.steps][:MOST_TOLD]


def refusal(decision: Decision, level: Level) -> dict[str, Any]:
    """Return what a termination carries: code and reason for the partner, and `explained` for our journal alone."""
    reason = [*told(decision, level, "fr"), *told(decision, level, "en")]
    return {"code": "policy", "reason": reason, "explained": explained(decision)}


def said(decision: Decision, level: Level) -> Texts:
    """Return what the partner is told as a text in each language."""
    return {"fr": " ".join(told(decision, level, "fr")), "en": " ".join(told(decision, level, "en"))}
