"""Says what a policy as a whole gets wrong: rules that contradict each other, can never apply, or promise too much.

`validate` looks at the form; here the rules are read together, as a careful colleague would before signing. Everything
found is certain or is said to be a doubt (`warning`); what cannot be decided is left out, for a false alarm teaches
people to look away.
"""

import json
from collections.abc import Iterator

from policies.consistency import alternatives, cannot_hold
from policies.findings import CODES, Issue, error, remedy, warning
from policies.model import Action, Condition, Constraint, Duty, Policy, Reference, Rule, RuleKind, Value
from policies.normal import term_of_rule
from policies.operands import label
from policies.operands.date_time import DATE_TIME_IRI
from policies.vocabulary import ANNOTATIONS, CC, ODRL, TERRI, current, expand, short, wider

_LICENCE_MEMBERS = ("dct:license", "dct:rights", "cc:license", "dcat:license")
_OPEN = (
    "etalab.gouv.fr/licence-ouverte-open-licence",
    "etalab.gouv.fr/wp-content/uploads/2014/05/licence_ouverte.pdf",
    "etalab.gouv.fr/wp-content/uploads/2017/04/etalab-licence-ouverte-v2.0.pdf",
    "github.com/etalab/licence-ouverte",
    "spdx.org/licenses/etalab-2.0",
    "publications.europa.eu/resource/authority/licence/etalab",
    "data.gouv.fr/pages/legal/licences/etalab",
    "opendatacommons.org/licenses/odbl",
    "spdx.org/licenses/odbl",
    "publications.europa.eu/resource/authority/licence/odbl",
    "publications.europa.eu/resource/authority/licence/odc_odbl",
)
_OPEN_WORDS = frozenset({"lov2", "fr-lo", "etalab-2.0", "odbl", "odbl-1.0", "odc-odbl"})
_OPEN_DUTIES = frozenset(
    {ODRL + name for name in ("attribute", "nextPolicy", "inform")}
    | {CC + name for name in ("Attribution", "Notice", "ShareAlike", "SourceCode")}
)

_PERSONAL = frozenset(
    TERRI + name for name in ("accordDPO", "personalData", "reidentify", "automatedIndividualDecision")
)
_LEGAL_BASIS = frozenset(
    {TERRI + "legalBasis", "https://w3id.org/dpv#hasLegalBasis", "https://w3id.org/dpv#LegalBasis"}
)

_AMOUNTS = frozenset({ODRL + "payAmount"})

Scope = tuple[tuple[Reference, ...], tuple[Reference, ...]]
"""The targets and the assignees of a rule."""


def lint(policy: Policy, licence: str | None = None) -> list[Issue]:
    """Return the findings on what the rules say together.

    `licence` is the licence of the dataset (an IRI or a known short name), where the policy does not carry one.
    """
    return [
        *_of_conditions(policy),
        *_of_names(policy),
        *_of_reach(policy),
        *_of_repetition(policy),
        *_of_duties(policy),
        *_of_licence(policy, licence),
        *_of_personal_data(policy),
    ]


def _of_conditions(policy: Policy) -> Iterator[Issue]:
    for rule in policy.rules:
        conditions = [*rule.constraints, *(each for action in rule.actions for each in action.refinements)]
        yield from _of_exclusion(rule, conditions)
        yield from _of_units(conditions)


def _of_names(policy: Policy) -> Iterator[Issue]:
    """Yield the conditions that compare with a text whose prefix was meant to stand for a namespace."""
    rules: list[Rule] = list(policy.rules)
    while rules:
        rule = rules.pop()
        rules += [*rule.duties, *rule.remedies]
        conditions = [*rule.constraints, *(each for action in rule.actions for each in action.refinements)]
        for each in _leaves(conditions):
            names = [value.text for value in each.values if _looks_unexpanded(value)]
            if names:
                fr = f"« {names[0]} » est un simple texte, pas le nom « {expand(names[0])} »."
                en = f"“{names[0]}” is a plain text, not the name “{expand(names[0])}”."
                yield warning("unexpanded-name", each.pointer + "/rightOperand", fr, en)


def _looks_unexpanded(value: Value) -> bool:
    plain = not value.is_iri and value.datatype is None and value.language is None
    return plain and expand(value.text) != value.text and " " not in value.text


def _of_exclusion(rule: Rule, conditions: list[Condition]) -> Iterator[Issue]:
    ways = alternatives(conditions)
    if not ways:
        return
    dead = [(way, operand) for way in ways if (operand := cannot_hold(way.constraints))]
    if len(dead) == len(ways):
        yield _exclusion(rule, dead[0][1])
        return
    alive = {way.pointer for way in ways if not cannot_hold(way.constraints)}
    for pointer in dict.fromkeys(way.pointer for way, _ in dead if way.pointer not in alive):
        yield warning("dead-branch", pointer, CODES["dead-branch"].fr, CODES["dead-branch"].en)


def _exclusion(rule: Rule, operand: str) -> Issue:
    make = error if rule.kind is RuleKind.PERMISSION else warning
    if operand == DATE_TIME_IRI:
        return make("empty-window", rule.pointer, CODES["empty-window"].fr, CODES["empty-window"].en)
    fr = f"Les conditions sur « {label(operand, 'fr')} » ne peuvent pas être remplies ensemble."
    en = f"The constraints on “{label(operand, 'en')}” cannot hold together."
    return make("contradiction", rule.pointer, fr, en)


def _of_units(conditions: list[Condition]) -> Iterator[Issue]:
    units: dict[str, str | None] = {}
    for each in _leaves(conditions):
        if each.operand in _AMOUNTS and each.unit is None:
            name = label(each.operand, "fr"), label(each.operand, "en")
            fr, en = f"« {name[0]} » est donné sans unité.", f"“{name[1]}” is given without a unit."
            yield warning("missing-unit", each.pointer, fr, en)
        elif units.setdefault(each.operand, each.unit) != each.unit:
            fr = f"« {short(units[each.operand] or '')} » et « {short(each.unit or '')} » ne se comparent pas."
            en = f"“{short(units[each.operand] or '')}” and “{short(each.unit or '')}” cannot be compared."
            yield warning("unit-mismatch", each.pointer, fr, en)


def _leaves(conditions: list[Condition]) -> Iterator[Constraint]:
    ahead = list(reversed(conditions))
    while ahead:
        at = ahead.pop()
        if isinstance(at, Constraint):
            yield at
        else:
            ahead.extend(reversed(at.operands))


def _of_reach(policy: Policy) -> Iterator[Issue]:
    """Yield the rules that another one, without conditions, covers altogether."""
    strategy = set(policy.conflicts)
    if strategy == {"perm"}:
        hidden, covering = policy.prohibitions, policy.permissions
    else:
        hidden, covering = policy.permissions, policy.prohibitions
    covered: dict[Scope, set[str]] = {}
    for rule in filter(_is_unconditional, covering):
        actions = {current(action.iri) for action in rule.actions or policy.actions}
        covered.setdefault((rule.targets, rule.assignees), set()).update(actions)
    for rule in hidden:
        if covered and _is_covered(rule, rule.actions or policy.actions, covered):
            code = CODES["unreachable-rule"]
            yield warning("unreachable-rule", rule.pointer, code.fr, code.en)


def _is_unconditional(rule: Rule) -> bool:
    refined = any(action.refinements or action.extras for action in rule.actions)
    said = [name for name, _ in rule.extras if name not in ANNOTATIONS]
    return not (rule.constraints or rule.duties or refined or said)


def _is_covered(rule: Rule, actions: tuple[Action, ...], covered: dict[Scope, set[str]]) -> bool:
    """True if rules for everyone and everything, or for just the same, speak of all actions of the rule."""
    scopes = {(targets, assignees) for targets in ((), rule.targets) for assignees in ((), rule.assignees)}
    known = set[str]().union(*(covered.get(scope, ()) for scope in scopes))
    return bool(actions) and all(not wider(action.iri).isdisjoint(known) for action in actions)


def _of_repetition(policy: Policy) -> Iterator[Issue]:
    seen: set[str] = set()
    for rule in policy.rules:
        term = term_of_rule(rule)
        if term in seen:
            fix = remedy("redundant-rule", "remove")
            yield warning("redundant-rule", rule.pointer, CODES["redundant-rule"].fr, CODES["redundant-rule"].en, fix)
        seen.add(term)


def _of_duties(policy: Policy) -> Iterator[Issue]:
    forbidden = {
        current(action.iri)
        for rule in policy.prohibitions
        if _is_unconditional(rule) and not rule.remedies and not rule.assignees and not rule.targets
        for action in rule.actions or policy.actions
    }
    permitted = {current(action.iri) for rule in policy.permissions for action in rule.actions or policy.actions}
    spared = permitted if set(policy.conflicts) == {"perm"} else set()
    for duty in (*(duty for rule in policy.permissions for duty in rule.duties), *policy.obligations):
        for action in duty.actions or policy.actions:
            reach = wider(action.iri)
            if not reach.isdisjoint(forbidden) and reach.isdisjoint(spared):
                fr = f"« {label(action.iri, 'fr')} » est demandé ici et interdit par ailleurs."
                en = f"“{label(action.iri, 'en')}” is asked for here and prohibited elsewhere."
                yield error("prohibited-duty", duty.pointer, fr, en)


def _of_licence(policy: Policy, licence: str | None) -> Iterator[Issue]:
    open_ones = [each for each in (licence, *_licences(policy)) if each and is_open(each)]
    if not open_ones:
        return
    for pointer in _restrictions(policy):
        fr = f"Cette restriction contredit la licence ouverte « {open_ones[0]} »."
        en = f"This restriction contradicts the open licence “{open_ones[0]}”."
        yield warning("restricted-open-licence", pointer, fr, en)


def is_open(licence: str) -> bool:
    """True for the two licences that French administrations may use freely: Licence Ouverte and ODbL."""
    name = licence.strip().lower().removeprefix("https://").removeprefix("http://").removeprefix("www.")
    return name in _OPEN_WORDS or name.startswith(_OPEN)


def _licences(policy: Policy) -> Iterator[str]:
    for name, text in policy.extras:
        if name in _LICENCE_MEMBERS:
            value = json.loads(text)
            for each in value if isinstance(value, list) else [value]:
                found = each.get("@id", each.get("@value")) if isinstance(each, dict) else each
                if isinstance(found, str):
                    yield found


def _restrictions(policy: Policy) -> Iterator[str]:
    """Yield the places of what an open licence does not admit."""
    if policy.assignees:
        yield "/assignee"
    for rule in policy.permissions:
        if rule.assignees or not _is_free(rule):
            yield rule.pointer
    for rule in policy.prohibitions:
        yield rule.pointer
    for duty in policy.obligations:
        if not _is_open_duty(duty):
            yield duty.pointer


def _is_free(rule: Rule) -> bool:
    refined = any(action.refinements for action in rule.actions)
    return not rule.constraints and not refined and all(map(_is_open_duty, rule.duties))


def _is_open_duty(duty: Duty) -> bool:
    return all(current(action.iri) in _OPEN_DUTIES for action in duty.actions)


def _of_personal_data(policy: Policy) -> Iterator[Issue]:
    words = set(_words(policy))
    if _PERSONAL.isdisjoint(words) or not _LEGAL_BASIS.isdisjoint(words):
        return
    code = CODES["personal-data-without-basis"]
    yield warning("personal-data-without-basis", "", code.fr, code.en)


def _words(policy: Policy) -> Iterator[str]:
    """Yield the actions and left operands of the policy, and its members that are not ODRL's."""
    yield from (TERRI + name.removeprefix("terri:") for name, _ in policy.extras if name.startswith("terri:"))
    yield from (name for name, _ in policy.extras)
    rules: list[Rule] = list(policy.rules)
    while rules:
        rule = rules.pop()
        rules += [*rule.duties, *rule.remedies]
        yield from (action.iri for action in rule.actions)
        conditions = [*rule.constraints, *(each for action in rule.actions for each in action.refinements)]
        yield from (constraint.operand for constraint in _leaves(conditions))
