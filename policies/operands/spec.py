"""What a left operand tells the rest of the library about itself.

One file beside this one declares one operand, or a family that is judged alike. An `Operand` compiles a constraint into
a `Leaf` (a test, and the instants at which its answer can change by itself), or into None when it cannot judge it; it
says why in `findings`. Its kind decides what a missing fact means: a declarative operand is settled by accepting the
term, all others are not known.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from policies.errors import Text
from policies.facts import Request
from policies.model import Constraint, Value
from policies.truth import Test
from policies.vocabulary import Labels


class OperandKind(StrEnum):
    """How the truth of a condition on the operand is found."""

    TESTABLE = "testable"
    STATEFUL = "stateful"
    DECLARATIVE = "declarative"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A constraint ready to be judged. `boundaries`: the instants, in order, at which time alone changes the answer."""

    test: Test
    boundaries: tuple[datetime, ...] = ()


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
    `phrases` are the words for an operator where the general ones read badly.
    """

    iri: str
    kind: OperandKind
    labels: Labels
    leaf: Callable[[Constraint], Leaf | None]
    actual: Callable[[Request], str | None]
    normal: Callable[[Value], Value]
    findings: Callable[[Constraint], Iterator[Finding]]
    phrases: Mapping[str, Labels] = field(default_factory=dict)
