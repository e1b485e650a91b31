"""Contexts that need a JSON-LD processor, and that both readers see the same policy."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from pyld import jsonld as processor

import policies
from policies import errors
from policies.vocabulary import ODRL
from tests.policies.drawn import EXAMPLES, FEWER, POLICIES

W3C = "http://www.w3.org/ns/odrl.jsonld"
OFFICIAL = json.loads((Path(__file__).parents[1] / "dsp-2025-1/context/odrl.jsonld").read_text("utf-8"))["@context"]
OTHER = {"ex": "https://example.org/"}


def offer(context, **members) -> dict:
    return {"@context": context, "@id": "urn:o", "@type": "Offer", "permission": [{"action": "use"}], **members}


@EXAMPLES
@given(POLICIES)
def test_both_readers_see_the_same_policy(policy):
    fast = policies.load({"@context": W3C, **policy})
    assert policies.load({"@context": [W3C, OTHER], **policy}) == fast
    assert policies.load(policy) == fast


@FEWER
@given(POLICIES)
def test_what_is_written_means_the_same_to_a_processor_that_knows_the_official_context_only(policy):
    read = policies.load(policy)
    prefixes = {name: policies.vocabulary.PREFIXES[name] for name in ("terri", "cc", "dct", "rdf", "xsd")}
    written = {"@context": [OFFICIAL, prefixes], **policies.dump(read)}
    (node,) = processor.expand(written, {"documentLoader": nothing, "base": ""})
    assert policies.load(simple(node)) == read


def nothing(address, options):
    raise AssertionError(f"asked for {address}")


def simple(value):
    """Write what stands for itself as a plain value: `[{"@value": "x"}]` of a foreign member is `"x"`."""
    if isinstance(value, dict):
        if value.keys() == {"@value"}:
            return value["@value"]
        return {
            name: each[0]["@value"]
            if "odrl" not in name and isinstance(each, list) and "@value" in each[0]
            else simple(each)
            for name, each in value.items()
        }
    return [simple(each) for each in value] if isinstance(value, list) else value


def test_a_prefix_given_inline_is_spelt_out_everywhere():
    policy = policies.load(
        offer(
            [W3C, OTHER],
            target="ex:comptages",
            permission=[
                {
                    "action": "ex:fly",
                    "assignee": {"@id": "ex:club", "@type": "PartyCollection"},
                    "constraint": [
                        {"leftOperand": "ex:left", "operator": "eq", "rightOperand": [{"@id": "ex:v"}, "ex:v"]}
                    ],
                    "ex:clause": "x",
                }
            ],
        )
    )
    (rule,) = policy.permissions
    assert policy.targets[0].iri == "https://example.org/comptages"
    assert rule.actions[0].iri == "https://example.org/fly"
    assert rule.assignees[0].iri == "https://example.org/club"
    assert rule.constraints[0].operand == "https://example.org/left"
    assert [value.text for value in rule.constraints[0].values] == ["https://example.org/v", "ex:v"]
    assert rule.extras == (("https://example.org/clause", '"x"'),)


def test_the_names_of_a_context_are_followed_whatever_they_are():
    context = {
        "erlaubnis": {"@id": "odrl:permission", "@type": "@id"},
        "handlung": {"@id": "odrl:action", "@type": "@vocab"},
        "nutzen": "odrl:use",
    }
    policy = policies.load(
        {"@context": [W3C, context], "@id": "urn:o", "@type": "Offer", "erlaubnis": [{"handlung": "nutzen"}]}
    )
    assert policy == policies.load(offer(W3C))


def test_a_context_inside_a_rule_is_followed():
    rule = {"@context": {"do": {"@id": "odrl:action", "@type": "@vocab"}}, "do": "use"}
    assert policies.load(offer(W3C, permission=[rule])) == policies.load(offer(W3C))


def test_a_word_that_the_context_lends_another_meaning_has_that_meaning():
    policy = policies.load(offer([W3C, {"use": "https://example.org/use"}]))
    assert policy.permissions[0].actions[0].iri == "https://example.org/use"


def test_a_pointer_still_leads_to_the_place():
    with pytest.raises(errors.WrongShape) as caught:
        policies.load(offer([W3C, OTHER], permission=[{"action": "use", "constraint": [{"leftOperand": "purpose"}]}]))
    assert caught.value.pointer == "/permission/0/constraint/0"


def test_a_bare_word_that_nobody_defines_stays_bare_and_is_kept():
    policy = policies.load(offer([W3C, OTHER], clause="x"))
    assert policy.extras == (("clause", '"x"'),)
    assert policy == policies.load(offer(W3C, clause="x"))


@pytest.mark.parametrize(
    "context",
    [
        ["https://evil.example/context"],
        [W3C, {"@import": "https://evil.example/context"}],
        [W3C, {"nested": {"@id": "odrl:duty", "@context": "https://evil.example/context"}}],
        [None],
        [5],
        [W3C, {"odrl": "https://evil.example/"}],
        [W3C, {"xsd": None}],
    ],
)
def test_a_context_that_is_not_ours_is_never_fetched(context):
    with pytest.raises(errors.UnknownContext):
        policies.load(offer(context, nested=[{"action": "use"}]))


@pytest.mark.parametrize(
    ("context", "members"),
    [
        ([OTHER, {"bad": {"@id": 5}}], {}),
        ([OTHER], {"@graph": [{"@id": "urn:p"}], "x-pupitre-bare:permission": "x"}),
        ([OTHER, {"clause": None}], {"clause": "x"}),
        ([OTHER, {"@version": 7}], {}),
    ],
)
def test_what_would_get_lost_or_is_no_json_ld_is_refused(context, members):
    with pytest.raises(errors.PolicyError):
        policies.load(offer([W3C, *context], **members))


def test_without_the_processor_the_error_says_what_to_install():
    program = """
import sys
sys.modules["pyld"] = None
import policies
try:
    policies.load({"@context": [{"ex": "https://example.org/"}], "@id": "urn:o"})
except policies.PolicyError as error:
    print(error.code, error.say("fr"), error.say("en"))
policies.load({"@context": "http://www.w3.org/ns/odrl.jsonld", "@id": "urn:o"})
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.count("pupitre[jsonld]") == 2
    assert told.startswith("unknown-context")


def test_the_processor_is_not_loaded_for_a_policy_that_does_not_need_it():
    program = (
        "import sys, policies; policies.load({'@context': 'http://www.w3.org/ns/odrl.jsonld', '@id': 'urn:o'}); "
        "print('pyld' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "False"


def test_slips_of_the_official_context_are_repaired_after_expansion():
    slips = {
        "neq": "odrl:neg",
        "industry": "odrl:industry:",
        "dataType": {"@id": "odrl:datatype", "@type": "xsd:anyType"},
    }
    constraint = {"leftOperand": "industry", "operator": "neq", "rightOperand": "3", "dataType": "xsd:integer"}
    rule = {"action": "use", "constraint": [constraint]}
    policy = policies.load(offer([W3C, slips], permission=[rule]))
    assert policy == policies.load(offer(W3C, permission=[rule]))
    assert {repair.used for repair in policy.repairs} == {ODRL + name for name in ("neq", "industry", "dataType")}
