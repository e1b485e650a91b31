"""The facts of a request: who asks, for what, when, and what is known of the circumstances.

Whoever calls gathers them; the library asks nobody. A fact that is not here is not known, and what is not known grants
nothing. There is no way to give a fact that raises: one of a kind that suits no comparison is simply not known.

What a rule says of its action, its party or its target (refinements) is looked up in `action_facts`, `party_facts` and
`target_facts` first, then in `facts`: the facts of a request are about this act, of this party, on this target.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from policies.knowledge import Knowledge


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, an IRI: 5.00 euros. It is compared with numbers of the same unit only."""

    value: int | float | Decimal | str
    unit: str


@dataclass(frozen=True, slots=True)
class Period:
    """When an event began and when it ended; None while it has not."""

    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        if any(instant is not None and instant.tzinfo is None for instant in (self.start, self.end)):
            raise ValueError("the instants of an event have a time zone")


Fact = str | bool | int | float | Decimal | Quantity | datetime | timedelta | Collection[str]
Facts = Mapping[str, Fact]


@dataclass(slots=True, kw_only=True)
class Request:
    """One question: may this party do this with that, now? Nobody changes one that was asked.

    `action` is an ODRL name (`use`) or IRI; `target` the asset's IRI; `party` the participant's DID; `at` an aware
    instant. `facts` are by the IRI of their left operand, one value or several. `accepted_terms` are texts from
    `declarative_terms`, taken over when the party asked for that policy unchanged. `fulfilled` and `violated` are the
    duties whose performance is proven and those that were not kept in time, as texts of the same form or as the duty's
    IRI. `knowledge` says what each name is a kind or a part of (knowledge.py), `events` when an event took place,
    `counts` the rank of this use for each counter of the policy (state.py fills it in). `phase` is `catalogue`,
    `negotiation`, `transfer` or `request`; but for the first two, an answer that is not known is a denial.

    Not frozen, because one is made for each data request, and a frozen one takes three times as long to make.
    """

    at: datetime
    action: str = "use"
    target: str | None = None
    party: str | None = None
    facts: Facts = field(default_factory=dict)
    accepted_terms: Collection[str] = frozenset()
    fulfilled: Collection[str] = frozenset()
    violated: Collection[str] = frozenset()
    phase: str = "request"
    action_facts: Facts | None = None
    party_facts: Facts | None = None
    target_facts: Facts | None = None
    knowledge: Knowledge | None = None
    events: Mapping[str, Period] | None = None
    counts: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("the instant of a request has a time zone")

    def ranked(self, counts: Mapping[str, int]) -> "Request":
        """Return the request with the ranks of this use; written out, because `replace` takes ten times as long."""
        return Request(
            at=self.at,
            action=self.action,
            target=self.target,
            party=self.party,
            facts=self.facts,
            accepted_terms=self.accepted_terms,
            fulfilled=self.fulfilled,
            violated=self.violated,
            phase=self.phase,
            action_facts=self.action_facts,
            party_facts=self.party_facts,
            target_facts=self.target_facts,
            knowledge=self.knowledge,
            events=self.events,
            counts=counts,
        )


def as_set(fact: object) -> frozenset[str]:
    """Return a fact as the set of its values; empty when one of them has no name."""
    if (name := _name(fact)) is not None:
        return frozenset((name,))
    if not isinstance(fact, Collection) or isinstance(fact, bytes | bytearray):
        return frozenset()
    names = [_name(each) for each in fact]
    return frozenset() if None in names else frozenset(name for name in names if name is not None)


def _name(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return str(value) if isinstance(value, int | float | Decimal) else None
    except ValueError:  # more digits than Python writes
        return None
