"""Says what is wrong or doubtful in a policy that could be read.

An *error* makes the policy unfit: nothing would ever be granted under it, or its form cannot be carried by DSP 2025-1.
A *warning* marks what readers may take differently. Validation and decision rest on the same knowledge: what is
reported here as not understood is what compiler.py leaves unknown.

These are the rules of form: those of DSP 2025-1, and those that W3C's group drew up for validators (V1 to V24, listed
in checklist.py), as far as a policy that breaks them can be read at all: a constraint without an operator, two values
where ODRL has one, a member given twice are refused by the reader. What the rules say *together* (contradictions,
empty periods) is the matter of linter.py; all codes stand in findings.py.
"""

from collections.abc import Iterator
from typing import Literal

from policies import checklist, vocabulary
from policies.compiler import is_plain, is_promise, not_understood
from policies.confusable import is_confusable
from policies.findings import CODES, Fix, Issue, error, remedy, warning
from policies.model import (
    Action,
    Condition,
    Constraint,
    Duty,
    Extras,
    LogicalConstraint,
    Policy,
    Reference,
    Rule,
    RuleKind,
    Value,
)
from policies.operands import OPERANDS, Operand
from policies.operands.date_time import span
from policies.vocabulary import XSD, short
from policies.writer import right_operand_form

Target = Literal["odrl", "dsp", "offer"]

_ALONE = frozenset({"Offer", "Agreement", "Request", "Ticket", "Assertion", "Privacy"})


def validate(policy: Policy, target: Target = "dsp") -> list[Issue]:
    """Return the findings, in the order of the policy.

    `target`: `offer` is an offer as a catalogue carries it, `dsp` an offer or an agreement of a message, `odrl` any
    policy.
    """
    form = _of_odrl(policy) if target == "odrl" else _of_form(policy, target)
    return [*_of_repairs(policy), *_of_whole(policy), *form, *_of_rules(policy, target)]


def _of_repairs(policy: Policy) -> Iterator[Issue]:
    for each in policy.repairs:
        used = short(each.used)
        yield warning(
            "repaired-spelling",
            each.pointer,
            f"« {each.found} » a été lu comme « {used} ».",
            f"“{each.found}” was read as “{used}”.",
            remedy("repaired-spelling", "replace", used),
        )


def _of_whole(policy: Policy) -> Iterator[Issue]:
    if policy.uid is None:
        yield _plain("missing-id", "/@id")
    if not policy.rules:
        yield _plain("no-rule", "")
    if len(_ALONE.intersection(policy.kinds)) > 1:
        yield _plain("several-types", "/@type")
    if "Ticket" in policy.kinds and (policy.assignees or any(rule.assignees for rule in policy.rules)):
        yield _plain("ticket-with-assignee", "/assignee")
    for kind in policy.kinds:
        if kind not in vocabulary.KINDS:
            yield _unknown("unknown-type", "/@type", kind)
    for profile in policy.profiles:
        if profile not in vocabulary.KNOWN_PROFILES:
            yield _unknown("unknown-profile", "/profile", profile)
    if policy.uid in policy.inherits_from:
        yield _plain("inheritance-cycle", "/inheritFrom")
    elif policy.inherits_from:
        yield _unknown("parent-not-read", "/inheritFrom", ", ".join(policy.inherits_from))
    yield from _of_named(policy, "")
    for reference in (*policy.targets, *policy.assigners, *policy.assignees):
        for refinement in reference.refinements:
            yield from _of_condition(refinement)
    yield from _of_conflict(policy)
    yield from checklist.of_kinds(policy)
    yield from _of_extras(policy.extras, "")


def _of_conflict(policy: Policy) -> Iterator[Issue]:
    for strategy in policy.conflicts:
        if strategy not in vocabulary.CONFLICT_WORDS:
            yield _unknown("unknown-conflict", "/conflict", strategy)
    if len(set(policy.conflicts)) > 1:
        yield _plain("several-conflicts", "/conflict")
    if not policy.conflicts and (both := _collisions(policy)):
        yield warning(
            "collision",
            both[0].pointer,
            "Cette interdiction vise une action permise par ailleurs : dites laquelle l’emporte (conflict), sinon "
            "d’autres nœuds tiendront l’ensemble pour nul.",
            "This prohibition is on an action that is also permitted: say which one prevails (conflict), or other "
            "nodes will take the whole for void.",
        )


def _collisions(policy: Policy) -> list[Rule]:
    """Return the prohibitions on an action that a permission includes or implies, or the other way round."""
    permitted = {vocabulary.current(each.iri) for rule in policy.permissions for each in rule.actions or policy.actions}
    needed = permitted.union(*map(vocabulary.implied, permitted))
    above = frozenset[str]().union(*map(vocabulary.wider, needed))
    return [
        rule
        for rule in policy.prohibitions
        for action in rule.actions or policy.actions
        if vocabulary.current(action.iri) in above or not vocabulary.wider(action.iri).isdisjoint(permitted)
    ]


def _of_odrl(policy: Policy) -> Iterator[Issue]:
    """Yield what the information model asks of every rule (V4 to V7), and what W3C's list adds."""
    agreement = "Agreement" in policy.kinds
    yield from checklist.of_odrl(policy)
    for rule in policy.rules:
        if not (rule.targets or policy.targets) and rule.kind is not RuleKind.OBLIGATION:
            yield _doubt("missing-target", rule.pointer)
        if (agreement or "Offer" in policy.kinds) and not (rule.assigners or policy.assigners):
            yield _doubt("missing-assigner", rule.pointer)
        if agreement and not (rule.assignees or policy.assignees):
            yield _plain("missing-assignee", rule.pointer)


def _of_form(policy: Policy, target: Target) -> Iterator[Issue]:
    expected = {"Offer"} if target == "offer" else {"Offer", "Agreement"}
    if len(policy.kinds) != 1 or policy.kinds[0] not in expected:
        yield _plain("wrong-type", "/@type", remedy("wrong-type", "replace", "Offer"))
    if not policy.permissions and not policy.prohibitions and policy.rules:
        yield _plain("no-permission", "")
    if target == "offer" and policy.targets:
        yield _plain("target-in-catalogue", "/target", remedy("target-in-catalogue", "remove"))
    if target == "dsp":
        yield from _of_one("wrong-target", "/target", policy.targets)
    if policy.kinds == ("Agreement",):
        yield from _of_one("wrong-assigner", "/assigner", policy.assigners)
        yield from _of_one("wrong-assignee", "/assignee", policy.assignees)
        yield from _of_timestamp(policy.timestamp)


def _of_one(code: str, pointer: str, references: tuple[Reference, ...]) -> Iterator[Issue]:
    if len(references) != 1 or not references[0].is_plain:
        yield _plain(code, pointer)


def _of_timestamp(timestamp: str | None) -> Iterator[Issue]:
    moment = span(Value(timestamp)) if timestamp else None
    if moment is None or moment.start < moment.end:
        yield _plain("wrong-timestamp", "/timestamp")


def _of_rules(policy: Policy, target: Target) -> Iterator[Issue]:
    for rule in policy.rules:
        yield from _of_action(rule, policy)
        yield from _of_parts(rule)
        if target != "odrl":
            yield from _of_rule_form(rule)
        if rule.kind is RuleKind.OBLIGATION:
            continue  # it binds the parties, but nothing that it says is judged
        yield from _of_extras(rule.extras, rule.pointer)
        for condition in rule.constraints:
            yield from _of_condition(condition)
        for reference in (*rule.targets, *rule.assigners, *rule.assignees):
            for refinement in reference.refinements:
                yield from _of_condition(refinement)
        for action in rule.actions:
            yield from _of_extras(action.extras, f"{rule.pointer}/action")
            for refinement in action.refinements:
                yield from _of_condition(refinement)
        for duty in rule.duties:
            if not is_promise(duty):
                yield _duty_to_prove(duty)


def _of_action(rule: Rule, policy: Policy) -> Iterator[Issue]:
    actions = rule.actions or policy.actions
    if not actions:
        yield error("missing-action", rule.pointer, "Cette règle ne nomme aucune action.", "The rule names no action.")
    for action in actions:
        yield from _of_word(action, f"{rule.pointer}/action")


def _of_word(action: Action, pointer: str) -> Iterator[Issue]:
    if action.iri not in vocabulary.ACTIONS:
        name = short(action.iri)
        fr = f"L’action « {name} » n’est pas du vocabulaire : elle ne vaut que pour elle-même."
        en = f"The action “{name}” is not of the vocabulary: it stands for itself only."
        yield warning("unknown-action", pointer, fr, en)
        yield from _of_name(action.iri, pointer)
    elif (today := vocabulary.current(action.iri)) != action.iri:
        fr = f"« {short(action.iri)} » n’est plus recommandé : écrivez « {short(today)} »."
        en = f"“{short(action.iri)}” is no longer recommended: write “{short(today)}”."
        yield warning("retired-term", pointer, fr, en, remedy("retired-term", "replace", short(today)))


def _of_parts(rule: Rule) -> Iterator[Issue]:
    """Yield what is wrong with the parties, targets and duties of a rule, whoever judges it."""
    yield from _of_named(rule, rule.pointer)
    nested = (*rule.duties, *rule.remedies, *(rule.consequences if isinstance(rule, Duty) else ()))
    for duty in nested:
        yield from _of_parts(duty)
        if duty.consequences and duty.kind is not RuleKind.DUTY:
            yield _plain("consequence-misplaced", f"{duty.pointer}/consequence", _removal("consequence-misplaced"))


def _of_named(part: Policy | Rule, pointer: str) -> Iterator[Issue]:
    """Yield what is wrong with the targets and the parties of a policy or a rule."""
    for member, named in (("target", part.targets), ("assigner", part.assigners), ("assignee", part.assignees)):
        if named:
            yield from _of_references(named, f"{pointer}/{member}")


def _of_references(references: tuple[Reference, ...], pointer: str) -> Iterator[Issue]:
    for each in references:
        if each.refinements and each.source is None:
            yield _plain("collection-without-source", pointer)
        if each.refinements and each.iri is not None:
            yield _doubt("collection-with-identifier", pointer)
        yield from _of_name(each.iri, pointer)


def _of_name(name: str | None, pointer: str) -> Iterator[Issue]:
    if name is not None and is_confusable(name):
        fr = f"« {name} » contient des caractères que l’on ne distingue pas à l’œil : {name!a}."
        en = f"“{name}” has characters that the eye does not tell apart: {name!a}."
        yield warning("confusable-name", pointer, fr, en)


def _of_rule_form(rule: Rule) -> Iterator[Issue]:
    if rule.targets:
        yield _plain("target-in-rule", f"{rule.pointer}/target", _removal("target-in-rule"))
    if len(rule.actions) != 1 or rule.actions[0].refinements or rule.actions[0].extras:
        yield _plain("action-form", f"{rule.pointer}/action")


def _of_condition(condition: Condition) -> Iterator[Issue]:
    if not isinstance(condition, Constraint):
        yield from _of_extras(condition.extras, condition.pointer)
        yield from _of_duplicates(condition)
        for each in condition.operands:
            yield from _of_condition(each)
        return
    yield from checklist.of_right_operand(condition)
    operand = OPERANDS.get(condition.operand)
    if condition.operator not in vocabulary.OPERATORS:
        yield _unknown("unknown-operator", f"{condition.pointer}/operator", condition.operator)
    elif operand is None:
        yield _unknown("unknown-operand", f"{condition.pointer}/leftOperand", condition.operand)
    elif not is_plain(condition, operand):
        yield _plain("not-judged", condition.pointer)
    else:
        yield from _of_values(condition, operand)


def _of_values(constraint: Constraint, operand: Operand) -> Iterator[Issue]:
    pointer = f"{constraint.pointer}/rightOperand"
    for found in operand.findings(constraint):
        fix = _with_zone(constraint) if found.code == "missing-zone" else None
        make = error if found.severity == "error" else warning
        yield make(found.code, pointer, found.text["fr"], found.text["en"], fix)
    for value in constraint.values:
        if value.is_iri:
            yield from _of_name(value.text, pointer)


def _with_zone(constraint: Constraint) -> Fix | None:
    """Return the dates of a constraint in universal time, where they say nothing else."""
    moments = [span(value) for value in constraint.values]
    values = tuple(
        Value(f"{value.text}Z", XSD + ("date" if moment.start < moment.end else "dateTime")) if moment.loose else value
        for value, moment in zip(constraint.values, moments, strict=True)
        if moment
    )
    return remedy("missing-zone", "replace", right_operand_form(values)) if all(moments) else None


def _of_duplicates(condition: LogicalConstraint) -> Iterator[Issue]:
    if len(set(condition.operands)) < len(condition.operands):
        yield _doubt("duplicate-operand", condition.pointer)


def _of_extras(extras: Extras, pointer: str) -> Iterator[Issue]:
    for name in not_understood(extras):
        if name == "dct:isReplacedBy":
            yield _plain("replaced", f"{pointer}/{name}")
        else:
            yield _unknown("not-understood", f"{pointer}/{name}", name)


def _duty_to_prove(duty: Rule) -> Issue:
    fr = "Ce devoir est préalable : sans preuve qu’il est rempli, rien n’est permis."
    en = "This duty comes first: without proof that it is fulfilled, nothing is permitted."
    return warning("duty-to-prove", duty.pointer, fr, en)


def _unknown(code: str, pointer: str, iri: str) -> Issue:
    name = short(iri)
    fr = f"« {name} » n’est pas compris : rien ne sera permis sous ces règles."
    en = f"“{name}” is not understood: nothing will be permitted under this policy."
    return error(code, pointer, fr, en)


def _plain(code: str, pointer: str, fix: Fix | None = None) -> Issue:
    """Return an error whose general meaning says everything."""
    return error(code, pointer, CODES[code].fr, CODES[code].en, fix)


def _doubt(code: str, pointer: str) -> Issue:
    """Return a warning whose general meaning says everything."""
    return warning(code, pointer, CODES[code].fr, CODES[code].en)


def _removal(code: str) -> Fix | None:
    return remedy(code, "remove")
