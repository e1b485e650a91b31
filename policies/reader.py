"""Reads a policy from JSON: offers and agreements of DSP, catalogue offers, ODRL as W3C, EDC and Catena-X write it.

There is no JSON-LD processor: the members of ODRL have fixed names, and each may be written bare, with `odrl:` or in
full; each value may stand alone or in an array, as a string, as `{"@id": …}` or as `{"@value": …, "@type": …}`. Two
spellings of one member in the same object are refused, because readers would differ on which one counts. A member that
is not ODRL's is kept in `extras`; it never disappears, and the decision refuses what it cannot weigh.

What a context adds to these words is known for those of dialects.py; a policy that brings another one, or one inside
its rules, goes through jsonld.py first and is then read like any other. Slips of the pen that leave no doubt are set
right and kept in `repairs`.
"""

from collections.abc import Callable, Collection, Mapping

from policies import dialects, jsonld, strict_json, vocabulary
from policies.dialects import DATA_TYPE_SLIPS
from policies.errors import TooManyConstraints, UnknownContext
from policies.frozen import maker
from policies.members import (
    Members,
    each_of,
    expanded,
    expected,
    iri,
    new_value,
    plain,
    significant,
    value_of,
    values_of,
    word,
)
from policies.model import (
    Action,
    Condition,
    Constraint,
    Duty,
    Logic,
    LogicalConstraint,
    Policy,
    Reference,
    Repair,
    Rule,
    RuleKind,
    Value,
)
from policies.strict_json import Given, Json

MAX_CONSTRAINTS = 5_000

_LOGIC = {logic.value: logic for logic in Logic}

# how most constraints are written: three bare members, whose first two are words of ODRL
_OPERANDS = vocabulary.spellings(vocabulary.OPERAND_WORDS)
_OPERATORS = vocabulary.spellings(vocabulary.OPERATOR_WORDS)
_ACTIONS = {name: Action(iri) for name, iri in vocabulary.spellings(vocabulary.ACTION_WORDS).items()}
# and most rules: what is done, under which constraints
_USUAL_RULE = frozenset({"action", "constraint"})

_new_policy, _new_rule, _new_reference = maker(Policy), maker(Rule), maker(Reference)
_new_constraint, _new_logical = maker(Constraint), maker(LogicalConstraint)


def load(given: Given) -> Policy:
    """Return the policy. Raises PolicyError with a code, a JSON pointer and a sentence in two languages.

    Limits: 256 KiB, 32 levels, 5,000 constraints, IRIs of 2 KiB.
    """
    value, text = strict_json.parse(given)
    return _Reader().policy(_in_our_words(value, text), text)


def _in_our_words(value: dict[str, Json], text: str) -> dict[str, Json]:
    """Return the policy without its contexts, in words that stand for themselves."""
    value = dialects.unwrapped(value)
    if "@context" not in text:
        return value
    contexts = dialects.many(value.get("@context"))
    for at, context in enumerate(contexts):
        if not dialects.may_be_read(context):
            raise UnknownContext(pointer=f"/@context/{at}" if isinstance(value["@context"], list) else "/@context")
    inner = {name: member for name, member in value.items() if name != "@context"}
    dialect = dialects.recognised(contexts)
    if dialect is None or (text.count("@context") > 1 and dialects.has_context(inner)):
        return jsonld.expanded(contexts, inner)
    return inner if dialect.is_plain else dialects.spelt_out(inner, dialect)


class _Reader:
    """One reading; it counts the constraints and remembers the repairs."""

    def __init__(self) -> None:
        self._constraints = 0
        self._repairs: list[Repair] = []

    def policy(self, value: Json, text: str) -> Policy:
        members = Members(value, "")
        return _new_policy(
            kinds=members.each("@type", word),
            uid=members.one("@id", iri),
            profiles=members.each("profile", expanded),
            inherits_from=members.each("inheritFrom", expanded),
            conflicts=members.each("conflict", word),
            actions=members.each("action", self._action),
            targets=members.each("target", self._reference),
            assigners=members.each("assigner", self._reference),
            assignees=members.each("assignee", self._reference),
            permissions=members.each("permission", self._rule(RuleKind.PERMISSION, "Permission")),
            prohibitions=members.each("prohibition", self._rule(RuleKind.PROHIBITION, "Prohibition")),
            obligations=members.each("obligation", self._duty(RuleKind.OBLIGATION)),
            timestamp=members.one("timestamp", plain),
            extras=members.extras(),
            source=text,
            repairs=tuple(self._repairs),
        )

    def _rule(self, kind: RuleKind, name: str) -> Callable[[Json, str], Rule]:
        def read(value: Json, pointer: str) -> Rule:
            if isinstance(value, dict) and value.keys() <= _USUAL_RULE:
                actions = each_of(value.get("action"), f"{pointer}/action", self._action)
                constraints = each_of(value.get("constraint"), f"{pointer}/constraint", self._condition)
                return _new_rule(kind=kind, actions=actions, constraints=constraints, pointer=pointer)
            members = Members(value, pointer)
            members.drop_type(name, "Rule")
            actions = members.each("action", self._action)
            constraints = members.each("constraint", self._condition)
            duties = members.each("duty", self._duty(RuleKind.DUTY)) if kind is RuleKind.PERMISSION else ()
            remedies = members.each("remedy", self._duty(RuleKind.REMEDY)) if kind is RuleKind.PROHIBITION else ()
            return _new_rule(
                kind=kind,
                duties=duties,
                remedies=remedies,
                actions=actions,
                constraints=constraints,
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
            return _ACTIONS.get(value) or Action(self._action_term(iri(value, pointer), pointer))
        members = Members(value, pointer)
        members.drop_type("Action")
        name = members.one("value", iri) or members.one("@id", iri) or self._action_as_type(members)
        if name is None:
            raise expected("une action", "an action", pointer)
        return Action(
            self._action_term(name, pointer),
            refinements=members.each("refinement", self._condition),
            extras=members.extras(),
        )

    def _action_as_type(self, members: Members) -> str | None:
        """Return the action that connectors of old wrote as a type: `{"odrl:type": "USE"}`."""
        kinds = members.types()
        name = kinds[0] if len(kinds) == 1 else ""
        known = vocabulary.term(name, vocabulary.ACTION_WORDS)
        if known not in vocabulary.ACTIONS and known not in dialects.ACTIONS:
            return None
        members.one("@type", iri)
        used = dialects.ACTIONS.get(known, known)
        self._repairs.append(Repair(f"{members.pointer}/@type", name, used))
        return used

    def _action_term(self, name: str, pointer: str) -> str:
        return self._meant(name, vocabulary.ACTION_WORDS, dialects.ACTIONS, pointer)

    def _meant(self, name: str, words: Collection[str], slips: Mapping[str, str], pointer: str) -> str:
        """Return the IRI of a term; a slip of the pen is set right and remembered."""
        found = vocabulary.term(name, words)
        if found not in slips:
            return found
        self._repairs.append(Repair(pointer, name, slips[found]))
        return slips[found]

    def _reference(self, value: Json, pointer: str) -> Reference:
        if isinstance(value, str):
            return _new_reference(iri(value, pointer))
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
        if isinstance(value, dict):
            if len(value) == 3 and (usual := _usual(value, pointer)):
                return usual
            if len(value) == 1 and (alone := self._alone(value, pointer)):
                return alone
        members = Members(value, pointer)
        logics = members.among(_LOGIC)
        if not logics:
            return self._constraint(members)
        if len(logics) > 1 or "leftOperand" in members:
            raise expected("une seule forme de condition", "one form of constraint", pointer)
        return self._logical(members, _LOGIC[logics[0]])

    def _alone(self, value: dict[str, Json], pointer: str) -> LogicalConstraint | None:
        """Return a combination that is nothing but its bare member, or None where it takes a closer look."""
        ((name, operands),) = value.items()
        logic = _LOGIC.get(name)
        read = each_of(operands, f"{pointer}/{name}", self._condition) if logic else ()
        return _new_logical(logic, read, pointer=pointer) if logic and read else None

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
        operand = self._required(members, "leftOperand", vocabulary.OPERAND_WORDS, dialects.OPERANDS)
        operator = self._required(members, "operator", vocabulary.OPERATOR_WORDS, dialects.OPERATORS)
        values, reference = self._right_operand(members)
        return _new_constraint(
            operand,
            operator,
            values,
            reference=reference,
            unit=members.one("unit", expanded),
            status=members.one("status", value_of),
            uid=members.one("@id", iri),
            extras=members.extras(),
            pointer=members.pointer,
        )

    def _right_operand(self, members: Members) -> tuple[tuple[Value, ...], bool]:
        if (spelling := members.spelling("dataType")) in DATA_TYPE_SLIPS:
            self._repairs.append(Repair(f"{members.pointer}/dataType", str(spelling), vocabulary.ODRL + "dataType"))
        datatype = members.one("dataType", expanded)
        values = members.each("rightOperand", value_of)
        references = members.each("rightOperandReference", iri)
        if bool(values) == bool(references):
            raise expected("un opérande droit", "one right operand", members.pointer)
        if references:
            return tuple(Value(iri, is_iri=True) for iri in references), True
        return values if datatype is None else tuple(_typed(value, datatype) for value in values), False

    def _required(self, members: Members, key: str, words: Collection[str], slips: Mapping[str, str]) -> str:
        name = members.one(key, iri)
        if name is None:
            raise expected(f"l’élément « {key} »", f"the member “{key}”", members.pointer)
        found = vocabulary.term(name, words)
        return found if found not in slips else self._meant(name, words, slips, f"{members.pointer}/{key}")


def _usual(value: dict[str, Json], pointer: str) -> Constraint | None:
    """Return a constraint of three bare members, or None where it takes a closer look."""
    try:
        operand, operator = _OPERANDS[value["leftOperand"]], _OPERATORS[value["operator"]]
        right = value["rightOperand"]
    except (KeyError, TypeError):  # another member, a word that is none of ODRL's, or no word at all
        return None
    values = values_of(right)
    return _new_constraint(operand, operator, values, False, None, None, None, (), pointer) if values else None


def _typed(value: Value, datatype: str) -> Value:
    if value.is_iri or value.datatype or value.language:
        return value
    return new_value(value.text, significant(datatype))
