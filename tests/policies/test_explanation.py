"""A refusal explained: the nearest miss, what was needed and found, what can be done, and what stays hidden."""

from datetime import UTC, datetime
from typing import Any

import pytest

import policies
from policies import Effect, Request
from policies.nearest import nearest_miss
from policies.vocabulary import ODRL, TERRI

NB, THIN = "\u00a0", "\u202f"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FROM_2027 = {"leftOperand": "odrl:dateTime", "operator": "gteq", "rightOperand": "2027-01-01T00:00:00Z"}
UNTIL_2025 = {"leftOperand": "odrl:dateTime", "operator": "lteq", "rightOperand": "2025-12-31"}
FOR_C = {"leftOperand": "odrl:recipient", "operator": "eq", "rightOperand": "did:web:c"}
DARK = {"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": TERRI + "TrameNoire"}
SALES = {"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": "prospection"}
ODD = {"leftOperand": "partner", "operator": "eq", "rightOperand": "gold"}


def rule(*constraints: Any, **members: Any) -> dict[str, Any]:
    return {"action": "use", "constraint": list(constraints), **members}


def decide(*permissions: Any, forbid: Any = (), facts: Any = None, action: str = "use", **members: Any) -> Any:
    given = {"@id": "urn:o", "@type": "Set", "permission": list(permissions), "prohibition": list(forbid), **members}
    request = Request(at=NOW, party="did:web:b", target="urn:d", action=action, facts=facts or {})
    return policies.compile(policies.load(given)).decide(request)


def lacked(decision: policies.Decision) -> list[str | None]:
    miss = nearest_miss(decision.reasons)
    assert miss
    return [reason.operand for reason in miss.lacking]


def test_the_owner_is_told_in_full() -> None:
    said = policies.explain(decide(rule(FROM_2027, DARK), rule(FOR_C)), "fr", provider="did:web:p")
    assert said.lines() == [
        "La demande est refusée.",
        f"Règle la plus proche{NB}: Vous pouvez utiliser ce jeu de données à partir du 1er janvier 2027, pour la trame "
        "noire.",
        f"– Condition non remplie{NB}: à partir du 1er janvier 2027{THIN}; constaté{NB}: 1er juin 2026 à "
        f"12{NB}h (UTC).",
        f"– Condition non établie{NB}: pour la trame noire.",
        f"Conseil à l’organisation qui demande{NB}:",
        "→ Attendez le 1er janvier 2027.",
        f"→ Déclarez la finalité{NB}: pour la trame noire. Reprendre les conditions proposées sans les "
        f"changer y suffit.",
        f"Règle par règle{NB}:",
        f"– Utiliser ce jeu de données{NB}: non permis.",
        f"– Condition non remplie{NB}: le destinataire est did:web:c{THIN}; constaté{NB}: did:web:b.",
    ]


def test_the_owner_is_told_in_english_too() -> None:
    said = policies.explain(decide(rule(FOR_C)), "en", provider="did:web:p")
    assert said.text.splitlines() == [
        "The request is refused.",
        "The nearest rule: You may use this dataset if the recipient is did:web:c.",
        "– Condition not met: the recipient is did:web:c; found: did:web:b.",
        "Advice to the organisation that asks:",
        "→ Ask the organisation did:web:p to admit your organisation.",
    ]


def told(decision: policies.Decision, level: Any) -> list[str]:
    return policies.explain(decision, "fr", audience="counterparty", level=level, provider="did:web:p").lines()


def test_a_counterparty_learns_what_the_owner_chose() -> None:
    decision = decide(rule(FROM_2027, FOR_C))
    assert told(decision, "nothing") == [
        "La demande est refusée.",
        "→ Adressez-vous à l’organisation did:web:p.",
    ]
    assert told(decision, "category") == [
        "La demande est refusée.",
        f"– Ce qui fait obstacle{NB}: la période ou la durée d’utilisation.",
        f"– Ce qui fait obstacle{NB}: l’organisation qui demande.",
        "→ Vérifiez les dates de votre demande, ou demandez à l’organisation did:web:p quand l’accès est ouvert.",
        "→ Demandez à l’organisation did:web:p si votre organisation peut être admise.",
    ]
    assert told(decision, "clause") == [
        "La demande est refusée.",
        f"– Condition non remplie{NB}: à partir du 1er janvier 2027{THIN}; constaté{NB}: 1er juin 2026 à "
        f"12{NB}h (UTC).",
        f"– Condition non remplie{NB}: le destinataire est did:web:c{THIN}; constaté{NB}: did:web:b.",
        "→ Attendez le 1er janvier 2027.",
        "→ Demandez à l’organisation did:web:p que votre organisation soit admise.",
    ]


@pytest.mark.parametrize("level", ["nothing", "category", "clause"])
def test_what_is_granted_needs_nothing(level: Any) -> None:
    assert told(decide(rule()), level)[0] == "La demande est acceptée."
    assert not policies.explain(decide(rule()), "fr", audience="counterparty", level=level).steps


@pytest.mark.parametrize(
    ("permissions", "operands"),
    [
        ([rule(FOR_C), rule(DARK)], [ODRL + "purpose"]),
        ([rule(DARK, FOR_C), rule(FROM_2027)], [ODRL + "dateTime"]),
        ([rule({"or": [FOR_C, DARK]})], [ODRL + "purpose"]),
        ([rule({"or": [FOR_C, {"and": [DARK, FROM_2027]}]})], [ODRL + "purpose", ODRL + "dateTime"]),
        ([rule({"xone": [FOR_C, FROM_2027]})], [ODRL + "dateTime"]),
        ([rule({"and": [UNTIL_2025, FOR_C]})], [ODRL + "dateTime", ODRL + "recipient"]),
        ([rule(ODD)], ["partner"]),
        ([rule(assignee="did:web:c"), rule(UNTIL_2025, FOR_C)], ["assignee"]),
    ],
)
def test_the_nearest_miss_is_the_rule_that_lacked_least(permissions: list[Any], operands: list[str]) -> None:
    assert lacked(decide(*permissions)) == operands


def test_two_that_hold_where_one_is_wanted_lack_the_whole() -> None:
    both = {"xone": [{**FROM_2027, "operator": "lt"}, {**FOR_C, "rightOperand": "did:web:b"}]}
    assert lacked(decide(rule(both))) == [None]


def test_what_was_granted_has_no_nearest_miss() -> None:
    assert nearest_miss(decide(rule(), rule(FOR_C)).reasons) is None


STEPS: list[tuple[Any, str]] = [
    (decide(rule(UNTIL_2025)), f"La date est passée{NB}: demandez à {{who}} de nouvelles conditions."),
    (
        decide(rule({**FROM_2027, "operator": "gt", "rightOperand": "2027-01-31"})),
        "Attendez que le 31 janvier 2027 soit passé.",
    ),
    (decide(rule(assignee="did:web:c")), "Demandez à {who} que votre organisation soit admise."),
    (
        decide(rule(duty=[{"action": "odrl:obtainConsent"}])),
        f"Acquittez-vous d’abord de ceci{NB}: obtenir un consentement{THIN}; puis faites-en parvenir la "
        f"preuve à {{who}}.",
    ),
    (decide(rule(ODD)), "Demandez à {who} de préciser cette condition, ou de la formuler autrement."),
    (
        decide(rule(), forbid=[rule()], conflict="prohibit"),
        "Demandez à {who} si cette interdiction peut être levée.",
    ),
    (
        decide(rule(), forbid=[rule(SALES)], conflict="prohibit"),
        f"Engagez-vous à rester hors de ce cas{NB}: pour la finalité «{NB}prospection{NB}».",
    ),
    (decide(action="odrl:sell"), "Demandez à {who} d’autres règles d’usage pour ce que vous voulez faire."),
    (decide(rule(), **{"dct:isReplacedBy": "urn:n"}), "Demandez à {who} d’autres règles d’usage"),
    (decide(rule(target="urn:e")), "Vérifiez le jeu de données demandé."),
]


@pytest.mark.parametrize(("decision", "step"), STEPS)
def test_each_refusal_says_what_to_do(decision: policies.Decision, step: str) -> None:
    who = "l’organisation qui propose ce jeu de données"
    assert decision.effect is not Effect.PERMIT
    for audience in ("owner", "counterparty"):
        steps = policies.explain(decision, "fr", audience=audience).steps  # type: ignore[arg-type]
        assert any(step.format(who=who) in each for each in steps), steps


def test_names_of_others_are_told_at_the_level_of_clauses_only() -> None:
    decision = decide(rule(FOR_C), forbid=[rule(ODD)], conflict="prohibit")
    for level in ("nothing", "category"):
        reasons = policies.redact(decision, level)  # type: ignore[arg-type]
        assert "did:web:c" not in f"{reasons}"
        assert "gold" not in f"{reasons}"
        assert not any(reason.source or reason.condition or reason.pointer for reason in reasons)
    assert "did:web:c" in f"{policies.redact(decision, 'clause')}"
