"""Examples A1, B1 and C1 of the W3C community group's draft: request and state in, compliance report out.

The draft's words differ from ours in one thing: a rule is *active* there as soon as its constraints and its duties
hold, and the refinements of its action only decide its control (B12: active, and deny). So activation is put together
from those premises of our report, and control is ours as it is.

Two errors of the draft are known. C12's request names `billie1`, whom no rule permits anything, and its report expects
what `billie` gets: the request is made for `billie`, and a test shows what `billie1` gets. The listing of B1 in the
draft lacks a comma; the file carried here has it.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

import policies
from policies import Quantity, Request
from policies.report import RuleReport, Satisfaction, flat
from policies.truth import conjunction

HERE = Path(__file__).parent / "w3c-formal-semantics"
CASES = sorted(path.name for path in HERE.iterdir() if path.is_dir())
ORDINARY = datetime(2024, 12, 19, 15, tzinfo=UTC)
WHO = {"http://example.com/party/billie1": "http://example.com/party/billie"}


def of(case: str, beginning: str) -> dict:
    return json.loads(next((HERE / case).glob(f"{beginning}*.json")).read_text("utf-8"))


def policy_of(case: str) -> policies.Policy:
    return policies.load((HERE / f"policy{case[:2]}.json").read_bytes())


def request_of(case: str, policy: policies.Policy, who: dict[str, str] = WHO) -> Request:
    asked = of(case, "evaluationrequest")
    parameter = asked["requestParameters"]
    value, feature = parameter["value"], parameter["describesFeature"]
    at, said = ORDINARY, {}
    if feature == "sotw:CurrentXSDDateTime":
        at = datetime.fromisoformat(value["@value"]).replace(tzinfo=UTC)
    else:  # the number of something: the operands that the policy measures in that unit
        actions = [action for rule in policy.permissions for action in rule.actions]
        measured = [each for action in actions for each in action.refinements if each.unit == feature]
        said = {each.operand: Quantity(int(value["@id"]), feature) for each in measured}
    party = asked.get("evaluatedParty")
    return Request(
        at=at,
        action=asked["evaluatedAction"],
        target=asked["evaluatedTarget"],
        party=who.get(party, party),
        action_facts=said,
        fulfilled=fulfilled_in(case),
    )


def fulfilled_in(case: str) -> set[str]:
    """Return the duties that the state tells to be performed: a payment names the condition that it meets."""
    states = [json.loads(path.read_text("utf-8")) for path in (HERE / case).glob("state*.json")]
    return {state["context"]["conditionId"] for state in states}


def expected_of(case: str) -> dict[str, dict]:
    report = of(case, "compliancereport")
    return {each["@type"]: each for each in report.values() if isinstance(each, dict) and "@type" in each}


def activation_of(ours: RuleReport) -> str:
    counted = [each.state for each in ours.premises if each.premise in ("constraint", "duty")]
    truth = {Satisfaction.SATISFIED: True, Satisfaction.UNSATISFIED: False, Satisfaction.UNKNOWN: None}
    return "report:Active" if conjunction(truth[state] for state in counted) else "report:Inactive"


@pytest.mark.parametrize("case", CASES)
def test_the_report_is_the_one_expected(case):
    policy = policy_of(case)
    report = policies.compile(policy).decide(request_of(case, policy)).report()
    (ours,) = report.rules
    expected = expected_of(case)
    rule = expected["report:ruleReport"]
    assert (ours.uid, activation_of(ours)) == (rule["report:rule"], rule["report:activationState"])
    assert f"report:{ours.control.capitalize()}" == rule["report:controlState"]
    if constraint := expected.get("report:ConstraintReport"):
        states = {each.uid: each.state for each in flat(ours.premises)}
        found = {"satisfied": "report:Satisfied", "unsatisfied": "report:Not-Satisfied"}
        assert found[states[constraint["report:constraint"]]] == constraint["report:satisfactionState"]
    if condition := expected.get("report:ConditionReport"):
        (duty,) = ours.duties
        assert duty.duty.uid == condition["report:condition"]
        assert f"report:{duty.deontic.capitalize()}" == condition["report:deonticState"]


def test_the_examples_are_all_there():
    assert CASES == ["A11", "A12", "B11", "B12", "C11", "C12"]


def test_whom_no_rule_names_gets_nothing_whatever_was_paid():
    """The request of C12 as it stands."""
    policy = policy_of("C12")
    decision = policies.compile(policy).decide(request_of("C12", policy, who={}))
    assert not decision.permitted
    assert decision.report().rules[0].control == "deny"
