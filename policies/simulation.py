"""What if: who would get what, for which purpose, when, and why not; and when the answer changes by itself.

A simulation asks the engine the question of every square of a grid (participants × purposes × instants) and keeps its
decisions. It knows nothing of its own: a decision here is the decision that the same request gets at a node.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import product

from policies.compiler import declarative_terms
from policies.errors import GridTooLarge
from policies.evaluation import CompiledPolicy, Decision, Effect
from policies.facts import Fact, Request
from policies.knowledge import Knowledge
from policies.model import Policy
from policies.vocabulary import ODRL

MAX_SQUARES = 10_000
MAX_CHANGES = 100
PURPOSE = ODRL + "purpose"


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody who might ask: a DID, and what is known of that organisation, by the IRI of its left operand."""

    did: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The questions. A purpose of None states none: then it is whatever the accepted terms say.

    `accepts`: the party asks for the policy unchanged, and so accepts its declarative terms. `knowledge` says what is a
    kind of what (`profile.knowledge()` for the terms of the territory profile).
    """

    participants: tuple[Participant, ...]
    instants: tuple[datetime, ...]
    purposes: tuple[str | None, ...] = (None,)
    action: str = "use"
    target: str | None = None
    phase: str = "request"
    accepts: bool = True
    knowledge: Knowledge | None = None


@dataclass(frozen=True, slots=True)
class Square:
    """One question of the grid with its answer."""

    participant: Participant
    purpose: str | None
    at: datetime
    decision: Decision


@dataclass(frozen=True, slots=True)
class Change:
    """From this instant on, until the next change, the effect is this one."""

    at: datetime
    effect: Effect


def simulate(policy: Policy, grid: Grid) -> list[Square]:
    """Return the answer of every square, participant by participant, purpose by purpose, in the order of the grid.

    Raises GridTooLarge beyond 10,000 squares.
    """
    if len(grid.participants) * len(grid.purposes) * len(grid.instants) > MAX_SQUARES:
        raise GridTooLarge(
            {
                "fr": f"La limite est de {MAX_SQUARES} réponses : moins d’organismes, de finalités ou de dates.",
                "en": f"The limit is {MAX_SQUARES} answers: fewer participants, purposes or dates.",
            }
        )
    compiled, accepted = CompiledPolicy(policy), _accepted(policy, grid)
    return [
        Square(participant, purpose, at, compiled.decide(_request(grid, accepted, participant, purpose, at)))
        for participant, purpose, at in product(grid.participants, grid.purposes, grid.instants)
    ]


def timeline(policy: Policy, request: Request) -> list[Change]:
    """Return what time alone makes of one request: the effect at its instant, then each change, at most 100."""
    compiled = CompiledPolicy(policy)
    decision = compiled.decide(request)
    changes, at = [Change(request.at, decision.effect)], decision.valid_until
    while at is not None and len(changes) <= MAX_CHANGES:
        decision = compiled.decide(replace(request, at=at))
        if decision.effect is not changes[-1].effect:
            changes.append(Change(at, decision.effect))
        at = decision.valid_until
    return changes


def question(policy: Policy, grid: Grid, participant: Participant, purpose: str | None, at: datetime) -> Request:
    """Return the request of one square."""
    return _request(grid, _accepted(policy, grid), participant, purpose, at)


def _accepted(policy: Policy, grid: Grid) -> frozenset[str]:
    return frozenset(declarative_terms(policy)) if grid.accepts else frozenset()


def _request(
    grid: Grid, accepted: frozenset[str], participant: Participant, purpose: str | None, at: datetime
) -> Request:
    return Request(
        at=at,
        action=grid.action,
        target=grid.target,
        party=participant.did,
        facts=participant.facts if purpose is None else {**participant.facts, PURPOSE: purpose},
        accepted_terms=accepted,
        phase=grid.phase,
        knowledge=grid.knowledge,
    )
