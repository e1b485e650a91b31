"""A policy in words: a text for each rule, nothing left out; and what two policies say differently."""

import re
from typing import Any

import pytest

import policies
from policies import phrases, vocabulary
from policies.errors import Language
from policies.operands import OPERANDS
from policies.vocabulary import ODRL, TERRI

NB, THIN = "\u00a0", "\u202f"
UNTIL = {"leftOperand": "odrl:dateTime", "operator": "lteq", "rightOperand": "2027-06-30"}
FROM = {"leftOperand": "odrl:dateTime", "operator": "gteq", "rightOperand": "2027-01-01T00:00:00Z"}
FOR = {"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": "recherche"}
LIGHT = {
    "leftOperand": "odrl:purpose",
    "operator": "isAnyOf",
    "rightOperand": [TERRI + "SobrieteEclairage", TERRI + "TrameNoire"],
}
SOON = {
    "leftOperand": "odrl:delayPeriod",
    "operator": "lteq",
    "rightOperand": {"@type": "xsd:duration", "@value": "P7D"},
}
IN_24_MONTHS = {
    "leftOperand": "odrl:elapsedTime",
    "operator": "lteq",
    "rightOperand": {"@type": "xsd:duration", "@value": "P24M"},
}
USE: dict[str, Any] = {"action": "use"}


def policy(**rules: Any) -> policies.Policy:
    return policies.load({"@id": "urn:o", "@type": "Offer", **rules})


def on(operand: str, operator: str, value: Any, **members: Any) -> dict[str, Any]:
    return {"leftOperand": operand, "operator": operator, "rightOperand": value, **members}


def said_if(*constraints: dict[str, Any], language: Language = "fr") -> str:
    """Return what a permission says after its verb and object."""
    (text,) = policies.sentences(policy(permission=[{**USE, "constraint": list(constraints)}]), language)
    opening = {"fr": "Vous pouvez utiliser ce jeu de données ", "en": "You may use this dataset "}[language]
    return text.removeprefix(opening)


def test_a_whole_offer_reads_as_a_letter() -> None:
    offer = policy(
        permission=[{**USE, "constraint": [LIGHT, UNTIL]}],
        prohibition=[{"action": "odrl:distribute"}],
        obligation=[{"action": "odrl:attribute"}, {"action": "odrl:delete", "constraint": [IN_24_MONTHS]}],
    )
    assert policies.sentences(offer, "fr") == [
        "Vous pouvez utiliser ce jeu de données jusqu’au 30 juin 2027, pour la sobriété de l’éclairage ou "
        "la trame noire.",
        "Vous ne pouvez pas le redistribuer.",
        "Vous devez citer la source.",
        "Vous devez supprimer votre copie dans les 24 mois suivant l’accord.",
    ]
    assert policies.sentences(offer, "en") == [
        "You may use this dataset until 30 June 2027, for saving on street lighting or dark corridors.",
        "You may not redistribute it.",
        "You must credit the source.",
        "You must delete your copy within 24 months of the agreement.",
    ]


SAID: list[tuple[dict[str, Any], str, str]] = [
    ({"permission": [USE]}, "Vous pouvez utiliser ce jeu de données.", "You may use this dataset."),
    (
        {"permission": [{**USE, "duty": [{"action": "attribute"}]}]},
        "Vous pouvez utiliser ce jeu de données. En contrepartie, vous devez citer la source.",
        "You may use this dataset. In return, you must credit the source.",
    ),
    (
        {"permission": [{**USE, "assignee": "did:web:x"}]},
        "L’organisation did:web:x peut utiliser ce jeu de données.",
        "The organisation did:web:x may use this dataset.",
    ),
    (
        {"permission": [{"action": ["use", "odrl:archive"], "assignee": ["did:web:x", "did:web:y"]}]},
        "Les organisations did:web:x et did:web:y peuvent utiliser ce jeu de données et l’archiver.",
        "The organisations did:web:x and did:web:y may use this dataset and archive it.",
    ),
    (
        {"permission": [{**USE, "assignee": {"@id": "urn:club", "@type": "PartyCollection"}}]},
        "Les membres du groupe urn:club peuvent utiliser ce jeu de données.",
        "The members of the group urn:club may use this dataset.",
    ),
    (
        {"permission": [{**USE, "target": "urn:d"}]},
        "Vous pouvez utiliser le jeu de données urn:d.",
        "You may use the dataset urn:d.",
    ),
    (
        {"prohibition": [{"action": "distribute", "odrl:remedy": [{"action": "delete"}]}]},
        "Vous ne pouvez pas redistribuer ce jeu de données. En cas de manquement, vous devez supprimer votre copie.",
        "You may not redistribute this dataset. If this is not respected, you must delete your copy.",
    ),
    (
        {"prohibition": [{"action": ["distribute", "odrl:sell"]}]},
        "Vous ne pouvez ni redistribuer ce jeu de données ni le vendre.",
        "You may not redistribute this dataset or sell it.",
    ),
    (
        {"prohibition": [{"action": "odrl:archive", "constraint": [FOR]}]},
        f"Il vous est interdit d’archiver ce jeu de données pour la finalité «{NB}recherche{NB}».",
        "You are forbidden to archive this dataset for the purpose “recherche”.",
    ),
    (
        {"prohibition": [{"action": "odrl:sell", "assignee": "did:web:x", "constraint": [UNTIL]}]},
        "Il est interdit à l’organisation did:web:x de vendre ce jeu de données jusqu’au 30 juin 2027.",
        "The organisation did:web:x is forbidden to sell this dataset until 30 June 2027.",
    ),
    (
        {"obligation": [{"action": "delete", "x:odd": 1}]},
        f"Vous devez supprimer votre copie. Élément non compris{NB}: «{NB}x:odd{NB}».",
        "You must delete your copy. Not understood: “x:odd”.",
    ),
    (
        {"obligation": [{"action": "delete", "assignee": "did:web:x", "constraint": [UNTIL]}]},
        "L’organisation did:web:x doit supprimer sa copie au plus tard le 30 juin 2027.",
        "The organisation did:web:x must delete its copy no later than 30 June 2027.",
    ),
    (
        {"obligation": [{"action": "delete", "consequence": [{"action": "inform"}]}]},
        "Vous devez supprimer votre copie. À défaut, vous devez informer le fournisseur de l’usage fait de ce jeu de "
        "données.",
        "You must delete your copy. Failing that, you must inform the provider of the use made of this dataset.",
    ),
    (
        {"permission": [{"action": "use", "duty": [{"action": "inform", "constraint": [SOON]}]}]},
        "Vous pouvez utiliser ce jeu de données. En contrepartie, vous devez informer le fournisseur de l’usage fait "
        "des données dans les 7 jours suivant le fait déclencheur.",
        "You may use this dataset. In return, you must inform the provider of the use made of the data within 7 days "
        "of what triggers it.",
    ),
    (
        {"permission": [{"action": {"rdf:value": {"@id": "odrl:use"}, "odrl:refinement": [UNTIL]}}]},
        "Vous pouvez utiliser ce jeu de données jusqu’au 30 juin 2027.",
        "You may use this dataset until 30 June 2027.",
    ),
    (
        {
            "obligation": [
                {
                    "action": {
                        "rdf:value": {"@id": "odrl:compensate"},
                        "odrl:refinement": [on("odrl:payAmount", "eq", 1500.5, unit="EUR")],
                    }
                }
            ]
        },
        f"Vous devez verser une rémunération pour un montant de 1{THIN}500,5{NB}€.",
        f"You must pay a compensation for an amount of 1,500.5{NB}€.",
    ),
    (
        {"permission": [{"action": "ex:fly"}]},
        f"Vous pouvez accomplir l’acte «{NB}ex:fly{NB}».",
        "You may do what is named “ex:fly”.",
    ),
]


@pytest.mark.parametrize(("rules", "fr", "en"), SAID)
def test_a_rule_is_told_in_both_languages(rules: dict[str, Any], fr: str, en: str) -> None:
    assert policies.sentences(policy(**rules), "fr") == [fr]
    assert policies.sentences(policy(**rules), "en") == [en]


CONDITIONS: list[tuple[dict[str, Any], str, str]] = [
    (FROM, "à partir du 1er janvier 2027.", "from 1 January 2027."),
    (on("odrl:dateTime", "lteq", "2028-12-31T23:59:59Z"), "jusqu’au 31 décembre 2028.", "until 31 December 2028."),
    (
        on("odrl:spatial", "isPartOf", "http://publications.europa.eu/resource/authority/country/FRA"),
        "si le territoire fait partie de la France.",
        "if the territory is part of France.",
    ),
    (
        on("odrl:dateTime", "lteq", "2028-12-31T23:59:59+01:00"),
        "jusqu’au 31 décembre 2028 (UTC+1).",
        "until 31 December 2028 (UTC+1).",
    ),
    (
        on("odrl:dateTime", "lteq", "2028-12-31T23:59:59"),
        "jusqu’au 31 décembre 2028 (fuseau horaire non précisé).",
        "until 31 December 2028 (time zone not given).",
    ),
    (
        on("odrl:dateTime", "gteq", "2027-01-01T00:00:00+00:00"),
        "à partir du 1er janvier 2027.",
        "from 1 January 2027.",
    ),
    (
        on("odrl:dateTime", "lt", "2028-12-31T14:30:00+02:00"),
        f"avant le 31 décembre 2028 à 14{NB}h{NB}30 (UTC+2).",
        "before 31 December 2028 at 14:30 (UTC+2).",
    ),
    (
        on("odrl:dateTime", "isNoneOf", ["2027-05-01", "2027-07-14"]),
        "à tout autre moment que le 1er mai 2027 ou le 14 juillet 2027.",
        "at any other time than 1 May 2027 or 14 July 2027.",
    ),
    (
        on("odrl:dateTime", "lteq", "soon"),
        f"si la date ne dépasse pas «{NB}soon{NB}».",
        "if the date is at most “soon”.",
    ),
    (
        on("odrl:count", "lteq", 20000),
        f"dans la limite de 20{THIN}000 utilisations.",
        "up to 20,000 uses.",
    ),
    (on("odrl:count", "lteq", "1"), "dans la limite de 1 utilisation.", "up to 1 use."),
    (
        on("odrl:elapsedTime", "lteq", "P1Y6M"),
        "pendant 1 an et 6 mois à compter de l’accord.",
        "for 1 year and 6 months from the agreement.",
    ),
    (on("odrl:percentage", "lteq", 10), f"à hauteur de 10{NB}% au plus.", "up to 10%."),
    (
        on("odrl:recipient", "isNoneOf", ["did:web:a", "did:web:b"]),
        "si le destinataire n’est ni did:web:a ni did:web:b.",
        "if the recipient is neither did:web:a nor did:web:b.",
    ),
    (
        on("odrl:recipient", "isNoneOf", "did:web:a"),
        "si le destinataire n’est pas did:web:a.",
        "if the recipient is not did:web:a.",
    ),
    (
        on(TERRI + "participantCategory", "isAnyOf", [TERRI + "Collectivite", TERRI + "RecherchePublique"]),
        "si le destinataire est une collectivité ou un organisme de recherche publique.",
        "if the recipient is a local authority or a public research body.",
    ),
    (
        on(TERRI + "accordDPO", "eq", "true"),
        "avec l’accord du délégué à la protection des données.",
        "with the agreement of the data protection officer.",
    ),
    (
        on("odrl:spatial", "isPartOf", {"@id": "urn:region"}),
        "si le territoire fait partie de urn:region.",
        "if the territory is part of urn:region.",
    ),
    (
        on("odrl:event", "lt", {"@id": "odrl:policyUsage"}),
        "avant l’utilisation.",
        "before the use.",
    ),
    (
        on("partner", "eq", "gold"),
        f"si l’information «{NB}partner{NB}» est «{NB}gold{NB}».",
        "if the information “partner” is “gold”.",
    ),
    (
        on("odrl:resolution", "lteq", 300, unit="ex:dpi", **{"ex:clause": 1}),
        f"si la résolution ne dépasse pas 300{NB}ex:dpi (élément non compris{NB}: «{NB}ex:clause{NB}»).",
        f"if the resolution is at most 300{NB}ex:dpi (not understood: “ex:clause”).",
    ),
    (
        {"leftOperand": "odrl:recipient", "operator": "eq", "rightOperandReference": "urn:list"},
        "si le destinataire est la valeur donnée à l’adresse urn:list.",
        "if the recipient is the value given at urn:list.",
    ),
    (
        {"or": [UNTIL, LIGHT]},
        "soit jusqu’au 30 juin 2027, soit pour la sobriété de l’éclairage ou la trame noire.",
        "either until 30 June 2027 or for saving on street lighting or dark corridors.",
    ),
    (
        {"xone": [UNTIL, FOR]},
        f"lorsqu’exactement une de ces conditions est remplie{NB}: jusqu’au 30 juin 2027{THIN}; pour la finalité "
        f"«{NB}recherche{NB}».",
        "when exactly one of these conditions is met: until 30 June 2027; for the purpose “recherche”.",
    ),
    (
        {"andSequence": {"@list": [FROM, UNTIL]}},
        f"lorsque toutes ces conditions sont remplies, dans cet ordre{NB}: à partir du 1er janvier "
        f"2027{THIN}; jusqu’au "
        "30 juin 2027.",
        "when all these conditions are met, in this order: from 1 January 2027; until 30 June 2027.",
    ),
    (
        {"and": [FROM, UNTIL]},
        "à partir du 1er janvier 2027, jusqu’au 30 juin 2027.",
        "from 1 January 2027, until 30 June 2027.",
    ),
    ({"xone": [UNTIL]}, "jusqu’au 30 juin 2027.", "until 30 June 2027."),
]


@pytest.mark.parametrize(("condition", "fr", "en"), CONDITIONS)
def test_a_condition_is_told_in_both_languages(condition: dict[str, Any], fr: str, en: str) -> None:
    assert said_if(condition) == fr
    assert said_if(condition, language="en") == en


def test_time_comes_first_and_what_begins_with_if_last() -> None:
    party, country = on("odrl:recipient", "eq", "did:web:a"), on("odrl:spatial", "eq", "urn:fr")
    assert said_if(party, country, on("odrl:count", "lteq", 5), LIGHT, UNTIL) == (
        "jusqu’au 30 juin 2027, pour la sobriété de l’éclairage ou la trame noire, dans la limite de 5 utilisations, "
        "si le destinataire est did:web:a, et si le territoire est urn:fr."
    )


def test_deep_conditions_are_a_list() -> None:
    deep = {"or": [{"and": [FROM, UNTIL]}, {"xone": [FOR, {"or": [LIGHT, FOR]}]}]}
    assert said_if(on("odrl:count", "lteq", 5), deep) == "\n".join(
        [
            f"lorsque toutes ces conditions sont remplies{NB}:",
            f"    – dans la limite de 5 utilisations{THIN};",
            f"    – au moins une de ces conditions est remplie{NB}:",
            f"        – à partir du 1er janvier 2027 et jusqu’au 30 juin 2027{THIN};",
            f"        – exactement une de ces conditions est remplie{NB}:",
            f"            – pour la finalité «{NB}recherche{NB}»{THIN};",
            "            – soit pour la sobriété de l’éclairage ou la trame noire, soit pour la finalité "
            f"«{NB}recherche{NB}».",
        ]
    )


WHOLE: list[tuple[dict[str, Any], str, str]] = [
    ({"x:weird": 3}, f"Élément non compris{NB}: «{NB}x:weird{NB}».", "Not understood: “x:weird”."),
    (
        {"conflict": "prohibit"},
        "Si une permission et une interdiction se contredisent, l’interdiction l’emporte.",
        "Where a permission and a prohibition contradict each other, the prohibition prevails.",
    ),
    (
        {"assignee": "did:web:x"},
        "Sauf autre mention, ces règles s’adressent à l’organisation did:web:x.",
        "Unless said otherwise, these rules are for the organisation did:web:x.",
    ),
    (
        {"assignee": ["did:web:x", "did:web:y"]},
        "Sauf autre mention, ces règles s’adressent aux organisations did:web:x et did:web:y.",
        "Unless said otherwise, these rules are for the organisations did:web:x and did:web:y.",
    ),
    (
        {"inheritFrom": "urn:parent"},
        f"Ce texte fait appel à des règles qui ne sont pas lues ici{NB}: urn:parent.",
        "This text refers to rules that are not read here: urn:parent.",
    ),
    (
        {"profile": "urn:profile"},
        f"Ce texte fait appel à un vocabulaire inconnu ici{NB}: urn:profile.",
        "This text refers to a vocabulary unknown here: urn:profile.",
    ),
    (
        {"dct:isReplacedBy": "urn:next"},
        f"Ces règles d’usage ont été remplacées par d’autres{THIN}; elles ne valent plus.",
        "These terms of use have been replaced by others; they are void.",
    ),
]


@pytest.mark.parametrize(("members", "fr", "en"), WHOLE)
def test_what_stands_beside_the_rules_is_told_after_them(members: dict[str, Any], fr: str, en: str) -> None:
    assert policies.sentences(policy(permission=[USE], **members), "fr")[1:] == [fr]
    assert policies.sentences(policy(permission=[USE], **members), "en")[1:] == [en]


def test_a_policy_without_rules_permits_nothing_and_says_so() -> None:
    assert policies.sentences(policies.load({"@id": "urn:o", "@type": "Set"}), "fr") == [
        f"Aucune règle{NB}: rien n’est permis."
    ]


def test_actions_that_the_policy_shares_are_those_of_its_rules() -> None:
    said = policies.sentences(policy(action="odrl:read", permission=[{"constraint": [UNTIL]}]), "fr")
    assert said == ["Vous pouvez consulter ce jeu de données jusqu’au 30 juin 2027."]


@pytest.mark.parametrize("action", sorted(vocabulary.ACTIONS | phrases.ACTIONS.keys()))
def test_every_action_reads_well_in_every_sentence(action: str) -> None:
    assert action in phrases.ACTIONS
    offer = policy(
        permission=[USE],
        prohibition=[{"action": action}, {"action": action, "constraint": [UNTIL]}],
        obligation=[{"action": action}],
    )
    fr, en = (" ".join(policies.sentences(offer, language)) for language in ("fr", "en"))
    for said in (fr, en):
        assert not re.search(r"[{}\[\]|]|odrl|terri:|cc:|  ", said), said
    assert not re.search(r"\b(?:de|le|que|se) [aeiouéè]", fr.replace("le un", "")), fr
    assert "interdit d" in fr


@pytest.mark.parametrize("operand", sorted({ODRL + word for word in vocabulary.OPERAND_WORDS} | OPERANDS.keys()))
@pytest.mark.parametrize("operator", sorted(vocabulary.OPERATOR_WORDS))
def test_every_operand_reads_with_every_operator(operand: str, operator: str) -> None:
    for values in (["xyz"], [5], ["P3M", "2027-01-01"]):
        for language in ("fr", "en"):
            said = said_if(on(operand, operator, values), language=language)  # type: ignore[arg-type]
            assert said.endswith(".")
            assert not re.search(r"[{}\[\]|]|odrl|terri:|  ", said), said
            assert not re.search(r"\b(?:de|le|la|si|que) [aeioué](?!\w*:)", said) or language == "en", said


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_same_terms_differ_in_nothing_however_they_are_written(language: Language) -> None:
    one, other = policy(permission=[USE]), policy(permission={"odrl:action": {"@id": "odrl:use"}}, assigner="did:web:x")
    assert policies.difference(one, other, language) == ([], [])


def test_the_difference_is_the_rules_that_came_and_went() -> None:
    asked = policy(permission=[USE], prohibition=[{"action": "distribute"}])
    offered = policy(permission=[{**USE, "constraint": [UNTIL]}], prohibition=[{"action": "distribute"}])
    added, dropped = policies.difference(asked, offered, "en")
    assert added == ["You may use this dataset until 30 June 2027."]
    assert dropped == ["You may use this dataset."]


def test_a_difference_outside_the_rules_is_never_silent() -> None:
    added, dropped = policies.difference(policy(permission=[USE]), policy(permission=[USE], **{"x:weird": 3}), "en")
    assert (added, dropped) == (["The two texts differ outside their rules."], [])
