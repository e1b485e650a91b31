"""W3C's list for validators, line by line: a policy that breaks it, and the code that says so."""

import pytest

import policies
from policies.checklist import CHECKLIST
from policies.errors import PolicyError
from policies.findings import CODES
from policies.vocabulary import TERRI

EQUALS = {"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": "mobility"}
SOUND = {
    "@id": "urn:p",
    "@type": "Agreement",
    "assigner": "did:web:a",
    "assignee": "did:web:b",
    "target": "urn:d",
    "timestamp": "2026-06-01T12:00:00Z",
    "permission": [{"@id": "urn:r1", "action": "use", "constraint": [EQUALS]}],
    "prohibition": [{"@id": "urn:r2", "action": "odrl:sell"}],
    "obligation": [{"@id": "urn:r3", "action": "odrl:attribute"}],
}


def without(*names: str, **changed) -> dict:
    return {name: value for name, value in SOUND.items() if name not in names} | changed


def rule(kind: str = "permission", **members) -> dict:
    """Return the sound policy with one rule of the kind changed."""
    return SOUND | {kind: [SOUND[kind][0] | members]}


def constrained(constraint) -> dict:
    return rule(constraint=[constraint])


def changed(*names: str, **members) -> dict:
    return constrained({name: value for name, value in EQUALS.items() if name not in names} | members)


REFINED = {"refinement": [EQUALS]}
REMEDY = [{"action": "odrl:delete", "consequence": [{"action": "odrl:inform"}]}]
ELSEWHERE = {"leftOperand": "odrl:purpose", "operator": "eq"}
BROKEN = [
    ("V1", "une offre", "not-json"),
    ("V1", {"permission": "use"}, "wrong-shape"),
    ("V1", {"@id": "urn:p", "@type": "dcat:Dataset"}, "no-rule"),
    ("V2", without("permission", "prohibition", "obligation"), "no-rule"),
    ("V3", without("@id"), "missing-id"),
    ("V3", SOUND | {"@id": "ma première offre"}, "not-an-iri"),
    ("V4", without("assigner", **{"@type": "Offer"}), "missing-assigner"),
    ("V5", without("assigner"), "missing-assigner"),
    ("V6", without("assignee"), "missing-assignee"),
    ("V7", without("target"), "missing-target"),
    ("V8", rule("prohibition", remedy=REMEDY), "consequence-misplaced"),
    ("V9", SOUND | {"target": {"@type": "AssetCollection", **REFINED}}, "collection-without-source"),
    ("V10", rule(assignee={"@type": "PartyCollection", **REFINED}), "collection-without-source"),
    ("V11", SOUND | {"conflict": "ex:coin"}, "unknown-conflict"),
    ("V12", rule(action="ex:fly"), "unknown-action"),
    ("V12", rule(action="ex:fly"), "undeclared-profile"),
    ("V13", changed(leftOperand="ex:mood"), "unknown-operand"),
    ("V13", changed(leftOperand="terri:category"), "undeclared-profile"),
    ("V14", changed(operator="ex:about"), "unknown-operator"),
    ("V14", changed(operator="ex:about"), "undeclared-profile"),
    ("V15", constrained({"ex:nand": [EQUALS]}), "wrong-shape"),
    ("V16", changed("rightOperand"), "wrong-shape"),
    ("V16", changed(rightOperandReference="https://a.example/x"), "wrong-shape"),
    ("V16", changed(leftOperand="odrl:dateTime", operator="lt", rightOperand=["2030-01-01Z"] * 2), "operator-unsuited"),
    ("V17", changed("leftOperand"), "wrong-shape"),
    ("V17", changed(leftOperand=["odrl:purpose", "odrl:spatial"]), "wrong-shape"),
    ("V18", changed("operator"), "wrong-shape"),
    ("V18", changed(operator=["eq", "neq"]), "wrong-shape"),
    ("V19", constrained({"or": ["urn:elsewhere"]}), "wrong-shape"),
    ("V19", constrained({"or": [{"action": "use"}]}), "wrong-shape"),
    ("V20", constrained({**ELSEWHERE, "rightOperandReference": "la liste"}), "not-an-iri"),
    ("V20", constrained({**ELSEWHERE, "rightOperandReference": 5}), "wrong-shape"),
    ("V21", changed(dataType="xsd:dateTimes"), "unknown-datatype"),
    ("V21", changed(rightOperand={"@value": "mobility", "@type": "ex:Word"}), "unknown-datatype"),
    ("V22", rule("prohibition", **{"@id": "urn:r1"}), "rule-of-two-kinds"),
    ("V22", rule("prohibition", **{"@id": "urn:r3"}), "rule-of-two-kinds"),
    ("V22", rule("prohibition", **{"@type": "odrl:Permission"}), "not-understood"),
    ("V23", SOUND | {"conflict": ["perm", "prohibit"]}, "several-conflicts"),
    ("V24", SOUND | {"inheritFrom": "urn:p"}, "inheritance-cycle"),
]


def codes(given) -> set[str]:
    """Return the codes of what is found, or of why it cannot be read."""
    try:
        return {issue.code for issue in policies.validate(policies.load(given), "odrl")}
    except PolicyError as error:
        return {error.code}


@pytest.mark.parametrize(("number", "given", "code"), BROKEN, ids=[f"{one[0]} {one[2]}" for one in BROKEN])
def test_a_policy_that_breaks_a_line_is_told_by_its_code(number, given, code):
    assert code in codes(given)
    assert code in CHECKLIST[number].codes


def test_a_policy_that_keeps_the_list_is_told_nothing():
    assert codes(SOUND) == set()


def test_every_line_and_every_code_of_it_is_broken_once():
    assert {(number, code) for number, one in CHECKLIST.items() for code in one.codes} == {
        (number, code) for number, _, code in BROKEN
    }
    assert list(CHECKLIST) == [f"V{n}" for n in range(1, 25)]
    reading = {kind.code for kind in PolicyError.__subclasses__()}
    assert {code for one in CHECKLIST.values() for code in one.codes} <= set(CODES) | reading


def test_policies_that_inherit_from_one_another_are_refused():
    one = policies.load(SOUND | {"@id": "urn:one", "inheritFrom": "urn:two"})
    two = policies.load(SOUND | {"@id": "urn:two", "inheritFrom": "urn:one"})
    with pytest.raises(PolicyError) as told:
        policies.normalise(one, parents={"urn:one": one, "urn:two": two})
    assert told.value.code in CHECKLIST["V24"].codes


# --- the profile


@pytest.mark.parametrize(
    "given",
    [
        changed(leftOperand="terri:category") | {"profile": TERRI},
        changed(leftOperand="terri:category") | {"profile": ["http://www.w3.org/ns/odrl/2/core", TERRI]},
        rule(action="ex:fly") | {"profile": "https://profile.example/"},
        rule(action="cc:Notice"),
    ],
)
def test_words_of_a_named_profile_and_of_odrl_are_declared(given):
    assert "undeclared-profile" not in codes(given)


@pytest.mark.parametrize(
    "given",
    [
        changed(leftOperand="terri:category") | {"profile": "http://www.w3.org/ns/odrl/2/core"},
        rule(action="ex:fly") | {"profile": TERRI},
        rule("obligation", action="ex:fly"),
        rule(duty=[{"action": "odrl:inform", "constraint": [EQUALS | {"leftOperand": "ex:mood"}]}]),
        rule(action={"rdf:value": "use", "refinement": [{"and": [EQUALS | {"leftOperand": "terri:category"}]}]}),
        SOUND | {"target": {"source": "urn:s", "refinement": [EQUALS | {"leftOperand": "ex:size"}]}},
    ],
)
def test_words_are_found_wherever_they_stand(given):
    assert "undeclared-profile" in codes(given)


def test_the_profile_of_our_words_is_put_in_by_a_program():
    read = policies.load(changed(leftOperand="terri:category"))
    (issue,) = [one for one in policies.validate(read, "odrl") if one.code == "undeclared-profile"]
    assert (issue.fix.operation, issue.fix.member, issue.pointer) == ("replace", TERRI, "/profile")
    assert "terri:category" in issue.message["fr"]


# --- kinds and types


def test_a_duty_that_several_rules_share_is_no_rule_of_two_kinds():
    duty = [{"@id": "urn:r3", "action": "odrl:attribute"}]  # ODRL 2.2: named once, fulfilled once
    assert "rule-of-two-kinds" not in codes(rule(duty=duty))
    assert "rule-of-two-kinds" in codes(rule(duty=[{"@id": "urn:r2", "action": "odrl:attribute"}]))


@pytest.mark.parametrize("kind", ["xsd:dateTime", "xsd:string", "xsd:anyURI", "rdf:langString", "xsd:duration"])
def test_the_data_types_of_xml_schema_and_of_rdf_are_known(kind):
    assert "unknown-datatype" not in codes(changed(dataType=kind))


def test_a_data_type_is_named_once_for_several_values():
    given = changed(operator="isAnyOf", rightOperand=["a", "b"], dataType="ex:Word")
    found = [one for one in policies.validate(policies.load(given), "odrl") if one.code == "unknown-datatype"]
    assert len(found) == 1
