"""The forms in which W3C, the protocol, Eclipse EDC and Catena-X write a policy, and the slips that are repaired."""

import pytest

import policies
from policies import errors
from policies.model import Value
from policies.vocabulary import CX_POLICY, EDC, ODRL, XSD

W3C = "http://www.w3.org/ns/odrl.jsonld"
DSP = "https://w3id.org/dspace/2025/1/context.jsonld"
CX_2025 = "https://w3id.org/catenax/2025/9/policy/"

MEANT = policies.load(
    {
        "@id": "urn:o",
        "@type": "Offer",
        "target": "urn:d",
        "permission": [
            {
                "action": "use",
                "constraint": [{"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": "mobility"}],
            }
        ],
    }
)

FORMS = {
    "as W3C's model has it": {
        "@context": W3C,
        "@type": "Offer",
        "uid": "urn:o",
        "target": "urn:d",
        "permission": {
            "action": [{"rdf:value": {"@id": "odrl:use"}}],
            "constraint": {"leftOperand": "purpose", "operator": "eq", "rightOperand": "mobility"},
        },
    },
    "as an offer of the protocol": {
        "@context": [DSP],
        "@id": "urn:o",
        "@type": "Offer",
        "target": "urn:d",
        "permission": [
            {
                "action": "use",
                "constraint": [{"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": "mobility"}],
            }
        ],
    },
    "as EDC sends it": {
        "@context": [DSP, "https://w3id.org/edc/dspace/v0.0.1"],
        "@id": "urn:o",
        "@type": "odrl:Offer",
        "odrl:permission": {
            "odrl:action": {"@id": "odrl:use"},
            "odrl:constraint": {
                "odrl:leftOperand": {"@id": "odrl:purpose"},
                "odrl:operator": {"@id": "odrl:eq"},
                "odrl:rightOperand": "mobility",
            },
        },
        "odrl:prohibition": [],
        "odrl:obligation": [],
        "odrl:target": {"@id": "urn:d"},
    },
    "as EDC's management stores it": {
        "@context": {"@vocab": EDC},
        "@type": "PolicyDefinition",
        "@id": "definition",
        "policy": {
            "@context": W3C,
            "@id": "urn:o",
            "@type": "Offer",
            "target": "urn:d",
            "permission": [
                {
                    "action": "use",
                    "constraint": [{"leftOperand": "purpose", "operator": "eq", "rightOperand": "mobility"}],
                }
            ],
        },
    },
    "as connectors of old wrote it": {
        "@id": "urn:o",
        "@type": "odrl:Offer",
        "odrl:target": {"@id": "urn:d"},
        "odrl:permission": {
            "odrl:action": {"odrl:type": "USE"},
            "odrl:constraint": {"odrl:leftOperand": "purpose", "odrl:operator": "EQ", "odrl:rightOperand": "mobility"},
        },
    },
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_forms_of_others_are_read_alike(form):
    assert policies.load(form) == MEANT


def catena_x(context: str, constraint: dict) -> dict:
    return {
        "@context": [W3C, context],
        "@type": "Set",
        "@id": "urn:p",
        "profile": "cx-policy:profile2405",
        "permission": [{"action": "use", "constraint": [{"and": [constraint]}]}],
    }


@pytest.mark.parametrize(
    ("context", "namespace"),
    [
        ("https://w3id.org/tractusx/policy/v1.0.0", CX_POLICY),
        ("https://w3id.org/catenax/2025/9/policy/context.jsonld", CX_2025),
    ],
)
@pytest.mark.parametrize("name", ["FrameworkAgreement", "cx-policy:FrameworkAgreement"])
def test_the_words_of_catena_x_are_those_of_the_context_that_is_named(context, namespace, name):
    constraint = {"leftOperand": name, "operator": "eq", "rightOperand": "DataExchangeGovernance:1.0"}
    policy = policies.load(catena_x(context, constraint))
    (found,) = policy.permissions[0].constraints[0].operands
    assert found.operand == namespace + "FrameworkAgreement"
    assert found.values == (Value("DataExchangeGovernance:1.0"),)
    assert policy.profiles == (namespace + "profile2405",)
    assert policies.load(policies.dump(policy)) == policy


def test_without_that_context_a_word_of_catena_x_is_a_word_like_any_other():
    constraint = {"leftOperand": "FrameworkAgreement", "operator": "eq", "rightOperand": "x"}
    policy = policies.load(catena_x(DSP, constraint))
    assert policy.permissions[0].constraints[0].operands[0].operand == "FrameworkAgreement"


def test_a_bare_word_belongs_to_the_vocabulary_that_edc_declares():
    given = {
        "@context": [W3C, {"@vocab": EDC}],
        "@id": "urn:p",
        "@type": "Set",
        "priority": 5,
        "permission": [
            {"action": "use", "constraint": [{"leftOperand": "partner", "operator": "LEQ", "rightOperand": "partner"}]}
        ],
    }
    policy = policies.load(given)
    (constraint,) = policy.permissions[0].constraints
    assert (constraint.operand, constraint.operator) == (EDC + "partner", ODRL + "lteq")
    assert constraint.values == (Value("partner"),)
    assert policy.extras == (("edc:priority", "5"),)


def test_two_spellings_of_one_member_are_refused_whatever_the_dialect():
    given = {"@context": [W3C, {"@vocab": EDC}], "@id": "urn:p", "priority": 5, EDC + "priority": 6}
    with pytest.raises(errors.DuplicateMember):
        policies.load(given)


def with_constraint(**members) -> dict:
    constraint = {"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": "x", **members}
    return {"@id": "urn:o", "@type": "Offer", "permission": [{"action": "use", "constraint": [constraint]}]}


AT = "/permission/0/constraint/0"


@pytest.mark.parametrize(
    ("members", "field", "meant"),
    [
        ({"operator": "odrl:neg"}, "operator", ODRL + "neq"),
        ({"operator": {"@id": ODRL + "neg"}}, "operator", ODRL + "neq"),
        ({"operator": "EQ"}, "operator", ODRL + "eq"),
        ({"operator": "LEQ"}, "operator", ODRL + "lteq"),
        ({"operator": "odrl:GEQ"}, "operator", ODRL + "gteq"),
        ({"operator": "IN"}, "operator", ODRL + "isAnyOf"),
        ({"leftOperand": "odrl:industry:"}, "operand", ODRL + "industry"),
        ({"rightOperand": "3", ODRL + "datatype": "xsd:integer"}, "values", (Value("3", XSD + "integer"),)),
    ],
)
def test_a_slip_that_leaves_no_doubt_is_repaired_and_reported(members, field, meant):
    policy = policies.load(with_constraint(**members))
    assert getattr(policy.permissions[0].constraints[0], field) == meant
    (repair,) = policy.repairs
    assert repair.pointer.startswith(AT)
    (issue,) = [each for each in policies.validate(policy, "offer") if each.code == "repaired-spelling"]
    assert (issue.severity, issue.pointer) == ("warning", repair.pointer)
    assert repair.found in issue.message["fr"]
    assert issue.fix is not None


def test_the_action_in_capitals_is_repaired():
    policy = policies.load({"@id": "urn:o", "permission": [{"action": "USE"}, {"action": {"@id": "odrl:USE"}}]})
    assert [rule.actions[0].iri for rule in policy.permissions] == [ODRL + "use"] * 2
    assert [each.pointer for each in policy.repairs] == ["/permission/0/action", "/permission/1/action"]


def test_a_repaired_policy_equals_the_one_that_was_meant_and_keeps_its_text():
    given = with_constraint(operator="odrl:neg")
    policy = policies.load(given)
    assert policy == policies.load(with_constraint(operator="neq"))
    assert "odrl:neg" in policy.source
    assert policies.load(policies.dump(policy)).repairs == ()


@pytest.mark.parametrize("operator", ["Eq", "term-lteq", "ex:EQ", "odrl:isanyof"])
def test_what_leaves_a_doubt_is_not_repaired(operator):
    policy = policies.load(with_constraint(operator=operator))
    assert policy.repairs == ()
    assert "unknown-operator" in {issue.code for issue in policies.validate(policy, "offer")}
