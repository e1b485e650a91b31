"""OVAL's logs of events: a log is valid when each act was in order, or mended, and each obligation was met.

One translation for all cases. An act is a request at its own moment (without a zone, UTC). A column `Action X` or
`Party X` says something of the act or of who does it, any other says something of the world; numbers are in the unit of
the policy, for a log names none. A duty was fulfilled if an act of the log performs it, and violated if none did so
before the act that needed it; a consequence or a remedy counts when it comes after that act. The words of the cases'
profile (age, level, date of publication) are declared beside ours. An act by whom a collection is named after is one
of its members.
"""

import csv
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rdflib import RDF

import policies
from policies import Quantity, Request
from policies.duties import CompiledDuty
from policies.operands import dated, numbered
from policies.vocabulary import ODRL as ODRL_IRI
from tests.policies.suites.turtle import ODRL, graph_of, policy_of

HERE = Path(__file__).parent / "oval"
CASES = sorted(HERE.glob("*/*.ttl"))
PROFILE = "http://example.com/odrl:profile:10"
AGE, LEVEL, PUBLISHED = "http://www.example.com/age", ODRL_IRI + "adminLevel", "http://example.com/publicationDate"
OF_THE_PROFILE = {
    **{iri: numbered(iri, (iri, iri)) for iri in (AGE, LEVEL)},
    PUBLISHED: dated(PUBLISHED, ("date de publication", "date of publication")),
}
WHEN, WHO, WHAT, ON = (ODRL_IRI + name for name in ("dateTime", "Party", "Action", "Asset"))


@dataclass(frozen=True)
class Log:
    compiled: policies.CompiledPolicy
    acts: list[Request]

    def is_valid(self) -> bool:
        obligations = self.compiled.obligations
        met = all(any(duty.performed_by(act) for act in self.acts) for duty in obligations)
        return met and all(self.was_in_order(act) for act in self.acts)

    def was_in_order(self, act: Request) -> bool:
        rules = [*self.compiled.permissions, *self.compiled.prohibitions]
        fulfilled, violated = set(), set()
        for duty in (duty for rule in rules for duty in rule.duties):
            fulfilled |= {duty.term for other in self.acts if duty.performed_by(other)}
            violated |= set() if self.is_before(duty, act) else {duty.term}
            fulfilled |= {each.term for each in duty.consequences if self.is_after(each, act)}
        fulfilled |= {each.term for rule in rules for each in rule.remedies if self.is_after(each, act)}
        asked = replace(act, fulfilled=fulfilled, violated=violated, counts=self.ranks(act))
        return self.compiled.decide(asked).report().is_compliant is True

    def is_before(self, duty: CompiledDuty, act: Request) -> bool:
        return any(duty.performed_by(other) for other in self.acts if other.at < act.at)

    def is_after(self, duty: CompiledDuty, act: Request) -> bool:
        return any(duty.performed_by(other) for other in self.acts if other.at > act.at)

    def ranks(self, act: Request) -> dict[str, int]:
        """Return the rank of the act among those that each rule counts."""
        rules = [rule for rule in (*self.compiled.permissions, *self.compiled.prohibitions) if rule.counter]
        return {
            rule.counter: sum(
                1
                for other in self.acts
                if other.at <= act.at and rule.speaks_of(other.action) and rule.concerns(other) is not False
            )
            for rule in rules
        }


def log_of(path: Path) -> Log:
    graph = graph_of(path)
    node = next(graph.subjects(RDF.type, ODRL.Offer))
    policy = policies.load({**policy_of(graph, node), "@id": str(node)})
    compiled = policies.compile(policy, operands=OF_THE_PROFILE, profiles=frozenset({PROFILE}))
    units = {str(graph.value(each, ODRL.leftOperand)): str(unit) for each, unit in graph.subject_objects(ODRL.unit)}
    with path.with_suffix(".csv").open(encoding="utf-8", newline="") as lines:
        return Log(compiled, [act_of(row, units) for row in csv.DictReader(lines)])


def act_of(row: dict[str, str], units: dict[str, str]) -> Request:
    said: dict[str, dict] = {"": {}, WHAT: {}, WHO: {}}
    for column, text in row.items():
        of, _, iri = column.rpartition(" ")
        if text and iri not in (WHEN, WHO, WHAT, ON):
            said[of][iri] = Quantity(text, units[iri]) if iri in units else text
    return Request(
        at=datetime.fromisoformat(row[WHEN]).replace(tzinfo=UTC),
        party=row[WHO],
        action=row[WHAT],
        target=row[ON],
        facts=said[""],
        action_facts=said[WHAT],
        party_facts=said[WHO],
    )


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_log_is_valid_as_its_folder_says(path):
    assert log_of(path).is_valid() is (path.parent.name == "valid")


def test_the_suite_is_whole():
    assert len(CASES) == 30
