"""What a partner reads of a refusal at each level; the owner reads everything."""

from datetime import UTC, datetime
from typing import Any

import pytest

import policies
from connector.services import disclosure

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ENDED, CHOSEN, SECRET = "2026-01-01T00:00:00Z", "did:web:choisi.example", "https://agglo.example/ns#groupe-interne"
RULES: dict[str, Any] = {
    "permission": [
        {
            "action": "use",
            "constraint": [
                {"leftOperand": "odrl:dateTime", "operator": "lteq", "rightOperand": ENDED},
                {"leftOperand": "odrl:recipient", "operator": "isAnyOf", "rightOperand": [CHOSEN]},
                {"leftOperand": SECRET, "operator": "eq", "rightOperand": "vrai"},
            ],
        }
    ]
}


@pytest.fixture
def decision() -> policies.Decision:
    policy = policies.load({"@id": "urn:offer", "@type": "Offer", **RULES})
    asked = policies.Request(at=NOW, target="urn:data", party="did:web:autre.example", phase="negotiation")
    return policies.compile(policy).decide(asked)


def told(decision: policies.Decision, level: disclosure.Level) -> str:
    return "\n".join(disclosure.refusal(decision, level)["reason"])


def test_by_category_a_partner_reads_what_it_depends_on_and_what_to_do_without_values(
    decision: policies.Decision,
) -> None:
    assert disclosure.told(decision, "category", "fr")[:4] == [
        "La demande est refusée.",
        "Ce qui fait obstacle\u00a0: la période ou la durée d’utilisation.",
        "Ce qui fait obstacle\u00a0: l’organisation qui demande.",
        "Ce qui fait obstacle\u00a0: une condition particulière.",
    ]
    assert "What stands in the way: the organisation that asks." in disclosure.told(decision, "category", "en")
    assert any("admise" in line for line in disclosure.told(decision, "category", "fr"))


@pytest.mark.parametrize("level", ["none", "category"])
def test_no_value_leaves_below_the_clause(decision: policies.Decision, level: disclosure.Level) -> None:
    said = told(decision, level)
    assert not any(value in said for value in ("2026", CHOSEN, "groupe-interne", "autre.example"))


def test_at_none_a_partner_reads_that_it_is_refused_and_no_more(decision: policies.Decision) -> None:
    assert told(decision, "none").splitlines() == [
        "La demande est refusée.",
        "Adressez-vous à l’organisation qui propose ce jeu de données.",
        "The request is refused.",
        "Ask the organisation that offers this dataset.",
    ]


def test_by_clause_a_partner_reads_each_reason(decision: policies.Decision) -> None:
    assert CHOSEN in told(decision, "clause")


@pytest.mark.parametrize("level", ["none", "category", "clause"])
def test_the_owner_reads_every_reason_at_any_level(decision: policies.Decision, level: disclosure.Level) -> None:
    explained = disclosure.refusal(decision, level)["explained"]
    for language in ("fr", "en"):
        assert any(CHOSEN in line for line in explained[language])
        assert any("groupe-interne" in line for line in explained[language])
