"""A simulation is the engine asked many times, and a timeline is the engine asked at every moment."""

import os
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policies
from policies import Effect, Request
from policies.errors import GridTooLarge
from policies.scenarios import LIGHTING
from policies.simulation import Grid, Participant, question, simulate, timeline
from policies.vocabulary import ODRL, TERRI
from tests.policies.test_properties import POLICIES

EXAMPLES = settings(max_examples=2_000 if os.environ.get("CI") == "true" else 200, deadline=None)
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
MOMENTS = st.sampled_from([AT + timedelta(days=days) for days in (-60, -31, -1, 0, 1, 214, 215, 100_000)])
PURPOSES = [None, "mobility", "research"]
SOMEBODY = st.builds(
    Participant,
    did=st.sampled_from(["did:web:a", "did:web:b"]),
    facts=st.sampled_from([{}, {"partner": "gold"}, {ODRL + "purpose": ["mobility", "research"]}]),
)
GRIDS = st.builds(
    Grid,
    participants=st.lists(SOMEBODY, min_size=1, max_size=2).map(tuple),
    instants=st.lists(MOMENTS, min_size=1, max_size=2).map(tuple),
    purposes=st.lists(st.sampled_from(PURPOSES), min_size=1, max_size=2).map(tuple),
    action=st.sampled_from(["use", "read", "odrl:distribute"]),
    target=st.sampled_from([None, "urn:d"]),
    phase=st.sampled_from(["catalogue", "negotiation", "transfer", "request"]),
    accepts=st.booleans(),
    knowledge=st.sampled_from([None, {"mobility": [], "research": ["mobility"]}]),
)


@given(POLICIES, GRIDS)
@EXAMPLES
def test_every_square_is_the_answer_of_the_engine(offer, grid):
    policy = policies.load(offer)
    terms = policies.declarative_terms(policy) if grid.accepts else []
    squares = simulate(policy, grid)
    asked = [(who, purpose, at) for who in grid.participants for purpose in grid.purposes for at in grid.instants]
    assert [(one.participant, one.purpose, one.at) for one in squares] == asked
    for one in squares:
        stated = {ODRL + "purpose": one.purpose} if one.purpose else {}
        request = Request(
            at=one.at,
            action=grid.action,
            target=grid.target,
            party=one.participant.did,
            facts={**one.participant.facts, **stated},
            accepted_terms=terms,
            phase=grid.phase,
            knowledge=grid.knowledge,
        )
        expected = policies.compile(policy).decide(request)
        assert (one.decision.effect, one.decision.valid_until) == (expected.effect, expected.valid_until)
        assert one.decision.reasons == expected.reasons


@given(POLICIES, GRIDS, st.lists(MOMENTS, min_size=1, max_size=8))
@EXAMPLES
def test_at_every_moment_the_timeline_says_what_the_engine_says(offer, grid, moments):
    policy = policies.load(offer)
    first = min(grid.instants)
    request = question(policy, grid, grid.participants[0], grid.purposes[0], first)
    changes = timeline(policy, request)
    assert changes[0].at == first
    assert [each.at for each in changes] == sorted({each.at for each in changes})
    assert all(one.effect is not other.effect for one, other in pairwise(changes))
    compiled = policies.compile(policy)
    for moment in (each for each in moments if each >= first):
        in_force = [each.effect for each in changes if each.at <= moment][-1]
        there = question(policy, grid, grid.participants[0], grid.purposes[0], moment)
        assert compiled.decide(there).effect is in_force


def test_an_end_date_shows_in_the_timeline():
    policy = policies.load(LIGHTING.offer)
    authority = Participant("did:web:a.example", {TERRI + "participantCategory": TERRI + "Collectivite"})
    grid = Grid(participants=(authority,), instants=(AT,), purposes=(TERRI + "TrameNoire",))
    found = timeline(policy, question(policy, grid, authority, TERRI + "TrameNoire", AT))
    end = datetime(2028, 12, 31, 23, 59, 59, 1, tzinfo=UTC)
    assert [(each.at, each.effect) for each in found] == [(AT, Effect.PERMIT), (end, Effect.DENY)]


def test_a_grid_has_an_end():
    policy = policies.load(LIGHTING.offer)
    everyone = tuple(Participant(f"did:web:{n}.example") for n in range(101))
    grid = Grid(participants=everyone, instants=tuple(AT + timedelta(days=n) for n in range(100)))
    with pytest.raises(GridTooLarge, match="10000"):
        simulate(policy, grid)
