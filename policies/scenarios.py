"""Five offers between organisations of a fictional territory, for demonstrations, documentation and tests.

Each is written out as its provider would publish it, in the form of DSP 2025-1 and without template. What their
consumers get, and why others get nothing, is in tests/policies/test_scenarios.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.errors import Text
from policies.profile.terms import GDPR
from policies.profile.terms import NAMESPACE as T

PROHIBITION_WINS = {"@id": "odrl:prohibit"}
PUBLIC_INTEREST = GDPR + "A6-1-e"
METROPOLE = "did:web:metropole.pays-de-demo.example"
SYNDICAT = "did:web:syndicat-energie.pays-de-demo.example"
DEPARTEMENT = "did:web:departement.pays-de-demo.example"
LITTORAL = "did:web:littoral.pays-de-demo.example"


@dataclass(frozen=True, slots=True)
class Scenario:
    """An offer with its provider, and what it is about in a sentence."""

    name: str
    title: Text
    provider: str
    offer: Mapping[str, Any]


def _constraint(operand: str, operator: str, value: Any) -> dict[str, Any]:
    return {"leftOperand": operand, "operator": operator, "rightOperand": value}


def _typed(datatype: str, text: str) -> dict[str, str]:
    return {"@type": f"xsd:{datatype}", "@value": text}


LIGHTING = Scenario(
    "S1",
    {
        "fr": "Points lumineux et consommations, pour la sobriété de l’éclairage et la trame noire",
        "en": "Light points and consumption, for sober lighting and dark corridors",
    },
    SYNDICAT,
    {
        "@id": "urn:pays-de-demo:offre:s1",
        "@type": "Offer",
        "profile": [T],
        "odrl:conflict": PROHIBITION_WINS,
        "permission": [
            {
                "action": "use",
                "constraint": [
                    _constraint("odrl:purpose", "isAnyOf", [T + "TrameNoire", T + "SobrieteEclairage"]),
                    _constraint(T + "participantCategory", "isAnyOf", [T + "Collectivite", T + "RecherchePublique"]),
                    _constraint("odrl:dateTime", "lteq", _typed("dateTime", "2028-12-31T23:59:59Z")),
                ],
            }
        ],
        "prohibition": [{"action": "odrl:distribute"}],
        "obligation": [{"action": "odrl:attribute"}, {"action": T + "publishReuseReport"}],
    },
)
BUILDINGS = Scenario(
    "S2",
    {
        "fr": "Consommations des collèges, pour la recherche sur la rénovation",
        "en": "Consumption of school buildings, for research on renovation",
    },
    DEPARTEMENT,
    {
        "@id": "urn:pays-de-demo:offre:s2",
        "@type": "Offer",
        "profile": [T],
        "odrl:conflict": PROHIBITION_WINS,
        "permission": [
            {
                "action": "use",
                "constraint": [
                    _constraint("odrl:purpose", "eq", T + "RechercheRenovation"),
                    _constraint(T + "legalBasis", "eq", PUBLIC_INTEREST),
                    _constraint(T + "accordDPO", "eq", "true"),
                ],
            }
        ],
        "prohibition": [{"action": T + "reidentify"}, {"action": "odrl:distribute"}],
        "obligation": [
            {
                "action": "odrl:delete",
                "constraint": [_constraint("odrl:elapsedTime", "lteq", _typed("duration", "P24M"))],
            },
            {"action": T + "attestDeletion"},
        ],
    },
)
AIR = Scenario(
    "S3",
    {
        "fr": "Micro-capteurs de la qualité de l’air, presque en temps réel",
        "en": "Air quality sensors, almost in real time",
    },
    METROPOLE,
    {
        "@id": "urn:pays-de-demo:offre:s3",
        "@type": "Offer",
        "profile": [T],
        "odrl:conflict": PROHIBITION_WINS,
        "permission": [
            {
                "action": "use",
                "constraint": [
                    _constraint("odrl:purpose", "isAnyOf", T + "ModelisationQualiteAir"),
                    _constraint("odrl:count", "lteq", _typed("integer", "20000")),
                ],
            }
        ],
        "prohibition": [{"action": T + "publishAsRegulatoryMeasure"}],
        "obligation": [{"action": "odrl:attribute"}, {"action": "odrl:inform"}],
    },
)
COUNTS = Scenario(
    "S4",
    {"fr": "Comptages de vélos et de piétons, en données ouvertes", "en": "Counts of cyclists and walkers, open data"},
    LITTORAL,
    {
        "@id": "urn:pays-de-demo:offre:s4",
        "@type": "Offer",
        "permission": [{"action": "use"}],
        "obligation": [{"action": "odrl:attribute"}],
    },
)
FUEL_POVERTY = Scenario(
    "S5",
    {
        "fr": "Aides à l’énergie par quartier, issues de données personnelles",
        "en": "Energy aid by neighbourhood, drawn from personal data",
    },
    DEPARTEMENT,
    {
        "@id": "urn:pays-de-demo:offre:s5",
        "@type": "Offer",
        "profile": [T],
        "odrl:conflict": PROHIBITION_WINS,
        "permission": [
            {
                "action": "use",
                "constraint": [
                    _constraint("odrl:purpose", "isAnyOf", T + "CiblagePrecariteEnergetique"),
                    _constraint("odrl:recipient", "isAnyOf", METROPOLE),
                    _constraint(T + "legalBasis", "eq", PUBLIC_INTEREST),
                    _constraint(T + "minCellCount", "gteq", _typed("integer", "11")),
                    _constraint(T + "accordDPO", "eq", "true"),
                ],
            }
        ],
        "prohibition": [
            {"action": T + "reidentify"},
            {"action": "odrl:distribute"},
            {"action": T + "automatedIndividualDecision"},
        ],
        "obligation": [
            {
                "action": "odrl:delete",
                "constraint": [_constraint("odrl:elapsedTime", "lteq", _typed("duration", "P12M"))],
            },
            {"action": T + "attestDeletion"},
        ],
    },
)

SCENARIOS: tuple[Scenario, ...] = (LIGHTING, BUILDINGS, AIR, COUNTS, FUEL_POVERTY)
