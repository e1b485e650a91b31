"""Judges operands whose values are names: participants, purposes, places, formats.

A name equals itself and nothing else. What contains what, and what is a kind of what, is told by the taxonomy that
comes with the request (knowledge.py): *isA*, *isPartOf* and *hasPart* ask it, and without it are true of the same name
and otherwise not known. Of several values, one that fits is enough for *isAnyOf*, *isA*, *isPartOf* and *hasPart*;
*isAllOf* wants all of them and *eq* exactly them.

Two sorts of names say by themselves what contains them: language tags (`fr-CA` is part of `fr`) and versions, which
have an order as well (`1.10` comes after `1.9`).
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from policies.facts import Request, as_set
from policies.knowledge import Knowledge, among
from policies.model import Constraint, Value
from policies.operands.spec import Finding, Judge, Leaf, Operand, OperandKind, of_fact, shown
from policies.truth import Truth
from policies.vocabulary import ODRL, XSD, Labels, short

Names = Collection[str]
Comparison = Callable[[Names, Knowledge | None], Truth]

ANY_URI = XSD + "anyURI"
_BOOLEAN = XSD + "boolean"
_FLAGS = {"true": "true", "1": "true", "false": "false", "0": "false"}
_VERSION = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,9})", re.ASCII)


def _same(name: str) -> str:
    return name


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of names. `spelling` gives one to each; `wholes` are what a name says that it belongs to."""

    spelling: Callable[[str], str] = _same
    wholes: Callable[[str], Names] | None = None
    order: Callable[[str], tuple[int, ...] | None] | None = None
    flags: bool = False

    def holds(self, value: Value) -> bool:
        """True if the value is a name of this sort."""
        return self.name(value) is not None

    def name(self, value: Value) -> str | None:
        """Return the name that a value gives, or None if it gives none of this sort."""
        if value.is_iri or (value.datatype in (None, ANY_URI) and value.language is None):
            return self.spelling(value.text)
        return _FLAGS.get(value.text) if self.flags and value.datatype == _BOOLEAN else None


PLAIN = Sort()


def comparison(constraint: Constraint, sort: Sort = PLAIN) -> Comparison | None:
    """Return how the names found compare with those wanted, or None when that cannot be decided."""
    wanted = _wanted(constraint, sort)
    return None if wanted is None else _compared(constraint.operator.removeprefix(ODRL), wanted, sort)


def _wanted(constraint: Constraint, sort: Sort) -> frozenset[str] | None:
    """Return the names that a constraint wants, or None when one of its values is no name of this sort."""
    found = [name for value in constraint.values if (name := sort.name(value)) is not None]
    return frozenset(found) if len(found) == len(constraint.values) else None


def _compared(operator: str, wanted: frozenset[str], sort: Sort) -> Comparison | None:
    if operator in _BY_IDENTITY and (len(wanted) == 1 or operator not in ("eq", "neq")):
        compare = _BY_IDENTITY[operator]
        return lambda found, _: compare(frozenset(found), wanted)
    if operator in ("isA", "isPartOf"):
        return lambda found, known: _inside(found, wanted, sort, known)
    if operator == "hasPart":
        return lambda found, known: _inside(wanted, frozenset(found), sort, known)
    if sort.order and operator in _BY_ORDER and len(wanted) == 1 and (bound := sort.order(*wanted)):
        return _ordered(operator, bound, sort.order)
    return None


_BY_IDENTITY: dict[str, Callable[[frozenset[str], frozenset[str]], bool]] = {
    "eq": lambda found, wanted: found == wanted,
    "neq": lambda found, wanted: found != wanted,
    "isAnyOf": lambda found, wanted: not found.isdisjoint(wanted),
    "isNoneOf": lambda found, wanted: found.isdisjoint(wanted),
    "isAllOf": lambda found, wanted: wanted <= found,
}
_BY_ORDER: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "lt": lambda found, wanted: found < wanted,
    "lteq": lambda found, wanted: found <= wanted,
    "gt": lambda found, wanted: found > wanted,
    "gteq": lambda found, wanted: found >= wanted,
}


def _inside(parts: Names, wholes: Names, sort: Sort, known: Knowledge | None) -> Truth:
    if sort.wholes is None:
        return among(known, parts, wholes)
    return any(not frozenset(wholes).isdisjoint(sort.wholes(part)) for part in parts)


def _ordered(operator: str, bound: tuple[int, ...], order: Callable[[str], tuple[int, ...] | None]) -> Comparison:
    compare = _BY_ORDER[operator]

    def ordered(found: Names, _: Knowledge | None) -> Truth:
        places = [order(name) for name in found]
        return None if len(places) != 1 or places[0] is None else compare(places[0], bound)

    return ordered


def _judge(compare: Comparison, spelling: Callable[[str], str]) -> Judge:
    def judge(fact: object, request: Request) -> Truth:
        found = as_set(fact)
        return compare([spelling(name) for name in found], request.knowledge) if found else None

    return judge


def membership(operator: str, wanted: frozenset[str], sort: Sort = PLAIN) -> tuple[frozenset[str], bool] | None:
    """Return the names among which a single name has to be, or not to be (False); None where that says not enough.

    It is the quick way for by far the most frequent case: one name, and no taxonomy to ask.
    """
    within = _WITHIN.get(operator)
    if within is None or sort.spelling is not _same:
        return None
    return (frozenset() if operator == "isAllOf" and len(wanted) > 1 else wanted), within


_WITHIN = {"eq": True, "isAnyOf": True, "isAllOf": True, "neq": False, "isNoneOf": False}


def ready(constraint: Constraint, sort: Sort = PLAIN) -> tuple[Judge, tuple[frozenset[str], bool] | None] | None:
    """Return how a fact is judged, and how a single name is (`membership`); None when neither can be decided."""
    wanted, operator = _wanted(constraint, sort), constraint.operator.removeprefix(ODRL)
    compare = None if wanted is None else _compared(operator, wanted, sort)
    if wanted is None or compare is None:
        return None
    return _judge(compare, sort.spelling), membership(operator, wanted, sort)


def leaf_of(constraint: Constraint, source: str, sort: Sort = PLAIN) -> Leaf | None:
    """Return a constraint ready to be judged by the request's fact of this name."""
    found = ready(constraint, sort)
    if found is None:
        return None
    judge, quick = found
    if quick is None:
        return of_fact(source, judge)
    wanted, within = quick

    def test(request: Request) -> Truth:
        fact = request.facts.get(source)
        if fact.__class__ is str:
            return (fact in wanted) is within
        return None if fact is None else judge(fact, request)

    return Leaf(test, (), None, judge)


def named(
    iri: str, labels: Labels, sort: Sort = PLAIN, kind: OperandKind = OperandKind.TESTABLE, fact: str | None = None
) -> Operand:
    """Return an operand whose fact, of the same name or of another, is a name or several."""
    source = fact or iri

    return Operand(
        iri=iri,
        kind=kind,
        labels=labels,
        leaf=lambda constraint: leaf_of(constraint, source, sort),
        actual=shown(source),
        normal=lambda value: value if (name := sort.name(value)) is None else Value(name),
        findings=lambda constraint: findings(constraint, sort),
    )


def tag_wholes(tag: str) -> Names:
    """Return a language tag and the wider ones (RFC 4647 §3.3.1): `fr-CA`, `fr`."""
    subtags = tag.split("-")
    return ["-".join(subtags[:length]) for length in range(1, len(subtags) + 1)]


def version_order(name: str) -> tuple[int, ...] | None:
    """Return the numbers of a version, so that two versions compare; None if it is not made of numbers."""
    found = _VERSION.fullmatch(name)
    if found is None:
        return None
    numbers = [int(number) for number in found[1].split(".")]
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


LANGUAGES = Sort(spelling=str.lower, wholes=tag_wholes)
VERSIONS = Sort(order=version_order)
FLAGS = Sort(flags=True)


def normal(value: Value) -> Value:
    """An IRI, a string and an xsd:anyURI that spell the same name are the same."""
    return Value(value.text) if PLAIN.holds(value) else value


def findings(constraint: Constraint, sort: Sort = PLAIN) -> Iterator[Finding]:
    """Say why a constraint on a name cannot be judged."""
    if comparison(constraint, sort) is not None:
        return
    name = short(constraint.operand)
    if not all(sort.holds(value) for value in constraint.values):
        yield Finding(
            "not-a-name",
            "error",
            {
                "fr": f"« {name} » se compare à un nom ou à un identifiant, pas à une autre sorte de valeur.",
                "en": f"“{name}” is compared with a name or an identifier, not with another kind of value.",
            },
        )
    else:
        yield undecidable(constraint)


def undecidable(constraint: Constraint) -> Finding:
    """Say that the operator does not suit the operand or the number of values."""
    operand, operator = short(constraint.operand), short(constraint.operator)
    return Finding(
        "operator-unsuited",
        "error",
        {
            "fr": f"« {operator} » ne permet pas de vérifier « {operand} » avec ces valeurs.",
            "en": f"“{operator}” cannot be used to check “{operand}” with these values.",
        },
    )
