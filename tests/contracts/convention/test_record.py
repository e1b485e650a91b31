"""The record of one-sided evidence: what was agreed, that one party alone sealed, what it proves and what not."""

import dataclasses
import json
from datetime import timedelta
from typing import Any

import pytest

from contracts.canonical import sha256
from contracts.convention import (
    Convention,
    Identity,
    Piece,
    Revocation,
    draw_up_record,
    read_record,
    told_pieces,
    told_sections,
)
from contracts.convention.structure import Facts, Table
from contracts.document import Dataset
from contracts.refused import HeaderRefused, NotASeal
from contracts.terms import read_agreement, told_terms, told_validity
from contracts.timestamps import add_token
from policies import load, scenarios
from tests.contracts.convention.reading import notes, plain, said, whole
from tests.contracts.convention.samples import AT, NAMES, TOKEN, OneSided, one_sided, sample

LANGUAGES = ("fr", "en")
ROLES = ("provider", "consumer")


@pytest.fixture(scope="module", params=ROLES)
def made(request: pytest.FixtureRequest) -> OneSided:
    """One-sided evidence of either party."""
    return one_sided(scenarios.LIGHTING, request.param)


def drawn(made: OneSided, language: Any = "fr", **beside: Any) -> Convention:
    return draw_up_record(made.sealed, dataclasses.replace(made.beside, **beside), language=language)


def article(record: Convention, number: int) -> str:
    return plain(whole((record.articles[number - 1],)))


def facts(record: Convention) -> dict[str, str]:
    return {label: plain(value) for label, value in record.facts.rows}


def everything(record: Convention) -> str:
    parties = "\n".join("\n".join((each.name, *each.lines, each.called)) for each in record.parties)
    front = "\n".join((record.title, record.between, *said(record.facts), *said(record.signatures)))
    return plain("\n".join((front, parties, whole(record.sections))))


def test_the_title_says_what_it_is_and_nothing_calls_it_a_convention_that_is_signed(made: OneSided) -> None:
    french, english = (drawn(made, language) for language in LANGUAGES)
    assert french.title == "Constat d’accord — preuve unilatérale"
    assert english.title == "Record of an agreement — one-sided evidence"
    for record in (french, english):
        text = everything(record).lower()
        for claim in ("convention signée", "signée", "signed agreement", "scellée par les deux", "sealed by both"):
            assert claim not in text, claim
        assert (record.name, record.attachment) == ("constat", "unilateral.jws.json")


def test_articles_and_annexes_are_numbered_and_titled(made: OneSided) -> None:
    record = drawn(made)
    assert [(each.label, plain(each.title)) for each in record.articles] == [
        ("Article 1", "Objet"),
        ("Article 2", "Règles d’usage"),
        ("Article 3", "Dates et engagements"),
        ("Article 4", "Finalité et base juridique"),
        ("Article 5", "Ce que le partenaire a montré"),
        ("Article 6", "Ce que ce constat prouve"),
        ("Article 7", "Ce que ce constat ne prouve pas"),
    ]
    assert [(each.label, each.title) for each in record.annexes] == [
        ("Annexe 1", "Cachet"),
        ("Annexe 2", "Texte de l’accord échangé"),
        ("Annexe 3", "Empreintes"),
    ]


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("provider", "Scellé par le fournisseur seul : le destinataire n’a rien scellé."),
        ("consumer", "Scellé par le destinataire seul : le fournisseur n’a rien scellé."),
    ],
)
def test_there_is_one_seal_and_the_other_place_says_that_nothing_was_sealed(role: str, status: str) -> None:
    record = drawn(one_sided(scenarios.LIGHTING, role))
    assert facts(record)["État"] == status
    places = dict(zip(ROLES, (plain(each) for each in said(record.signatures)), strict=True))
    other = places.pop("consumer" if role == "provider" else "provider")
    assert "Scellé le 26 novembre 2026" in places[role]
    assert "Niveau du cachet : L0, sans horodatage" in places[role]
    assert "Approuvé par : Responsable de la donnée" in places[role]
    assert other.splitlines()[2:] == ["N’a rien scellé"]
    captions = [each.caption for each in record.annexes[0].blocks if isinstance(each, Facts)]
    assert captions == ["Cachet du fournisseur" if role == "provider" else "Cachet du destinataire"]


def test_a_party_is_told_as_it_is_known_and_from_where(made: OneSided) -> None:
    by, peer = made.document["by"], made.document["peer"]
    known: dict[str, Any] = {party.lines[-2]: party for party in drawn(made).parties}
    assert known[by].name == NAMES[by][0]
    assert "SIREN" in known[by].lines[0]
    assert known[by].lines[-1].startswith("A scellé ce constat. Nom et numéros")
    assert (known[peer].name, len(known[peer].lines)) == (f"{NAMES[peer][0]} (EDC)", 2)
    assert "le nom est celui que lui donnent les utilisateurs" in known[peer].lines[-1]


@pytest.mark.parametrize(
    ("known", "name", "told"),
    [
        (Identity(), "", "Ce nœud ne connaît de ce partenaire que son identifiant."),
        (Identity(name="SDE"), "SDE", "Aucune fiche connue"),
        (Identity(name="Ville", siren="217500016", is_from_card=True), "Ville", "la fiche que ce partenaire a remise"),
    ],
)
def test_a_partner_is_told_by_card_by_name_or_by_its_identifier_alone(
    made: OneSided, known: Identity, name: str, told: str
) -> None:
    peer = made.document["peer"]
    (party,) = [each for each in drawn(made, theirs=known).parties if peer in each.lines]
    assert party.name == (name or peer)
    assert told in plain(party.lines[-1])
    assert ("SIREN" in party.lines[0]) is known.is_from_card


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scenario", scenarios.SCENARIOS, ids=lambda each: each.name)
def test_each_rule_of_the_sealed_agreement_stands_with_how_far_it_is_verified(scenario: Any, language: Any) -> None:
    made = one_sided(scenario)
    (table,) = [each for each in drawn(made, language).articles[1].blocks if isinstance(each, Table)]
    told = told_terms(load(made.document["agreement"]["text"]))
    badges = {
        "fr": {"node": "vérifié par le nœud", "afterwards": "constaté après coup", "commitment": "engagement seul"},
        "en": {"node": "checked by the node", "afterwards": "checked afterwards", "commitment": "a promise only"},
    }
    assert [plain(row[1]) for row in table.rows] == [plain(each) for each in told[language]]
    assert [row[2] for row in table.rows] == [badges[language][each] for each in told["verified"]]


def test_what_the_software_of_a_provider_verifies_is_not_claimed_by_the_recipient() -> None:
    claim, unknown = (
        "le logiciel du fournisseur contrôle la règle",
        "ce que contrôle le logiciel du fournisseur n’est pas",
    )
    provider, consumer = (article(drawn(one_sided(scenarios.LIGHTING, role)), 2) for role in ROLES)
    assert (claim in provider, unknown in provider) == (True, False)
    assert (claim in consumer, unknown in consumer) == (False, True)


def test_the_dataset_is_described_by_its_publisher_alone_and_said_not_to_be_sealed() -> None:
    provider, consumer = (one_sided(scenarios.LIGHTING, role) for role in ROLES)
    target = json.loads(provider.document["agreement"]["text"])["target"]
    assert drawn(provider).object == scenarios.LIGHTING.title["fr"]
    assert "le reste vient du catalogue de ce nœud" in article(drawn(provider), 1)
    assert drawn(consumer).object == target
    assert "ne contient que cet identifiant" in article(drawn(consumer), 1)
    other = Dataset(id="urn:another", title="Un autre jeu")
    assert drawn(provider, dataset=other).object == target
    assert "Un autre jeu" not in everything(drawn(provider, dataset=other))


def test_dates_are_those_of_the_agreement_and_of_the_seal(made: OneSided) -> None:
    told = article(drawn(made), 3)
    assert "Accord daté du 26 novembre 2026 à 7 h 05 (UTC)" in told
    assert "Utilisation permise jusqu’au 31 décembre 2028" in told
    assert "Constat scellé le 26 novembre 2026 à 7 h 05 (UTC)" in told
    assert "Fin de l’accord" not in told
    assert facts(drawn(made))["Pages éditées le"] == "26 décembre 2026 à 7 h 05 (UTC)"


def test_an_agreement_that_has_ended_is_said_to_have_ended(made: OneSided) -> None:
    ended = article(drawn(made, is_ended=True, ended_at=AT + timedelta(days=40, seconds=7)), 3)
    assert "Fin de l’accord 5 janvier 2027 à 7 h 05 (UTC), selon le journal de ce nœud" in ended
    assert "Fin de l’accord oui, selon ce nœud" in article(drawn(made, is_ended=True), 3)


def test_a_use_without_end_is_said_to_have_none() -> None:
    made = one_sided(scenarios.LIGHTING)
    text = json.loads(made.document["agreement"]["text"])
    del text["permission"][0]["constraint"][2:]
    made.document["agreement"]["text"] = json.dumps(text)
    assert "Utilisation permise jusqu’au aucune échéance commune" in article(drawn(made), 3)
    del text["timestamp"]
    made = one_sided(scenarios.LIGHTING)
    made.document["agreement"]["text"] = json.dumps(text)
    assert "Accord daté du" not in article(drawn(made), 3)


def test_what_was_declared_is_read_in_the_request_whose_digest_is_sealed(made: OneSided) -> None:
    request = sample(scenarios.LIGHTING).document["request"]
    told = article(drawn(made), 4)
    for name in ("purpose", "legalBasis", "useCase"):
        assert request[name] in told
    altered = [text.replace("trame noire", "trame blanche") for text in made.beside.messages]
    for messages in (altered, []):
        assert "ne disent ni finalité ni base juridique" in article(drawn(made, messages=messages), 4)


def test_the_messages_are_told_in_the_words_of_an_office_and_kept_only_with_their_digest(made: OneSided) -> None:
    def rows(messages: list[str]) -> list[tuple[str, ...]]:
        blocks = drawn(made, messages=messages).articles[4].blocks
        return [row for each in blocks if isinstance(each, Table) for row in each.rows]

    first, *others = made.beside.messages
    assert [row[1:] for row in rows([first, *others])] == [
        ("demande d’accès", "Le destinataire", "conservé"),
        ("accord", "Le fournisseur", "conservé"),
        ("confirmation de l’accord", "Le destinataire", "conservé"),
        ("conclusion de l’échange", "Le fournisseur", "conservé"),
    ]
    (table,) = [
        each for each in drawn(made, messages=[f"{first} ", *others]).articles[4].blocks if isinstance(each, Table)
    ]
    assert [row[3] for row in table.rows] == ["non retrouvé", "conservé", "conservé", "conservé"]


def test_the_annex_calls_the_messages_as_the_article_does(made: OneSided) -> None:
    record = drawn(made)
    shown, (listed,) = record.articles[4].blocks[1], [one for one in record.annexes[2].blocks if isinstance(one, Table)]
    assert isinstance(shown, Table)
    assert [row[1] for row in listed.rows] == [row[1] for row in shown.rows]


def test_a_message_of_a_kind_that_has_no_words_keeps_its_own_name(made: OneSided) -> None:
    other = dataclasses.replace(made, document=json.loads(json.dumps(made.document)))
    other.document["messages"][0]["type"] = "OtherMessage"
    assert "OtherMessage" in article(drawn(other), 5)


def test_the_token_is_told_by_its_digest_and_whether_it_is_kept(made: OneSided) -> None:
    told = article(drawn(made), 5)
    assert sha256(TOKEN) in told
    assert "Le jeton est conservé dans le journal" in told
    assert TOKEN not in everything(drawn(made))
    assert "n’a pas été retrouvé" in article(drawn(made, tokens=["another"]), 5)
    without = dataclasses.replace(made, document={k: v for k, v in made.document.items() if k != "token"})
    assert "Aucun jeton d’authentification" in article(drawn(without), 5)
    assert "jeton" not in article(drawn(without), 6)


def test_it_says_what_it_does_not_prove(made: OneSided) -> None:
    told = article(drawn(made), 7)
    for claim in ("Que le partenaire a accepté ces règles.", "La date.", "Que les règles sont respectées."):
        assert claim in told
    assert "pupitre-verify" in told
    assert "« indéterminé »" in told


def test_what_it_means_that_no_time_stamp_is_there_is_said(made: OneSided) -> None:
    assert "dans dix ans, un vérificateur ne pourra ni le confirmer ni l’infirmer" in notes(drawn(made))
    stamped = add_token(made.sealed, 0, b"stands where a token stands")
    record = draw_up_record(stamped, made.beside)
    assert "orodatage" not in notes(record)
    assert "La date." not in article(record, 7)


def test_a_revoked_key_is_told_at_the_seal_and_under_the_status(made: OneSided) -> None:
    record = draw_up_record(made.sealed, made.beside, revoked={made.hand.kid: Revocation(AT, "Poste volé", AT)})
    assert facts(record)["État"].endswith("a été antidatée : la vérification le dit indéterminé.")
    assert "Clé révoquée le 26 novembre 2026 à 7 h 05 (UTC) (Poste volé)" in plain(whole(record.annexes[:1]))


def test_all_digests_are_in_the_annexes(made: OneSided) -> None:
    record = drawn(made)
    shown = whole(record.annexes)
    digests = [each["sha256"] for each in (made.document["agreement"], *made.document["messages"])]
    for digest in (record.sha256, made.document["token"], *digests):
        assert digest in shown


def test_names_that_turn_the_text_around_are_made_plain(made: OneSided) -> None:
    theirs = Identity(name="Ville\u202e de\nDémo")
    assert "Ville de Démo" in [each.name for each in drawn(made, theirs=theirs).parties]


def test_what_is_no_one_sided_evidence_is_refused(made: OneSided) -> None:
    contract = sample(scenarios.LIGHTING)
    with pytest.raises(NotASeal):
        draw_up_record(contract.contract, made.beside)
    with pytest.raises(HeaderRefused):
        draw_up_record(contract.half, made.beside)


# --- what programs are told


def told_of(made: OneSided, **beside: Any) -> Any:
    return read_record(made.sealed, dataclasses.replace(made.beside, **beside), ())


def test_a_record_is_told_in_the_sections_of_a_contract(made: OneSided) -> None:
    told = told_sections(told_of(made))
    ours, theirs = (told["parties"][role] for role in (made.document["role"], other_of(made)))
    assert ours["did"] == made.document["by"]
    assert (ours["source"], ours["legalName"], ours["siren"]) == ("card", made.beside.ours.name, made.beside.ours.siren)
    assert ours["representative"] == {"function": made.beside.ours.function}
    assert theirs == {
        "did": made.document["peer"], "legalName": made.beside.theirs.name, "representative": {}, "source": "node",
    }  # fmt: skip
    agreed = read_agreement(made.document["agreement"]["text"])
    assert (told["terms"], told["validity"]) == (told_terms(agreed), told_validity(agreed))
    assert told["dataset"] == ({"title": made.beside.dataset.title} if made.beside.dataset else {})


def test_a_party_of_which_nothing_is_known_is_told_by_its_did_alone(made: OneSided) -> None:
    told = told_sections(told_of(made, theirs=Identity()))["parties"][other_of(made)]
    assert told == {"did": made.document["peer"], "representative": {}, "source": "none"}


def test_what_is_sealed_and_by_whom_and_what_is_missing_is_told_in_pieces(made: OneSided) -> None:
    role, other = made.document["role"], other_of(made)
    assert told_pieces(told_of(made)) == (
        Piece("agreement", "sealed", role),
        Piece("messages", "sealed", role, 4, 4),
        Piece("token", "sealed", role, 1, 1),
        Piece("names", "unsealed"),
        Piece("title", "unsealed" if role == "provider" else "missing"),
        Piece("seal", "missing", other),
        Piece("time-stamp", "missing"),
        Piece("clauses", "missing"),
    )
    altered = [*made.beside.messages[:-1], made.beside.messages[-1] + " "]
    less = told_pieces(told_of(made, messages=altered, tokens=["another"], dataset=None))
    assert Piece("messages", "sealed", role, 4, 3) in less
    assert Piece("token", "sealed", role, 1, 0) in less
    assert Piece("title", "missing") in less


def test_a_record_without_token_or_of_an_unreadable_agreement_is_told_all_the_same(made: OneSided) -> None:
    document = dict(made.document)
    del document["token"]
    document["agreement"] = {**document["agreement"], "text": '{"@type":"Agreement"}'}
    bare = dataclasses.replace(made, document=document)
    told, pieces = told_sections(told_of(bare)), told_pieces(told_of(bare))
    assert set(told) == {"parties", "dataset"}
    assert (told["dataset"], told["parties"]) == ({}, told_sections(told_of(made))["parties"])
    assert {Piece("token", "missing"), Piece("title", "missing")} <= set(pieces)


def test_the_mandate_on_a_card_is_on_the_page(made: OneSided) -> None:
    ours = dataclasses.replace(made.beside.ours, mandate="Délibération 2026-14")
    assert "habilitation : Délibération 2026-14" in everything(drawn(made, ours=ours))
    assert "habilitation" not in everything(drawn(made))


def other_of(made: OneSided) -> str:
    return "consumer" if made.document["role"] == "provider" else "provider"
