"""What holds of every policy: drawn at random, well formed, and as odd as the model allows."""

import copy
import json
import os
import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

import policies
from policies import Effect, Request
from policies.vocabulary import ODRL
from tests.policies.lots import ACTIONS, CHANCES, CONDITIONS, DATES, DUTIES, NOW, POLICIES, PROHIBITIONS, QUESTIONS

EXAMPLES = settings(max_examples=2_000 if os.environ.get("CI") else 150, deadline=None)


def effect(policy: dict, request: Request) -> Effect:
    return policies.compile(policies.load(policy)).decide(request).effect


def shuffled(value, chance: random.Random):
    """The same policy in another order and other spellings: members, arrays, prefixes, single values."""
    match value:
        case dict():
            opaque = {name for name in value if name.startswith("ex:") or name == "rightOperand"}
            members = [(name, inner if name in opaque else shuffled(inner, chance)) for name, inner in value.items()]
            chance.shuffle(members)
            return {respelt(name, chance): alone(name, inner, chance) for name, inner in members}
        case list():
            return chance.sample([shuffled(each, chance) for each in value], len(value))
    return value


def respelt(name: str, chance: random.Random) -> str:
    spellings = [name] if ":" in name or name.startswith("@") else [name, f"odrl:{name}", ODRL + name]
    return chance.choice(spellings)


def alone(name: str, value, chance: random.Random):
    if name.startswith(("@", "ex:", "dct:")):
        return value
    if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], list):
        return chance.choice([value, value[0]])
    return [value] if isinstance(value, str | dict) and chance.random() < 0.3 else value


def has_sequence(policy: dict) -> bool:
    return "andSequence" in json.dumps(policy)


@EXAMPLES
@given(QUESTIONS)
def test_a_decision_never_raises_and_explains_itself(question):
    policy, request = question
    decision = policies.compile(policies.load(policy)).decide(request)
    assert decision.reasons
    assert all(reason.say("fr") and reason.say("en") for reason in decision.reasons)
    assert isinstance(decision.consulted, frozenset)
    if decision.effect is Effect.INDETERMINATE:
        assert decision.missing
    if decision.effect is Effect.PERMIT:
        assert decision.missing == ()


@EXAMPLES
@given(QUESTIONS)
def test_the_decision_is_the_root_of_the_report(question):
    policy, request = question
    decision = policies.compile(policies.load(policy)).decide(request)
    report = decision.report()
    assert report.effect is decision.effect
    granted = any(rule.control == "permit" for rule in report.rules)
    assert granted or decision.effect is not Effect.PERMIT


@EXAMPLES
@given(QUESTIONS)
def test_the_reading_of_solidlab_permits_no_less(question):
    policy, request = question
    if effect(policy, request) is Effect.PERMIT:
        looser = policies.compile(policies.load(policy), duty_mode="violated_only")
        assert looser.decide(request).effect is Effect.PERMIT


@EXAMPLES
@given(QUESTIONS, DUTIES)
def test_one_duty_more_on_a_permission_permits_nothing_more(question, duty):
    policy, request = question
    stricter = copy.deepcopy(policy)
    for rule in stricter["permission"]:
        rule["duty"] = [*rule.get("duty", []), duty]
    if effect(stricter, request) is Effect.PERMIT:
        assert effect(policy, request) is Effect.PERMIT


@EXAMPLES
@given(QUESTIONS)
def test_an_answer_holds_until_it_says(question):
    policy, request = question
    compiled = policies.compile(policies.load(policy))
    decision = compiled.decide(request)
    until = decision.valid_until
    if until is None:
        return
    assert until > request.at
    middle = request.at + (until - request.at) / 2
    assert compiled.decide(replace(request, at=middle)).effect is decision.effect
    assert compiled.decide(replace(request, at=until)).effect is not decision.effect


@EXAMPLES
@given(QUESTIONS, PROHIBITIONS)
def test_one_prohibition_more_permits_nothing_more(question, prohibition):
    policy, request = question
    stricter = {**policy, "prohibition": [*policy["prohibition"], prohibition]}
    if effect(stricter, request) is Effect.PERMIT:
        assert effect(policy, request) is Effect.PERMIT


@EXAMPLES
@given(QUESTIONS, CONDITIONS, st.data())
def test_one_condition_more_on_a_permission_permits_nothing_more(question, condition, data):
    policy, request = question
    if not policy["permission"]:
        return
    stricter = copy.deepcopy(policy)
    rule = data.draw(st.sampled_from(stricter["permission"]))
    rule["constraint"] = [*rule.get("constraint", []), condition]
    if effect(stricter, request) is Effect.PERMIT:
        assert effect(policy, request) is Effect.PERMIT


@EXAMPLES
@given(QUESTIONS)
def test_one_fact_less_permits_nothing_more_at_delivery(question):
    policy, request = question
    for less in (replace(request, party=None), replace(request, target=None), replace(request, facts={})):
        if effect(policy, less) is Effect.PERMIT and not request.accepted_terms:
            assert effect(policy, request) is Effect.PERMIT


@EXAMPLES
@given(QUESTIONS)
def test_what_is_not_permitted_at_negotiation_is_not_delivered(question):
    policy, request = question
    negotiated = effect(policy, replace(request, phase="negotiation"))
    delivered = effect(policy, replace(request, phase="request"))
    assert (delivered is Effect.PERMIT) is (negotiated is Effect.PERMIT)
    assert delivered is not Effect.INDETERMINATE


@EXAMPLES
@given(POLICIES, CHANCES)
def test_same_terms_is_reflexive_and_symmetric_under_shuffling(policy, chance):
    if has_sequence(policy):
        return
    other = shuffled(policy, chance)
    assert policies.same_terms(policy, policy)
    assert policies.same_terms(policy, other)
    assert policies.same_terms(other, policy)
    assert policies.hash(policies.load(policy)) == policies.hash(policies.load(other))


@EXAMPLES
@given(QUESTIONS, CHANCES)
def test_the_spelling_does_not_change_the_answer(question, chance):
    policy, request = question
    if not has_sequence(policy):
        assert effect(policy, request) is effect(shuffled(policy, chance), request)


@EXAMPLES
@given(POLICIES)
def test_what_is_written_is_read_again(policy):
    read = policies.load(policy)
    again = policies.load(policies.dump(read))
    assert again == read
    assert policies.hash(again) == policies.hash(read)
    assert policies.dump(again) == policies.dump(read)


@EXAMPLES
@given(POLICIES)
def test_validation_never_raises_and_a_pointer_leads_into_the_policy(policy):
    for target in ("odrl", "dsp", "offer"):
        for issue in policies.validate(policies.load(policy), target):
            first = issue.pointer.split("/")[1] if issue.pointer else ""
            assert first in {*policy, "", "target", "assigner", "assignee", "timestamp", "profile"}


MEMBERS = """@id @type @context permission prohibition obligation duty constraint action target assignee and or
leftOperand operator rightOperand refinement rdf:value uid odrl:permission conflict timestamp"""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(ACTIONS + DATES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS.split()), inner, max_size=4),
    max_leaves=15,
)


@EXAMPLES
@given(st.dictionaries(st.sampled_from(["permission", "prohibition", "@id", "target", "ex:x"]), JSON, max_size=4))
def test_any_json_is_read_or_refused(given_json):
    try:
        policy = policies.load(given_json)
    except policies.PolicyError:
        return
    assert policies.load(policies.dump(policy)) == policy
    decision = policies.compile(policy).decide(Request(at=NOW, party="did:web:a"))
    assert decision.reasons
    policies.validate(policy)
    policies.declarative_terms(policy)


@EXAMPLES
@given(st.one_of(st.text(max_size=40), st.binary(max_size=40), st.text('{}[]":,0123e.-ntfu\\', max_size=40)))
def test_any_text_is_read_or_refused(text):
    try:
        policies.load(text)
    except policies.PolicyError:
        return
