"""Atomic rules, parents merged, and the same meaning as before."""

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import policies
from policies import Request, errors
from policies.model import Reference, Value
from policies.vocabulary import CC, ODRL
from tests.policies.drawn import EXAMPLES, FEWER, POLICIES

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DATE = {"leftOperand": "odrl:dateTime", "operator": "lt", "rightOperand": "2030-01-01T00:00:00Z"}


def normal(given: dict, parents: dict | None = None, metadata=()):
    loaded = {name: policies.load(parent) for name, parent in (parents or {}).items()}
    return policies.normalise(policies.load(given), loaded, metadata)


def described(rules) -> list[tuple]:
    return [
        tuple(
            each[0].iri.removeprefix(ODRL) if each else None
            for each in (rule.actions, rule.targets, rule.assigners, rule.assignees)
        )
        for rule in rules
    ]


def test_what_the_policy_shares_goes_to_the_rules_that_do_not_say_it():
    policy = normal(
        {
            "@id": "urn:p",
            "action": "read",
            "target": "urn:t",
            "assigner": "urn:a",
            "assignee": "urn:b",
            "permission": [{}, {"action": "use", "target": "urn:own"}],
            "obligation": [{"action": "attribute"}],
        }
    )
    assert described(policy.permissions) == [("read", "urn:t", "urn:a", "urn:b"), ("use", "urn:own", "urn:a", "urn:b")]
    assert described(policy.obligations) == [("attribute", "urn:t", "urn:a", "urn:b")]
    assert policy.targets == policy.assigners == policy.assignees == policy.actions == ()


def test_a_compact_rule_becomes_the_product_of_its_parts():
    rule = {
        "action": ["read", "print"],
        "target": ["urn:t", "urn:u"],
        "assignee": ["urn:b", "urn:c"],
        "constraint": [DATE],
    }
    policy = normal({"@id": "urn:p", "permission": [rule]})
    wanted = itertools.product(["read", "print"], ["urn:t", "urn:u"], [None], ["urn:b", "urn:c"])
    assert described(policy.permissions) == list(wanted)
    assert all(len(each.constraints) == 1 for each in policy.permissions)
    assert {each.pointer for each in policy.permissions} == {"/permission/0"}


def test_a_duty_is_split_and_bound_to_the_parties_of_its_permission():
    duty = {"action": ["inform", "delete"], "consequence": [{"action": ["compensate", "inform"]}]}
    rule = {
        "action": "use",
        "assigner": "urn:a",
        "assignee": "urn:b",
        "duty": [duty, {"action": "attribute", "assignee": "urn:x"}],
    }
    policy = normal({"@id": "urn:p", "permission": [rule]})
    duties = policy.permissions[0].duties
    assert described(duties) == [
        ("inform", None, "urn:a", "urn:b"),
        ("delete", None, "urn:a", "urn:b"),
        ("attribute", None, "urn:a", "urn:x"),
    ]
    assert [described(each.consequences) for each in duties[:2]] == [
        [("compensate", None, None, None), ("inform", None, None, None)]
    ] * 2


def test_a_policy_without_a_type_is_a_set():
    assert normal({"@id": "urn:p", "permission": [{"action": "use"}]}).kinds == ("Set",)
    assert normal({"@id": "urn:p", "@type": "Offer"}).kinds == ("Offer",)


def test_retired_words_are_replaced():
    constraint = {"leftOperand": "device", "operator": "eq", "rightOperand": "x"}
    policy = normal(
        {
            "@id": "urn:p",
            "permission": [{"action": "write", "constraint": [{"or": [constraint]}]}],
            "obligation": [{"action": "share"}],
        }
    )
    assert policy.permissions[0].actions[0].iri == ODRL + "modify"
    assert policy.permissions[0].constraints[0].operands[0].operand == ODRL + "systemDevice"
    assert policy.obligations[0].actions[0].iri == CC + "Sharing"


def family(**inherits) -> dict[str, dict]:
    return {
        name: {
            "@id": name,
            "@type": "Set",
            "inheritFrom": parents,
            "permission": [{"action": "use", "uid": f"{name}:rule", "target": "urn:t"}],
        }
        for name, parents in inherits.items()
    }


def uids(policy) -> list[str]:
    return [rule.uid for rule in policy.permissions]


def test_rules_of_all_ancestors_are_taken_over_each_once():
    people = family(child=["left", "right"], left=["top"], right=["top"], top=[])
    policy = normal(people["child"], people)
    assert uids(policy) == ["child:rule", "left:rule", "top:rule", "right:rule"]
    assert policy.inherits_from == ()


def test_inheritance_has_no_depth_at_which_it_stops():
    people = family(**{f"p{at}": [f"p{at + 1}"] for at in range(1500)}, p1500=[])
    assert len(normal(people["p0"], people).permissions) == 1501


@pytest.mark.parametrize(
    "people",
    [
        family(child=["child"]),
        family(child=["left"], left=["child"]),
        family(child=["left"], left=["top"], top=["left"]),
    ],
)
def test_a_circle_of_inheritance_is_refused(people):
    with pytest.raises(errors.InheritanceCycle) as caught:
        normal(people["child"], people)
    assert caught.value.pointer == "/inheritFrom"
    assert "→" in caught.value.say("fr")


def test_a_parent_that_is_not_given_stays_named_and_nothing_is_granted():
    people = family(child=["left", "absent"], left=[])
    policy = normal(people["child"], people)
    assert policy.inherits_from == ("absent",)
    assert not policies.compile(policy).decide(Request(at=NOW, target="urn:t")).permitted
    people["child"]["inheritFrom"] = ["left"]
    whole = normal(people["child"], people)
    assert policies.compile(whole).decide(Request(at=NOW, target="urn:t")).permitted


def test_a_parent_keeps_its_own_target_and_parties_and_lends_them_to_a_child_without():
    parent = {"@id": "top", "target": "urn:t", "assigner": "urn:a", "permission": [{"action": "read"}]}
    child = {"@id": "child", "inheritFrom": "top", "permission": [{"action": "print"}]}
    assert described(normal(child, {"top": parent}).permissions) == [
        ("print", "urn:t", "urn:a", None),
        ("read", "urn:t", "urn:a", None),
    ]
    child["target"] = "urn:own"
    assert described(normal(child, {"top": parent}).permissions) == [
        ("print", "urn:own", "urn:a", None),
        ("read", "urn:t", "urn:a", None),
    ]


def test_the_status_of_a_constraint_is_not_inherited():
    stated = {**DATE, "status": "5"}
    parent = {
        "@id": "top",
        "permission": [
            {"action": "use", "constraint": [{"and": [stated]}], "duty": [{"action": "inform", "constraint": [stated]}]}
        ],
    }
    child = {"@id": "child", "inheritFrom": "top", "permission": [{"action": "use", "constraint": [stated]}]}
    own, inherited = normal(child, {"top": parent}).permissions
    assert own.constraints[0].status == Value("5")
    assert inherited.constraints[0].operands[0].status is None
    assert inherited.duties[0].constraints[0].status is None


def test_profiles_conflicts_and_unknown_members_of_parents_count():
    parent = {"@id": "top", "profile": "urn:profile", "conflict": "perm", "terri:clause": "x", "dct:title": "Parent"}
    child = {
        "@id": "child",
        "inheritFrom": "top",
        "conflict": "prohibit",
        "terri:clause": "y",
        "permission": [{"action": "use"}],
    }
    policy = normal(child, {"top": parent})
    assert policy.profiles == ("urn:profile",)
    assert policy.conflicts == ("prohibit", "perm")
    assert policy.extras == (("terri:clause", '["y","x"]'),)


def test_what_surrounds_the_policy_names_its_targets_and_parties():
    policy = normal(
        {"@id": "urn:p", "permission": [{"action": "use"}, {"action": "read", "target": "urn:own"}]},
        metadata=[
            {"@id": "urn:dataset", "@type": "Dataset", "odrl:hasPolicy": [{"@id": "urn:p", "permission": []}]},
            {"@id": "urn:a", "assignerOf": "urn:p"},
            {"@id": "urn:b", "assigneeOf": {"@id": "urn:p"}},
            {"@id": "urn:other", "hasPolicy": "urn:q"},
        ],
    )
    assert described(policy.permissions) == [
        ("use", "urn:dataset", "urn:a", "urn:b"),
        ("read", "urn:own", "urn:a", "urn:b"),
        ("read", "urn:dataset", "urn:a", "urn:b"),
    ]


def test_a_rule_on_a_collection_is_a_rule_on_its_members():
    policy = normal(
        {"@id": "urn:p", "permission": [{"action": "use", "target": "urn:region"}]},
        metadata=[{"@id": "urn:commune", "partOf": "urn:epci"}, {"@id": "urn:epci", "partOf": ["urn:region"]}],
    )
    assert [rule.targets for rule in policy.permissions] == [
        (Reference("urn:region"),),
        (Reference("urn:commune"),),
        (Reference("urn:epci"),),
    ]


def test_a_product_that_grows_too_large_is_refused():
    many = [f"urn:{at}" for at in range(80)]
    with pytest.raises(errors.TooManyRules) as caught:
        normal({"@id": "urn:p", "permission": [{"action": "use", "target": many, "assignee": many}]})
    assert caught.value.pointer == "/permission/0"


@EXAMPLES
@given(POLICIES)
def test_normalising_twice_changes_nothing_more(policy):
    once = policies.normalise(policies.load(policy))
    assert policies.normalise(once) == once
    assert policies.load(policies.dump(once)) == once


@FEWER
@given(POLICIES)
def test_every_rule_is_atomic(policy):
    for rule in policies.normalise(policies.load(policy)).rules:
        assert max(map(len, (rule.actions, rule.targets, rule.assigners, rule.assignees))) <= 1


@FEWER
@given(
    POLICIES,
    st.builds(
        Request,
        at=st.sampled_from([NOW, datetime(2029, 6, 1, tzinfo=UTC)]),
        action=st.sampled_from(["use", "read", "reproduce", "cc:Sharing"]),
        target=st.sampled_from([None, "urn:a", "https://example.org/b"]),
        party=st.sampled_from([None, "urn:a", "did:web:c.example"]),
        phase=st.sampled_from(["catalogue", "request"]),
    ),
)
def test_a_normalised_policy_decides_as_it_did(policy, request):
    read = policies.load(policy)
    split = policies.normalise(read)
    for accept in (False, True):
        decisions = [
            policies.compile(each).decide(
                Request(
                    at=request.at,
                    action=request.action,
                    target=request.target,
                    party=request.party,
                    phase=request.phase,
                    accepted_terms=policies.declarative_terms(each) if accept else (),
                )
            )
            for each in (read, split)
        ]
        assert decisions[0].effect is decisions[1].effect
