"""The texts that people read about rules of use: `python -m tests.tools.policy_texts` writes them anew.

In `tests/policies/golden/`, in French and English:

- `offers.*.txt`: the offers of the scenarios and of each template, rule by rule, with what a node verifies;
- `refusals.*.txt`: refusals of different causes, as the owner and the counterparty read them, at each level;
- `differences.*.txt`: offers and counter-offers side by side.

A test asserts that writing them again changes nothing. Who changes a phrase reads the whole of what changes here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import policies
from policies import Request
from policies.errors import Language, Text
from policies.redaction import Level
from policies.scenarios import SCENARIOS
from policies.vocabulary import ODRL, TERRI

GOLDEN = Path(__file__).resolve().parents[1] / "policies/golden"
LANGUAGES: tuple[Language, ...] = get_args(Language)
LEVELS: dict[Level, Text] = {
    "nothing": {"fr": "rien", "en": "nothing"},
    "category": {"fr": "catégorie", "en": "category"},
    "clause": {"fr": "clause", "en": "clause"},
}
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
PROVIDER = "did:web:syndicat-energie.pays-de-demo.example"
COMMUNE = "did:web:commune.pays-de-demo.example"
OTHER = "did:web:bureau-etudes.example"
DATASET = "urn:pays-de-demo:points-lumineux"
TEMPLATES: dict[str, dict[str, Any]] = {
    "open-data": {},
    "public-service": {
        "purposes": ["SobrieteEclairage", "TrameNoire"],
        "categories": ["Collectivite"],
        "until": "2028-12-31",
    },
    "public-research": {"until": "2028-12-31"},
    "processor": {"processor": OTHER, "mandator": COMMUNE, "until": "2027-06-30"},
    "trial": {},
    "personal-data": {"purposes": ["CiblagePrecariteEnergetique"], "recipients": [COMMUNE]},
    "real-time": {"purposes": ["ModelisationQualiteAir"], "until": "2027-12-31"},
    "emergency": {"recipients": [COMMUNE], "until": "2026-12-31"},
}


@dataclass(frozen=True)
class Refusal:
    """A request that is refused, and why in a title."""

    title: Text
    policy: dict[str, Any]
    asked: dict[str, Any] = field(default_factory=dict)

    def decision(self) -> policies.Decision:
        """Decide; the party accepts nothing unless the case says so."""
        given = {"@id": "urn:x", "@type": "Offer", **self.policy}
        asked: dict[str, Any] = {"at": AT, "party": COMMUNE, "target": DATASET, "phase": "request"} | self.asked
        return policies.compile(policies.load(given)).decide(Request(**asked))


def _on(operand: str, operator: str, value: Any, **members: Any) -> dict[str, Any]:
    name = operand if ":" in operand else f"odrl:{operand}"
    return {"leftOperand": name, "operator": operator, "rightOperand": value, **members}


def _permission(*constraints: Any, **members: Any) -> dict[str, Any]:
    return {"permission": [{"action": "use", "constraint": list(constraints), **members}]}


def _forbidden(action: str, *constraints: Any, **members: Any) -> dict[str, Any]:
    return {**_permission(), "prohibition": [{"action": action, "constraint": list(constraints)}], **members}


_OPEN = "2027-01-01T00:00:00Z"
_UNTIL = _on("dateTime", "lteq", "2028-12-31T23:59:59Z")
_ENDED = _on("dateTime", "lteq", "2025-12-31T23:59:59Z")
_FROM = _on("dateTime", "gteq", _OPEN)
_LIGHT = _on("purpose", "isAnyOf", [TERRI + "SobrieteEclairage", TERRI + "TrameNoire"])
_LIST = _on("recipient", "isAnyOf", [PROVIDER, OTHER])
_CATEGORY = _on(TERRI + "participantCategory", "isAnyOf", [TERRI + "Collectivite", TERRI + "RecherchePublique"])

REFUSALS = (
    Refusal(
        {"fr": "La finalité n’a pas été déclarée", "en": "The purpose was not declared"},
        _permission(_LIGHT, _UNTIL),
    ),
    Refusal(
        {"fr": "Une autre finalité a été déclarée", "en": "Another purpose was declared"},
        _permission(_LIGHT),
        {"facts": {ODRL + "purpose": TERRI + "RechercheRenovation"}},
    ),
    Refusal({"fr": "La date de fin est passée", "en": "The end date has passed"}, _permission(_ENDED)),
    Refusal({"fr": "L’accès n’est pas encore ouvert", "en": "Access is not open yet"}, _permission(_FROM)),
    Refusal(
        {"fr": "L’heure est incertaine, faute de fuseau", "en": "The hour is uncertain, without a time zone"},
        _permission(_on("dateTime", "lt", "2026-06-01T15:00:00")),
    ),
    Refusal({"fr": "Le destinataire n’est pas sur la liste", "en": "The recipient is not listed"}, _permission(_LIST)),
    Refusal(
        {"fr": "La règle nomme une autre organisation", "en": "The rule names another organisation"},
        _permission(assignee=OTHER),
    ),
    Refusal(
        {"fr": "L’organisation n’est pas d’une catégorie admise", "en": "The organisation is of no accepted category"},
        _permission(_CATEGORY),
        {"facts": {TERRI + "participantCategory": TERRI + "Entreprise"}},
    ),
    Refusal(
        {"fr": "La catégorie de l’organisation n’est pas établie", "en": "The category is not established"},
        _permission(_CATEGORY, _UNTIL),
    ),
    Refusal(
        {"fr": "L’accord du délégué manque", "en": "The data protection officer has not agreed"},
        _permission(_on(TERRI + "accordDPO", "eq", "true")),
    ),
    Refusal(
        {"fr": "La règle porte sur un autre jeu de données", "en": "The rule is about another dataset"},
        _permission(target="urn:pays-de-demo:armoires"),
    ),
    Refusal(
        {"fr": "L’acte demandé n’est permis par aucune règle", "en": "No rule permits what is asked"},
        _permission(),
        {"action": "sell"},
    ),
    Refusal(
        {"fr": "Une interdiction l’emporte", "en": "A prohibition prevails"},
        _forbidden("use", _UNTIL, conflict="prohibit"),
    ),
    Refusal(
        {"fr": "Une permission et une interdiction se contredisent", "en": "A permission and a prohibition collide"},
        _forbidden("use"),
    ),
    Refusal(
        {"fr": "Une interdiction pourrait s’appliquer", "en": "A prohibition might apply"},
        _forbidden("use", _on("purpose", "eq", "prospection commerciale"), conflict="prohibit"),
    ),
    Refusal(
        {"fr": "Une rémunération est due d’abord", "en": "A payment comes first"},
        _permission(
            duty=[
                {
                    "action": {
                        "rdf:value": {"@id": "odrl:compensate"},
                        "odrl:refinement": [_on("payAmount", "eq", 1500, unit="urn:iso:std:iso:4217:EUR")],
                    }
                }
            ]
        ),
    ),
    Refusal(
        {"fr": "Un consentement est nécessaire d’abord", "en": "Consent comes first"},
        _permission(duty=[{"action": "odrl:obtainConsent"}]),
    ),
    Refusal(
        {"fr": "La condition n’est pas connue du nœud", "en": "The node does not know the condition"},
        _permission(_on("ex:labelObtenu", "eq", "Territoire engagé")),
    ),
    Refusal(
        {"fr": "Un élément de la règle n’est pas compris", "en": "A member of the rule is not understood"},
        _permission(**{"ex:clauseParticuliere": "à convenir"}),
    ),
    Refusal(
        {"fr": "Les règles ont été remplacées", "en": "The terms have been replaced"},
        {**_permission(), "dct:isReplacedBy": "urn:pays-de-demo:regles-2026"},
    ),
    Refusal(
        {"fr": "Aucune des deux voies n’est ouverte", "en": "Neither of two ways is open"},
        _permission({"or": [_LIST, {"and": [_FROM, _LIGHT]}]}),
    ),
    Refusal(
        {"fr": "Deux conditions sont réunies alors qu’une seule est admise", "en": "Two hold where only one may"},
        _permission({"xone": [_UNTIL, _on("recipient", "eq", COMMUNE)]}),
    ),
    Refusal(
        {"fr": "De plusieurs permissions, la plus proche", "en": "Of several permissions, the nearest"},
        {"permission": [*_permission(_LIST, _ENDED)["permission"], *_permission(_LIGHT, _UNTIL)["permission"]]},
    ),
)

DIFFERENCES: tuple[tuple[Text, dict[str, Any], dict[str, Any]], ...] = (
    (
        {"fr": "Un délai doublé, une finalité de plus", "en": "Twice the time, one more purpose"},
        {
            **_permission(_on("purpose", "isAnyOf", [TERRI + "TrameNoire"]), _UNTIL),
            "obligation": [{"action": "odrl:delete", "constraint": [_on("elapsedTime", "lteq", "P12M")]}],
        },
        {
            **_permission(_LIGHT, _UNTIL),
            "obligation": [{"action": "odrl:delete", "constraint": [_on("elapsedTime", "lteq", "P24M")]}],
        },
    ),
    (
        {"fr": "La citation retirée, la revente permise", "en": "No credit, resale permitted"},
        {**_permission(_UNTIL), "prohibition": [{"action": "odrl:sell"}], "obligation": [{"action": "odrl:attribute"}]},
        {"permission": [*_permission(_UNTIL)["permission"], {"action": "odrl:sell"}]},
    ),
    (
        {"fr": "Une date avancée, un compte rendu ajouté", "en": "An earlier date, a report added"},
        _permission(_UNTIL),
        {
            **_permission(_on("dateTime", "lteq", "2027-12-31T23:59:59Z")),
            "obligation": [{"action": TERRI + "publishReuseReport"}],
        },
    ),
)


def pages() -> Iterator[tuple[str, str]]:
    """Yield each file's name with its text."""
    for language in LANGUAGES:
        for name, blocks in (("offers", _offers), ("refusals", _refusals), ("differences", _differences)):
            yield f"{name}.{language}.txt", "\n\n".join(blocks(language)) + "\n"


def offer_lines(policy: policies.Policy, language: Language) -> list[str]:
    """Return a policy rule by rule, each with what a node verifies of it."""
    said = policies.sentences(policy, language)
    verified = [policies.what_is_verified(rule, policy).say(language) for rule in policy.rules]
    return [f"{text} [{badge}]" for text, badge in zip(said, verified, strict=False)] + said[len(verified) :]


def _offers(language: Language) -> Iterator[str]:
    for scenario in SCENARIOS:
        lines = offer_lines(policies.load(dict(scenario.offer)), language)
        yield "\n".join([f"{scenario.name}. {scenario.title[language]}", *lines])
    for template in policies.templates():
        policy = template.instantiate("urn:pays-de-demo:offre", **TEMPLATES[template.name])
        yield "\n".join([f"{template.labels[language]}", *offer_lines(policy, language)])


def _refusals(language: Language) -> Iterator[str]:
    owner = {"fr": "Au propriétaire des règles", "en": "To the owner of the terms"}[language]
    party = {"fr": "À l’organisation qui demande", "en": "To the organisation that asks"}[language]
    for number, case in enumerate(REFUSALS, 1):
        decision = case.decision()
        lines = [f"{number}. {case.title[language]}", f"[{owner}]"]
        lines += policies.explain(decision, language, provider=PROVIDER).lines()
        for level, name in LEVELS.items():
            said = policies.explain(decision, language, audience="counterparty", level=level, provider=PROVIDER)
            lines += [f"[{party}, {name[language]}]", *said.lines()]
        yield "\n".join(lines)


def _differences(language: Language) -> Iterator[str]:
    for title, before, after in DIFFERENCES:
        one, other = (policies.load({"@id": "urn:x", "@type": "Offer", **each}) for each in (before, after))
        yield "\n".join([title[language], *policies.compare(one, other).lines(language)])


def main() -> None:
    """Write every file."""
    GOLDEN.mkdir(exist_ok=True)
    for name, text in pages():
        (GOLDEN / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
