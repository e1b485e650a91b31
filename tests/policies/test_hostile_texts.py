"""Texts made to hurt: each is answered, with our own errors only."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

import policies
from policies import errors
from policies.confusable import is_confusable
from policies.vocabulary import ODRL
from tests.policies.drawn import FEWER, POLICIES

ATOM = {"leftOperand": "purpose", "operator": "eq", "rightOperand": "x"}
W3C = "http://www.w3.org/ns/odrl.jsonld"
INLINE = {"ex": "https://example.org/"}


def everything(given) -> None:
    """Do with a policy all that the library can, as a node would with one from a stranger."""
    try:
        policy = policies.load(given)
        policies.normalise(policy)
    except policies.PolicyError as error:
        _ = error.say("fr"), error.say("en")
        return
    for target in ("odrl", "dsp", "offer"):
        policies.validate(policy, target)
    policies.lint(policy, licence="lov2")
    assert policies.load(policies.dump(policy)) == policy
    policies.compile(policy)


@pytest.mark.parametrize("context", [None, [W3C, INLINE]])
@pytest.mark.parametrize(
    ("opening", "inside", "closing"),
    [
        ('{"permission":[{"constraint":', '{"or":[', "]}"),
        ('{"permission":[{"constraint":', '{"@list":[', "]}"),
        ('{"permission":[{"action":', '{"rdf:value":', "}"),
        ('{"obligation":[{"consequence":', '[{"consequence":', "}]"),
        ('{"ex:a":[{"b":', "[", "]"),
        ('{"permission":[{"a":', '{"@context":[{"b":', "}]}"),
    ],
)
def test_five_hundred_levels_are_refused(context, opening, inside, closing):
    text = opening + inside * 500 + '"x"' + closing * 500 + "}]}"
    if context:
        text = f'{{"@context":{json.dumps(context)},' + text[1:]
    with pytest.raises(errors.TooDeep):
        policies.load(text)


def test_six_thousand_constraints_are_refused():
    short = '{"leftOperand":"a","operator":"b","rightOperand":"c"}'
    branches = ",".join(f'{{"or":{{"or":{short}}}}}' for _ in range(2000))
    given = f'{{"permission":[{{"constraint":[{branches}]}}]}}'
    with pytest.raises(errors.TooManyConstraints):
        policies.load(given)


@pytest.mark.parametrize(
    "given",
    [
        {"permission": [{"action": "use", "constraint": [{"or": [ATOM] * 60}] * 60}]},
        {"permission": [{"action": "use", "constraint": [{**ATOM, "rightOperand": ["x" * 20] * 9000}]}]},
        {"permission": [{"action": "use", "target": [f"urn:{at}" for at in range(9000)]}]},
        {"permission": [{"action": ["use"] * 9000}]},
        {"permission": [{"action": "use"}] * 6000, "prohibition": [{"action": "odrl:read"}] * 300},
        {"@type": ["Offer"] * 5000, "conflict": ["perm"] * 5000, "profile": ["urn:p"] * 5000},
        {f"ex:{at}": at for at in range(9000)},
        {
            "permission": [
                {
                    "constraint": [
                        {**ATOM, "leftOperand": "dateTime", "rightOperand": f"{at + 2000}-01-01"} for at in range(1500)
                    ]
                }
            ]
        },
        {"@context": [W3C, INLINE], "permission": [{"action": "use", "constraint": [ATOM] * 1500}]},
        {
            "@context": [W3C, *[{f"p{at}": f"https://example.org/{at}/"} for at in range(1000)]],
            "permission": [{"action": "use"}],
        },
    ],
    ids=[
        "alternatives",
        "values",
        "targets",
        "actions",
        "rules",
        "types",
        "members",
        "dates",
        "expanded",
        "contexts",
    ],
)
def test_large_policies_within_the_limits_are_answered(given):
    everything(given)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": NaN}',
        '{"permission": [{"constraint": [{"leftOperand": "count", "operator": "lt", "rightOperand": Infinity}]}]}',
        '{"a": -Infinity}',
        '{"a": 1e400}',
        '{"@id": "a", "@id": "b"}',
        '{"permission": [{"action": "use", "action": "read"}]}',
        '{"permission": [], "odrl:permission": []}',
        '{"@context": {"@context": {}}, "@context": []}',
    ],
)
def test_what_two_readers_would_see_differently_is_refused(text):
    with pytest.raises(policies.PolicyError):
        policies.load(text)


NUMBERS = [10**400, -(10**400), 1e308, 5e-324, 0.1, True]


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_of_any_size_are_kept_as_they_are_written(number):
    constraint = {"leftOperand": "count", "operator": "lt", "rightOperand": number}
    everything({"@id": "urn:o", "permission": [{"action": "use", "constraint": [constraint, constraint]}]})


DECEIVING = {
    "a Cyrillic letter": "http://www.wЗ.org/ns/odrl/2/use",
    "a Greek letter": "did:web:rennesmetrοpole.example",
    "no width": "did:web:rennes\u200bmetropole.example",
    "backwards": "did:web:\u202eelpmaxe",
    "an accent apart": "did:web:me\u0301tropole.example",
    "full width": "did:web:ｒennes.example",
    "a ligature": "did:web:oﬃce.example",
    "a space": "did:web:rennes .example",
    "a control": "did:web:rennes\x07.example",
}


@pytest.mark.parametrize("name", DECEIVING.values(), ids=DECEIVING)
def test_a_name_that_deceives_the_eye_is_told_and_is_nobody_elses(name):
    policy = policies.load({"@id": "urn:o", "@type": "Offer", "target": name, "permission": [{"action": "use"}]})
    assert [(issue.code, issue.pointer) for issue in policies.validate(policy)] == [("confusable-name", "/target")]
    assert policy.targets[0].iri == name
    assert not policies.same_terms({"permission": [{"action": name}]}, {"permission": [{"action": ODRL + "use"}]})


@pytest.mark.parametrize("name", ["did:web:métropole.example", "urn:uuid:1", "δεδομένα", "данные"])
def test_a_name_in_one_alphabet_is_honest(name):
    assert not is_confusable(name)


NAMES = """@id @type @context @value @language @list @set @graph @reverse @included @nest @vocab @base permission
prohibition obligation duty remedy consequence constraint action target assigner assignee and or xone
andSequence leftOperand operator rightOperand rightOperandReference refinement rdf:value odrl:value uid
odrl:permission conflict timestamp profile inheritFrom partOf source unit status dataType odrl:datatype policy
ex:x"""
WORDS = NAMES.split()
TEXTS = st.one_of(
    st.sampled_from(
        ["use", "odrl:use", "USE", "odrl:industry:", "odrl:neg", "IN", "2030-01-01", "P1D", "", ":", "odrl:", "//", W3C]
    ),
    st.text(max_size=6),
    st.sampled_from(["PolicyDefinition", "Offer", "AssetCollection", "xsd:date", "_:b", "x-pupitre-bare:use"]),
)
ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(WORDS), st.text(string.printable, max_size=4)), inner, max_size=5),
    ),
    max_leaves=25,
)
ANY_OBJECT = st.dictionaries(st.sampled_from(WORDS), ANY_JSON, max_size=6)


@FEWER
@given(ANY_OBJECT)
def test_any_object_is_answered(given_json):
    everything(given_json)


@FEWER
@given(ANY_OBJECT, st.one_of(st.just(INLINE), st.dictionaries(st.sampled_from(WORDS), ANY_JSON, max_size=3)))
def test_any_object_under_any_context_is_answered(given_json, context):
    everything({**given_json, "@context": [W3C, context]})


@FEWER
@given(POLICIES, st.data())
def test_a_policy_with_one_part_replaced_by_anything_is_answered(policy, data):
    place = data.draw(st.sampled_from(list(places(policy))))
    everything(replaced(policy, place, data.draw(ANY_JSON)))


def places(value, way=()):
    """Yield the way to each part of a JSON value."""
    if way:
        yield way
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from places(member, (*way, key))


def replaced(value, way, other):
    if not way:
        return other
    key, *rest = way
    if isinstance(value, dict):
        return {name: replaced(each, rest, other) if name == key else each for name, each in value.items()}
    return [replaced(each, rest, other) if at == key else each for at, each in enumerate(value)]


@FEWER
@given(POLICIES, st.data())
def test_a_text_cut_or_changed_anywhere_is_answered(policy, data):
    text = json.dumps(policy)
    at = data.draw(st.integers(0, len(text)))
    change = data.draw(
        st.one_of(st.text(max_size=3), st.sampled_from(["{", "}", "[", "]", '"', ",", ":", "\\", "\\u0000"]))
    )
    everything(text[:at] + change + text[at + data.draw(st.integers(0, 5)) :])
