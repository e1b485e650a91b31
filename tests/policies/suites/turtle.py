"""Turtle to the JSON that the library reads. RDF has neither order nor arrays; nothing is interpreted."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import rdflib
from rdflib import RDF, BNode, Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection

ODRL = Namespace("http://www.w3.org/ns/odrl/2/")
LOGIC = ("and", "or", "xone", "andSequence")
RULES = ("permission", "prohibition", "obligation")
DUTIES = ("duty", "remedy", "consequence")


@lru_cache(maxsize=256)
def graph_of(path: Path) -> Graph:
    """Return the graph of a file."""
    graph = Graph()
    graph.parse(path, format="turtle")
    return graph


def policy_of(graph: Graph, node: rdflib.term.Node) -> dict[str, Any]:
    """Return a policy as JSON."""
    members = _shared(graph, node)
    members["@type"] = _types(graph, node)
    for name in ("profile", "conflict", "inheritFrom"):
        members[name] = [str(each) for each in graph.objects(node, ODRL[name])]
    for name in RULES:
        members[name] = [_rule(graph, each) for each in graph.objects(node, ODRL[name])]
    return _said(members)


def _rule(graph: Graph, node: rdflib.term.Node) -> dict[str, Any]:
    members = _shared(graph, node)
    members["constraint"] = [_condition(graph, each) for each in graph.objects(node, ODRL.constraint)]
    for name in DUTIES:
        members[name] = [_rule(graph, each) for each in graph.objects(node, ODRL[name])]
    # a target that stands on the action is the target of what is done
    actions = list(graph.objects(node, ODRL.action))
    targets = [each for action in actions for each in graph.objects(action, ODRL.target)]
    members["target"] = members["target"] + [_reference(graph, each) for each in targets]
    return _said(members)


def _shared(graph: Graph, node: rdflib.term.Node) -> dict[str, Any]:
    members: dict[str, Any] = {"@id": str(node)} if isinstance(node, URIRef) else {}
    members["action"] = [_action(graph, each) for each in graph.objects(node, ODRL.action)]
    for name in ("target", "assignee", "assigner"):
        members[name] = [_reference(graph, each) for each in graph.objects(node, ODRL[name])]
    return members


def _action(graph: Graph, node: rdflib.term.Node) -> Any:
    value = graph.value(node, RDF.value)
    if value is None:
        return str(node)
    refinements = [_condition(graph, each) for each in graph.objects(node, ODRL.refinement)]
    return _said({"rdf:value": {"@id": str(value)}, "refinement": refinements})


def _reference(graph: Graph, node: rdflib.term.Node) -> Any:
    members = {"@id": str(node)} if isinstance(node, URIRef) else {}
    members |= {"@type": [name for name in _types(graph, node) if name.endswith("Collection")]}
    members["source"] = [str(each) for each in graph.objects(node, ODRL.source)]
    members["refinement"] = [_condition(graph, each) for each in graph.objects(node, ODRL.refinement)]
    said = _said(members)
    return str(node) if said.keys() == {"@id"} else said


def _condition(graph: Graph, node: rdflib.term.Node) -> dict[str, Any]:
    members: dict[str, Any] = {"@id": str(node)} if isinstance(node, URIRef) else {}
    for name in LOGIC:
        for value in graph.objects(node, ODRL[name]):
            is_list = (value, RDF.first, None) in graph
            operands = Collection(graph, value) if is_list else graph.objects(node, ODRL[name])
            return members | {name: [_condition(graph, each) for each in operands]}
    for name in ("leftOperand", "operator", "unit"):
        members[name] = [str(each) for each in graph.objects(node, ODRL[name])]
    members["rightOperand"] = [_value(each) for each in graph.objects(node, ODRL.rightOperand)]
    return _said(members)


def _value(node: rdflib.term.Node) -> Any:
    if isinstance(node, Literal):
        return {"@value": str(node), "@type": str(node.datatype)} if node.datatype else str(node)
    assert not isinstance(node, BNode)
    return {"@id": str(node)}


def _types(graph: Graph, node: rdflib.term.Node) -> list[str]:
    return [str(each).removeprefix(str(ODRL)) for each in graph.objects(node, RDF.type)]


def _said(members: dict[str, Any]) -> dict[str, Any]:
    """Return the members that have a value."""
    return {name: value for name, value in members.items() if value != []}
