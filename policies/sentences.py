"""A policy as sentences, one for each rule, for the person who has to decide; and what two policies say differently.

Nothing is left out: a member that nobody here understands is named, since what it asks cannot be checked.
"""

from policies.errors import Language
from policies.model import Duty, Extras, Policy, Rule, RuleKind
from policies.normal import same_terms, term_of_rule
from policies.vocabulary import ANNOTATIONS, label, short
from policies.wording import condition_text

_KINDS: dict[RuleKind, dict[Language, str]] = {
    RuleKind.PERMISSION: {"fr": "Permis", "en": "Permitted"},
    RuleKind.PROHIBITION: {"fr": "Interdit", "en": "Forbidden"},
    RuleKind.OBLIGATION: {"fr": "Obligation", "en": "Obligation"},
}
_PARTS: dict[str, dict[Language, str]] = {
    "constraints": {"fr": "si", "en": "if"},
    "assignees": {"fr": "pour", "en": "for"},
    "duties": {"fr": "à charge de", "en": "in return for"},
    "remedies": {"fr": "en cas de manquement", "en": "if that is not respected"},
    "consequences": {"fr": "à défaut", "en": "failing that"},
    "extras": {"fr": "élément non compris", "en": "not understood"},
}
_ELSEWHERE: dict[Language, str] = {
    "fr": "Les deux textes diffèrent hors des règles.",
    "en": "The two texts differ outside their rules.",
}
_NOTHING: dict[Language, str] = {"fr": "Aucune règle : rien n’est permis.", "en": "No rule: nothing is permitted."}


def sentences(policy: Policy, language: Language) -> list[str]:
    """Return what the policy says, a sentence for each rule and for each member that is not understood."""
    lines = [_of_rule(rule, language) for rule in policy.rules] or [_NOTHING[language]]
    return lines + [_capital(_part("extras", name, language)) + "." for name in _unknown(policy.extras)]


def difference(before: Policy, after: Policy, language: Language) -> tuple[list[str], list[str]]:
    """Return the sentences that `after` adds and those that it drops; both empty when the terms are the same."""
    if same_terms(before, after):
        return [], []
    old = {term_of_rule(rule): rule for rule in before.rules}
    new = {term_of_rule(rule): rule for rule in after.rules}
    added = [_of_rule(rule, language) for term, rule in new.items() if term not in old]
    dropped = [_of_rule(rule, language) for term, rule in old.items() if term not in new]
    return (added or ([] if dropped else [_ELSEWHERE[language]])), dropped


def _of_rule(rule: Rule, language: Language) -> str:
    colon = " : " if language == "fr" else ": "
    return _capital(f"{_KINDS[rule.kind][language]}{colon}{_what(rule, language)}.")


def _what(rule: Rule, language: Language) -> str:
    """Return the actions of a rule with all that goes with them."""
    both = {"fr": " et ", "en": " and "}[language]
    said = [" / ".join(_action(rule, index, language) for index in range(len(rule.actions)))]
    if rule.constraints:
        conditions = both.join(condition_text(each, language) for each in rule.constraints)
        said[0] += f", {_PARTS['constraints'][language]} {conditions}"
    if rule.assignees:
        parties = ", ".join(party.iri or "?" for party in rule.assignees)
        said[0] += f", {_PARTS['assignees'][language]} {parties}"
    consequences = rule.consequences if isinstance(rule, Duty) else ()
    for name, duties in (("duties", rule.duties), ("remedies", rule.remedies), ("consequences", consequences)):
        said += [_part(name, _what(duty, language), language) for duty in duties]
    said += [_part("extras", name, language) for name in _unknown(rule.extras)]
    return " ; ".join(said) if language == "fr" else "; ".join(said)


def _action(rule: Rule, index: int, language: Language) -> str:
    action = rule.actions[index]
    named = label(action.iri, language)
    quoted = f"« {named} »" if language == "fr" else f"“{named}”"
    refined = ", ".join(condition_text(each, language) for each in action.refinements)
    return f"{quoted} ({refined})" if refined else quoted


def _part(name: str, text: str, language: Language) -> str:
    return f"{_PARTS[name][language]}{' : ' if language == 'fr' else ': '}{text}"


def _unknown(extras: Extras) -> list[str]:
    return [short(name) for name, _ in extras if name not in ANNOTATIONS]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
