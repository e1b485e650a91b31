"""Counting uses: the adapter in memory, and decisions that take the place they decide about."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from threading import Barrier

import pytest

import policies
from policies import Effect, MemoryUsage, Request
from policies.vocabulary import ODRL
from tests.policies import usage_contract

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def at_most(uses: int, **members) -> dict:
    constraint = {
        "leftOperand": "odrl:count",
        "operator": "lteq",
        "rightOperand": {"@value": str(uses), "@type": "xsd:integer"},
    }
    return {"action": "use", "constraint": [constraint], **members}


def compiled(*permissions: dict, **members) -> policies.CompiledPolicy:
    given = {"@id": "urn:p", "@type": "Agreement", "permission": list(permissions), **members}
    return policies.compile(policies.load(given))


def request(party: str = "did:web:b", **members) -> Request:
    return Request(at=NOW, party=party, target="urn:d", **members)


def use(policy: policies.CompiledPolicy, usage: MemoryUsage, **asked) -> bool:
    decision, held = policy.use(request(**asked), usage)
    if held:
        usage.commit(held)
    return decision.permitted


@pytest.mark.parametrize("rule", usage_contract.RULES, ids=lambda rule: rule.__name__)
def test_memory_keeps_the_contract(rule):
    rule(MemoryUsage())


def test_memory_keeps_the_contract_under_threads():
    usage_contract.concurrently(MemoryUsage())


def test_the_rank_of_a_use_is_counted_and_the_one_too_many_refused():
    policy, usage = compiled(at_most(3)), MemoryUsage()
    assert [use(policy, usage) for _ in range(5)] == [True, True, True, False, False]


def test_each_party_counts_its_own_uses():
    policy, usage = compiled(at_most(1)), MemoryUsage()
    assert [use(policy, usage, party=party) for party in ("did:web:b", "did:web:c", "did:web:b")] == [True, True, False]


def test_a_use_that_failed_may_be_tried_again():
    policy, usage = compiled(at_most(1)), MemoryUsage()
    decision, held = policy.use(request(), usage)
    assert decision.permitted
    usage.release(held)
    assert use(policy, usage)
    assert not use(policy, usage)


def test_looking_counts_nothing():
    policy, usage = compiled(at_most(1)), MemoryUsage()
    assert [policy.decide(request(), usage).effect for _ in range(3)] == [Effect.PERMIT] * 3
    assert policy.decide(request()).effect is Effect.DENY  # no count is known, at delivery


def test_a_refusal_for_another_reason_takes_no_place():
    condition = {"leftOperand": "odrl:recipient", "operator": "eq", "rightOperand": "did:web:b"}
    rule = at_most(1)
    policy, usage = compiled({**rule, "constraint": [*rule["constraint"], condition]}), MemoryUsage()
    assert policy.use(request("did:web:c"), usage)[1] is None
    assert use(policy, usage)


def test_what_another_rule_permits_counts_for_every_rule_on_the_action():
    few, freely = at_most(2, **{"@id": "urn:few"}), {"action": "use", "@id": "urn:freely"}
    usage = MemoryUsage()
    assert use(compiled(few, freely), usage)
    assert use(compiled(few, freely), usage)
    assert not use(compiled(few), usage)


def test_a_prohibition_may_count_too():
    beyond = {"leftOperand": "odrl:count", "operator": "gt", "rightOperand": "2"}
    policy, usage = compiled({"action": "use"}, prohibition=[{"action": "use", "constraint": [beyond]}]), MemoryUsage()
    assert [use(policy, usage) for _ in range(4)] == [True, True, False, False]


def test_a_rank_that_the_caller_states_is_compared():
    policy = compiled(at_most(3))
    assert policy.decide(request(facts={ODRL + "count": 3})).permitted
    assert not policy.decide(request(facts={ODRL + "count": 4})).permitted


def test_a_request_with_ranks_keeps_everything_else():
    given = request(facts={"a": 1}, knowledge={"b": []}, fulfilled={"c"}, violated={"d"}, events={}, action="read")
    given = replace(given, action_facts={"e": 1}, party_facts={"f": 1}, target_facts={"g": 1}, accepted_terms={"h"})
    assert given.ranked({"k": 2}) == replace(given, counts={"k": 2})


def test_a_policy_that_counts_nothing_holds_nothing():
    decision, held = compiled({"action": "use"}).use(request(), MemoryUsage())
    assert decision.permitted
    assert held is None


def test_a_limit_is_exact_whatever_runs_beside():
    policy, usage, callers = compiled(at_most(100)), MemoryUsage(), 16
    start = Barrier(callers)

    def call(_: int) -> int:
        start.wait(timeout=60)
        return sum(use(policy, usage) for _ in range(20))

    with ThreadPoolExecutor(callers) as threads:
        granted = sum(threads.map(call, range(callers)))
    granted += sum(use(policy, usage) for _ in range(100))  # a place that was given back is asked for again
    assert granted == 100
