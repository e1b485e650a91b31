"""The territory profile: what its table holds, what decisions make of it, and what others read."""

import json
from datetime import UTC, datetime

import pytest
from rdflib import Graph, Namespace, URIRef
from rdflib.namespace import RDF, SKOS

import policies
from policies import Effect, Request, profile, vocabulary
from policies.profile import TERMS, Term, TermKind
from policies.vocabulary import ODRL, TERRI, includes

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

every_term = pytest.mark.parametrize("term", TERMS, ids=lambda term: term.name)


def of_kind(kind: TermKind) -> list[Term]:
    return [term for term in TERMS if term.kind is kind]


# --- the table


def test_names_are_unique():
    assert len({term.name for term in TERMS}) == len(TERMS)


@every_term
def test_a_term_has_labels_and_definitions_in_both_languages(term):
    assert all(text.strip() for text in (*term.labels, *term.definitions))
    assert all(text.endswith(".") for text in term.definitions)
    assert [vocabulary.label(term.iri, language) for language in ("fr", "en")] == list(term.labels)


@every_term
def test_what_includes_a_term_is_a_term_of_its_own_kind_or_an_action_of_odrl(term):
    if term.broader and term.kind is TermKind.ACTION:
        assert term.broader in vocabulary.ODRL_ACTIONS
    elif term.broader:
        wider = profile.find(term.broader)
        assert wider is not None
        assert wider.kind is term.kind


@pytest.mark.parametrize("term", of_kind(TermKind.ACTION), ids=lambda term: term.name)
def test_use_includes_every_action_of_the_profile(term):
    assert includes(ODRL + "use", term.iri)
    assert not includes(term.iri, ODRL + "use")


def test_the_purposes_reach_the_data_privacy_vocabulary():
    for term in of_kind(TermKind.PURPOSE):
        line = [found for iri in profile.lineage(term.iri) if (found := profile.find(iri))]
        assert any(each.exact or each.broad for each in line), term.name


def test_a_purpose_covers_those_below_it():
    assert profile.covers(TERRI + "TransitionEcologique", TERRI + "SobrieteEclairage")
    assert profile.covers(TERRI + "TrameNoire", TERRI + "TrameNoire")
    assert not profile.covers(TERRI + "SobrieteEclairage", TERRI + "TransitionEcologique")
    assert not profile.covers(TERRI + "TransitionEcologique", "https://w3id.org/dpv#CombatClimateChange")


# --- what decisions make of it


def test_a_prohibition_on_use_covers_re_identification():
    policy = policies.load({"@id": "urn:p", "permission": [{"action": TERRI + "reidentify"}]})
    assert policies.compile(policy).decide(Request(at=AT, action=TERRI + "reidentify")).effect is Effect.PERMIT
    forbidden = policies.load(
        {"@id": "urn:p", "permission": [{"action": TERRI + "reidentify"}], "prohibition": [{"action": "use"}]}
    )
    assert policies.compile(forbidden).decide(Request(at=AT, action=TERRI + "reidentify")).effect is Effect.DENY


# --- what others read


@pytest.fixture(scope="module")
def graph() -> Graph:
    return Graph().parse(data=json.dumps(profile.as_jsonld()), format="json-ld")


@every_term
def test_others_read_every_term_with_its_labels(graph, term):
    iri = URIRef(term.iri)
    assert (iri, RDF.type, SKOS.Concept) in graph
    assert (iri, SKOS.inScheme, URIRef(TERRI)) in graph
    assert {(label.language, str(label)) for label in graph.objects(iri, SKOS.prefLabel)} == {
        ("fr", term.labels[0]),
        ("en", term.labels[1]),
    }
    assert len(list(graph.objects(iri, SKOS.definition))) == 2
    assert [str(found) for found in graph.objects(iri, URIRef(TERRI + "assurance"))] == [term.assurance.value]


def test_others_read_the_actions_and_operands_as_those_of_odrl(graph):
    odrl = Namespace(ODRL)
    assert {str(iri) for iri in graph.subjects(RDF.type, odrl.Action)} == {t.iri for t in of_kind(TermKind.ACTION)}
    assert {str(iri) for iri in graph.subjects(RDF.type, odrl.LeftOperand)} == {
        term.iri for term in of_kind(TermKind.LEFT_OPERAND)
    }
    included = {(str(part), str(whole)) for part, whole in graph.subject_objects(odrl.includedIn)}
    assert included == {(term.iri, term.broader) for term in of_kind(TermKind.ACTION)}


def test_others_read_the_tree_of_purposes_and_where_it_meets_the_data_privacy_vocabulary(graph):
    trees = of_kind(TermKind.PURPOSE) + of_kind(TermKind.CATEGORY)
    broader = {(str(part), str(whole)) for part, whole in graph.subject_objects(SKOS.broader)}
    assert broader == {(term.iri, term.broader) for term in trees if term.broader}
    exact = {(str(ours), str(theirs)) for ours, theirs in graph.subject_objects(SKOS.exactMatch)}
    assert exact == {(TERRI + "RechercheScientifique", "https://w3id.org/dpv#ScientificResearch")}
    assert {str(theirs) for theirs in graph.objects(None, SKOS.broadMatch)} == {
        f"https://w3id.org/dpv#{name}"
        for name in ("PublicBenefit", "CombatClimateChange", "ImprovePublicServices", "ResearchAndDevelopment")
    }


def test_no_relative_name_is_left_when_the_document_is_read(graph):
    names = {str(each) for triple in graph for each in triple if isinstance(each, URIRef)}
    assert all(name.startswith(("http://", "https://")) for name in names)
