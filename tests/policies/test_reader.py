"""What is read, in which spellings, and what is refused."""

import json

import pytest

import policies
from policies import errors
from policies.model import Constraint, LogicalConstraint, Value
from policies.vocabulary import ODRL, XSD

PLAIN = {
    "@id": "urn:offer",
    "@type": "Offer",
    "permission": [
        {
            "action": "use",
            "constraint": [
                {"leftOperand": "purpose", "operator": "eq", "rightOperand": "mobility"},
                {"or": [{"leftOperand": "dateTime", "operator": "lt", "rightOperand": "2027-01-01T00:00:00Z"}]},
            ],
        }
    ],
    "obligation": [{"action": "attribute"}],
}

PREFIXED = {
    "uid": "urn:offer",
    "@type": "odrl:Offer",
    "odrl:permission": {
        "odrl:action": {"@id": "odrl:use"},
        "odrl:constraint": [
            {
                "odrl:leftOperand": {"@id": "odrl:purpose"},
                "odrl:operator": {"@id": "odrl:eq"},
                "odrl:rightOperand": {"@value": "mobility"},
            },
            {
                "odrl:or": {
                    "@list": [
                        {
                            "odrl:leftOperand": "odrl:dateTime",
                            "odrl:operator": "odrl:lt",
                            "odrl:rightOperand": {"@value": "2027-01-01T00:00:00Z", "@type": "xsd:string"},
                        }
                    ]
                }
            },
        ],
    },
    "odrl:obligation": [{"@type": "Duty", "action": [ODRL + "attribute"]}],
    "odrl:prohibition": [],
    "profile": None,
}

IN_FULL = {
    "@id": "urn:offer",
    "@type": [ODRL + "Offer"],
    ODRL + "permission": [
        {
            "@type": "Permission",
            ODRL + "action": [{"@id": ODRL + "use"}],
            ODRL + "constraint": [
                {
                    ODRL + "leftOperand": [{"@id": ODRL + "purpose"}],
                    ODRL + "operator": [{"@id": ODRL + "eq"}],
                    ODRL + "rightOperand": [{"@value": "mobility"}],
                },
                {
                    ODRL + "or": [
                        {
                            ODRL + "leftOperand": [{"@id": ODRL + "dateTime"}],
                            ODRL + "operator": [{"@id": ODRL + "lt"}],
                            ODRL + "rightOperand": [{"@value": "2027-01-01T00:00:00Z"}],
                        }
                    ]
                },
            ],
        }
    ],
    ODRL + "obligation": {ODRL + "action": "odrl:attribute"},
}


ATOM = {"leftOperand": "purpose", "operator": "eq", "rightOperand": "x"}


def offer_with(constraint) -> dict:
    return {"@id": "urn:o", "@type": "Offer", "permission": [{"action": "use", "constraint": [constraint]}]}


def right_operand(given) -> tuple[Value, ...]:
    policy = policies.load(offer_with({"leftOperand": "ex:left", "operator": "eq", "rightOperand": given}))
    return policy.permissions[0].constraints[0].values


@pytest.mark.parametrize("spelling", [PREFIXED, IN_FULL], ids=["prefixed", "in full"])
def test_all_spellings_give_one_model(spelling):
    assert policies.load(spelling) == policies.load(PLAIN)


@pytest.mark.parametrize("given", [PLAIN, json.dumps(PLAIN), json.dumps(PLAIN).encode()], ids=["dict", "text", "bytes"])
def test_objects_texts_and_bytes_are_read_alike(given):
    assert policies.load(given) == policies.load(PLAIN)


def test_the_text_that_was_read_is_kept():
    text = json.dumps(PLAIN, indent=3)
    assert policies.load(text).source == text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("x", Value("x")),
        ({"@value": "x"}, Value("x")),
        ({"@value": "x", "@type": "xsd:string"}, Value("x")),
        ({"@id": "odrl:policyUsage"}, Value(ODRL + "policyUsage", is_iri=True)),
        ({"@value": "1", "@type": "xsd:integer"}, Value("1", XSD + "integer")),
        (1, Value("1", XSD + "integer")),
        (1.5, Value("1.5", XSD + "decimal")),
        (True, Value("true", XSD + "boolean")),
        ({"@value": "été", "@language": "FR"}, Value("été", language="fr")),
        ({"@value": "été", "@language": ""}, Value("été", language="")),
    ],
)
def test_a_right_operand_may_be_given_in_every_form_of_json_ld(given, expected):
    assert right_operand(given) == (expected,)


def test_a_value_with_an_empty_language_is_written_with_it():
    given = {"@value": "été", "@language": ""}
    policy = policies.load(offer_with({"leftOperand": "purpose", "operator": "eq", "rightOperand": given}))
    assert policies.dump(policy)["permission"][0]["constraint"][0]["rightOperand"] == given


def test_a_right_operand_of_another_form_is_kept_whole():
    (value,) = right_operand({"b": [2, 1], "a": None})
    assert value.text == '{"a":null,"b":[2,1]}'


def test_several_right_operands_are_kept_in_order():
    assert [value.text for value in right_operand(["b", "a"])] == ["b", "a"]


def test_a_data_type_given_beside_goes_to_the_values():
    constraint = {"leftOperand": "count", "operator": "lteq", "rightOperand": "3", "dataType": "xsd:integer"}
    policy = policies.load(offer_with(constraint))
    assert policy.permissions[0].constraints[0].values == (Value("3", XSD + "integer"),)


@pytest.mark.parametrize("place", ["policy", "rule", "constraint"])
def test_an_unknown_member_is_kept_where_it_was(place):
    constraint = {"leftOperand": "purpose", "operator": "eq", "rightOperand": "x"}
    offer = offer_with(constraint)
    rule = offer["permission"][0]
    {"policy": offer, "rule": rule, "constraint": constraint}[place]["ex:member"] = {"b": 1, "a": [None]}
    policy = policies.load(offer)
    holder = {
        "policy": policy,
        "rule": policy.permissions[0],
        "constraint": policy.permissions[0].constraints[0],
    }[place]
    assert holder.extras == (("ex:member", '{"a":[null],"b":1}'),)


def test_a_type_that_says_more_than_the_place_is_kept():
    offer = offer_with({"leftOperand": "purpose", "operator": "eq", "rightOperand": "x"})
    offer["permission"][0]["@type"] = "ex:SpecialPermission"
    assert policies.load(offer).permissions[0].extras == (("@type", '"ex:SpecialPermission"'),)


def test_refinements_collections_and_parents_have_their_place():
    condition = {"leftOperand": "fileFormat", "operator": "eq", "rightOperand": "text/csv"}
    policy = policies.load(
        {
            "uid": "urn:p",
            "inheritFrom": "urn:parent",
            "conflict": "odrl:perm",
            "permission": {
                "action": {"rdf:value": {"@id": "odrl:reproduce"}, "refinement": condition},
                "target": {"@type": "AssetCollection", "source": "urn:all", "refinement": [condition]},
                "assignee": [{"@id": "urn:a", "partOf": "urn:club"}, "urn:b"],
                "duty": {"action": "inform", "consequence": {"action": "delete"}},
            },
            "prohibition": {"action": "sell", "remedy": [{"action": "anonymize"}]},
        }
    )
    (permission,), (prohibition,) = policy.permissions, policy.prohibitions
    assert policy.inherits_from == ("urn:parent",)
    assert policy.conflicts == ("perm",)
    assert [each.operand for each in permission.actions[0].refinements] == [ODRL + "fileFormat"]
    assert permission.targets[0].source == "urn:all"
    assert [party.is_plain for party in permission.assignees] == [False, True]
    assert permission.duties[0].consequences[0].actions[0].iri == ODRL + "delete"
    assert prohibition.remedies[0].actions[0].iri == ODRL + "anonymize"


def test_each_part_knows_its_place_in_the_text():
    policy = policies.load(
        {
            "@id": "urn:o",
            "permission": [
                {"action": "use", "constraint": {"and": [{"or": [PLAIN["permission"][0]["constraint"][0]]}]}}
            ],
        }
    )
    outer = policy.permissions[0].constraints[0]
    assert isinstance(outer, LogicalConstraint)
    inner = outer.operands[0]
    assert isinstance(inner, LogicalConstraint)
    assert isinstance(inner.operands[0], Constraint)
    assert inner.operands[0].pointer == "/permission/0/constraint/and/0/or/0"


@pytest.mark.parametrize(
    ("given", "error", "pointer"),
    [
        ("{", errors.NotJson, ""),
        (b"\xff{}", errors.NotJson, ""),
        ('{"a": NaN}', errors.NotJson, ""),
        ('{"a": 1e999}', errors.NotJson, ""),
        ('{"a": "\\ud800"}', errors.NotJson, ""),
        ({"a": "\ud800"}, errors.NotJson, ""),
        ({"a": float("inf")}, errors.NotJson, ""),
        ({"a": {1, 2}}, errors.NotJson, ""),
        ("[]", errors.WrongShape, ""),
        ('{"@id": "a", "@id": "b"}', errors.DuplicateMember, ""),
        ({"@id": "a", "uid": "a"}, errors.DuplicateMember, ""),
        ({"permission": [], "odrl:permission": []}, errors.DuplicateMember, ""),
        ({"@context": {"odrl": "https://evil.example/"}}, errors.UnknownContext, "/@context"),
        ({"@context": ["https://evil.example/context"]}, errors.UnknownContext, "/@context/0"),
        ({"permission": "urn:rule"}, errors.WrongShape, "/permission"),
        ({"permission": [{"action": 5}]}, errors.WrongShape, "/permission/0/action"),
        ({"permission": [{"action": {}}]}, errors.WrongShape, "/permission/0/action"),
        ({"@id": ["a", "b"]}, errors.WrongShape, "/@id"),
        ({"@id": ""}, errors.WrongShape, "/@id"),
        ({"@id": "x" * 3000}, errors.WrongShape, "/@id"),
        ({"target": {}}, errors.WrongShape, "/target"),
        ({"timestamp": {"@id": "x"}}, errors.WrongShape, "/timestamp"),
        (offer_with("urn:c"), errors.WrongShape, "/permission/0/constraint/0"),
        (offer_with({}), errors.WrongShape, "/permission/0/constraint/0"),
        (offer_with({"and": []}), errors.WrongShape, "/permission/0/constraint/0/and"),
        (offer_with({"and": [ATOM], "or": [ATOM]}), errors.WrongShape, "/permission/0/constraint/0"),
        (offer_with({"and": [ATOM], **ATOM}), errors.WrongShape, "/permission/0/constraint/0"),
        (offer_with({**ATOM, "rightOperand": []}), errors.WrongShape, "/permission/0/constraint/0"),
        (offer_with({**ATOM, "rightOperandReference": "urn:r"}), errors.WrongShape, "/permission/0/constraint/0"),
        (offer_with({**ATOM, "operator": None}), errors.WrongShape, "/permission/0/constraint/0"),
        (offer_with({**ATOM, "leftOperand": ["a", "b"]}), errors.WrongShape, "/permission/0/constraint/0/leftOperand"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(given, error, pointer):
    with pytest.raises(error) as caught:
        policies.load(given)
    assert caught.value.pointer == pointer
    assert caught.value.say("fr") != caught.value.say("en")


def nested(levels: int) -> str:
    return '{"or":[' * levels + json.dumps(ATOM) + "]}" * levels


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ('{"a": "' + "x" * 300_000 + '"}', errors.TooLarge),
        (b'{"a": "' + b"x" * 300_000 + b'"}', errors.TooLarge),
        ({"a": "é" * 200_000}, errors.TooLarge),
        ('{"permission": [{"action": "use", "constraint": ' + nested(15) + "}]}", errors.TooDeep),
        ('{"a":' + "[" * 100_000, errors.TooDeep),
        ({"permission": [{"action": "use", "constraint": [{"or": [ATOM] * 2500}] * 2}]}, errors.TooLarge),
    ],
)
def test_limits_of_length_and_depth_hold(given, error):
    with pytest.raises(error):
        policies.load(given)


def test_five_thousand_constraints_are_read_and_one_more_is_not():
    four = '{"or":{"or":{"or":{"leftOperand":"a","operator":"b","rightOperand":"c"}}}}'
    text = '{"permission":[{"constraint":[%s]}]}'
    assert len(policies.load(text % ",".join([four] * 1250)).permissions[0].constraints) == 1250
    with pytest.raises(errors.TooManyConstraints):
        policies.load(text % ",".join([four] * 1250 + [json.dumps(ATOM)]))


def test_a_structure_that_contains_itself_is_refused():
    loop: dict = {}
    loop["permission"] = loop
    with pytest.raises(errors.PolicyError):
        policies.load(loop)


@pytest.mark.parametrize("logic", ["and", "or", "xone", "andSequence"])
def test_a_condition_that_is_only_named_is_refused_where_it_stands(logic):
    known = {"leftOperand": "odrl:count", "operator": "lteq", "rightOperand": "5"}
    rule = {"action": "use", "constraint": [{logic: [known, {"@id": "urn:c"}]}]}
    with pytest.raises(policies.PolicyError) as refused:
        policies.load({"@id": "urn:p", "permission": [rule]})
    assert refused.value.pointer == f"/permission/0/constraint/0/{logic}/1"
