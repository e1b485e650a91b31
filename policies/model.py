"""What a policy is, once read: frozen values that know nothing of JSON.

The names and the shape are those of the ODRL 2.2 information model: a `Policy` has rules (permissions, prohibitions,
obligations), a `Rule` has actions, parties, targets, constraints and duties, a `Constraint` compares a left operand
with values, a `LogicalConstraint` combines others. Terms are full IRIs (`http://www.w3.org/ns/odrl/2/use`), whatever
way they were written; a term that is in no vocabulary stays as it was written. Everything that may be given more than
once is a tuple. What the reader does not know is kept in `extras`, by name, as canonical JSON text.

Nothing here computes: reading is in reader.py, writing in writer.py, meaning in compiler.py. `pointer` is where the
part stood in the text that was read; it does not count when two parts are compared.
"""

from dataclasses import dataclass, field
from enum import StrEnum

Extras = tuple[tuple[str, str], ...]


class RuleKind(StrEnum):
    """The place of a rule in its policy, which decides what it means (ODRL 2.2 §2.6)."""

    PERMISSION = "permission"
    PROHIBITION = "prohibition"
    OBLIGATION = "obligation"
    DUTY = "duty"
    REMEDY = "remedy"
    CONSEQUENCE = "consequence"


class Logic(StrEnum):
    """The logical operands (ODRL 2.2 §2.5.2); in ANDSEQUENCE the order counts."""

    AND = "and"
    OR = "or"
    XONE = "xone"
    ANDSEQUENCE = "andSequence"


@dataclass(frozen=True, slots=True)
class Value:
    """A right operand: its lexical form, and what the text said of its type.

    `datatype` is a full IRI, or None for a plain string; `is_iri` marks `{"@id": …}`. A JSON object or array that is
    none of JSON-LD's values keeps its canonical text, with the datatype rdf:JSON.
    """

    text: str
    datatype: str | None = None
    is_iri: bool = False
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Constraint:
    """A comparison (ODRL 2.2 §2.5.1). `reference` marks a right operand that stands elsewhere, at the IRI it gives."""

    operand: str
    operator: str
    values: tuple[Value, ...]
    reference: bool = False
    unit: str | None = None
    status: Value | None = None
    uid: str | None = None
    extras: Extras = ()
    pointer: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class LogicalConstraint:
    """A combination of constraints; never empty."""

    logic: Logic
    operands: tuple["Condition", ...]
    uid: str | None = None
    extras: Extras = ()
    pointer: str = field(default="", compare=False)


Condition = Constraint | LogicalConstraint


@dataclass(frozen=True, slots=True)
class Reference:
    """An asset or a party. With `part_of`, `source` or `refinements` it is, or belongs to, a collection."""

    iri: str | None
    kinds: tuple[str, ...] = ()
    part_of: tuple[str, ...] = ()
    source: str | None = None
    refinements: tuple[Condition, ...] = ()
    extras: Extras = ()

    @property
    def is_plain(self) -> bool:
        """True when the IRI alone says who or what it is."""
        return self.iri is not None and not (self.part_of or self.source or self.refinements or self.extras)

    @property
    def is_collection(self) -> bool:
        """True when it is declared as a collection, whose members are known elsewhere."""
        return not {"AssetCollection", "PartyCollection"}.isdisjoint(self.kinds)


@dataclass(frozen=True, slots=True)
class Action:
    """What is done with the asset, perhaps refined."""

    iri: str
    refinements: tuple[Condition, ...] = ()
    extras: Extras = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A permission or a prohibition. `duties` belong to a permission, `remedies` to a prohibition."""

    kind: RuleKind
    actions: tuple[Action, ...] = ()
    constraints: tuple[Condition, ...] = ()
    targets: tuple[Reference, ...] = ()
    assigners: tuple[Reference, ...] = ()
    assignees: tuple[Reference, ...] = ()
    duties: tuple["Duty", ...] = ()
    remedies: tuple["Duty", ...] = ()
    uid: str | None = None
    extras: Extras = ()
    pointer: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty(Rule):
    """An obligation of the policy, the duty of a permission, a remedy or a consequence."""

    consequences: tuple["Duty", ...] = ()


@dataclass(frozen=True, slots=True)
class Repair:
    """A slip of the pen that the reader set right: what was written, and the term that was meant."""

    pointer: str
    found: str
    used: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy as it was read. `source` is its text; the parties and targets here are shared by all its rules.

    `conflicts` keeps what was said, so that "nothing" and "invalid" stay different (they inherit differently).
    `repairs` are what the reader had to set right (dialects.py); like `source`, they do not count in a comparison.
    """

    kinds: tuple[str, ...] = ()
    uid: str | None = None
    profiles: tuple[str, ...] = ()
    inherits_from: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    targets: tuple[Reference, ...] = ()
    assigners: tuple[Reference, ...] = ()
    assignees: tuple[Reference, ...] = ()
    permissions: tuple[Rule, ...] = ()
    prohibitions: tuple[Rule, ...] = ()
    obligations: tuple[Duty, ...] = ()
    timestamp: str | None = None
    extras: Extras = ()
    source: str = field(default="", compare=False, repr=False)
    repairs: tuple[Repair, ...] = field(default=(), compare=False)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules at the top of the policy."""
        return self.permissions + self.prohibitions + self.obligations
