"""Reads a policy from JSON: DSP offers and agreements, catalogue offers, compact ODRL.

There is no JSON-LD processor: the members of ODRL have fixed names, and each may be written bare, with `odrl:` or in
full; each value may stand alone or in an array, as a string, as `{"@id": …}` or as `{"@value": …, "@type": …}`. Two
spellings of one member in the same object are refused, because readers would differ on which one counts. A member that
is not ODRL's is kept in `extras`; it never disappears, and the decision refuses what it cannot weigh.

A context inside the policy is accepted when it is one whose words are those of vocabulary.py.
"""

from collections.abc import Callable

from policies import strict_json, vocabulary
from policies.errors import TooManyConstraints, UnknownContext
from policies.members import Members, expanded, expected, iri, plain, significant, term, value_of, word
from policies.model import (
    Action,
    Condition,
    Constraint,
    Duty,
    Logic,
    LogicalConstraint,
    Policy,
    Reference,
    Rule,
    RuleKind,
    Value,
)
from policies.strict_json import Given, Json

MAX_CONSTRAINTS = 5_000

_LOGIC = {logic.value: logic for logic in Logic}


def load(given: Given) -> Policy:
    """Return the policy. Raises PolicyError with a code, a JSON pointer and a sentence in two languages.

    Limits: 256 KiB, 32 levels, 5,000 constraints, IRIs of 2 KiB.
    """
    value, text = strict_json.parse(given)
    return _Reader().policy(value, text)


class _Reader:
    """One reading; it counts the constraints."""

    def __init__(self) -> None:
        self._constraints = 0

    def policy(self, value: Json, text: str) -> Policy:
        members = Members(value, "")
        for context, pointer in members.take("@context"):
            if not isinstance(context, str) or context not in vocabulary.KNOWN_CONTEXTS:
                raise UnknownContext(pointer=pointer)
        return Policy(
            kinds=members.each("@type", word),
            uid=members.one("@id", iri),
            profiles=members.each("profile", expanded),
            inherits_from=members.each("inheritFrom", expanded),
            conflicts=members.each("conflict", word),
            actions=members.each("action", self._action),
            targets=members.each("target", self._reference),
            assigners=members.each("assigner", self._reference),
            assignees=members.each("assignee", self._reference),
            permissions=members.each("permission", self._rule(RuleKind.PERMISSION)),
            prohibitions=members.each("prohibition", self._rule(RuleKind.PROHIBITION)),
            obligations=members.each("obligation", self._duty(RuleKind.OBLIGATION)),
            timestamp=members.one("timestamp", plain),
            extras=members.extras(),
            source=text,
        )

    def _rule(self, kind: RuleKind) -> Callable[[Json, str], Rule]:
        def read(value: Json, pointer: str) -> Rule:
            members = Members(value, pointer)
            members.drop_type(kind.value.capitalize(), "Rule")
            duties = members.each("duty", self._duty(RuleKind.DUTY)) if kind is RuleKind.PERMISSION else ()
            remedies = members.each("remedy", self._duty(RuleKind.REMEDY)) if kind is RuleKind.PROHIBITION else ()
            return Rule(
                kind=kind,
                duties=duties,
                remedies=remedies,
                actions=members.each("action", self._action),
                constraints=members.each("constraint", self._condition),
                targets=members.each("target", self._reference),
                assigners=members.each("assigner", self._reference),
                assignees=members.each("assignee", self._reference),
                uid=members.one("@id", iri),
                extras=members.extras(),
                pointer=pointer,
            )

        return read

    def _duty(self, kind: RuleKind) -> Callable[[Json, str], Duty]:
        def read(value: Json, pointer: str) -> Duty:
            members = Members(value, pointer)
            members.drop_type("Duty", "Rule")
            return Duty(
                kind=kind,
                consequences=members.each("consequence", self._duty(RuleKind.CONSEQUENCE)),
                actions=members.each("action", self._action),
                constraints=members.each("constraint", self._condition),
                targets=members.each("target", self._reference),
                assigners=members.each("assigner", self._reference),
                assignees=members.each("assignee", self._reference),
                uid=members.one("@id", iri),
                extras=members.extras(),
                pointer=pointer,
            )

        return read

    def _action(self, value: Json, pointer: str) -> Action:
        if isinstance(value, str):
            return Action(term(value, pointer, vocabulary.ACTION_WORDS))
        members = Members(value, pointer)
        members.drop_type("Action")
        name = members.one("value", iri) or members.one("@id", iri)
        if name is None:
            raise expected("une action", "an action", pointer)
        return Action(
            term(name, pointer, vocabulary.ACTION_WORDS),
            refinements=members.each("refinement", self._condition),
            extras=members.extras(),
        )

    def _reference(self, value: Json, pointer: str) -> Reference:
        if isinstance(value, str):
            return Reference(iri(value, pointer))
        members = Members(value, pointer)
        reference = Reference(
            members.one("@id", iri),
            kinds=members.each("@type", word),
            part_of=members.each("partOf", iri),
            source=members.one("source", iri),
            refinements=members.each("refinement", self._condition),
            extras=members.extras(),
        )
        if reference == Reference(None):
            raise expected("un identifiant", "an identifier", pointer)
        return reference

    def _condition(self, value: Json, pointer: str) -> Condition:
        self._constraints += 1
        if self._constraints > MAX_CONSTRAINTS:
            raise TooManyConstraints(
                {"fr": "La limite est de 5 000 conditions.", "en": "The limit is 5,000 constraints."}, pointer=pointer
            )
        members = Members(value, pointer)
        logics = [name for name in _LOGIC if name in members]
        if not logics:
            return self._constraint(members)
        if len(logics) > 1 or "leftOperand" in members:
            raise expected("une seule forme de condition", "one form of constraint", pointer)
        return self._logical(members, _LOGIC[logics[0]])

    def _logical(self, members: Members, logic: Logic) -> LogicalConstraint:
        members.drop_type("LogicalConstraint", "Constraint")
        operands = members.each(logic.value, self._condition)
        if not operands:
            raise expected("au moins une condition", "at least one constraint", f"{members.pointer}/{logic.value}")
        return LogicalConstraint(
            logic, operands, uid=members.one("@id", iri), extras=members.extras(), pointer=members.pointer
        )

    def _constraint(self, members: Members) -> Constraint:
        members.drop_type("Constraint")
        values, reference = _right_operand(members)
        return Constraint(
            operand=_required(members, "leftOperand", vocabulary.OPERAND_WORDS),
            operator=_required(members, "operator", vocabulary.OPERATOR_WORDS),
            values=values,
            reference=reference,
            unit=members.one("unit", expanded),
            status=members.one("status", value_of),
            uid=members.one("@id", iri),
            extras=members.extras(),
            pointer=members.pointer,
        )


def _right_operand(members: Members) -> tuple[tuple[Value, ...], bool]:
    datatype = members.one("dataType", expanded)
    values = members.each("rightOperand", value_of)
    references = members.each("rightOperandReference", iri)
    if bool(values) == bool(references):
        raise expected("un opérande droit", "one right operand", members.pointer)
    if references:
        return tuple(Value(iri, is_iri=True) for iri in references), True
    return tuple(_typed(value, datatype) for value in values), False


def _typed(value: Value, datatype: str | None) -> Value:
    if datatype is None or value.is_iri or value.datatype or value.language:
        return value
    return Value(value.text, significant(datatype))


def _required(members: Members, key: str, words: frozenset[str]) -> str:
    name = members.one(key, iri)
    if name is None:
        raise expected(f"l’élément « {key} »", f"the member “{key}”", members.pointer)
    return term(name, f"{members.pointer}/{key}", words)
