"""Two policies side by side: what changed, from what to what, and which way, where that can be known."""

from typing import Any

import pytest

import policies
from policies import Direction
from policies.extents import comparable, extent
from policies.vocabulary import TERRI

NB, THIN = "\u00a0", "\u202f"
TIGHTER, LOOSER, DIFFERENT = Direction.TIGHTER, Direction.LOOSER, Direction.DIFFERENT


def on(operand: str, operator: str, value: Any, **members: Any) -> dict[str, Any]:
    return {"leftOperand": operand, "operator": operator, "rightOperand": value, **members}


def until(value: str) -> dict[str, Any]:
    return on("odrl:dateTime", "lteq", value)


def since(value: str) -> dict[str, Any]:
    return on("odrl:dateTime", "gteq", value)


def within(months: int) -> dict[str, Any]:
    return on("odrl:elapsedTime", "lteq", {"@type": "xsd:duration", "@value": f"P{months}M"})


def purposes(*names: str, operator: str = "isAnyOf") -> dict[str, Any]:
    return on("odrl:purpose", operator, list(names))


def policy(**rules: Any) -> policies.Policy:
    return policies.load({"@id": "urn:o", "@type": "Offer", **rules})


def permitting(*constraints: Any, **members: Any) -> policies.Policy:
    return policy(permission=[{"action": "use", "constraint": list(constraints), **members}])


def forbidding(*constraints: Any) -> policies.Policy:
    return policy(
        permission=[{"action": "use"}], prohibition=[{"action": "odrl:sell", "constraint": list(constraints)}]
    )


def owing(*constraints: Any, **members: Any) -> policies.Policy:
    return policy(
        permission=[{"action": "use"}], obligation=[{"action": "odrl:delete", "constraint": list(constraints)}]
    )


WAYS: list[tuple[policies.Policy, policies.Policy, Direction]] = [
    (permitting(until("2027-01-01")), permitting(until("2028-01-01")), LOOSER),
    (permitting(until("2028-01-01")), permitting(until("2027-01-01")), TIGHTER),
    (permitting(since("2027-01-01")), permitting(since("2028-01-01")), TIGHTER),
    (permitting(until("2027-01-01")), permitting(on("odrl:dateTime", "lt", "2027-01-01")), TIGHTER),
    (
        permitting(since("2027-01-01"), until("2027-12-31")),
        permitting(since("2027-02-01"), until("2027-11-30")),
        TIGHTER,
    ),
    (
        permitting(since("2027-01-01"), until("2027-12-31")),
        permitting(since("2026-02-01"), until("2027-11-30")),
        DIFFERENT,
    ),
    (permitting(until("2027-01-01")), permitting(), LOOSER),
    (permitting(), permitting(until("2027-01-01")), TIGHTER),
    (permitting(purposes("a")), permitting(purposes("a", "b")), LOOSER),
    (permitting(purposes("a", operator="eq")), permitting(purposes("a", "b")), LOOSER),
    (permitting(purposes("a", "b")), permitting(purposes("b", "c")), DIFFERENT),
    (permitting(purposes("a", operator="isNoneOf")), permitting(purposes("a", "b", operator="isNoneOf")), TIGHTER),
    (permitting(purposes("a")), permitting(purposes("b", operator="isNoneOf")), LOOSER),
    (permitting(purposes("a", operator="isA")), permitting(purposes("a", operator="eq")), DIFFERENT),
    (permitting(on("odrl:count", "lteq", 5)), permitting(on("odrl:count", "lteq", "10")), LOOSER),
    (permitting(on("odrl:count", "lteq", 5)), permitting(on("odrl:count", "lteq", 6, unit="ex:u")), DIFFERENT),
    (permitting(within(12)), permitting(within(24)), LOOSER),
    (permitting(within(12)), permitting(on("odrl:elapsedTime", "lteq", "P400D")), DIFFERENT),
    (permitting({"or": [until("2027-01-01"), purposes("a")]}), permitting(), LOOSER),
    (permitting(assignee="did:web:a"), permitting(assignee=["did:web:a", "did:web:b"]), LOOSER),
    (permitting(assignee="did:web:a"), permitting(), LOOSER),
    (permitting(assignee="did:web:a"), permitting(assignee="did:web:b"), DIFFERENT),
    (permitting(), permitting(duty=[{"action": "odrl:attribute"}]), TIGHTER),
    (permitting(duty=[{"action": "odrl:attribute"}]), permitting(), LOOSER),
    (
        permitting(duty=[{"action": "odrl:delete", "constraint": [within(12)]}]),
        permitting(duty=[{"action": "odrl:delete", "constraint": [within(24)]}]),
        LOOSER,
    ),
    (forbidding(purposes("a")), forbidding(purposes("a", "b")), TIGHTER),
    (forbidding(purposes("a")), forbidding(), TIGHTER),
    (forbidding(), forbidding(until("2027-01-01")), LOOSER),
    (owing(within(12)), owing(within(24)), LOOSER),
    (owing(within(24)), owing(within(12)), TIGHTER),
    (owing(within(12)), owing(), DIFFERENT),
    (permitting(), forbidding(), TIGHTER),
    (owing(), permitting(), LOOSER),
    (policy(prohibition=[{"action": "odrl:sell"}]), forbidding(), LOOSER),
    (permitting(until("2027-01-01")), permitting(until("2028-01-01"), purposes("a")), DIFFERENT),
    (permitting(), permitting(**{"ex:clause": 1}), DIFFERENT),
    (permitting(), policies.load({"@id": "urn:o", "permission": [{"action": "use"}], "conflict": "perm"}), DIFFERENT),
]


@pytest.mark.parametrize(("before", "after", "direction"), WAYS)
def test_a_direction_is_told_where_it_can_be_known(
    before: policies.Policy, after: policies.Policy, direction: Direction
) -> None:
    assert policies.compare(before, after).direction is direction
    backwards = {TIGHTER: LOOSER, LOOSER: TIGHTER, DIFFERENT: DIFFERENT}[direction]
    assert policies.compare(after, before).direction is backwards


def test_what_changed_is_told_with_both_values() -> None:
    assert policies.compare(owing(within(12)), owing(within(24))).lines("fr") == [
        f"Obligation de supprimer votre copie – durée écoulée{NB}: dans les 12 mois suivant l’accord"
        " → dans les 24 mois suivant l’accord, plus large."
    ]
    assert policies.compare(owing(within(12)), owing(within(24))).lines("en") == [
        "Obligation to delete your copy – elapsed time: within 12 months of the agreement"
        " → within 24 months of the agreement, looser."
    ]


def test_what_came_and_what_went_are_told_as_sentences() -> None:
    before = policy(permission=[{"action": "use"}], prohibition=[{"action": "odrl:sell"}])
    after = policy(
        permission=[{"action": "use", "constraint": [purposes(TERRI + "TrameNoire")]}],
        obligation=[{"action": "odrl:attribute"}],
    )
    assert policies.compare(before, after).lines("fr") == [
        f"Permission d’utiliser ce jeu de données – finalité{NB}: ajouté «{NB}pour la trame noire{NB}», plus strict.",
        f"Retiré (plus large){NB}: Vous ne pouvez pas vendre ce jeu de données.",
        f"Ajouté (plus strict){NB}: Vous devez citer la source.",
    ]


def test_rules_on_one_action_are_matched_with_the_likest() -> None:
    one = {"action": "use", "constraint": [purposes("a"), until("2027-01-01")]}
    two = {"action": "use", "constraint": [purposes("b"), until("2027-01-01")]}
    later = {"action": "use", "constraint": [purposes("b"), until("2029-01-01")]}
    (change,) = policies.compare(policy(permission=[one, two]), policy(permission=[later, one])).changes
    assert [(each.what["en"], each.direction) for each in change.details] == [("date and time", LOOSER)]


def test_the_same_rule_twice_is_one_more() -> None:
    use = {"action": "use"}
    (change,) = policies.compare(policy(permission=[use]), policy(permission=[use, use])).changes
    assert change.kind == "added"


def test_what_changes_beside_the_rules_is_told() -> None:
    before, after = permitting(), policies.load({"@id": "urn:o", "permission": [{"action": "use"}], "x:odd": 1})
    assert policies.compare(before, after).lines("fr") == [f"Autres éléments{NB}: ajouté «{NB}x:odd 1{NB}», différent."]


def test_units_and_sorts_that_do_not_compare_have_no_extent_in_common() -> None:
    def of(constraint: dict[str, Any]) -> Any:
        (read,) = permitting(constraint).permissions[0].constraints
        return extent([read])  # type: ignore[list-item]

    assert of(on("odrl:elapsedTime", "lteq", "P1M1D")) is None
    assert of(on("odrl:count", "lteq", "many")) is None
    assert of(on("odrl:dateTime", "lteq", "2027-01-01", status="x")) is None
    local, fixed = of(until("2027-01-01")), of(until("2027-01-01Z"))
    assert not comparable(local, fixed)
