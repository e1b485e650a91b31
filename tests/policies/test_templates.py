"""What every template must do, whoever wrote it; and the way back from a policy to its template."""

import copy
import json
import os
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import policies
from policies.errors import BadParameter, UnknownTemplate
from policies.patterns import TEMPLATES, Parameter, ParameterKind, Template
from policies.profile import LEGAL_BASES, TERMS, TermKind
from policies.vocabulary import ODRL, TERRI, includes
from tests.harness import schemas

EXAMPLES = settings(max_examples=2_000 if os.environ.get("CI") == "true" else 200, deadline=None)
UID = "urn:uuid:5c1"
EVERY = list(TEMPLATES.values())
every_template = pytest.mark.parametrize("template", EVERY, ids=TEMPLATES)

INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")
)
DIDS = st.from_regex(r"did:web:[a-z][a-z0-9-]{0,20}\.example(:[a-z0-9]{1,8})?", fullmatch=True)


def names_of(kind: TermKind) -> st.SearchStrategy[tuple[str, ...]]:
    ours = [term.iri for term in TERMS if term.kind is kind]
    others = st.from_regex(r"https://[a-z]{1,10}\.example/[A-Za-z0-9#_-]{0,20}", fullmatch=True)
    return several(st.one_of(st.sampled_from(ours), others))


def several(names: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(names, min_size=1, max_size=5, unique=True).map(lambda found: tuple(sorted(found)))


def values_of(parameter: Parameter) -> st.SearchStrategy:
    """Canonical values of a parameter, and None where it may be left out."""
    found = {
        ParameterKind.UNTIL: INSTANTS,
        ParameterKind.SINCE: INSTANTS,
        ParameterKind.COUNT: st.integers(parameter.minimum, parameter.maximum),
        ParameterKind.DAYS: st.integers(parameter.minimum, parameter.maximum),
        ParameterKind.MONTHS: st.integers(parameter.minimum, parameter.maximum),
        ParameterKind.PARTY: DIDS,
        ParameterKind.PARTIES: several(DIDS),
        ParameterKind.PURPOSES: names_of(TermKind.PURPOSE),
        ParameterKind.CATEGORIES: names_of(TermKind.CATEGORY),
        ParameterKind.LEGAL_BASIS: st.sampled_from(list(LEGAL_BASES)),
    }[parameter.kind]
    return st.one_of(st.none(), found) if parameter.optional else found


@st.composite
def filled(draw) -> tuple[Template, dict]:
    template = draw(st.sampled_from(EVERY))
    values = {each.name: draw(values_of(each)) for each in template.parameters}
    assume(not values.get("since") or values["since"] < values["until"])
    return template, values


def example(template: Template) -> dict:
    """Values for what has to be given, and for what may be left out."""
    some = {
        ParameterKind.UNTIL: "2028-12-31",
        ParameterKind.SINCE: "2026-01-01",
        ParameterKind.PARTY: "did:web:prestataire.example",
        ParameterKind.PARTIES: ["did:web:metropole.example"],
        ParameterKind.PURPOSES: ["TrameNoire"],
    }
    return {each.name: some[each.kind] for each in template.parameters if each.default is None}


# --- every template


def test_there_are_the_eight_that_spare_most_people_from_writing_odrl():
    assert list(TEMPLATES) == [
        "open-data",
        "public-service",
        "public-research",
        "processor",
        "trial",
        "personal-data",
        "real-time",
        "emergency",
    ]
    assert policies.templates() == tuple(EVERY)


@every_template
def test_a_template_has_words_in_both_languages_and_at_most_five_parameters(template):
    assert len(template.parameters) <= 5
    for texts in (template.labels, template.help, *(t for p in template.parameters for t in (p.labels, p.help))):
        assert set(texts) == {"fr", "en"}
        assert all(text.strip() for text in texts.values())


@every_template
def test_a_parameter_that_may_be_left_out_has_no_default_and_a_default_is_a_canonical_value(template):
    for parameter in template.parameters:
        assert not (parameter.optional and parameter.default is not None)
        if parameter.default is not None:
            assert parameter.canonical(parameter.default) == parameter.default


@every_template
def test_what_a_template_makes_is_an_offer_that_dsp_carries(template):
    offer = template.offer(UID, **example(template))
    assert schemas.offer_faults(offer) == []
    assert schemas.offer_faults(policies.dump(policies.load(offer))) == []
    assert policies.validate(policies.load(offer), target="offer") == []


@every_template
def test_what_a_template_makes_names_nothing_by_a_prefix_that_dsp_does_not_define(template):
    text = json.dumps(template.offer(UID, **example(template)))
    assert "terri:" not in text


@every_template
def test_what_a_template_makes_reads_in_both_languages(template):
    policy = template.instantiate(UID, **example(template))
    for language in ("fr", "en"):
        assert len(policies.sentences(policy, language)) >= len(policy.rules)


@every_template
def test_where_use_is_permitted_and_a_part_of_it_prohibited_the_conflict_is_settled(template):
    policy = template.instantiate(UID, **example(template))
    inner = [
        action.iri for rule in policy.prohibitions for action in rule.actions if includes(ODRL + "use", action.iri)
    ]
    assert policy.conflicts == (("prohibit",) if inner else ())


@every_template
def test_a_template_of_ours_says_whose_words_it_uses(template):
    uses = TERRI in json.dumps(template.offer(UID, **example(template)) | {"profile": []})
    assert template.instantiate(UID, **example(template)).profiles == ((TERRI,) if uses else ())


# --- there and back


@given(filled())
@EXAMPLES
def test_what_a_template_makes_is_recognised_with_its_parameters_as_an_offer_and_as_an_agreement(made):
    template, values = made
    policy = template.instantiate(UID, **values)
    agreement = policies.dump(policy) | {"target": "urn:d", "assigner": "did:web:a.example", "@type": "Agreement"}
    for each in (policy, policies.load(json.dumps(agreement))):
        found = policies.recognise(each)
        assert found is not None
        assert (found.template.name, found.parameters) == (template.name, values)


@given(filled(), st.data())
@settings(EXAMPLES, max_examples=300)
def test_nothing_that_says_more_or_less_is_recognised_as_the_same(made, data):
    """Recognised or not, what the recogniser answers makes the same terms; and a change is never overlooked."""
    template, values = made
    offer = template.offer(UID, **values)
    changed = data.draw(st.sampled_from(list(changes(offer))))
    found = policies.recognise(policies.load(changed))
    assert found is None or policies.same_terms(found.template.instantiate(UID, **found.parameters), changed)
    assert found is None or (found.template.name, found.parameters) != (template.name, values)


def changes(offer: dict):
    """Yield the offer with one thing more, less or otherwise."""
    yield {**offer, "prohibition": [*offer.get("prohibition", []), {"action": "odrl:print"}]}
    yield {**offer, "odrl:conflict": "odrl:perm"}
    yield {**offer, "ex:clause": "and my axe"}
    yield {name: value for name, value in offer.items() if name != "obligation"}
    for at, _ in enumerate(offer["permission"][0].get("constraint", [])):
        less, other = copy.deepcopy(offer), copy.deepcopy(offer)
        del less["permission"][0]["constraint"][at]
        other["permission"][0]["constraint"][at]["operator"] = "neq"
        yield less
        yield other


def test_the_order_of_rules_and_values_and_the_spelling_of_names_do_not_matter():
    offer = policies.template("public-service").offer(UID, purposes=["TrameNoire", "SobrieteEclairage"])
    offer["obligation"].reverse()
    offer["permission"][0]["constraint"].reverse()
    text = json.dumps(offer).replace(f'["{TERRI}"]', f'"{TERRI}"').replace('"use"', '"odrl:use"')
    text = text.replace(TERRI + "participant", "terri:participant").replace(TERRI + "publish", "terri:publish")
    found = policies.recognise(policies.load(text))
    assert found is not None
    assert found.parameters["purposes"] == (TERRI + "SobrieteEclairage", TERRI + "TrameNoire")


def test_what_no_template_makes_is_not_recognised():
    assert policies.recognise(policies.load({"@id": "urn:x", "permission": [{"action": "use"}]})) is None
    assert policies.recognise(policies.load({"@id": "urn:x"})) is None


# --- parameters


@pytest.mark.parametrize(
    ("given", "instant"),
    [
        ("2028-12-31", "2028-12-31T23:59:59Z"),
        (date(2028, 12, 31), "2028-12-31T23:59:59Z"),
        ("2028-12-31T18:00:00+01:00", "2028-12-31T17:00:00Z"),
        ("2028-12-31+02:00", "2028-12-31T21:59:59Z"),
        (datetime(2028, 12, 31, 18, tzinfo=timezone(timedelta(hours=1))), "2028-12-31T17:00:00Z"),
    ],
)
def test_a_day_lasts_until_its_end(given, instant):
    found = policies.recognise(policies.template("public-research").instantiate(UID, until=given))
    assert found is not None
    assert found.parameters["until"] == instant


def test_a_first_day_begins_at_its_start():
    policy = policies.template("emergency").instantiate(
        UID, recipients="did:web:a.example", until="2026-02-01", since="2026-01-01"
    )
    found = policies.recognise(policy)
    assert found is not None
    assert found.parameters["since"] == "2026-01-01T00:00:00Z"


def test_a_list_may_be_written_with_commas_and_terms_by_their_name():
    found = policies.template("public-service").canonical({"purposes": "TrameNoire, SobrieteEclairage, urn:x:y"})
    assert found["purposes"] == (TERRI + "SobrieteEclairage", TERRI + "TrameNoire", "urn:x:y")


@pytest.mark.parametrize(
    ("name", "given", "pointer", "words"),
    [
        ("public-research", {}, "/until", "Il faut une valeur. Un jour (2028-12-31"),
        ("public-research", {"until": "demain"}, "/until", "« demain » n’est ni un jour ni un instant"),
        ("public-research", {"until": "2028-12-31T18:00:00"}, "/until", "fuseau"),
        ("public-research", {"until": "2028-02-30"}, "/until", "« 2028-02-30 »"),
        ("public-research", {"until": "2028-12-31", "purposes": "Trame noire"}, "/purposes", "« Trame noire »"),
        ("public-research", {"until": "2028-12-31", "purposes": "terri:Rien"}, "/purposes", "TrameNoire"),
        ("public-research", {"until": "2028-12-31", "purposes": ""}, "/purposes", "n’est ni un terme du profil"),
        ("public-research", {"until": "2028-12-31", "purposes": []}, "/purposes", "de 1 à 50"),
        ("public-research", {"jusqua": "2028-12-31"}, "/jusqua", "Les siens : purposes, until."),
        ("open-data", {"until": "2028-12-31"}, "/until", "Les siens : aucun."),
        ("trial", {"days": 0}, "/days", "0 n’est pas entre 1 et 366. De 1 à 366 jours."),
        ("trial", {"days": "367"}, "/days", "367"),
        ("trial", {"days": "1.5"}, "/days", "« 1.5 » n’est pas un nombre entier."),
        ("trial", {"days": True}, "/days", "nombre entier"),
        ("trial", {"days": "9" * 100}, "/days", "…"),
        ("processor", {"processor": "SDE"}, "/processor", "« SDE » n’est pas un DID."),
        (
            "emergency",
            {"recipients": "did:web:a", "since": "2028-01-01", "until": "2027-12-31"},
            "/since",
            "2028-01-01T00:00:00Z n’est pas avant 2027-12-31T23:59:59Z.",
        ),
        ("emergency", {"recipients": ["did:web:a", 3], "until": "2028-12-31"}, "/recipients", "« 3 »"),
    ],
)
def test_a_bad_parameter_is_named_with_what_to_do(name, given, pointer, words):
    with pytest.raises(BadParameter) as raised:
        policies.template(name).instantiate(UID, **given)
    assert raised.value.pointer == pointer
    assert words in raised.value.detail["fr"]
    assert raised.value.detail["en"] != raised.value.detail["fr"]


def test_a_template_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(UnknownTemplate) as raised:
        policies.template("recherche")
    assert "public-research" in raised.value.say("fr")
