"""The table of codes is whole, every fix helps, and DSP's own schemas agree with validation."""

import ast
import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import policies
from policies.findings import CODES
from tests.harness.schemas import SPECIFICATION
from tests.policies.drawn import EXAMPLES, FEWER, POLICIES

ROOM = Path(policies.__file__).parent
SAYING = {"error", "warning", "_plain", "_doubt", "_unknown", "Finding", "make", "_of_one"}
CONTRACT = json.loads((SPECIFICATION / "negotiation/contract-schema.json").read_text("utf-8"))


def said() -> set[str]:
    """Return every code that the library may report, found in its own text."""
    codes = set()
    for path in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            first = node.args[0]
            if name in SAYING and isinstance(first, ast.Constant) and isinstance(first.value, str):
                codes.add(first.value)
    return codes


def test_every_code_that_is_reported_is_in_the_table_and_no_other():
    assert said() == set(CODES)


@pytest.mark.parametrize("name", CODES)
def test_a_code_is_told_in_both_languages_with_its_remedy(name):
    code = CODES[name]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
    assert code.fr.endswith(".")
    assert code.en.endswith(".")
    assert code.remedy_fr.endswith(".")
    assert code.remedy_en.endswith(".")


@FEWER
@given(POLICIES, st.sampled_from(["odrl", "dsp", "offer"]))
def test_a_finding_has_the_severity_of_its_code(policy, target):
    read = policies.load(policy)
    for issue in [*policies.validate(read, target), *policies.lint(read)]:
        assert issue.severity in CODES[issue.code].severities


@FEWER
@given(POLICIES, st.sampled_from(["odrl", "dsp", "offer"]))
def test_a_pointer_leads_to_its_place_in_the_policy(policy, target):
    read = policies.load(policy)
    for issue in [*policies.validate(read, target), *policies.lint(read, licence="lov2")]:
        at = policy
        for step in issue.pointer.split("/")[1:-1]:
            at = at[int(step)] if isinstance(at, list) else at[step]


FORM = {
    "action-form",
    "missing-action",
    "missing-id",
    "no-permission",
    "no-rule",
    "not-judged",
    "several-types",
    "target-in-catalogue",
    "unknown-operator",
    "wrong-assignee",
    "wrong-assigner",
    "wrong-target",
    "wrong-timestamp",
    "wrong-type",
}


def validator(name: str) -> jsonschema_rs.Draft201909Validator:
    return jsonschema_rs.Draft201909Validator({**CONTRACT, "allOf": [{"$ref": f"#/definitions/{name}"}]})


SCHEMAS = {("Offer", "offer"): "Offer", ("Offer", "dsp"): "MessageOffer", ("Agreement", "dsp"): "Agreement"}


@FEWER
@given(POLICIES, st.sampled_from(list(SCHEMAS)), st.booleans())
def test_what_validation_lets_pass_passes_the_schemas_of_the_protocol(policy, form, parties):
    kind, target = form
    complete = (
        {"assigner": "did:web:a", "assignee": "did:web:b", "timestamp": "2026-06-01T12:00:00Z"} if parties else {}
    )
    shared = {"target": "urn:d"} if target == "dsp" else {}
    given = {**{name: each for name, each in policy.items() if name != "target"}, "@type": kind, **shared, **complete}
    read = policies.load(given)
    codes = {issue.code for issue in policies.validate(read, target)}
    written = policies.dump(read)
    if codes.isdisjoint(FORM) and read.permissions + read.prohibitions:
        assert list(validator(SCHEMAS[form]).iter_errors(written)) == []


@pytest.mark.parametrize(
    ("kind", "target"),
    [("Offer", "offer"), ("Offer", "dsp"), ("Agreement", "dsp")],
)
def test_numbers_dates_and_combinations_pass_the_schemas(kind, target):
    given = {
        "@id": "urn:o",
        "@type": kind,
        "permission": {
            "action": "odrl:use",
            "constraint": [
                {"leftOperand": "count", "operator": "LEQ", "rightOperand": 5},
                {"leftOperand": "percentage", "operator": "lt", "rightOperand": [1.5, True]},
                {"xone": {"leftOperand": "dateTime", "operator": "lt", "rightOperand": "2030-01-01T00:00:00Z"}},
            ],
            "duty": {"action": "attribute"},
        },
    }
    if target == "dsp":
        given["target"] = "urn:d"
    if kind == "Agreement":
        given |= {"assigner": "did:web:a", "assignee": {"@id": "did:web:b"}, "timestamp": "2026-06-01T12:00:00Z"}
    written = policies.dump(policies.load(given))
    assert list(validator(SCHEMAS[kind, target]).iter_errors(written)) == []
    left = [each.get("leftOperand") for each in written["permission"][0]["constraint"]]
    assert left == ["odrl:count", "odrl:percentage", None]


@EXAMPLES
@given(POLICIES)
def test_what_is_written_is_read_again_with_the_same_hash(policy):
    read = policies.load(policy)
    again = policies.load(policies.dump(read))
    assert again == read
    assert policies.hash(again) == policies.hash(read)


def repaired(given: dict, issue) -> dict:
    """Return the policy with a fix put in where its pointer leads."""
    policy = json.loads(json.dumps(given))
    *way, last = issue.pointer.split("/")[1:]
    at = policy
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    key = int(last) if isinstance(at, list) else last
    if issue.fix.operation == "remove":
        del at[key]
    else:
        at[key] = issue.fix.member
    return policy


PURPOSE = {"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": "x"}
UNTIL = {"leftOperand": "odrl:dateTime", "operator": "lteq", "rightOperand": ["2030-01-01T00:00:00", "2030-01-01"]}


def offer(**members) -> dict:
    return {"@id": "urn:o", "@type": "Offer", "permission": [{"action": "use"}], **members}


FIXABLE = {
    "missing-zone": offer(permission=[{"action": "use", "constraint": [UNTIL]}]),
    "wrong-type": offer(**{"@type": "Set"}),
    "target-in-catalogue": offer(target="urn:d"),
    "target-in-rule": offer(permission=[{"action": "use", "target": "urn:d"}]),
    "retired-term": offer(prohibition=[{"action": "odrl:write"}]),
    "repaired-spelling": offer(permission=[{"action": "use", "constraint": [{**PURPOSE, "operator": "odrl:neg"}]}]),
    "redundant-rule": offer(permission=[{"action": "use"}, {"action": "use"}]),
    "consequence-misplaced": offer(
        obligation=[
            {
                "action": "odrl:inform",
                "consequence": [{"action": "odrl:delete", "consequence": [{"action": "odrl:inform"}]}],
            }
        ]
    ),
}


@pytest.mark.parametrize("code", FIXABLE)
def test_a_fix_that_a_program_can_do_makes_the_finding_go(code):
    def found(given):
        read = policies.load(given)
        return [issue for issue in [*policies.validate(read, "offer"), *policies.lint(read)] if issue.code == code]

    issues = found(FIXABLE[code])
    assert issues
    assert issues[0].fix.operation
    assert len(found(repaired(FIXABLE[code], issues[0]))) < len(issues)
