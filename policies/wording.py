"""Reasons: what counted in a decision, in French and English."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from policies import operands
from policies.clauses import stated, value_text
from policies.errors import Language, Text
from policies.model import Condition, Constraint, Rule, RuleKind, Value
from policies.operands import OPERANDS
from policies.prose import AND, COLON, SEMICOLON, capital, joined, quoted
from policies.sentences import acts_text, due_text
from policies.truth import Truth
from policies.vocabulary import label, short


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that counted. `holds`: whether it is so, None when that is not known.

    `rule` is the kind of the rule and `pointer` the place in the policy; `operand` is the IRI that was judged, `needed`
    and `actual` the values compared (`actual` is None when the fact is missing); `text` is a sentence per language.
    `source` is the rule and `condition` the condition that the reason is about, as they stand in the policy.
    """

    code: str
    holds: Truth
    text: Text
    rule: str = ""
    pointer: str = ""
    operand: str | None = None
    needed: str = ""
    actual: str | None = None
    source: Rule | None = field(default=None, repr=False, compare=False)
    condition: Condition | None = field(default=None, repr=False, compare=False)

    def say(self, language: str) -> str:
        """Return the sentence in French (`fr`) or English (`en`)."""
        return self.text[language]


_FOUND: dict[Truth, Text] = {
    True: {"fr": "condition remplie", "en": "condition met"},
    False: {"fr": "condition non remplie", "en": "condition not met"},
    None: {"fr": "condition non établie", "en": "condition not established"},
}

_CODES: dict[Truth, str] = {True: "condition-met", False: "condition-not-met", None: "condition-unknown"}


def needed_text(constraint: Constraint, language: Language) -> str:
    """Return the operator and the values of a constraint, for programs and logs."""
    operand = OPERANDS.get(constraint.operand)
    phrases = operand.phrases.get(constraint.operator) if operand else None
    operator = phrases[language != "fr"] if phrases else label(constraint.operator, language)
    return f"{operator} {', '.join(short(value.text) for value in constraint.values)}"


def condition_needed(condition: Condition) -> str:
    """Return a condition, for programs and logs."""
    if isinstance(condition, Constraint):
        return f"{operands.label(condition.operand, 'en')} {needed_text(condition, 'en')}"
    return f" {condition.logic.value} ".join(f"({condition_needed(each)})" for each in condition.operands)


def of_condition(rule: Rule, condition: Condition, holds: Truth, actual: str | None) -> Reason:
    """Tell how a condition of a rule was judged."""
    constraint = condition if isinstance(condition, Constraint) else None
    return Reason(
        _CODES[holds],
        holds,
        {language: _judged(condition, holds, actual, language) for language in _LANGUAGES},
        rule=rule.kind.value,
        pointer=condition.pointer,
        operand=constraint.operand if constraint else None,
        needed=needed_text(constraint, "en") if constraint else condition_needed(condition),
        actual=actual,
        source=rule,
        condition=condition,
    )


_LANGUAGES: tuple[Language, ...] = ("fr", "en")


def _judged(condition: Condition, holds: Truth, actual: str | None, language: Language) -> str:
    told = f"{_FOUND[holds][language]}{COLON[language]}{stated(condition, language)}"
    if actual is not None and isinstance(condition, Constraint):
        found = {"fr": "constaté", "en": "found"}[language]
        told += f"{SEMICOLON[language]}{found}{COLON[language]}{actual_text(condition, actual, language)}"
    elif holds is not None and isinstance(condition, Constraint):
        told += {"fr": " (engagement pris en acceptant ces conditions)", "en": " (promised by accepting the terms)"}[
            language
        ]
    return capital(told) + "."


def actual_text(constraint: Constraint, actual: str, language: Language) -> str:
    """Return what was found as people read it."""
    names = [value_text(Value(each), constraint.operand, language) for each in actual.split(", ")]
    return joined(names, AND[language])


def of_member(rule: Rule, name: str, pointer: str) -> Reason:
    """Tell that the policy says something that nobody here understands."""
    text: Text = {
        "fr": f"L’élément {quoted(short(name), 'fr')} n’est pas compris{COLON['fr']}ce qu’il exige ne peut pas être "
        "vérifié.",
        "en": f"The member {quoted(short(name), 'en')} is not understood: what it asks cannot be checked.",
    }
    return Reason("not-understood", None, text, rule=rule.kind.value, pointer=pointer, operand=name, source=rule)


def of_duty(duty: Rule, holds: Truth, term: str) -> Reason:
    """Tell whether a duty that comes first is accepted or fulfilled."""
    fr, en = due_text(duty, "fr"), due_text(duty, "en")
    text = {
        True: {"fr": f"Engagement pris{COLON['fr']}{fr}.", "en": f"Duty accepted or fulfilled: {en}."},
        None: {"fr": f"Il faut d’abord s’acquitter de ceci{COLON['fr']}{fr}.", "en": f"This comes first: {en}."},
    }
    code = "duty-met" if holds else "duty-open"
    return Reason(
        code, holds, text[holds or None], rule=duty.kind.value, pointer=duty.pointer, needed=term, source=duty
    )


def of_absent_duty(duty: Rule, term: str) -> Reason:
    """Tell that the case of a duty has not come, so that there is nothing to do."""
    fr, en = due_text(duty, "fr"), due_text(duty, "en")
    text = {"fr": f"Engagement sans objet ici{COLON['fr']}{fr}.", "en": f"Duty that does not arise here: {en}."}
    return Reason("duty-absent", True, text, rule=duty.kind.value, pointer=duty.pointer, needed=term, source=duty)


def of_violated_duty(duty: Rule, holds: Truth, term: str) -> Reason:
    """Tell that a duty was not kept in time."""
    fr, en = due_text(duty, "fr"), due_text(duty, "en")
    text = {"fr": f"Engagement non tenu{COLON['fr']}{fr}.", "en": f"Duty not kept: {en}."}
    return Reason("duty-violated", holds, text, rule=duty.kind.value, pointer=duty.pointer, needed=term, source=duty)


_REFERENCES: dict[str, dict[Truth, Text]] = {
    "target": {
        True: {
            "fr": "La règle porte bien sur le jeu de données demandé.",
            "en": "The rule is about the dataset that is asked for.",
        },
        False: {
            "fr": "La règle porte sur {needed}{thin}la demande porte sur {actual}.",
            "en": "The rule is about {needed}; the request is about {actual}.",
        },
        None: {
            "fr": "On ne sait pas si le jeu de données demandé est de ceux que vise la règle{colon}{needed}.",
            "en": "It is not known whether the dataset is among those that the rule is about: {needed}.",
        },
    },
    "assignee": {
        True: {
            "fr": "La règle vise bien l’organisation qui demande.",
            "en": "The rule is for the organisation that asks.",
        },
        False: {
            "fr": "La règle vise {needed}{thin}la demande vient de {actual}.",
            "en": "The rule is for {needed}; the request comes from {actual}.",
        },
        None: {
            "fr": "On ne sait pas si l’organisation qui demande est de celles que vise la règle{colon}{needed}.",
            "en": "It is not known whether the organisation is among those that the rule is for: {needed}.",
        },
    },
}


def of_reference(rule: Rule, what: str, holds: Truth, needed: Iterable[str], actual: str | None) -> Reason:
    """Tell whether a rule is about this target or this party."""
    wanted = ", ".join(needed)
    text: Text = {
        language: words[language].format(needed=wanted, actual=actual, thin=SEMICOLON["fr"], colon=COLON["fr"])
        for language, words in ((each, _REFERENCES[what][holds]) for each in _LANGUAGES)
    }
    return Reason(
        f"{what}-{'matches' if holds else 'other' if holds is False else 'unknown'}",
        holds,
        text,
        rule=rule.kind.value,
        pointer=rule.pointer,
        operand=what,
        needed=wanted,
        actual=actual,
        source=rule,
    )


_OUTCOMES: dict[bool, dict[Truth, tuple[str, Text]]] = {
    True: {
        True: ("permitted", {"fr": "permis", "en": "permitted"}),
        False: ("not-permitted", {"fr": "non permis", "en": "not permitted"}),
        None: ("not-established", {"fr": "droit non établi", "en": "right not established"}),
    },
    False: {
        True: ("forbidden", {"fr": "interdit", "en": "forbidden"}),
        False: ("not-forbidden", {"fr": "non interdit ici", "en": "not forbidden here"}),
        None: ("assumed-forbidden", {"fr": "interdit tant que le doute subsiste", "en": "forbidden while in doubt"}),
    },
}
OUTCOMES = frozenset(code for each in _OUTCOMES.values() for code, _ in each.values())


def of_rule(rule: Rule, holds: Truth) -> Reason:
    """Tell what a rule as a whole came to."""
    code, outcome = _OUTCOMES[rule.kind is RuleKind.PERMISSION][holds]
    text: Text = {
        language: f"{capital(acts_text(rule, language))}{COLON[language]}{outcome[language]}."
        for language in _LANGUAGES
    }
    return Reason(code, holds, text, rule=rule.kind.value, pointer=rule.pointer, source=rule)
