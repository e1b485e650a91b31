"""The five offers of the Pays de Démo: what DSP makes of them, and who gets what."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

import policies
from policies import Effect, Request
from policies.scenarios import AIR, BUILDINGS, COUNTS, FUEL_POVERTY, LIGHTING, METROPOLE, SCENARIOS, Scenario
from policies.vocabulary import ODRL, TERRI
from tests.harness import schemas

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATE = datetime(2029, 1, 1, tzinfo=UTC)
CATEGORY, DPO, CELLS = TERRI + "participantCategory", TERRI + "accordDPO", TERRI + "minCellCount"
PURPOSE, COUNT = ODRL + "purpose", ODRL + "count"
AUTHORITY = {CATEGORY: TERRI + "Collectivite"}
COMPANY = {CATEGORY: TERRI + "Entreprise"}

every_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


def effect(scenario: Scenario, party: str, facts: dict, at: datetime = AT, action: str = "use", accepts: bool = True):
    policy = policies.load(scenario.offer)
    terms = frozenset(policies.declarative_terms(policy)) if accepts else frozenset()
    request = Request(at=at, action=action, party=party, facts=facts, accepted_terms=terms)
    return policies.compile(policy).decide(request).effect


@every_scenario
def test_an_offer_is_one_that_dsp_carries(scenario):
    assert schemas.offer_faults(dict(scenario.offer)) == []
    assert policies.validate(policies.load(scenario.offer), target="offer") == []


@pytest.mark.parametrize(
    ("scenario", "template"),
    [
        (LIGHTING, "public-service"),
        (BUILDINGS, None),
        (AIR, "real-time"),
        (COUNTS, "open-data"),
        (FUEL_POVERTY, "personal-data"),
    ],
    ids=lambda value: value.name if isinstance(value, Scenario) else str(value),
)
def test_an_offer_that_a_template_could_have_made_is_recognised(scenario, template):
    found = policies.recognise(policies.load(scenario.offer))
    assert (found and found.template.name) == template


@pytest.mark.parametrize(
    ("facts", "at", "accepts", "expected"),
    [
        (AUTHORITY, AT, True, Effect.PERMIT),
        ({CATEGORY: TERRI + "RecherchePublique"}, AT, True, Effect.PERMIT),
        ({**AUTHORITY, PURPOSE: TERRI + "TrameNoire"}, AT, False, Effect.PERMIT),
        ({**AUTHORITY, PURPOSE: TERRI + "ModelisationQualiteAir"}, AT, True, Effect.DENY),
        (AUTHORITY, AT, False, Effect.DENY),
        (COMPANY, AT, True, Effect.DENY),
        ({}, AT, True, Effect.DENY),
        (AUTHORITY, LATE, True, Effect.DENY),
    ],
)
def test_light_points_go_to_authorities_and_research_for_these_purposes_until_2028(facts, at, accepts, expected):
    assert effect(LIGHTING, METROPOLE, facts, at, accepts=accepts) is expected


@pytest.mark.parametrize("action", ["odrl:distribute", "odrl:sell"])
def test_light_points_are_not_passed_on(action):
    assert effect(LIGHTING, METROPOLE, AUTHORITY, action=action) in (Effect.DENY, Effect.NOT_APPLICABLE)


@pytest.mark.parametrize(("consent", "expected"), [(True, Effect.PERMIT), (False, Effect.DENY), (None, Effect.DENY)])
def test_load_curves_need_the_consent_of_the_officer(consent, expected):
    facts = {} if consent is None else {DPO: consent}
    assert effect(BUILDINGS, "did:web:recherche.example", facts) is expected


@pytest.mark.parametrize("action", ["reidentify", "automatedIndividualDecision"])
def test_what_the_fuel_poverty_data_must_not_serve_is_refused(action):
    facts = {DPO: True, CELLS: 11}
    assert effect(FUEL_POVERTY, METROPOLE, facts) is Effect.PERMIT
    assert effect(FUEL_POVERTY, METROPOLE, facts, action=TERRI + action) is Effect.DENY


@pytest.mark.parametrize(("count", "expected"), [(1, Effect.PERMIT), (20_000, Effect.PERMIT), (20_001, Effect.DENY)])
def test_air_quality_is_called_twenty_thousand_times_at_most(count, expected):
    policy = policies.load(AIR.offer)
    request = Request(at=AT, party=METROPOLE, accepted_terms=frozenset(policies.declarative_terms(policy)))
    decided = policies.compile(policy).decide(replace(request, facts={COUNT: count}))
    assert decided.effect is expected


@pytest.mark.parametrize("facts", [{}, COMPANY])
def test_open_data_go_to_everybody(facts):
    assert effect(COUNTS, "did:web:anybody.example", facts, LATE) is Effect.PERMIT


@pytest.mark.parametrize(
    ("party", "facts", "expected"),
    [
        (METROPOLE, {DPO: True, CELLS: 11}, Effect.PERMIT),
        (METROPOLE, {DPO: True, CELLS: 3}, Effect.DENY),
        (METROPOLE, {DPO: True}, Effect.DENY),
        (METROPOLE, {DPO: False, CELLS: 11}, Effect.DENY),
        ("did:web:autre.example", {DPO: True, CELLS: 11}, Effect.DENY),
    ],
)
def test_fuel_poverty_goes_to_the_metropole_alone_with_no_small_cell(party, facts, expected):
    assert effect(FUEL_POVERTY, party, facts) is expected
