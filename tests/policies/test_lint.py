"""What the rules of a policy get wrong together, and what is left in peace."""

import pytest
from hypothesis import given

import policies
from policies.findings import CODES
from policies.linter import is_open
from tests.policies.drawn import FEWER, POLICIES

LO = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"


def on(operand: str, operator: str, right, **more) -> dict:
    return {"leftOperand": operand, "operator": operator, "rightOperand": right, **more}


def permitted(*constraints, **members) -> dict:
    return {
        "@id": "urn:o",
        "@type": "Offer",
        "permission": [{"action": "use", "constraint": [*constraints]}],
        **members,
    }


def found(given: dict, licence: str | None = None) -> list[tuple[str, str, str]]:
    return [(each.code, each.severity, each.pointer) for each in policies.lint(policies.load(given), licence)]


START, END = "2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z"

APART = {
    "a period that ends before it begins": [on("dateTime", "gteq", END), on("dateTime", "lteq", START)],
    "a day outside the period": [on("dateTime", "eq", "2026-05-01Z"), on("dateTime", "gteq", START)],
    "nested": [{"and": [on("dateTime", "gt", END)]}, {"and": [{"and": [on("dateTime", "lt", START)]}]}],
    "numbers": [on("count", "lt", 5), on("count", "gteq", 5)],
    "numbers as texts": [on("count", "lteq", "9"), on("count", "gt", "10")],
    "a number and not that number": [on("count", "eq", 5), on("count", "neq", 5)],
    "a number that must be two": [on("percentage", "eq", 5), on("percentage", "eq", 6.5)],
    "durations": [on("elapsedTime", "lteq", "P1D"), on("elapsedTime", "gt", "PT25H")],
    "two purposes alone": [on("purpose", "eq", "a"), on("purpose", "eq", "b")],
    "a purpose and not that purpose": [on("purpose", "eq", "a"), on("purpose", "neq", "a")],
    "a purpose among others": [on("purpose", "eq", "a"), on("purpose", "isAnyOf", ["b", "c"])],
    "a purpose among those excluded": [
        on("purpose", "isAnyOf", ["a", "b"]),
        on("purpose", "isNoneOf", ["a", "b", "c"]),
    ],
    "all of which one is excluded": [on("purpose", "isAllOf", ["a", "b"]), on("purpose", "isNoneOf", "b")],
    "one recipient in two lists": [on("recipient", "isAnyOf", ["a", "b"]), on("recipient", "isAnyOf", ["c"])],
    "two recipients at once": [on("recipient", "isAllOf", ["a", "b"])],
    "all branches of an or": [on("count", "lt", 1), {"or": [on("count", "gt", 2), on("count", "eq", 3)]}],
}

TOGETHER = {
    "a period": [on("dateTime", "gteq", START), on("dateTime", "lteq", END)],
    "an instant": [on("dateTime", "gteq", START), on("dateTime", "lteq", START)],
    "a day without zone at the edge": [on("dateTime", "gteq", "2027-01-01"), on("dateTime", "lt", START)],
    "numbers": [on("count", "gteq", 5), on("count", "lteq", 5)],
    "numbers in different units": [
        on("absoluteSize", "lt", 5, unit="ex:kB"),
        on("absoluteSize", "gt", 6, unit="ex:MB"),
    ],
    "a text that is no number": [on("terri:x", "eq", "5"), on("terri:x", "eq", "05")],
    "months, that have no length": [on("elapsedTime", "lteq", "P1M"), on("elapsedTime", "gt", "P40D")],
    "two purposes in two lists": [on("purpose", "isAnyOf", ["a"]), on("purpose", "isAnyOf", ["b"])],
    "all of two purposes": [on("purpose", "isAllOf", ["a", "b"])],
    "one recipient": [on("recipient", "isAnyOf", ["a", "b"]), on("recipient", "isNoneOf", ["a"])],
    "branches of an or": [{"or": [on("count", "lt", 1), on("count", "gt", 2)]}],
    "an unknown operand": [on("terri:x", "eq", "a"), on("terri:x", "eq", "b")],
    "a value that stands elsewhere": [
        {"leftOperand": "purpose", "operator": "eq", "rightOperandReference": "urn:a"},
        on("purpose", "eq", "urn:b"),
    ],
}


@pytest.mark.parametrize("constraints", APART.values(), ids=APART)
def test_constraints_that_cannot_hold_together_are_found(constraints):
    (issue,) = found(permitted(*constraints))
    assert issue[0] in ("contradiction", "empty-window")
    assert issue[1:] == ("error", "/permission/0")


@pytest.mark.parametrize("constraints", TOGETHER.values(), ids=TOGETHER)
def test_constraints_that_may_hold_together_are_left_in_peace(constraints):
    codes = {code for code, _, _ in found(permitted(*constraints))}
    assert codes.isdisjoint({"contradiction", "empty-window", "dead-branch"})


def test_an_empty_period_has_a_code_of_its_own():
    assert found(permitted(*APART["a period that ends before it begins"])) == [
        ("empty-window", "error", "/permission/0")
    ]


def test_a_prohibition_that_never_applies_is_a_doubt():
    given = {"@id": "urn:o", "prohibition": [{"action": "use", "constraint": APART["numbers"]}]}
    assert found(given) == [("contradiction", "warning", "/prohibition/0")]


def test_a_branch_that_can_never_hold_is_told_at_its_place():
    given = permitted(on("count", "lt", 5), {"or": [on("count", "gt", 9), on("purpose", "eq", "a")]})
    assert found(given) == [("dead-branch", "warning", "/permission/0/constraint/1/or/0")]


def test_thousands_of_alternatives_are_left_alone():
    given = permitted(*[{"or": [on("count", "lt", at), on("count", "gt", at)]} for at in range(20)])
    assert found(given) == []


@pytest.mark.parametrize(
    ("prohibition", "conflict", "pointers"),
    [
        ({"action": "use"}, None, ["/permission/0"]),
        ({"action": "use"}, "prohibit", ["/permission/0"]),
        ({"action": "use"}, "perm", ["/prohibition/0"]),
        ({"action": "distribute"}, "prohibit", []),
        ({"action": "distribute"}, "perm", ["/prohibition/0"]),
        ({"action": "use", "constraint": [on("purpose", "eq", "a")]}, None, []),
        ({"action": "use", "assignee": "urn:b"}, None, []),
        ({"action": "transfer"}, None, []),
    ],
)
def test_a_rule_that_another_one_covers_is_found(prohibition, conflict, pointers):
    given = {"@id": "urn:o", "permission": [{"action": "use"}], "prohibition": [prohibition], "conflict": conflict}
    assert [pointer for code, _, pointer in found(given) if code == "unreachable-rule"] == pointers


def test_a_rule_given_twice_is_found_and_can_be_removed():
    given = {"@id": "urn:o", "permission": [{"action": "use"}, {"action": "odrl:use", "uid": "urn:r"}]}
    (issue,) = policies.lint(policies.load(given))
    assert (issue.code, issue.pointer) == ("redundant-rule", "/permission/1")
    assert issue.fix is not None
    assert issue.fix.operation == "remove"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"obligation": [{"action": "attribute"}]}, ["/obligation/0"]),
        ({"permission": [{"action": "transfer", "duty": [{"action": "inform"}]}]}, ["/permission/0/duty/0"]),
        ({"obligation": [{"action": "transfer"}]}, []),
        ({"obligation": [{"action": "attribute"}], "conflict": "perm", "permission": [{"action": "use"}]}, []),
    ],
)
def test_a_duty_that_is_prohibited_is_found(members, expected):
    given = {"@id": "urn:o", "prohibition": [{"action": "use"}], **members}
    assert [pointer for code, _, pointer in found(given) if code == "prohibited-duty"] == expected


def test_amounts_need_units_and_units_must_agree():
    given = permitted(
        on("payAmount", "lt", 5),
        on("absoluteSize", "lt", 5, unit="ex:kB"),
        {"or": [on("absoluteSize", "gt", 6, unit="ex:MB")]},
    )
    assert found(given) == [
        ("missing-unit", "warning", "/permission/0/constraint/0"),
        ("unit-mismatch", "warning", "/permission/0/constraint/2/or/0"),
    ]


RESTRICTED = {
    "a condition": permitted(on("purpose", "eq", "a")),
    "a prohibition": permitted(prohibition=[{"action": "distribute"}]),
    "a beneficiary": permitted(assignee="urn:b"),
    "an obligation": permitted(obligation=[{"action": "delete"}]),
}


@pytest.mark.parametrize("given", RESTRICTED.values(), ids=RESTRICTED)
def test_a_restriction_beside_an_open_licence_is_found(given):
    assert {code for code, _, _ in found({**given, "dct:license": LO})} == {"restricted-open-licence"}
    assert {code for code, _, _ in found(given, licence="odbl")} == {"restricted-open-licence"}
    assert found(given, licence="https://example.org/licence") == []


def test_what_an_open_licence_asks_is_no_restriction():
    given = permitted(obligation=[{"action": "attribute"}], **{"dct:license": {"@id": LO}})
    assert found(given) == []


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        (LO, True),
        ("http://opendatacommons.org/licenses/odbl/1-0/", True),
        ("https://spdx.org/licenses/etalab-2.0.html", True),
        ("lov2", True),
        ("https://evil.example/opendatacommons.org/licenses/odbl", False),
        ("https://creativecommons.org/licenses/by/4.0/", False),
    ],
)
def test_the_two_licences_of_french_administrations_are_known(licence, expected):
    assert is_open(licence) is expected


def test_personal_data_wants_a_legal_basis():
    given = permitted(prohibition=[{"action": "terri:reidentify"}])
    assert found(given) == [("personal-data-without-basis", "warning", "")]
    basis = on("terri:legalBasis", "eq", {"@id": "https://w3id.org/dpv/legal/eu/gdpr#A6-1-e"})
    assert found(permitted(basis, prohibition=[{"action": "terri:reidentify"}])) == []
    assert found(permitted(on("terri:accordDPO", "eq", "true")))[0][0] == "personal-data-without-basis"


CATEGORY = "https://w3id.org/pupitre/terri/participantCategory"


@pytest.mark.parametrize(
    ("right", "doubtful"),
    [
        ("terri:Collectivite", True),
        (["urn:a", "terri:Collectivite"], True),
        ("odrl:policyUsage", True),
        ({"@value": "terri:Collectivite"}, True),
        ({"@id": "terri:Collectivite"}, False),
        ("https://w3id.org/pupitre/terri/Collectivite", False),
        ("did:web:a.example", False),
        ("dct: a text with spaces", False),
    ],
)
def test_a_text_that_looks_like_a_name_with_a_prefix_is_doubtful(right, doubtful):
    told = [("unexpanded-name", "warning", "/permission/0/constraint/0/rightOperand")]
    assert found(permitted(on(CATEGORY, "isAnyOf", right))) == (told if doubtful else [])


def test_such_a_text_is_found_in_duties_and_inner_conditions():
    inner = {"or": [on(CATEGORY, "eq", "terri:Entreprise"), on(CATEGORY, "eq", "urn:x")]}
    duty = {"action": "odrl:inform", "constraint": [on(CATEGORY, "eq", "terri:Entreprise")]}
    given = permitted(inner)
    given["permission"][0]["duty"] = [duty]
    assert sorted(pointer for code, _, pointer in found(given) if code == "unexpanded-name") == [
        "/permission/0/constraint/0/or/0/rightOperand",
        "/permission/0/duty/0/constraint/0/rightOperand",
    ]


@FEWER
@given(POLICIES)
def test_lint_never_raises_and_speaks_both_languages(policy):
    for issue in policies.lint(policies.load(policy), licence="lov2"):
        assert issue.code in CODES
        assert issue.message["fr"] != issue.message["en"]
        assert issue.fix is None or issue.fix.text["fr"] != issue.fix.text["en"]
