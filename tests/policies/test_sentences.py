"""A policy in words: a sentence for each rule, nothing left out; and what two policies say differently."""

from typing import Any

import pytest

import policies
from policies.errors import Language

UNTIL = {"leftOperand": "odrl:dateTime", "operator": "lteq", "rightOperand": "2027-06-30"}
FOR = {"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": "recherche"}
USE: dict[str, Any] = {"action": "use"}


def policy(**rules: Any) -> policies.Policy:
    return policies.load({"@id": "urn:o", "@type": "Offer", **rules})


SAID: list[tuple[dict[str, Any], str, str]] = [
    ({"permission": [USE]}, "Permis : « utiliser ».", "Permitted: “use”."),
    (
        {"permission": [{**USE, "constraint": [UNTIL, FOR]}]},
        "Permis : « utiliser », si date et heure au plus tard 2027-06-30 et finalité vaut recherche.",
        "Permitted: “use”, if date and time no later than 2027-06-30 and purpose is recherche.",
    ),
    (
        {"permission": [{**USE, "duty": [{"action": "attribute"}]}]},
        "Permis : « utiliser » ; à charge de : « citer la source ».",
        "Permitted: “use”; in return for: “attribute”.",
    ),
    (
        {"permission": [{**USE, "assignee": "did:web:x"}]},
        "Permis : « utiliser », pour did:web:x.",
        "Permitted: “use”, for did:web:x.",
    ),
    (
        {"prohibition": [{"action": "distribute", "odrl:remedy": [{"action": "delete"}]}]},
        "Interdit : « rediffuser » ; en cas de manquement : « supprimer ».",
        "Forbidden: “distribute”; if that is not respected: “delete”.",
    ),
    (
        {"obligation": [{"action": "delete", "x:odd": 1}]},
        "Obligation : « supprimer » ; élément non compris : x:odd.",
        "Obligation: “delete”; not understood: x:odd.",
    ),
    (
        {"permission": [{"action": {"rdf:value": {"@id": "odrl:use"}, "odrl:refinement": [FOR]}}]},
        "Permis : « utiliser » (finalité vaut recherche).",
        "Permitted: “use” (purpose is recherche).",
    ),
]


@pytest.mark.parametrize(("rules", "fr", "en"), SAID)
def test_a_rule_is_one_sentence(rules: dict[str, Any], fr: str, en: str) -> None:
    assert policies.sentences(policy(**rules), "fr") == [fr]
    assert policies.sentences(policy(**rules), "en") == [en]


def test_what_is_not_understood_is_named() -> None:
    said = policies.sentences(policy(permission=[USE], **{"x:weird": 3}), "en")
    assert said == ["Permitted: “use”.", "Not understood: x:weird."]


def test_a_policy_without_rules_permits_nothing_and_says_so() -> None:
    assert policies.sentences(policies.load({"@id": "urn:o", "@type": "Set"}), "fr") == [
        "Aucune règle : rien n’est permis."
    ]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_same_terms_differ_in_nothing_however_they_are_written(language: Language) -> None:
    one, other = policy(permission=[USE]), policy(permission={"odrl:action": {"@id": "odrl:use"}}, assigner="did:web:x")
    assert policies.difference(one, other, language) == ([], [])


def test_the_difference_is_the_rules_that_came_and_went() -> None:
    asked = policy(permission=[USE], prohibition=[{"action": "distribute"}])
    offered = policy(permission=[{**USE, "constraint": [UNTIL]}], prohibition=[{"action": "distribute"}])
    added, dropped = policies.difference(asked, offered, "en")
    assert added == ["Permitted: “use”, if date and time no later than 2027-06-30."]
    assert dropped == ["Permitted: “use”."]


def test_a_difference_outside_the_rules_is_never_silent() -> None:
    added, dropped = policies.difference(policy(permission=[USE]), policy(permission=[USE], **{"x:weird": 3}), "en")
    assert (added, dropped) == (["The two texts differ outside their rules."], [])
