"""Taxonomies: what is part of what, what is not, and what nobody knows."""

from datetime import UTC, datetime

import pytest

import policies
from policies import Effect, Request
from policies.knowledge import among, within
from policies.vocabulary import ODRL

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PLACES = {"FR-35": ["FR-BRE"], "FR-BRE": ["FR"], "FR": [], "DE": [], "Rennes": "FR-35", "Atlantis": ["Ocean"]}
LOOP = {"a": ["b"], "b": ["a"]}


@pytest.mark.parametrize(
    ("knowledge", "name", "whole", "answer"),
    [
        (PLACES, "FR-35", "FR", True),
        (PLACES, "Rennes", "FR", True),
        (PLACES, "FR", "FR", True),
        (PLACES, "FR-35", "DE", False),
        (PLACES, "FR", "FR-35", False),
        (PLACES, "Atlantis", "FR", None),
        (PLACES, "Mars", "FR", None),
        (PLACES, "Mars", "Mars", True),
        (None, "FR-35", "FR", None),
        (LOOP, "a", "c", False),
        (LOOP, "a", "b", True),
    ],
)
def test_a_name_belongs_where_the_taxonomy_leads(knowledge, name, whole, answer):
    assert within(knowledge, name, {whole}) is answer


def test_one_name_that_belongs_is_enough_and_one_unknown_leaves_a_doubt():
    assert among(PLACES, ["DE", "FR-35"], {"FR"}) is True
    assert among(PLACES, ["DE", "Mars"], {"FR"}) is None
    assert among(PLACES, ["DE"], {"FR"}) is False


def effect(constraint: dict, place: str, knowledge=PLACES) -> Effect:
    given = {"@id": "urn:p", "@type": "Agreement", "permission": [{"action": "use", "constraint": [constraint]}]}
    request = Request(at=NOW, phase="negotiation", facts={ODRL + "spatial": place}, knowledge=knowledge)
    return policies.compile(policies.load(given)).decide(request).effect


@pytest.mark.parametrize(
    ("operator", "value", "place", "expected"),
    [
        ("isPartOf", "FR", "Rennes", Effect.PERMIT),
        ("isPartOf", "DE", "Rennes", Effect.DENY),
        ("isPartOf", ["DE", "FR"], "Rennes", Effect.PERMIT),
        ("isA", "FR-BRE", "FR-35", Effect.PERMIT),
        ("hasPart", "FR-35", "FR", Effect.PERMIT),
        ("hasPart", "FR", "FR-35", Effect.DENY),
        ("isAnyOf", "FR", "FR-35", Effect.DENY),
    ],
)
def test_a_territory_is_judged_by_the_taxonomy_of_the_request(operator, value, place, expected):
    constraint = {"leftOperand": "odrl:spatial", "operator": operator, "rightOperand": value}
    assert effect(constraint, place) is expected
    if operator != "isAnyOf":
        assert effect(constraint, place, knowledge=None) is Effect.INDETERMINATE


# --- collections ---

CLUB = {"@id": "urn:club", "@type": "PartyCollection"}
OF_FRIENDS = {"source": "urn:friends", "@type": "PartyCollection"}


def for_whom(assignee, party: str | None, knowledge, **members) -> Effect:
    given = {"@id": "urn:p", "@type": "Agreement", "permission": [{"action": "use", "assignee": assignee}]}
    request = Request(at=NOW, phase="negotiation", party=party, knowledge=knowledge, **members)
    return policies.compile(policies.load(given)).decide(request).effect


@pytest.mark.parametrize("collection", [CLUB, OF_FRIENDS])
def test_the_members_of_a_collection_are_told_by_the_taxonomy(collection):
    name = collection.get("@id") or collection["source"]
    assert for_whom(collection, "did:web:b", {"did:web:b": [name]}) is Effect.PERMIT
    assert for_whom(collection, "did:web:b", {"did:web:b": []}) is Effect.NOT_APPLICABLE
    assert for_whom(collection, "did:web:b", None) is Effect.INDETERMINATE
    assert for_whom(collection, None, {}) is Effect.INDETERMINATE


def test_a_name_that_turns_out_to_have_members_covers_them():
    assert for_whom("urn:club", "did:web:b", {"did:web:b": ["urn:club"]}) is Effect.PERMIT
    assert for_whom("urn:club", "did:web:b", None) is Effect.NOT_APPLICABLE


def test_the_refinement_of_a_collection_is_judged_on_the_party():
    category = {"leftOperand": "terri:participantCategory", "operator": "eq", "rightOperand": "urn:commune"}
    refined = {**CLUB, "refinement": [category]}
    member = {"did:web:b": ["urn:club"]}
    iri = "https://w3id.org/pupitre/terri/participantCategory"
    assert for_whom(refined, "did:web:b", member) is Effect.INDETERMINATE
    assert for_whom(refined, "did:web:b", member, party_facts={iri: "urn:commune"}) is Effect.PERMIT
    assert for_whom(refined, "did:web:b", member, party_facts={iri: "urn:firm"}) is Effect.NOT_APPLICABLE
    assert for_whom(refined, "did:web:b", member, facts={iri: "urn:commune"}) is Effect.PERMIT


def test_a_prohibition_on_a_collection_is_assumed_to_cover_whom_nobody_knows():
    given = {
        "@id": "urn:p",
        "@type": "Agreement",
        "permission": [{"action": "use"}],
        "prohibition": [{"action": "use", "assignee": CLUB}],
    }
    compiled = policies.compile(policies.load(given))
    assert compiled.decide(Request(at=NOW, party="did:web:b")).effect is Effect.DENY
    assert compiled.decide(Request(at=NOW, party="did:web:b", knowledge={"did:web:b": ()})).effect is Effect.PERMIT
