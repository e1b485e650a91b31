"""Nothing is left out of the words, and nothing that is withheld is in them: on policies drawn at random."""

import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policies
from policies import Effect, Request
from policies.errors import Language
from policies.redaction import Level
from policies.vocabulary import ODRL, TERRI

EXAMPLES = settings(max_examples=2_000 if os.environ.get("CI") == "true" else 200, deadline=None)
LANGUAGES: tuple[Language, ...] = get_args(Language)
LEVELS: tuple[Level, ...] = get_args(Level)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

# a value as it stands in a policy, and what the French and the English text have to say of it
VALUES: list[tuple[Any, str, str]] = [
    ("2031-03-07", "7 mars 2031", "7 March 2031"),
    ("2032-04-01T08:30:00Z", "1er avril 2032 à 8\u00a0h\u00a030 (UTC)", "1 April 2032 at 08:30 (UTC)"),
    ({"@type": "xsd:dateTime", "@value": "2033-12-31T23:59:59Z"}, "31 décembre 2033", "31 December 2033"),
    ({"@type": "xsd:duration", "@value": "P19M"}, "19 mois", "19 months"),
    ("P3Y7M", "3 ans et 7 mois", "3 years and 7 months"),
    ("-P23D", "-P23D", "-P23D"),
    ("prochainement", "prochainement", "prochainement"),
    (34567, "34\u202f567", "34,567"),
    (17.25, "17,25", "17.25"),
    (True, "oui", "yes"),
    ("did:web:zygote", "did:web:zygote", "did:web:zygote"),
    ({"@id": "urn:wxyz:lieu"}, "urn:wxyz:lieu", "urn:wxyz:lieu"),
    ({"@value": "Fülle", "@language": "de"}, "Fülle", "Fülle"),
    ({"q": [41, {"z": "kw"}]}, '{"q":[41,{"z":"kw"}]}', '{"q":[41,{"z":"kw"}]}'),
    ({"@id": TERRI + "TrameNoire"}, "la trame noire", "dark corridors"),
    ("club-des-treize", "club-des-treize", "club-des-treize"),
]
SECRETS = ("2031", "2032", "2033", "P19M", "19", "P3Y", "23", "prochainement", "34567", "567", "17", "zygote", "wxyz")
SECRETS += ("Fülle", "kw", "trame", "corridor", "treize", "partenaire", "clause", "7 mars", "guilde", "acte-prive")
OPERANDS = ["dateTime", "elapsedTime", "count", "purpose", "recipient", "spatial", "event", "percentage", "payAmount"]
OPERANDS = ["odrl:" + name for name in OPERANDS] + [TERRI + "participantCategory", TERRI + "minCellCount"]
OPERATORS = ["eq", "neq", "lt", "lteq", "gt", "gteq", "isA", "hasPart", "isPartOf", "isAllOf", "isAnyOf", "isNoneOf"]
ACTIONS = {
    "use": "utiliser",
    "odrl:distribute": "redistribuer",
    "odrl:print": "imprimer",
    "ex:acte-prive": "acte-prive",
}
DUTIES = {"odrl:attribute": "citer la source", "odrl:delete": "supprimer", "odrl:uninstall": "désinstaller"}


class Draw:
    """A policy drawn from a seed: two thousand are made in a moment, and a seed that fails can be tried again."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def policy(self) -> dict[str, Any]:
        return {
            "@id": "urn:p",
            "@type": "Set",
            "permission": self.some(2, lambda: self.rule(ACTIONS, "duty")),
            "prohibition": self.some(1, lambda: self.rule(ACTIONS, "remedy")),
            "obligation": self.some(1, lambda: self.rule(DUTIES, "consequence")),
            **self.maybe("ex:clause", lambda: 1),
            **self.maybe("conflict", lambda: self.chance.choice(["perm", "prohibit", "invalid", "ex:coin"])),
        }

    def rule(self, actions: dict[str, str], then: str = "") -> dict[str, Any]:
        acts = [self.action(actions) for _ in range(1 + (self.chance.random() < 0.2))]
        after = "consequence" if then == "duty" else ""
        return {
            "action": acts if len(acts) > 1 else acts[0],
            "constraint": self.some(2, lambda: self.condition(2)),
            **self.maybe("assignee", lambda: self.chance.choice(PARTIES)),
            **self.maybe("ex:clause", lambda: "x"),
            **(self.maybe(then, lambda: [self.rule(DUTIES, after)]) if then else {}),
        }

    def action(self, actions: dict[str, str]) -> Any:
        name = self.chance.choice(sorted(actions))
        if self.chance.random() < 0.8:
            return name
        return {"rdf:value": name, "odrl:refinement": [self.condition(1)]}

    def condition(self, depth: int) -> dict[str, Any]:
        if depth and self.chance.random() < 0.3:
            logic = self.chance.choice(["and", "or", "xone", "andSequence"])
            return {logic: [self.condition(depth - 1) for _ in range(self.chance.randint(1, 3))]}
        value = self.value() if self.chance.random() < 0.7 else [self.value() for _ in range(self.chance.randint(1, 3))]
        return {
            "leftOperand": self.chance.choice([*OPERANDS, "partenaire"]),
            "operator": self.chance.choice([*OPERATORS, "ex:near"]),
            "rightOperand": value,
            **self.maybe("unit", lambda: self.chance.choice(["EUR", "ex:ampoule"])),
            **self.maybe("ex:clause", lambda: [1]),
        }

    def value(self) -> Any:
        return self.chance.choice(VALUES)[0]

    def some(self, most: int, make: Callable[[], Any]) -> list[Any]:
        return [make() for _ in range(self.chance.randint(0, most))]

    def maybe(self, name: str, make: Callable[[], Any]) -> dict[str, Any]:
        return {name: make()} if self.chance.random() < 0.15 else {}


PARTIES = ["did:web:zygote", {"@type": "PartyCollection", "@id": "urn:guilde"}]
POLICIES = st.integers(0, 2**64).map(lambda seed: Draw(seed).policy())

ATOM = {"leftOperand": "odrl:dateTime", "operator": "lteq", "rightOperand": "2031-03-07"}
OTHER = {"leftOperand": "odrl:recipient", "operator": "eq", "rightOperand": "did:web:zygote"}


def found(value: Any, name: str) -> Iterator[Any]:
    """Yield every value of a member, wherever it stands; what stands in a right operand is not looked into."""
    if isinstance(value, list):
        for each in value:
            yield from found(each, name)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == name:
                yield from inner if isinstance(inner, list) else [inner]
            if key != "rightOperand":
                yield from found(inner, name)


@EXAMPLES
@given(POLICIES)
def test_every_rule_and_every_value_of_its_conditions_is_in_the_text(given_policy: dict[str, Any]) -> None:
    read = policies.load(given_policy)
    texts = {language: policies.sentences(read, language) for language in LANGUAGES}
    told = {json.dumps(value, sort_keys=True): words for value, *words in VALUES}
    acts = Counter(each if isinstance(each, str) else each["rdf:value"] for each in found(given_policy, "action"))
    for at, lines in enumerate(texts.values()):
        text = "\n".join(lines)
        assert len(lines) >= len(read.rules)
        assert all(told[json.dumps(value, sort_keys=True)][at] in text for value in found(given_policy, "rightOperand"))
        assert all(unit.replace("EUR", "€") in text for unit in found(given_policy, "unit"))
        assert all((each if isinstance(each, str) else each["@id"]) in text for each in found(given_policy, "assignee"))
        assert all(name not in found(given_policy, "leftOperand") or name in text for name in ("partenaire",))
        assert all(name not in found(given_policy, "operator") or name in text for name in ("ex:near",))
        assert text.count("ex:clause") == sum(1 for _ in found(given_policy, "ex:clause"))
    fr = "\n".join(texts["fr"])
    assert all(fr.count((ACTIONS | DUTIES)[action]) >= times for action, times in acts.items())


@EXAMPLES
@given(POLICIES, st.sampled_from([None, "did:web:other", "did:web:zygote"]), st.sampled_from(["use", "ex:acte-prive"]))
def test_a_refusal_is_explained_and_below_clauses_nothing_of_the_policy_is_told(
    given_policy: dict[str, Any], party: str | None, action: str
) -> None:
    decision = policies.compile(policies.load(given_policy)).decide(Request(at=NOW, action=action, party=party))
    refused = decision.effect is not Effect.PERMIT
    for language in LANGUAGES:
        full = policies.explain(decision, language)
        assert full.lines()[0] == full.headline
        assert full.lacking
        assert bool(full.steps) is refused
        for level in LEVELS:
            said = policies.explain(decision, language, audience="counterparty", level=level)
            assert bool(said.steps) is refused
            told = f"{said.text}{policies.redact(decision, level)}"
            assert level == "clause" or not [secret for secret in SECRETS if secret in told]


@EXAMPLES
@given(POLICIES, POLICIES)
def test_a_difference_is_told_exactly_when_there_is_one(one: dict[str, Any], other: dict[str, Any]) -> None:
    before, after = policies.load(one), policies.load(other)
    compared = policies.compare(before, after)
    assert bool(compared.changes) is not policies.same_terms(before, after)
    assert policies.compare(before, before).changes == ()
    for line in (*compared.lines("fr"), *compared.lines("en")):
        assert line.strip(" .–")
    for rule in before.rules:
        badges = tuple(badge["fr"] for badge in policies.verified.BADGES.values())
        assert policies.what_is_verified(rule, before).say("fr").startswith(badges)


@pytest.mark.parametrize(
    "rules",
    [
        {"permission": [{"action": "use", "ex:n": n} for n in range(2_000)]},
        {
            "permission": [
                {"action": "use", "constraint": [ATOM] * 2_000},
                {"action": "use", "constraint": [OTHER] * 900},
            ]
        },
        {"permission": [{"action": "use", "constraint": [{"or": [ATOM, {"and": [OTHER, ATOM]}]}] * 600}]},
        {"prohibition": [{"action": "use", "constraint": [ATOM]}, {"action": "ex:a", "constraint": [OTHER]}] * 800},
    ],
)
def test_very_long_policies_are_told_explained_and_compared(rules: dict[str, Any]) -> None:
    policy = policies.load({"@id": "urn:p", "@type": "Set", **rules})
    other = policies.load({"@id": "urn:p", "@type": "Set", **{kind: each[::-2] for kind, each in rules.items()}})
    assert len(policies.sentences(policy, "fr")) >= len(policy.rules)
    decision = policies.compile(policy).decide(Request(at=NOW, party="did:web:other"))
    assert policies.explain(decision, "fr").lines()
    assert policies.redact(decision, "category")
    assert bool(policies.compare(policy, other).lines("fr")) is not policies.same_terms(policy, other)


MOMENTS = ["2026-01-01", "2026-06-01T12:00:00Z", "2027-01-01T00:00:00Z", "2030-12-31"]
NAMES = ["did:web:a", "did:web:b", "did:web:c"]


def simple(chance: random.Random) -> dict[str, Any]:
    """A condition of the kinds whose direction can be known."""
    kind = chance.choice(["dateTime", "recipient", "purpose", "count"])
    if kind == "dateTime":
        return {
            "leftOperand": "odrl:dateTime",
            "operator": chance.choice(["lt", "lteq", "gt", "gteq", "eq"]),
            "rightOperand": chance.choice(MOMENTS),
        }
    if kind == "count":
        operator = chance.choice(["lt", "lteq", "gt", "eq"])
        return {"leftOperand": "odrl:count", "operator": operator, "rightOperand": chance.randint(1, 4)}
    names = chance.sample(NAMES, chance.randint(1, 3))
    operator = chance.choice(["isAnyOf", "isNoneOf", "eq", "neq", "isA"])
    value = names if operator in ("isAnyOf", "isNoneOf") else names[0]
    return {"leftOperand": f"odrl:{kind}", "operator": operator, "rightOperand": value}


def simple_rule(chance: random.Random) -> dict[str, Any]:
    rule: dict[str, Any] = {"action": "use", "constraint": [simple(chance) for _ in range(chance.randint(0, 2))]}
    return rule | ({"assignee": chance.sample(NAMES, chance.randint(1, 2))} if chance.random() < 0.2 else {})


def two_versions(seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A policy, and the same with one thing changed, added or removed."""
    chance = random.Random(seed)
    before = {"@id": "urn:p", "@type": "Set", "permission": [simple_rule(chance)], "prohibition": []}
    before["prohibition"] = [simple_rule(chance) for _ in range(chance.randint(0, 1))]
    after = json.loads(json.dumps(before))
    rules = after[chance.choice(["permission", "permission", "prohibition"])]
    if not rules or chance.random() < 0.2:
        rules.append(simple_rule(chance))
    elif chance.random() < 0.2:
        rules.pop()
    else:
        constraints = rules[0]["constraint"]
        if constraints and chance.random() < 0.7:
            constraints.pop()
        if chance.random() < 0.7:
            constraints.append(simple(chance))
    return before, after


@EXAMPLES
@given(st.integers(0, 2**64))
def test_what_is_called_looser_permits_all_that_was_permitted_and_tighter_nothing_more(seed: int) -> None:
    before, after = map(policies.load, two_versions(seed))
    direction = policies.compare(before, after).direction
    one, other = policies.compile(before), policies.compile(after)
    chance = random.Random(seed)
    for _ in range(8):
        request = Request(
            at=datetime(chance.choice([2025, 2026, 2027, 2031]), chance.choice([1, 6]), 1, 12, tzinfo=UTC),
            party=chance.choice(NAMES),
            facts={ODRL + "purpose": chance.choice(NAMES), ODRL + "count": chance.randint(1, 5)},
        )
        was, will = one.decide(request).permitted, other.decide(request).permitted
        assert not was or will or direction not in (policies.Direction.LOOSER, policies.Direction.SAME)
        assert not will or was or direction not in (policies.Direction.TIGHTER, policies.Direction.SAME)
