"""The left operands of the territory profile: what decisions make of them."""

from datetime import UTC, datetime

import pytest

import policies
from policies import Effect, Request, profile
from policies.operands import OPERANDS
from policies.profile import TERMS, Assurance, TermKind
from policies.vocabulary import ODRL, TERRI

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
CATEGORY = TERRI + "participantCategory"
DPO = TERRI + "accordDPO"
CELLS = TERRI + "minCellCount"
CHARTER = TERRI + "charterSigned"
BOTH = frozenset(profile.lineage(TERRI + "Collectivite"))
SIGNED = frozenset({"true", "urn:charte:brest"})
PURPOSE = ODRL + "purpose"


def judged(operand: str, operator: str, value, facts: dict):
    constraint = {"leftOperand": operand, "operator": operator, "rightOperand": value}
    policy = policies.load({"@id": "urn:p", "permission": [{"action": "use", "constraint": [constraint]}]})
    request = Request(at=AT, facts=facts, phase="negotiation", knowledge=profile.knowledge())
    return policies.compile(policy).decide(request).effect


@pytest.mark.parametrize(
    "term", [term for term in TERMS if term.kind is TermKind.LEFT_OPERAND], ids=lambda term: term.name
)
def test_every_left_operand_is_judged_and_a_declarative_one_is_settled_by_acceptance(term):
    operand = OPERANDS[term.iri]
    assert (operand.kind.value == "declarative") is (term.assurance is Assurance.DECLARATIVE)


@pytest.mark.parametrize(
    ("operand", "operator", "value", "facts", "effect"),
    [
        (CATEGORY, "isAnyOf", TERRI + "Collectivite", {CATEGORY: TERRI + "Collectivite"}, Effect.PERMIT),
        (CATEGORY, "isA", TERRI + "OrganismePublic", {CATEGORY: TERRI + "Collectivite"}, Effect.PERMIT),
        (CATEGORY, "isA", TERRI + "Collectivite", {CATEGORY: TERRI + "OrganismePublic"}, Effect.DENY),
        (PURPOSE, "isA", TERRI + "TransitionEcologique", {PURPOSE: TERRI + "SobrieteEclairage"}, Effect.PERMIT),
        (PURPOSE, "isA", TERRI + "TransitionEcologique", {PURPOSE: TERRI + "GestionCrise"}, Effect.DENY),
        (PURPOSE, "isA", TERRI + "TransitionEcologique", {PURPOSE: "urn:x"}, Effect.INDETERMINATE),
        (CATEGORY, "isAnyOf", TERRI + "Collectivite", {CATEGORY: TERRI + "Entreprise"}, Effect.DENY),
        (CATEGORY, "isNoneOf", TERRI + "Entreprise", {CATEGORY: TERRI + "Collectivite"}, Effect.PERMIT),
        (CATEGORY, "eq", TERRI + "OrganismePublic", {CATEGORY: TERRI + "Collectivite"}, Effect.DENY),
        (CATEGORY, "isAnyOf", TERRI + "Collectivite", {}, Effect.INDETERMINATE),
        (CATEGORY, "eq", TERRI + "Collectivite", {CATEGORY: BOTH}, Effect.PERMIT),
        (CATEGORY, "eq", TERRI + "OrganismePublic", {CATEGORY: BOTH}, Effect.PERMIT),
        (CATEGORY, "neq", TERRI + "Collectivite", {CATEGORY: BOTH}, Effect.DENY),
        (CATEGORY, "neq", TERRI + "Entreprise", {CATEGORY: BOTH}, Effect.PERMIT),
        (CATEGORY, "isNoneOf", TERRI + "OrganismePublic", {CATEGORY: BOTH}, Effect.DENY),
        (CHARTER, "eq", "true", {CHARTER: SIGNED}, Effect.PERMIT),
        (CHARTER, "eq", "urn:charte:brest", {CHARTER: SIGNED}, Effect.PERMIT),
        (CHARTER, "eq", "urn:charte:autre", {CHARTER: SIGNED}, Effect.DENY),
        (CHARTER, "neq", "true", {CHARTER: SIGNED}, Effect.DENY),
        (CHARTER, "eq", "false", {CHARTER: SIGNED}, Effect.DENY),
        (
            TERRI + "charterSigned",
            "eq",
            "urn:charte:brest",
            {TERRI + "charterSigned": "urn:charte:brest"},
            Effect.PERMIT,
        ),
        (DPO, "eq", "true", {DPO: True}, Effect.PERMIT),
        (DPO, "eq", {"@value": "true", "@type": "xsd:boolean"}, {DPO: "true"}, Effect.PERMIT),
        (DPO, "eq", "true", {DPO: False}, Effect.DENY),
        (DPO, "neq", "false", {DPO: True}, Effect.PERMIT),
        (DPO, "eq", "true", {}, Effect.INDETERMINATE),
        (CELLS, "gteq", {"@value": "11", "@type": "xsd:integer"}, {CELLS: 11}, Effect.PERMIT),
        (CELLS, "gteq", {"@value": "11", "@type": "xsd:integer"}, {CELLS: 3}, Effect.DENY),
        (CELLS, "gteq", "11", {CELLS: "12"}, Effect.PERMIT),
        (CELLS, "gteq", "11", {}, Effect.INDETERMINATE),
    ],
)
def test_what_the_provider_establishes_is_compared(operand, operator, value, facts, effect):
    assert judged(operand, operator, value, facts) is effect


@pytest.mark.parametrize(
    ("operand", "operator", "value", "code"),
    [
        (DPO, "gteq", "true", "error"),
        (CELLS, "gteq", "eleven", "error"),
        (CELLS, "isA", "11", "error"),
    ],
)
def test_what_cannot_be_compared_is_reported(operand, operator, value, code):
    constraint = {"leftOperand": operand, "operator": operator, "rightOperand": value}
    offer = {"@id": "urn:p", "@type": "Offer", "permission": [{"action": "use", "constraint": [constraint]}]}
    found = [issue for issue in policies.validate(policies.load(offer), "offer") if issue.severity == code]
    assert [issue.pointer for issue in found] == ["/permission/0/constraint/0/rightOperand"]


@pytest.mark.parametrize("operand", [CATEGORY, TERRI + "charterSigned", DPO, CELLS])
def test_nobody_settles_a_fact_of_the_provider_by_accepting_it(operand):
    constraint = {"leftOperand": operand, "operator": "eq", "rightOperand": "true"}
    policy = policies.load({"@id": "urn:p", "permission": [{"action": "use", "constraint": [constraint]}]})
    assert policies.declarative_terms(policy) == []
