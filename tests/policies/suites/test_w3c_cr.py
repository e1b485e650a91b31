"""The W3C's evaluation cases E12 to E20: what they preset becomes facts, what they archived is what we expect.

A preset says of a constraint "Satisfied" or "Not-Satisfied"; the fact given is the constraint's own value, or one a
little below or above, whichever is on the right side of its operator (two days, where days have no time zone). E15
names two constraints that its file does not define: each is taken to compare a number of its own. Operands of the
cases' profiles (the running time of a film, the age of a friend) are declared beside ours, their profiles as known.
"""

import json
import operator
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

import policies
from policies import Deontic, Quantity, Request
from policies.operands import numbered
from policies.report import Activation, Control
from policies.vocabulary import ODRL, expand

HERE = Path(__file__).parent / "w3c-cr"
LOGS = sorted((HERE / "logs").glob("*.txt"))
FINAL = re.compile(r"TESTRESULT-FINAL: .*?\[Rule is: (?P<activation>NOT ACTIVE|ACTIVE)\],? status = (?P<status>[\w-]+)")
COMPARED = {"lt": operator.lt, "lteq": operator.le, "eq": operator.eq, "gt": operator.gt}
C1, C2 = "http://example.com/p:88/C1", "http://example.com/p:88/C2"
OF_PROFILES = {iri: numbered(iri, (iri, iri)) for iri in ("runningTime", "foaf:age", C1, C2)}
MEMBER = "urn:member"


CASES = yaml.safe_load((HERE / "cases.yml").read_text("utf-8"))


def expected_of(path: Path) -> tuple[str, str]:
    final = FINAL.search(path.read_text("utf-8"))
    return final["activation"], final["status"]


class Facts:
    """The facts that a case presets, gathered while its policy is read."""

    def __init__(self, presets: dict) -> None:
        self.presets = presets["defaults"] | presets["instances"]
        self.at = datetime(2017, 6, 1, tzinfo=UTC)
        self.of_world: dict = {}
        self.of_refined: dict = {}

    def give(self, constraint: dict, is_refinement: bool) -> None:
        name = constraint.get("@id", "")
        preset = self.presets.get(name) or self.presets["refinement" if is_refinement else "constraint"]
        if constraint["leftOperand"] == "dateTime":
            self.at = near(day(constraint["rightOperand"]), timedelta(days=2), constraint, preset)
            return
        number = near(Decimal(constraint["rightOperand"]), 1, constraint, preset)
        fact = Quantity(number, expand(constraint["unit"])) if "unit" in constraint else number
        iri = constraint["leftOperand"]
        place = self.of_refined if is_refinement else self.of_world
        place[iri if iri in OF_PROFILES else ODRL + iri] = fact


def near(value, step, constraint: dict, preset: str):
    """Return the value, or the next one below or above, that is on the side of the operator that the preset says."""
    satisfies = COMPARED[constraint["operator"]]
    sides = [value - step, value, value + step]
    return next(each for each in sides if satisfies(each, value) is (preset == "Satisfied"))


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(hour=12, tzinfo=UTC)


def complete(part, facts: Facts, *, refinement: bool = False):
    """Return the policy with E15's references written out; give the facts that its constraints need."""
    if isinstance(part, list):
        return [complete(each, facts, refinement=refinement) for each in part]
    if not isinstance(part, dict):
        return part
    if part.get("@id") in (C1, C2):
        part = {**part, "leftOperand": part["@id"], "operator": "lteq", "rightOperand": "50"}
    if "leftOperand" in part:
        facts.give(part, refinement)
        return part
    return {name: complete(each, facts, refinement=refinement or name == "refinement") for name, each in part.items()}


def one(value):
    return value[0] if isinstance(value, list) else value


def asked(rule: dict) -> dict:
    """Return the request that a rule is about: its action, its target and its assignee, or members of them."""
    action, target, party = (one(rule.get(name)) for name in ("action", "target", "assignee"))
    knowledge = {MEMBER: [each["source"] for each in (target, party) if isinstance(each, dict)]}
    return {
        "action": action["rdf:value"]["@id"] if isinstance(action, dict) else action,
        "target": MEMBER if isinstance(target, dict) else target,
        "party": MEMBER if isinstance(party, dict) else party or "urn:somebody",
        "knowledge": knowledge,
    }


def run(name: str) -> tuple[str, str]:
    """Return what we find in a case, in the words of the archived results."""
    case = CASES[name]
    facts = Facts(case["evalpresets"])
    exercised = facts.presets.get("action") != "Not-Exercised"
    given = complete(json.loads((HERE / "policies" / f"{case['filename']}.json").read_text("utf-8")), facts)
    kind, _, number = case["evalRuleproperty"].partition(".")
    rule = given[kind][int(number) - 1]
    compiled = policies.compile(policies.load(given), operands=OF_PROFILES, profiles=frozenset({given["profile"]}))
    said = {f"{each}_facts": facts.of_refined for each in ("action", "party", "target")}
    request = Request(at=facts.at, facts=facts.of_world, **said, **asked(rule))
    if kind == "obligation":
        return obligation(compiled, request, exercised)
    if kind == "prohibition" and not exercised:
        request = Request(**{**asked(rule), "at": facts.at, "action": "odrl:display"})  # another act than the forbidden
    report = compiled.decide(request).report()
    ours = next(each for each in report.rules if each.pointer == f"/{kind}/{int(number) - 1}")
    if kind == "prohibition":
        return "ACTIVE", "Infringed" if ours.deontic is Deontic.VIOLATED else "Not-Infringed"
    allowed = "Allowed" if ours.control is Control.PERMIT else "Not-Allowed"
    return "ACTIVE" if ours.activation is Activation.ACTIVE else "NOT ACTIVE", allowed


def obligation(compiled: policies.CompiledPolicy, act: Request, exercised: bool) -> tuple[str, str]:
    (duty,) = compiled.obligations
    done = exercised and duty.performed_by(act) is True
    request = Request(at=act.at, party=act.party, fulfilled={duty.term} if done else ())
    (ours,) = compiled.decide(request).report().obligations
    state = "Fulfilled" if ours.deontic is Deontic.FULFILLED else "Not-Fulfilled"
    return "ACTIVE" if ours.exists is Activation.ACTIVE else "NOT ACTIVE", state


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem.removeprefix("CASE_case_").removesuffix("_log"))
def test_the_outcome_is_the_archived_one(path):
    name = path.stem.removeprefix("CASE_").removesuffix("_log")
    assert run(name) == expected_of(path)


def test_the_suite_is_whole():
    assert len(LOGS) == 19
    assert {path.stem.removeprefix("CASE_").removesuffix("_log") for path in LOGS} == CASES.keys() - {"CASE_TEMPLATE"}
