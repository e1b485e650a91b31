"""Reads a policy from JSON: DSP offers and agreements, catalogue offers, compact ODRL.

There is no JSON-LD processor: the members of ODRL have fixed names, and each may be written bare, with `odrl:` or in
full; each value may stand alone or in an array, as a string, as `{"@id": …}` or as `{"@value": …, "@type": …}`. Two
spellings of one member in the same object are refused, because readers would differ on which one counts. A member that
is not ODRL's is kept in `extras`; it never disappears, and the decision refuses what it cannot weigh.

A context inside the policy is accepted when it is one whose words are those of vocabulary.py.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from policies import strict_json, vocabulary
from policies.errors import DuplicateMember, Text, TooManyConstraints, UnknownContext, WrongShape
from policies.model import (
    Action,
    Condition,
    Constraint,
    Duty,
    Extras,
    Logic,
    LogicalConstraint,
    Policy,
    Reference,
    Rule,
    RuleKind,
    Value,
)
from policies.strict_json import Given, Json
from policies.vocabulary import RDF, XSD

MAX_CONSTRAINTS = 5_000
MAX_IRI = 2_048

T = TypeVar("T")

JSON_LITERAL = RDF + "JSON"

_ALIASES = {"uid": "@id", "id": "@id", "type": "@type", "datatype": "dataType"}
_LOGIC = {logic.value: logic for logic in Logic}


def load(given: Given) -> Policy:
    """Return the policy. Raises PolicyError with a code, a JSON pointer and a sentence in two languages.

    Limits: 256 KiB, 32 levels, 5,000 constraints, IRIs of 2 KiB.
    """
    value, text = strict_json.parse(given)
    return _Reader().policy(value, text)


class _Members:
    """The members of one JSON object under their bare names; what is taken is known, the rest are extras."""

    def __init__(self, value: Json, pointer: str) -> None:
        if not isinstance(value, dict):
            raise _expected("un objet", "an object", pointer)
        self.pointer = pointer
        self._left: dict[str, tuple[str, Json]] = {}
        for name, member in value.items():
            key = member_name(name)
            if key in self._left:
                raise DuplicateMember({"fr": f"« {name} ».", "en": f"“{name}”."}, pointer=pointer)
            self._left[key] = (name, member)

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def take(self, key: str) -> Iterator[tuple[Json, str]]:
        """Yield each value of a member with its pointer; an absent member and null have none."""
        name, value = self._left.pop(key, (key, None))
        pointer = f"{self.pointer}/{_escaped(name)}"
        if isinstance(value, list):
            yield from ((item, f"{pointer}/{at}") for at, item in enumerate(value) if item is not None)
        elif isinstance(value, dict) and value.keys() == {"@list"} and isinstance(value["@list"], list):
            yield from ((item, f"{pointer}/@list/{at}") for at, item in enumerate(value["@list"]) if item is not None)
        elif value is not None:
            yield value, pointer

    def each(self, key: str, read: Callable[[Json, str], T]) -> tuple[T, ...]:
        """Read every value of a member."""
        return tuple(read(value, pointer) for value, pointer in self.take(key))

    def one(self, key: str, read: Callable[[Json, str], T]) -> T | None:
        """Read a member that is given at most once."""
        values = self.each(key, read)
        if len(values) > 1:
            raise _expected("une seule valeur", "one value", f"{self.pointer}/{_escaped(key)}")
        return values[0] if values else None

    def drop_type(self, *redundant: str) -> None:
        """Forget a type that says no more than the place of the object does; any other is kept as an extra."""
        value = self._left.get("@type", ("", None))[1]
        kinds = value if isinstance(value, list) else [value]
        if all(isinstance(kind, str) and vocabulary.bare(vocabulary.expand(kind)) in redundant for kind in kinds):
            self._left.pop("@type", None)

    def extras(self) -> Extras:
        """Return what nobody took, in a stable order."""
        return tuple(sorted((key, strict_json.canonical(value)) for key, (_, value) in self._left.items()))


class _Reader:
    """One reading; it counts the constraints."""

    def __init__(self) -> None:
        self._constraints = 0

    def policy(self, value: Json, text: str) -> Policy:
        members = _Members(value, "")
        for context, pointer in members.take("@context"):
            if not isinstance(context, str) or context not in vocabulary.KNOWN_CONTEXTS:
                raise UnknownContext(pointer=pointer)
        return Policy(
            kinds=members.each("@type", _word),
            uid=members.one("@id", _iri),
            profiles=members.each("profile", _expanded),
            inherits_from=members.each("inheritFrom", _expanded),
            conflicts=members.each("conflict", _word),
            actions=members.each("action", self._action),
            targets=members.each("target", self._reference),
            assigners=members.each("assigner", self._reference),
            assignees=members.each("assignee", self._reference),
            permissions=members.each("permission", self._rule(RuleKind.PERMISSION)),
            prohibitions=members.each("prohibition", self._rule(RuleKind.PROHIBITION)),
            obligations=members.each("obligation", self._duty(RuleKind.OBLIGATION)),
            timestamp=members.one("timestamp", _plain),
            extras=members.extras(),
            source=text,
        )

    def _rule(self, kind: RuleKind) -> Callable[[Json, str], Rule]:
        def read(value: Json, pointer: str) -> Rule:
            members = _Members(value, pointer)
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
                uid=members.one("@id", _iri),
                extras=members.extras(),
                pointer=pointer,
            )

        return read

    def _duty(self, kind: RuleKind) -> Callable[[Json, str], Duty]:
        def read(value: Json, pointer: str) -> Duty:
            members = _Members(value, pointer)
            members.drop_type("Duty", "Rule")
            return Duty(
                kind=kind,
                consequences=members.each("consequence", self._duty(RuleKind.CONSEQUENCE)),
                actions=members.each("action", self._action),
                constraints=members.each("constraint", self._condition),
                targets=members.each("target", self._reference),
                assigners=members.each("assigner", self._reference),
                assignees=members.each("assignee", self._reference),
                uid=members.one("@id", _iri),
                extras=members.extras(),
                pointer=pointer,
            )

        return read

    def _action(self, value: Json, pointer: str) -> Action:
        if isinstance(value, str):
            return Action(_term(value, pointer, vocabulary.ACTION_WORDS))
        members = _Members(value, pointer)
        members.drop_type("Action")
        name = members.one("value", _iri) or members.one("@id", _iri)
        if name is None:
            raise _expected("une action", "an action", pointer)
        return Action(
            _term(name, pointer, vocabulary.ACTION_WORDS),
            refinements=members.each("refinement", self._condition),
            extras=members.extras(),
        )

    def _reference(self, value: Json, pointer: str) -> Reference:
        if isinstance(value, str):
            return Reference(_iri(value, pointer))
        if not value:
            raise _expected("un identifiant", "an identifier", pointer)
        members = _Members(value, pointer)
        return Reference(
            members.one("@id", _iri),
            kinds=members.each("@type", _word),
            part_of=members.each("partOf", _iri),
            source=members.one("source", _iri),
            refinements=members.each("refinement", self._condition),
            extras=members.extras(),
        )

    def _condition(self, value: Json, pointer: str) -> Condition:
        self._constraints += 1
        if self._constraints > MAX_CONSTRAINTS:
            raise TooManyConstraints(
                {"fr": "La limite est de 5 000 conditions.", "en": "The limit is 5,000 constraints."}, pointer=pointer
            )
        members = _Members(value, pointer)
        logics = [name for name in _LOGIC if name in members]
        if not logics:
            return self._constraint(members)
        if len(logics) > 1 or "leftOperand" in members:
            raise _expected("une seule forme de condition", "one form of constraint", pointer)
        return self._logical(members, _LOGIC[logics[0]])

    def _logical(self, members: _Members, logic: Logic) -> LogicalConstraint:
        members.drop_type("LogicalConstraint", "Constraint")
        operands = members.each(logic.value, self._condition)
        if not operands:
            raise _expected("au moins une condition", "at least one constraint", f"{members.pointer}/{logic.value}")
        return LogicalConstraint(
            logic, operands, uid=members.one("@id", _iri), extras=members.extras(), pointer=members.pointer
        )

    def _constraint(self, members: _Members) -> Constraint:
        members.drop_type("Constraint")
        values, reference = _right_operand(members)
        return Constraint(
            operand=_required(members, "leftOperand", vocabulary.OPERAND_WORDS),
            operator=_required(members, "operator", vocabulary.OPERATOR_WORDS),
            values=values,
            reference=reference,
            unit=members.one("unit", _expanded),
            status=members.one("status", _value),
            uid=members.one("@id", _iri),
            extras=members.extras(),
            pointer=members.pointer,
        )


def _right_operand(members: _Members) -> tuple[tuple[Value, ...], bool]:
    datatype = members.one("dataType", _expanded)
    values = members.each("rightOperand", _value)
    references = members.each("rightOperandReference", _iri)
    if bool(values) == bool(references):
        raise _expected("un opérande droit", "one right operand", members.pointer)
    if references:
        return tuple(Value(iri, is_iri=True) for iri in references), True
    return tuple(_typed(value, datatype) for value in values), False


def _typed(value: Value, datatype: str | None) -> Value:
    if datatype is None or value.is_iri or value.datatype or value.language:
        return value
    return Value(value.text, _significant(datatype))


def _value(value: Json, pointer: str) -> Value:
    """Read a literal or an IRI. Numbers and booleans keep their JSON spelling and get the type of XML Schema."""
    match value:
        case str():
            return Value(value)
        case bool():
            return Value("true" if value else "false", XSD + "boolean")
        case int():
            return Value(str(value), XSD + "integer")
        case float():
            return Value(repr(value), XSD + "double" if "e" in repr(value) else XSD + "decimal")
        case {"@id": str(iri)} if len(value) == 1:
            return Value(vocabulary.expand(iri), is_iri=True)
        case {"@value": str() | bool() | int() | float() as literal} if len(value) == 1:
            return _value(literal, pointer)
        case {"@value": str() | bool() | int() | float() as literal, "@type": str(datatype)} if len(value) == 2:
            return Value(_value(literal, pointer).text, _significant(vocabulary.expand(datatype)))
        case {"@value": str(text), "@language": str(language)} if len(value) == 2:
            return Value(text, language=language.lower())
        case _:
            return Value(strict_json.canonical(value), JSON_LITERAL)


def _significant(datatype: str) -> str | None:
    """RDF 1.1: a plain string and an xsd:string are the same value."""
    return None if datatype == XSD + "string" else datatype


def _required(members: _Members, key: str, words: frozenset[str]) -> str:
    name = members.one(key, _iri)
    if name is None:
        raise _expected(f"l’élément « {key} »", f"the member “{key}”", members.pointer)
    return _term(name, f"{members.pointer}/{key}", words)


def _term(text: str, pointer: str, words: frozenset[str]) -> str:
    return vocabulary.term(_iri(text, pointer), words)


def _word(value: Json, pointer: str) -> str:
    return vocabulary.bare(vocabulary.expand(_iri(value, pointer)))


def _iri(value: Json, pointer: str) -> str:
    if isinstance(value, dict) and value.keys() == {"@id"}:
        value = value["@id"]
    if not isinstance(value, str) or not value:
        raise _expected("un identifiant", "an identifier", pointer)
    if len(value) > MAX_IRI:
        raise _expected("un identifiant de 2 Kio au plus", "an identifier of at most 2 KiB", pointer)
    return value


def _expanded(value: Json, pointer: str) -> str:
    return vocabulary.expand(_iri(value, pointer))


def _plain(value: Json, pointer: str) -> str:
    read = _value(value, pointer)
    if read.is_iri:
        raise _expected("un texte", "a string", pointer)
    return read.text


def member_name(name: str) -> str:
    """Return the one name of a member that may be written bare, with a prefix or in full."""
    if name == "rdf:value" or name == RDF + "value":
        return "value"
    key = vocabulary.bare(vocabulary.expand(name))
    return _ALIASES.get(key, key)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _expected(fr: str, en: str, pointer: str) -> WrongShape:
    text: Text = {"fr": f"Attendu : {fr}.", "en": f"Expected: {en}."}
    return WrongShape(text, pointer=pointer)
