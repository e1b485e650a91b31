"""What a node verifies: every word of the vocabulary has its badge, and the badge agrees with how it is judged."""

from typing import Any

import pytest

import policies
from policies import Verification, verified, vocabulary
from policies.operands import OPERANDS, OperandKind
from policies.profile.terms import ASSURANCES, TERMS, Term, TermKind
from policies.vocabulary import ODRL, TERRI

NB, THIN = "\u00a0", "\u202f"
TABLES = {TermKind.ACTION: verified.ACTIONS, TermKind.LEFT_OPERAND: verified.OPERANDS}


def rule(kind: str, **members: Any) -> policies.model.Rule:
    (read,) = policies.load({"@id": "urn:o", kind: [members]}).rules
    return read


@pytest.mark.parametrize("action", sorted(vocabulary.ACTIONS))
def test_every_action_has_its_badge(action: str) -> None:
    assert action in verified.ACTIONS


@pytest.mark.parametrize("operand", sorted({ODRL + word for word in vocabulary.OPERAND_WORDS} | OPERANDS.keys()))
def test_every_operand_has_its_badge(operand: str) -> None:
    assert operand in verified.OPERANDS


@pytest.mark.parametrize("table", [verified._ACTION_NAMES, verified._OPERAND_NAMES])
def test_no_word_has_two_badges(table: dict[Verification, str]) -> None:
    names = [name for several in table.values() for name in several.split()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("operand", OPERANDS.values(), ids=OPERANDS)
def test_what_only_the_party_can_say_is_a_promise_and_nothing_else_is(operand: Any) -> None:
    promised = verified.OPERANDS[operand.iri] is Verification.COMMITMENT
    assert promised is (operand.kind is OperandKind.DECLARATIVE)


def test_the_use_is_checked_but_for_the_purpose() -> None:
    found = policies.what_is_verified(
        rule(
            "permission",
            action="use",
            constraint=[
                {"leftOperand": "odrl:dateTime", "operator": "lteq", "rightOperand": "2027-01-01"},
                {"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": TERRI + "TrameNoire"},
            ],
        )
    )
    assert [level for _, level in found.conditions] == [Verification.BY_NODE, Verification.COMMITMENT]
    assert found.say("fr") == f"vérifié par le nœud{THIN}; engagement seul{NB}: pour la trame noire"
    assert found.say("en") == "checked by the node; a promise only: for dark corridors"


@pytest.mark.parametrize(
    ("kind", "action", "said"),
    [
        ("permission", "use", "vérifié par le nœud"),
        ("prohibition", "use", "vérifié par le nœud"),
        ("obligation", "use", "constaté après coup"),
        ("prohibition", "odrl:distribute", "engagement seul"),
        ("obligation", "odrl:attribute", "engagement seul"),
        ("obligation", "odrl:delete", "constaté après coup"),
        ("obligation", "odrl:inform", "constaté après coup"),
        ("prohibition", TERRI + "reidentify", "engagement seul"),
        ("obligation", TERRI + "publishReuseReport", "constaté après coup"),
        ("permission", "ex:fly", "engagement seul"),
    ],
)
def test_a_steward_does_not_take_a_promise_for_a_lock(kind: str, action: str, said: str) -> None:
    assert policies.what_is_verified(rule(kind, action=action)).say("fr") == said


def test_a_condition_of_an_obligation_is_seen_no_earlier_than_the_act() -> None:
    late = {"leftOperand": "odrl:dateTime", "operator": "lteq", "rightOperand": "2027-01-01"}
    found = policies.what_is_verified(rule("obligation", action="odrl:delete", constraint=[{"or": [late, late]}]))
    assert {level for _, level in found.conditions} == {Verification.AFTERWARDS}


@pytest.mark.parametrize("term", [term for term in TERMS if term.kind in TABLES], ids=lambda term: term.name)
def test_the_profile_of_territories_says_the_same(term: Term) -> None:
    said = verified.BADGES[TABLES[term.kind][term.iri]]
    assert (said["fr"], said["en"]) == ASSURANCES[term.assurance]
