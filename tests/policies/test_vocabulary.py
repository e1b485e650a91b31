"""ODRL's words, counted and connected as the vocabulary of 2018 has them."""

from pathlib import Path

import pytest

from policies import vocabulary
from policies.vocabulary import CC, ODRL, closure, includes, short, term, wider

ONTOLOGY = [
    line
    for line in Path(__file__).with_name("odrl-2.2-terms.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


def test_all_actions_operands_and_operators_of_odrl_are_there():
    assert len(vocabulary.ODRL_ACTIONS) == 72
    assert len(vocabulary.OPERAND_WORDS) == 34
    assert len(vocabulary.OPERATORS) == 12


def test_the_list_of_the_ontology_is_whole():
    assert len(ONTOLOGY) == len(set(ONTOLOGY)) == 215
    for words in (vocabulary.ACTION_WORDS, vocabulary.OPERAND_WORDS, vocabulary.OPERATOR_WORDS):
        assert words <= set(ONTOLOGY)


@pytest.mark.parametrize("name", ONTOLOGY)
def test_every_term_of_the_ontology_has_a_label_in_both_languages(name):
    french, english = vocabulary.LABELS[vocabulary.expand(name) if ":" in name else ODRL + name]
    assert french.strip()
    assert english.strip()


@pytest.mark.parametrize("iri", sorted(vocabulary.LABELS))
def test_a_label_is_no_term(iri):
    assert vocabulary.label(iri, "fr") != short(iri)
    assert ":" not in vocabulary.label(iri, "fr")


@pytest.mark.parametrize(
    ("whole", "part", "expected"),
    [
        ("use", "use", True),
        ("use", "read", True),
        ("use", "display", True),  # display is play, play is use
        ("play", "display", True),
        ("reproduce", "extract", True),
        ("read", "use", False),
        ("play", "read", False),
        ("use", "sell", False),
        ("transfer", "sell", True),
        ("reproduce", "copy", True),  # copy is deprecated for reproduce
        ("copy", "extract", True),
        ("use", "write", True),  # by way of modify
        ("use", "lend", False),
    ],
)
def test_an_action_includes_what_the_vocabulary_says(whole, part, expected):
    assert includes(ODRL + whole, ODRL + part) is expected


def test_use_includes_the_terms_of_creative_commons():
    assert includes(ODRL + "use", CC + "CommercialUse")
    assert includes(ODRL + "commercialize", CC + "CommercialUse")


def test_an_unknown_action_is_included_in_itself_only():
    assert includes("https://example.org/fly", "https://example.org/fly")
    assert not includes(ODRL + "use", "https://example.org/fly")


@pytest.mark.parametrize("text", ["use", "odrl:use", ODRL + "use"])
def test_a_term_is_the_same_bare_prefixed_and_in_full(text):
    assert term(text, vocabulary.ACTION_WORDS) == ODRL + "use"


@pytest.mark.parametrize("iri", sorted(vocabulary.ACTIONS))
def test_an_action_is_read_as_it_is_written(iri):
    assert term(short(iri), vocabulary.ACTION_WORDS) == iri


@pytest.mark.parametrize("text", ["partner", "https://www.w3.org/ns/odrl/2/use", "ex:use", "Use", "did:web:a"])
def test_what_only_looks_like_a_term_stays_as_it_is(text):
    assert term(text, vocabulary.ACTION_WORDS) == text


def test_the_wider_actions_are_all_that_include_it():
    assert wider(ODRL + "display") == {ODRL + name for name in ("display", "play", "use")}
    assert wider(ODRL + "copy") == {ODRL + name for name in ("reproduce", "use")}
    assert wider("https://example.org/fly") == {"https://example.org/fly"}


@pytest.mark.parametrize("name", sorted(vocabulary.ACTIONS))
def test_inclusion_and_the_wider_actions_agree(name):
    assert {whole for whole in vocabulary.ACTIONS if includes(whole, name)} >= wider(name) & vocabulary.ACTIONS


def test_a_closure_goes_all_the_way_and_stands_circles():
    parts = {"commune": ["epci"], "epci": ["departement"], "departement": ["region"], "region": ["departement"]}
    assert closure(parts)["commune"] == {"epci", "departement", "region"}
    assert closure(parts)["region"] == {"departement", "region"}
