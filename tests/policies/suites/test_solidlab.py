"""SolidLab's suite, whole: which rule is active, and how each target, party, action and constraint was judged.

It reads a duty as "not violated yet", and a rule without action as one on all actions; both are switches of `compile`.
What the worlds say is all there is (closed world): whoever has no membership there belongs to nothing. Each file holds
one report, whose premises are found by their kind: in case 065 the links to them lead nowhere.
"""

from datetime import datetime
from pathlib import Path

import pytest
from rdflib import DCTERMS, RDF, Graph, Namespace, URIRef

import policies
from policies import Request
from policies.report import Activation, RuleReport, Satisfaction, flat
from tests.policies.suites.turtle import ODRL, graph_of, policy_of

HERE = Path(__file__).parent / "solidlab"
EX = Namespace("http://example.org/")
REPORT = Namespace("https://w3id.org/force/compliance-report#")
NOW = URIRef("http://example.com/request/currentTime")
CASES = sorted((HERE / "test_cases").glob("*.ttl"))
KINDS = {"TargetReport": "target", "PartyReport": "party", "ActionReport": "action"}


def defined_in(folder: str, node) -> Graph:
    """Return the graph of the file that describes a thing (the files reuse each other's identifiers)."""
    return next(
        graph for path in sorted((HERE / folder).glob("*.ttl")) if (node, None, None) in (graph := graph_of(path))
    )


def world_of(node) -> dict:
    graph = defined_in("sotw", node)
    states = {
        str(graph.value(duty, REPORT.rule)): graph.value(duty, REPORT.deonticState)
        for duty in graph.subjects(RDF.type, REPORT.DutyReport)
    }
    knowledge: dict[str, list[str]] = {}
    for part, whole in graph.subject_objects(ODRL.partOf):
        knowledge.setdefault(str(part), []).append(str(whole))
    return {
        "at": datetime.fromisoformat(str(graph.value(NOW, DCTERMS.issued))),
        "fulfilled": {duty for duty, state in states.items() if state == REPORT.Fulfilled},
        "violated": {duty for duty, state in states.items() if state == REPORT.Violated},
        "knowledge": knowledge,
    }


def request_of(node, world: dict) -> Request:
    graph = defined_in("requests", node)
    asked = graph.value(node, ODRL.permission)
    party, target, action = (str(graph.value(asked, ODRL[name])) for name in ("assignee", "target", "action"))
    knowledge = {party: [], target: [], **world["knowledge"]}
    return Request(**{**world, "knowledge": knowledge}, party=party, target=target, action=action)


def judged(path: Path, **reading) -> tuple[RuleReport, Graph, URIRef]:
    """Return our report of the rule that a case is about, with the report that it expects."""
    case = graph_of(path)
    node = case.value(predicate=RDF.type, object=EX.TestCase)
    policy = case.value(node, EX.policy)
    expected = case.value(case.value(node, EX.expectedReport), REPORT.ruleReport)
    request = request_of(case.value(node, EX.request), world_of(case.value(node, EX.sotw)))
    compiled = policies.compile(policies.load(policy_of(defined_in("policies", policy), policy)), **reading)
    reports = {each.uid: each for each in compiled.decide(request).report().rules}
    return reports[str(case.value(expected, REPORT.rule))], case, expected


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_activation_and_states_are_those_expected(path):
    ours, case, expected = judged(path, duty_mode="violated_only", any_action=True)
    assert ours.activation.value == case.value(expected, REPORT.activationState).rpartition("#")[2].lower()
    premises = list(flat(ours.premises))
    for kind, name in KINDS.items():
        wanted = [state(case, each) for each in case.subjects(RDF.type, REPORT[kind])]
        assert [each.state.value for each in premises if each.premise == name] == wanted
    constraints = {each.uid: each.state.value for each in premises if each.premise == "constraint"}
    assert constraints == {
        str(case.value(each, REPORT.constraint)): state(case, each)
        for each in case.subjects(RDF.type, REPORT.ConstraintReport)
    }


def state(case: Graph, node) -> str:
    return case.value(node, REPORT.satisfactionState).rpartition("#")[2].lower()


def test_the_suite_is_whole():
    assert len(CASES) == 46


def test_read_as_odrl_is_written_only_a_duty_that_is_not_fulfilled_tells_otherwise():
    """ODRL 2.2 §2.6.6: the duty of a permission comes first.

    Case 059 lets the permission stand before it is done; so does 065, whose world tells of the duty of another policy.
    """
    different = []
    for path in CASES:
        ours, case, expected = judged(path, any_action=True)
        if ours.activation.value != case.value(expected, REPORT.activationState).rpartition("#")[2].lower():
            different.append(path.stem)
            assert ours.activation is Activation.UNKNOWN
            assert [each.state for each in ours.premises if each.premise == "duty"] == [Satisfaction.UNKNOWN]
    assert different == ["testcase-059-nonset", "testcase-065-alice"]
