"""What a convention says of a sealed document: everything that was agreed, nothing that is not so."""

import re
import string
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts import schema
from contracts.convention import Convention, Revocation, draw_up_convention, record_texts, texts
from contracts.convention.saying import instant_text, say, unbroken
from contracts.convention.structure import Paragraph, Table
from contracts.refused import OtherConclusion, OtherNotice
from contracts.timestamps import add_token
from policies import dump, scenarios, template
from policies.prose import NO_BREAK, THIN
from tests.contracts.convention.reading import notes, plain, said, whole
from tests.contracts.convention.samples import AT, NAMES, Sample, personal, sample
from tests.tools.authority import Authority

LANGUAGES = ("fr", "en")


@pytest.fixture(scope="module")
def lighting() -> Sample:
    return sample(scenarios.LIGHTING)


def article(convention: Convention, number: int) -> str:
    return whole((convention.articles[number - 1],))


def fact(convention: Convention, place: int) -> str:
    """Return one of the facts of the first page, its spaces made plain."""
    return convention.facts.rows[place][1].replace(NO_BREAK, " ").replace(THIN, " ")


@pytest.mark.parametrize("scenario", scenarios.SCENARIOS, ids=lambda each: each.name)
def test_the_samples_are_documents_as_the_schema_has_them(scenario: scenarios.Scenario) -> None:
    schema.check_shape(sample(scenario).document, schema.CONTRACT)


def test_articles_and_annexes_are_numbered_and_titled(lighting: Sample) -> None:
    convention = draw_up_convention(lighting.contract)
    assert [each.label for each in convention.articles] == [f"Article {number}" for number in range(1, 10)]
    assert [each.label for each in convention.annexes] == ["Annexe 1", "Annexe 2", "Annexe 3"]
    assert [each.title for each in convention.articles] == [
        "Objet",
        "Règles d’usage",
        "Engagements et échéances",
        "Durée",
        "Finalité et base juridique",
        "Données à caractère personnel",
        "Preuve",
        "Résiliation",
        "Droit applicable et juridiction",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scenario", scenarios.SCENARIOS, ids=lambda each: each.name)
def test_each_sentence_of_the_terms_stands_with_how_far_it_is_verified(scenario: Any, language: Any) -> None:
    made = sample(scenario)
    rules = draw_up_convention(made.contract, language=language).articles[1].blocks[1]
    assert isinstance(rules, Table)
    terms = made.document["terms"]
    assert [plain(row[1]) for row in rules.rows] == [plain(each) for each in terms[language]]
    badges = {
        "fr": {"node": "vérifié par le nœud", "afterwards": "constaté après coup", "commitment": "engagement seul"},
        "en": {"node": "checked by the node", "afterwards": "checked afterwards", "commitment": "a promise only"},
    }
    assert [row[2] for row in rules.rows] == [badges[language][each] for each in terms["verified"]]


@pytest.mark.parametrize(
    ("plainly", "kept"),
    [
        ("jusqu’au 31 décembre 2028, pour", "jusqu’au 31_décembre_2028, pour"),
        ("à partir du 1er août 2027", "à partir du 1er_août_2027"),
        ("until 31 December 2028", "until 31_December_2028"),
        ("au moins 11 unités, dans les 12 mois suivant", "au moins 11_unités, dans les 12_mois suivant"),
        ("si le destinataire est did:web:a-12.example et", "si le destinataire est did:web:a-12.example et"),
    ],
)
def test_a_number_stays_on_the_line_of_what_it_counts(plainly: str, kept: str) -> None:
    assert unbroken(plainly) == kept.replace("_", NO_BREAK)


def test_parties_are_presented_as_the_document_names_them(lighting: Sample) -> None:
    provider, consumer = draw_up_convention(lighting.contract).parties
    name, _, function = NAMES[scenarios.SYNDICAT]
    assert (provider.name, provider.called) == (name, f"ci-après «{NO_BREAK}le fournisseur{NO_BREAK}»")
    lines = "\n".join(provider.lines).replace(NO_BREAK, " ")
    assert "SIREN 252 200 239, SIRET 252 200 239 00018" in lines
    assert function in lines
    assert "délibération 2026-031" in lines
    assert scenarios.SYNDICAT in lines
    assert consumer.name == NAMES[scenarios.METROPOLE][0]


def test_duties_stand_with_the_dates_that_they_set() -> None:
    table = draw_up_convention(sample(scenarios.BUILDINGS).contract).articles[2].blocks[1]
    assert isinstance(table, Table)
    rows = [tuple(cell.replace(NO_BREAK, " ") for cell in row) for row in table.rows]
    assert rows == [
        (
            "au plus tard le 10 décembre 2026 à 7 h 05 (UTC)",
            "Le destinataire",
            "Contre-sceller la présente convention ; à défaut, elle n’est pas conclue.".replace(" ;", f"{THIN};"),
        ),
        ("26 novembre 2026 à 7 h 05 (UTC)", "Le fournisseur", "Ouvrir l’accès aux données."),
        (
            "au plus tard le 26 novembre 2028 à 7 h 05 (UTC), soit 24 mois après l’accord",
            "Le destinataire",
            "Supprimer sa copie.",
        ),
        ("sans échéance fixée", "Le destinataire", "Attester auprès du fournisseur de la suppression de sa copie."),
        ("31 décembre 2028", "Le fournisseur", "Fermer l’accès aux données."),
    ]


DELETE = {"action": "odrl:delete"}


def deadline(operand: str, operator: str, value: Any) -> dict[str, Any]:
    return DELETE | {"constraint": [{"leftOperand": operand, "operator": operator, "rightOperand": value}]}


@pytest.mark.parametrize(
    ("duty", "french", "english"),
    [
        (
            deadline("odrl:elapsedTime", "lteq", "P1Y"),
            "au plus tard le 26 novembre 2027 à 7 h 05 (UTC), soit 1 an après l’accord/Le destinataire",
            "no later than 26 November 2027 at 07:05 (UTC), that is 1 year after the agreement/The recipient",
        ),
        (
            deadline("odrl:elapsedTime", "lt", "P90D"),
            "avant le 24 février 2027 à 7 h 05 (UTC), soit 90 jours après l’accord/Le destinataire",
            "before 24 February 2027 at 07:05 (UTC), that is 90 days after the agreement/The recipient",
        ),
        (
            deadline("odrl:dateTime", "lteq", "2027-06-30T23:59:59+02:00"),
            "au plus tard le 30 juin 2027 (UTC+2)/Le destinataire",
            "no later than 30 June 2027 (UTC+2)/The recipient",
        ),
        (
            deadline("odrl:dateTime", "lt", "2027-07-01T00:00:00Z"),
            "avant le 1er juillet 2027/Le destinataire",
            "before 1 July 2027/The recipient",
        ),
        (
            deadline("odrl:delayPeriod", "lteq", "P7D"),
            "dans les 7 jours suivant le fait déclencheur/Le destinataire",
            "within 7 days of what triggers it/The recipient",
        ),
        (DELETE | {"assignee": scenarios.SYNDICAT}, "sans échéance fixée/Le fournisseur", "no date set/The provider"),
        (
            DELETE | {"assignee": scenarios.LITTORAL},
            f"sans échéance fixée/{scenarios.LITTORAL}",
            f"no date set/{scenarios.LITTORAL}",
        ),
    ],
)
def test_a_commitment_tells_its_deadline_once_and_whose_it_is(duty: Any, french: str, english: str) -> None:
    offer = dict(scenarios.LIGHTING.offer) | {"obligation": [duty]}
    contract = sample(replace(scenarios.LIGHTING, offer=offer)).contract
    for language, told in (("fr", f"{french}/Supprimer sa copie."), ("en", f"{english}/Delete its copy.")):
        convention = draw_up_convention(contract, language=language)  # type: ignore[arg-type]
        table = convention.articles[2].blocks[1]
        assert isinstance(table, Table)
        assert [plain("/".join(row)) for row in table.rows[2:-1]] == [told]


def test_a_convention_that_ends_with_its_rules_is_not_said_to_be_open_ended() -> None:
    trial = template("trial").instantiate("urn:uuid:4a0f", days=90)
    made = sample(replace(scenarios.LIGHTING, offer=dump(trial)))
    del made.document["validity"]["until"]
    told = article(draw_up_convention(made.contract), 4)
    assert "ce sont les règles d’usage qui limitent l’utilisation dans le temps" in told
    assert "durée indéterminée" not in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_pages_add_to_the_document_binds_nobody(lighting: Sample, language: Any) -> None:
    convention = draw_up_convention(lighting.contract, language=language)
    notes_of = [each for section in convention.articles for each in section.blocks if isinstance(each, Paragraph)]
    explained = [each.text for each in notes_of if each.note]
    for added in (texts.DAYS, texts.TERMINATION_NOTICE, texts.RULES_LEGEND):
        assert say(added, language) in explained
    assert plain(article(convention, 6)) == plain(say(texts.NO_PERSONAL, language))
    assert not re.search("avertit|informs", article(convention, 6))


def test_what_the_document_leaves_open_is_said_to_be_open() -> None:
    made = sample(scenarios.COUNTS, framework="none", request="none")
    del made.document["validity"]["until"]
    convention = draw_up_convention(made.contract)
    assert "aucun accord-cadre" in whole((convention.preamble,))
    assert "durée indéterminée" in article(convention, 4)
    assert "ni finalité ni base juridique" in article(convention, 5)
    assert "ne renvoie à aucun accord des parties sur la preuve" in article(convention, 7)


@pytest.mark.parametrize(
    ("language", "agreed", "alone"),
    [
        ("fr", "ce dont les parties sont convenues sur la preuve", "la parole de l’organisme qui l’a apposé"),
        ("en", "what the parties agreed on as to evidence", "the word of the organisation that made it"),
    ],
)
def test_a_seal_is_worth_what_was_agreed_only_where_a_framework_says_it(language: Any, agreed: str, alone: str) -> None:
    framed, bare = (
        notes(draw_up_convention(made.contract, language=language))
        for made in (sample(scenarios.COUNTS), sample(scenarios.COUNTS, framework="none"))
    )
    assert (agreed in framed, alone in framed) == (True, False)
    assert (agreed in bare, alone in bare) == (False, True)


def test_the_request_and_the_framework_are_repeated_word_for_word(lighting: Sample) -> None:
    convention = draw_up_convention(lighting.contract)
    document = lighting.document
    assert document["framework"]["reference"] in whole((convention.preamble,))
    assert document["framework"]["proofClause"] in article(convention, 7)
    for name in ("purpose", "legalBasis", "useCase"):
        assert document["request"][name] in article(convention, 5)
    assert document["termination"] in article(convention, 8)
    assert document["jurisdiction"] == article(convention, 9)


def test_a_sheet_on_personal_data_is_shown_whole() -> None:
    made = sample(scenarios.FUEL_POVERTY, personalData=personal() | {"security": "Chiffrement au repos"})
    convention = draw_up_convention(made.contract)
    for value in made.document["personalData"].values():
        assert value in article(convention, 6)


def test_personal_data_without_a_sheet_is_not_passed_over() -> None:
    made = sample(scenarios.FUEL_POVERTY)
    made.document["dataset"]["personal"] = True
    assert "ne contient pas de fiche" in article(draw_up_convention(made.contract), 6)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_status_says_how_far_the_document_binds(lighting: Sample, language: Any) -> None:
    notice = lighting.notice("termination", 40, "Fin du programme")
    statuses = [
        fact(draw_up_convention(text, conclusion=conclusion, notices=notices, language=language), 2)
        for text, conclusion, notices in (
            (lighting.half, None, ()),
            (lighting.contract, None, ()),
            (lighting.contract, lighting.conclusion, ()),
            (lighting.contract, lighting.conclusion, (notice,)),
        )
    ]
    expected = {
        "fr": [
            "Scellée par le fournisseur seul : elle n’engage pas encore le destinataire.",
            "Scellée par les deux parties ; la conclusion n’est pas attestée.",
            "Scellée par les deux parties, conclue le 26 novembre 2026 à 7 h 05 (UTC).",
            "Scellée par les deux parties, conclue le 26 novembre 2026 à 7 h 05 (UTC),"
            " résiliée le 5 janvier 2027 à 7 h 05 (UTC).",
        ],
        "en": [
            "Sealed by the provider alone: it does not bind the recipient yet.",
            "Sealed by both parties; its conclusion is not attested.",
            "Sealed by both parties, concluded on 26 November 2026 at 07:05 (UTC).",
            "Sealed by both parties, concluded on 26 November 2026 at 07:05 (UTC),"
            " terminated on 5 January 2027 at 07:05 (UTC).",
        ],
    }
    assert statuses == expected[language]


def test_what_was_notified_is_listed(lighting: Sample) -> None:
    notices = [lighting.notice("resumption", 12, "Levée"), lighting.notice("suspension", 10, "Incident")]
    convention = draw_up_convention(lighting.contract, conclusion=lighting.conclusion, notices=notices)
    table = convention.annexes[0].blocks[-1]
    assert isinstance(table, Table)
    assert [row[1:] for row in table.rows] == [
        ("suspension", "Pays de Démo Métropole", "Incident"),
        ("reprise", "Pays de Démo Métropole", "Levée"),
    ]


@pytest.mark.parametrize(
    ("kind", "given", "french", "english"),
    [
        (
            "suspension",
            "transfer urn:uuid:77e2\nIncident\nVoir le journal",
            "Livraison urn:uuid:77e2\nIncident\nVoir le journal",
            "Delivery urn:uuid:77e2\nIncident\nVoir le journal",
        ),
        (
            "receipt",
            "0f" * 32,
            f"Empreinte de l’avis reçu : {'0f' * 32}",
            f"Digest of the notice received: {'0f' * 32}",
        ),
        ("receipt", "Bien reçu", "Bien reçu", "Bien reçu"),
        ("termination", "0f" * 32, "0f" * 32, "0f" * 32),
    ],
)
def test_what_nodes_give_as_the_reason_is_told_in_words(
    lighting: Sample, kind: str, given: str, french: str, english: str
) -> None:
    for language, told in (("fr", french), ("en", english)):
        convention = draw_up_convention(
            lighting.contract,
            notices=[lighting.notice(kind, 3, given)],
            language=language,  # type: ignore[arg-type]
        )
        table = convention.annexes[0].blocks[-1]
        assert isinstance(table, Table)
        assert [plain(row[-1]) for row in table.rows] == [told]


def test_what_belongs_to_another_contract_is_refused(lighting: Sample) -> None:
    other = sample(scenarios.AIR)
    with pytest.raises(OtherConclusion):
        draw_up_convention(lighting.contract, conclusion=other.conclusion)
    with pytest.raises(OtherNotice):
        draw_up_convention(lighting.contract, notices=[other.notice("termination", 1, "")])


def test_levels_are_those_of_the_certificates_for_whom_this_node_trusts() -> None:
    authority = Authority("Autorité du Pays de Démo", AT)
    issued, own = sample(scenarios.LIGHTING, authority=authority), sample(scenarios.LIGHTING)
    for made, roots, level in (
        (issued, [authority.certificate], "L1"),
        (issued, [], "L0"),
        (own, [authority.certificate], "L0"),
    ):
        convention = draw_up_convention(made.contract, roots=roots)
        assert fact(convention, 3).startswith(f"{level} :")
        assert f"{level}, sans horodatage" in "\n".join(said(convention.signatures)).replace(NO_BREAK, " ")


def test_the_level_is_the_lower_of_the_two() -> None:
    authority = Authority("Autorité du Pays de Démo", AT)
    made, own = sample(scenarios.LIGHTING, authority=authority), sample(scenarios.LIGHTING)
    mixed = Sample(made.document, made.provider, own.consumer, made.at)
    assert fact(draw_up_convention(mixed.contract, roots=[authority.certificate]), 3).startswith("L0 :")


@pytest.mark.parametrize(("awaits", "told"), [(True, "horodatage en attente"), (False, "sans horodatage")])
def test_a_time_stamp_is_told_for_the_seal_that_has_one(lighting: Sample, awaits: bool, told: str) -> None:
    stamped = add_token(lighting.contract, 1, b"stands where a token stands")
    convention = draw_up_convention(stamped, awaits_timestamps=awaits)
    provider, consumer = said(convention.signatures)
    assert told in provider
    assert "horodaté" in consumer
    assert told not in consumer
    shown = whole(convention.annexes[:1])
    assert f"Horodatage {told}" in shown
    assert "Horodatage horodaté" in shown


def test_a_time_stamp_is_pending_only_where_one_is_asked_for(lighting: Sample) -> None:
    asked, alone = (draw_up_convention(lighting.contract, awaits_timestamps=awaits) for awaits in (True, False))
    assert "Horodatage en attente : il est demandé" in notes(asked)
    assert "dans dix ans" not in notes(asked)
    assert "Sans horodatage : la date d’un cachet est celle de l’horloge" in notes(alone)
    assert "dans dix ans, un vérificateur ne pourra ni le confirmer ni l’infirmer" in notes(alone)
    assert "attente" not in whole(alone.sections)


def test_nothing_is_explained_of_time_stamps_where_every_seal_has_one(lighting: Sample) -> None:
    stamped = lighting.contract
    for place in (0, 1):
        stamped = add_token(stamped, place, b"stands where a token stands")
    for awaits in (True, False):
        assert "orodatage" not in notes(draw_up_convention(stamped, awaits_timestamps=awaits))


@pytest.mark.parametrize(
    ("days", "listed", "french", "english"),
    [
        (-3, -2, "date du cachet. La vérification le dit non valide.", "the seal. Verification finds it invalid."),
        (-3, 40, "antidatée : la vérification le dit indéterminé.", "back: verification finds it indeterminate."),
        (-3, None, "antidatée : la vérification le dit indéterminé.", "back: verification finds it indeterminate."),
        (30, 40, "apposé avant : la vérification le dit indéterminé.", "before: verification finds it indeterminate."),
    ],
)  # fmt: skip
def test_a_revoked_key_is_told_at_its_seal_and_under_the_status(
    lighting: Sample, days: int, listed: int | None, french: str, english: str
) -> None:
    listed_at = None if listed is None else AT + timedelta(days=listed)
    revoked = {
        lighting.consumer.kid: Revocation(AT + timedelta(days=days), "Poste\nvolé", listed_at),
        "did:web:x#y": Revocation(AT),
    }
    for language, told in (("fr", french), ("en", english)):
        convention = draw_up_convention(
            lighting.contract,
            conclusion=lighting.conclusion,
            revoked=revoked,
            language=language,  # type: ignore[arg-type]
        )
        status = plain(convention.facts.rows[2][1]).splitlines()
        assert len(status) == 2
        assert status[1].startswith({"fr": "Cachet du destinataire : ", "en": "The recipient’s seal: "}[language])
        assert status[1].endswith(told)
        provider, consumer = (plain("\n".join(said(each))) for each in convention.annexes[0].blocks[:2])
        row = {"fr": "Clé révoquée le {} (Poste volé)", "en": "Key revoked on {} (“Poste volé”)"}[language]
        at = plain(instant_text(AT + timedelta(days=days), language))  # type: ignore[arg-type]
        assert row.format(at) in consumer
        assert row.split(" {")[0] not in provider


def test_a_time_stamp_answers_for_a_seal_whose_key_was_revoked_since(lighting: Sample) -> None:
    stamped = add_token(lighting.contract, 1, b"stands where a token stands")
    revoked = {lighting.consumer.kid: Revocation(AT + timedelta(days=1))}
    convention = draw_up_convention(stamped, revoked=revoked)
    assert fact(convention, 2).endswith("son horodatage montre s’il a été apposé avant.")
    assert "Clé révoquée le 27 novembre 2026 à 7 h 05 (UTC)\n" in plain(whole(convention.annexes[:1]))


def test_a_convention_is_the_same_where_no_key_of_its_seals_is_revoked(lighting: Sample) -> None:
    other = {"did:web:x#y": Revocation(AT)}
    assert draw_up_convention(lighting.contract, revoked=other) == draw_up_convention(lighting.contract)


def test_who_approved_is_told_by_function_or_rule(lighting: Sample) -> None:
    provider, consumer = said(draw_up_convention(lighting.contract).signatures)
    assert f"Approuvé par{NO_BREAK}: Responsable de la donnée" in provider
    assert "Approuvé par la règle accord-automatique/2" in consumer


@pytest.mark.parametrize(
    ("rule", "french", "english"),
    [
        (
            "offer-mode automatic urn:uuid:391f",
            "la règle « mode automatique de l’offre »",
            "the rule “automatic mode of the offer”",
        ),
        ("as-requested", "la règle « réponse conforme à la demande »", "the rule “the answer is what was asked for”"),
        ("as-requested/2", "la règle as-requested/2", "the rule as-requested/2"),
        ("offer-mode", "la règle offer-mode", "the rule offer-mode"),
    ],
)
def test_a_known_rule_is_told_in_words_and_its_code_stands_in_annex_1(
    lighting: Sample, rule: str, french: str, english: str
) -> None:
    contract = lighting.approved_by_rule(rule)
    for language, words in (("fr", french), ("en", english)):
        convention = draw_up_convention(contract, language=language)  # type: ignore[arg-type]
        place = plain(said(convention.signatures)[1])
        assert place.splitlines()[-1] == {"fr": f"Approuvé par {words}", "en": f"Approved by {words}"}[language]
        annex = plain(whole(convention.annexes[:1]))
        assert {"fr": f"Approuvé par {words}", "en": f"Approved by {words}"}[language] in annex
        assert {"fr": f"Identifiant de l’approbation {rule}", "en": f"Identifier of the approval {rule}"}[
            language
        ] in annex


def test_who_approved_is_told_in_annex_1_without_saying_it_twice(lighting: Sample) -> None:
    assert "Approuvé par Responsable de la donnée" in whole(draw_up_convention(lighting.contract).annexes[:1])


def test_a_seal_that_is_missing_is_said_to_be_missing(lighting: Sample) -> None:
    _, consumer = said(draw_up_convention(lighting.half).signatures)
    assert "Pas encore scellé" in consumer


def test_all_digests_are_in_the_annexes(lighting: Sample) -> None:
    convention = draw_up_convention(lighting.contract)
    shown = whole(convention.annexes)
    document = lighting.document
    parties = document["parties"].values()
    for digest in (
        convention.sha256,
        document["agreement"]["sha256"],
        document["terms"]["sha256"],
        document["framework"]["sha256"],
        *(each["cardSha256"] for each in parties),
        *(each["seal"]["certificateSha256"] for each in parties),
        *(each["sha256"] for each in document["negotiation"]["messages"]),
    ):
        assert digest in shown


# --- the fixed sentences ---


def fixed() -> dict[str, dict[str, str]]:
    """Return every fixed text by its name."""
    found: dict[str, dict[str, str]] = {}
    for name, value in [*vars(texts).items(), *((f"RECORD_{name}", one) for name, one in vars(record_texts).items())]:
        if not name.isupper() or not isinstance(value, dict):
            continue
        if set(value) == set(LANGUAGES) and isinstance(value["fr"], str):
            found[name] = value
        elif set(value) == set(LANGUAGES):
            found |= {f"{name}[{n}]": {"fr": fr, "en": value["en"][n]} for n, fr in enumerate(value["fr"])}
        else:
            found |= {
                f"{name}[{key}{n}]": each
                for key, one in value.items()
                for n, each in enumerate(one if isinstance(one, tuple) else (one,))
            }
    return found


@pytest.mark.parametrize("name", fixed())
def test_a_fixed_sentence_exists_in_both_languages_and_asks_for_the_same(name: str) -> None:
    french, english = (fixed()[name][language] for language in LANGUAGES)
    assert french.strip()
    assert english.strip()
    holes = [sorted(hole for _, hole, _, _ in string.Formatter().parse(text) if hole) for text in (french, english)]
    assert holes[0] == holes[1]


@pytest.mark.parametrize("name", fixed())
def test_no_fixed_sentence_claims_what_european_law_keeps_for_others(name: str) -> None:
    claim = re.compile(
        r"qualifi|registre électronique|ledger|archiv|irréfutable|infalsifiable|unforgeable", re.IGNORECASE
    )
    assert not claim.search(" ".join(fixed()[name].values()))
