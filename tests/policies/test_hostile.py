"""Policies and facts that mean harm: an answer in bounded time, and no exception but PolicyError."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import policies
from policies import Effect, Policy, Quantity, Request
from policies.model import Action, Constraint, Duty, Logic, LogicalConstraint, Rule, RuleKind, Value
from policies.operands import OPERANDS
from policies.vocabulary import ODRL, OPERATORS, USE

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PURPOSE = Constraint(ODRL + "purpose", ODRL + "eq", (Value("x"),))
ODD_FACTS = [
    float("nan"),
    float("-inf"),
    Decimal("sNaN"),
    10**5_000,
    Quantity(float("nan"), "urn:unit"),
    Quantity("9" * 10_000, "urn:unit"),
    "9" * 10_000,
    "P" + "9" * 10_000 + "D",
    "P999999999D",
    "9999-12-31T23:59:59.999999Z",
    datetime.max.replace(tzinfo=UTC),
    datetime.min,
    [],
    [None, 3],
    {"a": {"b": 1}},
    b"bytes",
    object(),
    "\ud800",
]


def nested(levels: int, logic: Logic = Logic.AND):
    condition = PURPOSE
    for _ in range(levels):
        condition = LogicalConstraint(logic, (condition, PURPOSE))
    return condition


def permission(**members) -> Rule:
    return Rule(kind=RuleKind.PERMISSION, **{"actions": (Action(USE),), **members})


def everything(policy: Policy, **facts) -> policies.Decision:
    """Ask for all that the engine tells."""
    compiled = policies.compile(policy)
    decision = compiled.decide(Request(at=NOW, party="did:web:b", target="urn:d", **facts))
    assert decision.reasons
    assert decision.report().effect is decision.effect
    assert decision.valid_until is None or decision.valid_until > NOW
    assert all(due.term for due in (*decision.duties_before, *decision.duties_during, *decision.duties_after))
    assert isinstance(decision.missing, tuple)
    policies.declarative_terms(policy)
    assert compiled.conditions is not None
    return decision


def test_five_hundred_levels_of_a_text_are_refused_when_it_is_read():
    condition = {"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": "x"}
    for _ in range(500):
        condition = {"and": [condition]}
    with pytest.raises(policies.PolicyError):
        policies.load({"@id": "urn:p", "@type": "Set", "permission": [{"action": "use", "constraint": [condition]}]})


@pytest.mark.parametrize("logic", Logic)
def test_five_hundred_levels_of_a_model_are_never_known(logic):
    deep = nested(500, logic)
    refined = Action(USE, refinements=(deep,))
    duty = Duty(kind=RuleKind.DUTY, actions=(Action(ODRL + "delete"),), constraints=(deep,))
    for rule in (permission(constraints=(deep,)), permission(actions=(refined,)), permission(duties=(duty,))):
        policy = Policy(uid="urn:p", permissions=(rule,))
        assert everything(policy, facts={ODRL + "purpose": "x"}).effect is Effect.DENY


def test_five_hundred_consequences_of_consequences_are_never_met():
    duty = Duty(kind=RuleKind.DUTY, actions=(Action(ODRL + "compensate"),))
    for _ in range(500):
        duty = Duty(kind=RuleKind.DUTY, actions=(Action(ODRL + "compensate"),), consequences=(duty,))
    policy = Policy(uid="urn:p", permissions=(permission(duties=(duty,)),), obligations=(duty,))
    assert everything(policy).effect is Effect.DENY


def test_six_thousand_conditions_of_a_text_are_refused_and_of_a_model_judged():
    condition = {"leftOperand": "odrl:dateTime", "operator": "lt", "rightOperand": "2027-01-01T00:00:00Z"}
    given = {"@id": "urn:p", "@type": "Set", "permission": [{"action": "use", "constraint": [condition] * 6_000}]}
    with pytest.raises(policies.PolicyError):
        policies.load(json.dumps(given))
    instants = [
        f"2027-01-{day:02}T{hour:02}:{minute:02}:00Z"
        for day in range(1, 11)
        for hour in range(20)
        for minute in range(30)
    ]
    until = tuple(Constraint(ODRL + "dateTime", ODRL + "lt", (Value(each),)) for each in instants)
    assert len(until) == 6_000
    policy = Policy(uid="urn:p", permissions=(permission(constraints=until),))
    assert everything(policy).effect is Effect.PERMIT


def test_six_thousand_declarative_conditions_are_compiled_without_writing_their_terms():
    named = tuple(Constraint(ODRL + "purpose", ODRL + "neq", (Value(f"urn:{each}"),)) for each in range(6_000))
    whole = LogicalConstraint(Logic.AND, named)
    policy = Policy(uid="urn:p", permissions=(permission(constraints=(whole,)),))
    compiled = policies.compile(policy)
    assert compiled.decide(Request(at=NOW, facts={ODRL + "purpose": "urn:x"})).effect is Effect.PERMIT
    assert compiled.decide(Request(at=NOW)).effect is Effect.DENY


@pytest.mark.parametrize("fact", ODD_FACTS, ids=range(len(ODD_FACTS)))
def test_no_fact_raises_whatever_it_is_compared_with(fact):
    values = [Value("5"), Value("P1D"), Value("2026-01-01"), Value("urn:x", is_iri=True)]
    for iri, operand in OPERANDS.items():
        unit = "urn:unit" if operand.has_unit else None
        compared = [
            constraint
            for operator in sorted(OPERATORS)
            for value in values
            if operand.leaf(constraint := Constraint(iri, operator, (value,), unit=unit))
        ]
        rules = tuple(permission(constraints=(each,)) for each in compared)
        decision = policies.compile(Policy(uid="urn:p", permissions=rules)).decide(Request(at=NOW, facts={iri: fact}))
        assert decision.report().effect is decision.effect
        assert decision.valid_until is None or decision.valid_until > NOW
        told = policies.compile(Policy(uid="urn:p", permissions=rules[:1])).decide(Request(at=NOW, facts={iri: fact}))
        assert told.reasons


def test_no_taxonomy_runs_for_ever():
    knowledge = {f"n{each}": [f"n{(each + 1) % 5_000}", f"n{(each * 7) % 5_000}"] for each in range(5_000)}
    part = Constraint(ODRL + "spatial", ODRL + "isPartOf", (Value("elsewhere"),))
    policy = Policy(uid="urn:p", permissions=(permission(constraints=(part,)),))
    asked = replace(Request(at=NOW, facts={ODRL + "spatial": "n0"}), knowledge=knowledge)
    assert policies.compile(policy).decide(asked).effect is Effect.DENY
