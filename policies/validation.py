"""Says what is wrong or doubtful in a policy that could be read.

An *error* makes the policy unfit: nothing would ever be granted under it, or its form cannot be carried by DSP 2025-1.
A *warning* marks what readers may take differently. Validation and decision rest on the same knowledge: what is
reported here as not understood is what compiler.py leaves unknown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from policies import vocabulary
from policies.compiler import is_plain, is_promise, not_understood
from policies.errors import Text
from policies.model import Condition, Constraint, Extras, Policy, Reference, Rule, RuleKind, Value
from policies.operands import OPERANDS
from policies.operands.date_time import span
from policies.vocabulary import short

Severity = Literal["error", "warning"]
Target = Literal["odrl", "dsp", "offer"]


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding: a stable code, how grave it is, where it is, and a sentence in French and English."""

    code: str
    severity: Severity
    pointer: str
    message: Text


def validate(policy: Policy, target: Target = "dsp") -> list[Issue]:
    """Return the findings, in the order of the policy.

    `target`: `offer` is an offer as a catalogue carries it, `dsp` an offer or an agreement of a message, `odrl` any
    policy.
    """
    return [*_of_whole(policy), *_of_form(policy, target), *_of_rules(policy, target)]


def _of_whole(policy: Policy) -> Iterator[Issue]:
    if policy.uid is None:
        yield _error("missing-id", "/@id", "Ces règles n’ont pas d’identifiant.", "The policy has no identifier.")
    if not policy.rules:
        yield _error("no-rule", "", "Aucune règle.", "There is no rule.")
    for kind in policy.kinds:
        if kind not in vocabulary.KINDS:
            yield _unknown("unknown-type", "/@type", kind)
    for profile in policy.profiles:
        if profile not in vocabulary.KNOWN_PROFILES:
            yield _unknown("unknown-profile", "/profile", profile)
    if policy.inherits_from:
        yield _unknown("parent-not-read", "/inheritFrom", ", ".join(policy.inherits_from))
    yield from _of_conflict(policy)
    yield from _of_extras(policy.extras, "")


def _of_conflict(policy: Policy) -> Iterator[Issue]:
    for strategy in policy.conflicts:
        if strategy not in vocabulary.CONFLICT_WORDS:
            yield _unknown("unknown-conflict", "/conflict", strategy)
    if len(set(policy.conflicts)) > 1:
        fr, en = "Plusieurs façons de régler un conflit.", "There are several ways to settle a conflict."
        yield _error("several-conflicts", "/conflict", fr, en)
    if not policy.conflicts and (both := _collisions(policy)):
        yield _warning(
            "collision",
            both[0].pointer,
            "Cette interdiction vise une action permise par ailleurs : dites laquelle l’emporte (conflict), sinon "
            "d’autres nœuds tiendront l’ensemble pour nul.",
            "This prohibition is on an action that is also permitted: say which one prevails (conflict), or other "
            "nodes will take the whole for void.",
        )


def _collisions(policy: Policy) -> list[Rule]:
    """Return the prohibitions on an action that a permission includes, or the other way round."""
    permitted = [action.iri for rule in policy.permissions for action in rule.actions or policy.actions]
    return [
        rule
        for rule in policy.prohibitions
        for action in rule.actions or policy.actions
        if any(vocabulary.includes(each, action.iri) or vocabulary.includes(action.iri, each) for each in permitted)
    ]


def _of_form(policy: Policy, target: Target) -> Iterator[Issue]:
    if target == "odrl":
        return
    expected = {"Offer"} if target == "offer" else {"Offer", "Agreement"}
    if len(policy.kinds) != 1 or policy.kinds[0] not in expected:
        yield _error("wrong-type", "/@type", "Une offre est attendue.", "An offer is expected.")
    if not policy.permissions and not policy.prohibitions and policy.rules:
        fr, en = "Ni permission ni interdiction.", "There is neither a permission nor a prohibition."
        yield _error("no-permission", "", fr, en)
    if target == "offer" and policy.targets:
        fr, en = "Une offre de catalogue ne nomme pas sa cible.", "An offer in a catalogue does not name its target."
        yield _error("target-in-catalogue", "/target", fr, en)
    if target == "dsp":
        yield from _of_name("target", policy.targets)
    if policy.kinds == ("Agreement",):
        yield from _of_name("assigner", policy.assigners)
        yield from _of_name("assignee", policy.assignees)
        yield from _of_timestamp(policy.timestamp)


def _of_name(member: str, references: tuple[Reference, ...]) -> Iterator[Issue]:
    if len(references) != 1 or not references[0].is_plain:
        fr, en = f"« {member} » attend un seul identifiant.", f"“{member}” is one identifier."
        yield _error(f"wrong-{member}", f"/{member}", fr, en)


def _of_timestamp(timestamp: str | None) -> Iterator[Issue]:
    moment = span(Value(timestamp)) if timestamp else None
    if moment is None or moment.start < moment.end:
        fr, en = "La date de conclusion est absente ou illisible.", "The time of conclusion is missing or unreadable."
        yield _error("wrong-timestamp", "/timestamp", fr, en)


def _of_rules(policy: Policy, target: Target) -> Iterator[Issue]:
    for rule in policy.rules:
        yield from _of_action(rule, policy)
        if target != "odrl":
            yield from _of_rule_form(rule)
        if rule.kind is RuleKind.OBLIGATION:
            continue  # it binds the parties, but nothing that it says is judged
        yield from _of_extras(rule.extras, rule.pointer)
        for condition in rule.constraints:
            yield from _of_condition(condition)
        for action in rule.actions:
            yield from _of_extras(action.extras, f"{rule.pointer}/action")
            for refinement in action.refinements:
                yield from _of_condition(refinement)
        for duty in rule.duties:
            if not is_promise(duty):
                yield _duty_to_prove(duty)


def _of_action(rule: Rule, policy: Policy) -> Iterator[Issue]:
    pointer = f"{rule.pointer}/action"
    actions = rule.actions or policy.actions
    if not actions:
        yield _error("missing-action", rule.pointer, "Cette règle ne nomme aucune action.", "The rule names no action.")
    for action in actions:
        if action.iri not in vocabulary.ACTIONS:
            name = short(action.iri)
            fr = f"L’action « {name} » n’est pas du vocabulaire : elle ne vaut que pour elle-même."
            en = f"The action “{name}” is not of the vocabulary: it stands for itself only."
            yield _warning("unknown-action", pointer, fr, en)


def _of_rule_form(rule: Rule) -> Iterator[Issue]:
    if rule.targets:
        fr, en = "La cible se nomme sur l’offre, jamais sur une règle.", "The target is on the offer, never on a rule."
        yield _error("target-in-rule", f"{rule.pointer}/target", fr, en)
    if len(rule.actions) != 1 or rule.actions[0].refinements or rule.actions[0].extras:
        fr, en = "DSP attend une seule action, sans précision.", "DSP takes one action, without refinement."
        yield _error("action-form", f"{rule.pointer}/action", fr, en)


def _of_condition(condition: Condition) -> Iterator[Issue]:
    if not isinstance(condition, Constraint):
        yield from _of_extras(condition.extras, condition.pointer)
        for each in condition.operands:
            yield from _of_condition(each)
        return
    operand = OPERANDS.get(condition.operand)
    if condition.operator not in vocabulary.OPERATORS:
        yield _unknown("unknown-operator", f"{condition.pointer}/operator", condition.operator)
    elif operand is None:
        yield _unknown("unknown-operand", f"{condition.pointer}/leftOperand", condition.operand)
    elif not is_plain(condition):
        fr = "Cette condition dit plus que ce qui peut être vérifié (unité, état, renvoi)."
        en = "The constraint says more than can be checked (unit, status, reference)."
        yield _error("not-judged", condition.pointer, fr, en)
    else:
        for found in operand.findings(condition):
            severity: Severity = "error" if found.severity == "error" else "warning"
            yield Issue(found.code, severity, f"{condition.pointer}/rightOperand", found.text)


def _of_extras(extras: Extras, pointer: str) -> Iterator[Issue]:
    for name in not_understood(extras):
        if name == "dct:isReplacedBy":
            fr, en = "Ces règles d’usage ont été remplacées.", "The policy has been replaced."
            yield _error("replaced", f"{pointer}/{name}", fr, en)
        else:
            yield _unknown("not-understood", f"{pointer}/{name}", name)


def _duty_to_prove(duty: Rule) -> Issue:
    fr = "Ce devoir est préalable : sans preuve qu’il est rempli, rien n’est permis."
    en = "This duty comes first: without proof that it is fulfilled, nothing is permitted."
    return _warning("duty-to-prove", duty.pointer, fr, en)


def _unknown(code: str, pointer: str, iri: str) -> Issue:
    name = short(iri)
    fr = f"« {name} » n’est pas compris : rien ne sera permis sous ces règles."
    en = f"“{name}” is not understood: nothing will be permitted under this policy."
    return _error(code, pointer, fr, en)


def _error(code: str, pointer: str, fr: str, en: str) -> Issue:
    return Issue(code, "error", pointer, {"fr": fr, "en": en})


def _warning(code: str, pointer: str, fr: str, en: str) -> Issue:
    return Issue(code, "warning", pointer, {"fr": fr, "en": en})
