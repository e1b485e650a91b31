"""What a left operand tells the rest of the library about itself.

One file beside this one declares one operand, or a family that is judged alike. An `Operand` compiles a constraint into
a `Leaf` (a test, and the instants at which its answer can change by itself), or into None when it cannot judge it; it
says why in `findings`. Its kind decides what a missing fact means: a declarative operand is settled by accepting the
term, all others are not known. The rank of a stateful one may come from a counter of the rule (`Leaf.judge`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from policies.errors import Text
from policies.facts import Request
from policies.model import Constraint, Value
from policies.truth import Test, Truth
from policies.vocabulary import Labels

Judge = Callable[[object, Request], Truth]
"""Tells whether a fact, whatever it is, is as the constraint wants it; None when they cannot be compared."""


class OperandKind(StrEnum):
    """How the truth of a condition on the operand is found."""

    TESTABLE = "testable"
    STATEFUL = "stateful"
    DECLARATIVE = "declarative"


@dataclass(slots=True)
class Leaf:
    """A constraint ready to be judged.

    `boundaries`: the instants, in order, at which time alone changes the answer; `changes` gives those that depend on
    the facts of the request. `judge` compares a fact that does not come from `Request.facts`.
    """

    test: Test
    boundaries: tuple[datetime, ...] = ()
    changes: Callable[[Request], tuple[datetime, ...]] | None = None
    judge: Judge | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, or doubtful, in a constraint on this operand."""

    code: str
    severity: str
    text: Text


@dataclass(frozen=True, slots=True)
class Operand:
    """A left operand that this library judges.

    `actual` shows the fact that a request brings, or None; `normal` gives one spelling to values that mean the same;
    `phrases` are the words for an operator where the general ones read badly. `has_unit`: a unit can be compared too.
    """

    iri: str
    kind: OperandKind
    labels: Labels
    leaf: Callable[[Constraint], Leaf | None]
    actual: Callable[[Request], str | None]
    normal: Callable[[Value], Value]
    findings: Callable[[Constraint], Iterator[Finding]]
    phrases: Mapping[str, Labels] = field(default_factory=dict)
    has_unit: bool = False


def of_fact(iri: str, judge: Judge) -> Leaf:
    """Return the leaf that compares the request's fact of this name."""

    def test(request: Request) -> Truth:
        fact = request.facts.get(iri)
        return None if fact is None else judge(fact, request)

    return Leaf(test, judge=judge)


def shown(iri: str) -> Callable[[Request], str | None]:
    """Return what shows the fact of this name to a person."""

    def actual(request: Request) -> str | None:
        fact = request.facts.get(iri)
        return None if fact is None else text_of(fact)

    return actual


def text_of(fact: object) -> str | None:
    """Return a fact in words that need no translation."""
    if isinstance(fact, str):
        return fact
    if isinstance(fact, bool):
        return "true" if fact else "false"
    if isinstance(fact, datetime):
        return fact.isoformat().replace("+00:00", "Z")
    if isinstance(fact, set | frozenset | list | tuple):
        return ", ".join(sorted(text_of(each) or "?" for each in fact)) or None
    try:
        return str(fact)
    except ValueError:  # more digits than Python writes
        return "?"
