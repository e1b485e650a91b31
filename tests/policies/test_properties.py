"""What holds of every policy: drawn at random, well formed, and as odd as the model allows."""

import copy
import json
import os
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

import policies
from policies import Effect, Period, Quantity, Request
from policies.vocabulary import ODRL, TERRI

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
EXAMPLES = settings(max_examples=2_000 if os.environ.get("CI") else 150, deadline=None)

PARTIES = ["did:web:a", "did:web:b"]
PURPOSES = ["mobility", "research"]
DATES = ["2026-06-01T12:00:00Z", "2026-05-01", "2027-01-01T00:00:00", "9999-12-31", "soon"]
ACTIONS = ["use", "use", "use", "odrl:read", "odrl:distribute", "odrl:sell", "ex:fly", "cc:Sharing"]
OPERATORS = ["eq", "neq", "lt", "lteq", "gt", "gteq", "isA", "hasPart", "isPartOf", "isAllOf", "isAnyOf", "isNoneOf"]


def maybe(name: str, values: st.SearchStrategy) -> st.SearchStrategy[dict]:
    return st.one_of(st.just({}), st.just({}), st.just({}), values.map(lambda value: {name: value}))


def merged(*parts: st.SearchStrategy[dict]) -> st.SearchStrategy[dict]:
    return st.tuples(*parts).map(lambda each: {name: value for part in each for name, value in part.items()})


def constraint_on(operand: str, values: list) -> st.SearchStrategy[dict]:
    right = st.one_of(st.sampled_from(values), st.lists(st.sampled_from(values), min_size=1, max_size=3))
    return merged(
        st.fixed_dictionaries(
            {"leftOperand": st.just(operand), "operator": st.sampled_from(OPERATORS), "rightOperand": right}
        ),
        maybe("unit", st.just("ex:unit")),
        maybe("ex:clause", st.just([1, {"a": None}])),
    )


ATOMS = st.one_of(
    constraint_on("odrl:dateTime", DATES),
    constraint_on("dateTime", [{"@value": "2026-06-01Z", "@type": "xsd:date"}, {"@id": "urn:x"}]),
    constraint_on("odrl:recipient", [*PARTIES, {"@id": "did:web:a"}]),
    constraint_on(TERRI + "participant", PARTIES),
    constraint_on("odrl:purpose", PURPOSES),
    constraint_on("odrl:count", [5, 1.5, True]),
    constraint_on("odrl:payAmount", [5, "7.50"]),
    constraint_on("odrl:spatial", ["FR", "EU"]),
    constraint_on("odrl:elapsedTime", ["P30D", "P1M", "soon"]),
    constraint_on("odrl:event", ["urn:games", {"@id": "odrl:policyUsage"}]),
    constraint_on("partner", ["gold", {"x": [1, 2]}]),
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.dictionaries(
        st.sampled_from(["and", "or", "xone", "andSequence"]),
        st.lists(inner, min_size=1, max_size=3),
        min_size=1,
        max_size=1,
    ),
    max_leaves=6,
)
PARTY = st.one_of(st.sampled_from(PARTIES), st.just({"@id": "did:web:a", "partOf": "urn:club"}))
DUTIES = merged(
    st.fixed_dictionaries({"action": st.sampled_from(["odrl:inform", "odrl:compensate", "odrl:delete"])}),
    maybe("@id", st.sampled_from(["urn:duty", "urn:other"])),
    maybe("constraint", st.lists(ATOMS, max_size=2)),
    maybe("constraint", st.lists(CONDITIONS, max_size=2)),
    maybe("consequence", st.just([{"action": "odrl:delete", "@id": "urn:other"}])),
)
RULES = merged(
    st.fixed_dictionaries({"action": st.sampled_from(ACTIONS)}),
    maybe("constraint", st.lists(CONDITIONS, max_size=3)),
    maybe("constraint", st.lists(CONDITIONS, max_size=3)),
    maybe("assignee", PARTY),
    maybe("target", st.sampled_from(["urn:d", "urn:e"])),
    maybe("ex:clause", st.just("x")),
)
PERMISSIONS = merged(RULES, maybe("duty", st.lists(DUTIES, max_size=2)))
PROHIBITIONS = merged(RULES, maybe("remedy", st.lists(DUTIES, max_size=2)))
POLICIES = merged(
    st.fixed_dictionaries(
        {
            "@id": st.just("urn:p"),
            "@type": st.sampled_from(["Offer", "Set", "Agreement"]),
            "permission": st.lists(st.one_of(st.just({"action": "use"}), PERMISSIONS), max_size=3),
            "prohibition": st.lists(PROHIBITIONS, max_size=2),
            "obligation": st.lists(DUTIES, max_size=1),
        }
    ),
    maybe("conflict", st.sampled_from(["perm", "prohibit", "invalid", "ex:coin"])),
    maybe("target", st.sampled_from(["urn:d", ["urn:e"]])),
    maybe("profile", st.just("urn:profile")),
    maybe("dct:title", st.just("x")),
)
REQUESTS = st.builds(
    Request,
    at=st.sampled_from([NOW, NOW - timedelta(days=60), NOW + timedelta(days=300), datetime.max.replace(tzinfo=UTC)]),
    action=st.sampled_from(["use", "use", "read", ODRL + "distribute", "ex:fly"]),
    target=st.sampled_from([None, "urn:d", "urn:e"]),
    party=st.sampled_from([None, *PARTIES]),
    facts=st.sampled_from(
        [
            {},
            {ODRL + "purpose": "mobility"},
            {ODRL + "purpose": ["research", "mobility"], ODRL + "count": 3},
            {ODRL + "payAmount": Quantity(5, "ex:unit"), ODRL + "spatial": "FR", ODRL + "elapsedTime": "P10D"},
            {ODRL + "payAmount": 7, ODRL + "elapsedTime": NOW - timedelta(days=20), ODRL + "count": 6},
        ]
    ),
    events=st.sampled_from([None, {"urn:games": Period(NOW, NOW + timedelta(days=3))}]),
    knowledge=st.sampled_from([None, {"FR": ["EU"], "EU": [], "did:web:a": ["urn:club"], "did:web:b": []}]),
    fulfilled=st.sampled_from([(), {"urn:duty"}, {"urn:duty", "urn:other"}]),
    violated=st.sampled_from([(), (), {"urn:duty"}]),
    phase=st.sampled_from(["catalogue", "negotiation", "transfer", "request"]),
)


@st.composite
def questions(draw) -> tuple[dict, Request]:
    """A policy and a request, whose party accepted what the policy declares, or nothing."""
    policy, request = draw(POLICIES), draw(REQUESTS)
    if draw(st.booleans()):
        terms = frozenset(policies.declarative_terms(policies.load(policy)))
        request = replace(request, accepted_terms=terms)
    return policy, request


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
@given(questions())
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
@given(questions())
def test_the_decision_is_the_root_of_the_report(question):
    policy, request = question
    decision = policies.compile(policies.load(policy)).decide(request)
    report = decision.report()
    assert report.effect is decision.effect
    granted = any(rule.control == "permit" for rule in report.rules)
    assert granted or decision.effect is not Effect.PERMIT


@EXAMPLES
@given(questions())
def test_the_reading_of_solidlab_permits_no_less(question):
    policy, request = question
    if effect(policy, request) is Effect.PERMIT:
        looser = policies.compile(policies.load(policy), duty_mode="violated_only")
        assert looser.decide(request).effect is Effect.PERMIT


@EXAMPLES
@given(questions(), DUTIES)
def test_one_duty_more_on_a_permission_permits_nothing_more(question, duty):
    policy, request = question
    stricter = copy.deepcopy(policy)
    for rule in stricter["permission"]:
        rule["duty"] = [*rule.get("duty", []), duty]
    if effect(stricter, request) is Effect.PERMIT:
        assert effect(policy, request) is Effect.PERMIT


@EXAMPLES
@given(questions())
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
@given(questions(), PROHIBITIONS)
def test_one_prohibition_more_permits_nothing_more(question, prohibition):
    policy, request = question
    stricter = {**policy, "prohibition": [*policy["prohibition"], prohibition]}
    if effect(stricter, request) is Effect.PERMIT:
        assert effect(policy, request) is Effect.PERMIT


@EXAMPLES
@given(questions(), CONDITIONS, st.data())
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
@given(questions())
def test_one_fact_less_permits_nothing_more_at_delivery(question):
    policy, request = question
    for less in (replace(request, party=None), replace(request, target=None), replace(request, facts={})):
        if effect(policy, less) is Effect.PERMIT and not request.accepted_terms:
            assert effect(policy, request) is Effect.PERMIT


@EXAMPLES
@given(questions())
def test_what_is_not_permitted_at_negotiation_is_not_delivered(question):
    policy, request = question
    negotiated = effect(policy, replace(request, phase="negotiation"))
    delivered = effect(policy, replace(request, phase="request"))
    assert (delivered is Effect.PERMIT) is (negotiated is Effect.PERMIT)
    assert delivered is not Effect.INDETERMINATE


@EXAMPLES
@given(POLICIES, st.randoms(use_true_random=False))
def test_same_terms_is_reflexive_and_symmetric_under_shuffling(policy, chance):
    if has_sequence(policy):
        return
    other = shuffled(policy, chance)
    assert policies.same_terms(policy, policy)
    assert policies.same_terms(policy, other)
    assert policies.same_terms(other, policy)
    assert policies.hash(policies.load(policy)) == policies.hash(policies.load(other))


@EXAMPLES
@given(questions(), st.randoms(use_true_random=False))
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
            assert first in {*policy, "", "target", "assigner", "assignee", "timestamp"}


MEMBERS = """@id @type @context permission prohibition obligation duty constraint action target assignee and or
leftOperand operator rightOperand refinement rdf:value uid odrl:permission conflict timestamp"""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(ACTIONS + DATES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS.split()), inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=300, deadline=None)
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


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=40), st.binary(max_size=40), st.text('{}[]":,0123e.-ntfu\\', max_size=40)))
def test_any_text_is_read_or_refused(text):
    try:
        policies.load(text)
    except policies.PolicyError:
        return
