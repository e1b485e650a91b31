"""The facts of a request: who asks, for what, when, and what is known of the circumstances.

Whoever calls gathers them; the library asks nobody. A fact that is not here is not known, and what is not known grants
nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

Fact = str | bool | int | float | Collection[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question: may this party do this with that, now?

    `action` is an ODRL name (`use`) or IRI; `target` the asset's IRI; `party` the participant's DID; `at` an aware
    instant. `facts` are by the IRI of their left operand, one value or several. `accepted_terms` are texts from
    `declarative_terms`, taken over when the party asked for that policy unchanged. `fulfilled` are texts of the same
    form for the duties whose performance is proven. `phase` is `catalogue`, `negotiation`, `transfer` or `request`; but
    for the first two, an answer that is not known is a denial.
    """

    at: datetime
    action: str = "use"
    target: str | None = None
    party: str | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)
    accepted_terms: Collection[str] = frozenset()
    fulfilled: Collection[str] = frozenset()
    phase: str = "request"

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("the instant of a request has a time zone")


def as_set(fact: Fact) -> frozenset[str]:
    """Return a fact as the set of its values."""
    if isinstance(fact, str):
        return frozenset((fact,))
    if isinstance(fact, bool):
        return frozenset(("true" if fact else "false",))
    if isinstance(fact, int | float):
        return frozenset((str(fact),))
    return frozenset(fact)
