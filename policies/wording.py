"""Reasons: what counted in a decision, in French and English."""

from collections.abc import Iterable
from dataclasses import dataclass

from policies import operands
from policies.errors import Language, Text
from policies.model import Condition, Constraint, Logic, Rule, RuleKind
from policies.operands import OPERANDS
from policies.truth import Truth
from policies.vocabulary import label, short


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that counted. `holds`: whether it is so, None when that is not known.

    `rule` is the kind of the rule and `pointer` the place in the policy; `operand` is the IRI that was judged, `needed`
    and `actual` the values compared (`actual` is None when the fact is missing); `text` is a sentence per language.
    """

    code: str
    holds: Truth
    text: Text
    rule: str = ""
    pointer: str = ""
    operand: str | None = None
    needed: str = ""
    actual: str | None = None

    def say(self, language: str) -> str:
        """Return the sentence in French (`fr`) or English (`en`)."""
        return self.text[language]


_LOGIC: dict[Logic, Text] = {
    Logic.AND: {"fr": " et ", "en": " and "},
    Logic.OR: {"fr": " ou ", "en": " or "},
    Logic.XONE: {"fr": " ou bien, une seule des deux, ", "en": " or else, one of them only, "},
    Logic.ANDSEQUENCE: {"fr": ", puis ", "en": ", then "},
}

_FOUND: dict[Truth, Text] = {
    True: {"fr": "condition remplie", "en": "condition met"},
    False: {"fr": "condition non remplie", "en": "condition not met"},
    None: {"fr": "condition non vérifiable", "en": "condition that cannot be checked"},
}

_CODES: dict[Truth, str] = {True: "condition-met", False: "condition-not-met", None: "condition-unknown"}


def condition_text(condition: Condition, language: Language) -> str:
    """Return a condition in words."""
    if isinstance(condition, Constraint):
        return f"{operands.label(condition.operand, language)} {needed_text(condition, language)}"
    parts = [condition_text(each, language) for each in condition.operands]
    return f"({_LOGIC[condition.logic][language].join(parts)})"


def needed_text(constraint: Constraint, language: Language) -> str:
    """Return the operator and the values of a constraint in words."""
    operand = OPERANDS.get(constraint.operand)
    phrases = operand.phrases.get(constraint.operator) if operand else None
    operator = phrases[language != "fr"] if phrases else label(constraint.operator, language)
    return f"{operator} {', '.join(short(value.text) for value in constraint.values)}"


def actions_text(rule: Rule, language: Language) -> str:
    """Return the actions of a rule, quoted."""
    names = [label(action.iri, language) for action in rule.actions]
    return " / ".join(f"« {name} »" if language == "fr" else f"“{name}”" for name in names)


def of_condition(rule: Rule, condition: Condition, holds: Truth, actual: str | None) -> Reason:
    """Tell how a condition of a rule was judged."""
    constraint = condition if isinstance(condition, Constraint) else None
    return Reason(
        _CODES[holds],
        holds,
        {language: _judged(condition, holds, actual, language) for language in ("fr", "en")},
        rule=rule.kind.value,
        pointer=condition.pointer,
        operand=constraint.operand if constraint else None,
        needed=needed_text(constraint, "en") if constraint else condition_text(condition, "en"),
        actual=actual,
    )


def _judged(condition: Condition, holds: Truth, actual: str | None, language: Language) -> str:
    colon = " : " if language == "fr" else ": "
    told = f"{_FOUND[holds][language]}{colon}{condition_text(condition, language)}"
    if actual is not None:
        told += {"fr": f" (constaté : {actual})", "en": f" (found: {actual})"}[language]
    elif holds is not None and isinstance(condition, Constraint):
        told += {"fr": " (engagement pris en acceptant ces conditions)", "en": " (promised by accepting the terms)"}[
            language
        ]
    return _sentence(told)


def of_member(rule: Rule, name: str, pointer: str) -> Reason:
    """Tell that the policy says something that nobody here understands."""
    text = {
        "fr": f"L’élément « {short(name)} » n’est pas compris : ce qu’il exige ne peut pas être vérifié.",
        "en": f"The member “{short(name)}” is not understood: what it asks cannot be checked.",
    }
    return Reason("not-understood", None, text, rule=rule.kind.value, pointer=pointer, operand=name)


def of_duty(duty: Rule, holds: Truth, term: str) -> Reason:
    """Tell whether a duty that comes first is accepted or fulfilled."""
    fr, en = actions_text(duty, "fr"), actions_text(duty, "en")
    text = {
        True: {"fr": f"Engagement pris : {fr}.", "en": f"Duty accepted or fulfilled: {en}."},
        None: {"fr": f"Il faut d’abord s’acquitter de : {fr}.", "en": f"This comes first: {en}."},
    }
    code = "duty-met" if holds else "duty-open"
    return Reason(code, holds, text[holds or None], rule=duty.kind.value, pointer=duty.pointer, needed=term)


def of_absent_duty(duty: Rule, term: str) -> Reason:
    """Tell that the case of a duty has not come, so that there is nothing to do."""
    fr, en = actions_text(duty, "fr"), actions_text(duty, "en")
    text = {"fr": f"Engagement sans objet ici : {fr}.", "en": f"Duty that does not arise here: {en}."}
    return Reason("duty-absent", True, text, rule=duty.kind.value, pointer=duty.pointer, needed=term)


def of_violated_duty(duty: Rule, holds: Truth, term: str) -> Reason:
    """Tell that a duty was not kept in time."""
    fr, en = actions_text(duty, "fr"), actions_text(duty, "en")
    text = {"fr": f"Engagement non tenu : {fr}.", "en": f"Duty not kept: {en}."}
    return Reason("duty-violated", holds, text, rule=duty.kind.value, pointer=duty.pointer, needed=term)


def of_reference(rule: Rule, what: str, holds: Truth, needed: Iterable[str], actual: str | None) -> Reason:
    """Tell whether a rule is about this target or this party."""
    named = {"target": ("le jeu de données", "the dataset"), "assignee": ("le destinataire", "the assignee")}[what]
    wanted = ", ".join(needed)
    text = {
        True: {"fr": f"La règle vise bien {named[0]}.", "en": f"The rule is about {named[1]}."},
        False: {
            "fr": f"La règle vise un autre que {named[0]} demandé.",
            "en": f"The rule names another than {named[1]}.",
        },
        None: {"fr": f"On ne sait pas si la règle vise {named[0]}.", "en": f"Unknown whether it names {named[1]}."},
    }[holds]
    return Reason(
        f"{what}-{'matches' if holds else 'other' if holds is False else 'unknown'}",
        holds,
        text,
        rule=rule.kind.value,
        pointer=rule.pointer,
        operand=what,
        needed=wanted,
        actual=actual,
    )


def of_rule(rule: Rule, holds: Truth) -> Reason:
    """Tell what a rule as a whole came to."""
    fr, en = actions_text(rule, "fr"), actions_text(rule, "en")
    if rule.kind is RuleKind.PERMISSION:
        code, text = {
            True: ("permitted", {"fr": f"{fr} : permis.", "en": f"{en}: permitted."}),
            False: ("not-permitted", {"fr": f"{fr} : non permis.", "en": f"{en}: not permitted."}),
            None: ("not-established", {"fr": f"{fr} : droit non établi.", "en": f"{en}: right not established."}),
        }[holds]
    else:
        code, text = {
            True: ("forbidden", {"fr": f"{fr} : interdit.", "en": f"{en}: forbidden."}),
            False: (
                "not-forbidden",
                {"fr": f"{fr} : non interdit ici.", "en": f"{en}: not forbidden here."},
            ),
            None: (
                "assumed-forbidden",
                {"fr": f"{fr} : interdit tant que le doute subsiste.", "en": f"{en}: forbidden while in doubt."},
            ),
        }[holds]
    return Reason(code, holds, text, rule=rule.kind.value, pointer=rule.pointer)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
