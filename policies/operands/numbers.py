"""Judges operands whose values are numbers: amounts, sizes, shares, ranks.

Numbers are exact (5.00 is 5 and 0.1 is one tenth). A unit is part of the value: a constraint that names one compares
with quantities of that same unit, one that names none with bare numbers; nothing is converted and anything else is not
known. NaN and infinities are no numbers.
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from policies import vocabulary
from policies.facts import Quantity, Request
from policies.model import Constraint, Value
from policies.operands import names
from policies.operands.spec import Finding, Judge, Leaf, Operand, OperandKind, of_fact, shown, text_of
from policies.truth import Truth
from policies.vocabulary import ODRL, XSD, Labels, short

Number = int | Decimal

_PLAIN = re.compile(r"[+-]?(?:\d{1,200}(?:\.\d{0,200})?|\.\d{1,200})", re.ASCII)
_SCIENTIFIC = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})[eE][+-]?\d{1,2}", re.ASCII)
_INTEGERS = ("integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger")
_MORE_INTEGERS = ("negativeInteger", "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte")
_TYPES = frozenset({None, *(XSD + name for name in ("decimal", "double", "float", *_INTEGERS, *_MORE_INTEGERS))})


def number(value: Value) -> Number | None:
    """Return the number that a value gives, or None if it gives none."""
    return None if value.is_iri or value.language or value.datatype not in _TYPES else _read(value.text)


def _read(text: str) -> Number | None:
    if not (_PLAIN.fullmatch(text) or _SCIENTIFIC.fullmatch(text)):
        return None
    return _exact(Decimal(text))


def _exact(found: Decimal) -> Number:
    whole = int(found)
    return whole if whole == found else found


def measured(fact: object, unit: str | None) -> Number | None:
    """Return the number that a fact gives in this unit, or None if it gives none."""
    if isinstance(fact, Quantity):
        if unit is None or vocabulary.expand(fact.unit) != unit:
            return None
        return measured(fact.value, None)
    if unit is not None or isinstance(fact, bool):
        return None
    if isinstance(fact, int):
        return fact
    if isinstance(fact, float):
        return Decimal(repr(fact)) if fact - fact == 0 else None
    if isinstance(fact, Decimal):
        return fact if fact.is_finite() else None
    return _read(fact) if isinstance(fact, str) else None


Compare = Callable[[Number], bool]


def comparison(constraint: Constraint) -> Compare | None:
    """Return how the number found compares with those wanted, or None when that cannot be decided."""
    wanted = [found for value in constraint.values if (found := number(value)) is not None]
    if len(wanted) < len(constraint.values):
        return None
    return compared(constraint.operator.removeprefix(ODRL), tuple(wanted))


def compared(operator: str, wanted: tuple[Number, ...]) -> Compare | None:
    """Return the comparison of an operator with these numbers, or None if it does not suit them."""
    numbers = frozenset(wanted)
    match operator:
        case "isAnyOf":
            return lambda found: found in numbers
        case "isNoneOf":
            return lambda found: found not in numbers
        case "isAllOf":
            return lambda found: numbers == {found}
    return _single(operator, wanted[0]) if len(wanted) == 1 else None


def _single(operator: str, bound: Number) -> Compare | None:
    match operator:
        case "eq":
            return lambda found: found == bound
        case "neq":
            return lambda found: found != bound
        case "lt":
            return lambda found: found < bound
        case "lteq":
            return lambda found: found <= bound
        case "gt":
            return lambda found: found > bound
        case "gteq":
            return lambda found: found >= bound
    return None


def _judge(constraint: Constraint) -> Judge | None:
    compare, unit = comparison(constraint), constraint.unit
    if compare is None:
        return None

    def judge(fact: object, request: Request) -> Truth:
        found = measured(fact, unit)
        return None if found is None else compare(found)

    return judge


def normal(value: Value) -> Value:
    """Give one spelling to a number."""
    found = number(value)
    if found is None:
        return value
    text = format(found, "f") if isinstance(found, Decimal) else str(found)
    return Value(text.rstrip("0").rstrip(".") if "." in text else text, XSD + "decimal")


def numbered(iri: str, labels: Labels, kind: OperandKind = OperandKind.TESTABLE, *, unit: str = "possible") -> Operand:
    """Return an operand whose fact is a number. A unit is `possible`, `wanted` (its absence is doubtful) or `none`."""

    def leaf(constraint: Constraint) -> Leaf | None:
        judge = _judge(constraint)
        return of_fact(iri, judge) if judge else None

    def findings(constraint: Constraint) -> Iterator[Finding]:
        for value in constraint.values:
            if number(value) is None:
                yield _not_a_number(value)
        if comparison(constraint) is None and all(number(value) is not None for value in constraint.values):
            yield names.undecidable(constraint)
        if unit == "wanted" and constraint.unit is None:
            yield _without_unit(constraint)

    return Operand(
        iri=iri,
        kind=kind,
        labels=labels,
        leaf=leaf,
        actual=_shown(iri),
        normal=normal,
        findings=findings,
        has_unit=unit != "none",
    )


def _shown(iri: str) -> Callable[[Request], str | None]:
    plain = shown(iri)

    def actual(request: Request) -> str | None:
        fact = request.facts.get(iri)
        return f"{text_of(fact.value)} {short(fact.unit)}" if isinstance(fact, Quantity) else plain(request)

    return actual


def _not_a_number(value: Value) -> Finding:
    text = {"fr": f"« {value.text} » n’est pas un nombre.", "en": f"“{value.text}” is not a number."}
    return Finding("not-a-number", "error", text)


def _without_unit(constraint: Constraint) -> Finding:
    name = short(constraint.operand)
    text = {
        "fr": f"« {name} » n’a pas d’unité : un nombre qui en a une ne pourra pas lui être comparé.",
        "en": f"“{name}” has no unit: a number that has one cannot be compared with it.",
    }
    return Finding("missing-unit", "warning", text)
