"""Decisions of the policy library, on one core; beside it, in the same run, two other ODRL engines.

Each decision is made for a request of its own with facts of its own; nothing is remembered from one to the next, and
every condition that could be consulted is.
"""

import gc
import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import policies
from policies import Request
from policies.vocabulary import ODRL
from tests.benchmarks import other_engines
from tests.benchmarks.figures import Figure, at_least, at_most, median, spread
from tests.benchmarks.stand import Bench

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
STEP = timedelta(seconds=1)
ONE_CORE = "one core"
OFFERS = 10_000
TARGET, PURPOSE = other_engines.TARGET, other_engines.PURPOSE
PARTY = "did:web:ville.example"


def _instant(operator: str, text: str) -> dict[str, Any]:
    return {"leftOperand": "odrl:dateTime", "operator": operator, "rightOperand": _typed("xsd:dateTime", text)}


def _typed(datatype: str, text: str) -> dict[str, str]:
    return {"@type": datatype, "@value": text}


def _name(operand: str, operator: str, *names: str) -> dict[str, Any]:
    return {"leftOperand": f"odrl:{operand}", "operator": operator, "rightOperand": [{"@id": name} for name in names]}


def small() -> dict[str, Any]:
    """Return an offer of one rule with three conditions."""
    window = [_instant("gteq", "2026-01-01T00:00:00Z"), _instant("lteq", "2028-12-31T23:59:59Z")]
    rule = {"action": "use", "constraint": [*window, _name("purpose", "isAnyOf", PURPOSE, "urn:bench:other")]}
    return {"@id": "urn:bench:small", "@type": "Offer", "permission": [rule]}


def counted() -> dict[str, Any]:
    """Return the small offer with a limit to the number of uses, far away."""
    offer = small()
    most = {"leftOperand": "odrl:count", "operator": "lteq", "rightOperand": _typed("xsd:integer", "1000000000")}
    offer["permission"][0]["constraint"].append(most)
    return offer


def medium() -> dict[str, Any]:
    """Return an offer of five rules with thirteen conditions, some of them nested; all are consulted for a use."""
    window = [_instant("gteq", "2026-01-01T00:00:00Z"), _instant("lteq", "2028-12-31T23:59:59Z")]
    later = [_instant("gt", "2020-06-01T00:00:00Z"), _instant("lt", "2099-01-01T00:00:00Z")]
    never = {"or": [_instant("lt", "2020-01-01T00:00:00Z"), _name("recipient", "isAnyOf", "did:web:other.example")]}
    either = {"or": [_name("recipient", "isNoneOf", PARTY), {"and": later}]}
    return {
        "@id": "urn:bench:medium",
        "@type": "Offer",
        "odrl:conflict": ["odrl:prohibit"],
        "permission": [
            {"action": "use", "constraint": [*window, _name("purpose", "eq", "urn:bench:other")]},
            {"action": "use", "constraint": [*window, _name("purpose", "eq", PURPOSE), either]},
        ],
        "prohibition": [
            {"action": "use", "constraint": [never]},
            {
                "action": "use",
                "constraint": [_name("recipient", "eq", PARTY), _name("industry", "eq", "urn:bench:ads")],
            },
            {"action": "odrl:distribute"},
        ],
    }


def requests(number: int) -> Iterator[Request]:
    """Yield requests, each at an instant of its own and with facts of its own."""
    at = NOW
    for _ in range(number):
        at += STEP
        facts = {ODRL + "purpose": PURPOSE, ODRL + "industry": "urn:bench:water"}
        yield Request(at=at, target=TARGET, party=PARTY, facts=facts)


def per_second(bench: Bench, many: int, one: Callable[[Request], Any]) -> list[float]:
    """Return how many a second, of five batches; making the request is part of it."""
    found = []
    for _ in range(1 if bench.is_quick else 5):
        number = bench.times(many)
        began = time.perf_counter()
        for request in requests(number):
            one(request)
        found.append(number / (time.perf_counter() - began))
    return found


async def decide(bench: Bench) -> list[Figure]:
    """Requests with facts of their own, making them included; batches of 100,000, five of each"""
    return list(_on_one_core(lambda: _decide(bench)))


def _decide(bench: Bench) -> Iterator[Figure]:
    for name, offer, goal in (
        ("small: 1 rule, 3 conditions", small(), 250_000),
        ("medium: 5 rules, 13", medium(), 100_000),
    ):
        compiled = policies.compile(policies.load(offer))
        _require_permit(compiled)
        found = per_second(bench, 100_000, compiled.decide)
        yield at_least(f"decisions, {name}", ONE_CORE, median(found), goal, "/s", spread(found, "/s"))
    yield from _counts(bench)
    yield from _reports(bench)
    yield from _load(bench)
    yield from _filter(bench)


def _require_permit(compiled: policies.CompiledPolicy) -> None:
    decision = compiled.decide(next(requests(1)))
    if not decision.permitted:
        raise AssertionError([reason.text["en"] for reason in decision.reasons])


def _counts(bench: Bench) -> Iterator[Figure]:
    compiled, usage = policies.compile(policies.load(counted())), policies.MemoryUsage()

    def use(request: Request) -> None:
        decision, held = compiled.use(request, usage)
        assert held is not None, decision
        usage.commit(held)

    found = per_second(bench, 50_000, use)
    yield at_least(
        "uses counted: decided, reserved, committed", ONE_CORE, median(found), 50_000, "/s", spread(found, "/s")
    )


def _reports(bench: Bench) -> Iterator[Figure]:
    for name, offer, goal in (("small", small(), 20_000), ("medium", medium(), 5_000)):
        compiled = policies.compile(policies.load(offer))
        found = per_second(bench, 10_000, lambda request, compiled=compiled: compiled.decide(request).report())
        yield at_least(f"full reports, {name}", ONE_CORE, median(found), goal, "/s", spread(found, "/s"))


def _load(bench: Bench) -> Iterator[Figure]:
    """From text to compiled; each text has another identifier, and no policy is read twice."""
    for name, offer in (("small", small()), ("medium", medium())):
        text, taken, validated = json.dumps(offer), [], []
        for number in range(bench.times(2_000)):
            given = text.replace("urn:bench:", f"urn:bench:{number}:", 1)
            began = time.perf_counter()
            policy = policies.load(given)
            policies.compile(policy)
            taken.append((time.perf_counter() - began) * 1e6)
            began = time.perf_counter()
            policies.validate(policy)
            validated.append((time.perf_counter() - began) * 1e6)
        more = f"{len(text):,} bytes; least {min(taken):.0f} µs; validation {median(validated):.0f} µs more"
        yield at_most(f"load → compiled, {name}", ONE_CORE, median(taken), 300, " µs", more)


def _filter(bench: Bench) -> Iterator[Figure]:
    offers = [
        policies.compile(policies.load({**small(), "@id": f"urn:bench:{number}"}))
        for number in range(bench.times(OFFERS))
    ]
    taken = []
    for request in requests(5):
        began = time.perf_counter()
        seen = [offer for offer in offers if offer.decide(request).permitted]
        taken.append((time.perf_counter() - began) * 1000)
        assert len(seen) == len(offers)
    yield at_most(f"a catalogue of {len(offers):,} offers filtered", ONE_CORE, median(taken), 150, " ms")


async def beside(bench: Bench) -> list[Figure]:
    """The same policy (one rule, three instants) asked of each engine in turn, three times each"""
    return list(_on_one_core(lambda: _beside(bench)))


def _beside(bench: Bench) -> Iterator[Figure]:
    compiled = policies.compile(policies.load(_three_instants("@id", typed=True)))
    _require_permit(compiled)
    asked = {"target": TARGET, "facts": {"purpose": PURPOSE}}
    engines = {
        "odrl-manager": (other_engines.odrl_manager, _three_instants("uid", typed=False), 5_000),
        "pyodre": (other_engines.pyodre, _three_instants("uid", typed=True), 30),
    }
    for name, (engine, policy, rounds) in engines.items():
        ours, theirs = [], []
        try:
            for _ in range(bench.rounds):
                ours.append(median(per_second(bench, 100_000, compiled.decide)))
                theirs.append(engine({**asked, "policy": policy, "rounds": rounds}))
        except other_engines.Absent as absent:
            yield Figure(f"decisions beside {name}", ONE_CORE, f"not measured: {absent}", "≥ 10 ×")
            continue
        more = f"{median(ours):,.0f}/s and {median(theirs):,.0f}/s"
        yield at_least(f"decisions beside {name}", ONE_CORE, median(ours) / median(theirs), 10, " ×", more)


def _three_instants(uid: str, *, typed: bool) -> dict[str, Any]:
    """Return a policy that all three engines read: each has its own way to write an identifier and a day."""
    days = (("gt", "2020-01-01"), ("gt", "2021-01-01"), ("lt", "2099-01-01"))
    constraints = [
        {"leftOperand": "dateTime", "operator": operator, "rightOperand": _typed("xsd:date", day) if typed else day}
        for operator, day in days
    ]
    rule = {"action": "use", "target": TARGET, "constraint": constraints}
    context = "http://www.w3.org/ns/odrl.jsonld"
    return {"@context": context, "@type": "Offer", uid: "urn:bench:three", "permission": [rule]}


def _on_one_core(measure: Callable[[], Iterator[Figure]]) -> Iterator[Figure]:
    """Take the figures on the first core, with what was imported out of the collector's way, as in a node."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    gc.collect()
    gc.freeze()
    try:
        yield from measure()
    finally:
        os.sched_setaffinity(0, cores)
        gc.unfreeze()
