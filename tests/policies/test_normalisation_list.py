"""W3C's list of what comes before validation, step by step: what a policy becomes, and what it would be without it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest

import policies
from policies import Policy, Request, normalise, vocabulary
from policies.vocabulary import ODRL

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
Look = Callable[[Policy], Any]


def rules(policy: Policy) -> list[str]:
    """Return each rule as `assigner: assignee action target`, with a dash for what it does not name."""
    return [
        f"{_named(rule.assigners)}: {_named(rule.assignees)} {_named(rule.actions)} {_named(rule.targets)}"
        for rule in policy.rules
    ]


def _named(several) -> str:
    return "+".join(each.iri.removeprefix(ODRL).removeprefix("urn:") for each in several) or "-"


def kinds(policy: Policy) -> tuple[str, ...]:
    return policy.kinds


def permits(**asked: str) -> Look:
    request = Request(at=NOW, **{"target": "urn:data", "party": "urn:b", **asked})
    return lambda policy: policies.compile(policy).decide(request).permitted


@dataclass(frozen=True, kw_only=True)
class Step:
    """A policy that needs the step, what is around it, and what is seen of it afterwards."""

    given: dict
    look: Look
    seen: Any
    parents: tuple[dict, ...] = ()
    metadata: tuple[dict, ...] = ()

    def taken(self) -> Any:
        parents = {each["@id"]: policies.load(each) for each in self.parents}
        return self.look(normalise(policies.load(self.given), parents, self.metadata))

    def left_out(self) -> Any:
        return self.look(policies.load(self.given))


USE = {"@id": "urn:p", "@type": "Set", "permission": [{"action": "use"}]}
ON_ALL = {"@id": "urn:p", "@type": "Set", "permission": [{"action": "use", "target": "urn:all", "assignee": "urn:us"}]}
MEMBER_DATA = {"@id": "urn:data", "partOf": "urn:some"}
MEMBER_PARTY = {"@id": "urn:b", "partOf": "urn:us"}
SOME = {"@id": "urn:some", "partOf": "urn:all"}

REWRITTEN = [
    ("N1", Step(given=USE, metadata=({"@id": "urn:t", "hasPolicy": "urn:p"},), look=rules, seen=["-: - use t"])),
    ("N1", Step(given=USE, metadata=({"@id": "urn:a", "assignerOf": "urn:p"},), look=rules, seen=["a: - use -"])),
    ("N1", Step(given=USE, metadata=({"@id": "urn:b", "assigneeOf": "urn:p"},), look=rules, seen=["-: b use -"])),
    (
        "N1",
        Step(
            given=USE,
            metadata=({"@id": "urn:other", "hasPolicy": "urn:p"},),
            look=permits(target="urn:data"),
            seen=False,
        ),
    ),
    ("N2", Step(given={"@id": "urn:p", "permission": [{"action": "use"}]}, look=kinds, seen=("Set",))),
    (
        "N3",
        Step(
            given={"@id": "urn:child", "@type": "Set", "inheritFrom": "urn:p"},
            parents=(USE,),
            look=rules,
            seen=["-: - use -"],
        ),
    ),
    (
        "N3",
        Step(given={**USE, "@id": "urn:child", "inheritFrom": "urn:p"}, parents=(USE,), look=permits(), seen=True),
    ),
    (
        "N4",
        Step(
            given={**USE, "target": "urn:t", "assigner": "urn:a", "assignee": "urn:b"},
            look=rules,
            seen=["a: b use t"],
        ),
    ),
    ("N4", Step(given={**USE, "permission": [{}], "action": "read"}, look=rules, seen=["-: - read -"])),
    (
        "N5",
        Step(
            given={**USE, "permission": [{"action": ["read", "print"], "target": ["urn:t", "urn:u"]}]},
            look=rules,
            seen=["-: - read t", "-: - read u", "-: - print t", "-: - print u"],
        ),
    ),
    (
        "N8",
        Step(given=ON_ALL, metadata=(SOME, MEMBER_DATA), look=permits(target="urn:data", party="urn:us"), seen=True),
    ),
    ("N9", Step(given=ON_ALL, metadata=(MEMBER_PARTY,), look=permits(target="urn:all", party="urn:b"), seen=True)),
]


@pytest.mark.parametrize(("number", "step"), REWRITTEN, ids=[number for number, _ in REWRITTEN])
def test_a_step_rewrites_what_would_be_another_policy_without_it(number, step):
    assert step.taken() == step.seen
    assert step.left_out() != step.seen


# --- steps that rewrite nothing and count when a request comes


def _included(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    step = Step(given=USE, look=permits(action="print"), seen=True)
    with_it = step.taken()
    monkeypatch.setattr(vocabulary, "_INCLUDED_IN", {})
    return [with_it, step.taken()]


def _implied(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    given = {**USE, "prohibition": [{"action": "delete"}], "conflict": "prohibit"}
    step = Step(given=given, look=permits(action="move"), seen=False)
    monkeypatch.setitem(vocabulary.IMPLIES, ODRL + "move", frozenset({ODRL + "delete"}))
    with_it = step.taken()
    monkeypatch.delitem(vocabulary.IMPLIES, ODRL + "move")
    return [with_it, step.taken()]


def _replaced(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    replaced = {**USE, "dct:isReplacedBy": {"@id": "urn:successor"}}
    return [Step(given=each, look=permits(), seen=False).taken() for each in (replaced, USE)]


ASKED = {"N6": (_included, [True, False]), "N7": (_implied, [False, True]), "N10": (_replaced, [False, True])}


@pytest.mark.parametrize("number", ASKED)
def test_a_step_answers_what_would_be_answered_otherwise_without_it(number, monkeypatch):
    look, answers = ASKED[number]
    assert look(monkeypatch) == answers


def test_what_is_implied_is_told_as_a_collision_and_reported_as_it_is_decided(monkeypatch):
    monkeypatch.setitem(vocabulary.IMPLIES, ODRL + "move", frozenset({ODRL + "delete"}))
    given = {"@id": "urn:p", "permission": [{"action": "move"}], "prohibition": [{"action": "delete"}]}
    policy = policies.load(given)
    assert "collision" in {issue.code for issue in policies.validate(policy, "odrl")}
    decision = policies.compile(policy).decide(Request(at=NOW, action="move"))
    assert decision.effect is decision.report().effect is policies.Effect.DENY
    # not the other way round: deleting takes no moving
    given = {"@id": "urn:p", "permission": [{"action": "delete"}], "prohibition": [{"action": "move"}]}
    policy = policies.load(given)
    assert "collision" not in {issue.code for issue in policies.validate(policy, "odrl")}
    assert policies.compile(policy).decide(Request(at=NOW, action="delete")).permitted


def test_every_step_is_shown_and_named_where_it_is_taken():
    numbers = [f"N{n}" for n in range(1, 11)]
    assert {number for number, _ in REWRITTEN} | set(ASKED) == set(numbers)
    essay = str(import_module("policies.normalise").__doc__)
    assert [number for number in numbers if f"{number}:" in essay or f"{number}," in essay] == numbers
