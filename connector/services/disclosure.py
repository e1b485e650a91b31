"""What a partner is told when the terms of use refuse: as much as the owner chose, never more.

The owner reads every reason, with needed and actual values. Some of it is nobody else's business: which partners an
offer names, what it is compared with. So the setting `refusal_detail` says how far a partner is told: *none* that it is
refused, *category* what it depends on (a date, the recipient, the purpose) without values, *clause* each reason whole.
"""

from collections.abc import Iterator
from typing import Any, Literal

from policies import Decision, Reason, operands
from policies.errors import Language

Level = Literal["none", "category", "clause"]
Texts = dict[str, str]
MOST_TOLD = 20

_REFUSED: dict[Language, str] = {
    "fr": "Les règles d’usage ne le permettent pas",
    "en": "The terms of use do not permit this",
}
_REFERENCES: dict[str, dict[Language, str]] = {
    "assignee": {"fr": "le destinataire", "en": "the assignee"},
    "target": {"fr": "le jeu de données", "en": "the dataset"},
}
_ELSEWHERE: dict[Language, str] = {"fr": "une autre condition", "en": "another condition"}


def explained(decision: Decision) -> dict[str, list[str]]:
    """Return every reason in both languages, for the owner and the journal."""
    reasons = decision.reasons[:MOST_TOLD]
    return {"fr": [one.text["fr"] for one in reasons], "en": [one.text["en"] for one in reasons]}


def told(decision: Decision, level: Level, language: Language) -> list[str]:
    """Return what the partner is told in one language; never empty."""
    match level:
        case "none":
            return [f"{_REFUSED[language]}."]
        case "category":
            named = ", ".join(dict.fromkeys(_categories(decision.reasons, language)))
            colon = " : " if language == "fr" else ": "
            return [f"{_REFUSED[language]}{colon}{named}." if named else f"{_REFUSED[language]}."]
        case "clause":
            return [f"{_REFUSED[language]}.", *explained(decision)[language]]


def refusal(decision: Decision, level: Level) -> dict[str, Any]:
    """Return what a termination carries: code and reason for the partner, and `explained` for our journal alone."""
    reason = [*told(decision, level, "fr"), *told(decision, level, "en")]
    return {"code": "policy", "reason": reason, "explained": explained(decision)}


def said(decision: Decision, level: Level) -> Texts:
    """Return what the partner is told as a text in each language."""
    return {"fr": " ".join(told(decision, level, "fr")), "en": " ".join(told(decision, level, "en"))}


def _categories(reasons: tuple[Reason, ...], language: Language) -> Iterator[str]:
    """Yield what the refusal depends on: the names of conditions, never their values."""
    for reason in reasons:
        if reason.operand in _REFERENCES:
            yield _REFERENCES[reason.operand][language]
        elif reason.operand is not None:
            known = reason.operand in operands.OPERANDS
            yield operands.label(reason.operand, language) if known else _ELSEWHERE[language]
