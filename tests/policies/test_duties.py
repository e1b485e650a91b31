"""Duties: when there is one, when it is due, in which state it is, and what its permission makes of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import policies
from policies import Deontic, Effect, Quantity, Request
from policies.vocabulary import ODRL

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PARTY = "did:web:b"
EURO = "http://dbpedia.org/resource/Euro"
PERMIT, DENY, INDETERMINATE = Effect.PERMIT, Effect.DENY, Effect.INDETERMINATE


def constraint(operand: str, operator: str, value) -> dict:
    return {"leftOperand": f"odrl:{operand}", "operator": operator, "rightOperand": value}


IN_FRANCE = constraint("spatial", "eq", "FR")
BEFORE_2020 = constraint("dateTime", "lt", "2020-01-01T00:00:00Z")
BEFORE_2027 = constraint("dateTime", "lt", "2027-01-01T00:00:00Z")
PAY = {"action": "odrl:compensate", "@id": "urn:pay"}
WATERMARK = {"action": "odrl:watermark", "@id": "urn:mark"}


def compiled(*duties: dict, oblige=(), forbid=(), duty_mode="strict", **members) -> policies.CompiledPolicy:
    rule = {"action": "use", "duty": list(duties), **members}
    given = {"@id": "urn:p", "@type": "Agreement", "permission": [rule]}
    given |= {"obligation": list(oblige), "prohibition": list(forbid)}
    return policies.compile(policies.load(given), duty_mode=duty_mode)


def asked(**members) -> Request:
    return replace(Request(at=NOW, party=PARTY, target="urn:d", phase="negotiation"), **members)


def effect(policy: policies.CompiledPolicy, **members) -> Effect:
    return policy.decide(asked(**members)).effect


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, INDETERMINATE),
        ({"fulfilled": {"urn:pay"}}, PERMIT),
        ({"violated": {"urn:pay"}}, DENY),
        ({"violated": {"urn:pay"}, "fulfilled": {"urn:pay"}}, DENY),
    ],
)
def test_a_duty_comes_first(facts, expected):
    assert effect(compiled(PAY), **facts) is expected


def test_a_duty_is_known_by_its_text_too():
    policy = compiled(PAY)
    (duty,) = policy.permissions[0].duties
    assert effect(policy, fulfilled={duty.term}) is PERMIT


def test_solidlab_reads_a_duty_as_not_violated_yet():
    policy = compiled(PAY, duty_mode="violated_only")
    assert effect(policy) is PERMIT
    assert effect(policy, fulfilled={"urn:pay"}) is PERMIT
    assert effect(policy, violated={"urn:pay"}) is DENY


@pytest.mark.parametrize(("place", "expected"), [("DE", PERMIT), ("FR", INDETERMINATE), (None, INDETERMINATE)])
def test_a_duty_whose_condition_does_not_hold_does_not_exist(place, expected):
    policy = compiled({**PAY, "constraint": [IN_FRANCE]})
    facts = {} if place is None else {ODRL + "spatial": place}
    assert effect(policy, facts=facts) is expected


def test_what_a_duty_rests_on_is_consulted_and_missing():
    policy = compiled({**PAY, "constraint": [IN_FRANCE]})
    (duty,) = policy.permissions[0].duties
    decision = policy.decide(asked())
    assert decision.consulted == {duty.term, ODRL + "spatial"}
    assert decision.missing == (duty.term, ODRL + "spatial")
    assert policy.decide(asked(facts={ODRL + "spatial": "FR"})).missing == (duty.term,)


def test_a_deadline_that_passed_leaves_the_duty_violated_rather_than_gone():
    policy = compiled({**PAY, "constraint": [BEFORE_2020]})
    decision = policy.decide(asked())
    assert decision.effect is DENY
    assert [due.state for due in decision.duties_before] == [Deontic.VIOLATED]
    assert any(reason.code == "duty-violated" for reason in decision.reasons)
    assert effect(policy, fulfilled={"urn:pay"}) is PERMIT


def test_a_deadline_ahead_is_when_the_answer_changes():
    decision = compiled({**PAY, "constraint": [BEFORE_2027]}).decide(asked())
    assert decision.effect is INDETERMINATE
    assert decision.valid_until == datetime(2027, 1, 1, tzinfo=UTC)


def test_a_deadline_inside_an_and_is_one_too():
    both = {"and": [IN_FRANCE, BEFORE_2020]}
    policy = compiled({**PAY, "constraint": [both]})
    assert effect(policy, facts={ODRL + "spatial": "FR"}) is DENY
    assert effect(policy, facts={ODRL + "spatial": "DE"}) is PERMIT


def test_a_duty_within_a_time_that_runs_from_an_event():
    elapsed = constraint("elapsedTime", "lteq", {"@value": "P1M", "@type": "xsd:duration"})
    policy = compiled({**PAY, "constraint": [elapsed]})
    since = {ODRL + "elapsedTime": NOW - timedelta(days=20)}
    assert effect(policy, facts=since) is INDETERMINATE
    assert effect(policy, facts={ODRL + "elapsedTime": NOW - timedelta(days=40)}) is DENY
    assert policy.decide(asked(facts=since)).valid_until == datetime(2026, 6, 12, 12, 0, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, INDETERMINATE),
        ({"fulfilled": {"urn:pay"}}, PERMIT),
        ({"violated": {"urn:pay"}}, DENY),
        ({"violated": {"urn:pay"}, "fulfilled": {"urn:pay"}}, DENY),
        ({"violated": {"urn:pay"}, "fulfilled": {"urn:mark"}}, DENY),
        ({"violated": {"urn:pay"}, "fulfilled": {"urn:pay", "urn:mark"}}, PERMIT),
    ],
)
def test_a_violated_duty_is_mended_by_itself_and_all_its_consequences(facts, expected):
    assert effect(compiled({**PAY, "consequence": [WATERMARK]}), **facts) is expected


def test_a_remedy_mends_and_does_not_permit():
    forbidden = {"action": "use", "remedy": [PAY]}
    policy = compiled(forbid=[forbidden])
    for fulfilled, state, in_order in ((set(), Deontic.VIOLATED, False), ({"urn:pay"}, Deontic.FULFILLED, True)):
        decision = policy.decide(asked(fulfilled=fulfilled))
        assert decision.effect is DENY
        report = decision.report()
        assert report.rules[1].deontic is state
        assert report.is_compliant is in_order


def test_a_promise_is_kept_by_accepting_and_broken_when_it_was_violated():
    policy = compiled({"action": "odrl:delete", "@id": "urn:delete"})
    terms = frozenset(policies.declarative_terms(policy.policy))
    assert effect(policy) is INDETERMINATE
    assert effect(policy, accepted_terms=terms) is PERMIT
    assert effect(policy, accepted_terms=terms, violated={"urn:delete"}) is DENY


def test_a_promise_that_is_late_is_told_and_denies_nothing_until_it_is_known_to_be_broken():
    policy = compiled({"action": "odrl:delete", "constraint": [BEFORE_2020]})
    decision = policy.decide(asked(accepted_terms=frozenset(policies.declarative_terms(policy.policy))))
    assert decision.effect is PERMIT
    assert [due.state for due in decision.duties_after] == [Deontic.VIOLATED]


def test_what_comes_after_the_use_is_a_promise_whatever_it_is():
    policy = compiled({**PAY, "constraint": [constraint("event", "gt", {"@id": "odrl:policyUsage"})]})
    decision = policy.decide(asked(accepted_terms=frozenset(policies.declarative_terms(policy.policy))))
    assert decision.effect is PERMIT
    assert [due.duty.uid for due in decision.duties_after] == ["urn:pay"]
    assert decision.duties_before == ()


def test_before_the_use_is_the_rule_and_waiting_does_not_lift_it():
    policy = compiled({**PAY, "constraint": [constraint("event", "lt", {"@id": "odrl:policyUsage"})]})
    assert effect(policy) is INDETERMINATE
    assert [due.duty.uid for due in policy.decide(asked()).duties_before] == ["urn:pay"]


def test_duties_come_with_their_time_and_their_state():
    policy = compiled(PAY, {"action": "odrl:attribute"}, {"action": "odrl:delete"}, oblige=[{"action": "odrl:inform"}])
    decision = policy.decide(asked(fulfilled={"urn:pay"}))
    told = [decision.duties_before, decision.duties_during, decision.duties_after]
    actions = [[due.duty.actions[0].iri.removeprefix(ODRL) for due in dues] for dues in told]
    assert actions == [["compensate"], ["attribute"], ["delete", "inform"]]
    assert [due.state for due in decision.duties_before] == [Deontic.FULFILLED]


def test_an_obligation_that_is_late_is_violated_and_denies_nothing():
    policy = compiled(oblige=[{"action": "odrl:delete", "constraint": [constraint("elapsedTime", "lteq", "P24M")]}])
    late = asked(facts={ODRL + "elapsedTime": datetime(2024, 1, 1, tzinfo=UTC)})
    decision = policy.decide(late)
    assert decision.effect is PERMIT
    assert [due.state for due in decision.duties_after] == [Deontic.VIOLATED]
    assert decision.report().is_compliant is False


@pytest.mark.parametrize(
    ("act", "performed"),
    [
        ({}, True),
        ({"action": "use"}, False),
        ({"party": "did:web:c"}, False),
        ({"action_facts": {ODRL + "payAmount": Quantity("4.99", EURO)}}, False),
        ({"action_facts": {ODRL + "payAmount": Quantity("5", "urn:dollar")}}, None),
        ({"action_facts": None}, None),
    ],
)
def test_an_act_performs_a_duty_if_it_is_that_act(act, performed):
    amount = {**constraint("payAmount", "eq", "5.00"), "unit": EURO}
    paying = {"rdf:value": {"@id": "odrl:compensate"}, "refinement": [amount]}
    policy = compiled({"action": [paying]}, assignee=PARTY)
    paid = asked(action="odrl:compensate", action_facts={ODRL + "payAmount": Quantity("5", EURO)})
    (duty,) = policy.permissions[0].duties
    assert duty.performed_by(replace(paid, **act)) is performed
