"""What is reported about a policy that can be read, and where."""

import copy
from datetime import UTC, datetime

import pytest

import policies
from policies import Effect, Request

OFFER = {
    "@id": "urn:o",
    "@type": "Offer",
    "target": "urn:d",
    "permission": [
        {
            "action": "use",
            "constraint": [{"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": "mobility"}],
        }
    ],
    "prohibition": [{"action": "odrl:sell"}],
    "obligation": [{"action": "odrl:attribute"}],
}
AGREEMENT = {
    **OFFER,
    "@type": "Agreement",
    "assigner": "did:web:a",
    "assignee": "did:web:b",
    "timestamp": "2026-06-01T12:00:00Z",
}
CATALOGUE_OFFER = {name: value for name, value in OFFER.items() if name != "target"}
CONSTRAINT = "permission/0/constraint/0"


def changed(given: dict, path: str, value) -> dict:
    offer = copy.deepcopy(given)
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    at = offer
    for step in way:
        at = at[step]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return offer


def found(given: dict, target: str = "dsp") -> list[tuple[str, str, str]]:
    return [(issue.code, issue.severity, issue.pointer) for issue in policies.validate(policies.load(given), target)]


@pytest.mark.parametrize(
    ("given", "target"), [(OFFER, "dsp"), (AGREEMENT, "dsp"), (CATALOGUE_OFFER, "offer"), (AGREEMENT, "odrl")]
)
def test_a_sound_policy_has_no_issue(given, target):
    assert found(given, target) == []


@pytest.mark.parametrize(
    ("given", "issue"),
    [
        (changed(OFFER, "@id", None), ("missing-id", "error", "/@id")),
        (changed(OFFER, "@type", "Set"), ("wrong-type", "error", "/@type")),
        (changed(OFFER, "@type", "ex:Deal"), ("unknown-type", "error", "/@type")),
        (changed(OFFER, "target", None), ("wrong-target", "error", "/target")),
        (changed(OFFER, "target", ["urn:d", "urn:e"]), ("wrong-target", "error", "/target")),
        (changed(OFFER, "profile", "urn:profile"), ("unknown-profile", "error", "/profile")),
        (changed(OFFER, "inheritFrom", "urn:parent"), ("parent-not-read", "error", "/inheritFrom")),
        (changed(OFFER, "conflict", "coin"), ("unknown-conflict", "error", "/conflict")),
        (changed(OFFER, "conflict", ["perm", "prohibit"]), ("several-conflicts", "error", "/conflict")),
        (changed(OFFER, "ex:clause", "x"), ("not-understood", "error", "/ex:clause")),
        (changed(OFFER, "dct:isReplacedBy", "urn:n"), ("replaced", "error", "/dct:isReplacedBy")),
        (changed(OFFER, "prohibition/0/action", "odrl:read"), ("collision", "warning", "/prohibition/0")),
        (changed(OFFER, "permission/0/action", "ex:fly"), ("unknown-action", "warning", "/permission/0/action")),
        (changed(OFFER, "permission/0/action", ["use", "odrl:read"]), ("action-form", "error", "/permission/0/action")),
        (changed(OFFER, "permission/0/target", "urn:d"), ("target-in-rule", "error", "/permission/0/target")),
        (changed(OFFER, "permission/0/ex:clause", "x"), ("not-understood", "error", "/permission/0/ex:clause")),
        (
            changed(OFFER, "permission/0/duty", [{"action": "odrl:pay"}]),
            ("duty-to-prove", "warning", "/permission/0/duty/0"),
        ),
        (
            changed(OFFER, f"{CONSTRAINT}/leftOperand", "partner"),
            ("unknown-operand", "error", f"/{CONSTRAINT}/leftOperand"),
        ),
        (
            changed(OFFER, f"{CONSTRAINT}/operator", "term-lteq"),
            ("unknown-operator", "error", f"/{CONSTRAINT}/operator"),
        ),
        (
            changed(OFFER, f"{CONSTRAINT}/operator", "lt"),
            ("operator-unsuited", "error", f"/{CONSTRAINT}/rightOperand"),
        ),
        (changed(OFFER, f"{CONSTRAINT}/rightOperand", 5), ("not-a-name", "error", f"/{CONSTRAINT}/rightOperand")),
        (changed(OFFER, f"{CONSTRAINT}/unit", "ex:u"), ("not-judged", "error", f"/{CONSTRAINT}")),
        (
            changed(OFFER, CONSTRAINT, {"leftOperand": "dateTime", "operator": "lt", "rightOperand": "soon"}),
            ("not-an-instant", "error", f"/{CONSTRAINT}/rightOperand"),
        ),
        (
            changed(OFFER, CONSTRAINT, {"leftOperand": "dateTime", "operator": "lt", "rightOperand": "2027-01-01"}),
            ("missing-zone", "warning", f"/{CONSTRAINT}/rightOperand"),
        ),
        (
            changed(OFFER, CONSTRAINT, {"or": [OFFER["permission"][0]["constraint"][0]], "ex:clause": "x"}),
            ("not-understood", "error", f"/{CONSTRAINT}/ex:clause"),
        ),
        (changed(AGREEMENT, "assigner", None), ("wrong-assigner", "error", "/assigner")),
        (changed(AGREEMENT, "assignee", ["a", "b"]), ("wrong-assignee", "error", "/assignee")),
        (changed(AGREEMENT, "timestamp", None), ("wrong-timestamp", "error", "/timestamp")),
        (changed(AGREEMENT, "timestamp", "2026-06-01"), ("wrong-timestamp", "error", "/timestamp")),
    ],
)
def test_an_issue_is_found_where_it_is(given, issue):
    assert issue in found(given)


def nested_consequence() -> dict:
    inner = {"action": "odrl:delete", "consequence": [{"action": "odrl:inform"}]}
    return changed(OFFER, "obligation", [{"action": "odrl:attribute", "consequence": [inner]}])


ATOM = OFFER["permission"][0]["constraint"][0]
COLLECTION = {"@type": "AssetCollection", "refinement": [OFFER["permission"][0]["constraint"][0]]}
NO_FORM = {
    "a rule without target": (changed(OFFER, "target", None), ("missing-target", "warning", "/permission/0")),
    "an offer without assigner": (OFFER, ("missing-assigner", "warning", "/permission/0")),
    "an agreement without assignee": (
        changed(AGREEMENT, "assignee", None),
        ("missing-assignee", "error", "/permission/0"),
    ),
    "a consequence of a consequence": (
        nested_consequence(),
        ("consequence-misplaced", "error", "/obligation/0/consequence/0/consequence"),
    ),
    "a remedy with a consequence": (
        changed(
            OFFER,
            "prohibition/0/odrl:remedy",
            [{"action": "odrl:delete", "consequence": [{"action": "odrl:inform"}]}],
        ),
        ("consequence-misplaced", "error", "/prohibition/0/odrl:remedy/0/consequence"),
    ),
    "a word of a collection that is not understood": (
        changed(
            OFFER, "target", {**COLLECTION, "source": "urn:s", "refinement": [{**ATOM, "leftOperand": "terri:unknown"}]}
        ),
        ("unknown-operand", "error", "/target/refinement/0/leftOperand"),
    ),
    "a collection without source": (
        changed(OFFER, "target", COLLECTION),
        ("collection-without-source", "error", "/target"),
    ),
    "a collection with an identifier": (
        changed(OFFER, "permission/0/assignee", {**COLLECTION, "@id": "urn:c", "source": "urn:s"}),
        ("collection-with-identifier", "warning", "/permission/0/assignee"),
    ),
    "two types that exclude each other": (
        changed(OFFER, "@type", ["Offer", "Agreement"]),
        ("several-types", "error", "/@type"),
    ),
    "a ticket with an assignee": (
        changed(AGREEMENT, "@type", "Ticket"),
        ("ticket-with-assignee", "error", "/assignee"),
    ),
    "a policy that inherits from itself": (
        changed(OFFER, "inheritFrom", ["urn:o"]),
        ("inheritance-cycle", "error", "/inheritFrom"),
    ),
    "the same condition twice": (
        changed(OFFER, "permission/0/constraint", [{"or": [OFFER["permission"][0]["constraint"][0]] * 2}]),
        ("duplicate-operand", "warning", "/permission/0/constraint/0"),
    ),
    "a retired word": (
        changed(OFFER, "prohibition/0/action", "odrl:share"),
        ("retired-term", "warning", "/prohibition/0/action"),
    ),
    "a Set with an Offer": (changed(AGREEMENT, "@type", ["Set", "Agreement"]), None),
}


@pytest.mark.parametrize(("given", "issue"), NO_FORM.values(), ids=NO_FORM)
def test_what_the_information_model_asks_is_checked(given, issue):
    assert issue in found(given, "odrl") if issue else found(given, "odrl") == []


def test_every_issue_speaks_french_and_english():
    given = changed(changed(OFFER, "profile", "urn:profile"), f"{CONSTRAINT}/leftOperand", "partner")
    for issue in policies.validate(policies.load(given)):
        assert issue.message["fr"]
        assert issue.message["en"] != issue.message["fr"]
    assert "partner" in issue.message["fr"]


def test_an_offer_of_a_catalogue_names_no_target():
    assert found(OFFER, "offer") == [("target-in-catalogue", "error", "/target")]


def test_an_agreement_is_no_offer_of_a_catalogue():
    assert ("wrong-type", "error", "/@type") in found(AGREEMENT, "offer")


def test_a_policy_without_rules_is_reported():
    assert ("no-rule", "error", "") in found({"@id": "urn:o", "@type": "Offer"}, "offer")
    obligation_only = {"@id": "urn:o", "@type": "Offer", "obligation": [{"action": "odrl:inform"}]}
    assert ("no-permission", "error", "") in found(obligation_only, "offer")


def test_a_rule_without_action_is_reported():
    assert ("missing-action", "error", "/permission/0") in found(changed(OFFER, "permission/0/action", None))


def test_what_an_obligation_says_is_not_judged():
    constraint = {"leftOperand": "odrl:elapsedTime", "operator": "lteq", "rightOperand": "P24M"}
    assert found(changed(OFFER, "obligation", [{"action": "odrl:delete", "constraint": [constraint]}])) == []


@pytest.mark.parametrize(
    "path",
    [("ex:clause", "x"), ("profile", "urn:p"), (f"{CONSTRAINT}/leftOperand", "partner"), (f"{CONSTRAINT}/unit", "u")],
)
def test_what_validation_does_not_understand_decision_does_not_grant(path):
    given = changed(OFFER, *path)
    policy = policies.load(given)
    assert any(issue.severity == "error" for issue in policies.validate(policy))
    request = Request(
        at=datetime(2026, 1, 1, tzinfo=UTC),
        target="urn:d",
        accepted_terms=policies.declarative_terms(policy),
    )
    assert policies.compile(policy).decide(request).effect is Effect.DENY
